//! The only place that reads a clock; `clippy.toml` keeps it so.
//!
//! The monotonic clock counts the time that the computer sleeps, on each system by its own call, so that silence is measured
//! alike everywhere, and two computers' clocks keep their relation while one of them sleeps. The runtime's timers do not
//! count it everywhere: one that was set before a sleep may come late by what was left of it, and never early.
#![allow(clippy::disallowed_methods)]

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use netcore_proto::Time;

/// The present on this process's monotonic clock, which begins when it is first asked and counts the time that the computer
/// sleeps.
pub fn now() -> Time {
    static BEGINNING: OnceLock<Duration> = OnceLock::new();
    let now = system::since_start();
    let beginning = BEGINNING.get_or_init(|| now);
    Time::from_micros(now.saturating_sub(*beginning).as_micros() as u64)
}

#[cfg(unix)]
mod system {
    use std::time::Duration;

    /// Linux's `CLOCK_MONOTONIC` and Apple's `CLOCK_UPTIME_RAW`, which `std::time::Instant` reads, stand still in a sleep.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const CLOCK: libc::clockid_t = libc::CLOCK_BOOTTIME;
    #[cfg(target_vendor = "apple")]
    const CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC_RAW;
    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    const CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC;

    /// How long ago the computer was started, about.
    #[allow(unsafe_code)]
    pub(super) fn since_start() -> Duration {
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: the system writes one `timespec`, for which there is room.
        let outcome = unsafe { libc::clock_gettime(CLOCK, &raw mut time) };
        assert_eq!(outcome, 0, "each of these systems has this clock");
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    }
}

#[cfg(not(unix))]
mod system {
    use std::sync::OnceLock;
    use std::time::{Duration, Instant};

