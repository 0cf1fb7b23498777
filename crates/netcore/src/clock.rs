//! The only place that reads a clock; `clippy.toml` keeps it so.
#![allow(clippy::disallowed_methods)]

use std::sync::{Arc, OnceLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use netcore_proto::Time;

/// The present on this process's monotonic clock, which begins when it is first asked.
pub fn now() -> Time {
    Time::from_micros(beginning().elapsed().as_micros() as u64)
}

/// The present by the calendar, for comparing with what a file system reports.
pub(crate) fn calendar() -> SystemTime {
    SystemTime::now()
}

/// The calendar's milliseconds since 1970.
pub fn unix_ms() -> u64 {
    calendar()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64)
}

/// [`now`] as something that can be handed to code that must not read the clock itself.
pub fn clock() -> Arc<dyn Fn() -> Time + Send + Sync> {
    Arc::new(now)
}

/// `time` as the runtime's timers take it.
pub(crate) fn instant(time: Time) -> tokio::time::Instant {
    tokio::time::Instant::from_std(beginning() + std::time::Duration::from_micros(time.as_micros()))
}

/// Sleeps until `deadline`, or for ever.
pub(crate) async fn sleep_until(deadline: Option<Time>) {
    match deadline {
        Some(at) => tokio::time::sleep_until(instant(at)).await,
        None => std::future::pending().await,
    }
}

/// Timers that are on time to the millisecond, for as long as it is kept.
///
/// On Windows they otherwise wait for the system's tick, up to 15.6 ms: half the time between two frames, and more than whole
/// bursts of datagrams are apart. Elsewhere they always are.
pub(crate) struct FineTimers {
    #[cfg(windows)]
    is_granted: bool,
}

impl FineTimers {
    #[cfg(windows)]
    #[allow(unsafe_code)]
    pub(crate) fn begin() -> FineTimers {
        use windows_sys::Win32::Media::{TIMERR_NOERROR, timeBeginPeriod};
        // SAFETY: it takes a number and touches no memory of ours.
        let is_granted = unsafe { timeBeginPeriod(TIMER_PERIOD_MS) } == TIMERR_NOERROR;
        if !is_granted {
            tracing::debug!("the system keeps its coarse timers");
        }
        FineTimers { is_granted }
    }

    #[cfg(not(windows))]
    pub(crate) fn begin() -> FineTimers {
        FineTimers {}
    }
}

/// The finest that Windows grants.
#[cfg(windows)]
const TIMER_PERIOD_MS: u32 = 1;

#[cfg(windows)]
impl Drop for FineTimers {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        if self.is_granted {
            // SAFETY: as above; each grant is given back once.
            unsafe { windows_sys::Win32::Media::timeEndPeriod(TIMER_PERIOD_MS) };
        }
    }
}

/// The calendar's milliseconds since 1970 at [`Time::ZERO`].
pub(crate) fn epoch_unix_ms() -> u64 {
    unix_ms().saturating_sub(now().as_micros() / 1_000)
}

fn beginning() -> Instant {
    static BEGINNING: OnceLock<Instant> = OnceLock::new();
    *BEGINNING.get_or_init(Instant::now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_comes_back_as_the_same_instant() {
        let before = tokio::time::Instant::now();
        let now = instant(now());
        assert!(now + std::time::Duration::from_micros(1) >= before);
        assert!(now <= tokio::time::Instant::now());
    }
    #[cfg(windows)]
    #[test]
    fn fine_timers_are_granted() {
        assert!(FineTimers::begin().is_granted);
    }
}
