//! What a face is given of what is offered.

use serde::Serialize;
use ts_rs::TS;

use crate::error::IpcError;
pub use crate::picks::Pick;

/// A file on offer.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FileView {
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
    /// 64 hexadecimal digits of its BLAKE3 hash, once the host has it whole or it is whole here.
    pub blake3: Option<String>,
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
pub enum FileState {
    /// Someone offers it, and nothing has been decided.
    Offered,
    /// In transfer, from here or to here.
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
        /// Whether it goes on by itself, once the connection is back.
        is_interrupted: bool,
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

/// What became of picks that were to be offered.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub struct OfferedView {
    /// Those that are on offer now.
    pub files: Vec<FileView>,
    /// Those that are not.
    pub failed: Vec<NotOffered>,
}

/// A pick that could not be offered.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub struct NotOffered {
    /// Its name without its folder.
    pub name: String,
    /// Why.
    pub error: IpcError,
}

/// What opening a file came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OpenedFile {
    /// The program that the system has for it was given it.
    Opened,
    /// It was shown in its folder, because a file of its kind may run a program.
    Shown,
}

/// Files that are dragged over the window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DragView {
    /// They came over it.
    Over,
    /// They went away again.
    Away,
    /// They were let go of.
    Dropped {
        /// What was dropped.
        picks: Vec<Pick>,
    },
}

/// What happens to what is offered.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(clippy::large_enum_variant)] // one exists at a time, about to becoming JSON
pub enum FilesEvent {
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
    /// Files are dragged over the window.
    Drag {
        /// How far they are.
        drag: DragView,
    },
}
