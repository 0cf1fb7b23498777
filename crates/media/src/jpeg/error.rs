//! What is wrong with a JPEG.

/// Why some bytes are no JPEG that may be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JpegError {
    /// The bytes do not begin as a JPEG does.
    #[error("this is not a JPEG")]
    NotJpeg,
    /// The bytes end before the JPEG does.
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
