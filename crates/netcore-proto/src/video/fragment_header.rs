//! Fragments of a frame and their parity, as they stand in datagrams.

use bytes::{BufMut, Bytes};

use super::{FRAME_HEADER_BYTES, MAX_FRAME_BYTES};
use crate::ground::{FrameNumber, StreamId};
use crate::wire::{WireError, take};

/// A run of a frame's bytes (header and JPEG). All fragments but the last have the same size.
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
/// +-------------------------------+---------------+---------------+
/// |   size of each but the last     |  parity   |    flags      |
/// +-------------------------------+---------------+---------------+
/// |   bytes of the frame …
/// +----------------------------
/// ```
///
/// Flag 1: the sender answers no requests for this frame, so the receiver makes none. The other flags are zero, and a
/// receiver that does not know one ignores it.
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
    /// Bytes of every fragment but the last.
    pub size: u16,
    /// Which fragment, from zero.
    pub index: u16,
    /// Zero when first sent, one more each time it is sent again.
    pub attempt: u8,
    /// How many [`Parity`] fragments follow the frame's own.
    pub parity: u8,
    /// Whether the sender answers requests for missing fragments of this frame.
    pub answers_requests: bool,
    /// The bytes from `index × size` on.
    pub data: D,
}

/// A fragment from which missing fragments of its frame can be computed: as many of them as parity fragments are here, whichever they
/// are (Reed-Solomon over GF(2¹⁶), as `reed-solomon-simd` 3 arranges it).
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +---------------+---------------+---------------+---------------+
/// |   kind (6)    |     count     |     index     |     zero      |
/// +---------------+---------------+---------------+---------------+
/// |                            stream                             |
/// +---------------------------------------------------------------+
/// |                            frame                              |
/// +---------------------------------------------------------------+
/// |                  length of the frame in bytes                 |
/// +-------------------------------+-------------------------------+
/// |   size of each fragment       |   `size` bytes …
/// +-------------------------------+-------------------------------
/// ```
///
/// It is computed over fragments that all have `size` bytes: the last is filled up with zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parity<D = Bytes> {
    /// Which stream.
    pub stream: StreamId,
    /// Which frame.
    pub frame: FrameNumber,
    /// Bytes of the whole frame.
    pub frame_length: u32,
    /// Bytes of every fragment; even.
    pub size: u16,
    /// How many parity fragments the frame has.
    pub count: u8,
    /// Which of them this is, from zero.
    pub index: u8,
    /// `size` bytes.
    pub data: D,
}

impl Fragment {
    /// Bytes before the data.
    pub const HEADER_BYTES: usize = 20;
    /// Fewer bytes than this in a fragment make no sense on any link, and would make fragments without end.
    pub const MIN_SIZE: u16 = 256;
    const NO_REQUESTS: u8 = 1;

    /// How many fragments of `size` bytes, at least one, a frame of `frame_length` bytes has.
    pub fn count(frame_length: u32, size: u16) -> u32 {
        frame_length.div_ceil(u32::from(size.max(1)))
    }
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
        out.put_u8(self.parity);
        let flags = if self.answers_requests {
            0
        } else {
            Fragment::NO_REQUESTS
        };
        out.put_u8(flags);
        out.put_slice(self.data.as_ref());
    }

    fn check(&self) -> Result<(), WireError> {
        check_shape(self.frame_length, self.size)?;
        let offset = u32::from(self.index).saturating_mul(u32::from(self.size));
        let Some(rest @ 1..) = self.frame_length.checked_sub(offset) else {
            return refuse("it lies behind the frame's end");
        };
        if self.data.as_ref().len() != rest.min(u32::from(self.size)) as usize {
            return refuse("it does not have the bytes its place calls for");
        }
        if self.parity > 0 && !self.size.is_multiple_of(2) {
            return refuse("it announces parity over fragments of an odd size");
        }
        Ok(())
    }
}

impl<'a> Fragment<&'a [u8]> {
    /// Reads what follows the kind.
    pub(super) fn decode(bytes: &mut &'a [u8]) -> Result<Fragment<&'a [u8]>, WireError> {
        const RECORD: &str = "fragment";
        let [attempt] = *take(bytes, RECORD)?;
        let index = u16::from_be_bytes(*take(bytes, RECORD)?);
        let stream = StreamId(u32::from_be_bytes(*take(bytes, RECORD)?));
        let frame = FrameNumber(u32::from_be_bytes(*take(bytes, RECORD)?));
        let frame_length = u32::from_be_bytes(*take(bytes, RECORD)?);
        let size = u16::from_be_bytes(*take(bytes, RECORD)?);
        let [parity, flags] = *take(bytes, RECORD)?;
        let fragment = Fragment {
            stream,
            frame,
            frame_length,
            size,
            index,
            attempt,
            parity,
            answers_requests: flags & Fragment::NO_REQUESTS == 0,
            data: *bytes,
        };
        fragment.check()?;
        Ok(fragment)
    }
}

impl Parity {
    /// Bytes before the data.
    pub const HEADER_BYTES: usize = 18;
}

impl<D: AsRef<[u8]>> Parity<D> {
    /// Writes header and data.
    pub fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&[6, self.count, self.index, 0]);
        out.put_u32(self.stream.0);
        out.put_u32(self.frame.0);
        out.put_u32(self.frame_length);
        out.put_u16(self.size);
        out.put_slice(self.data.as_ref());
    }
}

impl<'a> Parity<&'a [u8]> {
    /// Reads what follows the kind.
    pub(super) fn decode(bytes: &mut &'a [u8]) -> Result<Parity<&'a [u8]>, WireError> {
        const RECORD: &str = "parity";
        let [count, index, _] = *take(bytes, RECORD)?;
        let parity = Parity {
            stream: StreamId(u32::from_be_bytes(*take(bytes, RECORD)?)),
            frame: FrameNumber(u32::from_be_bytes(*take(bytes, RECORD)?)),
            frame_length: u32::from_be_bytes(*take(bytes, RECORD)?),
            size: u16::from_be_bytes(*take(bytes, RECORD)?),
            count,
            index,
            data: *bytes,
        };
        check_shape(parity.frame_length, parity.size)?;
        if parity.index >= parity.count {
            return refuse("it is more parity than it says there is");
        }
        if !parity.size.is_multiple_of(2) || parity.data.len() != usize::from(parity.size) {
            return refuse("its size is odd or not the one it announces");
        }
        Ok(parity)
    }
}

fn check_shape(frame_length: u32, size: u16) -> Result<(), WireError> {
    if size < Fragment::MIN_SIZE {
        return refuse("its fragments are too small");
    }
    if frame_length as usize > MAX_FRAME_BYTES || frame_length as usize <= FRAME_HEADER_BYTES {
        return refuse("its frame is empty or longer than 16 MiB");
    }
    Ok(())
}

fn refuse<T>(why: &'static str) -> Result<T, WireError> {
    Err(WireError::Record {
        record: "fragment",
        why,
    })
}
