use bytes::{BufMut, Bytes};

use crate::units::{FrameNumber, StreamId};
use crate::wire::{WireError, take};

/// The most runs of missing fragments one [`Nack`] names.
pub const MAX_NACK_RANGES: usize = 64;

/// What one datagram says, once its seal has been opened. The first byte is the kind; numbers are in network byte order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Datagram<D = Bytes> {
    /// Kind 1: a part of a frame.
    Fragment(Fragment<D>),
    /// Kind 2: a frame has arrived whole.
    Ack(Ack),
    /// Kind 3: parts of a frame are missing and still wanted.
    Nack(Nack),
    /// Kind 4: nothing, but it shows the address datagrams can be sent to. The other side answers with kind 5.
    Hello {
        /// Returned in the answer.
        token: u64,
    },
    /// Kind 5: the answer to kind 4.
    HelloBack {
        /// From the question.
        token: u64,
    },
}

/// A part of a frame's bytes (header and JPEG). All parts but the last have the same size.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +---------------+---------------+-------------------------------+
/// |   kind (1)    |    attempt    |             index             |
/// +---------------+---------------+-------------------------------+
/// |                            stream                             |
/// +---------------------------------------------------------------+
/// |                            frame                              |
/// +---------------------------------------------------------------+
/// |                  length of the frame in bytes                 |
/// +-------------------------------+-------------------------------+
/// |   size of each part but the last  |   bytes of the frame …
/// +-------------------------------+-------------------------------
/// ```
///
/// What is sent shares the frame's bytes; what has been received borrows the datagram's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment<D = Bytes> {
    /// Which stream.
    pub stream: StreamId,
    /// Which frame.
    pub frame: FrameNumber,
    /// Bytes of the whole frame.
    pub frame_length: u32,
    /// Bytes of every part but the last.
    pub size: u16,
    /// Which part, from zero.
    pub index: u16,
    /// Zero when first sent, one more each time it is sent again.
    pub attempt: u8,
    /// The bytes from `index × size` on.
    pub data: D,
}

/// A frame has arrived whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack {
    /// Which stream.
    pub stream: StreamId,
    /// Which frame.
    pub frame: FrameNumber,
    /// How long the receiver held it between having it whole and sending this, in microseconds.
    pub hold_us: u32,
    /// How long its bytes took to come in, from the first part to the last, in microseconds.
    pub spread_us: u32,
    /// The 32 frames before: bit *i* is set when frame − 1 − *i* has arrived whole. It mends lost acknowledgements, and
    /// tells which frames were given up.
    pub recent: u32,
}

/// Parts of a frame are missing and still wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nack {
    /// Which stream.
    pub stream: StreamId,
    /// Which frame.
    pub frame: FrameNumber,
    /// Which of the receiver's requests for this frame it is. One that is told twice counts once.
    pub serial: u16,
    /// Runs of missing parts, first and count, at most [`MAX_NACK_RANGES`].
    pub missing: Vec<(u16, u16)>,
}

impl Fragment {
    /// Bytes before the data.
    pub const HEADER_BYTES: usize = 18;
    /// Fewer bytes than this in a part make no sense on any link, and would make parts without end.
    pub const MIN_SIZE: u16 = 256;
}

impl<D: AsRef<[u8]>> Fragment<D> {
    /// Writes header and data.
    pub fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(1);
        out.put_u8(self.attempt);
        out.put_u16(self.index);
        out.put_u32(self.stream.0);
        out.put_u32(self.frame.0);
        out.put_u32(self.frame_length);
        out.put_u16(self.size);
        out.put_slice(self.data.as_ref());
    }
}

impl<D: AsRef<[u8]>> Datagram<D> {
    /// Writes the datagram's plain bytes.
    pub fn encode(&self, out: &mut impl BufMut) {
        match self {
            Datagram::Fragment(fragment) => fragment.encode(out),
            Datagram::Ack(ack) => {
                out.put_slice(&[2, 0, 0, 0]);
                out.put_u32(ack.stream.0);
                out.put_u32(ack.frame.0);
                out.put_u32(ack.hold_us);
                out.put_u32(ack.spread_us);
                out.put_u32(ack.recent);
            }
            Datagram::Nack(nack) => {
                let ranges = &nack.missing[..nack.missing.len().min(MAX_NACK_RANGES)];
                out.put_slice(&[3, ranges.len() as u8]);
                out.put_u16(nack.serial);
                out.put_u32(nack.stream.0);
                out.put_u32(nack.frame.0);
                for (first, count) in ranges {
                    out.put_u16(*first);
                    out.put_u16(*count);
                }
            }
            Datagram::Hello { token } | Datagram::HelloBack { token } => {
                out.put_u8(if matches!(self, Datagram::Hello { .. }) {
                    4
                } else {
                    5
                });
                out.put_u64(*token);
            }
        }
    }
}

