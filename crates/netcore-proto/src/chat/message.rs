//! What is said: entries, their limits, and their bytes.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::ground::person::{sanitized_colour, sanitized_name};
use crate::ground::{LeaveReason, MemberId, Refusal, text};
use crate::wire::{MAX_EXACT, MAX_UNIX_MS, Receive, WireError, at_most};

/// The longest message in bytes of UTF-8. JSON at most doubles it (quotes, backslashes, line ends), which fits a control message.
pub const MAX_TEXT_BYTES: usize = 64 * 1024;

/// Something that happened in the room's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number; the room's order is by this, without gaps.
    pub seq: u64,
    /// Who it is from or about.
    pub from: MemberId,
    /// Their name at that moment.
    pub name: String,
    /// Their colour at that moment.
    pub colour: String,
    /// Their address at that moment.
    pub address: SocketAddr,
    /// When, by the host's calendar, in milliseconds since 1970.
    pub at_unix_ms: u64,
    /// The sender's own number for a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<u64>,
    /// What.
    pub body: Body,
}

impl Entry {
    /// The most bytes it takes as a control message. JSON escapes quotes, backslashes, line ends and tabs by one byte each;
    /// there are no other control characters.
    pub(super) fn encoded_bytes(&self) -> usize {
        let escaped = |text: &str| {
            let escapes = text
                .bytes()
                .filter(|byte| matches!(byte, b'"' | b'\\' | b'\n' | b'\t'));
            text.len().saturating_add(escapes.count())
        };
        let text = match &self.body {
            Body::Text { text } => escaped(text),
            _ => 0,
        };
        // The names of fields, the address and the numbers at their longest.
        const FRAME: usize = 320;
        FRAME
            .saturating_add(escaped(&self.name))
            .saturating_add(escaped(&self.colour))
            .saturating_add(text)
    }

    /// The entry within the limits every room keeps: what a host has sanitized is not changed, and what it has not is cut.
    fn sanitized(self) -> Result<Entry, WireError> {
        let Entry {
            seq,
            from,
            name,
            colour,
            address,
            at_unix_ms,
            local,
            body,
        } = self;
        Ok(Entry {
            seq: at_most(seq, MAX_EXACT, "number of an entry")?,
            from,
            name: sanitized_name(&name),
            colour: sanitized_colour(&colour),
            address,
            at_unix_ms: at_most(at_unix_ms, MAX_UNIX_MS, "time of an entry")?,
            local,
            body: match body {
                Body::Text { text } => Body::Text { text: seen(&text) },
                Body::Left { reason } => Body::Left { reason },
                body @ (Body::Opened | Body::Joined) => body,
            },
        })
    }
}

/// What an [`Entry`] says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Body {
    /// The room was opened.
    Opened,
    /// A person came.
    Joined,
    /// A person left.
    Left {
        /// Why.
        reason: LeaveReason,
    },
    /// A person said something.
    Text {
        /// The words, sanitized by [`sanitized_text`].
        text: String,
    },
}

/// What a member wants said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Request {
    /// A message.
    Say {
        /// The sender's own number for it, growing; it makes sending twice harmless.
        local: u64,
        /// The words.
        text: String,
    },
}

/// What the host notifies members of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Notice {
    /// The next entry of the log, or one that was missed.
    Entry(Entry),
    /// To the sender alone: your message is in the log, as this entry.
    Receipt(Entry),
    /// To the sender alone: your message is not taken.
    Refused {
        /// The sender's number for it.
        local: u64,
        /// Why.
        refusal: Refusal,
    },
}

/// Why a text cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing would be left of it.
    #[error("there is nothing to send")]
    Empty,
    /// Over [`MAX_TEXT_BYTES`].
    #[error(
        "the message is {over} bytes too long ({MAX_TEXT_BYTES} bytes at most): send it as a file instead"
    )]
    TooLong {
        /// By how many bytes.
        over: usize,
    },
}

