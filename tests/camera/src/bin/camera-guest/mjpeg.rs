//! A camera that gives JPEGs: a thread of this program feeds the test pattern into `v4l2loopback`.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use media::jpeg::Encoder;
use media::{Backend, CapturedFrame, Format, Planes, pattern, sources};
use netcore_proto::Time;
use v4l::video::Output as _;
use v4l::video::output::Parameters;
use v4l::{Device, FourCC};

use crate::scenarios::decode;
use crate::watch::{Watch, camera};

const CAMERA: &str = "/dev/video5";
const SIZE: (u16, u16) = (640, 360);
const QUALITY: u8 = 85;

/// The webcam, as long as it is not dropped.
struct Webcam {
    is_over: Arc<AtomicBool>,
    is_silent: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Webcam {
    fn start() -> Webcam {
        let mut device = Device::with_path(CAMERA).expect("v4l2loopback is loaded");
        let mut format = v4l::Format::new(SIZE.0.into(), SIZE.1.into(), FourCC::new(b"MJPG"));
        format.size = u32::from(SIZE.0) * u32::from(SIZE.1) * 2;
        device.set_format(&format).expect("v4l2loopback takes MJPEG");
        device
            .set_params(&Parameters::with_fps(25))
            .expect("v4l2loopback takes a rate");
        let (is_over, is_silent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (over, silent) = (Arc::clone(&is_over), Arc::clone(&is_silent));
        // The first picture makes it a camera.
        device
            .write_all(&picture(0))
            .expect("v4l2loopback takes pictures");
        let body = move || {
            for number in 1.. {
                thread::sleep(Duration::from_millis(40));
                if over.load(Ordering::Relaxed) {
                    return;
                }
                if !silent.load(Ordering::Relaxed) {
                    device
                        .write_all(&picture(number))
                        .expect("v4l2loopback takes pictures");
                }
            }
        };
        Webcam {
            is_over,
            is_silent,
            thread: Some(thread::spawn(body)),
        }
    }

    fn fall_silent(&self) {
        self.is_silent.store(true, Ordering::Relaxed);
    }
}

impl Drop for Webcam {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the webcam has worked");
        }
    }
}

/// As webcams send them: with something behind the end of the picture.
fn picture(number: u32) -> Vec<u8> {
    let mut picture = clean(number);
    picture.extend_from_slice(&[0xFF, 0xD9, 0, 0, 0, 0, 0x55]);
    picture
}

fn clean(number: u32) -> Vec<u8> {
    let mut planes = Planes::new(SIZE.0, SIZE.1);
    pattern::draw(&mut planes, number, Time::ZERO);
    Encoder::new()
        .expect("an encoder")
        .planes(&planes, QUALITY)
        .expect("a JPEG")
        .to_vec()
}

fn number_in(frame: &CapturedFrame) -> u32 {
    let rgb = decode(frame);
    pattern::read_code(&rgb.pixels, rgb.width, rgb.height).expect("the frame shows its number")
}

pub(crate) fn is_passed_through() {
    let _webcam = Webcam::start();
    let all = sources();
    let listed = all
        .iter()
        .find(|source| source.id.to_string() == format!("camera:{CAMERA}"));
    let listed = listed.unwrap_or_else(|| panic!("it is not listed: {all:?}"));
    assert_eq!(listed.name, "Webcam");
    assert_eq!(
        listed.formats,
        [Format {
            width: SIZE.0,
            height: SIZE.1,
            rate: 25.0
        }]
    );
    expect_untouched(Backend::Native);
}

pub(crate) fn by_nokhwa() {
    let _webcam = Webcam::start();
    expect_untouched(Backend::Nokhwa);
}

fn expect_untouched(backend: Backend) {
    let mut spec = camera(CAMERA, SIZE.0, SIZE.1);
    spec.quality = QUALITY;
    let watch = Watch::start(spec, backend);
    let mut last = 0;
    for _ in 0..10 {
        let frame = watch.frame();
        let number = number_in(&frame);
        assert!(number >= last, "{number} came after {last}");
        last = number;
        assert!(
            frame.jpeg == clean(number),
            "frame {number} is not what the camera gave, less what is behind its end"
        );
    }
    assert!(last > 0, "pictures move on");
}

pub(crate) fn of_less_quality() {
    let _webcam = Webcam::start();
    let mut spec = camera(CAMERA, 320, 180);
    spec.quality = 30;
    let watch = Watch::start(spec, Backend::Native);
    let frame = watch.frames(3);
    assert_eq!((frame.width, frame.height), (320, 180));
    assert!(
        frame.jpeg.len() < clean(number_in(&frame)).len() / 3,
        "{} bytes",
        frame.jpeg.len()
    );
}

pub(crate) fn stall() {
    let webcam = Webcam::start();
    let watch = Watch::start(camera(CAMERA, SIZE.0, SIZE.1), Backend::Native);
    watch.frames(3);
    webcam.fall_silent();
    let error = watch.failure();
    assert_eq!(error.code(), "stalled", "{error}");
}