    /// How long ago it was first asked. Windows' performance counter, which `Instant` reads, counts a sleep.
    pub(super) fn since_start() -> Duration {
        static FIRST: OnceLock<Instant> = OnceLock::new();
        FIRST.get_or_init(Instant::now).elapsed()
    }
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

/// `time` as the runtime's timers take it; what is over is now.
pub(crate) fn instant(time: Time) -> tokio::time::Instant {
    // Asked in this order, the timer is never early.
    let ahead = time.since(now());
    tokio::time::Instant::now() + Duration::from_micros(ahead.as_micros())
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
/// bursts of datagrams are apart. macOS has the timers of a program whose window is not seen wait, to save power ("App Nap"),
/// and Windows 11 does as much by its tick; who hosts a room behind other windows would delay everybody. Elsewhere timers
/// always are on time.
pub(crate) struct FineTimers(#[allow(dead_code)] timers::Grant);

impl FineTimers {
    pub(crate) fn begin() -> FineTimers {
        FineTimers(timers::Grant::ask())
    }
}

#[cfg(windows)]
#[allow(unsafe_code)]
mod timers {
    use windows_sys::Win32::Media::{TIMERR_NOERROR, timeBeginPeriod, timeEndPeriod};
    use windows_sys::Win32::System::Threading::{
        GetCurrentProcess, PROCESS_POWER_THROTTLING_CURRENT_VERSION,
        PROCESS_POWER_THROTTLING_IGNORE_TIMER_RESOLUTION, PROCESS_POWER_THROTTLING_STATE,
        ProcessPowerThrottling, SetProcessInformation,
    };

    /// The finest that Windows grants.
    const PERIOD_MS: u32 = 1;

    pub(super) struct Grant {
        pub(super) is_granted: bool,
    }

    impl Grant {
        pub(super) fn ask() -> Grant {
            // SAFETY: it takes a number and touches no memory of ours.
            let is_granted = unsafe { timeBeginPeriod(PERIOD_MS) } == TIMERR_NOERROR;
            if !is_granted {
                tracing::debug!("the system keeps its coarse timers");
            }
            if !keep_when_unseen() {
                tracing::debug!("the system does not say whether timers are fine while no window is seen");
            }
            Grant { is_granted }
        }
    }

    impl Drop for Grant {
        fn drop(&mut self) {
            if self.is_granted {
                // SAFETY: as above; each grant is given back once.
                unsafe { timeEndPeriod(PERIOD_MS) };
            }
        }
    }

    /// Windows 11 grants nothing to a program whose windows are all covered, unless it says this. Earlier systems do not know it.
    fn keep_when_unseen() -> bool {
        let state = PROCESS_POWER_THROTTLING_STATE {
            Version: PROCESS_POWER_THROTTLING_CURRENT_VERSION,
            ControlMask: PROCESS_POWER_THROTTLING_IGNORE_TIMER_RESOLUTION,
            StateMask: 0,
        };
        // SAFETY: the structure lives through the call and is as long as is said; the handle means this process.
        let outcome = unsafe {
            SetProcessInformation(
                GetCurrentProcess(),
                ProcessPowerThrottling,
                (&raw const state).cast(),
                size_of::<PROCESS_POWER_THROTTLING_STATE>() as u32,
            )
        };
        outcome != 0
    }
}

#[cfg(target_os = "macos")]
#[allow(unsafe_code)]
mod timers {
    use objc2::rc::Retained;
    use objc2::runtime::{NSObjectProtocol, ProtocolObject};
    use objc2_foundation::{NSActivityOptions, NSProcessInfo, NSString};

    /// An activity of this process, as long as which the system delays nothing of it.
    pub(super) struct Grant(Retained<ProtocolObject<dyn NSObjectProtocol>>);

    // SAFETY: activities may be begun and ended on any thread (Apple, "NSProcessInfo"), and nothing else is done with one.
    unsafe impl Send for Grant {}
    // SAFETY: as above.
    unsafe impl Sync for Grant {}

    impl Grant {
        pub(super) fn ask() -> Grant {
            // The computer itself may sleep as it would without us.
            let options =
                NSActivityOptions::UserInitiatedAllowingIdleSystemSleep | NSActivityOptions::LatencyCritical;
            let reason = NSString::from_str("A room with live video is open");
            Grant(NSProcessInfo::processInfo().beginActivityWithOptions_reason(options, &reason))
        }
    }

    impl Drop for Grant {
        fn drop(&mut self) {
            // SAFETY: it is what the call that begins an activity has returned.
            unsafe { NSProcessInfo::processInfo().endActivity(&self.0) };
        }
    }
}

#[cfg(not(any(windows, target_os = "macos")))]
mod timers {
    pub(super) struct Grant;

    impl Grant {
        pub(super) fn ask() -> Grant {
            Grant
        }
    }
}

/// The calendar's milliseconds since 1970 at [`Time::ZERO`].
pub(crate) fn epoch_unix_ms() -> u64 {
    unix_ms().saturating_sub(now().as_micros() / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_is_as_far_away_as_its_time() {
        let soon = now() + netcore_proto::Span::from_secs(10);
        let before = tokio::time::Instant::now();
        let timer = (instant(soon) - before).as_secs_f64();
        assert!((9.0..11.0).contains(&timer), "{timer} s");
        assert!(instant(Time::ZERO) >= before, "what is over is now");
    }

    #[test]
    fn the_clock_goes_forward_at_the_pace_of_the_systems_own() {
        let (began, since) = (now(), std::time::Instant::now());
        while since.elapsed() < Duration::from_millis(20) {
            std::hint::spin_loop();
        }
        let took = now().since(began).as_micros();
        assert!((19_900..10_000_000).contains(&took), "{took} µs");
    }

    /// Runs this test once more in a process for which the computer has slept for a day: a time namespace in which only
    /// `CLOCK_BOOTTIME`, and with it `/proc/uptime`, is ahead (time_namespaces(7)).
    #[cfg(target_os = "linux")]
    #[test]
    fn the_time_that_the_computer_slept_counts() {
        const SLEPT: f64 = 86_400.0;
        let uptime = || {
            let uptime = std::fs::read_to_string("/proc/uptime").unwrap();
            uptime.split(' ').next().unwrap().parse::<f64>().unwrap()
        };
        if std::env::var_os("ROOMWIRE_TEST_SLEPT").is_some() {
            let ours = system::since_start().as_secs_f64();
            assert!(
                (ours - uptime()).abs() < SLEPT / 2.0,
                "{ours} s, not {} s",
                uptime()
            );
            return;
        }
        let unshare = || {
            let mut command = std::process::Command::new("unshare");
            command.args(["--time", "--fork", "--boottime", &SLEPT.to_string()]);
            command
        };
        if !unshare()
            .arg("true")
            .status()
            .is_ok_and(|status| status.success())
        {
            eprintln!("no time namespace can be made here");
            return;
        }
        let status = unshare()
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "clock::tests::the_time_that_the_computer_slept_counts"])
            .env("ROOMWIRE_TEST_SLEPT", "1")
            .status();
        assert!(status.unwrap().success());
    }

    #[cfg(windows)]
    #[test]
    fn fine_timers_are_granted() {
        assert!(FineTimers::begin().0.is_granted);
    }
}
