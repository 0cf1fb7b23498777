//! Why a recording or a snapshot is not written.

use std::io;
use std::path::{Path, PathBuf};

/// What happened to a recording, to which file, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Nothing is written over.
    #[error("{} is there already. Choose another name for the recording.", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The name promises something else than what would be in it.
    #[error("A recording is an AVI file, which {} does not end in: choose a name such as clip.avi.", path.display())]
    Name {
        /// The name.
        path: PathBuf,
    },
    /// No room is left.
    #[error("The disk is full: {} ends here. What was recorded until now is kept and plays.", path.display())]
    DiskFull {
        /// The file that was being written.
        path: PathBuf,
    },
    /// No room is left for a file that is written in one go.
    #[error("There is no room for {}: nothing of it is kept. Make room, or choose another place.", path.display())]
    NoRoom {
        /// The file.
        path: PathBuf,
    },
    /// Neither the disk's file system nor the limit of this program (`ulimit -f`) lets it become longer.
    #[error(
        "{} may not become longer (by ulimit -f, or on this disk) and ends here. What was recorded until now is kept and plays.",
        path.display()
    )]
    TooLong {
        /// The file that was being written.
        path: PathBuf,
    },
    /// The system does not let it be written, for another reason.
    #[error("{} cannot be written ({reason}). Choose another place.", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// The stream's pictures change their size, or pause, all the time.
    #[error(
        "The recording has {files} files and ends here: the stream changes its size or its times too often."
    )]
    TooManyFiles {
        /// How many there are.
        files: usize,
    },
}

impl RecordError {
    /// A stable word for programs: `exists`, `name`, `disk_full`, `too_long`, `unwritable`, `too_many_files`.
    pub fn code(&self) -> &'static str {
        match self {
            RecordError::Exists { .. } => "exists",
            RecordError::Name { .. } => "name",
            RecordError::DiskFull { .. } | RecordError::NoRoom { .. } => "disk_full",
            RecordError::TooLong { .. } => "too_long",
            RecordError::Unwritable { .. } => "unwritable",
            RecordError::TooManyFiles { .. } => "too_many_files",
        }
    }

    pub(crate) fn of(path: &Path, error: &io::Error) -> RecordError {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::AlreadyExists => RecordError::Exists { path },
            // A quota leaves as little room.
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => RecordError::DiskFull { path },
            io::ErrorKind::FileTooLarge => RecordError::TooLong { path },
            _ => RecordError::Unwritable {
                path,
                reason: error.to_string(),
            },
        }
    }
}
