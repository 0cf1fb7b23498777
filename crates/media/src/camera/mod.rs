//! Cameras.

use crate::Clock;
use crate::capture::{Backend, CaptureSpec};
use crate::error::CaptureError;
use crate::feed::Feed;
use crate::source::SourceInfo;

pub(crate) fn list() -> Vec<SourceInfo> {
    Vec::new()
}

pub(crate) fn open(
    device: &str,
    _spec: &CaptureSpec,
    _backend: Backend,
    _clock: &Clock,
) -> Result<Box<dyn Feed>, CaptureError> {
    Err(CaptureError::Absent {
        what: format!("camera {device}"),
    })
}
