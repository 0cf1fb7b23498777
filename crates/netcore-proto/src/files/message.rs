//! What is said about files: offers, their states, and the limits of what they may claim.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::MAX_RECEIVERS;
use super::name::safe_name;
use crate::ground::person::{MAX_PEOPLE, sanitized_name};
use crate::ground::{FileId, MemberId, Refusal, text};
use crate::wire::{MAX_EXACT, MAX_UNIX_MS, Receive, WireError, at_most};

/// A file's BLAKE3 hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileHash(pub [u8; 32]);

impl fmt::Display for FileHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        blake3::Hash::from_bytes(self.0).to_hex().fmt(f)
    }
}

impl fmt::Debug for FileHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileHash({self})")
    }
}

impl Serialize for FileHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FileHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<FileHash, D::Error> {
        let text = String::deserialize(deserializer)?;
        blake3::Hash::from_hex(&text)
            .map(|hash| FileHash(*hash.as_bytes()))
            .map_err(serde::de::Error::custom)
    }
}

/// A file on offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileInfo {
    /// Its number in this room.
    pub id: FileId,
    /// Whose it is.
    pub owner: MemberId,
    /// Their name when they offered it.
    pub owner_name: String,
    /// A plain file name, made safe by [`safe_name`](super::safe_name).
    pub name: String,
    /// In bytes.
    pub size: u64,
    /// Its kind, as the owner says.
    pub mime: String,
    /// Whom it is for; empty means everybody.
    pub to: Vec<MemberId>,
    /// When it was offered, by the host's calendar, in milliseconds since 1970.
    pub at_unix_ms: u64,
    /// How far it is.
    pub state: FileState,
    /// Who has it whole and checked.
    pub received_by: Vec<MemberId>,
}

/// The most characters of words about why a file did not arrive.
const MAX_WHY_CHARS: usize = 500;

impl FileInfo {
    /// The file within the limits every room keeps. No peer's word is taken for the name: it becomes a path.
    pub(super) fn sanitized(self) -> Result<FileInfo, WireError> {
        let FileInfo {
            id,
            owner,
            owner_name,
            name,
            size,
            mime,
            mut to,
            at_unix_ms,
            state,
            mut received_by,
        } = self;
        to.truncate(MAX_PEOPLE);
        received_by.truncate(MAX_RECEIVERS);
        Ok(FileInfo {
            id,
            owner,
            owner_name: sanitized_name(&owner_name),
            name: safe_name(&name),
            size: at_most(size, MAX_EXACT, "size of a file")?,
            mime: sanitized_mime(&mime),
            to,
            at_unix_ms: at_most(at_unix_ms, MAX_UNIX_MS, "time of an offer")?,
            state: match state {
                FileState::Failed { why } => FileState::Failed {
                    why: text::line(&why, MAX_WHY_CHARS),
                },
                state @ (FileState::Uploading | FileState::Stored { .. } | FileState::Cancelled) => state,
            },
            received_by,
        })
    }

    /// The most bytes of JSON this can be: texts at most double by escapes, since they have no control characters, and a
    /// member's number has ten digits and a comma.
    pub(super) fn most_bytes(&self) -> usize {
        let why = match &self.state {
            FileState::Failed { why } => why.len(),
            _ => 0,
        };
        let texts = [self.owner_name.len(), self.name.len(), self.mime.len(), why];
        let members = self.to.len().saturating_add(self.received_by.len());
        let texts = texts.iter().sum::<usize>().saturating_mul(2);
        texts
            .saturating_add(members.saturating_mul(11))
            .saturating_add(500)
    }

    /// Whether `member` is meant to see it.
    pub fn is_for(&self, member: MemberId) -> bool {
        self.owner == member || self.to.is_empty() || self.to.contains(&member)
    }
}

/// A file's kind in at most 100 visible characters.
pub(super) fn sanitized_mime(mime: &str) -> String {
    mime.chars().filter(char::is_ascii_graphic).take(100).collect()
}

