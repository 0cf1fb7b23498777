//! Files that a person names for what this program makes.
//!
//! One rule for all of them: what was there before stays. A file with content is refused in words before anything else is done,
//! unless `--overwrite` says that it may go; and it goes only when there is something to put in its place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::exit::{Code, Failure, Result};

/// A file that can be written, and to which nothing has been written yet.
pub(crate) struct OutputFile {
    path: PathBuf,
    /// Taken when it is written to.
    file: Option<File>,
    /// Whether there was none before, so that it goes again when there is nothing to write.
    is_new: bool,
}

impl OutputFile {
    /// Looks whether `path` may be written, and leaves its content alone. What is no regular file, such as a pipe, has no
    /// content to lose; nor has an empty one.
    ///
    /// # Errors
    /// When there is content that may not go, or the system does not let us write.
    pub(crate) fn claim(path: &Path, overwrite: bool) -> Result<OutputFile> {
        let claimed = |file, is_new| OutputFile {
            path: path.to_owned(),
            file: Some(file),
            is_new,
        };
        match OpenOptions::new().write(true).create_new(true).open(path) {
            Ok(file) => return Ok(claimed(file, true)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(unwritable(path, &error)),
        }
        refuse_content(path, overwrite)?;
        // A link to nothing is there and is not: what it names is made.
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path);
        file.map(|file| claimed(file, false))
            .map_err(|error| unwritable(path, &error))
    }

    /// Makes room for what is written now.
    ///
    /// # Errors
    /// When the old content cannot be taken away.
    pub(crate) fn begin(mut self) -> io::Result<File> {
        self.is_new = false;
        let file = self.file.take().ok_or(io::ErrorKind::NotFound)?;
        if file.metadata()?.is_file() {
            file.set_len(0)?;
        }
        Ok(file)
    }

    /// Writes all there will be, by `write`.
    ///
    /// # Errors
    /// When the disk is full, for one. Then what was there before stays.
    pub(crate) fn put(mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
        let is_regular = |file: &File| file.metadata().is_ok_and(|found| found.is_file());
        let put = match self.file.take() {
            Some(mut pipe) if !is_regular(&pipe) => write(&mut pipe),
            // Closed by now: Windows replaces no file that is open.
            _ => netcore::save(&self.path, write),
        };
        self.is_new &= put.is_err();
        put.map_err(|error| unwritable(&self.path, &error))
    }
}

impl Drop for OutputFile {
    fn drop(&mut self) {
        if self.is_new {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Looks whether what is at `path` may go.
///
/// # Errors
/// In words, when it may not.
pub(crate) fn refuse_content(path: &Path, overwrite: bool) -> Result<()> {
    let has_content = fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() > 0);
    if has_content && !overwrite {
        return Err(Failure::new(
            Code::File,
            format!(
                "{} is there already and stays as it is: choose another name, or add --overwrite",
                path.display()
            ),
        ));
    }
    Ok(())
}

/// Writes a file of its own name into a folder that others may write to as well: a link of that name is not followed, and
/// a file is only replaced when it may be.
///
/// # Errors
/// When there is one that may not go, or it cannot be written; nothing half written stays.
pub(crate) fn write_new(path: &Path, content: &[u8], overwrite: bool) -> Result<()> {
    let create = || OpenOptions::new().write(true).create_new(true).open(path);
    let created = match create() {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && overwrite => {
            fs::remove_file(path).and_then(|()| create())
        }
        created => created,
    };
    let written = match created {
        Ok(mut file) => file.write_all(content).inspect_err(|_| {
            let _ = fs::remove_file(path);
        }),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(Failure::new(
                Code::File,
                format!(
                    "{} is there already and stays as it is: choose another folder, or add --overwrite",
                    path.display()
                ),
            ));
        }
        Err(error) => Err(error),
    };
    written.map_err(|error| unwritable(path, &error))
}

/// A file that cannot be written.
pub(crate) fn unwritable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(
        Code::File,
        format!("{} cannot be written: {error}", path.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(path: &Path) -> String {
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn what_was_there_stays_unless_it_may_go_and_there_is_something_to_write() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.csv");
        fs::write(&path, "yesterday").unwrap();
        let refused = OutputFile::claim(&path, false).err().unwrap();
        assert_eq!(refused.code, Code::File);
        assert!(
            refused.message.starts_with(path.to_str().unwrap()),
            "{}",
            refused.message
        );
        assert!(refused.message.contains("--overwrite"), "{}", refused.message);
        drop(OutputFile::claim(&path, true).unwrap());
        assert_eq!(content(&path), "yesterday");
        OutputFile::claim(&path, true)
            .unwrap()
            .put(|out| out.write_all(b"new"))
            .unwrap();
        assert_eq!(content(&path), "new");
    }

    #[test]
    fn an_empty_file_may_be_written_and_a_new_one_goes_when_nothing_is() {
        let folder = tempfile::tempdir().unwrap();
        let (empty, new) = (folder.path().join("empty"), folder.path().join("new"));
        fs::write(&empty, "").unwrap();
        drop(OutputFile::claim(&empty, false).unwrap());
        assert_eq!(content(&empty), "");
        drop(OutputFile::claim(&new, false).unwrap());
        assert!(!new.exists());
        OutputFile::claim(&new, false)
            .unwrap()
            .put(|out| out.write_all(b"x"))
            .unwrap();
        assert_eq!(content(&new), "x");
        assert!(OutputFile::claim(&folder.path().join("no/such"), false).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_with_a_name_that_was_guessed_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (victim, link) = (folder.path().join("victim"), folder.path().join("frame.jpg"));
        fs::write(&victim, "precious").unwrap();
        std::os::unix::fs::symlink(&victim, &link).unwrap();
        assert_eq!(write_new(&link, b"picture", false).unwrap_err().code, Code::File);
        assert_eq!(content(&victim), "precious");
        write_new(&link, b"picture", true).unwrap();
        assert_eq!(
            (content(&victim), content(&link)),
            ("precious".into(), "picture".into())
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_and_a_device_has_nothing_to_lose() {
        let full = OutputFile::claim(Path::new("/dev/full"), false).unwrap();
        assert_eq!(full.put(|out| out.write_all(b"x")).unwrap_err().code, Code::File);
        OutputFile::claim(Path::new("/dev/null"), false)
            .unwrap()
            .put(|out| out.write_all(b"x"))
            .unwrap();
    }
}
