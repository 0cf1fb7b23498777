//! Cameras: V4L2 itself on Linux, `nokhwa` elsewhere and, for whoever asks, on Linux too; both behind [`Feed`].
//!
//! Why not `nokhwa` everywhere: on V4L2 it waits for ever when a camera stalls, cannot open one that is set to a fractional rate,
//! hands out buffers without telling how much of them is picture, and takes damaged pictures for good ones.

#[cfg(windows)]
mod apartment;
mod choice;
mod nokhwa;
mod slot;
#[cfg(target_os = "linux")]
mod v4l2;

use std::time::Duration;

use netcore_proto::Span;

use crate::clock::Clock;
use crate::error::CaptureError;
use crate::feed::Feed;
use crate::source::SourceInfo;
use crate::spec::{Backend, CaptureSpec};

/// A camera that gives no good picture for so long is stalled. A webcam's first picture may take a second.
const STALL: Span = Span::from_millis(2_500);

/// How long to wait for a picture before whoever waits may look up.
const TURN: Duration = Duration::from_millis(100);

pub(crate) fn list() -> Vec<SourceInfo> {
    #[cfg(target_os = "linux")]
    return v4l2::list();
    #[cfg(not(target_os = "linux"))]
    return nokhwa::list();
}

pub(crate) fn open(
    device: &str,
    spec: &CaptureSpec,
    backend: Backend,
    clock: &Clock,
) -> Result<Box<dyn Feed>, CaptureError> {
    match backend {
        #[cfg(target_os = "linux")]
        Backend::Native => Ok(Box::new(v4l2::V4l2Feed::open(device, spec, clock)?)),
        _ => Ok(Box::new(nokhwa::NokhwaFeed::open(device, spec, clock)?)),
    }
}

fn stalled(device: &str) -> CaptureError {
    let seconds = STALL.as_micros().div_ceil(1_000_000) as u32;
    CaptureError::Stalled {
        device: device.to_owned(),
        seconds,
    }
}
