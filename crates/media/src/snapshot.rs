//! One picture in a file.

use std::io::{self, Write as _};
use std::path::Path;

use crate::jpeg::{Limits, whole_jpeg};
use crate::recording::RecordError;

/// Writes a picture as it came into the file at `path`, in place of what was there. At no moment is there half a picture under
/// that name: it is written under another and then renamed.
///
/// # Errors
/// [`RecordError::Unwritable`], also for bytes that are no JPEG, and [`RecordError::NoRoom`].
pub fn save_snapshot(path: &Path, jpeg: &[u8]) -> Result<(), RecordError> {
    let (picture, _) = whole_jpeg(jpeg, &Limits::default()).map_err(|error| RecordError::Unwritable {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    let failed = |error| not_written(path, &error);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    // Others may read a snapshot, as they may any file; a temporary file is its owner's alone.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder
        .prefix(".snapshot-")
        .tempfile_in(folder.unwrap_or(Path::new(".")))
        .map_err(failed)?;
    file.write_all(&picture).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Nothing of a picture is kept that is not whole, other than of a recording.
fn not_written(path: &Path, error: &io::Error) -> RecordError {
    match RecordError::of(path, error) {
        RecordError::DiskFull { path } | RecordError::TooLong { path } => RecordError::NoRoom { path },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Planes;
    use crate::jpeg::Encoder;

    #[test]
    fn a_picture_takes_the_place_of_the_one_before_and_leaves_nothing_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("now.jpg");
        let jpeg = |width| {
            Encoder::new()
                .unwrap()
                .planes(&Planes::new(width, 64), 80)
                .unwrap()
        };
        for width in [64, 128] {
            save_snapshot(&path, &jpeg(width)).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), jpeg(width));
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_picture_replaces_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("now.jpg");
        std::fs::write(&path, b"before").unwrap();
        let error = save_snapshot(&path, b"no picture").unwrap_err();
        assert_eq!(error.code(), "unwritable");
        assert_eq!(std::fs::read(&path).unwrap(), b"before");
    }

    #[test]
    fn a_full_disk_keeps_nothing_of_a_picture() {
        let error = not_written(Path::new("now.jpg"), &io::ErrorKind::StorageFull.into());
        assert_eq!(error.code(), "disk_full");
        let words = error.to_string();
        assert!(
            words.contains("now.jpg") && words.contains("nothing of it is kept"),
            "{words}"
        );
    }

    #[test]
    fn a_folder_that_is_not_there_is_said() {
        let error = save_snapshot(
            Path::new("/no/such/folder/now.jpg"),
            &Encoder::new().unwrap().planes(&Planes::new(16, 16), 50).unwrap(),
        );
        assert!(error.unwrap_err().to_string().contains("/no/such/folder/now.jpg"));
    }
}
