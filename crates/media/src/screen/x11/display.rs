//! The X server: its monitors and its windows.

use x11rb::connection::Connection;
use x11rb::errors::ReplyError;
use x11rb::protocol::composite::{ConnectionExt as _, Redirect};
use x11rb::protocol::randr::ConnectionExt as _;
use x11rb::protocol::xfixes::ConnectionExt as _;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt as _, ImageOrder, MapState, Window};
use x11rb::rust_connection::RustConnection;

use super::error::{lost, lost_in_reply, no_screen};
use crate::error::CaptureError;
use crate::screen::grab::MAX_WINDOWS;

/// A rectangle of the root window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) x: i16,
    pub(super) y: i16,
    pub(super) width: u16,
    pub(super) height: u16,
}

/// A connection to the X server, and what was learnt of it.
pub(super) struct Display {
    pub(super) connection: RustConnection,
    pub(super) root: Window,
    pub(super) has_pointer: bool,
    /// It is XWayland, which knows its own windows and not the screen.
    is_of_wayland: bool,
}

/// The extension by which XWayland says what it is, since 2022.
const XWAYLAND: &str = "XWAYLAND";

const WAYLAND_REASON: &str = "this desktop (Wayland) does not let programs see it like this. Log in to an X11 session, share the \
     window of an X11 program, or share a video file.";

impl Display {
    pub(super) fn open(name: Option<&str>) -> Result<Display, CaptureError> {
        let is_named = || std::env::var_os("DISPLAY").is_some_and(|display| !display.is_empty());
        if name.is_none() && !is_named() {
            let reason = match std::env::var_os("WAYLAND_DISPLAY") {
                Some(_) => WAYLAND_REASON,
                None => "there is no display (DISPLAY is not set). Start this program in a desktop session.",
            };
            return Err(no_screen(reason));
        }
        // The library adds the number to a port's without looking whether that goes.
        let named = name.map_or_else(|| std::env::var("DISPLAY").unwrap_or_default(), str::to_owned);
        if !is_possible(&named) {
            return Err(no_screen(format!("\"{named}\" (DISPLAY) names no display.")));
        }
        let (connection, number) = RustConnection::connect(Some(&named)).map_err(|error| {
            no_screen(format!(
                "the display does not answer ({error}). Start this program in a desktop session."
            ))
        })?;
        let setup = connection.setup();
        let screen = setup
            .roots
            .get(number)
            .ok_or_else(|| no_screen("the display has no screen."))?;
        let is_packed = setup
            .pixmap_formats
            .iter()
            .any(|format| format.depth == screen.root_depth && format.bits_per_pixel == 32);
        let visuals = screen.allowed_depths.iter().flat_map(|depth| &depth.visuals);
        let is_rgb = visuals
            .filter(|visual| visual.visual_id == screen.root_visual)
            .any(|visual| (visual.red_mask, visual.blue_mask) == (0xFF_0000, 0xFF));
        if !is_packed || !is_rgb || setup.image_byte_order != ImageOrder::LSB_FIRST {
            return Err(CaptureError::FormatUnsupported {
                what: "The display".to_owned(),
                reason: format!("its depth is {} bits", screen.root_depth),
            });
        }
        let root = screen.root;
        let has_extension = connection
            .query_extension(XWAYLAND.as_bytes())
            .is_ok_and(|cookie| cookie.reply().is_ok_and(|reply| reply.present));
        let has_pointer = connection
            .xfixes_query_version(4, 0)
            .is_ok_and(|cookie| cookie.reply().is_ok());
        let mut display = Display {
            connection,
            root,
            has_pointer,
            is_of_wayland: false,
        };
        display.is_of_wayland = is_of_wayland(has_extension, &display.output_names());
        Ok(display)
    }

    /// Fails on a Wayland desktop, whose X server draws the windows of X11 programs and nothing else: its screen is black.
    pub(super) fn has_whole_screen(&self) -> Result<(), CaptureError> {
        if self.is_of_wayland {
            return Err(no_screen(WAYLAND_REASON));
        }
        Ok(())
    }

    /// What the server calls its outputs; none where it does not say.
    fn output_names(&self) -> Vec<String> {
        let asked = self.connection.randr_get_monitors(self.root, true);
        let monitors = asked.ok().and_then(|cookie| cookie.reply().ok());
        let monitors = monitors.map(|reply| reply.monitors).unwrap_or_default();
        monitors
            .iter()
            .map(|monitor| self.atom_name(monitor.name))
            .collect()
    }

    /// The monitors by name, the primary one first; the whole screen where the server knows of none.
    pub(super) fn monitors(&self) -> Result<Vec<(String, Region)>, CaptureError> {
        let asked = self.connection.randr_get_monitors(self.root, true);
        let mut monitors = match asked.map_err(|error| lost(&error))?.reply() {
            Ok(reply) => reply.monitors,
            Err(ReplyError::ConnectionError(error)) => return Err(lost(&error)),
            Err(_) => Vec::new(),
        };
        monitors.sort_by_key(|monitor| !monitor.primary);
        let mut named = Vec::new();
        for monitor in monitors {
            let region = Region {
                x: monitor.x,
                y: monitor.y,
                width: monitor.width,
                height: monitor.height,
            };
            named.push((self.atom_name(monitor.name), region));
        }
        if named.is_empty() {
            let (width, height) = self.size_of(self.root).map_err(|error| lost_in_reply(&error))?;
            let whole = Region {
                x: 0,
                y: 0,
                width,
                height,
            };
            named.push(("whole".to_owned(), whole));
        }
        Ok(named)
    }

