//! The real program as a child, spoken to through its standard streams.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// What has not happened by then does not happen. It is generous, since these tests may share two cores with a build.
const PATIENCE: Duration = Duration::from_secs(60);

/// A place of its own for a test: profiles, downloads and whatever it makes.
pub(crate) struct Place {
    folder: TempDir,
}

/// The terminal program, whatever signals the runner of the tests has ignored: as a shell does for what it runs in the
/// background, and as what is run then inherits.
fn program() -> Command {
    let program = env!("CARGO_BIN_EXE_roomwire");
    if cfg!(not(target_os = "linux")) {
        return Command::new(program);
    }
    let mut command = Command::new("env");
    command.args(["--default-signal=HUP,INT,QUIT,TERM", program]);
    command
}

impl Place {
    pub(crate) fn new() -> Place {
        Place {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command
            .args(arguments)
            .env("ROOMWIRE_HOME", self.folder.path().join("home"));
        command
    }

    /// Runs to the end without input, for what is over by itself.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// As [`Place::run`], in an environment with these variables.
    pub(crate) fn run_with(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        command.envs(environment.iter().copied());
        command.stdin(Stdio::null()).output().unwrap()
    }

    /// As [`Place::run`], with this file as its standard output.
    #[cfg(target_os = "linux")]
    pub(crate) fn run_into(&self, stdout: &str, arguments: &[&str]) -> Output {
        let file = std::fs::OpenOptions::new().write(true).open(stdout).unwrap();
        let mut command = self.command(arguments);
        command.stdin(Stdio::null()).stdout(file).output().unwrap()
    }

    /// Runs on, with `--json`.
    pub(crate) fn start(&self, arguments: &[&str]) -> Program {
        self.spawn(self.command(arguments), arguments)
    }

    /// As [`Place::start`], after these commands of a shell.
    #[cfg(unix)]
    pub(crate) fn start_after(&self, script: &str, arguments: &[&str]) -> Program {
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                &format!("{script}; exec \"$0\" \"$@\""),
                env!("CARGO_BIN_EXE_roomwire"),
            ])
            .args(arguments)
            .env("ROOMWIRE_HOME", self.folder.path().join("home"));
        self.spawn(command, arguments)
    }

    /// Runs on without `--json`, as before a person.
    pub(crate) fn start_in_words(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        command.spawn().unwrap()
    }

    fn spawn(&self, mut command: Command, arguments: &[&str]) -> Program {
        let mut child = command
            .arg("--json")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines() {
                let Ok(line) = line else { return };
                let value = serde_json::from_str(&line)
                    .unwrap_or_else(|error| panic!("{line:?} is no JSON: {error}"));
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        Program {
            name: arguments.join(" "),
            child,
            stdin,
            lines,
            seen: Vec::new(),
        }
    }

    /// A host on a free port of this computer, and its address.
    pub(crate) fn host(&self, more: &[&str]) -> (Program, String) {
        let mut host = self.start(
            &[
                &[
                    "host",
                    "--port",
                    "0",
                    "--loopback",
                    "--as",
                    "Ada",
                    "--name",
                    "Lab",
                ],
                more,
            ]
            .concat(),
        );
        let opened = host.wait_for("the room to open", |event| event["event"] == "opened");
        let room = &opened["room"];
        assert_eq!(
            (
                room["name"].as_str(),
                room["people"][0]["profile"]["name"].as_str()
            ),
            (Some("Lab"), Some("Ada"))
        );
        let address = format!("127.0.0.1:{}", opened["port"]);
        (host, address)
    }

    /// A member of the room at `address` that stays, on a profile of its own.
    pub(crate) fn member(&self, address: &str, name: &str, more: &[&str]) -> Program {
        let join = ["join", address, "--as", name, "--profile", name, "--stay"];
        let mut member = self.start(&[&join[..], more].concat());
        member.wait_for("the welcome", |event| event["event"] == "joined");
        member
    }
}

/// A running program. Dropping it kills it.
pub(crate) struct Program {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<Value>,
    seen: Vec<Value>,
}

impl Program {
    /// Types a line.
    pub(crate) fn line(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Ends standard input.
    pub(crate) fn end_input(&mut self) {
        self.stdin = None;
    }

    /// The first event, of those already seen or still to come, that is `wanted`.
    pub(crate) fn wait_for(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(event) = self.seen.iter().find(|event| wanted(event)) {
            return event.clone();
        }
        let until = Instant::now() + PATIENCE;
        loop {
            match self
                .lines
                .recv_timeout(until.saturating_duration_since(Instant::now()))
            {
                Ok(event) => {
                    self.seen.push(event.clone());
                    if wanted(&event) {
                        return event;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    panic!("{}: waited for {what}; saw {:#?}", self.name, self.seen)
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!(
                        "{}: ended while waited for {what}; saw {:#?}",
                        self.name, self.seen
                    )
                }
            }
        }
    }

    /// Words of a person, as an entry of the log that the host has numbered.
    pub(crate) fn hears(&mut self, text: &str) -> Value {
        let heard = self.wait_for(text, |event| {
            let entry = &event["entry"];
            is(event, "chat", "entry") && entry["body"]["text"] == text && entry["seq"].is_u64()
        });
        heard["entry"].clone()
    }

    /// That a person `joined` or `left`, by the log of chat.
    pub(crate) fn notes(&mut self, what: &str, name: &str) -> Value {
        let noted = self.wait_for(&format!("{name} {what}"), |event| {
            is(event, "chat", "entry")
                && event["entry"]["body"]["kind"] == what
                && event["entry"]["name"] == name
        });
        noted["entry"].clone()
    }

    /// Forgets what was seen, so that only what is new counts.
    pub(crate) fn forget(&mut self) {
        self.seen.clear();
    }

    /// Ends it without warning, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Lets it have no file or connection open with a number from `soft` on, and so open no more of them; what is open stays so.
    #[cfg(target_os = "linux")]
    pub(crate) fn limit_descriptors(&self, soft: u32) {
        let (id, limit) = (self.child.id().to_string(), format!("--nofile={soft}:"));
        let set = Command::new("prlimit").args(["--pid", &id, &limit]).status();
        assert!(set.unwrap().success());
    }

    /// Sends a signal by name, such as `INT`.
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", name, &id])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits until it has ended, and returns its exit code.
    pub(crate) fn exit_code(&mut self) -> i32 {
        let until = Instant::now() + PATIENCE;
        let status: ExitStatus = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if Instant::now() > until => panic!("{} does not end; saw {:#?}", self.name, self.seen),
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        };
        status.code().unwrap_or(-1)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a line is such an event of the application.
pub(crate) fn is(line: &Value, capability: &str, kind: &str) -> bool {
    line["event"] == capability && line["kind"] == kind
}

/// Every line of an output as JSON.
pub(crate) fn events(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What a person would read as the reason.
pub(crate) fn words(output: &Output) -> String {
    console::strip_ansi_codes(&String::from_utf8_lossy(&output.stderr)).into_owned()
}

/// A file's content.
pub(crate) fn content(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
