//! How two computers' clocks relate.

use serde::{Deserialize, Serialize};

use super::time::Time;
use super::units::MAX_EXACT;

/// How another computer's clock relates to ours right now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockOffset {
    /// What to add to our clock to get theirs, in microseconds.
    pub offset_us: i64,
    /// The true offset is no further away than this, in microseconds.
    pub error_us: u64,
}

impl ClockOffset {
    /// Whether it is within what clocks in microseconds can differ by.
    pub(crate) fn is_possible(self) -> bool {
        self.offset_us.unsigned_abs() <= MAX_EXACT && self.error_us <= MAX_EXACT
    }

    /// A moment of their clock on ours; `None` when it lies before our clock's beginning.
    pub fn to_ours(self, theirs: Time) -> Option<Time> {
        let theirs = i64::try_from(theirs.as_micros()).ok()?;
        let ours = theirs.checked_sub(self.offset_us)?;
        u64::try_from(ours).ok().map(Time::from_micros)
    }

    /// The clock that relates to theirs by `further`, as it relates to ours. Errors add up.
    #[must_use]
    pub fn then(self, further: ClockOffset) -> ClockOffset {
        ClockOffset {
            offset_us: self.offset_us.saturating_add(further.offset_us),
            error_us: self.error_us.saturating_add(further.error_us),
        }
    }
}
