//! A file of ours that is on offer. It stays where it is and belongs to its user, so whether it is still what was offered is
//! looked at whenever it is given to anybody.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use netcore_proto::files::FileHash;
use parking_lot::Mutex;
use tempfile::TempPath;
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::record::CHUNK_BYTES;
use crate::error::FileError;
use crate::store::disk::{is_out_of_descriptors, with_descriptors};

/// Files up to this length are read when they are offered, to see whether they are as long as the system says: those that the
/// system makes up as they are read (`/proc`, `/sys`) are not.
const LOOKED_INTO: u64 = 64 * 1024;
/// A file whose length the system does not say is taken down at once, up to this many bytes and for this long.
const MAX_SNAPSHOT: u64 = 64 * 1024 * 1024;
const SNAPSHOT_TIMEOUT: Duration = Duration::from_secs(10);

const CHANGED: &str = "was changed since it was offered";
const GONE: &str = "was deleted or moved since it was offered";

/// A file of ours as it was when it was offered.
#[derive(Debug)]
pub(crate) struct Original {
    path: PathBuf,
    size: u64,
    stamp: Mutex<Stamp>,
    /// Deleted with the offer when the file is a copy made for it.
    _snapshot: Option<TempPath>,
}

/// By what a file is recognised without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
    /// Where the system says so.
    identity: Option<Identity>,
}

/// Which file of which disk, and when anything of it last changed: a program that sets the time of modification back cannot
/// set that one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Identity {
    disk: u64,
    file: u128,
    changed: (i64, i64),
}

impl Stamp {
    async fn of(file: &File) -> io::Result<Stamp> {
        let metadata = file.metadata().await?;
        Ok(Stamp {
            size: metadata.len(),
            modified: metadata.modified().ok(),
            identity: identity(file, &metadata),
        })
    }
}

#[cfg(unix)]
fn identity(_file: &File, metadata: &std::fs::Metadata) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    Some(Identity {
        disk: metadata.dev(),
        file: metadata.ino().into(),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    })
}

/// The standard library has no stable name for these. FAT has neither.
#[cfg(windows)]
#[allow(unsafe_code)]
fn identity(file: &File, _metadata: &std::fs::Metadata) -> Option<Identity> {
    use std::os::windows::io::AsRawHandle;
    use windows_sys::Win32::Storage::FileSystem::{
        FILE_BASIC_INFO, FILE_ID_INFO, FILE_INFO_BY_HANDLE_CLASS, FileBasicInfo, FileIdInfo,
        GetFileInformationByHandleEx,
    };
    fn ask<T: Default>(file: &File, class: FILE_INFO_BY_HANDLE_CLASS) -> Option<T> {
        let mut answer = T::default();
        // SAFETY: the handle is open while `file` is borrowed, and the system writes at most as many bytes as are said, which
        // are those of the structure that `class` stands for.
        let outcome = unsafe {
            GetFileInformationByHandleEx(
                file.as_raw_handle(),
                class,
                (&raw mut answer).cast(),
                size_of::<T>() as u32,
            )
        };
        (outcome != 0).then_some(answer)
    }
    let (id, basic) = (
        ask::<FILE_ID_INFO>(file, FileIdInfo)?,
        ask::<FILE_BASIC_INFO>(file, FileBasicInfo)?,
    );
    Some(Identity {
        disk: id.VolumeSerialNumber,
        file: u128::from_le_bytes(id.FileId.Identifier),
        changed: (basic.ChangeTime, 0),
    })
}

#[cfg(not(any(unix, windows)))]
fn identity(_file: &File, _metadata: &std::fs::Metadata) -> Option<Identity> {
    None
}

impl Original {
    /// Looks at the file that is to be offered. One whose length is not known beforehand is copied into `spool`.
    ///
    /// # Errors
    /// [`FileError::Unreadable`] for what is no file, cannot be read, or has no end.
    pub(crate) async fn look_at(path: &Path, spool: &Path) -> Result<Original, FileError> {
        let unreadable = |why: String| FileError::Unreadable {
            path: path.to_owned(),
            why,
        };
        let failed = |error: io::Error| unreadable(error.to_string());
        refuse_special(&tokio::fs::metadata(path).await.map_err(failed)?).map_err(unreadable)?;
        let mut file = open(path).await.map_err(failed)?;
        let metadata = file.metadata().await.map_err(failed)?;
        // It may be another one by now.
        refuse_special(&metadata).map_err(unreadable)?;
        let size = metadata.len();
        if size <= LOOKED_INTO {
            let mut content = Vec::new();
            let read = (&mut file).take(size + 1).read_to_end(&mut content).await;
            read.map_err(failed)?;
            if content.len() as u64 != size {
                return snapshot(path, file, content, spool).await;
            }
        }
        Ok(Original {
            path: path.to_owned(),
            size,
            stamp: Mutex::new(Stamp::of(&file).await.map_err(failed)?),
            _snapshot: None,
        })
    }

