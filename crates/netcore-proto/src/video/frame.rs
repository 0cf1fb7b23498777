//! A frame: a header and a JPEG as one shared run of bytes, and its acknowledgement over TCP.

use bytes::{Buf, Bytes, BytesMut};

use crate::ground::{FrameNumber, StreamId, Time};
use crate::wire::{WireError, moment, take};

/// Length of a [`FrameHeader`] in bytes.
pub const FRAME_HEADER_BYTES: usize = 32;

/// The longest frame in bytes, its header included. A JPEG of 4K video at quality 100 has about 8 MB.
pub const MAX_FRAME_BYTES: usize = 16 * 1024 * 1024;

/// The widest and highest picture in pixels.
pub const MAX_PICTURE_SIDE: u16 = 8_192;

/// Length of a [`TcpAck`] in bytes.
pub const TCP_ACK_BYTES: usize = 24;

/// What precedes every JPEG, on TCP and UDP alike.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +---------------------------------------------------------------+
/// |                            stream                             |
/// +---------------------------------------------------------------+
/// |                            frame                              |
/// +---------------------------------------------------------------+
/// |                  length of the JPEG in bytes                  |
/// +-------------------------------+-------------------------------+
/// |       width, pixels           |        height, pixels         |
/// +-------------------------------+-------------------------------+
/// |                                                               |
/// +          captured, µs on the publisher's clock                +
/// |                                                               |
/// +---------------------------------------------------------------+
/// |             captured until encoded, µs (saturating)           |
/// +---------------------------------------------------------------+
/// |                             zero                              |
/// +---------------------------------------------------------------+
/// ```
/// Numbers are in network byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Which stream.
    pub stream: StreamId,
    /// Its place in the stream.
    pub frame: FrameNumber,
    /// Bytes of JPEG that follow.
    pub length: u32,
    /// Picture width in pixels, as the publisher says.
    pub width: u16,
    /// Picture height in pixels, as the publisher says.
    pub height: u16,
    /// When the picture was taken, on the publisher's clock.
    pub captured: Time,
    /// How long encoding took, from `captured` on, in microseconds.
    pub encode_us: u32,
}

impl FrameHeader {
    /// The bytes to send.
    pub fn encode(&self) -> [u8; FRAME_HEADER_BYTES] {
        let mut bytes = [0; FRAME_HEADER_BYTES];
        bytes[0..4].copy_from_slice(&self.stream.0.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.frame.0.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.length.to_be_bytes());
        bytes[12..14].copy_from_slice(&self.width.to_be_bytes());
        bytes[14..16].copy_from_slice(&self.height.to_be_bytes());
        bytes[16..24].copy_from_slice(&self.captured.as_micros().to_be_bytes());
        bytes[24..28].copy_from_slice(&self.encode_us.to_be_bytes());
        bytes
    }

    /// Reads a header.
    ///
    /// # Errors
    /// [`WireError::Record`] when it announces nothing, or more than [`MAX_FRAME_BYTES`] with itself, or a picture of no size
    /// or of more than [`MAX_PICTURE_SIDE`]; [`WireError::Range`] for a time that no clock shows.
    pub fn decode(mut bytes: &[u8]) -> Result<FrameHeader, WireError> {
        let bytes = &mut bytes;
        let header = FrameHeader {
            stream: StreamId(u32::from_be_bytes(*take(bytes, "frame header")?)),
            frame: FrameNumber(u32::from_be_bytes(*take(bytes, "frame header")?)),
            length: u32::from_be_bytes(*take(bytes, "frame header")?),
            width: u16::from_be_bytes(*take(bytes, "frame header")?),
            height: u16::from_be_bytes(*take(bytes, "frame header")?),
            captured: moment(
                Time::from_micros(u64::from_be_bytes(*take(bytes, "frame header")?)),
                "time of a frame",
            )?,
            encode_us: u32::from_be_bytes(*take(bytes, "frame header")?),
        };
        take::<4>(bytes, "frame header")?;
        if header.length == 0 || header.length as usize > MAX_FRAME_BYTES - FRAME_HEADER_BYTES {
            return Err(WireError::Record {
                record: "frame header",
                why: "its JPEG is empty or longer than 16 MiB",
            });
        }
        let sides = [header.width, header.height];
        if !sides.iter().all(|side| (1..=MAX_PICTURE_SIDE).contains(side)) {
            return Err(WireError::Record {
                record: "frame header",
                why: "its picture has no size or one over 8,192 pixels",
            });
        }
        Ok(header)
    }
}

