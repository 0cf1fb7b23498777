//! Files that a killed program left behind. A file that is coming is locked by the program that writes it, for as long as
//! that lives; what nobody holds a lock on belongs to nobody.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempPath;

use crate::clock;

const PREFIX: &str = ".roomwire-";
const SUFFIX: &str = ".part";
/// Where a file system has no locks, a file that nobody has written to for this long belongs to nobody.
const LEFT_BEHIND: Duration = Duration::from_secs(24 * 60 * 60);
/// A program that removes what was left behind may take a new file for such, for a moment; more often is no chance.
const TRIES: usize = 10;

/// Makes a hidden, empty file in `folder`, which is ours until it is closed. Who may read it is what the system says of any new
/// file (the umask on Unix).
pub(super) fn create(folder: &Path) -> io::Result<(File, TempPath)> {
    for _ in 0..TRIES {
        let made = tempfile::Builder::new()
            .prefix(PREFIX)
            .suffix(SUFFIX)
            .make_in(folder, create_new)?;
        let (file, path) = made.into_parts();
        if lock_new(&file, &path) {
            return Ok((file, path));
        }
    }
    Err(io::Error::other("a new file is removed at once"))
}

fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(windows)]
    {
        use std::os::windows::fs::OpenOptionsExt;
        // FILE_SHARE_READ and FILE_SHARE_WRITE without FILE_SHARE_DELETE: nobody removes it while we have it open. A lock would
        // keep ourselves from reading it through a second handle.
        options.share_mode(0x1 | 0x2);
    }
    options.open(path)
}

#[cfg(not(windows))]
fn lock_new(file: &File, path: &Path) -> bool {
    match file.try_lock() {
        // It was removed between its making and its locking when the path names nothing any more.
        Ok(()) => path.symlink_metadata().is_ok(),
        Err(TryLockError::WouldBlock) => false,
        // No locks on this file system.
        Err(TryLockError::Error(_)) => true,
    }
}

#[cfg(windows)]
fn lock_new(_file: &File, _path: &Path) -> bool {
    true
}

/// Removes from `folder` the unfinished files of programs that live no more, this one's and others'.
pub(crate) fn sweep(folder: &Path) {
    for path in entries(folder).filter(|path| is_part(path)) {
        if is_nobodys(&path) {
            remove(&path);
        }
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|entry| entry.path())
}

fn is_part(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str);
    name.is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX))
}

#[cfg(not(windows))]
fn is_nobodys(path: &Path) -> bool {
    // Over NFS only a file that is open for writing can be locked.
    let file = OpenOptions::new()
        .write(true)
        .open(path)
        .or_else(|_| File::open(path));
    match file.map(|file| file.try_lock()) {
        Ok(Ok(())) => true,
        Ok(Err(TryLockError::WouldBlock)) => false,
        Ok(Err(TryLockError::Error(_))) | Err(_) => is_old(path),
    }
}

/// A file that a program has open cannot be removed: trying is enough.
#[cfg(windows)]
fn is_nobodys(_path: &Path) -> bool {
    true
}

fn is_old(path: &Path) -> bool {
    let modified = path.symlink_metadata().and_then(|metadata| metadata.modified());
    modified.is_ok_and(|at| at + LEFT_BEHIND < clock::calendar())
}

fn remove(path: &Path) {
    match std::fs::remove_file(path) {
        Ok(()) => tracing::info!(path = %path.display(), "a file left behind is removed"),
        Err(error) => tracing::debug!(%error, path = %path.display(), "a file left behind cannot be removed"),
    }
}

/// A folder for files that others need from us, shared with other copies of the program on this profile: while one of them
/// lives, nothing in it is removed.
#[derive(Debug)]
pub(crate) struct SharedFolder {
    /// Its shared lock is what says that we live; `None` where there are no locks.
    _lock: Option<File>,
}

impl SharedFolder {
    /// Empties `folder` of what was left behind when no other copy uses it, and joins those who do.
    pub(crate) fn enter(folder: &Path) -> SharedFolder {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        let lock = options.open(folder.with_extension("lock")).ok();
        let outcome = lock.as_ref().map(File::try_lock);
        match outcome {
            Some(Ok(())) => entries(folder).for_each(|path| remove(&path)),
            Some(Err(TryLockError::WouldBlock)) => {}
            Some(Err(TryLockError::Error(_))) | None => {
                let old = entries(folder).filter(|path| is_old(path));
                old.for_each(|path| remove(&path));
            }
        }
        if let Some(lock) = &lock {
            let _ = lock.unlock();
            // Waits for another copy to be done with removing, at most.
            let _ = lock.lock_shared();
        }
        SharedFolder { _lock: lock }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left_in(folder: &Path) -> Vec<String> {
        let names = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_a_dead_program_left_goes_at_once_and_what_a_live_one_writes_stays() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".roomwire-Ab12.part"), "half").unwrap();
        std::fs::write(folder.path().join("notes.part"), "mine").unwrap();
        let (file, path) = create(folder.path()).unwrap();
        sweep(folder.path());
        let live = path.file_name().unwrap().to_str().unwrap().to_owned();
        assert_eq!(left_in(folder.path()), [live.as_str(), "notes.part"]);
        // As a program that is killed leaves it.
        drop(file);
        std::mem::forget(path);
        sweep(folder.path());
        assert_eq!(left_in(folder.path()), ["notes.part"]);
    }

    #[test]
    fn a_shared_folder_is_emptied_only_when_nobody_else_uses_it() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("spool");
        std::fs::create_dir(&folder).unwrap();
        let write = || std::fs::write(folder.join("kept"), "").unwrap();
        write();
        let first = SharedFolder::enter(&folder);
        assert_eq!(left_in(&folder), [""; 0]);
        write();
        let second = SharedFolder::enter(&folder);
        assert_eq!(left_in(&folder), ["kept"]);
        drop(first);
        let third = SharedFolder::enter(&folder);
        assert_eq!(left_in(&folder), ["kept"]);
        drop((second, third));
        let _fourth = SharedFolder::enter(&folder);
        assert_eq!(left_in(&folder), [""; 0]);
    }
}
