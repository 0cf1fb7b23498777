//! Stop-and-wait, the same for everything that is measured: a frame goes, its answer comes, and there may be a pause.

use std::time::{Duration, Instant};

use crate::Outcome;

/// Something that sends a frame to another process, which answers it.
pub(crate) trait Exchange {
    /// Sends a frame and waits for its answer. Returns how long that took, in nanoseconds; `None` when frame or answer was lost.
    fn once(&mut self) -> Outcome<Option<u64>>;

    /// Sends until `count` frames have been answered, each when there is no other, `pause_ms` after the one before. Returns how long
    /// each took, in nanoseconds.
    fn exchange(&mut self, count: usize, pause_ms: u64) -> Outcome<Vec<u64>> {
        let mut took = Vec::with_capacity(count);
        while took.len() < count {
            if pause_ms > 0 {
                std::thread::sleep(Duration::from_millis(pause_ms));
            }
            took.extend(self.once()?);
        }
        Ok(took)
    }

    /// Exchanges frames without a pause for as long as is said. Returns how many were answered and how many seconds it took.
    fn run(&mut self, lasts: Duration) -> Outcome<(usize, f64)> {
        let began = Instant::now();
        let mut answered = 0;
        while began.elapsed() < lasts {
            answered += usize::from(self.once()?.is_some());
        }
        Ok((answered, began.elapsed().as_secs_f64()))
    }
}
