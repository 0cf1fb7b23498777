//! A screen or a window, whatever the system.

use crate::error::CaptureError;
use crate::pixels::Pixels;
use crate::source::ScreenArea;

/// A screen whose sides are longer, in pixels, is not shown.
pub(super) const MAX_SIDE: u16 = 8192;

/// A window that is listed at most so many; a desktop has some dozens.
pub(super) const MAX_WINDOWS: usize = 256;

/// A screen or a window that can be looked at.
pub(super) trait Grab {
    /// Its name in words.
    fn name(&self) -> String;

    /// What it shows now, into `pixels`; `false` when it shows nothing, as a window that is put away.
    fn grab(&mut self, pixels: &mut Pixels) -> Result<bool, CaptureError>;
}

/// Something to look at, as the system has it.
pub(super) struct Listed {
    pub(super) area: ScreenArea,
    pub(super) name: String,
    pub(super) width: u16,
    pub(super) height: u16,
}

/// The first of `titles` that has `wanted` in it, in any case of letters.
pub(super) fn find_title<T>(
    titles: impl IntoIterator<Item = (T, String)>,
    wanted: &str,
) -> Option<(T, String)> {
    let wanted = wanted.to_lowercase();
    titles
        .into_iter()
        .find(|(_, title)| title.to_lowercase().contains(&wanted))
}

pub(super) fn no_such_screen(number: u16, count: usize) -> CaptureError {
    CaptureError::NoScreen {
        reason: format!("there is no screen {number}, but {count}. Choose one of them, from 1."),
    }
}

pub(super) fn no_such_window(title: &str) -> CaptureError {
    CaptureError::NoScreen {
        reason: format!("no window has \"{title}\" in its title. Open it, or choose another source."),
    }
}
