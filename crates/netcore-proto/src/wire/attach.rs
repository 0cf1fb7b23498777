//! How a data connection shows which member it belongs to, and what it carries.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{MAX_EXACT, Receive, WireError, at_most};
use crate::ground::{FileId, MemberId, Refusal, StreamId, hex};

/// What a member shows on every further connection to prove that it belongs to the one that was welcomed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AttachToken(pub [u8; 16]);

impl fmt::Debug for AttachToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AttachToken(…)")
    }
}

impl Serialize for AttachToken {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:032x}", u128::from_be_bytes(self.0)))
    }
}

impl<'de> Deserialize<'de> for AttachToken {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<AttachToken, D::Error> {
        let text = String::deserialize(deserializer)?;
        hex::bytes_of(&text)
            .map(AttachToken)
            .ok_or_else(|| serde::de::Error::custom("a token is 32 hexadecimal digits"))
    }
}

/// Which direction a data connection's payload flows, seen from the member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From the member to the host.
    Up,
    /// From the host to the member.
    Down,
}

/// What a data connection carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "carries", rename_all = "lowercase")]
pub enum Attachment {
    /// A file's bytes from `offset` on. An upload's offset is decided by the host in its reply.
    File {
        /// Which file.
        file: FileId,
        /// In which direction.
        direction: Direction,
        /// The first byte wanted.
        offset: u64,
    },
    /// A stream's frames.
    Video {
        /// Which stream.
        stream: StreamId,
        /// In which direction.
        direction: Direction,
    },
}

/// The first message on a data connection, from the member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attach {
    /// Who.
    pub member: MemberId,
    /// As given in the welcome.
    pub token: AttachToken,
    /// What.
    pub attachment: Attachment,
}

/// The host's answer to an [`Attach`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "lowercase")]
pub enum AttachReply {
    /// Go ahead.
    Ready {
        /// For a file: the offset of the first byte that will be sent or is wanted. Zero for video.
        offset: u64,
    },
    /// It cannot be; the connection closes.
    Refused(Refusal),
}

impl Receive for Attach {
    fn sanitized(self) -> Result<Attach, WireError> {
        let Attach {
            member: _,
            token: _,
            attachment,
        } = &self;
        match attachment {
            Attachment::File { offset, .. } => at_most(*offset, MAX_EXACT, "offset")?,
            Attachment::Video { .. } => 0,
        };
        Ok(self)
    }
}

impl Receive for AttachReply {
    fn sanitized(self) -> Result<AttachReply, WireError> {
        Ok(match self {
            AttachReply::Ready { offset } => AttachReply::Ready {
                offset: at_most(offset, MAX_EXACT, "offset")?,
            },
            AttachReply::Refused(refusal) => AttachReply::Refused(refusal.sanitized()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_thirty_two_digits_and_never_printed() {
        let token = AttachToken([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]);
        let json = serde_json::to_string(&token).unwrap();
        assert_eq!(json, "\"000102030405060708090a0b0c0d0eff\"");
        assert_eq!(serde_json::from_str::<AttachToken>(&json).unwrap(), token);
        assert!(serde_json::from_str::<AttachToken>("\"ff\"").is_err());
        assert!(!format!("{token:?}").contains("0001"));
    }
}
