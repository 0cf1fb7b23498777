//! Files that a person names for what this program makes: there whole, or as they were before.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Has `write` write the file's whole content, beside it, and puts it in its place only then: when the disk is full, what was there
/// before stays. Who may read a new file is what the system says of any; a link stays, and what it names is replaced. What is no
/// regular file, such as a pipe, is written to as it is, and so is a file whose folder takes no other.
///
/// # Errors
/// Whatever the system says.
pub fn save(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let named = path.canonicalize();
    let path = named.as_deref().unwrap_or(path);
    let present = path.metadata().ok();
    if present.as_ref().is_some_and(|present| !present.is_file()) {
        return write_in_place(path, write);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let file = match builder().tempfile_in(folder.unwrap_or(Path::new("."))) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return write_in_place(path, write),
        made => made?,
    };
    if let Some(present) = present {
        file.as_file().set_permissions(present.permissions())?;
    }
    let mut out = BufWriter::new(file);
    write(&mut out)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

fn write_in_place(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    write(&mut out)?;
    out.flush()
}

fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The umask takes away what it takes from every new file.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_stays_until_the_new_content_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.csv");
        save(&path, |out| out.write_all(b"yesterday")).unwrap();
        let failed = save(&path, |out| {
            out.write_all(b"half of toda")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(std::fs::read(&path).unwrap(), b"yesterday");
        save(&path, |out| out.write_all(b"today")).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"today");
        let names = std::fs::read_dir(folder.path()).unwrap();
        assert_eq!(names.count(), 1, "nothing else is left");
    }

    #[cfg(unix)]
    #[test]
    fn links_modes_and_pipes_stay_what_they_are() {
        use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (file, link, plain) = (
            folder.path().join("file"),
            folder.path().join("link"),
            folder.path().join("plain"),
        );
        std::fs::write(&file, "old").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&file, &link).unwrap();
        save(&link, |out| out.write_all(b"new")).unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&file), 0o640);
        save(&plain, |out| out.write_all(b"new")).unwrap();
        std::fs::write(folder.path().join("usual"), "").unwrap();
        assert_eq!(mode(&plain), mode(&folder.path().join("usual")));
        save(Path::new("/dev/null"), |out| out.write_all(b"gone")).unwrap();
        assert!(
            Path::new("/dev/null")
                .metadata()
                .unwrap()
                .file_type()
                .is_char_device()
        );
    }
}