    /// The windows that have a title and are on the screen, each title once.
    pub(super) fn windows(&self) -> Result<Vec<(Window, String)>, CaptureError> {
        let mut titled: Vec<(Window, String)> = Vec::new();
        for window in self.top_windows()?.into_iter().take(MAX_WINDOWS) {
            // A window may be gone by now: then it is none.
            let Some(title) = self.title(window) else { continue };
            if self.is_visible(window) && titled.iter().all(|(_, other)| *other != title) {
                titled.push((window, title));
            }
        }
        Ok(titled)
    }

    /// As the window manager lists them; without one, what lies on the root.
    fn top_windows(&self) -> Result<Vec<Window>, CaptureError> {
        let listed = self.property(self.root, "_NET_CLIENT_LIST");
        if let Some(listed) = listed {
            let numbers = listed.as_chunks().0.iter().copied();
            return Ok(numbers.map(u32::from_ne_bytes).collect());
        }
        let tree = self
            .connection
            .query_tree(self.root)
            .map_err(|error| lost(&error))?;
        Ok(tree.reply().map_err(|error| lost_in_reply(&error))?.children)
    }

    fn title(&self, window: Window) -> Option<String> {
        let title = self
            .property(window, "_NET_WM_NAME")
            .or_else(|| self.property_of(window, AtomEnum::WM_NAME.into()))?;
        let title = String::from_utf8_lossy(&title);
        let title = title.trim_matches(|c: char| c.is_control() || c.is_whitespace());
        (!title.is_empty()).then(|| title.to_owned())
    }

    fn is_visible(&self, window: Window) -> bool {
        let attributes = self.connection.get_window_attributes(window);
        attributes.is_ok_and(|cookie| {
            cookie
                .reply()
                .is_ok_and(|attributes| attributes.map_state == MapState::VIEWABLE)
        })
    }

    fn property(&self, window: Window, name: &str) -> Option<Vec<u8>> {
        let atom = self
            .connection
            .intern_atom(true, name.as_bytes())
            .ok()?
            .reply()
            .ok()?;
        self.property_of(window, atom.atom)
    }

    /// A property's bytes, of which 4 KiB are enough for any title and any desktop's windows.
    fn property_of(&self, window: Window, atom: u32) -> Option<Vec<u8>> {
        if atom == 0 {
            return None;
        }
        let asked = self
            .connection
            .get_property(false, window, atom, AtomEnum::ANY, 0, 1_024);
        let reply = asked.ok()?.reply().ok()?;
        (!reply.value.is_empty()).then_some(reply.value)
    }

    fn atom_name(&self, atom: u32) -> String {
        let asked = self.connection.get_atom_name(atom).ok();
        let name = asked
            .and_then(|cookie| cookie.reply().ok())
            .map(|reply| reply.name);
        name.map_or_else(
            || "unnamed".to_owned(),
            |name| String::from_utf8_lossy(&name).into_owned(),
        )
    }

    pub(super) fn size_of(&self, window: Window) -> Result<(u16, u16), ReplyError> {
        let geometry = self.connection.get_geometry(window)?.reply()?;
        Ok((geometry.width, geometry.height))
    }

    /// Has the server draw the whole of a window, also where others lie over it. Without that extension what is visible is shown.
    pub(super) fn keep_whole(&self, window: Window) {
        let version = self.connection.composite_query_version(0, 2);
        if version.is_ok_and(|cookie| cookie.reply().is_ok()) {
            let asked = self
                .connection
                .composite_redirect_window(window, Redirect::AUTOMATIC);
            let done = asked.is_ok_and(|cookie| cookie.check().is_ok());
            tracing::debug!(window, done, "the window is drawn whole");
        }
    }
}

/// Whether an X server is XWayland: by its extension, or as before that by its outputs, each of which is `XWAYLAND` and a number.
fn is_of_wayland(has_extension: bool, outputs: &[String]) -> bool {
    let is_numbered = |name: &String| {
        name.strip_prefix(XWAYLAND)
            .is_some_and(|number| number.bytes().all(|digit| digit.is_ascii_digit()))
    };
    has_extension || outputs.iter().any(is_numbered)
}

/// Whether a name of the form `host:display.screen` has a number for its display that there can be.
fn is_possible(name: &str) -> bool {
    let number = name
        .rsplit_once(':')
        .map(|(_, numbers)| numbers.split('.').next().unwrap_or_default());
    number.is_some_and(|number| number.parse::<u16>().is_ok_and(|number| number < 59_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xwayland_is_known_by_its_extension_or_its_outputs() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert!(is_of_wayland(true, &names(&["eDP-1"])));
        assert!(is_of_wayland(false, &names(&["XWAYLAND0"])));
        assert!(is_of_wayland(false, &names(&["HDMI-1", "XWAYLAND12"])));
        assert!(!is_of_wayland(
            false,
            &names(&["screen", "eDP-1", "DisplayPort-XWAYLAND"])
        ));
        assert!(!is_of_wayland(false, &[]));
    }
}
