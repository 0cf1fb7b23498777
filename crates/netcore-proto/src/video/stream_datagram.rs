//! The datagrams of a stream: fragments of frames, acknowledgements and requests.

use bytes::{BufMut, Bytes};

use super::{Fragment, Parity};
use crate::ground::{FrameNumber, StreamId, Time};
use crate::wire::{WireError, moment, take};

/// The most runs of missing fragments one [`Nack`] names.
pub const MAX_NACK_RANGES: usize = 64;

/// What one datagram of a stream says. Every datagram begins with a [header](crate::link::Datagram), and here it is the kind in the first
/// byte and the stream's number in bytes 4 to 7; numbers are in network byte order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamDatagram<D = Bytes> {
    /// Kind 1: a fragment of a frame.
    Fragment(Fragment<D>),
    /// Kind 2: a frame has arrived whole.
    Ack(Ack),
    /// Kind 3: fragments of a frame are missing and still wanted.
    Nack(Nack),
    /// Kind 6: a fragment from which missing ones can be computed.
    Parity(Parity<D>),
}

/// A frame has arrived whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack {
    /// Which stream.
    pub stream: StreamId,
    /// Which frame.
    pub frame: FrameNumber,
    /// How many of its fragments did not come the first time they were sent (saturating).
    pub lost: u16,
    /// How long the receiver held it between having it whole and sending this, in microseconds.
    pub hold_us: u32,
    /// How long its bytes took to come in, from the first fragment to the last, in microseconds.
    pub spread_us: u32,
    /// The same without those fragments that were sent again: what the path itself did to the frame, in microseconds.
    pub train_us: u32,
    /// The 32 frames before: bit *i* is set when frame − 1 − *i* has arrived whole. It mends lost acknowledgements, and
    /// says which frames were given up.
    pub recent: u32,
    /// When it was whole, on the receiver's clock.
    pub whole: Time,
}

/// Fragments of a frame are missing and still wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nack {
    /// Which stream.
    pub stream: StreamId,
    /// Which frame.
    pub frame: FrameNumber,
    /// Which of the receiver's requests for this frame it is. One that arrives twice counts once.
    pub serial: u16,
    /// Runs of missing fragments, first and count, at most [`MAX_NACK_RANGES`].
    pub missing: Vec<(u16, u16)>,
}

impl<D: AsRef<[u8]>> StreamDatagram<D> {
    /// How many bytes [`encode`](StreamDatagram::encode) writes.
    pub fn encoded_length(&self) -> usize {
        match self {
            StreamDatagram::Fragment(fragment) => {
                Fragment::HEADER_BYTES.saturating_add(fragment.data.as_ref().len())
            }
            StreamDatagram::Parity(parity) => Parity::HEADER_BYTES.saturating_add(parity.data.as_ref().len()),
            small => {
                let mut bytes = Vec::new();
                small.encode(&mut bytes);
                bytes.len()
            }
        }
    }

    /// Writes the datagram's plain bytes.
    pub fn encode(&self, out: &mut impl BufMut) {
        match self {
            StreamDatagram::Fragment(fragment) => fragment.encode(out),
            StreamDatagram::Ack(ack) => {
                out.put_slice(&[2, 0]);
                out.put_u16(ack.lost);
                out.put_u32(ack.stream.0);
                out.put_u32(ack.frame.0);
                out.put_u32(ack.hold_us);
                out.put_u32(ack.spread_us);
                out.put_u32(ack.train_us);
                out.put_u32(ack.recent);
                out.put_u64(ack.whole.as_micros());
            }
            StreamDatagram::Nack(nack) => {
                let ranges = || nack.missing.iter().take(MAX_NACK_RANGES);
                out.put_slice(&[3, ranges().len() as u8]);
                out.put_u16(nack.serial);
                out.put_u32(nack.stream.0);
                out.put_u32(nack.frame.0);
                for (first, count) in ranges() {
                    out.put_u16(*first);
                    out.put_u16(*count);
                }
            }
            StreamDatagram::Parity(parity) => parity.encode(out),
        }
    }
}

