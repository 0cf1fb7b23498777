//! A transfer of ours as the data plane keeps it, and why an attempt ends.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use netcore_proto::files::FileInfo;
use netcore_proto::session::RefusalCode;
use netcore_proto::wire::Direction;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::original::Original;
use super::view::{TransferState, TransferView};
use crate::error::FileError;
use crate::shared::DialError;
use crate::store::disk::PartialFile;

/// A transfer of ours.
pub(crate) struct Transfer {
    pub(super) info: FileInfo,
    pub(super) direction: Direction,
    pub(super) end: End,
    pub(super) state: Mutex<TransferState>,
    /// Ends the present run; a new one begins at resume.
    pub(super) run: Mutex<CancellationToken>,
    /// What has come so far, between runs.
    pub(super) partial: tokio::sync::Mutex<Option<PartialFile>>,
}

/// What a transfer moves bytes out of or into on this computer.
pub(super) enum End {
    /// Sending: the file.
    File(Arc<Original>),
    /// Fetching: the folder.
    Folder(PathBuf),
}

/// Why one attempt to move bytes ended.
pub(super) enum Attempt {
    /// For good, or until a person tries again.
    Failed(FileError),
    /// The connection broke, or the other side cannot go on right now: it is tried again.
    Broken,
}

impl From<io::Error> for Attempt {
    fn from(_: io::Error) -> Attempt {
        Attempt::Broken
    }
}

impl From<FileError> for Attempt {
    fn from(error: FileError) -> Attempt {
        Attempt::Failed(error)
    }
}

impl From<DialError> for Attempt {
    fn from(error: DialError) -> Attempt {
        match error {
            DialError::Io(_) => Attempt::Broken,
            DialError::Refused(refusal) if refusal.code == RefusalCode::Busy => {
                tracing::warn!(target: "roomwire::step", code = "file_waits", %refusal,
                    "a transfer waits, for the host says: {refusal}");
                Attempt::Broken
            }
            DialError::Refused(refusal) => Attempt::Failed(FileError::Refused(refusal)),
        }
    }
}

impl Transfer {
    /// One that begins, from or to `end`, with what has come of it already.
    pub(super) fn new(info: FileInfo, end: End, partial: Option<PartialFile>) -> Arc<Transfer> {
        Arc::new(Transfer {
            direction: match end {
                End::File(_) => Direction::Up,
                End::Folder(_) => Direction::Down,
            },
            end,
            state: Mutex::new(TransferState::Running {
                done: partial.as_ref().map_or(0, PartialFile::received),
                rate: None,
                remaining: None,
            }),
            run: Mutex::default(),
            partial: tokio::sync::Mutex::new(partial),
            info,
        })
    }

    /// The file that is sent.
    pub(super) fn original(&self) -> Result<Arc<Original>, FileError> {
        match &self.end {
            End::File(original) => Ok(original.clone()),
            End::Folder(_) => Err(FileError::Gone(self.info.id)),
        }
    }

    /// Whether fetching it into `folder` begins anew: it failed, and into another one it may not.
    pub(super) fn may_go_elsewhere(&self, folder: &Path) -> bool {
        let is_failed = matches!(&*self.state.lock(), TransferState::Failed { .. });
        is_failed && self.folder().is_ok_and(|present| present != folder)
    }

    /// Whether what has come is whole and only its place is wanting.
    pub(super) async fn is_whole(&self) -> bool {
        self.partial
            .lock()
            .await
            .as_ref()
            .is_some_and(PartialFile::is_whole)
    }

    /// Whether it is over, and nothing of it is on the disk that waits for its place.
    pub(super) fn may_be_forgotten(&self) -> bool {
        let is_over = {
            let state = self.state.lock();
            state.is_over() || matches!(&*state, TransferState::Failed { .. })
        };
        is_over && self.partial.try_lock().is_ok_and(|partial| partial.is_none())
    }

    /// Hands over what has come when it is whole and only its place is wanting, for `folder`.
    pub(super) async fn take_whole(&self, folder: &Path) -> Option<PartialFile> {
        let mut partial = self.partial.lock().await.take().filter(PartialFile::is_whole)?;
        partial.set_folder(folder);
        Some(partial)
    }

    /// The folder that is fetched into.
    pub(super) fn folder(&self) -> Result<&Path, FileError> {
        match &self.end {
            End::Folder(folder) => Ok(folder),
            End::File(_) => Err(FileError::Gone(self.info.id)),
        }
    }

    pub(super) fn view(&self) -> TransferView {
        TransferView {
            file: self.info.id,
            direction: self.direction,
            size: self.info.size,
            state: self.state.lock().clone(),
        }
    }
}
