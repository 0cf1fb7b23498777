//! How long a ping and its answer take at the least, neighbour by neighbour.

use std::collections::BTreeMap;
use std::sync::Mutex;

use netcore::proto::{MemberId, Span};

use crate::core::lock;

/// The shortest round trip of each neighbour's control connection since the network was last made another one, or a
/// transport began to be measured.
#[derive(Default)]
pub(crate) struct RoundTrips(Mutex<BTreeMap<MemberId, Span>>);

impl RoundTrips {
    /// Another one was seen.
    pub(crate) fn note(&self, neighbour: MemberId, round_trip: Span) {
        let mut known = lock(&self.0);
        let least = known.entry(neighbour).or_insert(round_trip);
        *least = round_trip.min(*least);
    }

    /// What was seen does not count any more.
    pub(crate) fn forget(&self) {
        lock(&self.0).clear();
    }

    /// The shortest; `None` when none was seen.
    pub(super) fn least(&self, neighbour: MemberId) -> Option<Span> {
        lock(&self.0).get(&neighbour).copied()
    }
}