impl<'a> StreamDatagram<&'a [u8]> {
    /// Reads a datagram's plain bytes.
    ///
    /// # Errors
    /// [`WireError::Record`] when it is cut short, of no known kind, or contradicts itself.
    pub fn decode(plain: &'a [u8]) -> Result<StreamDatagram<&'a [u8]>, WireError> {
        const RECORD: &str = "datagram";
        let bytes = &mut &*plain;
        let [kind] = *take(bytes, RECORD)?;
        match kind {
            1 => Fragment::decode(bytes).map(StreamDatagram::Fragment),
            2 => {
                let [_] = *take(bytes, RECORD)?;
                Ok(StreamDatagram::Ack(Ack {
                    lost: u16::from_be_bytes(*take(bytes, RECORD)?),
                    stream: StreamId(u32::from_be_bytes(*take(bytes, RECORD)?)),
                    frame: FrameNumber(u32::from_be_bytes(*take(bytes, RECORD)?)),
                    hold_us: u32::from_be_bytes(*take(bytes, RECORD)?),
                    spread_us: u32::from_be_bytes(*take(bytes, RECORD)?),
                    train_us: u32::from_be_bytes(*take(bytes, RECORD)?),
                    recent: u32::from_be_bytes(*take(bytes, RECORD)?),
                    whole: moment(
                        Time::from_micros(u64::from_be_bytes(*take(bytes, RECORD)?)),
                        "time of an acknowledgement",
                    )?,
                }))
            }
            3 => {
                let [ranges] = *take(bytes, RECORD)?;
                if usize::from(ranges) > MAX_NACK_RANGES {
                    return Err(WireError::Record {
                        record: RECORD,
                        why: "it names too many runs of missing fragments",
                    });
                }
                let serial = u16::from_be_bytes(*take(bytes, RECORD)?);
                let stream = StreamId(u32::from_be_bytes(*take(bytes, RECORD)?));
                let frame = FrameNumber(u32::from_be_bytes(*take(bytes, RECORD)?));
                let missing = (0..ranges).map(|_| {
                    let first = u16::from_be_bytes(*take(bytes, RECORD)?);
                    Ok((first, u16::from_be_bytes(*take(bytes, RECORD)?)))
                });
                let missing = missing.collect::<Result<Vec<_>, WireError>>()?;
                Ok(StreamDatagram::Nack(Nack {
                    stream,
                    frame,
                    serial,
                    missing,
                }))
            }
            6 => Parity::decode(bytes).map(StreamDatagram::Parity),
            _ => Err(WireError::Record {
                record: RECORD,
                why: "its kind is not known",
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link;

    fn trip(datagram: &StreamDatagram) -> Result<Vec<u8>, WireError> {
        let mut bytes = Vec::new();
        datagram.encode(&mut bytes);
        let mut again = Vec::new();
        StreamDatagram::decode(&bytes)?.encode(&mut again);
        assert_eq!(again, bytes);
        Ok(bytes)
    }

    fn fragment() -> Fragment {
        Fragment {
            stream: StreamId(1),
            frame: FrameNumber(2),
            frame_length: 1_000,
            size: 600,
            index: 1,
            attempt: 3,
            parity: 9,
            answers_requests: false,
            data: Bytes::from(vec![7; 400]),
        }
    }

    fn parity() -> Parity {
        Parity {
            stream: StreamId(1),
            frame: FrameNumber(2),
            frame_length: 1_000,
            size: 600,
            count: 2,
            index: 1,
            data: Bytes::from(vec![7; 600]),
        }
    }

    #[test]
    fn every_kind_survives_the_trip() {
        for datagram in [
            StreamDatagram::Fragment(fragment()),
            StreamDatagram::Ack(Ack {
                stream: StreamId(9),
                frame: FrameNumber(8),
                lost: 0x0102,
                hold_us: 7,
                spread_us: 6,
                train_us: 5,
                recent: 0xf0f0_0001,
                whole: Time::from_micros(crate::wire::MAX_EXACT - 4),
            }),
            StreamDatagram::Nack(Nack {
                stream: StreamId(9),
                frame: FrameNumber(8),
                serial: 0x0102,
                missing: vec![(0, 1), (40, 3)],
            }),
            StreamDatagram::Parity(parity()),
        ] {
            let mut bytes = Vec::new();
            datagram.encode(&mut bytes);
            assert_eq!(datagram.encoded_length(), bytes.len(), "{datagram:?}");
            assert!(trip(&datagram).is_ok());
            let stream = match &datagram {
                StreamDatagram::Fragment(fragment) => fragment.stream,
                StreamDatagram::Ack(ack) => ack.stream,
                StreamDatagram::Nack(nack) => nack.stream,
                StreamDatagram::Parity(parity) => parity.stream,
            };
            let whole = link::Datagram::Stream {
                stream,
                bytes: &bytes,
            };
            assert_eq!(link::Datagram::decode(&bytes), Ok(whole));
        }
    }

    #[test]
    fn the_header_is_as_long_as_it_says() {
        let mut bytes = Vec::new();
        fragment().encode(&mut bytes);
        assert_eq!(bytes.len(), Fragment::HEADER_BYTES + 400);
        bytes.clear();
        parity().encode(&mut bytes);
        assert_eq!(bytes.len(), Parity::HEADER_BYTES + 600);
    }

    #[test]
    fn fragments_that_contradict_themselves_are_refused() {
        for bad in [
            Fragment {
                size: 10,
                ..fragment()
            },
            Fragment {
                index: 2,
                ..fragment()
            },
            Fragment {
                size: 601,
                data: Bytes::from(vec![7; 399]),
                ..fragment()
            },
            Fragment {
                data: Bytes::from(vec![7; 399]),
                ..fragment()
            },
            Fragment {
                frame_length: u32::MAX,
                ..fragment()
            },
            Fragment {
                frame_length: 32,
                index: 0,
                ..fragment()
            },
        ] {
            assert!(trip(&StreamDatagram::Fragment(bad)).is_err());
        }
    }

    #[test]
    fn parity_that_contradicts_itself_is_refused() {
        for bad in [
            Parity { size: 10, ..parity() },
            Parity { index: 2, ..parity() },
            Parity {
                size: 602,
                ..parity()
            },
            Parity {
                size: 601,
                data: Bytes::from(vec![7; 601]),
                ..parity()
            },
            Parity {
                frame_length: 0,
                ..parity()
            },
        ] {
            assert!(trip(&StreamDatagram::Parity(bad)).is_err());
        }
    }

    #[test]
    fn no_bytes_at_all_can_do_harm() {
        for length in 0..40 {
            for kind in 0..=9 {
                let mut bytes = vec![0xff; length];
                if let Some(first) = bytes.first_mut() {
                    *first = kind;
                }
                let _ = StreamDatagram::decode(&bytes);
            }
        }
    }
}
