//! How fast a frame's datagrams leave.

use crate::ground::{Bitrate, Span, Time};

/// A frame leaves at this share of what the path takes, so that what else is on it gets through.
const SHARE: f64 = 0.8;
/// But it never takes longer than this share of a frame interval: the next frame must not wait for it.
const MOST_OF_INTERVAL: f64 = 0.8;
/// Nor longer than this, however rare frames are and however slow the path seemed: no receiver waits for a frame beyond 2 s.
const LONGEST: Span = Span::from_secs(1);
/// Timers have about this grain, so that much leaves at once.
const GRAIN: Span = Span::from_millis(1);
/// And this much in any case, about ten datagrams on Ethernet (as RFC 9002, section 7.7 allows).
const BURST_BYTES: u64 = 16 * 1024;

/// Spreads the datagrams of a frame over time.
///
/// It is a bucket that fills at the frame's pace and holds a burst. Nothing is paced before a frame has shown how slow the path
/// is: until then the burst is what shows it, and on a path faster than what is sent there is nothing to spare.
#[derive(Debug, Default)]
pub(crate) struct Pacer {
    pace: Option<Bitrate>,
    /// When everything that left would have left at the pace without bursts.
    clear_at: Time,
}

impl Pacer {
    /// A frame of `bytes` begins to leave. `limit` is what the path takes, when that is known.
    pub(crate) fn begin(&mut self, bytes: u64, interval: Option<Span>, limit: Option<Bitrate>) {
        self.pace = limit.zip(interval).map(|(limit, interval)| {
            let room =
                Span::from_micros((interval.as_micros() as f64 * MOST_OF_INTERVAL) as u64).min(LONGEST);
            let least = Bitrate::of(bytes, room).unwrap_or(limit);
            least.max(Bitrate((limit.0 as f64 * SHARE) as u64))
        });
    }

    /// Whether a datagram may leave now, or when the next burst may.
    pub(crate) fn check(&self, now: Time) -> Result<(), Time> {
        let Some(pace) = self.pace else {
            return Ok(());
        };
        let burst = pace.lasts(BURST_BYTES).max(GRAIN);
        // A bucket of which less than a burst is missing is used up first, so that timers are few.
        if self.clear_at <= now + burst {
            Ok(())
        } else {
            Err(self.clear_at)
        }
    }

    /// A datagram leaves.
    pub(crate) fn handle_sent(&mut self, bytes: u64, now: Time) {
        if let Some(pace) = self.pace {
            self.clear_at = self.clear_at.max(now) + pace.lasts(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(us: u64) -> Time {
        Time::ZERO + Span::from_micros(us)
    }

    /// Sends so many datagrams of 1,000 bytes. Returns when each left, the timer's grain taken as none.
    fn send(pacer: &mut Pacer, count: usize) -> Vec<Time> {
        let mut now = at(1_000_000);
        let mut left = Vec::new();
        while left.len() < count {
            match pacer.check(now) {
                Ok(()) => {
                    pacer.handle_sent(1_000, now);
                    left.push(now);
                }
                Err(when) => {
                    assert!(when > now);
                    now = when;
                }
            }
        }
        left
    }

    const INTERVAL: Option<Span> = Some(Span::from_millis(33));

    #[test]
    fn nothing_waits_on_a_path_whose_rate_is_not_known() {
        let mut pacer = Pacer::default();
        pacer.begin(100_000, INTERVAL, None);
        let left = send(&mut pacer, 100);
        assert_eq!(left[0], left[99]);
    }

    #[test]
    fn a_frame_leaves_in_small_bursts_at_four_fifths_of_the_rate() {
        let mut pacer = Pacer::default();
        pacer.begin(100_000, INTERVAL, Some(Bitrate(100_000_000)));
        let left = send(&mut pacer, 100);
        let took = left[99].since(left[0]);
        // 10 ms at 80 Mbit/s, of which the first burst and the last take no time.
        assert!(
            (Span::from_millis(6)..Span::from_millis(10)).contains(&took),
            "{took}"
        );
        for start in 0..100 {
            let burst = left[start..].iter().take_while(|time| **time == left[start]);
            assert!(burst.count() <= 18, "a burst is 16 KB");
        }
    }

    #[test]
    fn a_frame_that_is_too_large_for_the_path_still_leaves_before_the_next() {
        let mut pacer = Pacer::default();
        pacer.begin(100_000, INTERVAL, Some(Bitrate(1_000_000)));
        let left = send(&mut pacer, 100);
        assert!(left[99].since(left[0]) < Span::from_millis(27));
    }

    #[test]
    fn a_rare_frame_on_a_path_that_seemed_very_slow_leaves_within_a_second() {
        let mut pacer = Pacer::default();
        pacer.begin(100_000, Some(Span::from_secs(3_600)), Some(Bitrate(30)));
        let left = send(&mut pacer, 100);
        let took = left[99].since(left[0]);
        assert!(took <= LONGEST && took > Span::from_millis(700), "{took}");
    }
}
