//! Where a profile keeps its things.

use std::path::{Path, PathBuf};
use std::{fs, io};

use directories::{ProjectDirs, UserDirs};
use netcore_proto::files::safe_name;

/// The environment variable that puts everything below one folder, for tests and portable use.
pub const HOME_VARIABLE: &str = "ROOMWIRE_HOME";

/// The folders of one profile: settings and identity, logs, what is coming, and what has been received.
#[derive(Clone, Debug)]
pub struct Folders {
    config: PathBuf,
    logs: PathBuf,
    spool: PathBuf,
    unplaced: PathBuf,
    downloads: PathBuf,
}

/// A folder cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The system does not say where a user's things belong.
    #[error("the system does not say where settings belong: set {HOME_VARIABLE} to a folder of your choice")]
    NoHome,
    /// The name would leave the profiles' folder.
    #[error("\"{0}\" cannot be a profile's name: use letters, digits, - and _")]
    BadName(String),
    /// It cannot be made.
    #[error("the folder {} cannot be made: {source}", path.display())]
    Make {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Folders {
    /// The folders of the profile `name`, or of the nameless one, made if they are not there.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn for_profile(name: Option<&str>) -> Result<Folders, FolderError> {
        if let Some(name) = name.filter(|name| !is_plain(name)) {
            return Err(FolderError::BadName(name.to_owned()));
        }
        if let Some(home) = std::env::var_os(HOME_VARIABLE) {
            let home = PathBuf::from(home);
            return Folders::at(name.map_or_else(|| home.join("default"), |name| home.join(name)));
        }
        let project = ProjectDirs::from("", "", "roomwire").ok_or(FolderError::NoHome)?;
        let user = UserDirs::new().ok_or(FolderError::NoHome)?;
        let below =
            |base: &Path| name.map_or_else(|| base.to_owned(), |name| base.join("profiles").join(name));
        let downloads = user.download_dir().unwrap_or_else(|| user.home_dir());
        Folders {
            config: below(project.config_dir()),
            logs: below(project.data_local_dir()).join("logs"),
            spool: below(project.data_local_dir()).join("spool"),
            unplaced: below(project.data_local_dir()).join("unplaced"),
            downloads: downloads
                .join(name.map_or_else(|| "Roomwire".to_owned(), |name| format!("Roomwire-{name}"))),
        }
        .made()
    }

    /// Everything below `root`.
    ///
    /// # Errors
    /// [`FolderError::Make`].
    pub fn at(root: impl AsRef<Path>) -> Result<Folders, FolderError> {
        let root = root.as_ref();
        Folders {
            config: root.join("config"),
            logs: root.join("logs"),
            spool: root.join("spool"),
            unplaced: root.join("unplaced"),
            downloads: root.join("downloads"),
        }
        .made()
    }

    /// Identity, settings, known rooms.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// Rotating log files.
    pub fn logs(&self) -> &Path {
        &self.logs
    }

    /// Files that the host keeps for others.
    pub fn spool(&self) -> &Path {
        &self.spool
    }

    /// Received files that are whole and could not be put where they belong. It is made when there is one.
    pub fn unplaced(&self) -> &Path {
        &self.unplaced
    }

    /// Where received files go unless another folder is chosen. It is made when the first file comes.
    pub fn downloads(&self) -> &Path {
        &self.downloads
    }

    fn made(self) -> Result<Folders, FolderError> {
        for path in [&self.config, &self.logs, &self.spool] {
            make_private(path).map_err(|source| FolderError::Make {
                path: path.clone(),
                source,
            })?;
        }
        Ok(self)
    }
}

/// Makes a folder that only its owner may look into, also when it is there already.
fn make_private(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let metadata = fs::metadata(path)?;
        if metadata.mode() & 0o077 != 0 {
            // Another user's folder, or a disk without modes, is as good as it is.
            let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o700));
        }
    }
    Ok(())
}

fn is_plain(name: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let is_short = !name.is_empty() && name.chars().count() <= 64;
    // On Windows a folder cannot be named as a device is, such as `con`.
    is_short && name.chars().all(is_plain) && safe_name(name) == name
}

/// Writes a file so that a reader sees the old content or the new, never half of it.
///
/// # Errors
/// Whatever the system says; the old content is untouched then.
pub fn write_atomically(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut file, content)?;
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_cannot_leave_its_place() {
        for bad in ["..", "a/b", "", "a b", "C:", "con", "Nul", "COM1"] {
            assert!(
                matches!(Folders::for_profile(Some(bad)), Err(FolderError::BadName(_))),
                "{bad:?}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_the_programs_own_is_nobody_elses_to_see() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        fs::create_dir(root.path().join("logs")).unwrap();
        fs::set_permissions(root.path().join("logs"), fs::Permissions::from_mode(0o755)).unwrap();
        let folders = Folders::at(root.path()).unwrap();
        for path in [folders.config(), folders.logs(), folders.spool()] {
            assert_eq!(mode(path), 0o700, "{}", path.display());
        }
    }

    #[test]
    fn writing_replaces_the_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        write_atomically(&path, b"a longer first version").unwrap();
        write_atomically(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
