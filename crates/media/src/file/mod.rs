//! Video files: MJPEG in AVI and Y4M by readers of our own, everything else by an `ffmpeg` on the machine.
//!
//! Which reader a file gets is decided by its first bytes, never by its name. What begins like ours and cannot be followed is played
//! by `ffmpeg` too.

#![cfg_attr(
    not(test),
    warn(
        clippy::arithmetic_side_effects,
        clippy::integer_division,
        clippy::indexing_slicing
    )
)]

mod aspect;
mod avi;
mod ffmpeg;
mod fields;
mod kind;
mod redraw;
mod riff;
mod y4m;

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use bytes::Bytes;

use crate::Clock;
use crate::capture::{CaptureOptions, CaptureSpec};
use crate::error::CaptureError;
use crate::feed::{Feed, Shape, Shot, Tempo};
use crate::planes::Planes;
use crate::source::{Format, SourceId, SourceInfo};

use avi::Avi;
use ffmpeg::Ffmpeg;
use y4m::Y4m;

/// No side of a film's pictures is longer.
const MAX_SIDE: u16 = 8192;

/// The program that plays what our own readers do not.
const FFMPEG: &str = "ffmpeg";

/// What a file's headers say.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Header {
    width: u16,
    height: u16,
    /// Frames each second.
    rate: f32,
    /// What it takes each second; more than frames, where a frame may last for several.
    steps_per_s: f32,
}

/// A file being read.
trait Film {
    fn header(&self) -> Header;
    /// The next picture; one that is not a JPEG goes into `planes`, made to its size.
    fn next(&mut self, planes: &mut Planes) -> Result<Take, FilmError>;
    fn rewind(&mut self) -> Result<(), FilmError>;
}

enum Take {
    Jpeg(Bytes),
    Planes,
    /// Nothing yet.
    Nothing,
    /// The picture before, for so many steps more; at least one.
    Still {
        steps: u32,
    },
    End,
}

#[derive(Debug, thiserror::Error)]
enum FilmError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
    #[error("{0}")]
    Foreign(String),
    #[error("ffmpeg is not installed")]
    FfmpegMissing,
}

impl FilmError {
    fn of(self, path: &Path) -> CaptureError {
        let path = path.display().to_string();
        match self {
            FilmError::FfmpegMissing => CaptureError::FfmpegMissing { path },
            FilmError::Io(error) if error.kind() == io::ErrorKind::NotFound => CaptureError::Absent {
                what: format!("file {path}"),
            },
            other => CaptureError::Unreadable {
                path,
                reason: other.to_string(),
            },
        }
    }
}

pub(crate) fn open(
    path: &Path,
    spec: &CaptureSpec,
    options: CaptureOptions,
    clock: &Clock,
) -> Result<Box<dyn Feed>, CaptureError> {
    let ffmpeg = options.ffmpeg.then_some(FFMPEG);
    let film = open_film(path, (spec.width, spec.height), ffmpeg).map_err(|error| error.of(path))?;
    let Header {
        width,
        height,
        rate,
        steps_per_s,
    } = film.header();
    let shape = Shape {
        name: name_of(path),
        width,
        height,
        rate,
        tempo: Tempo::Film { steps_per_s },
    };
    Ok(Box::new(FileFeed {
        path: path.to_owned(),
        shape,
        film,
        clock: clock.clone(),
    }))
}

pub(crate) fn probe(path: &Path) -> Result<SourceInfo, CaptureError> {
    let film = open_film(path, (0, 0), Some(FFMPEG)).map_err(|error| error.of(path))?;
    let Header {
        width, height, rate, ..
    } = film.header();
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
fn open_film(path: &Path, wanted: (u16, u16), ffmpeg: Option<&str>) -> Result<Box<dyn Film>, FilmError> {
    let mut file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(FilmError::Foreign("it is not a file".to_owned()));
    }
    let mut magic = [0; 12];
    let len = read_up_to(&mut file, &mut magic)?;
    if len == 0 {
        return Err(FilmError::Foreign("it is empty".to_owned()));
    }
    let own: Result<Box<dyn Film>, FilmError> = match &magic {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', b' '] => {
            Avi::open(BufReader::new(File::open(path)?)).map(|avi| Box::new(avi) as Box<dyn Film>)
        }
        magic if magic.starts_with(b"YUV4MPEG2") => {
            Y4m::open(BufReader::new(File::open(path)?)).map(|y4m| Box::new(y4m) as Box<dyn Film>)
        }
        _ => Err(FilmError::Foreign(String::new())),
    };
    let own = match own {
        Err(own @ (FilmError::Foreign(_) | FilmError::Damaged(_))) => own,
        own => return own,
    };
    let Some(ffmpeg) = ffmpeg else {
        return Err(own);
    };
    let kind = kind::of_picture(&mut file)?;
    match Ffmpeg::open(path, kind, wanted, ffmpeg) {
        Ok(film) => Ok(Box::new(film)),
        // Where ffmpeg plays it no better, our own words say what is wrong with it.
        Err(_) if matches!(own, FilmError::Damaged(_)) => Err(own),
        Err(error) => Err(error),
    }
}

fn read_up_to(from: &mut impl Read, to: &mut [u8]) -> io::Result<usize> {
    let mut len = 0usize;
    while let Some(room) = to.get_mut(len..).filter(|room| !room.is_empty()) {
        match from.read(room)? {
            0 => break,
            more => len = len.saturating_add(more),
        }
    }
    Ok(len)
}

struct FileFeed {
    path: std::path::PathBuf,
    shape: Shape,
    film: Box<dyn Film>,
    clock: Clock,
}

impl Feed for FileFeed {
    fn shape(&self) -> Shape {
        self.shape.clone()
    }

    fn next(&mut self, planes: &mut Planes) -> Result<Shot, CaptureError> {
        let take = self.film.next(planes).map_err(|error| error.of(&self.path))?;
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
        self.film.rewind().map_err(|error| error.of(&self.path))
    }
}

#[cfg(test)]
mod tests;
