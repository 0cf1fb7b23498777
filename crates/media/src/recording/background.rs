//! A recorder on a thread of its own, for callers that may not wait for a disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use bytes::Bytes;
use netcore_proto::Time;
use parking_lot::Mutex;

use super::error::RecordError;
use super::recorder::{RecordFrame, Recorded, Recorder};

/// So many frames, and bytes of them, wait for the disk at most: some seconds of any usual stream.
const MAX_WAITING_FRAMES: usize = 128;
const MAX_WAITING_BYTES: usize = 64 << 20;

/// A [`Recorder`] behind a short queue. When the disk cannot follow and the queue is full, frames are left out and counted.
///
/// Dropping it waits until what is in the queue is written.
#[derive(Debug)]
pub struct BackgroundRecorder {
    frames: Option<SyncSender<Waiting>>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<Recorded>>,
}

#[derive(Debug)]
struct Waiting {
    jpeg: Bytes,
    announced: (u16, u16),
    number: u32,
    captured: Time,
}

#[derive(Debug, Default)]
struct Shared {
    waiting_bytes: AtomicUsize,
    left_out: AtomicU64,
    failed: Mutex<Option<RecordError>>,
}

impl BackgroundRecorder {
    /// Goes on with `recorder` on a thread of its own.
    pub fn start(recorder: Recorder) -> BackgroundRecorder {
        let (frames, waiting) = sync_channel(MAX_WAITING_FRAMES);
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || write(recorder, &waiting, &theirs))
            .expect("the system has room for one more thread");
        BackgroundRecorder {
            frames: Some(frames),
            shared,
            thread: Some(thread),
        }
    }

    /// Adds a picture as [`Recorder::put`] does, without waiting; `jpeg` is shared, not copied.
    ///
    /// # Errors
    /// As [`Recorder::put`], for a frame before: the recording has ended.
    pub fn put(
        &self,
        jpeg: Bytes,
        announced: (u16, u16),
        number: u32,
        captured: Time,
    ) -> Result<(), RecordError> {
        if let Some(failed) = self.shared.failure() {
            return Err(failed);
        }
        let length = jpeg.len();
        let before = self.shared.waiting_bytes.fetch_add(length, Ordering::Relaxed);
        let waiting = Waiting {
            jpeg,
            announced,
            number,
            captured,
        };
        let taken = before.saturating_add(length) <= MAX_WAITING_BYTES
            && self
                .frames
                .as_ref()
                .is_some_and(|frames| frames.try_send(waiting).is_ok());
        if !taken {
            self.shared.waiting_bytes.fetch_sub(length, Ordering::Relaxed);
            self.shared.left_out.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Writes what waits, ends the recording and returns what it has become; waits for the disk. The error that ended it early, if one
    /// did, comes with it.
    pub fn finish(mut self) -> (Recorded, Option<RecordError>) {
        let mut recorded = self.join().unwrap_or_default();
        let left_out = self.shared.left_out.load(Ordering::Relaxed);
        recorded.left_out = recorded.left_out.saturating_add(left_out);
        (recorded, self.shared.failure())
    }

    fn join(&mut self) -> Option<Recorded> {
        self.frames = None;
        let joined = self.thread.take()?.join();
        if joined.is_err() {
            tracing::error!("the recorder's thread panicked");
        }
        joined.ok()
    }
}

impl Drop for BackgroundRecorder {
    fn drop(&mut self) {
        self.join();
    }
}

impl Shared {
    fn failure(&self) -> Option<RecordError> {
        self.failed.lock().clone()
    }
}

fn write(mut recorder: Recorder, waiting: &Receiver<Waiting>, shared: &Shared) -> Recorded {
    while let Ok(Waiting {
        jpeg,
        announced,
        number,
        captured,
    }) = waiting.recv()
    {
        let put = recorder.put(RecordFrame {
            jpeg: &jpeg,
            announced,
            number,
            captured,
        });
        shared.waiting_bytes.fetch_sub(jpeg.len(), Ordering::Relaxed);
        if let Err(error) = put {
            *shared.failed.lock() = Some(error);
            break;
        }
    }
    recorder.finish()
}
