//! Giving a whole file its name: never over another file, and never at the price of the file.
//!
//! Not every file system can rename without replacing, or has hard links (FUSE, shared folders of virtual machines, NFS): then
//! the name is claimed by an empty file, over which the whole one is renamed, or into which it is copied.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek};
use std::path::{Path, PathBuf};

use netcore_proto::files::{MAX_FILE_NAME_BYTES, safe_name, safe_name_within};

use super::{capacity, origin};

/// More files of one name than this in one folder are a mistake.
const MAX_NUMBERED: usize = 10_000;
/// How long names are tried, in bytes: what common file systems take, then what is left of that on encrypted ones (eCryptfs
/// takes 143), then what fits into a path that is nearly too long.
const NAME_BYTES: [usize; 5] = [MAX_FILE_NAME_BYTES, 143, 100, 60, 24];

/// What a file is renamed and claimed by: the system, or a test that makes it fail.
pub(super) trait Naming: Send + Sync {
    /// Renames without replacing.
    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes an empty file where there is none.
    fn claim(&self, path: &Path) -> io::Result<()>;
    /// Renames, replacing.
    fn rename_over(&self, from: &Path, to: &Path) -> io::Result<()>;
}

/// The system's own.
pub(super) struct System;

impl Naming for System {
    #[cfg(not(windows))]
    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut path = tempfile::TempPath::try_from_path(from)?;
        path.disable_cleanup(true);
        path.persist_noclobber(to).map_err(|error| error.error)
    }

    /// `tempfile` takes no path of more than 259 characters here, and leaves a file that it could not rename marked as
    /// temporary, which programs that back files up pass over.
    #[cfg(windows)]
    #[allow(unsafe_code)]
    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        use std::os::windows::ffi::OsStrExt;
        use windows_sys::Win32::Storage::FileSystem::MoveFileExW;
        // The folder's path becomes a verbatim one (`\\?\`), which may be of any length.
        let wide = |path: &Path| -> Vec<u16> {
            let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
            let whole = folder
                .zip(path.file_name())
                .map(|(folder, name)| folder.join(name));
            let whole = whole.unwrap_or_else(|| path.to_owned());
            whole.as_os_str().encode_wide().chain([0]).collect()
        };
        let (from, to) = (wide(from), wide(to));
        // SAFETY: both strings end with a zero and live through the call.
        match unsafe { MoveFileExW(from.as_ptr(), to.as_ptr(), 0) } {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }

    fn claim(&self, path: &Path) -> io::Result<()> {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(path)
            .map(drop)
    }

    fn rename_over(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }
}

/// A whole file that has no name yet.
pub(super) struct Whole<'a> {
    /// Open for reading. It outlives the path.
    pub(super) file: &'a File,
    /// Where it is.
    pub(super) path: &'a Path,
    /// Where it came from.
    pub(super) origin: &'a str,
}

/// Gives it `name` in `folder`, which is made if need be, or a shorter or plainer name when the file system does not take that
/// one, with a number when there is such a file already. Returns its path; nothing is at the old one any more.
///
/// # Errors
/// The system's own; the whole file is where it was.
pub(super) async fn give_name(
    whole: &Whole<'_>,
    folder: &Path,
    name: &str,
    naming: &impl Naming,
) -> io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    origin::mark(whole.file, whole.path, whole.origin);
    let mut outcome = Err(io::ErrorKind::InvalidFilename.into());
    for (name, most) in spellings(name) {
        outcome = give_numbered_name(whole, folder, &name, most, naming).await;
        if !outcome.as_ref().is_err_and(is_about_the_name) {
            break;
        }
    }
    outcome
}

/// The names to try, each with its greatest length in bytes.
fn spellings(name: &str) -> impl Iterator<Item = (String, usize)> {
    let plain: String = name.chars().map(|c| if c.is_ascii() { c } else { '_' }).collect();
    let shorter = NAME_BYTES.map(|most| (safe_name(name), most));
    shorter.into_iter().chain([(safe_name(&plain), NAME_BYTES[4])])
}

/// Whether another name may do better.
fn is_about_the_name(error: &io::Error) -> bool {
    let is_about_the_name = matches!(
        error.kind(),
        io::ErrorKind::InvalidFilename | io::ErrorKind::InvalidInput
        // Windows, for a path that is too long.
        | io::ErrorKind::NotFound
    );
    // Characters that the file system cannot write.
    #[cfg(unix)]
    let is_about_the_name = is_about_the_name || error.raw_os_error() == Some(libc::EILSEQ);
    is_about_the_name
}

async fn give_numbered_name(
    whole: &Whole<'_>,
    folder: &Path,
    name: &str,
    most: usize,
    naming: &impl Naming,
) -> io::Result<PathBuf> {
    for number in 1..=MAX_NUMBERED {
        let candidate = folder.join(numbered(name, number, most));
        match place_at(whole, &candidate, naming).await {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            outcome => return outcome.map(|()| candidate),
        }
    }
    Err(io::Error::other("there are too many files of that name"))
}

