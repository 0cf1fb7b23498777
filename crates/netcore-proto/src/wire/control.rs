//! Control messages: a 32-bit length and that many bytes of JSON.

use bytes::{Buf, Bytes, BytesMut};
use serde::Serialize;

use super::{Receive, Received, WireError};

/// The longest control message in bytes, its length prefix not counted.
pub const MAX_CONTROL_BYTES: usize = 256 * 1024;

const PREFIX_BYTES: usize = 4;
/// The most characters of words about JSON that cannot be read.
const MAX_REASON_CHARS: usize = 200;

/// A control message as it travels: a 32-bit length in network byte order, then that many bytes of JSON.
///
/// # Errors
/// [`WireError::Oversize`] when the JSON is longer than [`MAX_CONTROL_BYTES`].
pub fn encode_control<M: Serialize>(message: &M) -> Result<Bytes, WireError> {
    let mut bytes = vec![0; PREFIX_BYTES];
    serde_json::to_writer(&mut bytes, message).map_err(|error| WireError::Json(error.to_string()))?;
    let length = bytes.len().saturating_sub(PREFIX_BYTES);
    if length > MAX_CONTROL_BYTES {
        return Err(WireError::Oversize {
            length: length as u64,
        });
    }
    if let Some(prefix) = bytes.first_chunk_mut::<PREFIX_BYTES>() {
        *prefix = (length as u32).to_be_bytes();
    }
    Ok(bytes.into())
}

/// Cuts a byte stream into control messages. It holds at most one unfinished message.
///
/// After an error the stream cannot be read any further: close the connection.
#[derive(Debug, Default)]
pub struct ControlDecoder {
    buffer: BytesMut,
}

impl ControlDecoder {
    /// Adds bytes as they came off the connection, in any portions.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole message, sanitized, or `None` until more bytes have come.
    ///
    /// # Errors
    /// A length over [`MAX_CONTROL_BYTES`] as soon as it is announced, text that is not UTF-8, JSON that is not an `M`, a
    /// number out of its range.
    pub fn next_message<M: Receive>(&mut self) -> Result<Option<Received<M>>, WireError> {
        let Some(prefix) = self.buffer.first_chunk::<PREFIX_BYTES>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*prefix) as usize;
        if length > MAX_CONTROL_BYTES {
            return Err(WireError::Oversize {
                length: length as u64,
            });
        }
        if self.buffer.len() < PREFIX_BYTES.saturating_add(length) {
            return Ok(None);
        }
        self.buffer.advance(PREFIX_BYTES);
        let body = self.buffer.split_to(length);
        let text = std::str::from_utf8(&body).map_err(|error| WireError::Utf8 {
            at: error.valid_up_to(),
        })?;
        let message = serde_json::from_str(text).map_err(|error| WireError::Json(reason(&error)))?;
        Received::new(message).map(Some)
    }
}

/// What is wrong, in a bounded number of words: they quote the message, and must themselves fit one when it is refused.
fn reason(error: &serde_json::Error) -> String {
    crate::ground::text::line(&error.to_string(), MAX_REASON_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Receive for String {
        fn sanitized(self) -> Result<String, WireError> {
            Ok(self)
        }
    }

    impl Receive for u64 {
        fn sanitized(self) -> Result<u64, WireError> {
            Ok(self)
        }
    }

    #[test]
    fn messages_come_whole_from_any_portions() {
        let mut stream = encode_control(&"one").unwrap().to_vec();
        stream.extend_from_slice(&encode_control(&"two 二").unwrap());
        let mut decoder = ControlDecoder::default();
        let mut got = Vec::new();
        for byte in stream {
            decoder.feed(&[byte]);
            while let Some(message) = decoder.next_message::<String>().unwrap() {
                got.push(message.into_inner());
            }
        }
        assert_eq!(got, ["one", "two 二"]);
    }

    #[test]
    fn an_oversize_message_is_refused_when_it_is_announced() {
        let mut decoder = ControlDecoder::default();
        decoder.feed(&(MAX_CONTROL_BYTES as u32 + 1).to_be_bytes());
        assert_eq!(
            decoder.next_message::<String>(),
            Err(WireError::Oversize {
                length: MAX_CONTROL_BYTES as u64 + 1
            })
        );
        assert!(encode_control(&"x".repeat(MAX_CONTROL_BYTES)).is_err());
    }

    #[test]
    fn bad_text_and_bad_json_are_different_errors() {
        let mut decoder = ControlDecoder::default();
        decoder.feed(&[0, 0, 0, 3, b'"', 0xff, b'"']);
        assert_eq!(decoder.next_message::<String>(), Err(WireError::Utf8 { at: 1 }));
        let mut decoder = ControlDecoder::default();
        decoder.feed(&[0, 0, 0, 2, b'{', b'!']);
        assert!(matches!(
            decoder.next_message::<String>(),
            Err(WireError::Json(_))
        ));
    }

    #[test]
    fn words_about_a_bad_message_are_few_however_long_it_was() {
        let mut decoder = ControlDecoder::default();
        decoder.feed(&encode_control(&"\u{1}\"".repeat(30_000)).unwrap());
        match decoder.next_message::<u64>() {
            Err(WireError::Json(why)) => {
                assert!(
                    why.chars().count() <= MAX_REASON_CHARS && !why.chars().any(char::is_control),
                    "{why}"
                );
            }
            other => panic!("{other:?}"),
        }
    }
}
