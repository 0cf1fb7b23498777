//! A real X server without a screen, with known colours on it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use x11rb::connection::Connection;
use x11rb::protocol::randr::{ConnectionExt as _, MonitorInfo};
use x11rb::protocol::xproto::{
    AtomEnum, ChangeWindowAttributesAux, ConfigureWindowAux, ConnectionExt, CreateGCAux, CreateWindowAux,
    PropMode, Rectangle, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use super::*;
use crate::jpeg::{Decoder, Encoder, Limits};

const SCREEN: (u16, u16) = (640, 480);
const GROUND: u32 = 0x20_40_60;
const RED: u32 = 0xE0_10_10;
const GREEN: u32 = 0x10_E0_10;

/// An X server of its own for a test.
struct Xvfb {
    server: Child,
    display: String,
    connection: RustConnection,
    root: Window,
}

impl Xvfb {
    fn start() -> Xvfb {
        let mut server = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "640x480x24",
                "-nolisten",
                "tcp",
                "-noreset",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("xvfb is installed for the tests");
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap())
            .read_line(&mut number)
            .unwrap();
        let display = format!(":{}", number.trim());
        let (connection, screen) = RustConnection::connect(Some(&display)).unwrap();
        let root = connection.setup().roots[screen].root;
        let ground = ChangeWindowAttributesAux::new().background_pixel(GROUND);
        connection.change_window_attributes(root, &ground).unwrap();
        connection
            .clear_area(false, root, 0, 0, 0, 0)
            .unwrap()
            .check()
            .unwrap();
        let xvfb = Xvfb {
            server,
            display,
            connection,
            root,
        };
        xvfb.point_at(SCREEN.0 as i16 - 1, SCREEN.1 as i16 - 1);
        xvfb
    }

    fn window(&self, title: &str, (x, y): (i16, i16), (width, height): (u16, u16), colour: u32) -> Window {
        let window = self.connection.generate_id().unwrap();
        let look = CreateWindowAux::new()
            .background_pixel(colour)
            .override_redirect(1);
        let class = WindowClass::INPUT_OUTPUT;
        self.connection
            .create_window(0, window, self.root, x, y, width, height, 0, class, 0, &look)
            .unwrap();
        self.connection
            .change_property8(
                PropMode::REPLACE,
                window,
                AtomEnum::WM_NAME,
                AtomEnum::STRING,
                title.as_bytes(),
            )
            .unwrap();
        self.connection.map_window(window).unwrap().check().unwrap();
        window
    }

    fn point_at(&self, x: i16, y: i16) {
        let warped = self.connection.warp_pointer(0u32, self.root, 0, 0, 0, 0, x, y);
        warped.unwrap().check().unwrap();
    }

    /// Calls the whole screen by this name, as the server of a desktop would.
    fn name_the_screen(&self, name: &str) {
        let name = self.connection.intern_atom(false, name.as_bytes()).unwrap();
        let monitor = MonitorInfo {
            name: name.reply().unwrap().atom,
            width: SCREEN.0,
            height: SCREEN.1,
            ..MonitorInfo::default()
        };
        let named = self.connection.randr_set_monitor(self.root, monitor);
        named.unwrap().check().unwrap();
    }

    fn open(&self, area: &ScreenArea) -> x11::X11Grab {
        x11::open(Some(&self.display), area).unwrap()
    }
}

