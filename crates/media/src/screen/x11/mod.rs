//! Screens and windows of an X server, in pure Rust.
//!
//! The server writes each picture into memory that both have open (MIT-SHM with a file descriptor, X servers since 2012): one copy
//! there and one here, and no picture goes through the connection. A server that is elsewhere sends it through the connection.

mod display;
mod error;
mod memory;
mod pointer;

use x11rb::protocol::xproto::{ConnectionExt as _, Window};

use crate::error::CaptureError;
use crate::pixels::{PixelOrder, Pixels};
use crate::screen::grab::{Grab, Listed, MAX_SIDE, find_title, no_such_screen, no_such_window};
use crate::source::ScreenArea;

use display::{Display, Region};
use error::{GrabError, no_screen};
use memory::{SharedMemory, image};

/// Where monitors are is asked again after so many pictures, at a usual rate every few seconds.
const ASK_AGAIN: u32 = 64;

/// What there is to look at on the display of this name, or on the one that the environment names.
pub(super) fn list(display: Option<&str>) -> Result<Vec<Listed>, CaptureError> {
    let display = Display::open(display)?;
    let windows = display.windows()?;
    // Where there is no screen to show, the windows may be; where there are none either, why not is said.
    let monitors = match display.has_whole_screen() {
        Ok(()) => display.monitors()?,
        Err(error) if windows.is_empty() => return Err(error),
        Err(_) => Vec::new(),
    };
    let screens = (1..).zip(&monitors).map(|(number, (name, region))| Listed {
        area: ScreenArea::Number(number),
        name: format!("Screen {number} ({name})"),
        width: region.width,
        height: region.height,
    });
    let mut listed: Vec<Listed> = screens.collect();
    for (window, title) in windows {
        let Ok(geometry) = display.size_of(window) else {
            continue;
        };
        listed.push(Listed {
            area: ScreenArea::Window(title.clone()),
            name: title,
            width: geometry.0,
            height: geometry.1,
        });
    }
    Ok(listed)
}

pub(super) fn open(display: Option<&str>, area: &ScreenArea) -> Result<X11Grab, CaptureError> {
    let display = Display::open(display)?;
    if !matches!(area, ScreenArea::Window(_)) {
        display.has_whole_screen()?;
    }
    let (target, name) = match area {
        ScreenArea::Primary => (Target::Monitor(0), "Screen 1".to_owned()),
        ScreenArea::Number(number) => {
            let at = usize::from(*number).saturating_sub(1);
            (Target::Monitor(at), format!("Screen {number}"))
        }
        ScreenArea::Window(wanted) => {
            let (window, title) =
                find_title(display.windows()?, wanted).ok_or_else(|| no_such_window(wanted))?;
            display.keep_whole(window);
            (Target::Window(window), title)
        }
    };
    let shared = SharedMemory::new(&display.connection);
    Ok(X11Grab {
        display,
        target,
        name,
        region: None,
        turns: 0,
        shared,
    })
}

enum Target {
    /// By its place among the monitors.
    Monitor(usize),
    Window(Window),
}

pub(super) struct X11Grab {
    display: Display,
    target: Target,
    name: String,
    /// Where a monitor is on the root; `None` when that is to be asked.
    region: Option<Region>,
    turns: u32,
    shared: Option<SharedMemory>,
}

#[cfg(test)]
impl X11Grab {
    pub(super) fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    pub(super) fn send_through_the_connection(&mut self) {
        self.shared = None;
    }
}

impl Grab for X11Grab {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn grab(&mut self, pixels: &mut Pixels) -> Result<bool, CaptureError> {
        self.turns = self.turns.wrapping_add(1);
        if self.turns.is_multiple_of(ASK_AGAIN) {
            self.region = None;
        }
        // A screen or window that changed its size between asking and taking: the next try knows.
        for _ in 0..2 {
            match self.try_grab(pixels) {
                Ok(taken) => return Ok(taken),
                Err(GrabError::Failed(error)) => return Err(error),
                Err(GrabError::Gone) => {
                    return Err(CaptureError::WindowClosed {
                        title: self.name.clone(),
                    });
                }
                Err(GrabError::Elsewhere) => self.region = None,
            }
        }
        Ok(false)
    }
}

impl X11Grab {
    fn try_grab(&mut self, pixels: &mut Pixels) -> Result<bool, GrabError> {
        let (drawable, region, on_root) = match self.target {
            Target::Monitor(at) => {
                let region = self.monitor(at)?;
                (self.display.root, region, (region.x, region.y))
            }
            Target::Window(window) => {
                let (width, height) = self.display.size_of(window)?;
                let region = Region {
                    x: 0,
                    y: 0,
                    width,
                    height,
                };
                let asked = self
                    .display
                    .connection
                    .translate_coordinates(window, self.display.root, 0, 0)?;
                let place = asked.reply()?;
                (window, region, (place.dst_x, place.dst_y))
            }
        };
        if region.width > MAX_SIDE || region.height > MAX_SIDE {
            return Err(GrabError::Failed(no_screen(format!(
                "{}×{} pixels are more than can be sent. Choose a smaller one.",
                region.width, region.height
            ))));
        }
        let data = pixels.resize(region.width, region.height, PixelOrder::Bgrx);
        match &mut self.shared {
            Some(shared) => shared.image(&self.display.connection, drawable, region, data)?,
            None => image(&self.display.connection, drawable, region, data)?,
        }
        if self.display.has_pointer {
            pointer::draw(&self.display.connection, data, region, on_root)?;
        }
        Ok(true)
    }

    fn monitor(&mut self, at: usize) -> Result<Region, GrabError> {
        if let Some(region) = self.region {
            return Ok(region);
        }
        let monitors = self.display.monitors().map_err(GrabError::Failed)?;
        let (_, region) = monitors.get(at).ok_or_else(|| {
            GrabError::Failed(no_such_screen((at as u16).saturating_add(1), monitors.len()))
        })?;
        Ok(*self.region.insert(*region))
    }
}
