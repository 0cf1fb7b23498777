//! A file takes what live video leaves of a path (LEDBAT, RFC 6817).

use crate::ground::{Span, Time};

/// Live frames that queue on the path for longer than this are being held up. It is well above what a busy processor adds.
const HELD_UP: Span = Span::from_millis(25);
/// Below this there is room again.
const AT_EASE: Span = Span::from_millis(12);
/// The rate is reconsidered this often: a few frames have been measured by then.
const INTERVAL: Span = Span::from_millis(100);
/// The most of its rate that a file gives up at a time, and what it takes back.
const YIELDS: f64 = 0.4;
const RECOVERS: f64 = 1.1;
/// A file goes on however bad things are, in bytes a second.
const LEAST_RATE: f64 = 16_000.0;
/// Bytes at a time, so that none of them lasts longer than [`PORTION_LASTS`].
const LEAST_PORTION: usize = 4_096;
const PORTION_LASTS: f64 = 0.02;

/// How fast a file is sent beside live frames on the same path: as fast as it goes while they are not held up, and less and
/// less while they are. The idea, to take what others leave by watching the delay, is that of LEDBAT (RFC 6817); here the
/// delay that is watched is the frames' own.
#[derive(Clone, Debug, Default)]
pub struct ScavengerRate {
    /// Bytes a second; `None`: as fast as it goes.
    rate: Option<f64>,
    /// Since when `sent` is counted.
    since: Option<Time>,
    sent: u64,
    next: Time,
}

impl ScavengerRate {
    /// How many bytes to send next, `most` at most.
    pub fn portion(&self, most: usize) -> usize {
        match self.rate {
            Some(rate) => ((rate * PORTION_LASTS) as usize).max(LEAST_PORTION).min(most),
            None => most,
        }
    }

    /// So many bytes were sent. `queueing` is how long live frames to the same peer queue on the path; `None` when
    /// there are none. Returns when the next bytes may be sent.
    pub fn handle_sent(&mut self, bytes: usize, queueing: Option<Span>, now: Time) -> Time {
        self.sent = self.sent.saturating_add(bytes as u64);
        let since = *self.since.get_or_insert(now);
        let lasted = now.since(since);
        if lasted >= INTERVAL {
            let measured = self.sent as f64 / lasted.as_secs_f64();
            self.rate = queueing.and_then(|queueing| self.reconsidered(queueing, measured));
            (self.since, self.sent) = (Some(now), 0);
        }
        self.next = match self.rate {
            // A pause that was not used is not made up for by a burst.
            Some(rate) => self.next.max(now) + Span::from_micros((bytes as f64 / rate * 1e6) as u64),
            None => now,
        };
        self.next
    }

    fn reconsidered(&self, queueing: Span, measured: f64) -> Option<f64> {
        if queueing > HELD_UP {
            let excess = queueing.saturating_sub(HELD_UP).as_secs_f64() / HELD_UP.as_secs_f64();
            let before = self
                .rate
                .map_or(measured, |rate| rate.min(measured.max(LEAST_RATE)));
            return Some((before * (1.0 - YIELDS * excess.min(1.0))).max(LEAST_RATE));
        }
        let rate = self.rate?;
        // What it may send and does not is nothing to grow from.
        let is_used = measured > rate * 0.5;
        let grown = if queueing < AT_EASE && is_used {
            rate * RECOVERS
        } else {
            rate
        };
        Some(grown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file and live frames of 250 kB a second share a path of `width` bytes a second: returns how long the frames
    /// queue each 100 ms, and how many bytes of the file got through.
    fn share(width: f64, yields: bool) -> (Vec<Span>, f64) {
        let mut scavenger = ScavengerRate::default();
        let (mut now, mut queue, mut file) = (Time::ZERO, 0.0_f64, 0.0);
        let mut next = Time::ZERO;
        let mut queued = Vec::new();
        for ms in 0..20_000_u64 {
            now = Time::from_micros(ms * 1_000);
            queue = (queue + 250.0 - width / 1_000.0).max(0.0);
            // A connection has at most this much in flight.
            while next <= now && queue < 500_000.0 {
                let portion = scavenger.portion(64_000);
                queue += portion as f64;
                file += portion as f64;
                let delay = Span::from_micros((queue / width * 1e6) as u64);
                next = scavenger.handle_sent(portion, yields.then_some(delay), now);
            }
            if ms % 100 == 0 {
                queued.push(Span::from_micros((queue / width * 1e6) as u64));
            }
        }
        (queued, file / now.as_micros() as f64 * 1e6)
    }

    #[test]
    fn a_file_leaves_the_path_to_the_frames_and_takes_the_rest() {
        for width in [500_000.0, 2_500_000.0] {
            let (rude, _) = share(width, false);
            let (kind, rate) = share(width, true);
            let worst = |queued: &[Span]| queued[40..].iter().copied().max().unwrap();
            assert!(
                worst(&kind).times(3) < worst(&rude),
                "{:?} beside {:?}",
                worst(&kind),
                worst(&rude)
            );
            assert!(
                worst(&kind) < Span::from_millis(120),
                "{width}: {:?}",
                worst(&kind)
            );
            let left = width - 250_000.0;
            assert!(rate > left * 0.6, "{width}: {rate} of {left}");
        }
    }

    #[test]
    fn without_live_pictures_nothing_is_held_back() {
        let mut scavenger = ScavengerRate::default();
        for us in 0..10_000 {
            let now = Time::from_micros(us * 100);
            assert_eq!(scavenger.handle_sent(64_000, None, now), now);
            assert_eq!(scavenger.portion(256_000), 256_000);
        }
    }

    #[test]
    fn a_file_goes_on_however_bad_things_are_and_recovers_when_the_pictures_end() {
        let mut scavenger = ScavengerRate::default();
        let mut now = Time::ZERO;
        for _ in 0..200 {
            now = scavenger
                .handle_sent(scavenger.portion(64_000), Some(Span::from_secs(10)), now)
                .max(now + INTERVAL);
        }
        let begun = now;
        let next = scavenger.handle_sent(16_000, Some(Span::from_secs(10)), now);
        assert!(
            next.since(begun) <= Span::from_millis(1_100),
            "{:?}",
            next.since(begun)
        );
        let free = scavenger.handle_sent(16_000, None, next + INTERVAL);
        assert_eq!(free, next + INTERVAL);
    }
}
