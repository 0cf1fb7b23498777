//! What a picture may claim.

/// A progressive picture may repeat itself in scans that cost time and bring nothing; real ones have about ten.
pub(super) const MAX_SCANS: u32 = 20;

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
    /// What a picture that is sent may claim: [`MAX_SENT_SIDE`] in each direction and 16 MiB.
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
