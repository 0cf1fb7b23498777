//! The names of a recording's files, and their creation.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::error::RecordError;

/// `path` with the ending of an AVI.
///
/// # Errors
/// [`RecordError::Name`] when it has another.
pub(super) fn named(path: &Path) -> Result<PathBuf, RecordError> {
    match path.extension() {
        None if path.file_name().is_some() => Ok(path.with_extension("avi")),
        Some(ending) if ending.eq_ignore_ascii_case("avi") => Ok(path.to_owned()),
        _ => Err(RecordError::Name {
            path: path.to_owned(),
        }),
    }
}

/// Of `clip.avi` the second file is `clip-2.avi`.
pub(super) fn path_of(first: &Path, number: usize) -> PathBuf {
    if number == 1 {
        return first.to_owned();
    }
    let mut name = first.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{number}.avi"));
    first.with_file_name(name)
}

/// Creates a file that is not there yet.
pub(super) fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}
