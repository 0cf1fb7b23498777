//! How long a camera is waited for.

use std::time::Duration;

use netcore_proto::Span;

use crate::error::CaptureError;

/// A camera that gives no good picture for so long is stalled. A webcam's first picture may take a second.
pub(super) const STALL: Span = Span::from_millis(2_500);

/// How long one call waits for a picture. Between two calls a capture may be stopped.
pub(super) const TURN: Duration = Duration::from_millis(100);

/// The error of a camera that is stalled.
pub(super) fn stalled(device: &str) -> CaptureError {
    let seconds = STALL.as_micros().div_ceil(1_000_000) as u32;
    CaptureError::Stalled {
        device: device.to_owned(),
        seconds,
    }
}