    /// In bytes, as offered.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Opens the file, as often as it takes while too many are open. With its `hash`, a file that only looks changed is read to see
    /// whether it is.
    ///
    /// # Errors
    /// [`FileError::Changed`] when it is not what was offered; [`FileError::Unreadable`].
    pub(crate) async fn open(&self, hash: Option<FileHash>) -> Result<File, FileError> {
        let file = self.open_anything().await?;
        self.check(&file, hash).await?;
        Ok(file)
    }

    /// Whether `file`, which was opened before, is still what was offered; see [`Original::open`].
    pub(crate) async fn check(&self, file: &File, hash: Option<FileHash>) -> Result<(), FileError> {
        let stamp = Stamp::of(file).await.map_err(|error| self.failed(&error))?;
        if *self.stamp.lock() == stamp {
            return Ok(());
        }
        // Touched, moved to another disk and back, linked, or served by a file system that numbers its files anew: the content
        // counts.
        let is_same = match hash {
            Some(hash) if stamp.size == self.size => self.content_is(hash).await?,
            _ => false,
        };
        if !is_same {
            return Err(self.changed());
        }
        *self.stamp.lock() = stamp;
        Ok(())
    }

    /// Reads the whole file to see whether its content is still what was offered.
    pub(crate) async fn content_is(&self, hash: FileHash) -> Result<bool, FileError> {
        let mut file = self.open_anything().await?;
        let mut hasher = blake3::Hasher::new();
        let (mut chunk, mut read) = (vec![0; CHUNK_BYTES], 0);
        loop {
            let length = file.read(&mut chunk).await.map_err(|error| self.failed(&error))?;
            read += length as u64;
            if length == 0 || read > self.size {
                break;
            }
            hasher.update(&chunk[..length]);
        }
        Ok(read == self.size && FileHash(*hasher.finalize().as_bytes()) == hash)
    }

    pub(crate) fn changed(&self) -> FileError {
        FileError::Changed {
            path: self.path.clone(),
            why: CHANGED,
        }
    }

    pub(crate) fn failed(&self, error: &io::Error) -> FileError {
        if error.kind() == io::ErrorKind::NotFound {
            return FileError::Changed {
                path: self.path.clone(),
                why: GONE,
            };
        }
        FileError::Unreadable {
            path: self.path.clone(),
            why: error.to_string(),
        }
    }

    async fn open_anything(&self) -> Result<File, FileError> {
        let opened = with_descriptors(|| open(&self.path), is_out_of_descriptors).await;
        opened.map_err(|error| self.failed(&error))
    }
}

/// Opens a file for reading. What has no content yet, such as a pipe that has taken a file's place, is not waited for.
async fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    options.custom_flags(libc::O_NONBLOCK);
    options.open(path).await
}

/// Says what stands there when it is no file.
fn refuse_special(metadata: &std::fs::Metadata) -> Result<(), String> {
    if metadata.is_file() {
        return Ok(());
    }
    let kind = if metadata.is_dir() {
        "it is a folder; pack it into one file, and offer that"
    } else {
        "it is not a file but a device, a pipe or a socket"
    };
    Err(kind.to_owned())
}

