use std::collections::VecDeque;
use std::fmt;

use netcore_proto::Time;

/// How many lines a failing run prints.
const MAX_LINES: usize = 60;

/// What happened in a run: its last lines in words, and a digest of everything, so that two runs can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    lines: VecDeque<String>,
    digest: u64,
    noted: u64,
}

impl Trace {
    pub(crate) fn new() -> Trace {
        Trace {
            lines: VecDeque::new(),
            digest: 0xcbf2_9ce4_8422_2325,
            noted: 0,
        }
    }

    /// A number that two runs share only if the same happened in them, at the same times.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// How many facts it has taken in.
    pub fn noted(&self) -> u64 {
        self.noted
    }

    pub(crate) fn line(&mut self, now: Time, what: fmt::Arguments<'_>) {
        let line = format!("{now}  {what}");
        self.take(line.as_bytes());
        if self.lines.len() >= MAX_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// A fact too frequent for words.
    pub(crate) fn fact(&mut self, now: Time, kind: u8, about: u64, bytes: usize) {
        self.take(&now.as_micros().to_le_bytes());
        self.take(&[kind]);
        self.take(&about.to_le_bytes());
        self.take(&bytes.to_le_bytes());
    }

    /// FNV-1a: short, and the same everywhere.
    fn take(&mut self, bytes: &[u8]) {
        self.noted += 1;
        for byte in bytes {
            self.digest = (self.digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "    {line}"))
    }
}
