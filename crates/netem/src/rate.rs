//! A bottleneck: a rate, and a queue before it.

use netcore_proto::{Bitrate, Time};

/// A bottleneck: what passes it, and what waits before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bottleneck {
    /// Bits per second that pass.
    pub rate: Bitrate,
    /// The most bytes that wait; what comes on top is lost.
    pub queue_bytes: u64,
}

/// Lets packets pass one after another at a rate, and loses those for which its queue has no room.
#[derive(Clone, Debug)]
pub struct Rate {
    bottleneck: Bottleneck,
    idle_at: Time,
}

impl Rate {
    /// With an empty queue.
    pub fn new(bottleneck: Bottleneck) -> Rate {
        Rate {
            bottleneck,
            idle_at: Time::ZERO,
        }
    }

    /// From now on the bottleneck is another one. What waits leaves when it would have: its arrival is settled.
    pub fn change(&mut self, bottleneck: Bottleneck) {
        self.bottleneck = bottleneck;
    }

    /// When a packet has passed; `None` when it finds the queue full.
    pub fn pass(&mut self, bytes: u64, now: Time) -> Option<Time> {
        if self.backlog(now).saturating_add(bytes) > self.bottleneck.queue_bytes {
            return None;
        }
        Some(self.queue(bytes, now))
    }

    /// When a packet has passed for which there is always room: its sender fills no more of the queue than there is.
    pub fn queue(&mut self, bytes: u64, now: Time) -> Time {
        self.idle_at = self.idle_at.max(now) + self.bottleneck.rate.lasts(bytes);
        self.idle_at
    }

    /// Bytes that wait or are passing.
    pub fn backlog(&self, now: Time) -> u64 {
        self.bottleneck.rate.bytes_in(self.idle_at.since(now))
    }

    /// When no more than `bytes` will wait.
    pub fn backlog_below(&self, bytes: u64) -> Time {
        self.idle_at - self.bottleneck.rate.lasts(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use netcore_proto::Span;

    const MBIT: Bottleneck = Bottleneck {
        rate: Bitrate(1_000_000),
        queue_bytes: 3_000,
    };

    #[test]
    fn packets_pass_one_after_another_and_the_queue_is_bounded() {
        let mut rate = Rate::new(MBIT);
        let at = |ms| Time::ZERO + Span::from_millis(ms);
        assert_eq!(rate.pass(1_250, at(0)), Some(at(10)));
        assert_eq!(rate.pass(1_250, at(0)), Some(at(20)));
        assert_eq!(rate.pass(1_250, at(0)), None);
        assert_eq!(rate.backlog(at(10)), 1_250);
        assert_eq!(rate.backlog_below(1_250), at(10));
        assert_eq!(rate.pass(1_250, at(10)), Some(at(30)));
        assert_eq!(
            rate.pass(1_250, at(100)),
            Some(at(110)),
            "idle time is not saved up"
        );
    }

    #[test]
    fn what_comes_after_a_change_leaves_at_the_new_rate() {
        let mut rate = Rate::new(MBIT);
        let at = |ms| Time::ZERO + Span::from_millis(ms);
        assert_eq!(rate.pass(1_250, at(0)), Some(at(10)));
        rate.change(Bottleneck {
            rate: Bitrate(100_000),
            ..MBIT
        });
        assert_eq!(rate.pass(1_250, at(0)), Some(at(110)));
    }
}
