//! A camera that gives JPEGs of the test pattern.

use media::jpeg::Encoder;
use media::{Backend, CapturedFrame, Planes, pattern};
use netcore_proto::Time;

use crate::scenarios::decode;
use crate::watch::{Watch, camera};
use crate::webcam::{CAMERA, SIZE, Webcam, assert_listed};

const QUALITY: u8 = 85;

fn webcam() -> Webcam {
    Webcam::start(b"MJPG", picture)
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
    let _webcam = webcam();
    assert_listed();
    expect_untouched(Backend::Native);
}

pub(crate) fn by_nokhwa() {
    let _webcam = webcam();
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
    let _webcam = webcam();
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
    let webcam = webcam();
    let watch = Watch::start(camera(CAMERA, SIZE.0, SIZE.1), Backend::Native);
    watch.frames(3);
    webcam.fall_silent();
    let error = watch.failure();
    assert_eq!(error.code(), "stalled", "{error}");
}