impl Receive for Request {
    /// Nothing is cut here: a text that is too long is refused by name, so that its sender learns of it.
    fn sanitized(self) -> Result<Request, WireError> {
        let Request::Say { local, text } = self;
        Ok(Request::Say {
            local,
            text: text::lines(&text),
        })
    }
}

impl Receive for Notice {
    fn sanitized(self) -> Result<Notice, WireError> {
        Ok(match self {
            Notice::Entry(entry) => Notice::Entry(entry.sanitized()?),
            Notice::Receipt(entry) => Notice::Receipt(entry.sanitized()?),
            Notice::Refused { local, refusal } => Notice::Refused {
                local,
                refusal: refusal.sanitized(),
            },
        })
    }
}

/// The text as it may travel: line ends are `\n`, and what a terminal would obey or what turns text round is gone.
///
/// # Errors
/// [`TextError`] when nothing visible is left, or more than [`MAX_TEXT_BYTES`].
pub fn sanitized_text(text: &str) -> Result<String, TextError> {
    let text = text::lines(text);
    if !text::has_something_visible(&text) {
        return Err(TextError::Empty);
    }
    match text.len().checked_sub(MAX_TEXT_BYTES) {
        None | Some(0) => Ok(text),
        Some(over) => Err(TextError::TooLong { over }),
    }
}

/// As much of another person's text as may be shown.
fn seen(text: &str) -> String {
    let mut text = text::lines(text);
    text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_keeps_every_character_a_person_can_see() {
        let text = "héllo 你好 🏳️‍🌈 مرحبا\n\tend";
        assert_eq!(sanitized_text(text).unwrap(), text);
        assert_eq!(sanitized_text("a\r\nb\rc").unwrap(), "a\nb\nc");
        assert_eq!(sanitized_text("\u{1b}[31mred\u{7}").unwrap(), "[31mred");
    }

    #[test]
    fn what_a_host_did_not_sanitize_is_cut_and_what_it_did_is_not_changed() {
        let entry = Entry {
            seq: 1,
            from: MemberId(1),
            name: "n".repeat(1_000),
            colour: "c".repeat(1_000),
            address: ([127, 0, 0, 1], 1).into(),
            at_unix_ms: 0,
            local: None,
            body: Body::Text {
                text: format!("\u{1b}{}", "字".repeat(MAX_TEXT_BYTES)),
            },
        };
        let clean = entry.sanitized().unwrap();
        assert_eq!((clean.name.len(), clean.colour.len()), (64, 7));
        let Body::Text { text } = &clean.body else {
            panic!("{:?}", clean.body)
        };
        assert_eq!(
            (text.len(), text.chars().next()),
            (MAX_TEXT_BYTES - 1, Some('字'))
        );
        assert_eq!(clean.clone().sanitized().unwrap(), clean);
    }

    #[test]
    fn a_time_that_no_calendar_has_is_no_entry() {
        let entry = |at_unix_ms| Entry {
            seq: 1,
            from: MemberId(1),
            name: "Ada".into(),
            colour: String::new(),
            address: ([127, 0, 0, 1], 1).into(),
            at_unix_ms,
            local: None,
            body: Body::Opened,
        };
        assert!(entry(0).sanitized().is_ok() && entry(MAX_UNIX_MS).sanitized().is_ok());
        for beyond in [MAX_UNIX_MS + 1, 253_402_300_799_000, u64::MAX] {
            assert_eq!(
                entry(beyond).sanitized(),
                Err(WireError::Range {
                    field: "time of an entry"
                })
            );
        }
    }

    #[test]
    fn the_limit_is_exact_and_says_by_how_much() {
        assert!(sanitized_text(&"x".repeat(MAX_TEXT_BYTES)).is_ok());
        let words = sanitized_text(&"x".repeat(MAX_TEXT_BYTES + 1_204)).unwrap_err();
        assert_eq!(words, TextError::TooLong { over: 1_204 });
        assert!(words.to_string().contains("1204 bytes too long"));
        assert_eq!(sanitized_text(" \u{0}\n"), Err(TextError::Empty));
        assert_eq!(sanitized_text("\u{2800}\u{200b}"), Err(TextError::Empty));
    }
}
