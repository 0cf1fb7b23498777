//! Starting programs: every command is said before it runs, and a failure names the command.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::failure::{Failure, Result};

/// A program about to be started, with the line a person would type for it.
pub struct Task {
    command: Command,
    line: String,
}

impl Task {
    /// `program` by its name on the path. What cargo says to this tool about itself is not passed on: some build scripts
    /// watch those variables, and would build again each time the tool and a person take turns.
    pub fn new(program: impl AsRef<OsStr>) -> Task {
        let program = program.as_ref();
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(is_cargos_word_about_this_tool) {
                command.env_remove(name);
            }
        }
        let line = Path::new(program)
            .file_stem()
            .unwrap_or(program)
            .to_string_lossy()
            .into_owned();
        Task { command, line }
    }

    /// With one argument more.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Task {
        let argument = argument.as_ref();
        let _ = write!(self.line, " {}", argument.to_string_lossy());
        self.command.arg(argument);
        self
    }

    /// With these arguments more.
    pub fn args<S: AsRef<OsStr>>(self, arguments: impl IntoIterator<Item = S>) -> Task {
        arguments.into_iter().fold(self, Task::arg)
    }

    /// With this variable in its environment.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Task {
        self.command.env(name, value);
        self
    }

    /// Started in this folder.
    pub fn folder(mut self, folder: &Path) -> Task {
        self.command.current_dir(folder);
        self
    }

    /// Says the command, runs it on this terminal and waits for it.
    ///
    /// # Errors
    /// When it cannot be started, or ends with anything but success.
    pub fn run(mut self) -> Result<()> {
        say(&format!("$ {}", self.line));
        match self.command.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Failure::Command {
                line: self.line,
                ending: status.to_string(),
            }),
            Err(source) => Err(Failure::Start {
                line: self.line,
                source,
            }),
        }
    }

    /// What it prints on standard output, whatever its status; `None` when there is no such program.
    pub fn ask(mut self) -> Option<String> {
        let output = self
            .command
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Whether it starts and succeeds; nothing is printed.
    pub fn succeeds(mut self) -> bool {
        self.command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.command.status().is_ok_and(|status| status.success())
    }

    /// Says the command and leaves it running until the answer is dropped.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(mut self) -> Result<Running> {
        say(&format!("$ {} &", self.line));
        match self.command.stdin(Stdio::null()).spawn() {
            Ok(child) => Ok(Running { child }),
            Err(source) => Err(Failure::Start {
                line: self.line,
                source,
            }),
        }
    }
}

impl Task {
    /// As [`Task::start`], and waits for the first line that it prints.
    ///
    /// # Errors
    /// When it cannot be started, or ends without a line.
    pub fn start_and_read_line(mut self) -> Result<(Running, String)> {
        use std::io::{BufRead as _, BufReader};
        self.command.stdout(Stdio::piped());
        let said = self.line.clone();
        let mut running = self.start()?;
        let mut line = String::new();
        let read = running
            .child
            .stdout
            .take()
            .map(|out| BufReader::new(out).read_line(&mut line));
        if line.is_empty() || !matches!(read, Some(Ok(_))) {
            return Err(Failure::Command {
                line: said,
                ending: "it ended before it was ready".into(),
            });
        }
        Ok((running, line))
    }
}

/// A program that ends, at the latest, when this is dropped.
pub struct Running {
    child: Child,
}

impl Running {
    /// Its number in the system.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<String> {
        self.child
            .try_wait()
            .ok()
            .flatten()
            .map(|status| status.to_string())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Either may fail only because it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Prints a line at once, before anything that a started program prints.
pub fn say(line: &str) {
    use std::io::Write as _;
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

fn is_cargos_word_about_this_tool(name: &str) -> bool {
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || name == "CARGO"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_reads_as_a_person_would_type_it() {
        let task = Task::new("/usr/bin/cargo").args(["test", "-p"]).arg("cli");
        assert_eq!(task.line, "cargo test -p cli");
    }

    #[test]
    fn a_missing_program_is_distinguished_from_one_that_fails() {
        let missing = Task::new("no-such-program-here").run();
        assert!(matches!(missing, Err(Failure::Start { .. })), "{missing:?}");
        let mut failing = Task::new("rustc").arg("--no-such-option");
        failing.command.stderr(Stdio::null());
        let failing = failing.run();
        assert!(matches!(failing, Err(Failure::Command { .. })), "{failing:?}");
    }

    #[test]
    fn only_cargos_words_about_this_tool_are_withheld() {
        assert!(is_cargos_word_about_this_tool("CARGO_PKG_NAME"));
        assert!(is_cargos_word_about_this_tool("CARGO_MANIFEST_DIR"));
        assert!(!is_cargos_word_about_this_tool("CARGO_TARGET_DIR"));
        assert!(!is_cargos_word_about_this_tool("CARGO_HOME"));
    }
}
