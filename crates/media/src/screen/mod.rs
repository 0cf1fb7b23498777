//! Screens and windows: X11 by its own protocol on Linux, `xcap` on macOS and Windows; both behind [`Grab`].
//!
//! Why not `xcap` on Linux too: there it needs the development files of PipeWire, Wayland, GBM and XCB to be built, copies each
//! picture twice more, and draws no pointer. A Wayland desktop hands its screen out through PipeWire only, which is not done here.

#[cfg(not(target_os = "linux"))]
mod desktop;
mod grab;
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

use grab::{Grab, Listed};

/// Pictures each second, when nothing else is asked for.
const USUAL_RATE: f32 = 30.0;

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
    /// The capture that was given it has dropped it by the next call; then it is filled again.
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

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
