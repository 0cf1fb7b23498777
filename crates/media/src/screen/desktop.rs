//! Screens and windows of macOS and Windows, by `xcap`.

use xcap::{Monitor, Window, XCapError, XCapResult};

use super::grab::{Grab, Listed, MAX_SIDE, MAX_WINDOWS, find_title, no_such_screen, no_such_window};
use crate::error::CaptureError;
use crate::pixels::{PixelOrder, Pixels};
use crate::source::ScreenArea;

pub(super) fn list() -> Result<Vec<Listed>, CaptureError> {
    let mut listed = Vec::new();
    for (number, monitor) in (1..).zip(&monitors()?) {
        let size = (monitor.width(), monitor.height());
        let (Ok(width), Ok(height)) = size else { continue };
        let name = monitor.friendly_name().or_else(|_| monitor.name());
        listed.push(Listed {
            area: ScreenArea::Number(number),
            name: format!("Screen {number} ({})", name.unwrap_or_default()),
            width: side(width),
            height: side(height),
        });
    }
    for (window, title) in windows()? {
        let size = (window.width(), window.height());
        let (Ok(width), Ok(height)) = size else { continue };
        listed.push(Listed {
            area: ScreenArea::Window(title.clone()),
            name: title,
            width: side(width),
            height: side(height),
        });
    }
    Ok(listed)
}

pub(super) fn open(area: &ScreenArea) -> Result<Box<dyn Grab>, CaptureError> {
    ask_for_permission()?;
    let number = match area {
        ScreenArea::Primary => 1,
        ScreenArea::Number(number) => *number,
        ScreenArea::Window(wanted) => {
            let (window, title) = find_title(windows()?, wanted).ok_or_else(|| no_such_window(wanted))?;
            return Ok(Box::new(WindowGrab { window, title }));
        }
    };
    let monitors = monitors()?;
    let count = monitors.len();
    let monitor = monitors.into_iter().nth(usize::from(number).saturating_sub(1));
    let monitor = monitor.ok_or_else(|| no_such_screen(number, count))?;
    Ok(Box::new(MonitorGrab { monitor, number }))
}

/// Without permission macOS shows the desktop's picture without any window, and says nothing. It asks the person once, and lets
/// a program look only from its next start.
#[cfg(target_os = "macos")]
fn ask_for_permission() -> Result<(), CaptureError> {
    use objc2_core_graphics::{CGPreflightScreenCaptureAccess, CGRequestScreenCaptureAccess};
    if CGPreflightScreenCaptureAccess() || CGRequestScreenCaptureAccess() {
        return Ok(());
    }
    Err(CaptureError::NoScreen {
        reason:
            "macOS does not let this program see it. Allow it under Privacy & Security, Screen Recording, \
            in the system's settings, start the program anew, and try again."
                .to_owned(),
    })
}

#[cfg(not(target_os = "macos"))]
fn ask_for_permission() -> Result<(), CaptureError> {
    Ok(())
}

fn monitors() -> Result<Vec<Monitor>, CaptureError> {
    let mut monitors = Monitor::all().map_err(|error| failed(&error))?;
    monitors.sort_by_key(|monitor| !monitor.is_primary().unwrap_or(false));
    Ok(monitors)
}

/// The windows that have a title and are not put away, each title once.
fn windows() -> Result<Vec<(Window, String)>, CaptureError> {
    let mut titled: Vec<(Window, String)> = Vec::new();
    for window in Window::all()
        .map_err(|error| failed(&error))?
        .into_iter()
        .take(MAX_WINDOWS)
    {
        let title = window.title().unwrap_or_default().trim().to_owned();
        let is_known = titled.iter().any(|(_, other)| *other == title);
        if !title.is_empty() && !is_known && !window.is_minimized().unwrap_or(true) {
            titled.push((window, title));
        }
    }
    Ok(titled)
}

struct MonitorGrab {
    monitor: Monitor,
    number: u16,
}

impl Grab for MonitorGrab {
    fn name(&self) -> String {
        format!("Screen {}", self.number)
    }

    fn grab(&mut self, pixels: &mut Pixels) -> Result<bool, CaptureError> {
        taken(self.monitor.capture_image(), pixels)
    }
}

struct WindowGrab {
    window: Window,
    title: String,
}

impl Grab for WindowGrab {
    fn name(&self) -> String {
        self.title.clone()
    }

    fn grab(&mut self, pixels: &mut Pixels) -> Result<bool, CaptureError> {
        // The size of a window that was closed is not to be had.
        let closed = |_| CaptureError::WindowClosed {
            title: self.title.clone(),
        };
        self.window.width().map_err(closed)?;
        if self.window.is_minimized().unwrap_or(false) {
            return Ok(false);
        }
        taken(self.window.capture_image(), pixels)
    }
}

fn taken(image: XCapResult<xcap::image::RgbaImage>, pixels: &mut Pixels) -> Result<bool, CaptureError> {
    let image = image.map_err(|error| failed(&error))?;
    let (width, height) = (side(image.width()), side(image.height()));
    if width > MAX_SIDE || height > MAX_SIDE || width == 0 || height == 0 {
        return Ok(false);
    }
    match Pixels::new(width, height, PixelOrder::Rgbx, image.into_raw()) {
        Some(taken) => {
            *pixels = taken;
            Ok(true)
        }
        None => Ok(false),
    }
}

fn side(length: u32) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

fn failed(error: &XCapError) -> CaptureError {
    CaptureError::NoScreen {
        reason: format!("{error}. Unlock the screen, or choose another source, then try again."),
    }
}
