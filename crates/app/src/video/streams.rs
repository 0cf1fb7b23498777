//! Which streams the face has been notified of.

use std::collections::BTreeMap;

use netcore::proto::StreamId;
use netcore::proto::video::StreamInfo;

/// The streams by number.
#[derive(Default)]
pub(crate) struct Streams(BTreeMap<StreamId, StreamInfo>);

impl Streams {
    pub(crate) fn of(streams: &[StreamInfo]) -> Streams {
        Streams(streams.iter().map(|stream| (stream.id, stream.clone())).collect())
    }

    /// Takes a stream as it is now; whether it was not known.
    pub(crate) fn put(&mut self, stream: StreamInfo) -> bool {
        self.0.insert(stream.id, stream).is_none()
    }

    /// Takes a stream away; whether it was known.
    pub(crate) fn remove(&mut self, id: StreamId) -> bool {
        self.0.remove(&id).is_some()
    }

    pub(crate) fn get(&self, id: StreamId) -> Option<StreamInfo> {
        self.0.get(&id).cloned()
    }

    pub(crate) fn all(&self) -> Vec<StreamInfo> {
        self.0.values().cloned().collect()
    }

    /// The known streams that are not among `streams`.
    pub(crate) fn not_among(&self, streams: &[StreamInfo]) -> Vec<StreamId> {
        let is_there = |id: &StreamId| streams.iter().any(|stream| stream.id == *id);
        self.0.keys().copied().filter(|id| !is_there(id)).collect()
    }
}
