//! What a panic costs: the peer whose work it was, and nobody else.
//!
//! A panic is a mistake of ours that bytes of one peer have found. The work for each peer runs confined: where it panics, that
//! peer is disconnected, and the room goes on. The panic itself is logged at its place by the
//! [hook](crate::event_log::init_logging). Locks are not poisoned by it (they are `parking_lot`'s): what they guard belongs to the
//! peer that goes, or is changed in one step.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// Work that did not come to its end.
#[derive(Debug)]
pub(crate) struct Panicked;

/// Runs a piece of work for peer or connection number `of`.
///
/// # Errors
/// [`Panicked`] when it did; what it returned otherwise.
pub(crate) fn confined<R>(what: &'static str, of: u64, work: impl FnOnce() -> R) -> Result<R, Panicked> {
    let work = || {
        #[cfg(test)]
        faults::strike(what, of);
        work()
    };
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| {
        tracing::error!(what, of, "work for one peer panicked: that peer is disconnected");
        Panicked
    })
}

/// The same for a task.
///
/// # Errors
/// [`Panicked`] when it did; what it returned otherwise.
pub(crate) async fn confined_task<F: Future>(
    what: &'static str,
    of: u64,
    task: F,
) -> Result<F::Output, Panicked> {
    let mut task = pin!(task);
    std::future::poll_fn(
        move |context| match confined(what, of, || task.as_mut().poll(context)) {
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(panicked) => Poll::Ready(Err(panicked)),
        },
    )
    .await
}

/// Panics that tests ask for.
#[cfg(test)]
pub(crate) mod faults {
    use parking_lot::Mutex;

    static ARMED: Mutex<Vec<(&str, u64)>> = Mutex::new(Vec::new());

    /// The next piece of this work panics.
    pub(crate) fn arm(what: &'static str, of: u64) {
        ARMED.lock().push((what, of));
    }

    pub(super) fn strike(what: &'static str, of: u64) {
        let is_armed = {
            let mut armed = ARMED.lock();
            let at = armed.iter().position(|fault| *fault == (what, of));
            at.map(|at| armed.remove(at)).is_some()
        };
        assert!(!is_armed, "a fault that a test made, in {what} of {of}");
    }
}

#[cfg(test)]
mod tests;
