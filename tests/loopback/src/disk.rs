//! A disk of a few megabytes.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A file system of a bounded size, in memory.
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// A disk of `bytes` bytes; `None` where this user may not mount one.
    ///
    /// # Panics
    /// When root on Linux cannot mount it: a test that needs it must not be passed over there.
    pub fn new(bytes: u64) -> Option<SmallDisk> {
        if !cfg!(target_os = "linux") || !is_root() {
            return None;
        }
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let size = format!("size={bytes},mode=700");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "roomwire-test"])
            .arg(folder.path())
            .output()
            .expect("there is a mount");
        let words = String::from_utf8_lossy(&mounted.stderr);
        assert!(
            mounted.status.success(),
            "root cannot mount a small disk: {words}"
        );
        Some(SmallDisk { folder })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Takes all the room that is left. Removing the returned file gives it back.
    ///
    /// # Panics
    /// When it cannot be written at all.
    pub fn fill(&self) -> PathBuf {
        let path = self.path().join("filler");
        let mut filler = std::fs::File::create(&path).expect("a file can be made");
        for piece in [64 * 1024, 512, 1] {
            let zeros = vec![0; piece];
            while filler.write_all(&zeros).is_ok() {}
        }
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a task that still holds a file there must not keep the disk from being taken away.
        let unmounted = Command::new("umount")
            .arg("--lazy")
            .arg(self.folder.path())
            .status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("{} could not be unmounted", self.folder.path().display());
        }
    }
}

/// Whether this runs as one who may do anything.
fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