/// Takes a file down whose length the system does not say; `begun` has come of it.
async fn snapshot(path: &Path, file: File, mut begun: Vec<u8>, spool: &Path) -> Result<Original, FileError> {
    let unreadable = |why: &str| FileError::Unreadable {
        path: path.to_owned(),
        why: format!("its length is not known beforehand, and {why}"),
    };
    let rest = MAX_SNAPSHOT + 1 - begun.len() as u64;
    let mut rest = file.take(rest);
    let read = tokio::time::timeout(SNAPSHOT_TIMEOUT, rest.read_to_end(&mut begun));
    match read.await {
        Ok(Ok(_)) if begun.len() as u64 <= MAX_SNAPSHOT => {}
        Ok(Ok(_)) => return Err(unreadable("it is longer than 64 MiB")),
        Ok(Err(error)) => return Err(unreadable(&format!("it cannot be read to its end: {error}"))),
        Err(_) => return Err(unreadable("its end does not come")),
    }
    let store = async {
        let (copy, copied) = tempfile::NamedTempFile::new_in(spool)?.into_parts();
        let mut copy = File::from_std(copy);
        copy.write_all(&begun).await?;
        copy.flush().await?;
        Ok((Stamp::of(&copy).await?, copied))
    };
    let (stamp, copied) = store
        .await
        .map_err(|error: io::Error| unreadable(&format!("it cannot be copied: {error}")))?;
    Ok(Original {
        path: copied.to_path_buf(),
        size: begun.len() as u64,
        stamp: Mutex::new(stamp),
        _snapshot: Some(copied),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(content: &[u8]) -> Option<FileHash> {
        Some(FileHash(*blake3::hash(content).as_bytes()))
    }

    async fn offered(content: &str) -> (tempfile::TempDir, PathBuf, Original) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        std::fs::write(&path, content).unwrap();
        let original = Original::look_at(&path, folder.path()).await.unwrap();
        (folder, path, original)
    }

    #[tokio::test]
    async fn another_content_is_noticed_by_whatever_gives_it_away() {
        let (_folder, path, original) = offered("first").await;
        original.open(hash(b"first")).await.unwrap();
        let modified = path.metadata().unwrap().modified().unwrap();
        // As long, and as old as it was.
        std::fs::write(&path, "other").unwrap();
        std::fs::File::options()
            .write(true)
            .open(&path)
            .and_then(|file| file.set_modified(modified - Duration::from_secs(1)))
            .unwrap();
        let error = original.open(hash(b"first")).await.unwrap_err();
        assert!(error.to_string().contains(CHANGED), "{error}");
        std::fs::write(&path, "longer").unwrap();
        assert!(matches!(
            original.open(hash(b"first")).await,
            Err(FileError::Changed { .. })
        ));
        std::fs::remove_file(&path).unwrap();
        let error = original.open(hash(b"first")).await.unwrap_err();
        assert!(error.to_string().contains(GONE), "{error}");
    }

    #[tokio::test]
    async fn a_file_that_is_made_to_look_old_is_noticed() {
        let (_folder, path, original) = offered("first").await;
        let modified = path.metadata().unwrap().modified().unwrap();
        std::fs::write(&path, "other").unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(modified).unwrap();
        assert_eq!(file.metadata().unwrap().modified().unwrap(), modified);
        assert!(matches!(
            original.open(hash(b"first")).await,
            Err(FileError::Changed { .. })
        ));
    }

    #[tokio::test]
    async fn the_same_content_is_no_change() {
        let (folder, path, original) = offered("first").await;
        let other = folder.path().join("b.txt");
        std::fs::write(&other, "first").unwrap();
        std::fs::rename(&other, &path).unwrap();
        // Before its hash is known, nothing says that it is the same.
        assert!(original.open(None).await.is_err());
        original.open(hash(b"first")).await.unwrap();
        original.open(None).await.unwrap();
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_link_to_something_else_is_not_followed_in_its_place() {
        let (folder, path, original) = offered("first").await;
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "xxxxx").unwrap();
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(&secret, &path).unwrap();
        assert!(matches!(
            original.open(hash(b"first")).await,
            Err(FileError::Changed { .. })
        ));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn what_the_system_makes_up_is_taken_down_or_refused() {
        let spool = tempfile::tempdir().unwrap();
        let original = Original::look_at(Path::new("/proc/version"), spool.path()).await;
        let original = original.unwrap();
        let mut content = String::new();
        let mut file = original.open(None).await.unwrap();
        file.read_to_string(&mut content).await.unwrap();
        assert_eq!(content, std::fs::read_to_string("/proc/version").unwrap());
        assert_eq!(original.size(), content.len() as u64);
        drop(original);
        assert_eq!(std::fs::read_dir(spool.path()).unwrap().count(), 0);
        for (special, words) in [("/dev/zero", "device"), ("/proc", "folder")] {
            let error = Original::look_at(Path::new(special), spool.path())
                .await
                .unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_pipe_is_refused_without_waiting_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let mode = rustix::fs::Mode::RUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        let error = Original::look_at(&path, folder.path()).await.unwrap_err();
        assert!(error.to_string().contains("pipe"), "{error}");
        tokio::time::timeout(Duration::from_secs(5), open(&path))
            .await
            .expect("it is not waited for")
            .unwrap();
    }
}
