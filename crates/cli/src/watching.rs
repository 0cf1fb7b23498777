//! Looking at a stream without a screen: its pictures are checked, counted and, if wanted, kept.

use std::path::{Path, PathBuf};
use std::time::Duration;

use media::jpeg::received;
use netcore::proto::{Bitrate, FrameNumber, Span, StreamId};
use netcore::{Room, ShownFrame, VideoError};
use tokio::time::{Instant, interval};

use crate::exit::{Code, Failure, Result};
use crate::output::{Report, Screen, Watched};
use crate::output_file::{unwritable, write_new};
use crate::recording::Recording;
use crate::viewers::Viewers;

/// How a stream is watched.
pub(crate) struct Watching {
    pub(crate) stream: StreamId,
    /// Where its pictures are kept, if they are.
    pub(crate) folder: Option<PathBuf>,
    /// Where it is recorded, if it is.
    pub(crate) recording: Option<PathBuf>,
    /// Whether either may take the place of what is there.
    pub(crate) overwrite: bool,
    /// How often what was seen is reported.
    pub(crate) every: Duration,
}

impl Watching {
    /// Watches until the stream is over or it is `enough`, and reports what was seen in all. A recording is ended in every case.
    ///
    /// # Errors
    /// When there is no such stream, or a picture cannot be kept.
    pub(crate) async fn run(
        self,
        room: &Room,
        viewers: &Viewers,
        screen: &Screen,
        enough: impl Future<Output = ()>,
    ) -> Result<Watched> {
        if let Some(folder) = &self.folder {
            std::fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
        }
        let _view = viewers.look(room, self.stream).await?;
        if let Some(path) = &self.recording {
            Recording::refuse_content(path, self.overwrite)?;
        }
        let mut recording = None;
        let watched = self.look(room, screen, &mut recording, enough).await;
        let kept = match recording {
            Some(recording) => recording.end(screen).await,
            None => Ok(()),
        };
        let watched = watched?;
        kept.map(|()| watched)
    }

    async fn look(
        &self,
        room: &Room,
        screen: &Screen,
        recording: &mut Option<Recording>,
        enough: impl Future<Output = ()>,
    ) -> Result<Watched> {
        let mut frames = room.frames(self.stream).ok_or(VideoError::Gone(self.stream))?;
        let mut tally = Tally::new(self.stream);
        let mut last: Option<FrameNumber> = None;
        let mut tick = interval(self.every);
        tick.tick().await;
        tokio::pin!(enough);
        loop {
            tokio::select! {
                shown = frames.newer_than(last) => match shown {
                    Some(shown) => {
                        last = Some(shown.frame.header().frame);
                        self.take(&shown, &mut tally).await?;
                        self.record(room, recording, &shown).await?;
                    }
                    None => return Ok(tally.in_all()),
                },
                _ = tick.tick() => screen.show(&Report::Watched(tally.since_last())),
                () = &mut enough => return Ok(tally.in_all()),
            }
        }
    }

    /// Adds a frame to the recording, which begins with the first one.
    async fn record(&self, room: &Room, recording: &mut Option<Recording>, shown: &ShownFrame) -> Result<()> {
        let Some(path) = &self.recording else {
            return Ok(());
        };
        if recording.is_none() {
            let rate = rate_of(room, self.stream).await;
            *recording = Some(Recording::create(path, self.stream, rate, self.overwrite)?);
        }
        recording
            .as_ref()
            .map_or(Ok(()), |recording| recording.put(shown))
    }

    async fn take(&self, shown: &ShownFrame, tally: &mut Tally) -> Result<()> {
        let header = shown.frame.header();
        let picture = received(&shown.frame.jpeg(), (header.width, header.height));
        tally.count(shown, header.length.into(), picture.is_ok());
        if let (Some(folder), Ok((jpeg, _))) = (&self.folder, picture) {
            let path = folder.join(format!("stream-{}-frame-{:06}.jpg", self.stream, header.frame.0));
            let overwrite = self.overwrite;
            let written = tokio::task::spawn_blocking(move || write_new(&path, &jpeg, overwrite)).await;
            written.map_err(|error| Failure::new(Code::Failed, error))??;
        }
        Ok(())
    }
}

/// What its owner announced, in frames each second; 0 when that is not known.
async fn rate_of(room: &Room, stream: StreamId) -> f32 {
    let streams = room.snapshot().await.streams;
    let found = streams.iter().find(|info| info.id == stream);
    found.map_or(0.0, |info| info.spec.rate)
}

/// Looks whether pictures of an earlier run are in `folder`, so that two runs never mix.
///
/// # Errors
/// When there are any that may not go.
pub(crate) fn refuse_pictures(folder: &Path, overwrite: bool) -> Result<()> {
    let is_ours =
        |name: &str| name.starts_with("stream-") && name.contains("-frame-") && name.ends_with(".jpg");
    let mut names = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let has_pictures = !overwrite && names.any(|entry| entry.file_name().to_str().is_some_and(is_ours));
    if has_pictures {
        let words = format!(
            "{} has pictures of a stream already, and they stay as they are: choose another folder, or add --overwrite",
            folder.display()
        );
        return Err(Failure::new(Code::File, words));
    }
    Ok(())
}

/// What has been seen.
struct Tally {
    stream: StreamId,
    began: Instant,
    frames: u64,
    bytes: u64,
    missed: u64,
    bad: u64,
    latest: Option<ShownFrame>,
    /// Moment, frames and bytes when it was last reported.
    reported: (Instant, u64, u64),
}

impl Tally {
    fn new(stream: StreamId) -> Tally {
        let now = Instant::now();
        Tally {
            stream,
            began: now,
            frames: 0,
            bytes: 0,
            missed: 0,
            bad: 0,
            latest: None,
            reported: (now, 0, 0),
        }
    }

    fn count(&mut self, shown: &ShownFrame, bytes: u64, is_picture: bool) {
        self.frames += 1;
        self.bytes += bytes;
        self.bad += u64::from(!is_picture);
        self.missed = shown.missed;
        self.latest = Some(shown.clone());
    }

    fn since_last(&mut self) -> Watched {
        let (at, frames, bytes) =
            std::mem::replace(&mut self.reported, (Instant::now(), self.frames, self.bytes));
        self.view(at.elapsed(), self.frames - frames, self.bytes - bytes, false)
    }

    fn in_all(&self) -> Watched {
        self.view(self.began.elapsed(), self.frames, self.bytes, true)
    }

    fn view(&self, span: Duration, frames: u64, bytes: u64, over: bool) -> Watched {
        let header = self.latest.as_ref().map(|shown| *shown.frame.header());
        let span = Span::from_micros(span.as_micros() as u64);
        Watched {
            stream: self.stream.0,
            frames: self.frames,
            frames_per_s: frames as f64 / span.as_secs_f64().max(1e-6),
            bytes: self.bytes,
            goodput_bps: Bitrate::of(bytes, span).map_or(0, |rate| rate.0),
            missed: self.missed,
            bad: self.bad,
            width: header.map_or(0, |header| header.width),
            height: header.map_or(0, |header| header.height),
            transport: self.latest.as_ref().and_then(|shown| shown.transport),
            over,
        }
    }
}
