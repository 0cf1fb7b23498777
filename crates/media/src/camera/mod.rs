//! Cameras: V4L2 itself on Linux, `nokhwa` elsewhere and, on request, on Linux too; both behind [`Feed`].
//!
//! Why not `nokhwa` everywhere: on V4L2 it waits for ever when a camera stalls, cannot open one that is set to a fractional rate,
//! hands out buffers without saying how much of them is picture, and takes damaged pictures for good ones.

#[cfg(windows)]
mod apartment;
mod choice;
mod nokhwa;
mod slot;
mod stall;
#[cfg(target_os = "linux")]
mod v4l2;

use crate::clock::Clock;
use crate::error::CaptureError;
use crate::feed::Feed;
use crate::source::SourceInfo;
use crate::spec::{Backend, CaptureSpec};

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
