//! JPEG: reading what a header claims before believing it, and the codec.
//!
//! [`inspect`] touches headers only, so that a bad picture is refused for the price of a few hundred bytes. [`received`] is for
//! pictures from the network: it reads to the end, and what it gives may be shown. [`Encoder`] and [`Decoder`] are
//! libjpeg-turbo, one of each for many pictures.

#![cfg_attr(
    not(test),
    warn(
        clippy::arithmetic_side_effects,
        clippy::integer_division,
        clippy::indexing_slicing
    )
)]

mod codec;
mod density;
mod exif;
mod markers;
mod whole;

pub use codec::{Decoder, Encoder, Rgb};
pub(crate) use density::pixel_aspect;
pub use exif::Orientation;
pub use markers::{JpegInfo, inspect};
pub(crate) use whole::two_pictures;
pub use whole::{received, whole_picture};

/// A progressive picture may repeat itself in scans that cost time and bring nothing; real ones have about ten.
const MAX_SCANS: u32 = 20;

/// No side of a picture that is sent is longer, in pixels: 64 MB of pixels when both are.
pub const MAX_SENT_SIDE: u16 = 4096;

/// What a picture may claim before it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Pixels from left to right, at most.
    pub max_width: u16,
    /// Pixels from top to bottom, at most.
    pub max_height: u16,
    /// Length of the JPEG in bytes, at most.
    pub max_bytes: usize,
}

impl Default for Limits {
    /// What a picture that is sent may claim: [`MAX_SENT_SIDE`] each way and 16 MiB.
    fn default() -> Limits {
        Limits {
            max_width: MAX_SENT_SIDE,
            max_height: MAX_SENT_SIDE,
            ..Limits::SOURCE
        }
    }
}

impl Limits {
    /// What a picture of a source on this computer may claim: 8192×8192 pixels and 16 MiB. It is made smaller before it is sent.
    pub const SOURCE: Limits = Limits {
        max_width: 8192,
        max_height: 8192,
        max_bytes: 16 << 20,
    };

    /// What a picture may claim that was announced as one of `width` × `height` pixels: so much, and no more than by default.
    pub fn announced((width, height): (u16, u16)) -> Limits {
        let most = Limits::default();
        Limits {
            max_width: width.min(most.max_width),
            max_height: height.min(most.max_height),
            ..most
        }
    }
}

/// Why some bytes are no picture that may be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JpegError {
    /// The bytes do not begin as a JPEG does.
    #[error("this is not a JPEG")]
    NotJpeg,
    /// The bytes end before the picture does.
    #[error("the JPEG ends early, at byte {at}")]
    Truncated {
        /// Where more was expected.
        at: usize,
    },
    /// A header contradicts itself.
    #[error("the JPEG is damaged at byte {at}")]
    Damaged {
        /// Where the damage shows.
        at: usize,
    },
    /// More bytes than allowed.
    #[error("the JPEG has {bytes} bytes, more than the {limit} allowed")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// What was allowed.
        limit: usize,
    },
    /// More pixels than allowed.
    #[error("the JPEG claims {width}×{height} pixels, more than the {max_width}×{max_height} allowed")]
    TooLarge {
        /// Width that the header claims.
        width: u16,
        /// Height that the header claims.
        height: u16,
        /// What was allowed.
        max_width: u16,
        /// What was allowed.
        max_height: u16,
    },
    /// A kind of JPEG that browsers do not show either, or a picture without pixels.
    #[error("this kind of JPEG is not supported: {what}")]
    Unsupported {
        /// The kind.
        what: &'static str,
    },
    /// The codec gave up.
    #[error("the JPEG codec reports: {detail}")]
    Codec {
        /// Its words.
        detail: String,
    },
}
