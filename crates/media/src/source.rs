//! What can be shown: names, lists, and what each source offers.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::error::CaptureError;
use crate::{camera, playback, screen};

/// A source by name. As text: `pattern`, `camera:/dev/video0`, `file:/home/ana/clip.avi`, `screen`, `screen:2`, `screen:Notes`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SourceId {
    /// The moving test pattern.
    Pattern,
    /// A camera, by the system's own name for it.
    Camera(String),
    /// A video file.
    File(PathBuf),
    /// A screen, or a window on it.
    Screen(ScreenArea),
}

/// What of the screens is shown: a screen or a window.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ScreenArea {
    /// The screen that the system calls the primary one.
    Primary,
    /// A screen by its number, from 1.
    Number(u16),
    /// The first window that has these words in its title, in any case of letters.
    Window(String),
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SourceId::Pattern => f.write_str("pattern"),
            SourceId::Camera(device) => write!(f, "camera:{device}"),
            SourceId::File(path) => write!(f, "file:{}", path.display()),
            SourceId::Screen(ScreenArea::Primary) => f.write_str("screen"),
            SourceId::Screen(ScreenArea::Number(number)) => write!(f, "screen:{number}"),
            SourceId::Screen(ScreenArea::Window(title)) => write!(f, "screen:{title}"),
        }
    }
}

/// The text names no source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is no source: write pattern, camera:DEVICE, file:PATH, screen, screen:NUMBER or screen:WINDOW-TITLE"
)]
pub struct SourceIdError(String);

impl FromStr for SourceId {
    type Err = SourceIdError;

    fn from_str(text: &str) -> Result<SourceId, SourceIdError> {
        match text {
            "pattern" => return Ok(SourceId::Pattern),
            "screen" => return Ok(SourceId::Screen(ScreenArea::Primary)),
            _ => {}
        }
        match text.split_once(':') {
            Some(("camera", device)) if !device.is_empty() => Ok(SourceId::Camera(device.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(SourceId::File(PathBuf::from(path))),
            Some(("screen", area)) => match area.parse() {
                Ok(number @ 1..) => Ok(SourceId::Screen(ScreenArea::Number(number))),
                Err(_) if !area.trim().is_empty() => {
                    Ok(SourceId::Screen(ScreenArea::Window(area.to_owned())))
                }
                _ => Err(SourceIdError(text.to_owned())),
            },
            _ => Err(SourceIdError(text.to_owned())),
        }
    }
}

/// A size and a rate that a source offers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Format {
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
    /// Frames each second at most.
    pub rate: f32,
}

/// A source as a person chooses it.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceInfo {
    /// What to put into a [`CaptureSpec`](crate::CaptureSpec).
    pub id: SourceId,
    /// Its name in words.
    pub name: String,
    /// What it offers, the largest size first, and within a size the highest rate first. Empty when the system does not tell
    /// (for instance a camera that this program may not open).
    pub formats: Vec<Format>,
}

/// The cameras that can give pictures, in the system's order, and the test pattern last.
///
/// A camera that is in use is listed; one that may not be opened is listed without formats. No camera is no error.
pub fn sources() -> Vec<SourceInfo> {
    let mut all = camera::list();
    all.push(SourceInfo {
        id: SourceId::Pattern,
        name: "Test pattern".to_owned(),
        formats: pattern_formats(),
    });
    all
}

/// The screens, the primary one first, and then the windows that have a title. They are a list of their own, so that nobody shows
/// a screen who only took the first source there is.
///
/// # Errors
/// [`CaptureError::NoScreen`] where there is no display, or one that does not let programs see it.
pub fn screens() -> Result<Vec<SourceInfo>, CaptureError> {
    screen::list()
}

/// What the video file at `path` is: its size and rate.
///
/// # Errors
/// [`CaptureError::Absent`], [`CaptureError::Unreadable`], or [`CaptureError::FfmpegMissing`] when the file needs `ffmpeg`.
pub fn probe_file(path: impl AsRef<Path>) -> Result<SourceInfo, CaptureError> {
    playback::probe(path.as_ref())
}

fn pattern_formats() -> Vec<Format> {
    let sizes = [(1920, 1080), (1280, 720), (640, 360), (320, 180)];
    let rates = [60.0, 30.0, 15.0];
    sizes
        .iter()
        .flat_map(|&(width, height)| rates.map(|rate| Format { width, height, rate }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_survives_its_own_text() {
        for id in [
            SourceId::Pattern,
            SourceId::Camera("/dev/video0".into()),
            SourceId::File("/tmp/a: b.avi".into()),
            SourceId::File("C:\\clips\\a.avi".into()),
            SourceId::Screen(ScreenArea::Primary),
            SourceId::Screen(ScreenArea::Number(2)),
            SourceId::Screen(ScreenArea::Window("Notes: 3 of 4".into())),
        ] {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
    }

    #[test]
    fn other_text_is_refused_with_what_to_write() {
        for text in ["", "camera:", "file:", "screen:0", "screen:", "Pattern", "Screen"] {
            let error = text.parse::<SourceId>().unwrap_err().to_string();
            assert!(error.contains("camera:DEVICE"), "{error}");
        }
    }

    #[test]
    fn the_pattern_is_always_there_and_last() {
        let all = sources();
        let last = all.last().unwrap();
        assert_eq!(last.id, SourceId::Pattern);
        assert!(last.formats.contains(&Format {
            width: 1280,
            height: 720,
            rate: 30.0
        }));
    }
}