async fn place_at(whole: &Whole<'_>, candidate: &Path, naming: &impl Naming) -> io::Result<()> {
    match naming.rename_new(whole.path, candidate) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {}
        outcome => return outcome,
    }
    naming.claim(candidate)?;
    let claim = Claim(Some(candidate.to_owned()));
    if naming.rename_over(whole.path, candidate).is_ok() {
        claim.fulfil();
        return Ok(());
    }
    let (file, origin) = (whole.file.try_clone()?, whole.origin.to_owned());
    let copied = tokio::task::spawn_blocking(move || copy(&file, &origin, claim)).await;
    copied.map_err(io::Error::other)??.fulfil();
    // It may be gone already, with its folder.
    let _ = std::fs::remove_file(whole.path);
    Ok(())
}

/// A name that is ours, and is given up again unless something comes of it.
struct Claim(Option<PathBuf>);

impl Claim {
    fn fulfil(mut self) {
        self.0 = None;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Copies `file` into the claimed one. One that does not wait for the end loses the claim, not the file.
fn copy(mut file: &File, origin: &str, claim: Claim) -> io::Result<Claim> {
    let path = claim.0.as_deref().unwrap_or(Path::new(""));
    let mut to = OpenOptions::new().write(true).open(path)?;
    let folder = path.parent().unwrap_or(path);
    let reservation = capacity::reserve(folder, &to, file.metadata()?.len());
    let _reservation = reservation.map_err(|error| io::Error::new(io::ErrorKind::StorageFull, error))?;
    file.rewind()?;
    io::copy(&mut file, &mut to)?;
    to.sync_all()?;
    origin::mark(&to, path, origin);
    Ok(claim)
}

/// `name` in at most `most` bytes, for numbers from two on as `name (2)`, before the extension.
fn numbered(name: &str, number: usize, most: usize) -> String {
    let name = safe_name_within(name, most);
    if number == 1 {
        return name;
    }
    let (stem, extension) = match name.rfind('.').filter(|dot| *dot > 0) {
        Some(dot) => name.split_at(dot),
        None => (name.as_str(), ""),
    };
    let suffix = format!(" ({number}){extension}");
    let end = stem.floor_char_boundary(most.saturating_sub(suffix.len()));
    format!("{}{suffix}", &stem[..end])
}

/// A file system on which some of it fails, as Unix numbers failures.
#[cfg(all(test, unix))]
pub(super) mod failing {
    use super::*;

    /// See above.
    #[derive(Default)]
    pub(in crate::store::disk) struct Failing {
        pub(in crate::store::disk) rename_new: Option<i32>,
        pub(in crate::store::disk) rename_over: Option<i32>,
        pub(in crate::store::disk) claim: Option<i32>,
        /// Names longer than this are too long, in bytes.
        pub(in crate::store::disk) longest: Option<usize>,
        /// Only names of this alphabet are.
        pub(in crate::store::disk) ascii_only: bool,
    }

    /// What the system says of a name that is too long, and of characters that the disk cannot write.
    #[cfg(unix)]
    const BAD_NAMES: (i32, i32) = (libc::ENAMETOOLONG, libc::EILSEQ);
    // ERROR_FILENAME_EXCED_RANGE and ERROR_INVALID_NAME
    #[cfg(windows)]
    const BAD_NAMES: (i32, i32) = (206, 123);

    fn failing(code: Option<i32>) -> io::Result<()> {
        code.map_or(Ok(()), |code| Err(io::Error::from_raw_os_error(code)))
    }

    impl Failing {
        fn judge(&self, path: &Path) -> io::Result<()> {
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .expect("a test's path ends in a name");
            if self.ascii_only && !name.is_ascii() {
                return failing(Some(BAD_NAMES.1));
            }
            let is_long = self.longest.is_some_and(|longest| name.len() > longest);
            failing(is_long.then_some(BAD_NAMES.0))
        }
    }

    impl Naming for Failing {
        fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
            self.judge(to)?;
            failing(self.rename_new)?;
            System.rename_new(from, to)
        }

        fn claim(&self, path: &Path) -> io::Result<()> {
            self.judge(path)?;
            failing(self.claim)?;
            System.claim(path)
        }

        fn rename_over(&self, from: &Path, to: &Path) -> io::Result<()> {
            failing(self.rename_over)?;
            System.rename_over(from, to)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numbered_name_keeps_its_extension_and_its_length() {
        assert_eq!(numbered("a.tar.gz", 2, 255), "a.tar (2).gz");
        assert_eq!(numbered("a", 12, 255), "a (12)");
        for most in NAME_BYTES {
            let name = numbered(&format!("{}.txt", "字".repeat(100)), 2, most);
            assert!(name.len() <= most && name.ends_with(" (2).txt"), "{name}");
        }
    }
}
