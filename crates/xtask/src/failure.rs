//! What can go wrong here, said so that a person can act on it.

use std::fmt;
use std::io;
use std::path::Path;

/// What may fail in words.
pub type Result<T> = std::result::Result<T, Failure>;

/// Why a word of this tool ended early.
#[derive(Debug)]
pub enum Failure {
    /// A program ran and ended without success.
    Command {
        /// As a person would type it.
        line: String,
        /// Its status.
        ending: String,
    },
    /// A program could not be started at all.
    Start {
        /// As a person would type it.
        line: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A file or folder could not be read or written.
    File {
        /// What was being done, with the path.
        doing: String,
        /// The system's reason.
        source: io::Error,
    },
    /// Anything else, already in words.
    Message(String),
}

impl Failure {
    /// For `map_err`: what was being done to which path.
    pub fn file(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Failure {
        let doing = format!("{doing} {}", path.display());
        move |source| Failure::File { doing, source }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Command { line, ending } => write!(f, "`{line}` failed ({ending})"),
            Failure::Start { line, source } => write!(f, "could not start `{line}`: {source}"),
            Failure::File { doing, source } => write!(f, "{doing}: {source}"),
            Failure::Message(words) => f.write_str(words),
        }
    }
}