impl Drop for Xvfb {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn at(pixels: &Pixels, x: usize, y: usize) -> u32 {
    let at = 4 * (y * usize::from(pixels.width()) + x);
    let [blue, green, red] = [0, 1, 2].map(|part| u32::from(pixels.bytes()[at + part]));
    (red << 16) | (green << 8) | blue
}

fn grabbed(grab: &mut dyn Grab) -> Pixels {
    let mut pixels = Pixels::default();
    assert!(grab.grab(&mut pixels).unwrap());
    pixels
}

#[test]
fn a_screen_is_seen_as_it_is_and_as_it_becomes() {
    let xvfb = Xvfb::start();
    let mut grab = xvfb.open(&ScreenArea::Primary);
    let pixels = grabbed(&mut grab);
    assert_eq!((pixels.width(), pixels.height()), SCREEN);
    assert_eq!(at(&pixels, 150, 150), GROUND);
    xvfb.window("Red", (100, 100), (200, 120), RED);
    let pixels = grabbed(&mut grab);
    assert_eq!(
        [
            at(&pixels, 99, 150),
            at(&pixels, 100, 100),
            at(&pixels, 299, 219),
            at(&pixels, 300, 219)
        ],
        [GROUND, RED, RED, GROUND]
    );
    assert!(grab.is_shared(), "Xvfb is on this computer and has MIT-SHM");
    grab.send_through_the_connection();
    assert_eq!(grabbed(&mut grab), pixels);
}

#[test]
fn a_window_is_seen_whole_below_others_and_at_another_size() {
    let xvfb = Xvfb::start();
    let red = xvfb.window("Report – draft", (50, 50), (200, 100), RED);
    let mut grab = xvfb.open(&ScreenArea::Window("report".into()));
    xvfb.window("Other", (100, 60), (300, 300), GREEN);
    let pixels = grabbed(&mut grab);
    assert_eq!((pixels.width(), pixels.height()), (200, 100));
    assert!(
        pixels
            .bytes()
            .chunks_exact(4)
            .all(|pixel| pixel[..3] == [0x10, 0x10, 0xE0])
    );
    let larger = ConfigureWindowAux::new().width(321).height(123);
    xvfb.connection
        .configure_window(red, &larger)
        .unwrap()
        .check()
        .unwrap();
    let pixels = grabbed(&mut grab);
    assert_eq!((pixels.width(), pixels.height()), (321, 123));
    xvfb.connection.unmap_window(red).unwrap().check().unwrap();
    assert!(!grab.grab(&mut Pixels::default()).unwrap(), "it is put away");
    xvfb.connection.map_window(red).unwrap().check().unwrap();
    grabbed(&mut grab);
    xvfb.connection.destroy_window(red).unwrap().check().unwrap();
    let error = grab.grab(&mut Pixels::default()).unwrap_err();
    assert_eq!(error.code(), "window_closed");
    assert!(error.to_string().contains("Report"), "{error}");
}

#[test]
fn the_pointer_is_seen() {
    let xvfb = Xvfb::start();
    let connection = &xvfb.connection;
    let (shape, pen, cursor) = [0; 3].map(|_| connection.generate_id().unwrap()).into();
    connection.create_pixmap(1, shape, xvfb.root, 16, 16).unwrap();
    connection
        .create_gc(pen, shape, &CreateGCAux::new().foreground(1))
        .unwrap();
    let all = Rectangle {
        x: 0,
        y: 0,
        width: 16,
        height: 16,
    };
    connection.poly_fill_rectangle(shape, pen, &[all]).unwrap();
    connection
        .create_cursor(cursor, shape, shape, 0xFFFF, 0xFFFF, 0, 0, 0, 0, 4, 4)
        .unwrap();
    let with_cursor = ChangeWindowAttributesAux::new().cursor(cursor);
    connection
        .change_window_attributes(xvfb.root, &with_cursor)
        .unwrap()
        .check()
        .unwrap();
    let mut grab = xvfb.open(&ScreenArea::Number(1));
    xvfb.point_at(200, 100);
    let pixels = grabbed(&mut grab);
    let yellow = 0xFF_FF_00;
    assert_eq!(
        [
            at(&pixels, 195, 96),
            at(&pixels, 196, 96),
            at(&pixels, 211, 111),
            at(&pixels, 212, 111)
        ],
        [GROUND, yellow, yellow, GROUND]
    );
    // Half outside, it is cut off.
    xvfb.point_at(0, 0);
    assert_eq!(at(&grabbed(&mut grab), 11, 11), yellow);
}

#[test]
fn what_can_be_shown_is_listed() {
    let xvfb = Xvfb::start();
    xvfb.window("Notes", (0, 0), (100, 50), RED);
    xvfb.window("Notes", (0, 0), (10, 10), RED);
    let listed = x11::list(Some(&xvfb.display)).unwrap();
    let found: Vec<_> = listed
        .iter()
        .map(|listed| (listed.area.clone(), listed.width, listed.height))
        .collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[0], (ScreenArea::Number(1), 640, 480));
    assert_eq!(found[1].0, ScreenArea::Window("Notes".into()));
}

