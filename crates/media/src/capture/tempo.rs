//! When the next picture is due, and which ones are too many.

use std::time::Duration;

use netcore_proto::{Span, Time};

use super::control::Control;
use crate::clock::Clock;

/// Further behind than this, the missed pictures are forgotten instead of made up for in a burst.
const MAX_LAG: Span = Span::from_millis(100);

/// Steps of equal length, none of them drifting with how long the work in between takes.
#[derive(Default)]
pub(super) struct Schedule {
    last: Option<Time>,
}

impl Schedule {
    /// Waits until the next step at `rate` each second, which is asked again when the target changes while it waits; `false` when it
    /// is time to stop.
    pub(super) fn wait(&mut self, rate: impl Fn() -> f32, clock: &Clock, control: &Control) -> bool {
        loop {
            let changes = control.changes();
            let now = clock();
            let due = self.last.map_or(now, |last| last + interval(rate()));
            if due <= now || control.is_stopped() {
                self.last = Some(if now.since(due) < MAX_LAG { due } else { now });
                return !control.is_stopped();
            }
            control.sleep(Duration::from_micros(due.since(now).as_micros()), changes);
        }
    }

    /// Leaves out `steps`: the next is so much later.
    pub(super) fn pass(&mut self, steps: u32, rate: f32) {
        self.last = self.last.map(|last| last + interval(rate).times(steps.into()));
    }
}

/// Leaves out pictures of a source that gives more of them than asked for, as evenly as they come.
#[derive(Default)]
pub(super) struct Thinner {
    due: Option<Time>,
}

impl Thinner {
    /// Whether to take the picture of moment `now`, from a source with `own` pictures each second of which `asked` are wanted.
    pub(super) fn takes(&mut self, now: Time, asked: f32, own: f32) -> bool {
        // A camera's 30 are 29.97 or 30.03: no reason to leave out one every half minute.
        if own <= asked * 1.05 {
            self.due = None;
            return true;
        }
        let step = interval(asked);
        let slack = interval(2.0 * own);
        let due = self.due.unwrap_or(now);
        if now + slack < due {
            return false;
        }
        let base = if now.since(due) > step { now } else { due };
        self.due = Some(base + step);
        true
    }
}

fn interval(rate: f32) -> Span {
    Span::from_micros((1e6 / f64::from(rate.clamp(0.1, 1_000.0))) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(own: f32, asked: f32, frames: u64) -> Vec<u64> {
        let mut thinner = Thinner::default();
        let at = |frame: u64| {
            // Three milliseconds of jitter, as drivers have it.
            let jitter = [0, 3_000, 1_000, 2_000][frame as usize % 4];
            Time::from_micros((frame as f64 * 1e6 / f64::from(own)) as u64 + jitter)
        };
        (0..frames)
            .filter(|frame| thinner.takes(at(*frame), asked, own))
            .collect()
    }

    #[test]
    fn half_the_rate_is_every_other_picture() {
        assert_eq!(taken(30.0, 15.0, 8), [0, 2, 4, 6]);
    }

    #[test]
    fn two_thirds_are_two_thirds() {
        assert_eq!(taken(30.0, 20.0, 300).len(), 200);
        assert_eq!(taken(60.0, 25.0, 600).len(), 250);
    }

    #[test]
    fn a_source_that_gives_no_more_than_asked_is_left_alone() {
        assert_eq!(taken(30.0, 30.0, 100).len(), 100);
        assert_eq!(taken(30.3, 30.0, 100).len(), 100);
        assert_eq!(taken(15.0, 30.0, 100).len(), 100);
    }

    #[test]
    fn after_a_pause_there_is_no_burst() {
        let mut thinner = Thinner::default();
        assert!(thinner.takes(Time::from_micros(0), 10.0, 100.0));
        assert!(thinner.takes(Time::from_micros(5_000_000), 10.0, 100.0));
        assert!(!thinner.takes(Time::from_micros(5_010_000), 10.0, 100.0));
    }
}
