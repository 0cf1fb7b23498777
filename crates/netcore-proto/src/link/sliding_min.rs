//! The least of recent values, in constant memory.

use crate::ground::{Span, Time};

/// The least of the values seen lately: over the last window at most and the last half of it at least. It takes two values'
/// room, whatever the rate at which they come.
#[derive(Debug)]
pub(super) struct SlidingMin {
    half: Span,
    began: Time,
    older: Option<i64>,
    newer: Option<i64>,
}

impl SlidingMin {
    pub(super) fn new(window: Span) -> SlidingMin {
        SlidingMin {
            half: window.fraction::<1, 2>(),
            began: Time::ZERO,
            older: None,
            newer: None,
        }
    }

    /// Notes a value and returns the least.
    pub(super) fn add(&mut self, value: i64, now: Time) -> i64 {
        let passed = now.since(self.began);
        if passed > self.half {
            self.older = self.newer.take().filter(|_| passed <= self.half.times(2));
            self.began = now;
        }
        let newer = self.newer.map_or(value, |least| least.min(value));
        self.newer = Some(newer);
        self.older.map_or(newer, |older| older.min(newer))
    }

    pub(super) fn get(&self) -> Option<i64> {
        [self.older, self.newer].into_iter().flatten().min()
    }

    /// Forgets what was before `value`.
    pub(super) fn restart(&mut self, value: i64, now: Time) {
        self.began = now;
        self.older = None;
        self.newer = Some(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_counts_for_half_a_window_at_least_and_a_window_at_most() {
        let at = |ms| Time::ZERO + Span::from_millis(ms);
        let mut least = SlidingMin::new(Span::from_secs(10));
        assert_eq!(least.add(-5, at(0)), -5);
        for ms in (100..=5_000).step_by(100) {
            assert_eq!(least.add(7, at(ms)), -5);
        }
        let last = (5_100..20_000)
            .step_by(100)
            .take_while(|ms| least.add(7, at(*ms)) == -5)
            .last();
        assert!(last.is_some_and(|ms| ms <= 10_200), "{last:?}");
        assert_eq!(least.get(), Some(7));
        assert_eq!(
            least.add(9, at(90_000)),
            9,
            "what is older than a window is nothing"
        );
        least.restart(12, at(90_001));
        assert_eq!(least.add(13, at(90_002)), 12);
    }
}