/// What a received frame was announced as, by the datagrams or the connection that brought it. The frame's own header must
/// say the same: a relay goes by that header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announced {
    /// The stream it came for.
    pub stream: StreamId,
    /// Its number in that stream.
    pub frame: FrameNumber,
    /// Bytes of the frame, its header included.
    pub length: usize,
}

/// A whole frame as it travels: header and JPEG in one shared, uncopied run of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    header: FrameHeader,
    bytes: Bytes,
}

impl Frame {
    /// Puts a header before a JPEG. The header's `length` is taken from the JPEG.
    ///
    /// # Errors
    /// [`WireError::Record`] when the JPEG is empty or too long.
    pub fn new(header: FrameHeader, jpeg: &[u8]) -> Result<Frame, WireError> {
        let header = FrameHeader {
            length: u32::try_from(jpeg.len()).unwrap_or(u32::MAX),
            ..header
        };
        let mut bytes = BytesMut::with_capacity(FRAME_HEADER_BYTES.saturating_add(jpeg.len()));
        bytes.extend_from_slice(&header.encode());
        bytes.extend_from_slice(jpeg);
        let announced = Announced {
            stream: header.stream,
            frame: header.frame,
            length: bytes.len(),
        };
        Frame::received(bytes.freeze(), announced)
    }

    /// Makes a frame of received bytes. This is the only place that does, whichever transport brought them.
    ///
    /// # Errors
    /// [`WireError::Record`] when the bytes are not exactly one frame, or its header contradicts what was announced.
    pub fn received(bytes: Bytes, announced: Announced) -> Result<Frame, WireError> {
        let refuse = |why| WireError::Record { record: "frame", why };
        let header = FrameHeader::decode(&bytes)?;
        let length = FRAME_HEADER_BYTES.saturating_add(header.length as usize);
        if bytes.len() != length || bytes.len() != announced.length {
            return Err(refuse("its length is not the one announced"));
        }
        if header.stream != announced.stream {
            return Err(refuse("its header names another stream"));
        }
        if header.frame != announced.frame {
            return Err(refuse("its header bears another number"));
        }
        Ok(Frame { header, bytes })
    }

    /// What it says of itself.
    pub fn header(&self) -> &FrameHeader {
        &self.header
    }

    /// Header and JPEG, as they travel.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The JPEG, shared, not copied.
    pub fn jpeg(&self) -> Bytes {
        self.bytes.slice(FRAME_HEADER_BYTES..)
    }
}

/// A frame has arrived whole: what goes back on a TCP video connection, its fields in this order in network byte order,
/// 32 bits each and 64 for the time. TCP repeats what is lost, so it needs nothing of what else [`Ack`](super::Ack) says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpAck {
    /// Which stream.
    pub stream: StreamId,
    /// Which frame.
    pub frame: FrameNumber,
    /// How long the receiver held it between having it whole and sending this, in microseconds (saturating).
    pub hold_us: u32,
    /// How long its bytes took to come in, from the first read to the last, in microseconds (saturating).
    pub spread_us: u32,
    /// When it was whole, on the receiver's clock.
    pub whole: Time,
}

impl TcpAck {
    /// The bytes to send.
    pub fn encode(self) -> [u8; TCP_ACK_BYTES] {
        let mut bytes = [0; TCP_ACK_BYTES];
        bytes[..4].copy_from_slice(&self.stream.0.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.frame.0.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.hold_us.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.spread_us.to_be_bytes());
        bytes[16..].copy_from_slice(&self.whole.as_micros().to_be_bytes());
        bytes
    }

