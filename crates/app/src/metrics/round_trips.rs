//! How long a ping and its answer take at the least, peer by peer.

use std::collections::BTreeMap;

use netcore::proto::{MemberId, Span};
use parking_lot::Mutex;

/// The shortest round trip of each peer's control connection since the network was last made another one, or a
/// transport began to be measured.
#[derive(Default)]
pub(crate) struct RoundTrips(Mutex<BTreeMap<MemberId, Span>>);

impl RoundTrips {
    /// Another one was seen.
    pub(crate) fn note(&self, peer: MemberId, round_trip: Span) {
        let mut known = self.0.lock();
        let least = known.entry(peer).or_insert(round_trip);
        *least = round_trip.min(*least);
    }

    /// What was seen does not count any more.
    pub(crate) fn forget(&self) {
        self.0.lock().clear();
    }

    /// The shortest; `None` when none was seen.
    pub(super) fn least(&self, peer: MemberId) -> Option<Span> {
        self.0.lock().get(&peer).copied()
    }
}
