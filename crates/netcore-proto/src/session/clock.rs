//! Learning how another computer's clock relates to ours.

use std::collections::VecDeque;

use super::Pong;
use crate::ground::{ClockOffset, Span, Time};

/// Two quartz clocks drift apart by less than this many microseconds a second, each within ±50 ppm.
const WORST_DRIFT: f64 = 100e-6;
/// Exchanges that are remembered: some five minutes of them.
const MAX_EXCHANGES: usize = 160;
/// The drift is estimated from exchanges at least this far apart.
const DRIFT_BASELINE: Span = Span::from_secs(20);

/// Learns how another computer's clock relates to ours from questions and answers on the control connection.
///
/// An answer names the time at which the question was there. It was there at some moment between our sending it and our
/// hearing of it, so each exchange bounds the offset by half its round trip, whatever the path there and the path back are
/// like. The exchange with the tightest bound counts (the minimum filter of RFC 5905, section 10), where an older one's
/// bound has grown by what the clocks may have drifted since; the drift itself is taken from two good exchanges
/// far enough apart, as soon as these bound it better than quartz does.
///
/// A clock that was set, or stood still while its computer slept, contradicts what was learned before: then only what is learned
/// from now on counts.
#[derive(Clone, Debug, Default)]
pub(super) struct ClockRelation {
    exchanges: VecDeque<Exchange>,
}

#[derive(Clone, Copy, Debug)]
struct Exchange {
    /// The middle of the exchange by our clock, in microseconds.
    at_us: i64,
    offset_us: i64,
    /// Half the round trip, in microseconds.
    error_us: f64,
}

impl ClockRelation {
    /// An answer has come. Returns the round trip.
    pub(super) fn handle_pong(&mut self, pong: Pong, now: Time) -> Span {
        let round_trip = now.since(pong.sent);
        let micros = |time: Time| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        let at_us = micros(pong.sent).saturating_add(round_trip.fraction::<1, 2>().as_signed_micros());
        let exchange = Exchange {
            at_us,
            offset_us: micros(pong.received).saturating_sub(at_us),
            // One microsecond is the resolution of our clocks.
            error_us: round_trip.as_micros() as f64 / 2.0 + 1.0,
        };
        if self.is_contradicted_by(&exchange) {
            self.exchanges.clear();
        }
        if self.exchanges.len() >= MAX_EXCHANGES {
            self.exchanges.pop_front();
        }
        self.exchanges.push_back(exchange);
        round_trip
    }

    /// Whether no offset lies within the bounds both of what is known and of what was just learned.
    fn is_contradicted_by(&self, exchange: &Exchange) -> bool {
        self.offset_at(exchange.at_us).is_some_and(|known| {
            let apart = known.offset_us.abs_diff(exchange.offset_us);
            apart > known.error_us.saturating_add(exchange.error_us.ceil() as u64)
        })
    }

    /// The relation at `now`; `None` before the first answer.
    pub(super) fn offset(&self, now: Time) -> Option<ClockOffset> {
        self.offset_at(i64::try_from(now.as_micros()).unwrap_or(i64::MAX))
    }

    fn offset_at(&self, now_us: i64) -> Option<ClockOffset> {
        let (drift, uncertainty) = self.drift();
        let at_now = |exchange: &Exchange| {
            let age = now_us.saturating_sub(exchange.at_us) as f64;
            (
                exchange.offset_us.saturating_add((drift * age) as i64),
                exchange.error_us + uncertainty * age.abs(),
            )
        };
        let best = self
            .exchanges
            .iter()
            .map(at_now)
            .min_by(|a, b| a.1.total_cmp(&b.1));
        best.map(|(offset_us, error_us)| ClockOffset {
            offset_us,
            error_us: error_us.ceil() as u64,
        })
    }

