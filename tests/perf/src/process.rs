//! Other processes of the bench, and what they cost.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::Outcome;

/// A process that is ended with this value, and the input for as long as which it lives.
pub(crate) struct Ended(Child, #[allow(dead_code)] Option<ChildStdin>);

/// A part of the bench in a process of its own; it is ended with this value.
pub(crate) struct Part {
    process: Ended,
    output: BufReader<ChildStdout>,
}

impl Part {
    /// Starts this very program with `args`.
    pub(crate) fn start(args: &[&str]) -> Outcome<Part> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut child = command
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().ok_or("the child has no output")?);
        Ok(Part {
            process: Ended(child, input),
            output,
        })
    }

    /// The next line it says.
    pub(crate) fn line(&mut self) -> Outcome<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    /// The process and what it says, for who reads it elsewhere.
    pub(crate) fn into_output(self) -> (Ended, BufReader<ChildStdout>) {
        (self.process, self.output)
    }

    /// Processor time it has used, in seconds; `None` where the system does not tell by files.
    pub(crate) fn processor_seconds(&self) -> Option<f64> {
        processor_seconds(&self.process.0.id().to_string())
    }

    /// Memory that is its own, in bytes.
    pub(crate) fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.0.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
        Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1_024)
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
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
