//! Screens and windows: X11 by its own protocol on Linux, `xcap` on macOS and Windows; both behind [`Grab`].
//!
//! Why not `xcap` on Linux too: there it needs the development files of PipeWire, Wayland, GBM and XCB to be built, copies each
//! picture twice more, and draws no pointer. A Wayland desktop hands its screen out by way of PipeWire only, which is not done here.

#[cfg(not(target_os = "linux"))]
mod desktop;
#[cfg(target_os = "linux")]
mod x11;

use std::sync::Arc;

use netcore_proto::Time;

use crate::clock::Clock;
use crate::error::CaptureError;
use crate::feed::{Feed, Shape, Shot, Tempo};
use crate::pixels::Pixels;
use crate::planes::Planes;
use crate::source::{Format, ScreenArea, SourceId, SourceInfo};
use crate::spec::CaptureSpec;

/// Pictures each second, when nothing else is asked for.
const USUAL_RATE: f32 = 30.0;

/// A screen whose sides are longer, in pixels, is not shown.
const MAX_SIDE: u16 = 8192;

/// A window that is listed at most so many; a desktop has some dozens.
const MAX_WINDOWS: usize = 256;

/// A screen or a window that can be looked at.
trait Grab {
    /// Its name in words.
    fn name(&self) -> String;

    /// What it shows now, into `pixels`; `false` when it shows nothing, as a window that is put away.
    fn grab(&mut self, pixels: &mut Pixels) -> Result<bool, CaptureError>;
}

/// Something to look at, as the system has it.
struct Listed {
    area: ScreenArea,
    name: String,
    width: u16,
    height: u16,
}

pub(crate) fn list() -> Result<Vec<SourceInfo>, CaptureError> {
    #[cfg(target_os = "linux")]
    let listed = x11::list(None)?;
    #[cfg(not(target_os = "linux"))]
    let listed = desktop::list()?;
    let info = |Listed {
                    area,
                    name,
                    width,
                    height,
                }: Listed| SourceInfo {
        id: SourceId::Screen(area),
        name,
        formats: vec![Format {
            width,
            height,
            rate: USUAL_RATE,
        }],
    };
    Ok(listed.into_iter().map(info).collect())
}

pub(crate) fn open(
    area: &ScreenArea,
    spec: &CaptureSpec,
    clock: &Clock,
) -> Result<Box<dyn Feed>, CaptureError> {
    #[cfg(target_os = "linux")]
    let grab = Box::new(x11::open(None, area)?);
    #[cfg(not(target_os = "linux"))]
    let grab = desktop::open(area)?;
    Ok(Box::new(ScreenFeed::open(grab, spec, clock)?))
}

struct ScreenFeed {
    grab: Box<dyn Grab>,
    shape: Shape,
    /// Whoever was given it has dropped it by the next turn; then it is filled again.
    pixels: Arc<Pixels>,
    clock: Clock,
    /// Taken when it was opened, to learn the size.
    first: Option<Time>,
}

impl ScreenFeed {
    fn open(mut grab: Box<dyn Grab>, spec: &CaptureSpec, clock: &Clock) -> Result<ScreenFeed, CaptureError> {
        let mut pixels = Pixels::default();
        if !grab.grab(&mut pixels)? {
            return Err(CaptureError::NoScreen {
                reason: format!("\"{}\" is put away. Bring it up and try again.", grab.name()),
            });
        }
        let shape = Shape {
            name: grab.name(),
            width: pixels.width(),
            height: pixels.height(),
            rate: if spec.rate > 0.0 { spec.rate } else { USUAL_RATE },
            tempo: Tempo::Requested,
        };
        Ok(ScreenFeed {
            grab,
            shape,
            pixels: Arc::new(pixels),
            clock: clock.clone(),
            first: Some(clock()),
        })
    }
}

impl Feed for ScreenFeed {
    fn shape(&self) -> Shape {
        self.shape.clone()
    }

    fn next(&mut self, _planes: &mut Planes) -> Result<Shot, CaptureError> {
        if let Some(captured) = self.first.take() {
            let pixels = Arc::clone(&self.pixels);
            return Ok(Shot::Pixels { pixels, captured });
        }
        if Arc::get_mut(&mut self.pixels).is_none() {
            self.pixels = Arc::default();
        }
        let Some(pixels) = Arc::get_mut(&mut self.pixels) else {
            return Ok(Shot::Nothing);
        };
        let is_there = self.grab.grab(pixels)?;
        if !is_there {
            return Ok(Shot::Nothing);
        }
        Ok(Shot::Pixels {
            captured: (self.clock)(),
            pixels: Arc::clone(&self.pixels),
        })
    }
}

/// The first of `titles` that has `wanted` in it, in any case of letters.
fn find_title<T>(titles: impl IntoIterator<Item = (T, String)>, wanted: &str) -> Option<(T, String)> {
    let wanted = wanted.to_lowercase();
    titles
        .into_iter()
        .find(|(_, title)| title.to_lowercase().contains(&wanted))
}

fn no_such_screen(number: u16, count: usize) -> CaptureError {
    CaptureError::NoScreen {
        reason: format!("there is no screen {number}, but {count}. Choose one of them, from 1."),
    }
}

fn no_such_window(title: &str) -> CaptureError {
    CaptureError::NoScreen {
        reason: format!("no window has \"{title}\" in its title. Open it, or choose another source."),
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
