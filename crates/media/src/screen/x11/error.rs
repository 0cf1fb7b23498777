//! What an X server answers instead of a picture.

use x11rb::errors::{ConnectionError, ReplyError};
use x11rb::protocol::ErrorKind;

use crate::error::CaptureError;

/// Why there is no picture this time.
pub(super) enum GrabError {
    /// It is no longer where, or as large as, it was; or it is not on the screen now.
    Elsewhere,
    /// The window is.
    Gone,
    Failed(CaptureError),
}

impl From<ReplyError> for GrabError {
    fn from(error: ReplyError) -> GrabError {
        match error {
            ReplyError::ConnectionError(error) => error.into(),
            ReplyError::X11Error(error) => match error.error_kind {
                ErrorKind::Window | ErrorKind::Drawable => GrabError::Gone,
                _ => GrabError::Elsewhere,
            },
        }
    }
}

impl From<ConnectionError> for GrabError {
    fn from(error: ConnectionError) -> GrabError {
        GrabError::Failed(lost(&error))
    }
}

pub(super) fn lost(error: &ConnectionError) -> CaptureError {
    no_screen(format!("the display is gone ({error}). Start again."))
}

pub(super) fn lost_in_reply(error: &ReplyError) -> CaptureError {
    no_screen(format!("the display does not answer ({error}). Start again."))
}

pub(super) fn no_screen(reason: impl Into<String>) -> CaptureError {
    CaptureError::NoScreen {
        reason: reason.into(),
    }
}
