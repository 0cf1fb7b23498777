//! What every source is to the thread that captures from it.

use std::sync::Arc;

use bytes::Bytes;
use netcore_proto::Time;

use crate::error::CaptureError;
use crate::pixels::Pixels;
use crate::planes::Planes;

/// A source that has been opened. It is created, used and dropped on one thread.
pub(crate) trait Feed {
    /// What it gives, as settled when it was opened.
    fn shape(&self) -> Shape;

    /// Waits for the next picture for a tenth of a second or so, so that the caller can stop in between.
    ///
    /// A picture that is not a JPEG goes into `planes`, made to its size.
    fn next(&mut self, planes: &mut Planes) -> Result<Shot, CaptureError>;

    /// Begins anew after [`Shot::End`].
    fn rewind(&mut self) -> Result<(), CaptureError> {
        Ok(())
    }
}

/// What a feed gives.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shape {
    pub(crate) name: String,
    pub(crate) width: u16,
    pub(crate) height: u16,
    /// Frames each second.
    pub(crate) rate: f32,
    pub(crate) tempo: Tempo,
}

/// Who decides when the next picture is due.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Tempo {
    /// The source does, as a camera.
    Source,
    /// The file's own steps do; pictures are left out when fewer are asked for, so that the video does not slow down.
    File { steps_per_s: f32 },
    /// The requested rate does.
    Requested,
}

/// What came of waiting for a picture.
#[derive(Debug)]
pub(crate) enum Shot {
    /// A JPEG as the source has it, perhaps with more bytes behind it.
    Jpeg { data: Bytes, captured: Time },
    /// A picture in the planes that were handed in.
    Planes { captured: Time },
    /// A picture in pixels. It is shared, so that the feed can have its room back for the next one.
    Pixels { pixels: Arc<Pixels>, captured: Time },
    /// Nothing yet, or only something damaged.
    Nothing,
    /// The picture before, for so many steps of the file more; at least one.
    Still { steps: u32 },
    /// The file is over.
    End,
}
