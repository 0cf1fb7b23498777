//! What every source is to the thread that captures from it.

use std::sync::Arc;

use bytes::Bytes;
use netcore_proto::Time;

use crate::capture::{CaptureOptions, CaptureSpec};
use crate::error::CaptureError;
use crate::pixels::Pixels;
use crate::planes::Planes;
use crate::source::SourceId;
use crate::{Clock, camera, pattern, playback, screen};

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
    /// The feed does: it is there when it is there.
    Live,
    /// The file's own steps do; pictures are left out when fewer are asked for, so that the video does not slow down.
    File { steps_per_s: f32 },
    /// The rate that was asked for does.
    Asked,
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

pub(crate) fn open(
    spec: &CaptureSpec,
    options: CaptureOptions,
    clock: &Clock,
) -> Result<Box<dyn Feed>, CaptureError> {
    match &spec.source {
        SourceId::Pattern => Ok(Box::new(PatternFeed::new(spec, clock.clone()))),
        SourceId::Camera(device) => camera::open(device, spec, options.backend, clock),
        SourceId::File(path) => playback::open(path, spec, options, clock),
        SourceId::Screen(area) => screen::open(area, spec, clock),
    }
}

struct PatternFeed {
    shape: Shape,
    number: u32,
    clock: Clock,
}

impl PatternFeed {
    fn new(spec: &CaptureSpec, clock: Clock) -> PatternFeed {
        let size = |asked: u16, own: u16| if asked == 0 { own } else { asked.clamp(16, 8192) };
        let shape = Shape {
            name: "Test pattern".to_owned(),
            width: size(spec.width, 1280),
            height: size(spec.height, 720),
            rate: if spec.rate > 0.0 { spec.rate } else { 30.0 },
            tempo: Tempo::Asked,
        };
        PatternFeed {
            shape,
            number: 0,
            clock,
        }
    }
}

impl Feed for PatternFeed {
    fn shape(&self) -> Shape {
        self.shape.clone()
    }

    fn next(&mut self, planes: &mut Planes) -> Result<Shot, CaptureError> {
        let captured = (self.clock)();
        planes.resize(self.shape.width, self.shape.height);
        pattern::draw(planes, self.number, captured);
        self.number = self.number.wrapping_add(1);
        Ok(Shot::Planes { captured })
    }
}
