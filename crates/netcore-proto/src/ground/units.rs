//! Names for numbers: identifiers, transports and quantities that must not be mixed up.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::arithmetic::{mul_div, mul_div_ceil};
use super::time::Span;

/// The largest number that every reader of JSON keeps exact; as microseconds it is 285 years.
pub const MAX_EXACT: u64 = (1 << 53) - 1;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A person in a room. Given by the host, kept across that person's reconnects, never given twice.
    MemberId(u32)
);
id!(
    /// A live video stream. Given by the host, never given twice in a room.
    StreamId(u32)
);
id!(
    /// A file on offer. Given by the host, never given twice in a room.
    FileId(u32)
);
id!(
    /// One control connection as its driver numbers them; it never crosses the wire.
    ConnId(u64)
);
id!(
    /// A frame's place in its stream. It wraps: compare with [`FrameNumber::is_newer_than`].
    FrameNumber(u32)
);

impl MemberId {
    /// The host is a member of its own room.
    pub const HOST: MemberId = MemberId(0);
}

impl FrameNumber {
    /// The frame after this one.
    #[must_use]
    pub const fn next(self) -> FrameNumber {
        FrameNumber(self.0.wrapping_add(1))
    }

    /// Whether this frame comes after `other`, counted along the shorter arc of the circle of 2³² (RFC 1982).
    pub const fn is_newer_than(self, other: FrameNumber) -> bool {
        let ahead = self.0.wrapping_sub(other.0);
        ahead != 0 && ahead < 1 << 31
    }

    /// How many frames lie between `older` and this one.
    pub const fn since(self, older: FrameNumber) -> u32 {
        self.0.wrapping_sub(older.0)
    }

    /// The bit that stands for `older` among the 32 frames before this one, the lowest for the latest; `None` when it is not
    /// one of them.
    pub(crate) fn recent_bit(self, older: FrameNumber) -> Option<u32> {
        1_u32.checked_shl(self.since(older).checked_sub(1)?)
    }
}

/// What carries a stream's frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// A TLS 1.3 connection of the stream's own.
    Tcp,
    /// Sealed datagrams.
    #[default]
    Udp,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Transport::Tcp => "TCP",
            Transport::Udp => "UDP",
        })
    }
}

impl FromStr for Transport {
    type Err = String;

    fn from_str(s: &str) -> Result<Transport, String> {
        match s.to_ascii_lowercase().as_str() {
            "tcp" => Ok(Transport::Tcp),
            "udp" => Ok(Transport::Udp),
            _ => Err(format!("\"{s}\" is neither tcp nor udp")),
        }
    }
}

/// Bits in a byte times microseconds in a second.
const BIT_MICROS: u64 = 8_000_000;

/// A rate in **bits per second**.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bitrate(pub u64);

impl Bitrate {
    /// The rate at which `bytes` pass in `span`; `None` when no time passed.
    pub fn of(bytes: u64, span: Span) -> Option<Bitrate> {
        (span > Span::ZERO).then(|| Bitrate(mul_div(bytes, BIT_MICROS, span.as_micros())))
    }

    /// How long `bytes` take at this rate, rounded up. No rate at all counts as one bit per second.
    pub fn lasts(self, bytes: u64) -> Span {
        Span::from_micros(mul_div_ceil(bytes, BIT_MICROS, self.0))
    }

    /// How many bytes pass in `span`.
    pub fn bytes_in(self, span: Span) -> u64 {
        mul_div(self.0, span.as_micros(), BIT_MICROS)
    }
}

impl fmt::Display for Bitrate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bps @ 0..1_000_000 => write!(f, "{:.1} kbit/s", bps as f64 / 1e3),
            bps @ 1_000_000..1_000_000_000 => write!(f, "{:.1} Mbit/s", bps as f64 / 1e6),
            bps => write!(f, "{:.2} Gbit/s", bps as f64 / 1e9),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_numbers_are_compared_round_the_circle() {
        let last = FrameNumber(u32::MAX);
        assert_eq!(last.next(), FrameNumber(0));
        assert!(last.next().is_newer_than(last));
        assert!(!last.is_newer_than(last.next()));
        assert!(!last.is_newer_than(last));
        assert_eq!(FrameNumber(3).since(last), 4);
    }

    #[test]
    fn the_thirty_two_frames_before_one_have_a_bit_each() {
        let bits: Vec<_> = (0..35)
            .map(|behind| FrameNumber(2).recent_bit(FrameNumber(2_u32.wrapping_sub(behind))))
            .collect();
        assert_eq!((bits[0], bits[1], bits[2]), (None, Some(1), Some(2)));
        assert_eq!((bits[32], bits[33]), (Some(1 << 31), None));
        assert_eq!(FrameNumber(2).recent_bit(FrameNumber(3)), None);
    }

    #[test]
    fn a_rate_needs_time_to_pass() {
        assert_eq!(Bitrate::of(1_000, Span::ZERO), None);
        assert_eq!(Bitrate::of(125_000, Span::from_secs(1)), Some(Bitrate(1_000_000)));
        assert_eq!(Bitrate(1_000_000).lasts(125_000), Span::from_secs(1));
        assert_eq!(Bitrate(3).lasts(1), Span::from_micros(2_666_667));
        assert_eq!(Bitrate(0).lasts(u64::MAX), Span::from_micros(u64::MAX));
        assert_eq!(Bitrate(1_000_000).bytes_in(Span::from_millis(8)), 1_000);
        assert_eq!(Bitrate(13_600_000).to_string(), "13.6 Mbit/s");
    }
}
