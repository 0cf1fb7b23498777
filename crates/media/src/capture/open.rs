//! Which source a capture is of.

use crate::clock::Clock;
use crate::error::CaptureError;
use crate::feed::Feed;
use crate::pattern::PatternFeed;
use crate::source::SourceId;
use crate::spec::{CaptureOptions, CaptureSpec};
use crate::{camera, playback, screen};

/// Opens the source of `spec`, on the thread that is to use it.
pub(super) fn open(
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