#[test]
fn a_wayland_desktops_screen_is_refused_in_words_and_its_x11_windows_are_shown() {
    let xvfb = Xvfb::start();
    xvfb.name_the_screen("XWAYLAND0");
    let display = Some(xvfb.display.as_str());
    for area in [ScreenArea::Primary, ScreenArea::Number(1)] {
        let refused = x11::open(display, &area).map(|_| ()).unwrap_err();
        assert_eq!(refused.code(), "no_screen");
        assert!(refused.to_string().contains("(Wayland)"), "{refused}");
    }
    let nothing = x11::list(display).map(|_| ()).unwrap_err();
    assert!(nothing.to_string().contains("(Wayland)"), "{nothing}");
    xvfb.window("Notes", (0, 0), (100, 50), RED);
    let listed = x11::list(display).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].area, ScreenArea::Window("Notes".into()));
    let mut grab = xvfb.open(&listed[0].area);
    assert_eq!(at(&grabbed(&mut grab), 50, 25), RED);
}

#[test]
fn its_pictures_become_jpegs_at_the_size_that_is_wanted() {
    let xvfb = Xvfb::start();
    xvfb.window("Red", (0, 0), (320, 480), RED);
    let clock = crate::clock::test_clock();
    let grab = Box::new(xvfb.open(&ScreenArea::Primary));
    let mut feed = ScreenFeed::open(grab, &CaptureSpec::default(), &clock).unwrap();
    assert_eq!((feed.shape().width, feed.shape().height), SCREEN);
    for _ in 0..3 {
        let Shot::Pixels { pixels, .. } = feed.next(&mut Planes::default()).unwrap() else {
            panic!("a screen gives pixels")
        };
        let mut half = Pixels::default();
        pixels.scale_into(&mut half, (320, 240));
        for picture in [&*pixels, &half] {
            let jpeg = Encoder::new().unwrap().pixels(picture, 90).unwrap();
            let rgb = Decoder::new(Limits::default()).unwrap().rgb(&jpeg).unwrap();
            assert_eq!((rgb.width, rgb.height), (picture.width(), picture.height()));
            let middle = 3 * (usize::from(rgb.width) * 100 + 20);
            let near = rgb.pixels[middle..].iter().zip([0xE0u8, 0x10, 0x10]);
            assert!(
                near.clone().all(|(a, b)| a.abs_diff(b) < 6),
                "{:?}",
                &rgb.pixels[middle..middle + 3]
            );
        }
    }
}

#[test]
fn no_display_no_such_screen_and_no_such_window_are_said_in_words() {
    let xvfb = Xvfb::start();
    let words = |display: &str, area| {
        let mut pixels = Pixels::default();
        let tried = x11::open(Some(display), &area).and_then(|mut grab| grab.grab(&mut pixels));
        let error = tried.unwrap_err();
        assert_eq!(error.code(), "no_screen");
        error.to_string()
    };
    assert!(words(":58765", ScreenArea::Primary).contains("does not answer"));
    assert!(words(":65535", ScreenArea::Primary).contains("names no display"));
    assert!(words("nonsense", ScreenArea::Primary).contains("names no display"));
    assert!(words(&xvfb.display, ScreenArea::Number(2)).contains("no screen 2, but 1"));
    assert!(words(&xvfb.display, ScreenArea::Window("Nothing".into())).contains("\"Nothing\""));
}
