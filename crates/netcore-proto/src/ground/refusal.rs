//! Refusals: why a request or a connection is not granted, for programs and for people.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::text;

/// The most characters of words in a refusal.
pub const MAX_REFUSAL_CHARS: usize = 500;

/// Why the host will not have a connection or a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What a program acts on.
    pub code: RefusalCode,
    /// What a person reads.
    pub message: String,
}

impl Refusal {
    /// A refusal with its words, on one line of at most [`MAX_REFUSAL_CHARS`].
    pub fn new(code: RefusalCode, message: impl AsRef<str>) -> Refusal {
        Refusal {
            code,
            message: text::line(message.as_ref(), MAX_REFUSAL_CHARS),
        }
    }

    /// The refusal with words that can be shown.
    pub(crate) fn sanitized(self) -> Refusal {
        let Refusal { code, message } = self;
        Refusal::new(code, message)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The kinds of [`Refusal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// The two sides speak different versions.
    VersionMismatch,
    /// The room has as many people as it takes.
    RoomFull,
    /// The other side broke the protocol.
    BadMessage,
    /// The same identity connected again; the older connection ends.
    Replaced,
    /// The other side reads too slowly to be kept up to date.
    TooSlow,
    /// Nothing was heard for too long.
    Silent,
    /// A mistake of the host's program ended this connection; another one may do.
    Fault,
    /// The token does not belong to a member who is here.
    NotAMember,
    /// What was asked for does not exist (any more).
    NotFound,
    /// A limit was reached.
    Limit,
    /// It cannot be done right now; a little later it may be.
    Busy,
    /// The room was closed.
    Closed,
    /// Anything a newer host may say.
    #[serde(other)]
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_from_a_newer_host_is_still_a_refusal() {
        let json = r#"{"code":"moon_phase","message":"no"}"#;
        assert_eq!(
            serde_json::from_str::<Refusal>(json).unwrap().code,
            RefusalCode::Other
        );
    }
}
