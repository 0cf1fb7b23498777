//! What the readers of video files have in common: what they give, and how they fail.

use std::io::{self, Read};
use std::path::Path;

use bytes::Bytes;

use crate::error::CaptureError;
use crate::planes::Planes;

/// No side of a video's pictures is longer, in pixels.
pub(super) const MAX_SIDE: u16 = 8192;

/// What the headers of a file say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Header {
    pub(super) width: u16,
    pub(super) height: u16,
    /// Frames each second.
    pub(super) rate: f32,
    /// The file's steps each second: more than frames, where a frame may last for several steps.
    pub(super) steps_per_s: f32,
}

/// Reads the pictures of one video file.
pub(super) trait VideoReader {
    /// What its headers say.
    fn header(&self) -> Header;

    /// The next picture; one that is not a JPEG goes into `planes`, made to its size.
    fn next(&mut self, planes: &mut Planes) -> Result<Take, PlaybackError>;

    /// Goes back to the first picture.
    fn rewind(&mut self) -> Result<(), PlaybackError>;
}

/// What a reader gives at a time.
pub(super) enum Take {
    /// A picture, still encoded.
    Jpeg(Bytes),
    /// A picture in the planes that were handed in.
    Planes,
    /// Nothing yet.
    Nothing,
    /// The picture before, for so many steps more; at least one.
    Still { steps: u32 },
    /// There are no more pictures.
    End,
}

/// Why a file cannot be played.
#[derive(Debug, thiserror::Error)]
pub(super) enum PlaybackError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
    /// It is of a kind that this reader does not play.
    #[error("{0}")]
    Foreign(String),
    #[error("ffmpeg is not installed")]
    FfmpegMissing,
}

impl PlaybackError {
    pub(super) fn of(self, path: &Path) -> CaptureError {
        let path = path.display().to_string();
        match self {
            PlaybackError::FfmpegMissing => CaptureError::FfmpegMissing { path },
            PlaybackError::Io(error) if error.kind() == io::ErrorKind::NotFound => CaptureError::Absent {
                what: format!("file {path}"),
            },
            other => CaptureError::Unreadable {
                path,
                reason: other.to_string(),
            },
        }
    }
}

/// Fills `to` as far as `from` has bytes, and returns how many those are.
pub(super) fn read_up_to(from: &mut impl Read, to: &mut [u8]) -> io::Result<usize> {
    let mut len = 0usize;
    while let Some(room) = to.get_mut(len..).filter(|room| !room.is_empty()) {
        match from.read(room)? {
            0 => break,
            more => len = len.saturating_add(more),
        }
    }
    Ok(len)
}
