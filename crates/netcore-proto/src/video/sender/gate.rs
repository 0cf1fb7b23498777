//! Whether a frame would queue on the path if it left now.

use crate::ground::arithmetic::mul_div;
use crate::ground::{Bitrate, Span, Time};

/// A frame may wait on the path, behind those before it, for about one frame interval, within these bounds: longer, and it is
/// better replaced by the next; shorter is nothing beside a busy computer.
const WAIT: (Span, Span) = (Span::from_millis(10), Span::from_millis(50));
/// A frame is late when its acknowledgement is overdue by more than a busy computer may take.
const SLACK: Span = Span::from_millis(10);

/// Each request for lost fragments takes about a round trip to be answered, and some are lost; a frame that was asked for again
/// is not late before so many.
const MENDING_ROUND_TRIPS: u64 = 3;
/// While nothing is heard, frames leave at this rate, and after this time at most: the acknowledgements may be lost.
const UNHEARD: (Bitrate, Span) = (Bitrate(2_000_000), Span::from_millis(500));

/// Decides whether a frame would wait too long on the path if it left now.
///
/// It models the bottleneck on the path: frames pass it one after another at the estimated rate. Acknowledgements show
/// what has passed it and when. One that is overdue shows that the path is slower than estimated, by that much at least; then
/// all that is on the path is taken to need that much longer.
#[derive(Debug, Default)]
pub(super) struct Gate {
    interval: Option<Span>,
    offered_at: Option<Time>,
    /// All acknowledged frames had passed the bottleneck by then, in the time of the sender: the time that the path itself
    /// takes, there and back, is taken off.
    passed: Time,
}

/// When a frame may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    Now,
    /// Then, unless an acknowledgement shows otherwise.
    At(Time),
}

impl Gate {
    /// A frame was offered. Frames come at an interval; the first has none.
    pub(super) fn handle_offered(&mut self, now: Time) {
        if let Some(before) = self.offered_at.replace(now) {
            let interval = now.since(before).min(Span::from_secs(1));
            let smooth = |old: Span| old.smoothed::<8>(interval);
            self.interval = Some(self.interval.map_or(interval, smooth));
        }
    }

    /// The time between two frames, lately.
    pub(super) fn interval(&self) -> Option<Span> {
        self.interval
    }

    /// A frame and all before it have arrived.
    pub(super) fn handle_passed(&mut self, heard: Time, least_round_trip: Span) {
        self.passed = self.passed.max(heard - least_round_trip);
    }

    /// When one more frame may leave. `in_flight` gives each frame's first byte's time, its bytes and whether fragments of it were
    /// asked for again, oldest first.
    pub(super) fn leave(
        &self,
        in_flight: impl Iterator<Item = (Time, u32, bool)>,
        capacity: Bitrate,
        least_round_trip: Span,
        now: Time,
    ) -> Leave {
        let mut clear = self.passed;
        let mut late: Option<(u64, u64)> = None;
        let (mut latest, mut latest_bytes) = (Time::ZERO, 0);
        for (number, (first_out, bytes, is_mended)) in in_flight.enumerate() {
            let start = clear.max(first_out);
            let mut lasts = capacity.lasts(u64::from(bytes));
            let taken = (now - least_round_trip).since(start);
            let mending = least_round_trip.times(if is_mended { MENDING_ROUND_TRIPS } else { 0 });
            if number == 0 && taken > lasts + SLACK + mending {
                late = Some((taken.as_micros(), lasts.as_micros()));
            }
            if let Some((taken, expected)) = late {
                lasts = Span::from_micros(mul_div(lasts.as_micros(), taken, expected));
            }
            clear = start + lasts;
            (latest, latest_bytes) = (first_out, bytes);
        }
        let (least, most) = WAIT;
        let Some(_) = late else {
            let may_wait = self.interval.unwrap_or(most).clamp(least, most);
            return if clear.since(now) <= may_wait {
                Leave::Now
            } else {
                Leave::At(clear - may_wait)
            };
        };
        let (rate, longest) = UNHEARD;
        let again = latest + rate.lasts(u64::from(latest_bytes)).min(longest);
        if clear.since(now) <= least || again <= now {
            Leave::Now
        } else {
            Leave::At(again)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MBIT_8: Bitrate = Bitrate(8_000_000);
    const ROUND_TRIP: Span = Span::from_millis(20);

    fn at(ms: u64) -> Time {
        Time::ZERO + Span::from_millis(1_000 + ms)
    }

    /// A gate of 30 frames a second that has heard of everything up to now.
    fn gate() -> Gate {
        let mut gate = Gate::default();
        for ms in [0, 33, 66] {
            gate.handle_offered(at(ms) - Span::from_millis(200));
        }
        gate
    }

    fn leave(gate: &Gate, in_flight: &[(u64, u32)], now: u64) -> Leave {
        let frames = in_flight.iter().map(|(ms, bytes)| (at(*ms), *bytes, false));
        gate.leave(frames, MBIT_8, ROUND_TRIP, at(now))
    }

    #[test]
    fn a_frame_leaves_once_it_would_wait_for_an_interval_at_most() {
        // 100,000 bytes take 100 ms.
        let gate = gate();
        assert_eq!(leave(&gate, &[], 0), Leave::Now);
        assert_eq!(leave(&gate, &[(0, 100_000)], 33), Leave::At(at(67)));
        assert_eq!(leave(&gate, &[(0, 100_000)], 67), Leave::Now);
        assert_eq!(
            leave(&gate, &[(0, 100_000), (67, 100_000)], 90),
            Leave::At(at(167))
        );
    }

    #[test]
    fn an_acknowledgement_moves_everything_behind_it() {
        let mut gate = gate();
        gate.handle_passed(at(80), ROUND_TRIP);
        // It had passed at 60 instead of 100, so the next has until 160.
        assert_eq!(leave(&gate, &[(40, 100_000)], 80), Leave::At(at(127)));
    }

    #[test]
    fn a_late_acknowledgement_keeps_the_next_but_one_back() {
        let gate = gate();
        let both = [(0, 20_000), (33, 20_000)];
        assert_eq!(leave(&gate, &both, 45), Leave::Now, "all is as expected");
        assert_eq!(
            leave(&gate, &both[..1], 120),
            Leave::Now,
            "its acknowledgement may be lost"
        );
        // The first took 80 ms at least where 20 were expected, so the second is not through before 160.
        assert_eq!(leave(&gate, &both, 100), Leave::At(at(113)));
        assert_eq!(
            leave(&gate, &both, 113),
            Leave::Now,
            "all acknowledgements may be lost"
        );
    }
}
