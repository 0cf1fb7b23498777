//! What was shown last, so that what is shown next says only what is new.

use std::collections::HashMap;

use app::Event;
use app::files::view::{FileState, FileView, FilesEvent};
use app::video::view::{LiveView, StreamView, VideoEvent};
use tokio::time::{Duration, Instant};

use crate::output::Before;

/// A transfer's progress is shown this often at most.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(2);

/// The files, streams and video of ours as they were shown. The application forgets the oldest offers, and so does this.
#[derive(Default)]
pub(super) struct Seen {
    files: HashMap<u32, FileView>,
    /// When a transfer's progress was last shown.
    progress: HashMap<u32, Instant>,
    streams: HashMap<u32, StreamView>,
    live: Option<LiveView>,
}

impl Seen {
    /// These are there and were shown.
    pub(super) fn take_all(&mut self, files: &[FileView], streams: &[StreamView]) {
        self.files = files.iter().map(|file| (file.id, file.clone())).collect();
        self.streams = streams.iter().map(|stream| (stream.id, stream.clone())).collect();
    }

    /// Takes note of an event that is to be shown; what was the case before it. `None`: it is mere progress, which was shown a
    /// moment ago.
    pub(super) fn take(&mut self, event: &Event) -> Option<Before> {
        let mut before = Before::default();
        match event {
            Event::FilesEvent(FilesEvent::File { file }) => {
                before.file = self.files.insert(file.id, file.clone());
                if !self.is_due(file) {
                    return None;
                }
            }
            Event::FilesEvent(FilesEvent::Removed { id }) => {
                self.files.remove(id);
                self.progress.remove(id);
            }
            Event::VideoEvent(VideoEvent::Started { stream } | VideoEvent::Changed { stream }) => {
                before.stream = self.streams.insert(stream.id, stream.clone());
            }
            Event::VideoEvent(VideoEvent::Stopped { stream, .. }) => {
                before.stream = self.streams.remove(stream);
            }
            Event::VideoEvent(VideoEvent::Live { live, .. }) => {
                before.live = std::mem::replace(&mut self.live, live.clone());
            }
            _ => {}
        }
        Some(before)
    }

    /// Whether a file was shown before.
    pub(super) fn has_file(&self, id: u32) -> bool {
        self.files.contains_key(&id)
    }

    /// Whether our own video is live.
    pub(super) fn is_live(&self) -> bool {
        self.live.is_some()
    }

    /// Whether a file's state is to be shown now.
    fn is_due(&mut self, file: &FileView) -> bool {
        if !matches!(file.state, FileState::Transferring { .. }) {
            self.progress.remove(&file.id);
            return true;
        }
        // The first line about a transfer comes after a while, too: a small file needs none.
        let shown = self.progress.entry(file.id).or_insert_with(Instant::now);
        let is_due = shown.elapsed() >= PROGRESS_INTERVAL;
        if is_due {
            *shown = Instant::now();
        }
        is_due
    }
}
