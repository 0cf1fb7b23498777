use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use netcore_proto::StreamId;
use netcore_proto::video::{Adaptation, StreamDescription};
use parking_lot::Mutex;

use super::stream::Stream;

/// A stream of ours, whether or not there is a connection right now.
pub(crate) struct OwnStream {
    pub(super) spec: Mutex<StreamDescription>,
    live: Mutex<Option<Arc<Stream>>>,
    /// How pictures are to be made, once the publisher wants to follow it.
    pub(super) adaptation: Mutex<Option<Adaptation>>,
    pub(super) next: AtomicU32,
}

impl OwnStream {
    pub(super) fn new(spec: StreamDescription) -> Arc<OwnStream> {
        Arc::new(OwnStream {
            spec: Mutex::new(spec),
            live: Mutex::default(),
            adaptation: Mutex::default(),
            next: AtomicU32::new(0),
        })
    }

    pub(super) fn spec(&self) -> StreamDescription {
        self.spec.lock().clone()
    }

    pub(super) fn set_live(&self, stream: Option<Arc<Stream>>) {
        *self.live.lock() = stream;
    }

    /// The room's stream `id` is over; if it was ours, we wait to be published anew.
    pub(super) fn forget_live(&self, id: StreamId) {
        let mut live = self.live.lock();
        if live.as_ref().is_some_and(|stream| stream.info().id == id) {
            *live = None;
        }
    }

    pub(super) fn live(&self) -> Option<Arc<Stream>> {
        self.live.lock().clone()
    }
}
