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
use std::path::Path;

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
    let reader = open_reader(path, (spec.width, spec.height), ffmpeg).map_err(|error| error.of(path))?;
    let Header {
        width,
        height,
        rate,
        steps_per_s,
    } = reader.header();
    let shape = Shape {
        name: name_of(path),
        width,
        height,
        rate,
        tempo: Tempo::File { steps_per_s },
    };
    Ok(Box::new(FileFeed {
        path: path.to_owned(),
        shape,
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
    let mut file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(PlaybackError::Foreign("it is not a file".to_owned()));
    }
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

struct FileFeed {
    path: std::path::PathBuf,
    shape: Shape,
    reader: Box<dyn VideoReader>,
    clock: Clock,
}

impl Feed for FileFeed {
    fn shape(&self) -> Shape {
        self.shape.clone()
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
        self.reader.rewind().map_err(|error| error.of(&self.path))
    }
}

#[cfg(test)]
mod tests;
