//! How long a ping and its answer take at the least, neighbour by neighbour.

use std::collections::BTreeMap;

use netcore::proto::{MemberId, Span};
use parking_lot::Mutex;

/// The shortest round trip of each neighbour's control connection since the network was last made another one, or a
/// transport began to be measured.
#[derive(Default)]
pub(crate) struct RoundTrips(Mutex<BTreeMap<MemberId, Span>>);

impl RoundTrips {
    /// Another one was seen.
    pub(crate) fn note(&self, neighbour: MemberId, round_trip: Span) {
        let mut known = self.0.lock();
        let least = known.entry(neighbour).or_insert(round_trip);
        *least = round_trip.min(*least);
    }

    /// What was seen does not count any more.
    pub(crate) fn forget(&self) {
        self.0.lock().clear();
    }

    /// The shortest; `None` when none was seen.
    pub(super) fn least(&self, neighbour: MemberId) -> Option<Span> {
        self.0.lock().get(&neighbour).copied()
    }
}
