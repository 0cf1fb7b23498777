//! How live pictures to a peer fare, for whoever else sends there.

use netcore_proto::{Span, Time};
use parking_lot::Mutex;

/// Pictures of which nothing was heard for this long are not live any more.
const LASTS: Span = Span::from_secs(1);

/// How long live pictures to one peer queue on the way.
#[derive(Default)]
pub(crate) struct Live {
    latest: Mutex<Option<(Span, Time)>>,
}

impl Live {
    /// An acknowledgement has told.
    pub(crate) fn handle_queueing(&self, queueing: Span, now: Time) {
        *self.latest.lock() = Some((queueing, now));
    }

    /// How long they queue; `None` when there are none.
    pub(crate) fn queueing(&self, now: Time) -> Option<Span> {
        let (queueing, at) = (*self.latest.lock())?;
        (now.since(at) < LASTS).then_some(queueing)
    }
}
