//! Files that are on their way: never half visible, never over another file.

use std::io;
use std::path::{Path, PathBuf};

use netcore_proto::files::{MAX_FILE_NAME_BYTES, Receiver, safe_name};
use tempfile::{NamedTempFile, TempPath};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use crate::clock;
use crate::error::FileError;

/// More files of one name than this in one folder are somebody's mistake.
const MAX_NUMBERED: usize = 10_000;
/// Longer than any transfer goes without a byte.
const LEFT_BEHIND: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

/// A file of which some has come. It is hidden until it is whole, and gone when nobody wants it any more.
pub(crate) struct Partial {
    file: File,
    path: TempPath,
    folder: PathBuf,
    receiver: Receiver,
    /// Whether the last write was not seen to its end, so that the file may be longer than what counts.
    is_torn: bool,
}

impl Partial {
    /// Begins a file of `size` bytes in `folder`, which is made if need be.
    ///
    /// # Errors
    /// [`FileError::DiskFull`] before a byte is taken when the rest cannot fit, or [`FileError::Unwritable`].
    pub(crate) fn begin(folder: &Path, size: u64) -> Result<Partial, FileError> {
        let unwritable = |error: io::Error| in_words(folder, 0, &error);
        std::fs::create_dir_all(folder).map_err(unwritable)?;
        // A file system that does not tell how much room it has is simply tried.
        if fs4::available_space(folder).is_ok_and(|available| available < size) {
            return Err(FileError::DiskFull {
                path: folder.to_owned(),
                kept: 0,
            });
        }
        let temporary = tempfile::Builder::new()
            .prefix(".roomwire-")
            .suffix(".part")
            .tempfile_in(folder);
        let (file, path) = temporary.map_err(unwritable)?.into_parts();
        Ok(Partial {
            file: File::from_std(file),
            path,
            folder: folder.to_owned(),
            receiver: Receiver::new(size),
            is_torn: false,
        })
    }

    /// How many bytes it has.
    pub(crate) fn received(&self) -> u64 {
        self.receiver.received()
    }