impl<'a> Datagram<&'a [u8]> {
    /// Reads a datagram's plain bytes.
    ///
    /// # Errors
    /// [`WireError::Record`] when it is cut short, of no known kind, or contradicts itself.
    pub fn decode(plain: &'a [u8]) -> Result<Datagram<&'a [u8]>, WireError> {
        const RECORD: &str = "datagram";
        let bytes = &mut &*plain;
        let [kind] = *take(bytes, RECORD)?;
        match kind {
            1 => {
                let [attempt] = *take(bytes, RECORD)?;
                let fragment = Fragment {
                    attempt,
                    index: u16::from_be_bytes(*take(bytes, RECORD)?),
                    stream: StreamId(u32::from_be_bytes(*take(bytes, RECORD)?)),
                    frame: FrameNumber(u32::from_be_bytes(*take(bytes, RECORD)?)),
                    frame_length: u32::from_be_bytes(*take(bytes, RECORD)?),
                    size: u16::from_be_bytes(*take(bytes, RECORD)?),
                    data: *bytes,
                };
                fragment.check()?;
                Ok(Datagram::Fragment(fragment))
            }
            2 => {
                let [_, _, _] = *take(bytes, RECORD)?;
                Ok(Datagram::Ack(Ack {
                    stream: StreamId(u32::from_be_bytes(*take(bytes, RECORD)?)),
                    frame: FrameNumber(u32::from_be_bytes(*take(bytes, RECORD)?)),
                    hold_us: u32::from_be_bytes(*take(bytes, RECORD)?),
                    spread_us: u32::from_be_bytes(*take(bytes, RECORD)?),
                    recent: u32::from_be_bytes(*take(bytes, RECORD)?),
                }))
            }
            3 => {
                let [ranges] = *take(bytes, RECORD)?;
                if usize::from(ranges) > MAX_NACK_RANGES {
                    return Err(WireError::Record {
                        record: RECORD,
                        why: "it names too many runs of missing parts",
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
                Ok(Datagram::Nack(Nack {
                    stream,
                    frame,
                    serial,
                    missing,
                }))
            }
            4 => Ok(Datagram::Hello {
                token: u64::from_be_bytes(*take(bytes, RECORD)?),
            }),
            5 => Ok(Datagram::HelloBack {
                token: u64::from_be_bytes(*take(bytes, RECORD)?),
            }),
            _ => Err(WireError::Record {
                record: RECORD,
                why: "its kind is not known",
            }),
        }
    }
}

impl Fragment {
    /// How many parts a frame of `frame_length` bytes has.
    pub fn count(frame_length: u32, size: u16) -> u32 {
        frame_length.div_ceil(u32::from(size))
    }
}

impl<D: AsRef<[u8]>> Fragment<D> {
    fn check(&self) -> Result<(), WireError> {
        let refuse = |why| {
            Err(WireError::Record {
                record: "fragment",
                why,
            })
        };
        if self.size < Fragment::MIN_SIZE {
            return refuse("its parts are too small");
        }
        if self.frame_length as usize > super::MAX_FRAME_BYTES
            || (self.frame_length as usize) <= super::FRAME_HEADER_BYTES
        {
            return refuse("its frame is empty or longer than 16 MiB");
        }
        let offset = u32::from(self.index) * u32::from(self.size);
        if offset >= self.frame_length {
            return refuse("it lies behind the frame's end");
        }
        if self.data.as_ref().len() as u32 != (self.frame_length - offset).min(u32::from(self.size)) {
            return refuse("it does not have the bytes its place calls for");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trip(datagram: &Datagram) -> Result<Vec<u8>, WireError> {
        let mut bytes = Vec::new();
        datagram.encode(&mut bytes);
        let mut again = Vec::new();
        Datagram::decode(&bytes)?.encode(&mut again);
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
            data: Bytes::from(vec![7; 400]),
        }
    }

    #[test]
    fn every_kind_survives_the_trip() {
        for datagram in [
            Datagram::Fragment(fragment()),
            Datagram::Ack(Ack {
                stream: StreamId(9),
                frame: FrameNumber(8),
                hold_us: 7,
                spread_us: 6,
                recent: 0xf0f0_0001,
            }),
            Datagram::Nack(Nack {
                stream: StreamId(9),
                frame: FrameNumber(8),
                serial: 0x0102,
                missing: vec![(0, 1), (40, 3)],
            }),
            Datagram::Hello { token: 5 },
            Datagram::HelloBack { token: u64::MAX },
        ] {
            assert!(trip(&datagram).is_ok());
        }
    }

    #[test]
    fn the_header_is_as_long_as_it_says() {
        let mut bytes = Vec::new();
        fragment().encode(&mut bytes);
        assert_eq!(bytes.len(), Fragment::HEADER_BYTES + 400);
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
            assert!(trip(&Datagram::Fragment(bad)).is_err());
        }
    }

    #[test]
    fn no_bytes_at_all_can_do_harm() {
        for length in 0..40 {
            for kind in 0..=6 {
                let mut bytes = vec![0xff; length];
                if let Some(first) = bytes.first_mut() {
                    *first = kind;
                }
                let _ = Datagram::decode(&bytes);
            }
        }
    }
}
