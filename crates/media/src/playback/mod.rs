//! Video files: MJPEG in AVI and Y4M by readers of our own, everything else by an `ffmpeg` on the machine.
//!
//! Which reader a file gets is decided by its first bytes, never by its name. What begins like ours and cannot be followed is played
//! by `ffmpeg` too.

mod aspect;
mod avi;
mod ffmpeg;
mod fields;
mod kind;
mod reader;
mod redraw;
mod riff;
mod y4m;

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::clock::Clock;
use crate::error::CaptureError;
use crate::feed::{Feed, Shape, Shot, Tempo};
use crate::planes::Planes;
use crate::source::{Format, SourceId, SourceInfo};
use crate::spec::{CaptureOptions, CaptureSpec};

use avi::Avi;
use ffmpeg::Ffmpeg;
use reader::{Header, PlaybackError, Take, VideoReader, read_up_to};
use y4m::Y4m;

/// The program that plays what our own readers do not.
const FFMPEG: &str = "ffmpeg";

pub(crate) fn open(
    path: &Path,
    spec: &CaptureSpec,
    options: CaptureOptions,
    clock: &Clock,
) -> Result<Box<dyn Feed>, CaptureError> {
    let ffmpeg = options.ffmpeg.then_some(FFMPEG);
    let wanted = (spec.width, spec.height);
    let version = Version::of(path);
    let reader = open_reader(path, wanted, ffmpeg).map_err(|error| error.of(path))?;
    Ok(Box::new(FileFeed {
        path: path.to_owned(),
        wanted,
        ffmpeg,
        version,
        reader,
        clock: clock.clone(),
    }))
}

pub(crate) fn probe(path: &Path) -> Result<SourceInfo, CaptureError> {
    let reader = open_reader(path, (0, 0), Some(FFMPEG)).map_err(|error| error.of(path))?;
    let Header {
        width, height, rate, ..
    } = reader.header();
    let formats = vec![Format { width, height, rate }];
    Ok(SourceInfo {
        id: SourceId::File(path.to_owned()),
        name: name_of(path),
        formats,
    })
}

fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// Opens `path` with the reader that fits; `ffmpeg` is asked for pictures no larger than `wanted`, where 0 is any size.
fn open_reader(
    path: &Path,
    wanted: (u16, u16),
    ffmpeg: Option<&str>,
) -> Result<Box<dyn VideoReader>, PlaybackError> {
    // Before it is opened: a pipe without a writer would hold us there.
    if !path.metadata()?.is_file() {
        return Err(PlaybackError::Foreign("it is not a file".to_owned()));
    }
    let mut file = File::open(path)?;
    let mut magic = [0; 12];
    let len = read_up_to(&mut file, &mut magic)?;
    if len == 0 {
        return Err(PlaybackError::Foreign("it is empty".to_owned()));
    }
    let own: Result<Box<dyn VideoReader>, PlaybackError> = match &magic {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', b' '] => {
            Avi::open(BufReader::new(File::open(path)?)).map(|avi| Box::new(avi) as Box<dyn VideoReader>)
        }
        magic if magic.starts_with(b"YUV4MPEG2") => {
            Y4m::open(BufReader::new(File::open(path)?)).map(|y4m| Box::new(y4m) as Box<dyn VideoReader>)
        }
        _ => Err(PlaybackError::Foreign(String::new())),
    };
    let own = match own {
        Err(own @ (PlaybackError::Foreign(_) | PlaybackError::Damaged(_))) => own,
        own => return own,
    };
    let Some(ffmpeg) = ffmpeg else {
        return Err(own);
    };
    let kind = kind::of_picture(&mut file)?;
    match Ffmpeg::open(path, kind, wanted, ffmpeg) {
        Ok(reader) => Ok(Box::new(reader)),
        // Where ffmpeg plays it no better, our own words say what is wrong with it.
        Err(_) if matches!(own, PlaybackError::Damaged(_)) => Err(own),
        Err(error) => Err(error),
    }
}

/// What distinguishes a file from what it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Version {
    /// `None` where there is no file.
    fn of(path: &Path) -> Option<Version> {
        let found = path.metadata().ok()?;
        Some(Version {
            bytes: found.len(),
            modified: found.modified().ok(),
        })
    }
}

struct FileFeed {
    path: PathBuf,
    wanted: (u16, u16),
    ffmpeg: Option<&'static str>,
    /// As it was when `reader` opened it.
    version: Option<Version>,
    reader: Box<dyn VideoReader>,
    clock: Clock,
}

impl FileFeed {
    /// Opens the file again when it is no longer what it was: another program records into it, or it was replaced. One that cannot
    /// be opened now, as between the removing of the old one and the making of the new one, is played on as it was, if it can be.
    fn follow(&mut self) -> bool {
        let version = Version::of(&self.path);
        if version.is_none() || version == self.version {
            return false;
        }
        match open_reader(&self.path, self.wanted, self.ffmpeg) {
            Ok(reader) => (self.version, self.reader) = (version, reader),
            Err(error) => {
                tracing::debug!(%error, path = %self.path.display(), "the file changed and cannot be opened");
                return false;
            }
        }
        true
    }
}

impl Feed for FileFeed {
    fn shape(&self) -> Shape {
        let Header {
            width,
            height,
            rate,
            steps_per_s,
        } = self.reader.header();
        Shape {
            name: name_of(&self.path),
            width,
            height,
            rate,
            tempo: Tempo::File { steps_per_s },
        }
    }

    fn next(&mut self, planes: &mut Planes) -> Result<Shot, CaptureError> {
        let take = self.reader.next(planes).map_err(|error| error.of(&self.path))?;
        let captured = (self.clock)();
        Ok(match take {
            Take::Jpeg(data) => Shot::Jpeg { data, captured },
            Take::Planes => Shot::Planes { captured },
            Take::Nothing => Shot::Nothing,
            Take::Still { steps } => Shot::Still { steps },
            Take::End => Shot::End,
        })
    }

    fn rewind(&mut self) -> Result<(), CaptureError> {
        if self.follow() {
            return Ok(());
        }
        self.reader.rewind().map_err(|error| error.of(&self.path))
    }
}

#[cfg(test)]
mod tests;
