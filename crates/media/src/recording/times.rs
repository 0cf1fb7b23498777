//! The list of times beside a recording: comma-separated values, a line for each frame.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use netcore_proto::Time;

use super::error::RecordError;
use super::files::create_new;

/// `file` counts the recording's files from 1; `captured_us` is on the publisher's clock, `file_us` since the beginning of the file.
const TITLES: &str = "file,frame,captured_us,file_us,bytes,width,height";

#[derive(Debug)]
pub(super) struct Times {
    path: PathBuf,
    file: BufWriter<File>,
}

pub(super) struct Row {
    pub(super) file: usize,
    pub(super) number: u32,
    pub(super) captured: Time,
    pub(super) file_us: u64,
    pub(super) bytes: usize,
    pub(super) size: (u16, u16),
}

impl Times {
    pub(super) fn create(path: &Path) -> Result<Times, RecordError> {
        let file = create_new(path).map_err(|error| RecordError::of(path, &error))?;
        let mut file = BufWriter::new(file);
        writeln!(file, "{TITLES}").map_err(|error| RecordError::of(path, &error))?;
        Ok(Times {
            path: path.to_owned(),
            file,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn put(&mut self, row: &Row) -> Result<(), RecordError> {
        let Row {
            file,
            number,
            captured,
            file_us,
            bytes,
            size: (width, height),
        } = *row;
        let captured_us = captured.as_micros();
        writeln!(
            self.file,
            "{file},{number},{captured_us},{file_us},{bytes},{width},{height}"
        )
        .map_err(|error| RecordError::of(&self.path, &error))
    }

    pub(super) fn flush(&mut self) -> Result<(), RecordError> {
        self.file
            .flush()
            .map_err(|error| RecordError::of(&self.path, &error))
    }
}
