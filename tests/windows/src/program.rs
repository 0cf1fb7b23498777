//! The terminal program as a child, spoken to by lines and answering in JSON.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

/// What has not happened by then does not happen. It is generous: Wine and two processors shared with a build.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running program. Dropping it kills it.
pub struct Program {
    name: &'static str,
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<Value>,
    seen: Vec<Value>,
}

impl Program {
    /// Starts `command`, which must print a JSON object a line. `name` stands in front of what is said of it.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(name: &'static str, mut command: Command) -> Program {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let stdin = child.stdin.take().expect("it is piped");
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let value = serde_json::from_str(&line)
                    .unwrap_or_else(|error| panic!("{line:?} is no JSON: {error}"));
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        Program {
            name,
            child,
            stdin,
            lines,
            seen: Vec::new(),
        }
    }

    /// Types a line.
    ///
    /// # Panics
    /// When the program has ended.
    pub fn line(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").unwrap_or_else(|error| panic!("{}: {line:?}: {error}", self.name));
    }

    /// The first event, of those already seen or still to come, that is `wanted`.
    ///
    /// # Panics
    /// When none comes.
    pub fn wait_for(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(event) = self.seen.iter().find(|event| wanted(event)) {
            return event.clone();
        }
        let until = Instant::now() + PATIENCE;
        while let Ok(event) = self
            .lines
            .recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            self.seen.push(event.clone());
            if wanted(&event) {
                return event;
            }
        }
        let last: Vec<_> = self.seen.iter().rev().take(12).collect();
        panic!(
            "{}: {what} did not come; the last events were {last:#?}",
            self.name
        )
    }

    /// Forgets what was seen, so that only what is new counts.
    pub fn forget(&mut self) {
        self.seen.clear();
    }

    /// Leaves the room, and waits until the program has ended well.
    ///
    /// # Panics
    /// When it does not, or ends with a failure.
    pub fn leave(mut self) {
        self.line("/leave");
        let until = Instant::now() + PATIENCE;
        let status = loop {
            match self.child.try_wait().expect("it is ours") {
                Some(status) => break status,
                None => assert!(Instant::now() < until, "{} does not end", self.name),
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        assert!(status.success(), "{} ended with {status}", self.name);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Either may fail only because it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
