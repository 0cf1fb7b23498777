//! Files that are on their way: never half visible, never over another file, and never lost once they are whole.

mod leftover;
mod origin;
mod place;
mod volume;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use netcore_proto::files::{FileHash, Receiver};
use tempfile::TempPath;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use crate::error::FileError;
pub(crate) use leftover::{SharedFolder, sweep};
use place::{Naming, System, Whole, place};
use volume::Promise;

/// How often it is tried again to open a file while too many are open.
const OUT_OF_DESCRIPTORS_PAUSE: Duration = Duration::from_millis(250);

/// A file of which some has come. It is hidden until it is whole, and gone when nobody wants it any more.
pub(crate) struct Partial {
    file: File,
    path: TempPath,
    folder: PathBuf,
    receiver: Receiver,
    /// Whether the last write was not seen to its end, so that the file may be longer than what counts.
    is_torn: bool,
    promise: Promise,
    /// Once it is whole, and right.
    checked: Option<FileHash>,
}

impl Partial {
    /// Begins a file of `size` bytes in `folder`, which is made if need be. Room for the whole of it is set aside.
    ///
    /// # Errors
    /// [`FileError::NoRoom`] and [`FileError::TooLong`] before a byte is taken, or [`FileError::Unwritable`].
    pub(crate) fn begin(folder: &Path, size: u64) -> Result<Partial, FileError> {
        let unwritable = |error: io::Error| in_words(folder, 0, &error);
        std::fs::create_dir_all(folder).map_err(unwritable)?;
        volume::check_length(folder, size)?;
        let (file, path) = leftover::create(folder).map_err(unwritable)?;
        let promise = volume::reserve(folder, &file, size)?;
        Ok(Partial {
            file: File::from_std(file),
            path,
            folder: folder.to_owned(),
            receiver: Receiver::new(size),
            is_torn: false,
            promise,
            checked: None,
        })
    }