/// How far a file on offer is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FileState {
    /// Its owner is sending it to the host.
    Uploading,
    /// The host has it whole, and its hash is right.
    Stored {
        /// Of the whole content.
        hash: FileHash,
    },
    /// It did not arrive.
    Failed {
        /// In words.
        why: String,
    },
    /// Its owner or the host took it back.
    Cancelled,
}

/// What an owner says of a file it offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The owner's own number for it, growing.
    pub local: u64,
    /// The file's name.
    pub name: String,
    /// In bytes.
    pub size: u64,
    /// Its kind, such as `image/png`.
    pub mime: String,
    /// Whom it is for; empty means everybody.
    #[serde(default)]
    pub to: Vec<MemberId>,
}

/// What a member wants of the files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Request {
    /// I have a file.
    Offer(Offer),
    /// I take my file back.
    Cancel {
        /// Which.
        file: FileId,
    },
    /// I have that file, whole and checked.
    Received {
        /// Which.
        file: FileId,
    },
}

/// What the host notifies members of about files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Notice {
    /// To the owner: your offer has this number.
    Accepted {
        /// The owner's own number for it.
        local: u64,
        /// The file.
        file: FileInfo,
    },
    /// To the owner: your offer is not taken.
    Refused {
        /// The owner's own number for it.
        local: u64,
        /// Why.
        refusal: Refusal,
    },
    /// A member offers you a file.
    Offered(FileInfo),
    /// A file's state, or who has it, changed.
    Changed(FileInfo),
}

impl Offer {
    /// The offer within the limits every room keeps.
    pub(crate) fn sanitized(self) -> Result<Offer, WireError> {
        let Offer {
            local,
            name,
            size,
            mime,
            mut to,
        } = self;
        to.truncate(MAX_PEOPLE);
        Ok(Offer {
            local,
            name: safe_name(&name),
            size: at_most(size, MAX_EXACT, "size of a file")?,
            mime: sanitized_mime(&mime),
            to,
        })
    }
}

impl Receive for Request {
    fn sanitized(self) -> Result<Request, WireError> {
        Ok(match self {
            Request::Offer(offer) => Request::Offer(offer.sanitized()?),
            Request::Cancel { file } => Request::Cancel { file },
            Request::Received { file } => Request::Received { file },
        })
    }
}

impl Receive for Notice {
    fn sanitized(self) -> Result<Notice, WireError> {
        Ok(match self {
            Notice::Accepted { local, file } => Notice::Accepted {
                local,
                file: file.sanitized()?,
            },
            Notice::Refused { local, refusal } => Notice::Refused {
                local,
                refusal: refusal.sanitized(),
            },
            Notice::Offered(file) => Notice::Offered(file.sanitized()?),
            Notice::Changed(file) => Notice::Changed(file.sanitized()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_cannot_make_a_file_longer_than_a_room_has_them() {
        let everybody = || (0..100_000).map(MemberId).collect();
        let file = FileInfo {
            id: FileId(1),
            owner: MemberId(1),
            owner_name: "n".repeat(1_000),
            name: "../x\u{1b}".into(),
            size: MAX_EXACT,
            mime: "m\n".repeat(1_000),
            to: everybody(),
            at_unix_ms: 0,
            state: FileState::Failed {
                why: "w".repeat(10_000),
            },
            received_by: everybody(),
        };
        assert!(
            FileInfo {
                size: MAX_EXACT + 1,
                ..file.clone()
            }
            .sanitized()
            .is_err()
        );
        let clean = file.sanitized().unwrap();
        assert_eq!(
            (clean.name.as_str(), clean.owner_name.len(), clean.mime.len()),
            ("x_", 64, 100)
        );
        assert_eq!(
            (clean.to.len(), clean.received_by.len()),
            (MAX_PEOPLE, MAX_RECEIVERS)
        );
        assert!(matches!(&clean.state, FileState::Failed { why } if why.len() == MAX_WHY_CHARS));
        assert_eq!(clean.clone().sanitized().unwrap(), clean);
    }
}
