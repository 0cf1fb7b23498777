//! What the holder of a capture requests of its thread, and that the thread is done.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::target::CaptureTarget;

#[derive(Debug)]
pub(super) struct Control {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    target: CaptureTarget,
    /// How often the target has changed.
    changes: u64,
    stop: bool,
    done: bool,
}

impl Control {
    pub(super) fn new(target: CaptureTarget) -> Control {
        let state = State {
            target,
            ..State::default()
        };
        Control {
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    pub(super) fn change_target(&self, change: impl FnOnce(&mut CaptureTarget)) {
        let mut state = self.state.lock();
        change(&mut state.target);
        state.changes = state.changes.wrapping_add(1);
        drop(state);
        self.changed.notify_all();
    }

    pub(super) fn target(&self) -> CaptureTarget {
        self.state.lock().target
    }

    /// Frames each second; `None` when it is the source's own.
    pub(super) fn rate(&self) -> Option<f32> {
        let rate = self.target().rate;
        (rate.is_finite() && rate > 0.0).then(|| rate.clamp(0.1, 1_000.0))
    }

    pub(super) fn stop(&self) {
        self.state.lock().stop = true;
        self.changed.notify_all();
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.state.lock().stop
    }

    /// How often the target has changed, for [`Control::sleep`].
    pub(super) fn changes(&self) -> u64 {
        self.state.lock().changes
    }

    /// Waits for `span`, or less when it is time to stop or the target is no longer the one of `changes`.
    pub(super) fn sleep(&self, span: Duration, changes: u64) {
        let unchanged = |state: &mut State| !state.stop && state.changes == changes;
        let mut state = self.state.lock();
        self.changed.wait_while_for(&mut state, unchanged, span);
    }

    /// `false` when the thread is still busy after `patience`.
    pub(super) fn wait_until_done(&self, patience: Duration) -> bool {
        let undone = |state: &mut State| !state.done;
        let mut state = self.state.lock();
        self.changed.wait_while_for(&mut state, undone, patience);
        state.done
    }
}

/// Notes that the thread is done, however it ends.
pub(super) struct Done<'a>(pub(super) &'a Control);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.state.lock().done = true;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_that_is_none_is_the_sources_own() {
        for rate in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            let control = Control::new(CaptureTarget {
                rate,
                ..CaptureTarget::default()
            });
            assert_eq!(control.rate(), None, "{rate}");
        }
    }

    #[test]
    fn a_target_that_changed_already_is_not_slept_over() {
        let control = Control::new(CaptureTarget::default());
        let changes = control.changes();
        control.change_target(|target| target.rate = 5.0);
        let began = std::time::Instant::now();
        control.sleep(Duration::from_secs(60), changes);
        assert!(began.elapsed() < Duration::from_secs(30));
    }
}
