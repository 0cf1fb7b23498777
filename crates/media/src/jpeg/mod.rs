//! JPEG: reading what a header claims before believing it, and the codec.
//!
//! [`inspect`] touches headers only, so that whoever receives a picture from the network can refuse a bad one for the price of
//! a few hundred bytes. [`Encoder`] and [`Decoder`] are libjpeg-turbo, kept between pictures.

mod codec;
mod markers;

pub(crate) use codec::whole_picture;
pub use codec::{Decoder, Encoder, Rgb};
pub use markers::{JpegInfo, inspect};

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
    /// 8192×8192 pixels and 16 MiB: more than any camera gives, and at most 200 MB of pixels.
    fn default() -> Limits {
        Limits {
            max_width: 8192,
            max_height: 8192,
            max_bytes: 16 << 20,
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
