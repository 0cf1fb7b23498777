//! Writes a stream's frames into the files of a recording, and their times beside them.

use std::fs::File;
use std::path::{Path, PathBuf};

use netcore_proto::{Span, Time};

use super::avi::{AviWriter, Steps};
use super::error::RecordError;
use super::files::{create_new, named, path_of};
use super::times::{Row, Times};
use crate::jpeg::{Limits, whole_jpeg};

/// A step of a file is at most 1/240 s, so that a frame is off by no more than about two milliseconds.
const LEAST_STEPS_PER_S: f32 = 240.0;

/// A file of the recording is no longer than this: every player can go anywhere in it by AVI's first kind of index.
const MAX_FILE_BYTES: u32 = 1 << 30;

/// Nor does it last longer; its index is in memory while it is written, 4 KB a second.
const MAX_FILE_US: u64 = 3_600_000_000;

/// After so long without a picture, or with times that run backwards, the recording goes on in a new file.
const LONGEST_GAP: Span = Span::from_millis(10_000);

/// A stream that changes its size with every frame does not fill a folder with files.
pub(super) const MAX_FILES: usize = 500;

/// So far from its time may a frame be moved when its step is taken; beyond that it is left out.
const MOST_STEPS_LATE: u64 = 3;

/// How often the files are brought up to date, by the frames' own times.
const FLUSH_EVERY: Span = Span::from_millis(1_000);

/// One frame to be recorded.
#[derive(Clone, Copy, Debug)]
pub struct RecordFrame<'a> {
    /// The encoded frame; what is no picture, or is larger than announced, is left out.
    pub jpeg: &'a [u8],
    /// The width and the height that were announced, in pixels.
    pub announced: (u16, u16),
    /// Its number in the stream, for the list of times.
    pub number: u32,
    /// When it was taken. Only differences count, so that any clock will do.
    pub captured: Time,
}

/// What has been recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Its video files, in order.
    pub files: Vec<PathBuf>,
    /// The list of times.
    pub times: PathBuf,
    /// Frames in the files.
    pub frames: u64,
    /// Frames that were no pictures, that came faster than a file can hold, or for which the disk was too slow.
    pub left_out: u64,
    /// Length of the files in bytes, without their indexes.
    pub bytes: u64,
    /// From the first picture to the last, without the gaps between files.
    pub length: Span,
}

/// Writes a recording. It waits for the disk; [`BackgroundRecorder`](super::BackgroundRecorder) does not.
///
/// ```
/// use media::{Planes, RecordFrame, Recorder, jpeg::Encoder};
/// use netcore_proto::Time;
///
/// let dir = tempfile::tempdir().expect("a folder");
/// let mut recorder = Recorder::create(&dir.path().join("clip.avi"), 30.0).expect("a new file");
/// let jpeg = Encoder::new().and_then(|mut encoder| encoder.planes(&Planes::new(320, 180), 80)).expect("a picture");
/// for number in 0..3 {
///     let captured = Time::from_micros(u64::from(number) * 33_333);
///     recorder.put(RecordFrame { jpeg: &jpeg, announced: (320, 180), number, captured }).expect("room on the disk");
/// }
/// let recorded = recorder.finish();
/// assert_eq!((recorded.frames, recorded.files.len()), (3, 1));
/// ```
///
/// Dropped without [`Recorder::finish`], it is finished all the same.
#[derive(Debug)]
pub struct Recorder {
    first: PathBuf,
    steps: Steps,
    times: Times,
    file: Option<RecordingFile>,
    recorded: Recorded,
    failed: Option<RecordError>,
    flushed: Time,
}

impl Recorded {
    /// One frame more, of so many bytes in the file and so long after the one before.
    fn add(&mut self, bytes: u64, later: Span) {
        self.frames = self.frames.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
        self.length += later;
    }

    fn leave_out(&mut self) {
        self.left_out = self.left_out.saturating_add(1);
    }
}

/// One file of the recording.
struct RecordingFile {
    path: PathBuf,
    avi: AviWriter<File>,
    began: Time,
    last: Time,
}

