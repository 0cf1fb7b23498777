//! What this computer offers as sources.

use std::path::Path;

use crate::error::CaptureError;
use crate::source::{Format, SourceId, SourceInfo};
use crate::{camera, playback, screen};

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
