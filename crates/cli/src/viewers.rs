//! Who looks at which stream: a stream comes here as long as anybody does, be it to count it, to keep it or to take a picture of it.

use std::collections::HashMap;
use std::sync::Arc;

use netcore::Room;
use netcore::proto::StreamId;
use parking_lot::Mutex;

use crate::exit::Result;

/// How many look at each stream of a room.
#[derive(Clone, Default)]
pub(crate) struct Viewers(Arc<Mutex<HashMap<StreamId, Wanted>>>);

#[derive(Default)]
struct Wanted {
    viewers: usize,
    /// It comes here because we asked for it; our own, and every stream on a host, are here anyway.
    asked: bool,
}

/// One look at a stream. Dropping it ends that; with the last one the stream is no longer asked for.
pub(crate) struct View {
    viewers: Viewers,
    room: Room,
    stream: StreamId,
}

impl Viewers {
    /// Looks at a stream of `room`.
    ///
    /// # Errors
    /// When there is no such stream, or no connection to ask for it.
    pub(crate) async fn look(&self, room: &Room, stream: StreamId) -> Result<View> {
        self.0.lock().entry(stream).or_default().viewers += 1;
        let view = View {
            viewers: self.clone(),
            room: room.clone(),
            stream,
        };
        if !room.is_watched(stream) {
            room.watch(stream, true).await?;
            self.0.lock().entry(stream).or_default().asked = true;
        }
        Ok(view)
    }

    /// Whether nobody looks any more at what was asked for.
    fn is_left(&self, stream: StreamId) -> bool {
        let mut all = self.0.lock();
        let is_left = all.get(&stream).is_some_and(|wanted| wanted.viewers == 0);
        is_left && all.remove(&stream).is_some_and(|wanted| wanted.asked)
    }
}

impl Drop for View {
    fn drop(&mut self) {
        if let Some(wanted) = self.viewers.0.lock().get_mut(&self.stream) {
            wanted.viewers = wanted.viewers.saturating_sub(1);
        }
        let (viewers, room, stream) = (self.viewers.clone(), self.room.clone(), self.stream);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                // A viewer may have come back by now. A stream that is over has nothing to cease.
                if viewers.is_left(stream) {
                    let _ = room.watch(stream, false).await;
                }
            });
        }
    }
}
