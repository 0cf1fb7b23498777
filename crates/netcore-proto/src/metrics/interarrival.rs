//! How evenly frames arrive: gaps, and interarrival jitter (RFC 3550, section 6.4.1).

use crate::ground::{FrameNumber, Span, Time};

/// How evenly frames arrive, from when each was captured and when it was whole. It does not matter whose clocks those
/// are: only differences on one and the same clock are taken.
#[derive(Clone, Debug, Default)]
pub(super) struct InterarrivalMeter {
    before: Option<Arrived>,
    jitter_us: f64,
}

#[derive(Clone, Copy, Debug)]
struct Arrived {
    frame: FrameNumber,
    captured: Time,
    whole: Time,
}

/// What a frame's arrival shows beside the one before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Interarrival {
    /// From the one's being whole to the other's.
    pub(super) gap: Span,
    /// Interarrival jitter as it is now, in microseconds.
    pub(super) jitter_us: u64,
}

impl InterarrivalMeter {
    /// A frame has arrived. `None` for the first, and for one that is out of order.
    pub(super) fn record(&mut self, frame: FrameNumber, captured: Time, whole: Time) -> Option<Interarrival> {
        let arrived = Arrived {
            frame,
            captured,
            whole,
        };
        if self
            .before
            .is_some_and(|before| !frame.is_newer_than(before.frame))
        {
            return None;
        }
        let before = self.before.replace(arrived)?;
        // RFC 3550, section 6.4.1: the difference of two transit times needs no common clock.
        let apart_there = captured.as_micros() as f64 - before.captured.as_micros() as f64;
        let apart_here = whole.as_micros() as f64 - before.whole.as_micros() as f64;
        self.jitter_us += ((apart_here - apart_there).abs() - self.jitter_us) / 16.0;
        Some(Interarrival {
            gap: whole.since(before.whole),
            jitter_us: self.jitter_us as u64,
        })
    }

    /// When the next frame arrives, nothing is known of the one before it.
    pub(super) fn forget(&mut self) {
        self.before = None;
    }

    /// The jitter now, in microseconds; zero before there are two frames.
    pub(super) fn jitter_us(&self) -> u64 {
        self.jitter_us as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time::ZERO + Span::from_millis(ms)
    }

    #[test]
    fn a_frame_late_by_sixteen_milliseconds_makes_one_of_jitter() {
        let mut meter = InterarrivalMeter::default();
        assert_eq!(meter.record(FrameNumber(1), at(900_000), at(10)), None);
        let shows = |gap, jitter_us| {
            Some(Interarrival {
                gap: Span::from_millis(gap),
                jitter_us,
            })
        };
        assert_eq!(meter.record(FrameNumber(2), at(900_033), at(43)), shows(33, 0));
        assert_eq!(
            meter.record(FrameNumber(3), at(900_066), at(92)),
            shows(49, 1_000)
        );
    }

    #[test]
    fn what_is_out_of_order_or_follows_something_unknown_shows_nothing() {
        let mut meter = InterarrivalMeter::default();
        meter.record(FrameNumber(5), at(0), at(0));
        assert_eq!(meter.record(FrameNumber(4), at(0), at(90)), None);
        meter.forget();
        assert_eq!(meter.record(FrameNumber(9), at(0), at(90)), None);
        assert!(meter.record(FrameNumber(10), at(9), at(99)).is_some());
    }

    #[test]
    fn times_that_cannot_be_stay_bounded() {
        let mut meter = InterarrivalMeter::default();
        meter.record(
            FrameNumber(1),
            Time::from_micros(u64::MAX),
            Time::from_micros(u64::MAX),
        );
        let second = meter.record(FrameNumber(2), Time::ZERO, Time::ZERO).unwrap();
        assert_eq!(second.gap, Span::ZERO);
    }
}