    /// Reads an acknowledgement.
    ///
    /// # Errors
    /// [`WireError::Range`] for a time that no clock shows.
    pub fn decode(bytes: [u8; TCP_ACK_BYTES]) -> Result<TcpAck, WireError> {
        // The fields are as long as the array.
        let mut bytes = bytes.as_slice();
        Ok(TcpAck {
            stream: StreamId(bytes.get_u32()),
            frame: FrameNumber(bytes.get_u32()),
            hold_us: bytes.get_u32(),
            spread_us: bytes.get_u32(),
            whole: moment(Time::from_micros(bytes.get_u64()), "time of an acknowledgement")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> FrameHeader {
        FrameHeader {
            stream: StreamId(3),
            frame: FrameNumber(u32::MAX),
            length: 0,
            width: 1280,
            height: 720,
            captured: Time::from_micros(1 << 40),
            encode_us: 1_630,
        }
    }

    #[test]
    fn a_frame_survives_the_trip_without_being_copied() {
        let frame = Frame::new(header(), b"jpeg").unwrap();
        let same = Frame::received(frame.bytes().clone(), announced(&frame)).unwrap();
        assert_eq!(same, frame);
        assert_eq!(same.jpeg(), &b"jpeg"[..]);
        assert_eq!(same.jpeg().as_ptr(), frame.bytes()[FRAME_HEADER_BYTES..].as_ptr());
        assert_eq!(same.header().length, 4);
    }

    fn announced(frame: &Frame) -> Announced {
        Announced {
            stream: frame.header().stream,
            frame: frame.header().frame,
            length: frame.bytes().len(),
        }
    }

    #[test]
    fn a_frame_that_is_not_what_was_announced_is_refused() {
        let frame = Frame::new(header(), b"jpeg").unwrap();
        let honest = announced(&frame);
        for lie in [
            Announced {
                stream: StreamId(4),
                ..honest
            },
            Announced {
                frame: FrameNumber(u32::MAX - 1),
                ..honest
            },
            Announced {
                length: honest.length - 1,
                ..honest
            },
        ] {
            assert!(Frame::received(frame.bytes().clone(), lie).is_err(), "{lie:?}");
        }
    }

    #[test]
    fn a_tcp_acknowledgement_survives_the_trip() {
        let ack = TcpAck {
            stream: StreamId(1),
            frame: FrameNumber(u32::MAX),
            hold_us: 77,
            spread_us: 78,
            whole: Time::from_micros(crate::wire::MAX_EXACT - 5),
        };
        assert_eq!(TcpAck::decode(ack.encode()), Ok(ack));
        let never = TcpAck {
            whole: Time::from_micros(u64::MAX),
            ..ack
        };
        assert!(TcpAck::decode(never.encode()).is_err());
    }

    #[test]
    fn a_frame_that_contradicts_its_header_is_refused() {
        let frame = Frame::new(header(), b"jpeg").unwrap();
        let received = |bytes: Bytes| {
            let length = bytes.len();
            Frame::received(
                bytes,
                Announced {
                    length,
                    ..announced(&frame)
                },
            )
        };
        assert!(received(frame.bytes().slice(..35)).is_err());
        assert!(received(frame.bytes().slice(..31)).is_err());
        assert!(Frame::new(header(), b"").is_err());
        let huge = FrameHeader {
            length: (MAX_FRAME_BYTES - FRAME_HEADER_BYTES + 1) as u32,
            ..header()
        };
        assert!(FrameHeader::decode(&huge.encode()).is_err());
        let fits =
            |header: FrameHeader| FrameHeader::decode(&FrameHeader { length: 1, ..header }.encode()).is_ok();
        let exact = Time::from_micros(crate::wire::MAX_EXACT);
        assert!(
            fits(header())
                && fits(FrameHeader {
                    captured: exact,
                    ..header()
                })
        );
        for wrong in [
            FrameHeader { width: 0, ..header() },
            FrameHeader {
                height: MAX_PICTURE_SIDE + 1,
                ..header()
            },
            FrameHeader {
                captured: Time::from_micros(u64::MAX),
                ..header()
            },
        ] {
            assert!(!fits(wrong), "{wrong:?}");
        }
    }
}
