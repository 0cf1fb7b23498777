//! A report's files in a folder: a page for people, JSON and comma-separated values for programs.

use std::path::{Path, PathBuf};

use app::metrics::formats::REPORT;
use report::Measurement;

use crate::exit::Result;
use crate::output_file::{OutputFile, refuse_content, unwritable};

/// Where a report's files go.
pub(super) struct Folder {
    path: PathBuf,
    /// Whether the files of an earlier report may go.
    overwrite: bool,
}

impl Folder {
    /// Makes it, before anything is measured: better now than after the last trial.
    ///
    /// # Errors
    /// When it cannot be made, or has a report that may not go.
    pub(super) fn create(path: &Path, overwrite: bool) -> Result<Folder> {
        for file in &REPORT {
            refuse_content(&path.join(file.name), overwrite)?;
        }
        std::fs::create_dir_all(path).map_err(|error| unwritable(path, &error))?;
        Ok(Folder {
            path: path.to_owned(),
            overwrite,
        })
    }

    /// Writes everything. Returns the page for people.
    ///
    /// # Errors
    /// When one of the files cannot be written.
    pub(super) fn write(&self, measurement: &Measurement) -> Result<PathBuf> {
        for file in &REPORT {
            let place = OutputFile::claim(&self.path.join(file.name), self.overwrite)?;
            place.put(|out| file.write(measurement, out))?;
        }
        Ok(self.path.join(REPORT[0].name))
    }
}
