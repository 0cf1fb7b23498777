//! What the interface is given of what is offered.

use serde::Serialize;
use ts_rs::TS;

use crate::error::IpcError;

/// A file on offer.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileView {
    /// Its number in this room.
    pub id: u32,
    /// A plain, safe name.
    pub name: String,
    /// In bytes.
    pub size: u64,
    /// Its kind, such as "image/png".
    pub mime: String,
    /// Whose it is.
    pub owner: u32,
    /// Their name when they offered it.
    pub owner_name: String,
    /// Whether it is this window's person's.
    pub mine: bool,
    /// Whom it is for; empty: everyone.
    pub to: Vec<u32>,
    /// Who has it whole and checked.
    pub received_by: Vec<u32>,
    /// When it was offered, in milliseconds since 1970.
    pub at_ms: u64,
    /// How far it is, for this window's person.
    pub state: FileState,
    /// A data: URL of a small picture, for pictures that are on this computer.
    pub preview: Option<String>,
}

/// How far a file is, for this window's person.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub(crate) enum FileState {
    /// Someone offers it, and nothing has been decided.
    Offered,
    /// On its way, from here or to here.
    Transferring {
        /// Bytes that are through.
        done: u64,
        /// Bytes per second.
        rate: Option<f64>,
        /// At this rate.
        seconds_left: Option<f64>,
    },
    /// Stopped for now.
    Paused {
        /// Bytes that are through.
        done: u64,
    },
    /// Whole.
    Done {
        /// Where it is on this computer.
        path: Option<String>,
        /// Whether its BLAKE3 hash agreed.
        checked: bool,
    },
    /// Given up.
    Failed {
        /// Bytes that were through.
        done: u64,
        /// Why.
        error: IpcError,
    },
    /// This window's person does not want it.
    Declined,
    /// Taken back, or stopped.
    Cancelled,
}

/// What happens to what is offered.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(clippy::large_enum_variant)] // one exists at a time, on its way to becoming JSON
pub(crate) enum FilesEvent {
    /// A new file, or a changed one with the same number.
    File {
        /// As it is now.
        file: FileView,
    },
    /// It is no longer there.
    Removed {
        /// Which.
        id: u32,
    },
}