    /// How fast their clock runs away from ours, in microseconds a microsecond, and how far that may be wrong.
    fn drift(&self) -> (f64, f64) {
        let unknown = (0.0, WORST_DRIFT);
        let (older, newer) = self.exchanges.as_slices();
        let all: Vec<&Exchange> = older.iter().chain(newer).collect();
        let (first, second) = all.split_at(all.len() >> 1);
        let best = |half: &[&Exchange]| {
            half.iter()
                .copied()
                .min_by(|a, b| a.error_us.total_cmp(&b.error_us))
                .copied()
        };
        let (Some(early), Some(late)) = (best(first), best(second)) else {
            return unknown;
        };
        let apart = late.at_us.saturating_sub(early.at_us);
        if apart < DRIFT_BASELINE.as_micros() as i64 {
            return unknown;
        }
        let drift = late.offset_us.saturating_sub(early.offset_us) as f64 / apart as f64;
        let uncertainty = (early.error_us + late.error_us) / apart as f64;
        // Nothing made of quartz runs away faster: then the answers were not true, or the clock was set.
        if uncertainty >= WORST_DRIFT || drift.abs() > 2.0 * WORST_DRIFT {
            return unknown;
        }
        (drift, uncertainty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The other clock is ahead by an hour at first and runs fast by `drift`.
    fn theirs(ours_us: u64, drift: f64) -> Time {
        Time::from_micros(3_600_000_000 + ours_us + (ours_us as f64 * drift) as u64)
    }

    fn exchange(relation: &mut ClockRelation, at_us: u64, there_us: u64, back_us: u64, drift: f64) {
        let pong = Pong {
            sent: Time::from_micros(at_us),
            received: theirs(at_us + there_us, drift),
        };
        let round_trip = relation.handle_pong(pong, Time::from_micros(at_us + there_us + back_us));
        assert_eq!(round_trip.as_micros(), there_us + back_us);
    }

    #[test]
    fn the_true_offset_is_always_within_the_stated_error() {
        for drift in [0.0, 30e-6, 45e-6] {
            let mut relation = ClockRelation::default();
            assert_eq!(relation.offset(Time::ZERO), None);
            let mut last_error = u64::MAX;
            for n in 0..400_u64 {
                let at = 1_000_000 + n * 2_000_000;
                // Queues come and go in either direction, seldom in neither.
                let (there, back) = ((n * 7_919) % 4_000 + 100, (n * 104_729) % 9_000 + 100);
                exchange(&mut relation, at, there, back, drift);
                let now = Time::from_micros(at + 1_500_000);
                let stated = relation.offset(now).unwrap();
                let truth = theirs(now.as_micros(), drift).as_micros() as i64 - now.as_micros() as i64;
                let wrong = (stated.offset_us - truth).unsigned_abs();
                assert!(wrong <= stated.error_us, "{n}: {stated:?}, truth {truth}");
                last_error = stated.error_us;
            }
            assert!(last_error < 1_200, "the best exchanges count: ±{last_error} µs");
        }
    }

    #[test]
    fn a_clock_that_stood_still_or_was_set_is_learned_anew_from_the_next_answer() {
        const SLEPT_US: i64 = 5_000_000;
        for jump_us in [-SLEPT_US, SLEPT_US] {
            let mut relation = ClockRelation::default();
            let mut ask = |at_us: u64, jump_us: i64, round_trip_us: u64| {
                let received = theirs(at_us + round_trip_us / 3, 0.0)
                    .as_micros()
                    .saturating_add_signed(jump_us);
                let pong = Pong {
                    sent: Time::from_micros(at_us),
                    received: Time::from_micros(received),
                };
                let now = Time::from_micros(at_us + round_trip_us);
                relation.handle_pong(pong, now);
                let truth =
                    theirs(at_us, 0.0).as_micros().saturating_add_signed(jump_us) as i64 - at_us as i64;
                let stated = relation.offset(now).unwrap();
                assert!(stated.error_us < 10_000, "{stated:?}");
                assert!(
                    truth.abs_diff(stated.offset_us) <= stated.error_us,
                    "{stated:?}, truth {truth}"
                );
            };
            (1..60).for_each(|n| ask(n * 2_000_000, 0, 1_000));
            // By their round trips, the earlier ones would be the better ones.
            (60..120).for_each(|n| ask(n * 2_000_000, jump_us, 8_000));
        }
    }

    #[test]
    fn a_moment_of_theirs_is_found_on_our_clock_also_through_a_third() {
        let (host, publisher) = (
            ClockOffset {
                offset_us: 5_000,
                error_us: 10,
            },
            ClockOffset {
                offset_us: -2_000,
                error_us: 20,
            },
        );
        let both = host.then(publisher);
        assert_eq!((both.offset_us, both.error_us), (3_000, 30));
        assert_eq!(
            both.to_ours(Time::from_micros(4_000)),
            Some(Time::from_micros(1_000))
        );
        assert_eq!(both.to_ours(Time::from_micros(2_000)), None);
    }

    #[test]
    fn times_from_nowhere_break_nothing() {
        let mut relation = ClockRelation::default();
        for received in [0, 1, u64::MAX / 2, u64::MAX] {
            for sent in [0, 77, u64::MAX] {
                let pong = Pong {
                    sent: Time::from_micros(sent),
                    received: Time::from_micros(received),
                };
                relation.handle_pong(pong, Time::from_micros(1_000));
                let stated = relation.offset(Time::from_micros(u64::MAX)).unwrap();
                let _ = stated.then(stated).to_ours(Time::from_micros(u64::MAX));
            }
        }
        for _ in 0..1_000 {
            let pong = Pong {
                sent: Time::ZERO,
                received: Time::ZERO,
            };
            relation.handle_pong(pong, Time::ZERO);
        }
        assert!(relation.exchanges.len() <= MAX_EXCHANGES);
    }
}
