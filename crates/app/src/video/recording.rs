//! Streams that are being recorded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use media::{BackgroundRecorder, RecordError, Recorded, Recorder};
use netcore::proto::StreamId;
use netcore::proto::files::safe_name;
use netcore::{FrameReceiver, ShownFrame};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::view::{RecordedView, VideoEvent};
use crate::core::{Core, OpenRoom};
use crate::error::{ErrorCode, IpcError};

/// How long leaving a room waits until its recordings are whole. One plays without its end, too.
const LONGEST_END: Duration = Duration::from_secs(5);
/// Recordings of one person that begin within one second.
const MOST_A_SECOND: u32 = 9;

/// A recording that is being written, in the background. Dropping it ends it.
pub struct ActiveRecording(BackgroundRecorder);

impl ActiveRecording {
    /// Begins with a file that has been created.
    pub fn start(recorder: Recorder) -> ActiveRecording {
        ActiveRecording(BackgroundRecorder::start(recorder))
    }

    /// Adds a frame, without waiting for the disk.
    ///
    /// # Errors
    /// When the recording has ended before its time.
    pub fn put(&self, shown: &ShownFrame) -> Result<(), RecordError> {
        let header = shown.frame.header();
        self.0.put(
            shown.frame.jpeg(),
            (header.width, header.height),
            header.frame.0,
            header.captured,
        )
    }

    /// Ends the recording once everything is written: what it has become, and why it ended before its time if it did.
    pub async fn finish(self) -> (Recorded, Option<RecordError>) {
        let finished = tokio::task::spawn_blocking(move || self.0.finish()).await;
        finished.unwrap_or_else(|error| {
            tracing::error!(%error, "the end of a recording panicked");
            Default::default()
        })
    }
}

/// The recordings in progress, by stream.
#[derive(Default)]
pub(crate) struct Recordings(BTreeMap<StreamId, Recording>);

struct Recording {
    since_unix_ms: u64,
    /// Sent to, or dropped: it is enough.
    enough: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
}

impl Recordings {
    /// Since when a stream is being recorded, in milliseconds since 1970.
    pub(crate) fn since(&self, stream: StreamId) -> Option<u64> {
        self.0.get(&stream).map(|recording| recording.since_unix_ms)
    }
}

/// Begins to record a stream into the folder that received files go to; the recording's path.
pub(super) async fn start(
    core: &Arc<Core>,
    open: &Arc<OpenRoom>,
    stream: StreamId,
) -> Result<PathBuf, IpcError> {
    let gone = || IpcError::new(ErrorCode::NotLive, format!("stream {stream} is over"));
    let info = open.streams.lock().get(stream).ok_or_else(gone)?;
    let frames = open.room.frames(stream).ok_or_else(gone)?;
    let (enough, is_enough) = oneshot::channel();
    {
        let mut recordings = open.recordings.lock();
        if recordings.since(stream).is_some() {
            return Err(IpcError::internal(format!(
                "stream {stream} is being recorded already"
            )));
        }
        let begun = Recording {
            since_unix_ms: netcore::clock::unix_ms(),
            enough: Some(enough),
            task: None,
        };
        recordings.0.insert(stream, begun);
    }
    let folder = core.settings_file.downloads();
    let name = safe_name(&format!(
        "Roomwire {} {}",
        crate::local_time::stamp(),
        open.people.name(info.owner)
    ));
    let created = tokio::task::spawn_blocking(move || create(&folder, &name, info.spec.rate)).await;
    let created = created.map_err(IpcError::internal).and_then(|created| created);
    let (path, recorder) = match created {
        Ok(created) => created,
        Err(error) => {
            open.recordings.lock().0.remove(&stream);
            return Err(error);
        }
    };
    let task = tokio::spawn(record(
        core.clone(),
        Arc::downgrade(open),
        stream,
        frames,
        recorder,
        is_enough,
    ));
    if let Some(recording) = open.recordings.lock().0.get_mut(&stream) {
        recording.task = Some(task);
    }
    notify_stream(core, open, stream);
    Ok(path)
}

/// Ends a recording. An event says what it has become.
pub(super) fn stop(open: &OpenRoom, stream: StreamId) {
    if let Some(recording) = open.recordings.lock().0.get_mut(&stream) {
        recording.enough = None;
    }
}

/// Ends every recording and waits until all are whole.
pub(crate) async fn end_all(open: &OpenRoom) {
    let tasks: Vec<JoinHandle<()>> = open
        .recordings
        .lock()
        .0
        .values_mut()
        .filter_map(|recording| {
            recording.enough = None;
            recording.task.take()
        })
        .collect();
    for task in tasks {
        if tokio::time::timeout(LONGEST_END, task).await.is_err() {
            tracing::warn!("a recording was not ended in time");
        }
    }
}

/// A recording of a name that is free.
fn create(folder: &Path, name: &str, rate: f32) -> Result<(PathBuf, Recorder), IpcError> {
    std::fs::create_dir_all(folder).map_err(|error| IpcError::storage(folder, &error))?;
    let mut attempt = 1;
    loop {
        let tail = if attempt == 1 {
            String::new()
        } else {
            format!(" {attempt}")
        };
        let path = folder.join(format!("{name}{tail}.avi"));
        match Recorder::create(&path, rate) {
            Ok(recorder) => return Ok((path, recorder)),
            Err(RecordError::Exists { .. }) if attempt < MOST_A_SECOND => attempt += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Puts frame after frame into the recording until it is enough, the stream is over or it cannot go on.
async fn record(
    core: Arc<Core>,
    open: std::sync::Weak<OpenRoom>,
    stream: StreamId,
    mut frames: FrameReceiver,
    recorder: Recorder,
    mut enough: oneshot::Receiver<()>,
) {
    let recording = ActiveRecording::start(recorder);
    let mut after = None;
    loop {
        let shown = tokio::select! {
            // Sent or dropped, which is the same.
            _ = &mut enough => break,
            shown = frames.newer_than(after) => shown,
        };
        let Some(shown) = shown else { break };
        after = Some(shown.frame.header().frame);
        if recording.put(&shown).is_err() {
            break;
        }
    }
    let (recorded, failed) = recording.finish().await;
    if let Some(open) = open.upgrade() {
        open.recordings.lock().0.remove(&stream);
        notify_stream(&core, &open, stream);
    }
    core.notify(VideoEvent::Recorded {
        stream: stream.0,
        recorded: RecordedView::of(&recorded),
        error: failed.map(IpcError::from),
    });
}

/// Whether a stream is being recorded is part of what the face is given of it.
fn notify_stream(core: &Core, open: &OpenRoom, stream: StreamId) {
    let known = open.streams.lock().get(stream);
    known
        .into_iter()
        .for_each(|stream| super::put(core, open, stream));
}

impl RecordedView {
    /// A recording in the interface's words.
    pub fn of(recorded: &Recorded) -> RecordedView {
        let name = |path: &PathBuf| path.to_string_lossy().into_owned();
        RecordedView {
            files: recorded.files.iter().map(name).collect(),
            times: recorded.files.first().map(|_| name(&recorded.times)),
            frames: recorded.frames,
            left_out: recorded.left_out,
            bytes: recorded.bytes,
            length_ms: recorded.length.as_micros() / 1_000,
        }
    }
}
