//! A transfer of ours, as it is shown.

use std::path::PathBuf;

use netcore_proto::files::FileHash;
use netcore_proto::wire::Direction;
use netcore_proto::{FileId, Span};

use crate::error::FileError;

/// A transfer of ours, as it is shown.
#[derive(Clone, Debug)]
pub struct TransferView {
    /// Which file.
    pub file: FileId,
    /// Up: we send it; down: we fetch it.
    pub direction: Direction,
    /// The whole file's bytes.
    pub size: u64,
    /// How far it is.
    pub state: TransferState,
}

/// How far a transfer is.
#[derive(Clone, Debug)]
pub enum TransferState {
    /// It moves.
    Running {
        /// Bytes done.
        done: u64,
        /// Bytes per second lately; unknown at first.
        rate: Option<f64>,
        /// How long the rest takes at that rate.
        remaining: Option<Span>,
    },
    /// We stopped it for a while.
    Paused {
        /// Bytes done.
        done: u64,
    },
    /// The connection is gone; it goes on by itself.
    Interrupted {
        /// Bytes done.
        done: u64,
    },
    /// Whole and checked.
    Done {
        /// Where it is, on the receiving side.
        path: Option<PathBuf>,
        /// BLAKE3 of the content, as both sides computed it.
        hash: FileHash,
    },
    /// It cannot go on by itself.
    Failed {
        /// Bytes done.
        done: u64,
        /// Why.
        error: FileError,
    },
    /// We or the owner ended it.
    Cancelled,
}

impl TransferState {
    pub(super) fn is_over(&self) -> bool {
        matches!(self, TransferState::Done { .. } | TransferState::Cancelled)
    }

    pub(super) fn done(&self) -> u64 {
        match self {
            TransferState::Running { done, .. }
            | TransferState::Paused { done }
            | TransferState::Interrupted { done }
            | TransferState::Failed { done, .. } => *done,
            TransferState::Done { .. } | TransferState::Cancelled => 0,
        }
    }
}
