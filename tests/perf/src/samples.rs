/// Delays in nanoseconds.
#[derive(Default)]
pub(crate) struct Samples(Vec<u64>);

impl Samples {
    pub(crate) fn extend(&mut self, more: Vec<u64>) {
        self.0.extend(more);
        self.0.sort_unstable();
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The delay below which `percent` of them lie, by nearest rank.
    pub(crate) fn percentile(&self, percent: usize) -> u64 {
        let rank = (self.0.len() * percent).div_ceil(100).max(1) - 1;
        self.0.get(rank).copied().unwrap_or(u64::MAX)
    }

    /// How many times the median the 99th percentile is.
    pub(crate) fn tail(&self) -> f64 {
        self.percentile(99) as f64 / self.percentile(50) as f64
    }
}

/// A delay as a figure in milliseconds.
pub(crate) fn milliseconds(nanoseconds: u64) -> String {
    format!("{:>7.3}", nanoseconds as f64 / 1e6)
}
