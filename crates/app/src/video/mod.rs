//! Live pictures.

pub(crate) mod commands;
mod frames;
mod live;
pub(crate) mod my_video;
mod picture;
pub(crate) mod recording;
mod source;
pub(crate) mod streams;
#[cfg(test)]
mod tests;
pub mod view;

use std::sync::Arc;

use netcore::Snapshot;
use netcore::proto::video::{Event, StreamInfo};

pub use commands::stop_video;
pub use live::{EncodingMode, LEAST_QUALITY, Live, LiveError, PublishOptions};
pub use my_video::{change_live, go_live, live_options};
pub use picture::{Picture, PictureError, newest_picture};
pub use recording::ActiveRecording;
pub use source::{Format, sources};

use crate::core::{Core, OpenRoom};
use view::{StreamView, VideoEvent};

/// Notifies the face what happened to the streams.
pub(crate) fn handle(core: &Arc<Core>, open: &Arc<OpenRoom>, event: Event) {
    match event {
        Event::Published { stream, .. } => {
            put(core, open, stream);
            look_for_new_number(core, open);
        }
        Event::Started(stream) | Event::Changed(stream) => put(core, open, stream),
        Event::Stopped(stream) => remove(core, open, stream.id),
        // The first is the answer to who published; the second is between netcore and its connections.
        Event::Refused { .. } | Event::Watching { .. } => {}
    }
}

/// Notifies the face which streams are live now and were not, or are no longer.
pub(crate) fn resynchronise(core: &Arc<Core>, open: &Arc<OpenRoom>, snapshot: &Snapshot) {
    let gone = open.streams.lock().not_among(&snapshot.streams);
    gone.into_iter().for_each(|id| remove(core, open, id));
    for stream in &snapshot.streams {
        put(core, open, stream.clone());
    }
    look_for_new_number(core, open);
}

/// My video may be just starting, which takes as long as its camera does: other events do not wait for that.
fn look_for_new_number(core: &Arc<Core>, open: &Arc<OpenRoom>) {
    let (core, open) = (core.clone(), open.clone());
    tokio::spawn(async move { my_video::republished(&core, &open).await });
}

/// Takes a stream that is new or different and notifies the face which.
fn put(core: &Core, open: &OpenRoom, stream: StreamInfo) {
    let view = open.stream_view(&stream);
    let is_new = open.streams.lock().put(stream);
    let event = if is_new {
        VideoEvent::Started { stream: view }
    } else {
        VideoEvent::Changed { stream: view }
    };
    core.notify(event);
}

/// Takes a stream away and notifies the face, once.
fn remove(core: &Core, open: &OpenRoom, id: netcore::proto::StreamId) {
    if open.streams.lock().remove(id) {
        core.notify(VideoEvent::Stopped {
            stream: id.0,
            reason: None,
        });
    }
}

impl OpenRoom {
    /// A stream as the interface is given it.
    fn stream_view(&self, stream: &StreamInfo) -> StreamView {
        StreamView::of(
            stream,
            self.people.name(stream.owner),
            self.me(),
            self.room.is_watched(stream.id),
            self.recordings.lock().since(stream.id),
        )
    }

    /// All streams as the interface is given them.
    pub(crate) fn stream_views(&self) -> Vec<StreamView> {
        let streams = self.streams.lock().all();
        streams.iter().map(|stream| self.stream_view(stream)).collect()
    }
}