impl std::fmt::Debug for RecordingFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordingFile")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Recorder {
    /// Begins a recording of a stream of about `rate` frames each second (0 when that is not known): `path` is its first file,
    /// `.avi` is added to a name without an ending. Of `clip.avi` the following files are `clip-2.avi` and so on, and the times are in
    /// `clip.csv`.
    ///
    /// # Errors
    /// [`RecordError::Name`] for another ending than `.avi`, [`RecordError::Exists`] instead of writing over anything, and
    /// [`RecordError::Unwritable`] or [`RecordError::DiskFull`].
    pub fn create(path: &Path, rate: f32) -> Result<Recorder, RecordError> {
        let first = named(path)?;
        // The first file is made with the first picture, whose size it needs; that its name is free is better known at once.
        if first.exists() {
            return Err(RecordError::Exists { path: first });
        }
        let times = Times::create(&first.with_extension("csv"))?;
        Ok(Recorder {
            recorded: Recorded {
                times: times.path().to_owned(),
                ..Recorded::default()
            },
            first,
            steps: steps_for(rate),
            times,
            file: None,
            failed: None,
            flushed: Time::ZERO,
        })
    }

    /// Adds a frame.
    ///
    /// # Errors
    /// The first error ends the recording, and is the answer to everything after it. What was recorded until then remains and plays.
    pub fn put(&mut self, frame: RecordFrame<'_>) -> Result<(), RecordError> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        let put = self.try_put(frame);
        if let Err(error) = &put {
            tracing::warn!(%error, "the recording ends");
            self.failed = Some(error.clone());
            self.end_file();
        }
        put
    }

    /// What has been recorded so far.
    pub fn recorded(&self) -> &Recorded {
        &self.recorded
    }

    /// Ends the recording. [`Recorder::put`] has returned the error, if there was one.
    pub fn finish(mut self) -> Recorded {
        self.end_file();
        std::mem::take(&mut self.recorded)
    }

    fn try_put(&mut self, frame: RecordFrame<'_>) -> Result<(), RecordError> {
        let Ok((jpeg, info)) = whole_jpeg(frame.jpeg, &Limits::announced(frame.announced)) else {
            self.recorded.leave_out();
            return Ok(());
        };
        let size = (info.width, info.height);
        if !self
            .file
            .as_ref()
            .is_some_and(|file| file.goes_on(size, frame.captured, jpeg.len()))
        {
            self.end_file();
            self.begin_file(size, frame.captured)?;
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        let ideal = self.steps.at(frame.captured.since(file.began).as_micros());
        let step = ideal.max(file.avi.next_step().into());
        if step.saturating_sub(ideal) > MOST_STEPS_LATE {
            self.recorded.leave_out();
            return Ok(());
        }
        let before = file.avi.bytes();
        file.avi
            .put(&jpeg, step as u32)
            .map_err(|error| RecordError::of(&file.path, &error))?;
        let more = u64::from(file.avi.bytes().saturating_sub(before));
        self.recorded.add(more, frame.captured.since(file.last));
        file.last = frame.captured;
        self.times.put(&Row {
            file: self.recorded.files.len(),
            number: frame.number,
            captured: frame.captured,
            file_us: self.steps.begin_us(step),
            bytes: jpeg.len(),
            size,
        })?;
        if frame.captured.since(self.flushed) >= FLUSH_EVERY {
            self.flush(frame.captured)?;
        }
        Ok(())
    }

    fn flush(&mut self, now: Time) -> Result<(), RecordError> {
        self.flushed = now;
        if let Some(file) = &mut self.file {
            file.avi
                .flush()
                .map_err(|error| RecordError::of(&file.path, &error))?;
        }
        self.times.flush()
    }

    fn begin_file(&mut self, size: (u16, u16), began: Time) -> Result<(), RecordError> {
        let number = self.recorded.files.len().saturating_add(1);
        if number > MAX_FILES {
            return Err(RecordError::TooManyFiles { files: MAX_FILES });
        }
        let path = path_of(&self.first, number);
        let avi = create_new(&path).and_then(|file| AviWriter::begin(file, size, self.steps));
        let avi = avi.map_err(|error| RecordError::of(&path, &error))?;
        self.recorded.bytes = self.recorded.bytes.saturating_add(avi.bytes().into());
        self.recorded.files.push(path.clone());
        (self.flushed, self.file) = (
            began,
            Some(RecordingFile {
                path,
                avi,
                began,
                last: began,
            }),
        );
        Ok(())
    }

    /// What cannot be written at the end is an index or a length, without which the file plays as well.
    fn end_file(&mut self) {
        if let Some(file) = self.file.take()
            && let Err(error) = file.avi.finish()
        {
            tracing::warn!(path = %file.path.display(), %error, "the recording's file has no index");
        }
        if let Err(error) = self.times.flush() {
            tracing::warn!(%error, "the times of the last frames are not written");
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.end_file();
    }
}

impl RecordingFile {
    fn goes_on(&self, size: (u16, u16), now: Time, bytes: usize) -> bool {
        let longer = u64::from(self.avi.bytes()).saturating_add(bytes as u64);
        self.avi.size() == size
            && now >= self.last
            && now.since(self.last) < LONGEST_GAP
            && now.since(self.began).as_micros() < MAX_FILE_US
            && longer < u64::from(MAX_FILE_BYTES)
    }
}

/// Whole steps between the frames of a steady stream, so that it stays steady.
fn steps_for(rate: f32) -> Steps {
    let rate = if rate.is_finite() && rate > 0.0 {
        rate.clamp(0.1, 1_000.0)
    } else {
        30.0
    };
    let steps_per_s = rate * (LEAST_STEPS_PER_S / rate).ceil();
    Steps {
        rate: (steps_per_s * 1_000.0).round() as u32,
        scale: 1_000,
    }
}
