//! What it means that a disk does not take something.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::capacity;
use crate::error::FileError;

/// How often it is tried again to open a file while too many are open.
const OUT_OF_DESCRIPTORS_PAUSE: Duration = Duration::from_millis(250);

/// A failure to write `path`, of which `kept` bytes stay, in words for people.
pub(crate) fn in_words(path: &Path, kept: u64, error: &io::Error) -> FileError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FileError::DiskFull {
            path: path.to_owned(),
            kept,
        },
        io::ErrorKind::FileTooLarge => capacity::too_long(path.parent().unwrap_or(path)),
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
    // ERROR_TOO_MANY_OPEN_FILES, and WSAEMFILE for sockets.
    #[cfg(not(unix))]
    const TOO_MANY: [i32; 2] = [4, 10_024];
    error.raw_os_error().is_some_and(|code| TOO_MANY.contains(&code))
}

/// Waits for descriptors, and says so the first time.
#[derive(Default)]
pub(crate) struct DescriptorWait {
    is_said: bool,
}

impl DescriptorWait {
    /// Waits a while, after which it is worth another try.
    pub(crate) async fn wait(&mut self) {
        if !self.is_said {
            self.is_said = true;
            tracing::warn!(target: "roomwire::step", code = "files_wait",
                "too many files and connections are open: transfers wait until some are closed");
        }
        tokio::time::sleep(OUT_OF_DESCRIPTORS_PAUSE).await;
    }
}

/// Does what `attempt` does; while that fails for too many open files, says so once and tries again, for as long as it takes.
pub(crate) async fn with_descriptors<T, E, F: Future<Output = Result<T, E>>>(
    mut attempt: impl FnMut() -> F,
    is_passing: impl Fn(&E) -> bool,
) -> Result<T, E> {
    let mut descriptors = DescriptorWait::default();
    loop {
        match attempt().await {
            Err(error) if is_passing(&error) => descriptors.wait().await,
            outcome => return outcome,
        }
    }
}