    /// How many bytes it has.
    pub(crate) fn received(&self) -> u64 {
        self.receiver.received()
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
        self.promise.handle_written(content.len() as u64);
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

    /// The sender says that this was all, and what its hash is.
    ///
    /// # Errors
    /// [`FileError::Corrupt`] when it was not all, or not right.
    pub(crate) fn check(&mut self, announced: FileHash) -> Result<FileHash, FileError> {
        let hash = self.receiver.handle_end(announced);
        let hash = hash.map_err(|error| FileError::Corrupt {
            why: error.to_string(),
        })?;
        self.checked = Some(hash);
        Ok(hash)
    }

    /// Its hash, once it is whole and right.
    pub(crate) fn checked(&self) -> Option<FileHash> {
        self.checked
    }

    /// Whether only its name is wanting.
    pub(crate) fn is_whole(&self) -> bool {
        self.checked.is_some()
    }

    /// The folder that it is for in the end.
    pub(crate) fn set_folder(&mut self, folder: &Path) {
        self.folder = folder.to_owned();
    }

    /// Gives the whole file its name in its folder, or the name with a number when there is such a file already, and marks it as
    /// come from `origin`. The file does not depend on that: when it cannot be, the file is moved to the folder `spare`, or stays
    /// where it is, and this can be tried again.
    ///
    /// # Errors
    /// [`FileError::NotPlaced`], which says where it is, or [`FileError::DiskFull`] when it is not safely on the disk.
    pub(crate) async fn finish(
        &mut self,
        name: &str,
        origin: &str,
        spare: &Path,
    ) -> Result<PathBuf, FileError> {
        self.finish_by(&System, name, origin, spare).await
    }

    async fn finish_by(
        &mut self,
        naming: &impl Naming,
        name: &str,
        origin: &str,
        spare: &Path,
    ) -> Result<PathBuf, FileError> {
        let kept = self.receiver.received();
        self.sync().await?;
        // Here a file is not renamed while a handle is open that allows nobody to remove it.
        #[cfg(windows)]
        if let Ok(file) = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(&self.path)
        {
            self.file = File::from_std(file);
        }
        let file = self.file.try_clone().await;
        let file = file
            .map_err(|error| in_words(&self.path, kept, &error))?
            .into_std()
            .await;
        let whole = Whole {
            file: &file,
            path: &self.path,
            origin,
        };
        match place(&whole, &self.folder, name, naming).await {
            Ok(path) => {
                self.path.disable_cleanup(true);
                Ok(path)
            }
            Err(error) => {
                // Where it is already safe it stays.
                let is_spare = self.path.parent() == Some(spare);
                let spared = match is_spare {
                    true => None,
                    false => place(&whole, spare, name, naming).await.ok(),
                };
                if let Some(path) = spared.and_then(|path| TempPath::try_from_path(path).ok()) {
                    self.path = path;
                }
                self.path.disable_cleanup(true);
                Err(FileError::NotPlaced {
                    kept: self.path.to_path_buf(),
                    folder: self.folder.clone(),
                    why: error.to_string(),
                })
            }
        }
    }

    /// Sees to it that the whole file is on the disk. When that fails, nobody knows how much of it is: it has to come again.
    async fn sync(&mut self) -> Result<(), FileError> {
        let Err(error) = sync(&self.file).await else {
            return Ok(());
        };
        self.checked = None;
        self.receiver = Receiver::new(self.receiver.received());
        self.is_torn = true;
        Err(in_words(&self.path, 0, &error))
    }

    /// Keeps the whole file where it is, under its hidden name, until the returned path is dropped.
    pub(crate) async fn keep(self) -> Result<TempPath, FileError> {
        let kept = self.receiver.received();
        let synced = sync(&self.file).await;
        synced.map_err(|error| in_words(&self.path, kept, &error))?;
        Ok(self.path)
    }
}

/// Writes what the system holds back. A file system that has no such operation is taken at its word.
async fn sync(file: &File) -> io::Result<()> {
    match file.sync_all().await {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        outcome => outcome,
    }
}

pub(crate) fn in_words(path: &Path, kept: u64, error: &io::Error) -> FileError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FileError::DiskFull {
            path: path.to_owned(),
            kept,
        },
        io::ErrorKind::FileTooLarge => {
            let folder = path.parent().unwrap_or(path);
            FileError::TooLong {
                folder: folder.to_owned(),
                longest: volume::longest_file(folder),
            }
        }
        _ if is_out_of_descriptors(error) => FileError::TooManyOpen,
        _ => FileError::Unwritable {
            path: path.to_owned(),
            why: error.to_string(),
        },
    }
}

/// Whether the program, or the system, has as many files open as it may: later it can be otherwise.
pub(crate) fn is_out_of_descriptors(error: &io::Error) -> bool {
    #[cfg(unix)]
    const TOO_MANY: [i32; 2] = [libc::EMFILE, libc::ENFILE];
    // ERROR_TOO_MANY_OPEN_FILES
    #[cfg(not(unix))]
    const TOO_MANY: [i32; 1] = [4];
    error.raw_os_error().is_some_and(|code| TOO_MANY.contains(&code))
}

