//! What a face is given of what is said.

use netcore::proto::MemberId;
use netcore::proto::chat::{Body, Entry};
use serde::Serialize;
use ts_rs::TS;

use crate::error::IpcError;
use crate::session::view::LeaveReason;

/// A line of the chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ChatEntry {
    /// Unique and stable in this window. Order of appearance is by `era`, then by `seq`, unsent ones last, then by `key`.
    pub key: u64,
    /// Counts the rooms at this address: it grows when the host begins anew.
    pub era: u32,
    /// The host's number; `null` until the receipt has come.
    pub seq: Option<u64>,
    /// What it says.
    pub body: ChatBody,
    /// Who it is from or about.
    pub from: u32,
    /// Their name when it was said.
    pub name: String,
    /// Their colour when it was said.
    pub colour: String,
    /// Their address when it was said.
    pub address: String,
    /// Whether this window's person said it.
    pub mine: bool,
    /// In milliseconds since 1970, by the host's clock, or by this computer's while unsent.
    pub at_ms: u64,
    /// How far it came.
    pub state: ChatState,
    /// Why it failed.
    pub error: Option<IpcError>,
}

/// What a [`ChatEntry`] says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChatBody {
    /// Words.
    Text {
        /// The words.
        text: String,
    },
    /// A member came.
    Joined,
    /// A member left.
    Left {
        /// Why.
        reason: LeaveReason,
    },
    /// The room was opened.
    Opened,
    /// The host began anew: what stands above was said in an earlier room.
    Anew,
}

/// How far a message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ChatState {
    /// Sent to the host, and without a receipt yet.
    Waiting,
    /// The host has it, and everybody who is here gets it.
    Delivered,
    /// The host did not take it.
    Failed,
}

/// What happens to what is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChatEvent {
    /// A new line, or a changed one with the same key.
    Entry {
        /// As it is now.
        entry: ChatEntry,
    },
    /// The whole history anew.
    Replaced {
        /// All there is.
        entries: Vec<ChatEntry>,
    },
}

impl ChatEntry {
    /// An entry of the room's log as `me` sees it. Its key and era are 0: it stands in no window's log yet.
    pub fn of(entry: &Entry, me: MemberId) -> ChatEntry {
        ChatEntry {
            key: 0,
            era: 0,
            seq: Some(entry.seq),
            body: match &entry.body {
                Body::Opened => ChatBody::Opened,
                Body::Joined => ChatBody::Joined,
                Body::Left { reason } => ChatBody::Left {
                    reason: (*reason).into(),
                },
                Body::Text { text } => ChatBody::Text { text: text.clone() },
            },
            from: entry.from.0,
            name: entry.name.clone(),
            colour: entry.colour.clone(),
            address: entry.address.to_string(),
            mine: entry.from == me,
            at_ms: entry.at_unix_ms,
            state: ChatState::Delivered,
            error: None,
        }
    }
}
