//! What can go wrong with a source, in words for the person in front of it.

use crate::jpeg::JpegError;

/// Why a source gives no pictures: what happened, to what, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaptureError {
    /// Another program, or another stream of this one, holds the camera.
    #[error(
        "The camera {device} is in use by another program. Close that program, or choose another camera."
    )]
    Busy {
        /// The camera as the system names it.
        device: String,
    },
    /// The system does not let this program open the camera.
    #[error(
        "This program may not use the camera {device}. Allow it in the system's privacy settings (on Linux: join the group \"video\"), then try again."
    )]
    Forbidden {
        /// The camera as the system names it.
        device: String,
    },
    /// The camera went away while it was in use.
    #[error("The camera {device} was unplugged. Plug it in and start again, or choose another source.")]
    Unplugged {
        /// The camera as the system names it.
        device: String,
    },
    /// There is no such camera or file.
    #[error("There is no {what}. Choose another source.")]
    Absent {
        /// What was looked for.
        what: String,
    },
    /// The camera is open and sends no pictures.
    #[error(
        "The camera {device} has sent no picture for {seconds} s. Unplug it, plug it in and start again."
    )]
    Stalled {
        /// The camera as the system names it.
        device: String,
        /// How long nothing came.
        seconds: u32,
    },
    /// The camera reported a fault of its own.
    #[error("The camera {device} reports a fault ({reason}). Unplug it, plug it in and start again.")]
    Fault {
        /// The camera as the system names it.
        device: String,
        /// The system's words.
        reason: String,
    },
    /// The source's pictures are of a kind that this program cannot turn into JPEG.
    #[error("{what} gives no pictures that can be used here ({reason}). Choose another source.")]
    FormatUnsupported {
        /// The camera or file.
        what: String,
        /// What it offers instead, or what is wrong with it.
        reason: String,
    },
    /// There is no screen that this program can see.
    #[error("The screen cannot be shown: {reason}")]
    NoScreen {
        /// Why, as a sentence, and what to do.
        reason: String,
    },
    /// The window went away while it was shown.
    #[error("The window \"{title}\" was closed. Choose another source.")]
    WindowClosed {
        /// Its title when it was chosen.
        title: String,
    },
    /// The file needs `ffmpeg`, and there is none.
    #[error(
        "{path} can only be played with ffmpeg, which is not installed. Install ffmpeg, or choose an AVI file with MJPEG or a Y4M file."
    )]
    FfmpegMissing {
        /// The file.
        path: String,
    },
    /// The file cannot be read as video.
    #[error("{path} cannot be played: {reason}.")]
    Unreadable {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Turning a picture into JPEG failed.
    #[error("A picture of {width}×{height} could not be made into a JPEG: {error}.")]
    Encoding {
        /// Width in pixels.
        width: u16,
        /// Height in pixels.
        height: u16,
        /// The codec's reason.
        error: JpegError,
    },
}

impl CaptureError {
    /// A stable word for programs: `busy`, `forbidden`, `unplugged`, `absent`, `stalled`, `fault`, `format_unsupported`,
    /// `no_screen`, `window_closed`, `ffmpeg_missing`, `unreadable`, `encoding`.
    pub fn code(&self) -> &'static str {
        match self {
            CaptureError::Busy { .. } => "busy",
            CaptureError::Forbidden { .. } => "forbidden",
            CaptureError::Unplugged { .. } => "unplugged",
            CaptureError::Absent { .. } => "absent",
            CaptureError::Stalled { .. } => "stalled",
            CaptureError::Fault { .. } => "fault",
            CaptureError::FormatUnsupported { .. } => "format_unsupported",
            CaptureError::NoScreen { .. } => "no_screen",
            CaptureError::WindowClosed { .. } => "window_closed",
            CaptureError::FfmpegMissing { .. } => "ffmpeg_missing",
            CaptureError::Unreadable { .. } => "unreadable",
            CaptureError::Encoding { .. } => "encoding",
        }
    }
}