/// Does what `attempt` does; while that fails for too many open files, says so once and tries again, for as long as it takes.
pub(crate) async fn with_descriptors<T, E, F: Future<Output = Result<T, E>>>(
    mut attempt: impl FnMut() -> F,
    is_passing: impl Fn(&E) -> bool,
) -> Result<T, E> {
    let mut is_said = false;
    loop {
        match attempt().await {
            Err(error) if is_passing(&error) => {}
            outcome => return outcome,
        }
        if !is_said {
            is_said = true;
            tracing::warn!(target: "roomwire::step", code = "files_wait",
                "too many files and connections are open: transfers wait until some are closed");
        }
        tokio::time::sleep(OUT_OF_DESCRIPTORS_PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::place::tests::Failing;
    use super::*;

    const ORIGIN: &str = "roomwire://192.168.1.24:27182";

    /// A whole and checked file in a folder of its own, and a spare folder beside it.
    struct Bench {
        root: tempfile::TempDir,
        partial: Partial,
    }

    impl Bench {
        async fn new() -> Bench {
            let root = tempfile::tempdir().unwrap();
            let partial = whole(&root.path().join("to"), b"content").await;
            Bench { root, partial }
        }

        fn to(&self) -> PathBuf {
            self.root.path().join("to")
        }

        fn spare(&self) -> PathBuf {
            self.root.path().join("spare")
        }

        async fn finish(&mut self, naming: &impl Naming, name: &str) -> Result<PathBuf, FileError> {
            let spare = self.spare();
            self.partial.finish_by(naming, name, ORIGIN, &spare).await
        }
    }

    async fn whole(folder: &Path, content: &[u8]) -> Partial {
        let mut partial = Partial::begin(folder, content.len() as u64).unwrap();
        partial.write(content).await.unwrap();
        partial
            .check(FileHash(*blake3::hash(content).as_bytes()))
            .unwrap();
        partial
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn a_file_never_takes_another_ones_place() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.txt"), "old").unwrap();
        for (content, name) in [("one", "a (2).txt"), ("two", "a (3).txt")] {
            let mut partial = whole(folder.path(), content.as_bytes()).await;
            let path = partial.finish("../a.txt", ORIGIN, folder.path()).await.unwrap();
            drop(partial);
            assert_eq!(path, folder.path().join(name));
            assert_eq!(std::fs::read_to_string(path).unwrap(), content);
        }
        assert_eq!(
            std::fs::read_to_string(folder.path().join("a.txt")).unwrap(),
            "old"
        );
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_file_gets_its_name_whatever_the_file_system_cannot_do() {
        let no_noreplace = || Failing {
            rename_new: Some(libc::EINVAL),
            ..Failing::default()
        };
        let no_rename = || Failing {
            rename_new: Some(libc::EPERM),
            rename_over: Some(libc::EXDEV),
            ..Failing::default()
        };
        for naming in [no_noreplace(), no_rename()] {
            let mut bench = Bench::new().await;
            std::fs::write(bench.to().join("a.txt"), "old").unwrap();
            let path = bench.finish(&naming, "a.txt").await.unwrap();
            assert_eq!(path, bench.to().join("a (2).txt"));
            assert_eq!(std::fs::read(&path).unwrap(), b"content");
            assert_eq!(std::fs::read(bench.to().join("a.txt")).unwrap(), b"old");
            drop(bench.partial);
            assert_eq!(names(path.parent().unwrap()), ["a (2).txt", "a.txt"]);
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_name_that_the_file_system_does_not_take_is_shortened_and_then_made_plain() {
        let long = format!("{}.tar.gz", "字".repeat(60));
        for longest in [143, 60] {
            let naming = Failing {
                longest: Some(longest),
                ..Failing::default()
            };
            let mut bench = Bench::new().await;
            let path = bench.finish(&naming, &long).await.unwrap();
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(name.len() <= longest && name.ends_with("字.gz"), "{name}");
        }
        let naming = Failing {
            ascii_only: true,
            ..Failing::default()
        };
        let mut bench = Bench::new().await;
        let path = bench.finish(&naming, "实验二.zip").await.unwrap();
        assert_eq!(path, bench.to().join("___.zip"));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_whole_file_that_cannot_be_placed_is_kept_elsewhere_and_placed_later() {
        for errno in [libc::EROFS, libc::EACCES, libc::EIO, libc::ENOSPC, libc::EDQUOT] {
            let naming = Failing {
                rename_new: Some(errno),
                claim: Some(errno),
                ..Failing::default()
            };
            let mut bench = Bench::new().await;
            // Neither in the folder nor beside it: it stays where it is.
            let error = bench.finish(&naming, "a.txt").await.unwrap_err();
            let FileError::NotPlaced { kept, folder, .. } = &error else {
                panic!("{error}")
            };
            assert_eq!(
                (folder, std::fs::read(kept).unwrap()),
                (&bench.to(), b"content".into())
            );
            assert!(!error.is_final());
            let path = bench.finish(&System, "a.txt").await.unwrap();
            assert_eq!(path, bench.to().join("a.txt"));
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_folder_that_is_no_folder_any_more_costs_nothing() {
        let mut bench = Bench::new().await;
        std::fs::remove_dir_all(bench.to()).unwrap();
        std::fs::write(bench.to(), "a file in the folder's place").unwrap();
        let error = bench.finish(&System, "a.txt").await.unwrap_err();
        let kept = bench.spare().join("a.txt");
        assert!(error.to_string().contains(kept.to_str().unwrap()), "{error}");
        assert_eq!(std::fs::read(&kept).unwrap(), b"content");
        // It is there for good, and moved when the folder is back.
        drop(std::mem::replace(
            &mut bench.partial,
            whole(&bench.root.path().join("else"), b"x").await,
        ));
        assert_eq!(std::fs::read(&kept).unwrap(), b"content");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_file_system_that_cannot_sync_is_taken_at_its_word() {
        let mut bench = Bench::new().await;
        // It answers EINVAL, as some file systems in user space do.
        let null = std::fs::File::open("/dev/null").unwrap();
        assert_eq!(null.sync_all().unwrap_err().kind(), io::ErrorKind::InvalidInput);
        bench.partial.file = File::from_std(null);
        let path = bench.finish(&System, "a.txt").await.unwrap();
        assert_eq!(std::fs::read(path).unwrap(), b"content");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_folder_that_was_removed_is_made_again_for_the_whole_file() {
        let mut bench = Bench::new().await;
        std::fs::remove_dir_all(bench.to()).unwrap();
        let path = bench.finish(&System, "a.txt").await.unwrap();
        assert_eq!(std::fs::read(path).unwrap(), b"content");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_received_file_may_be_read_by_whom_the_umask_lets() {
        use std::os::unix::fs::PermissionsExt;
        let mut bench = Bench::new().await;
        let plain = bench.root.path().join("plain");
        std::fs::File::create(&plain).unwrap();
        let path = bench.finish(&System, "a.txt").await.unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&plain));
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
        let path = partial.finish("a", ORIGIN, folder.path()).await.unwrap();
        assert!(std::fs::read(path).unwrap() == vec![7; 2 * piece.len()]);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_disk_that_is_full_in_the_middle_costs_only_what_did_not_fit() {
        let folder = tempfile::tempdir().unwrap();
        let mut partial = Partial::begin(folder.path(), 10).unwrap();
        partial.write(b"12345").await.unwrap();
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let file = std::mem::replace(&mut partial.file, File::from_std(full));
        let error = partial.write(b"67890").await.unwrap_err();
        assert!(matches!(error, FileError::DiskFull { kept: 5, .. }), "{error}");
        assert!(!error.is_final());
        // With room again it goes on.
        partial.file = file;
        partial.write(b"67890").await.unwrap();
        let path = partial.finish("a", ORIGIN, folder.path()).await.unwrap();
        assert_eq!(std::fs::read(path).unwrap(), b"1234567890");
    }

    #[test]
    fn no_room_is_known_before_a_byte_comes() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            Partial::begin(folder.path(), u64::MAX),
            Err(FileError::NoRoom { .. })
        ));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_system_that_takes_no_longer_file_is_no_full_disk() {
        let of = |errno| in_words(Path::new("/a/b"), 1, &io::Error::from_raw_os_error(errno));
        assert!(matches!(of(libc::EFBIG), FileError::TooLong { .. }));
        assert!(matches!(of(libc::ENOSPC), FileError::DiskFull { kept: 1, .. }));
        assert!(matches!(of(libc::EMFILE), FileError::TooManyOpen));
        let fat = FileError::TooLong {
            folder: "/stick".into(),
            longest: Some(u64::from(u32::MAX)),
        };
        assert!(fat.to_string().contains("4 GiB"), "{fat}");
    }
}
