//! Distributions: percentiles of many values in bounded memory.

use hdrhistogram::Histogram;
use serde::Serialize;

/// What lies above counts as this: a minute in microseconds, and more than three times the longest frame in bytes.
const HIGHEST: u64 = 60_000_000;
/// Values are recorded to two digits: a quantile lies at most 1 % above what was measured.
const DIGITS: u8 = 2;

/// How often which value was measured, in bounded memory (an HDR histogram).
///
/// It begins small and grows with the largest value, to at most [`Distribution::MAX_BYTES`].
#[derive(Clone, Debug)]
pub struct Distribution {
    counts: Histogram<u32>,
    /// Exactly, which the histogram does not know.
    least: u64,
    most: u64,
}

/// What a [`Distribution`] comes to: values in its unit, each the least that so many of the measured ones do not exceed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quantiles {
    /// How many values were measured.
    pub count: u64,
    /// The least, exactly.
    pub min: u64,
    /// Their mean, to two digits.
    pub mean: f64,
    /// The median.
    pub p50: u64,
    /// 90 % do not exceed it.
    pub p90: u64,
    /// 95 % do not exceed it.
    pub p95: u64,
    /// 99 % do not exceed it.
    pub p99: u64,
    /// 99.9 % do not exceed it.
    pub p999: u64,
    /// The largest, exactly.
    pub max: u64,
}

/// How many of the measured values lie in one narrow range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Bucket {
    /// The largest value of the range.
    pub up_to: u64,
    /// How many were measured.
    pub count: u64,
}

/// The distributions of what is measured of a link's frames.
#[derive(Clone, Debug, Default)]
pub struct Distributions {
    /// First byte out to acknowledgement in microseconds, the receiver's hold time taken off; empty on a receiving end.
    pub delay_us: Distribution,
    /// Interarrival jitter (RFC 3550, section 6.4.1) as it was after each frame, in microseconds.
    pub jitter_us: Distribution,
    /// From one frame's being whole at the receiver to the next one's, in microseconds on the receiver's clock.
    pub gap_us: Distribution,
    /// A frame's bytes, header included.
    pub size_bytes: Distribution,
}

impl Default for Distribution {
    fn default() -> Distribution {
        let mut counts =
            Histogram::new(DIGITS).expect("two digits are within what a histogram can distinguish");
        counts.auto(true);
        Distribution {
            counts,
            least: u64::MAX,
            most: 0,
        }
    }
}

impl Distribution {
    /// The most bytes one takes on the heap.
    pub const MAX_BYTES: usize = 10_240;

    /// A value was measured.
    pub fn record(&mut self, value: u64) {
        self.least = self.least.min(value);
        self.most = self.most.max(value);
        // It fails only for what lies above.
        let recorded = self.counts.record(value.min(HIGHEST));
        debug_assert!(recorded.is_ok(), "{value} has no place");
    }

    /// Everything that `other` has measured was measured here, too.
    pub fn merge(&mut self, other: &Distribution) {
        if other.is_empty() {
            return;
        }
        self.least = self.least.min(other.least);
        self.most = self.most.max(other.most);
        let added = self.counts.add(&other.counts);
        debug_assert!(added.is_ok(), "one grows as far as the other");
    }

    /// Forgets everything, and keeps the room for more.
    pub fn clear(&mut self) {
        self.counts.reset();
        (self.least, self.most) = (u64::MAX, 0);
    }

    /// Whether nothing was measured.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The value that a share of `quantile`, from 0 to 1, of the measured ones do not exceed; `None` when there are none.
    pub fn quantile(&self, quantile: f64) -> Option<u64> {
        (!self.is_empty()).then(|| {
            self.counts
                .value_at_quantile(quantile)
                .clamp(self.least, self.most)
        })
    }

    /// The largest value measured; `None` when there is none.
    pub fn max(&self) -> Option<u64> {
        (!self.is_empty()).then_some(self.most)
    }

    /// The quantiles; `None` when nothing was measured.
    pub fn quantiles(&self) -> Option<Quantiles> {
        Some(Quantiles {
            count: self.counts.len(),
            min: self.least,
            mean: self.counts.mean(),
            p50: self.quantile(0.5)?,
            p90: self.quantile(0.9)?,
            p95: self.quantile(0.95)?,
            p99: self.quantile(0.99)?,
            p999: self.quantile(0.999)?,
            max: self.most,
        })
    }

    /// How many were measured where, from the least on; ranges without any are left out.
    pub fn buckets(&self) -> impl Iterator<Item = Bucket> + '_ {
        self.counts.iter_recorded().map(|step| Bucket {
            up_to: self
                .counts
                .highest_equivalent(step.value_iterated_to())
                .min(self.most),
            count: step.count_since_last_iteration(),
        })
    }

    /// Bytes it takes on the heap at present.
    pub fn heap_bytes(&self) -> usize {
        self.counts.distinct_values().saturating_mul(size_of::<u32>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_one_percent_and_the_ends_exactly() {
        let mut distribution = Distribution::default();
        for value in 1..=10_000 {
            distribution.record(value);
        }
        let quantiles = distribution.quantiles().unwrap();
        assert_eq!(
            (quantiles.count, quantiles.min, quantiles.max),
            (10_000, 1, 10_000)
        );
        for (value, exact) in [
            (quantiles.p50, 5_000),
            (quantiles.p90, 9_000),
            (quantiles.p95, 9_500),
            (quantiles.p99, 9_900),
            (quantiles.p999, 9_990),
        ] {
            assert!(
                (exact..=exact + exact / 100).contains(&value),
                "{value} for {exact}"
            );
        }
        assert!((quantiles.mean - 5_000.5).abs() < 50.0, "{}", quantiles.mean);
        assert_eq!(Distribution::default().quantiles(), None);
    }

    #[test]
    fn whatever_is_measured_its_memory_has_a_bound() {
        let mut distribution = Distribution::default();
        distribution.record(1_000);
        let small = distribution.heap_bytes();
        for power in 0..64 {
            distribution.record(1 << power);
            distribution.record((1 << power) - 1);
        }
        distribution.record(u64::MAX);
        assert_eq!(distribution.heap_bytes(), Distribution::MAX_BYTES);
        assert!(
            small < Distribution::MAX_BYTES / 3,
            "{small} bytes for a millisecond"
        );
        let quantiles = distribution.quantiles().unwrap();
        assert_eq!(
            (quantiles.min, quantiles.max, quantiles.count),
            (0, u64::MAX, 130)
        );
    }

    #[test]
    fn merged_they_are_what_one_of_both_would_be() {
        let (mut low, mut high, mut both) = <(Distribution, Distribution, Distribution)>::default();
        for value in 0..1_000 {
            low.record(value);
            high.record(value * 50_000);
            both.record(value);
            both.record(value * 50_000);
        }
        low.merge(&high);
        assert_eq!(low.quantiles(), both.quantiles());
        assert_eq!(
            low.buckets().collect::<Vec<_>>(),
            both.buckets().collect::<Vec<_>>()
        );
        low.clear();
        assert!(low.is_empty() && low.quantiles().is_none());
    }

    #[test]
    fn buckets_hold_every_value_once() {
        let mut distribution = Distribution::default();
        for value in [3, 3, 900, 70_000] {
            distribution.record(value);
        }
        let buckets: Vec<Bucket> = distribution.buckets().collect();
        assert_eq!(buckets[0], Bucket { up_to: 3, count: 2 });
        assert_eq!(buckets.iter().map(|bucket| bucket.count).sum::<u64>(), 4);
        assert_eq!(buckets.last().unwrap().up_to, 70_000);
    }
}
