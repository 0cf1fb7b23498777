//! What happened in a run, in words and as a digest.

use std::collections::VecDeque;
use std::fmt;

use netcore_proto::Time;

/// How many lines a failing run prints.
const MAX_LINES: usize = 60;
/// What a person says of themselves in 500 characters is not worth formatting for a line.
const MAX_LINE_BYTES: usize = 200;

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

    /// In how many of the last lines these words occur.
    pub fn mentions(&self, words: &str) -> usize {
        self.lines.iter().filter(|line| line.contains(words)).count()
    }

    pub(crate) fn line(&mut self, now: Time, what: fmt::Arguments<'_>) {
        let mut line = Brief(format!("{now}  "));
        // It fails where it is full, which ends the formatting early.
        let _ = fmt::write(&mut line, what);
        let Brief(line) = line;
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

/// Text that takes no more once it is long enough to read.
struct Brief(String);

impl fmt::Write for Brief {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        if self.0.len() > MAX_LINE_BYTES {
            return Err(fmt::Error);
        }
        self.0.push_str(s);
        Ok(())
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "    {line}"))
    }
}
