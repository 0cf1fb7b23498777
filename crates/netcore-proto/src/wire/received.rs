//! What arrived and has been sanitized: within its ranges, showable, and as long as it may be.

use serde::de::DeserializeOwned;

use super::WireError;
use crate::ground::{MAX_EXACT, Time};

/// The latest moment that a message may name, in milliseconds since 1970: the end of the year 9999, less a day, so that it can
/// be shown in every time zone.
pub const MAX_UNIX_MS: u64 = 253_402_300_799_999 - 86_400_000;

/// A message from outside that has been sanitized: each of its numbers is in its range, each of its strings can be shown, and
/// each of its lists is as long as a list may be. Only [`ControlDecoder::next_message`](super::ControlDecoder::next_message)
/// makes one, so what takes a `Received` need not ask again.
#[derive(Clone, Debug, PartialEq)]
pub struct Received<M>(M);

/// What can arrive.
pub trait Receive: DeserializeOwned {
    /// The same with its strings sanitized and its lists cut. Implementations name every field, so that a new one is not
    /// forgotten.
    ///
    /// # Errors
    /// [`WireError::Range`] for a number outside its range.
    fn sanitized(self) -> Result<Self, WireError>;
}

impl<M: Receive> Received<M> {
    pub(super) fn new(message: M) -> Result<Received<M>, WireError> {
        message.sanitized().map(Received)
    }
}

impl<M> Received<M> {
    /// The message.
    pub fn into_inner(self) -> M {
        self.0
    }
}

/// `value` if it is at most `most`.
pub(crate) fn at_most(value: u64, most: u64, field: &'static str) -> Result<u64, WireError> {
    if value <= most {
        Ok(value)
    } else {
        Err(WireError::Range { field })
    }
}

/// A moment on another computer's clock that can be reckoned with.
pub(crate) fn moment(time: Time, field: &'static str) -> Result<Time, WireError> {
    at_most(time.as_micros(), MAX_EXACT, field).map(Time::from_micros)
}
