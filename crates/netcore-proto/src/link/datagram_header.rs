//! The header of every datagram: what it is, and which stream's, once its seal has been opened.
//!
//! The first byte is the kind; numbers are in network byte order.
//!
//! | kind | what | whose |
//! |---|---|---|
//! | 4, 5 | hello, and its answer | the link's |
//! | 7, 8 | probe of a size, and its answer | the link's |
//! | any other | what a stream sends; bytes 4 to 7 are the stream's number | the stream's |
//!
//! ```text
//! +---------------+-----------------------------------------------+
//! |   kind (4, 5) |              token, 64 bits …
//! +---------------+---------------+-------------------------------+
//! |   kind (7, 8) |              size             | token, 64 bits …   then zeros, in a question, up to that size
//! +---------------+---------------+-------------------------------+
//! |     kind      |             the stream's own                  |
//! +---------------+-----------------------------------------------+
//! |                            stream                             |
//! +---------------------------------------------------------------+
//! |   the stream's own …
//! +----------------------------
//! ```

use bytes::BufMut;

use crate::ground::StreamId;
use crate::wire::{WireError, take};

const HELLO: u8 = 4;
const HELLO_BACK: u8 = 5;
const PROBE: u8 = 7;
const PROBE_ACK: u8 = 8;
const RECORD: &str = "datagram";

/// What one datagram says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Datagram<'a> {
    /// Nothing, but it shows where it comes from and asks who is where it goes. It is answered with
    /// [`HelloBack`](Datagram::HelloBack), to where it came from: only who gets it knows the token (RFC 9000, section 8.2).
    Hello {
        /// Returned in the answer.
        token: u64,
    },
    /// The answer to [`Hello`](Datagram::Hello).
    HelloBack {
        /// From the question.
        token: u64,
    },
    /// Nothing, in so many bytes: does a datagram of this size arrive? Answered by [`ProbeAck`](Datagram::ProbeAck).
    Probe(Probe),
    /// It did.
    ProbeAck(Probe),
    /// What one end of a stream sends the other.
    Stream {
        /// Which stream.
        stream: StreamId,
        /// The whole datagram, kind and all.
        bytes: &'a [u8],
    },
}

/// A question about a size (RFC 8899, section 4.1), or its answer. The question is filled up with zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Plain bytes of the question: kind, size, token and zeros; at least [`Probe::MIN_SIZE`].
    pub size: u16,
    /// Returned in the answer.
    pub token: u64,
}

impl Probe {
    /// Bytes of a question that is not filled up, and of an answer.
    pub const MIN_SIZE: u16 = 11;
}

impl Datagram<'_> {
    /// Bytes of a [`Hello`](Datagram::Hello), and of its answer.
    pub const HELLO_BYTES: usize = 9;

    /// Writes the datagram's plain bytes.
    pub fn encode(&self, out: &mut impl BufMut) {
        match self {
            Datagram::Hello { token } => {
                out.put_u8(HELLO);
                out.put_u64(*token);
            }
            Datagram::HelloBack { token } => {
                out.put_u8(HELLO_BACK);
                out.put_u64(*token);
            }
            Datagram::Probe(probe) => {
                probe.encode(PROBE, out);
                out.put_bytes(0, usize::from(probe.size.saturating_sub(Probe::MIN_SIZE)));
            }
            Datagram::ProbeAck(probe) => probe.encode(PROBE_ACK, out),
            Datagram::Stream { bytes, .. } => out.put_slice(bytes),
        }
    }
}

impl<'a> Datagram<'a> {
    /// Reads a datagram's plain bytes. What a stream sends is the stream's to judge.
    ///
    /// # Errors
    /// [`WireError::Record`] when it is cut short or contradicts itself.
    pub fn decode(plain: &'a [u8]) -> Result<Datagram<'a>, WireError> {
        let bytes = &mut &*plain;
        let [kind] = *take(bytes, RECORD)?;
        match kind {
            HELLO => Ok(Datagram::Hello {
                token: u64::from_be_bytes(*take(bytes, RECORD)?),
            }),
            HELLO_BACK => Ok(Datagram::HelloBack {
                token: u64::from_be_bytes(*take(bytes, RECORD)?),
            }),
            PROBE => {
                let probe = Probe::decode(bytes)?;
                if plain.len() != usize::from(probe.size) {
                    return Err(WireError::Record {
                        record: RECORD,
                        why: "it does not have the size it asks about",
                    });
                }
                Ok(Datagram::Probe(probe))
            }
            PROBE_ACK => Probe::decode(bytes).map(Datagram::ProbeAck),
            _ => {
                let [_, _, _] = *take(bytes, RECORD)?;
                Ok(Datagram::Stream {
                    stream: StreamId(u32::from_be_bytes(*take(bytes, RECORD)?)),
                    bytes: plain,
                })
            }
        }
    }
}

impl Probe {
    fn encode(self, kind: u8, out: &mut impl BufMut) {
        out.put_u8(kind);
        out.put_u16(self.size);
        out.put_u64(self.token);
    }

    fn decode(bytes: &mut &[u8]) -> Result<Probe, WireError> {
        Ok(Probe {
            size: u16::from_be_bytes(*take(bytes, "probe")?),
            token: u64::from_be_bytes(*take(bytes, "probe")?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(datagram: Datagram<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        datagram.encode(&mut bytes);
        bytes
    }

    #[test]
    fn every_kind_survives_the_trip() {
        let probe = Probe {
            size: 1_200,
            token: 6,
        };
        for (datagram, length) in [
            (Datagram::Hello { token: 5 }, Datagram::HELLO_BYTES),
            (Datagram::HelloBack { token: u64::MAX }, Datagram::HELLO_BYTES),
            (Datagram::Probe(probe), 1_200),
            (Datagram::ProbeAck(probe), 11),
        ] {
            let bytes = encoded(datagram);
            assert_eq!(bytes.len(), length, "{datagram:?}");
            assert_eq!(Datagram::decode(&bytes), Ok(datagram));
            for end in 0..bytes.len() {
                assert!(
                    Datagram::decode(&bytes[..end]).is_err(),
                    "{datagram:?} cut at {end}"
                );
            }
        }
    }

    #[test]
    fn what_a_stream_sends_is_known_by_its_number_and_otherwise_left_alone() {
        for kind in [1, 2, 3, 6, 0, 9, 255] {
            let bytes = [kind, 7, 7, 7, 0, 0, 1, 2, 99];
            let stream = Datagram::decode(&bytes).unwrap();
            assert_eq!(
                stream,
                Datagram::Stream {
                    stream: StreamId(258),
                    bytes: &bytes
                }
            );
            assert_eq!(encoded(stream), bytes);
            assert!(
                Datagram::decode(&bytes[..7]).is_err(),
                "a stream without its number"
            );
        }
    }
}
