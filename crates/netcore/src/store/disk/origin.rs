//! Marks on a received file that say where it came from, as browsers set them: so that the system warns before it starts a
//! program, opens a document without macros, or unpacks an archive of either.

use std::fs::File;
use std::path::Path;

/// Marks `file`, which is at `path`, as come from `origin`, an address such as `roomwire://192.168.1.24:27182`. A file system
/// that keeps no marks is none the worse for it.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn mark(file: &File, _path: &Path, origin: &str) {
    use rustix::fs::{XattrFlags, fsetxattr};
    // freedesktop.org, "Guidelines for extended attributes".
    let marked = fsetxattr(
        file,
        "user.xdg.origin.url",
        origin.as_bytes(),
        XattrFlags::empty(),
    );
    if let Err(error) = marked {
        tracing::debug!(%error, "the file system keeps no mark of where a file came from");
    }
}

/// See above.
#[cfg(target_os = "macos")]
pub(super) fn mark(file: &File, _path: &Path, _origin: &str) {
    use rustix::fs::{XattrFlags, fsetxattr};
    // Flags (downloaded, not yet looked at by the user), time in seconds since 1970 and program: what LaunchServices reads.
    let mark = format!("0081;{:08x};Roomwire;", crate::clock::unix_ms() / 1_000);
    let marked = fsetxattr(file, "com.apple.quarantine", mark.as_bytes(), XattrFlags::empty());
    if let Err(error) = marked {
        tracing::debug!(%error, "the file system keeps no mark of where a file came from");
    }
}

/// See above.
#[cfg(windows)]
pub(super) fn mark(_file: &File, path: &Path, origin: &str) {
    // Microsoft, [MS-FSCC] 5.6.1, "Zone.Identifier Stream Name"; zone 3 is the Internet.
    let mut stream = path.as_os_str().to_owned();
    stream.push(":Zone.Identifier");
    let mark = format!("[ZoneTransfer]\r\nZoneId=3\r\nHostUrl={origin}\r\n");
    if let Err(error) = std::fs::write(stream, mark) {
        tracing::debug!(%error, "the file system keeps no mark of where a file came from");
    }
}

/// See above.
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos", windows)))]
pub(super) fn mark(_file: &File, _path: &Path, _origin: &str) {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sets a mark of any kind, as a file system that keeps none will refuse.
    fn keeps_marks(path: &Path) -> bool {
        #[cfg(unix)]
        return rustix::fs::setxattr(path, "user.probe", b"1", rustix::fs::XattrFlags::empty()).is_ok();
        #[cfg(windows)]
        {
            let stream = format!("{}:probe", path.display());
            // Where there are no streams, a file of that name may be made.
            let files = || std::fs::read_dir(path.parent().unwrap()).unwrap().count();
            std::fs::write(&stream, "1").is_ok() && files() == 1
        }
    }

    fn mark_of(path: &Path) -> String {
        #[cfg(unix)]
        {
            let name = if cfg!(target_os = "macos") {
                "com.apple.quarantine"
            } else {
                "user.xdg.origin.url"
            };
            let mut value = [0; 100];
            let length = rustix::fs::getxattr(path, name, &mut value).unwrap();
            String::from_utf8(value[..length].to_vec()).unwrap()
        }
        #[cfg(windows)]
        return std::fs::read_to_string(format!("{}:Zone.Identifier", path.display())).unwrap();
    }

    #[test]
    fn a_received_file_says_where_it_came_from() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let file = File::create(&path).unwrap();
        if !keeps_marks(&path) {
            eprintln!("this file system keeps no marks");
            return;
        }
        mark(&file, &path, "roomwire://192.168.1.24:27182");
        let mark = mark_of(&path);
        if cfg!(target_os = "macos") {
            assert!(
                mark.starts_with("0081;") && mark.ends_with(";Roomwire;"),
                "{mark}"
            );
        } else {
            assert!(mark.contains("roomwire://192.168.1.24:27182"), "{mark}");
        }
    }
}
