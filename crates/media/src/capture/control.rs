//! What the holder of a capture tells its thread, and the other way round.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Debug)]
pub(super) struct Control {
    state: Mutex<State>,
    changed: Condvar,
    quality: AtomicU8,
    /// The bits of an `f32`, frames each second.
    rate: AtomicU32,
}

#[derive(Debug, Default)]
struct State {
    stop: bool,
    done: bool,
}

impl Control {
    pub(super) fn new(quality: u8, rate: f32) -> Control {
        Control {
            state: Mutex::default(),
            changed: Condvar::new(),
            quality: AtomicU8::new(quality),
            rate: AtomicU32::new(rate.to_bits()),
        }
    }

    pub(super) fn set_quality(&self, quality: u8) {
        self.quality.store(quality, Ordering::Relaxed);
    }

    pub(super) fn quality(&self) -> u8 {
        self.quality.load(Ordering::Relaxed).clamp(1, 100)
    }

    pub(super) fn set_rate(&self, rate: f32) {
        self.rate.store(rate.to_bits(), Ordering::Relaxed);
    }

    /// Frames each second; `None` when it is the source's own.
    pub(super) fn rate(&self) -> Option<f32> {
        let rate = f32::from_bits(self.rate.load(Ordering::Relaxed));
        (rate.is_finite() && rate > 0.0).then(|| rate.clamp(0.1, 1_000.0))
    }

    pub(super) fn stop(&self) {
        self.lock().stop = true;
        self.changed.notify_all();
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.lock().stop
    }

    /// Waits for `span`, or less when it is time to stop.
    pub(super) fn sleep(&self, span: Duration) {
        let unstopped = |state: &mut State| !state.stop;
        drop(self.changed.wait_timeout_while(self.lock(), span, unstopped));
    }

    /// `false` when the thread is still busy after `patience`.
    pub(super) fn wait_until_done(&self, patience: Duration) -> bool {
        let undone = |state: &mut State| !state.done;
        match self.changed.wait_timeout_while(self.lock(), patience, undone) {
            Ok((state, _)) => state.done,
            Err(poisoned) => poisoned.into_inner().0.done,
        }
    }

    /// Two flags are never half written, so a panic elsewhere leaves them as good as before.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells that the thread is done, whichever way it ends.
pub(super) struct Done<'a>(pub(super) &'a Control);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.lock().done = true;
        self.0.changed.notify_all();
    }
}
