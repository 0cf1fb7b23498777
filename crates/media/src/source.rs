//! A source by its name, and what it offers.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

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
    /// What it offers, the largest size first, and within a size the highest rate first. Empty when the system does not say
    /// (for instance a camera that this program may not open).
    pub formats: Vec<Format>,
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
}
