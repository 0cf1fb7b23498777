//! Saving what is seen: a recording of a stream, or one picture of it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use app::video::view::{RecordedView, VideoEvent};
use app::video::{ActiveRecording, Picture, PictureError, newest_picture};
use media::{RecordError, Recorder};
use netcore::proto::StreamId;
use netcore::{Room, ShownFrame};

use crate::exit::{Code, Failure, Result};
use crate::output::{Report, Screen, Snapshot, Text, local_now};
use crate::output_file;
use crate::viewers::Viewers;

/// A stream of which nothing has been seen for so long gives no picture.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// A recording that is being written.
pub(crate) struct Recording {
    stream: StreamId,
    file: ActiveRecording,
}

impl Recording {
    /// Looks whether a recording may be made at `path`.
    ///
    /// # Errors
    /// When the recording or the times beside it are there, and may not go.
    pub(crate) fn refuse_content(path: &Path, overwrite: bool) -> Result<()> {
        let mut names = names_of(path)?.into_iter();
        names.try_for_each(|name| output_file::refuse_content(&name, overwrite))
    }

    /// Begins a recording at `path`, of a stream of about `rate` frames each second, when its first frame is here.
    pub(crate) fn create(path: &Path, stream: StreamId, rate: f32, overwrite: bool) -> Result<Recording> {
        Recording::refuse_content(path, overwrite)?;
        // The recorder takes nothing's place; here it may.
        for name in names_of(path)?.iter().filter(|name| name.is_file()) {
            std::fs::remove_file(name).map_err(|error| output_file::unwritable(name, &error))?;
        }
        let file = ActiveRecording::start(Recorder::create(path, rate)?);
        Ok(Recording { stream, file })
    }

    /// Adds a frame, without waiting for the disk.
    pub(crate) fn put(&self, shown: &ShownFrame) -> Result<()> {
        Ok(self.file.put(shown)?)
    }

    /// Ends the recording and shows what it has become; fails when it ended before its time.
    pub(crate) async fn end(self, screen: &Screen) -> Result<()> {
        let Recording { stream, file } = self;
        let (recorded, failed) = file.finish().await;
        screen.show(&self::recorded(stream, &recorded));
        failed.map_or(Ok(()), |error| Err(error.into()))
    }
}

/// What a recording of a stream has become. Why it ended before its time is the command's failure.
pub(crate) fn recorded(stream: StreamId, recorded: &media::Recorded) -> Report {
    Report::event(VideoEvent::Recorded {
        stream: stream.0,
        recorded: RecordedView::of(recorded),
        error: None,
    })
}

/// A recording and the times beside it, as [`Recorder::create`] names them.
fn names_of(path: &Path) -> Result<[PathBuf; 2]> {
    let recording = match path.extension() {
        None => path.with_extension("avi"),
        Some(ending) if ending.eq_ignore_ascii_case("avi") => path.to_owned(),
        Some(_) => {
            return Err(RecordError::Name {
                path: path.to_owned(),
            }
            .into());
        }
    };
    let times = recording.with_extension("csv");
    Ok([recording, times])
}

/// Takes the newest picture of a stream, or the first that comes within `patience`, and keeps it at `path`.
pub(crate) async fn take_snapshot(
    room: &Room,
    viewers: &Viewers,
    stream: StreamId,
    path: Option<PathBuf>,
    overwrite: bool,
    patience: Duration,
) -> Result<Snapshot> {
    if let Some(path) = &path {
        output_file::refuse_content(path, overwrite)?;
    }
    let _view = viewers.look(room, stream).await?;
    let Picture {
        frame,
        width,
        height,
        jpeg,
    } = newest_picture(room, stream, patience).await?;
    let path = path.unwrap_or_else(|| format!("stream-{stream}-frame-{:06}.jpg", frame.0).into());
    output_file::refuse_content(&path, overwrite)?;
    let (bytes, target) = (jpeg.len() as u64, path.clone());
    let saved = tokio::task::spawn_blocking(move || media::save_snapshot(&target, &jpeg)).await;
    saved.map_err(|error| Failure::new(Code::Failed, error))??;
    Ok(Snapshot {
        stream: stream.0,
        frame: frame.0,
        path: Text::path(&path),
        width,
        height,
        bytes,
    })
}

/// A recording's name when none is given: by its stream and the moment.
pub(crate) fn recording_name(stream: StreamId) -> PathBuf {
    let moment = local_now().strftime("%Y%m%d-%H%M%S").to_string();
    format!("stream-{stream}-{moment}.avi").into()
}

impl From<PictureError> for Failure {
    fn from(error: PictureError) -> Failure {
        Failure::new(Code::Video, error)
    }
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Failure {
        Failure::new(Code::File, error)
    }
}
