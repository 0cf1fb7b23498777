//! A host that can be killed.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A host in a process of its own.
pub struct HostProcess {
    child: Child,
    output: BufReader<ChildStdout>,
    /// The room's port.
    pub port: u16,
}

impl HostProcess {
    /// Starts `program`, the test crate's host, with its folders in `home`. With `most_bytes` no file it writes can be
    /// longer, as when its disk is full.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(program: &str, home: &Path, most_bytes: Option<u64>) -> HostProcess {
        match most_bytes {
            None => HostProcess::run(Command::new(program).arg(home)),
            // The limit is counted in half kilobytes.
            Some(bytes) => HostProcess::limited(program, home, &format!("ulimit -f {}", bytes / 512)),
        }
    }

    /// As [`start`](HostProcess::start), with at most so many files and connections open at a time.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_with_files(program: &str, home: &Path, most_files: u32) -> HostProcess {
        HostProcess::limited(program, home, &format!("ulimit -n {most_files}"))
    }

    fn limited(program: &str, home: &Path, limit: &str) -> HostProcess {
        let line = format!("{limit}; exec \"$0\" \"$1\"");
        HostProcess::run(Command::new("sh").args(["-c", &line, program]).arg(home))
    }

    fn run(command: &mut Command) -> HostProcess {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the host starts");
        let output = child.stdout.take().expect("its output is a pipe");
        let mut output = BufReader::new(output);
        let port = next_line(&mut output).parse().expect("a port");
        HostProcess { child, output, port }
    }

    /// The warnings of its event log, after it has been ended.
    ///
    /// # Panics
    /// When it cannot be ended.
    pub fn warnings(&mut self) -> Vec<String> {
        self.kill();
        self.output.by_ref().lines().map_while(Result::ok).collect()
    }

    /// Leaves the host no more than `left` descriptors to open.
    ///
    /// # Panics
    /// When the host is gone.
    pub fn exhaust(&mut self, left: usize) {
        self.command(&format!("exhaust {left}"));
    }

    /// Gives back what [`HostProcess::exhaust`] took.
    ///
    /// # Panics
    /// When the host is gone.
    pub fn release(&mut self) {
        self.command("release");
    }

    fn command(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().expect("its input is a pipe");
        writeln!(input, "{line}").expect("it listens");
        // Warnings may come first.
        while next_line(&mut self.output) != "done" {}
    }

    /// Says something in the room.
    ///
    /// # Panics
    /// When the host is gone.
    pub fn say(&mut self, text: &str) {
        let input = self.child.stdin.as_mut().expect("its input is a pipe");
        writeln!(input, "say {text}").expect("it listens");
    }

    /// As `kill -9` does: nothing of it runs any more when this returns.
    ///
    /// # Panics
    /// When it cannot be killed.
    pub fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it is dead");
    }
}

fn next_line(output: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    output.read_line(&mut line).expect("it answers");
    line.trim().to_owned()
}

impl Drop for HostProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
