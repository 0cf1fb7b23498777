//! What a capture is asked for.

use crate::source::SourceId;

/// What to capture, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct CaptureSpec {
    /// From where.
    pub source: SourceId,
    /// Width in pixels; with `height` the size wanted. A camera is set to its nearest size, and what is larger than wanted is
    /// scaled down in its proportions; nothing is ever scaled up. 0: the source's own.
    pub width: u16,
    /// Height in pixels; 0: the source's own.
    pub height: u16,
    /// Frames each second at most; 0: the source's own.
    pub rate: f32,
    /// JPEG quality, 1 to 100. A source whose pictures are JPEGs of no more than about this quality is passed through as it is.
    pub quality: u8,
}

impl Default for CaptureSpec {
    /// The test pattern at 1280×720, 30 frames a second and quality 50.
    fn default() -> CaptureSpec {
        CaptureSpec {
            source: SourceId::Pattern,
            width: 1280,
            height: 720,
            rate: 30.0,
            quality: 50,
        }
    }
}

/// By which library a camera is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// The best there is: V4L2 itself on Linux, `nokhwa` elsewhere.
    #[default]
    Native,
    /// `nokhwa`, also on Linux.
    Nokhwa,
}

/// Choices about a capture that are seldom made otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaptureOptions {
    /// By which library a camera is opened.
    pub backend: Backend,
    /// A file begins anew when it is over, instead of ending.
    pub looping: bool,
    /// `ffmpeg` may be started for a file that this crate's own readers do not play.
    pub ffmpeg: bool,
}

impl Default for CaptureOptions {
    /// The native backend, looping, with `ffmpeg`.
    fn default() -> CaptureOptions {
        CaptureOptions {
            backend: Backend::Native,
            looping: true,
            ffmpeg: true,
        }
    }
}
