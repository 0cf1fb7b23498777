//! Other processes of the bench, and what they cost.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::Outcome;

/// A program that is ended with this value. Its input stays open until then.
pub(crate) struct Running(Child);

impl Running {
    /// Starts it.
    ///
    /// # Errors
    /// When there is no such program.
    pub(crate) fn start(command: &mut Command) -> Outcome<Running> {
        match command.spawn() {
            Ok(child) => Ok(Running(child)),
            Err(error) => Err(format!("{}: {error}", command.get_program().display()).into()),
        }
    }

    /// What it is given to read.
    pub(crate) fn input(&mut self) -> Outcome<ChildStdin> {
        Ok(self.0.stdin.take().ok_or("the program has no input")?)
    }

    /// What it says.
    pub(crate) fn output(&mut self) -> Outcome<ChildStdout> {
        Ok(self.0.stdout.take().ok_or("the program has no output")?)
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(Some(_)))
    }

    /// Processor time it has used, in seconds; `None` where the system has no files for it.
    pub(crate) fn processor_seconds(&self) -> Option<f64> {
        processor_seconds(&self.0.id().to_string())
    }

    /// Memory that is its own, in bytes; `None` where the system has no files for it.
    pub(crate) fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
        Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1_024)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A part of the bench in a process of its own; it is ended with this value.
pub(crate) struct Part {
    process: Running,
    output: BufReader<ChildStdout>,
}

impl Part {
    /// Starts this very program with `args`.
    pub(crate) fn start(args: &[&str]) -> Outcome<Part> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Running::start(&mut command)?;
        let output = BufReader::new(process.output()?);
        Ok(Part { process, output })
    }

    /// The next line it says.
    pub(crate) fn line(&mut self) -> Outcome<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    /// The process and what it says, for who reads it elsewhere.
    pub(crate) fn into_output(self) -> (Running, BufReader<ChildStdout>) {
        (self.process, self.output)
    }

    /// The process, for what it costs.
    pub(crate) fn process(&self) -> &Running {
        &self.process
    }
}

/// Processor time that this process has used, in seconds.
pub(crate) fn own_processor_seconds() -> Option<f64> {
    processor_seconds("self")
}

fn processor_seconds(process: &str) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in parentheses may hold anything; what follows is numbered from the third field on (proc(5)).
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    // USER_HZ is 100 on every Linux that is in use.
    Some(ticks as f64 / 100.0)
}
