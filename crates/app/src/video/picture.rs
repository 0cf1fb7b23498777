//! One picture of a stream, to be saved.

use std::time::Duration;

use media::jpeg::{self, JpegError};
use netcore::proto::{FrameNumber, StreamId};
use netcore::{Room, VideoError};

/// The newest picture of a stream: a JPEG that is what its header announces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The frame's number.
    pub frame: FrameNumber,
    /// In pixels, as the JPEG itself says.
    pub width: u16,
    /// In pixels, as the JPEG itself says.
    pub height: u16,
    /// The JPEG as it came.
    pub jpeg: Vec<u8>,
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// There is no such stream, or it ended.
    #[error(transparent)]
    Gone(VideoError),
    /// Nothing came in time.
    #[error("no frame of stream {0} arrived")]
    Late(StreamId),
    /// What came may not be shown.
    #[error("stream {stream} sends no picture: {error}")]
    Bad {
        /// Which stream.
        stream: StreamId,
        /// What is wrong with it.
        error: JpegError,
    },
}

/// The newest picture of a stream that comes here, or the first that comes within `patience`.
///
/// # Errors
/// When there is none, or it is no picture that may be shown.
pub async fn newest_picture(
    room: &Room,
    stream: StreamId,
    patience: Duration,
) -> Result<Picture, PictureError> {
    let gone = || PictureError::Gone(VideoError::Gone(stream));
    let mut frames = room.frames(stream).ok_or_else(gone)?;
    let newest = tokio::time::timeout(patience, frames.newer_than(None)).await;
    let shown = newest.map_err(|_| PictureError::Late(stream))?.ok_or_else(gone)?;
    let header = shown.frame.header();
    let (jpeg, info) = jpeg::received(&shown.frame.jpeg(), (header.width, header.height))
        .map_err(|error| PictureError::Bad { stream, error })?;
    Ok(Picture {
        frame: header.frame,
        width: info.width,
        height: info.height,
        jpeg: jpeg.to_vec(),
    })
}
