//! How live frames to a peer fare, for what else is sent there.

use netcore_proto::{Span, Time};
use parking_lot::Mutex;

/// Frames without an acknowledgement for this long are not live any more.
const LASTS: Span = Span::from_secs(1);

/// How long live frames to one peer queue on the path.
#[derive(Default)]
pub(crate) struct LiveQueue {
    latest: Mutex<Option<(Span, Time)>>,
}

impl LiveQueue {
    /// An acknowledgement says so.
    pub(crate) fn handle_queueing(&self, queueing: Span, now: Time) {
        *self.latest.lock() = Some((queueing, now));
    }

    /// How long they queue; `None` when there are none.
    pub(crate) fn queueing(&self, now: Time) -> Option<Span> {
        let (queueing, at) = (*self.latest.lock())?;
        (now.since(at) < LASTS).then_some(queueing)
    }
}