    pub(crate) fn receiver(&self) -> &Receiver {
        &self.receiver
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds content, in order. What an error reports as kept is on the disk. Content whose writing was given up on halfway
    /// does not count: it must come again.
    pub(crate) async fn write(&mut self, content: &[u8]) -> Result<(), FileError> {
        let mut counted = self.receiver.clone();
        counted
            .handle_content(content)
            .map_err(|error| FileError::Corrupt {
                why: error.to_string(),
            })?;
        let kept = self.receiver.received();
        if self.is_torn {
            self.mend()
                .await
                .map_err(|error| in_words(&self.path, kept, &error))?;
        }
        self.is_torn = true;
        let written = async {
            self.file.write_all(content).await?;
            // A disk that is full may say so only here.
            self.file.flush().await
        };
        if let Err(error) = written.await {
            // The room that this piece took is given back at once; should that fail, the next write tries again.
            let _ = self.mend().await;
            return Err(in_words(&self.path, kept, &error));
        }
        self.is_torn = false;
        self.receiver = counted;
        Ok(())
    }

    /// Cuts the file to what counts.
    async fn mend(&mut self) -> io::Result<()> {
        let kept = self.receiver.received();
        self.file.set_len(kept).await?;
        tokio::io::AsyncSeekExt::seek(&mut self.file, io::SeekFrom::Start(kept)).await?;
        self.is_torn = false;
        Ok(())
    }

    /// Gives the whole file its name, or the name with a number when there is such a file already.
    pub(crate) async fn finish(self, name: &str) -> Result<PathBuf, FileError> {
        let Partial {
            file,
            path,
            folder,
            receiver,
            ..
        } = self;
        let kept = receiver.received();
        file.sync_all()
            .await
            .map_err(|error| in_words(&path, kept, &error))?;
        let file = file.into_std().await;
        let mut whole = NamedTempFile::from_parts(file, path);
        make_readable(whole.as_file());
        for number in 1..=MAX_NUMBERED {
            let candidate = folder.join(numbered(name, number));
            match whole.persist_noclobber(&candidate) {
                Ok(_) => return Ok(candidate),
                Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => whole = error.file,
                Err(error) => return Err(in_words(&candidate, kept, &error.error)),
            }
        }
        Err(FileError::Unwritable {
            path: folder.join(name),
            why: "there are too many files of that name".into(),
        })
    }

    /// Keeps the whole file where it is, under its hidden name, until the returned path is dropped.
    pub(crate) async fn keep(self) -> Result<TempPath, FileError> {
        let kept = self.receiver.received();
        self.file
            .sync_all()
            .await
            .map_err(|error| in_words(&self.path, kept, &error))?;
        Ok(self.path)
    }
}

/// Deletes what a host that was killed could not delete. Another copy of the program may have files of its own here, so only
/// those that nobody has written to for [`LEFT_BEHIND`] go.
pub(crate) fn sweep(spool: &Path) {
    let is_left_behind = |entry: &std::fs::DirEntry| {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        modified.is_ok_and(|at| at + LEFT_BEHIND < clock::calendar())
    };
    for entry in std::fs::read_dir(spool)
        .into_iter()
        .flatten()
        .flatten()
        .filter(is_left_behind)
    {
        let path = entry.path();
        if let Err(error) = std::fs::remove_file(&path) {
            tracing::warn!(%error, path = %path.display(), "a file left behind cannot be deleted");
        }
    }
}

/// Temporary files are for their owner only; a received file is like any other the user makes.
#[cfg(unix)]
fn make_readable(file: &std::fs::File) {
    use std::os::unix::fs::PermissionsExt;
    let _ = file.set_permissions(std::fs::Permissions::from_mode(0o644));
}

#[cfg(not(unix))]
fn make_readable(_file: &std::fs::File) {}

/// `name`, or for numbers from two on `name (2)`, before the extension.
fn numbered(name: &str, number: usize) -> String {
    let name = safe_name(name);
    if number == 1 {
        return name;
    }
    let (stem, extension) = match name.rfind('.').filter(|dot| *dot > 0) {
        Some(dot) => name.split_at(dot),
        None => (name.as_str(), ""),
    };
    let suffix = format!(" ({number}){extension}");
    let mut end = stem.len().min(MAX_FILE_NAME_BYTES.saturating_sub(suffix.len()));
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{suffix}", &stem[..end])
}

pub(crate) fn in_words(path: &Path, kept: u64, error: &io::Error) -> FileError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            FileError::DiskFull {
                path: path.to_owned(),
                kept,
            }
        }
        _ => FileError::Unwritable {
            path: path.to_owned(),
            why: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_never_takes_another_ones_place() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.txt"), "old").unwrap();
        for (content, name) in [("one", "a (2).txt"), ("two", "a (3).txt")] {
            let mut partial = Partial::begin(folder.path(), 3).unwrap();
            partial.write(content.as_bytes()).await.unwrap();
            let path = partial.finish("../a.txt").await.unwrap();
            assert_eq!(path, folder.path().join(name));
            assert_eq!(std::fs::read_to_string(path).unwrap(), content);
        }
        assert_eq!(
            std::fs::read_to_string(folder.path().join("a.txt")).unwrap(),
            "old"
        );
    }

    #[tokio::test]
    async fn an_unfinished_file_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let mut partial = Partial::begin(folder.path(), 10).unwrap();
        partial.write(b"12345").await.unwrap();
        assert!(matches!(
            partial.write(b"123456").await,
            Err(FileError::Corrupt { .. })
        ));
        assert_eq!(partial.received(), 5);
        drop(partial);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn content_given_up_on_halfway_is_written_once() {
        let folder = tempfile::tempdir().unwrap();
        let piece = vec![7; 8 * 1024 * 1024];
        let mut partial = Partial::begin(folder.path(), 2 * piece.len() as u64).unwrap();
        for patience in [0, 50, 500] {
            let write = partial.write(&piece);
            // Whether it is cut off, and where, is chance; that it counts once is not.
            let _ = tokio::time::timeout(std::time::Duration::from_micros(patience), write).await;
        }
        while partial.received() < 2 * piece.len() as u64 {
            partial.write(&piece).await.unwrap();
        }
        let path = partial.finish("a").await.unwrap();
        assert!(std::fs::read(path).unwrap() == vec![7; 2 * piece.len()]);
    }

    #[test]
    fn only_what_was_left_behind_is_swept() {
        let folder = tempfile::tempdir().unwrap();
        let old = std::fs::File::create(folder.path().join("old.part")).unwrap();
        let long_ago = clock::calendar() - LEFT_BEHIND - std::time::Duration::from_secs(1);
        old.set_modified(long_ago).unwrap();
        // Windows keeps the name of a deleted file for as long as somebody has it open.
        drop(old);
        std::fs::write(folder.path().join("new.part"), "").unwrap();
        sweep(folder.path());
        let left: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["new.part"]);
    }

    #[test]
    fn no_room_is_known_before_a_byte_comes() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            Partial::begin(folder.path(), u64::MAX),
            Err(FileError::DiskFull { .. })
        ));
    }

    #[test]
    fn a_numbered_name_keeps_its_extension_and_its_length() {
        assert_eq!(numbered("a.tar.gz", 2), "a.tar (2).gz");
        assert_eq!(numbered("a", 12), "a (12)");
        assert!(numbered(&format!("{}.txt", "字".repeat(100)), 2).len() <= MAX_FILE_NAME_BYTES);
    }
}
