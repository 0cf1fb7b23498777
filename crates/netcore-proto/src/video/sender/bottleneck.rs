//! The bottleneck of the path: whether a frame would queue there if it left now, and when it would not.

use crate::ground::arithmetic::mul_div;
use crate::ground::{Bitrate, Span, Time};

/// A frame may wait on the path, behind those before it, for about one frame interval, within these bounds: longer, and it is
/// better replaced by the next; shorter is nothing beside a busy computer.
const WAIT: (Span, Span) = (Span::from_millis(10), Span::from_millis(50));
/// A frame is late when its acknowledgement is overdue by more than a busy computer may take.
const SLACK: Span = Span::from_millis(10);

/// Each request for lost fragments takes about a round trip to be answered, and some are lost; a frame of which fragments were
/// requested is not late before so many.
const REQUEST_ROUND_TRIPS: u64 = 3;
/// While nothing is heard, frames leave at this rate, and after this time at most: the acknowledgements may be lost.
const UNHEARD: (Bitrate, Span) = (Bitrate(2_000_000), Span::from_millis(500));

/// A model of the bottleneck of the path, by which a frame leaves when it would not queue there for too long.
///
/// Frames pass it one after another at the estimated rate. Acknowledgements show what has passed it and when. One that is overdue
/// shows that the path is slower than estimated, by that much at least; then all that is on the path is taken to need that much
/// longer.
#[derive(Debug, Default)]
pub(super) struct Bottleneck {
    interval: Option<Span>,
    offered_at: Option<Time>,
    /// All acknowledged frames had passed the bottleneck by then, in the time of the sender: the time that the path itself
    /// takes, there and back, is taken off.
    passed: Time,
}

/// When a frame may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Departure {
    Now,
    /// Then, unless an acknowledgement shows otherwise.
    At(Time),
}

impl Bottleneck {
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
    /// requested again, oldest first.
    pub(super) fn departure(
        &self,
        in_flight: impl Iterator<Item = (Time, u32, bool)>,
        capacity: Bitrate,
        least_round_trip: Span,
        now: Time,
    ) -> Departure {
        let mut clear = self.passed;
        let mut late: Option<(u64, u64)> = None;
        let (mut latest, mut latest_bytes) = (Time::ZERO, 0);
        for (number, (first_out, bytes, is_requested)) in in_flight.enumerate() {
            let start = clear.max(first_out);
            let mut lasts = capacity.lasts(u64::from(bytes));
            let taken = (now - least_round_trip).since(start);
            let requests = least_round_trip.times(if is_requested { REQUEST_ROUND_TRIPS } else { 0 });
            if number == 0 && taken > lasts + SLACK + requests {
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
                Departure::Now
            } else {
                Departure::At(clear - may_wait)
            };
        };
        let (rate, longest) = UNHEARD;
        let again = latest + rate.lasts(u64::from(latest_bytes)).min(longest);
        if clear.since(now) <= least || again <= now {
            Departure::Now
        } else {
            Departure::At(again)
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

    /// A bottleneck that has passed everything offered up to now, at 30 frames a second.
    fn bottleneck() -> Bottleneck {
        let mut bottleneck = Bottleneck::default();
        for ms in [0, 33, 66] {
            bottleneck.handle_offered(at(ms) - Span::from_millis(200));
        }
        bottleneck
    }

    fn departure(bottleneck: &Bottleneck, in_flight: &[(u64, u32)], now: u64) -> Departure {
        let frames = in_flight.iter().map(|(ms, bytes)| (at(*ms), *bytes, false));
        bottleneck.departure(frames, MBIT_8, ROUND_TRIP, at(now))
    }

    #[test]
    fn a_frame_leaves_once_it_would_wait_for_an_interval_at_most() {
        // 100,000 bytes take 100 ms.
        let bottleneck = bottleneck();
        assert_eq!(departure(&bottleneck, &[], 0), Departure::Now);
        assert_eq!(departure(&bottleneck, &[(0, 100_000)], 33), Departure::At(at(67)));
        assert_eq!(departure(&bottleneck, &[(0, 100_000)], 67), Departure::Now);
        assert_eq!(
            departure(&bottleneck, &[(0, 100_000), (67, 100_000)], 90),
            Departure::At(at(167))
        );
    }

    #[test]
    fn an_acknowledgement_moves_everything_behind_it() {
        let mut bottleneck = bottleneck();
        bottleneck.handle_passed(at(80), ROUND_TRIP);
        // It had passed at 60 instead of 100, so the next has until 160.
        assert_eq!(
            departure(&bottleneck, &[(40, 100_000)], 80),
            Departure::At(at(127))
        );
    }

    #[test]
    fn a_late_acknowledgement_keeps_the_next_but_one_back() {
        let bottleneck = bottleneck();
        let both = [(0, 20_000), (33, 20_000)];
        assert_eq!(
            departure(&bottleneck, &both, 45),
            Departure::Now,
            "all is as expected"
        );
        assert_eq!(
            departure(&bottleneck, &both[..1], 120),
            Departure::Now,
            "its acknowledgement may be lost"
        );
        // The first took 80 ms at least where 20 were expected, so the second is not through before 160.
        assert_eq!(departure(&bottleneck, &both, 100), Departure::At(at(113)));
        assert_eq!(
            departure(&bottleneck, &both, 113),
            Departure::Now,
            "all acknowledgements may be lost"
        );
    }
}
