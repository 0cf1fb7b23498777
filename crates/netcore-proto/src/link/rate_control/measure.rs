//! What one acknowledged frame shows of the path: how long it queued, and how fast it came in.

use super::{Acked, LONG_TRAIN, QUEUE, RateControl, SOME_LOSS};
use crate::ground::{Span, Time};

/// How far another clock may be from ours, in microseconds, in either direction: the difference of two such numbers fits into 64 bits.
const FARTHEST: i128 = 1 << 62;

/// What an acknowledged frame shows of the path.
impl RateControl {
    pub(super) fn measure_queue(&mut self, acked: &Acked, now: Time) {
        let there_and_back = now
            .since(acked.first_out)
            .saturating_sub(acked.hold)
            .saturating_sub(acked.spread);
        let there_and_back = there_and_back.as_signed_micros();
        let longer = there_and_back.saturating_sub(self.there_and_back.add(there_and_back, now));
        // Whatever the other clock says, 64 bits hold the difference of two differences.
        let forward = i128::from(acked.whole.as_micros())
            .saturating_sub(i128::from(acked.spread.as_micros()))
            .saturating_sub(i128::from(acked.first_out.as_micros()));
        let forward = forward.clamp(-FARTHEST, FARTHEST) as i64;
        let later = forward.saturating_sub(self.forward.add(forward, now));
        // A frame cannot have queued on the path there for longer than the round trip took longer, which is ours to measure.
        let queueing = Span::from_micros(later.min(longer).max(0) as u64);
        self.queueing_before = self.queueing.replace(queueing);
    }

    /// Notes the rate at which the frame's train came in. Returns it when it is the path that made it so slow.
    pub(super) fn measure_train(&mut self, acked: &Acked) -> Option<f64> {
        if acked.fragments < 2 {
            return None;
        }
        let arrived = 1.0 - f64::from(acked.lost.min(acked.fragments)) / f64::from(acked.fragments);
        // The clock starts with the first fragment's arrival, so that fragment's bytes do not count.
        let bytes = f64::from(acked.bytes) * (1.0 - 1.0 / f64::from(acked.fragments)) * arrived;
        let rate = bytes * 8e6 / acked.train.as_micros().max(1) as f64;
        self.trains = [self.trains[1], Some(rate)];
        let sent_in = acked.last_out.since(acked.first_out);
        let is_stretched = acked.train > sent_in.fraction::<11, 10>() + Span::from_millis(1);
        let is_lossy = f64::from(acked.lost) > SOME_LOSS * f64::from(acked.fragments);
        let is_conclusive = acked.train >= LONG_TRAIN || self.queueing > Some(QUEUE) || is_lossy;
        let capacity = self.capacity.unwrap_or(rate);
        if !is_stretched || !is_conclusive {
            if rate > capacity * 1.05 {
                // It takes more, so the next frame looks for yet more.
                self.look_at = Time::ZERO;
            }
            self.capacity = Some(capacity.max(rate));
            self.stretched = [None; 2];
            return None;
        }
        // A rate that fell to half has fallen; smaller differences are averaged.
        let is_news = self.capacity.is_none() || rate < capacity / 2.0;
        self.capacity = Some(if is_news {
            rate
        } else {
            (3.0 * capacity + rate) / 4.0
        });
        Some(rate)
    }
}
