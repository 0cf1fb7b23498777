//! What can go wrong here, said so that a person can act on it.

use std::fmt;
use std::io;
use std::path::Path;

pub(crate) type Result<T> = std::result::Result<T, Failure>;

#[derive(Debug)]
pub(crate) enum Failure {
    /// A program ran and said no.
    Command { line: String, ending: String },
    /// A program could not be started at all.
    Start { line: String, source: io::Error },
    /// A file or folder could not be read or written.
    File { doing: String, source: io::Error },
    /// Anything else, already in words.
    Message(String),
}

impl Failure {
    /// For `map_err`: what was being done to which path.
    pub(crate) fn file(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Failure {
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
