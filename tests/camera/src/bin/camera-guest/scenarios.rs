//! The scenarios, each of which panics when it does not go as it should.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::panic::{self, AssertUnwindSafe};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};
use std::{env, thread};

use media::jpeg::{Decoder, Limits, Rgb};
use media::{Backend, CapturedFrame, Format, SourceId, sources};

use crate::vivid::{self, CAMERA, GRABBER, NO_CAMERA};
use crate::watch::{PATIENCE, Watch, camera};
use crate::{mjpeg, raw};

const SCENARIOS: &[(&str, fn())] = &[
    ("list", list),
    ("pictures", || pictures(Backend::Native)),
    ("smaller_than_the_camera", smaller_than_the_camera),
    ("rate", rate),
    ("newest", newest),
    ("busy", || busy(Backend::Native)),
    ("forbidden", forbidden),
    ("no_camera", no_camera),
    ("flagged_buffer", flagged_buffer),
    ("fatal_error", fatal_error),
    ("stall", || stall(Backend::Native)),
    ("stop_while_stalled", stop_while_stalled),
    ("unplug", || unplug(Backend::Native)),
    ("again_and_again", again_and_again),
    ("nokhwa_pictures", || pictures(Backend::Nokhwa)),
    ("nokhwa_busy", || busy(Backend::Nokhwa)),
    ("nokhwa_stall", || stall(Backend::Nokhwa)),
    ("nokhwa_unplug", || unplug(Backend::Nokhwa)),
    ("mjpeg_is_passed_through", mjpeg::is_passed_through),
    ("mjpeg_of_less_quality", mjpeg::of_less_quality),
    ("mjpeg_stall", mjpeg::stall),
    ("nokhwa_mjpeg", mjpeg::by_nokhwa),
    ("yu12", raw::of_yu12),
    ("uyvy", raw::of_uyvy),
    ("grey", raw::of_grey),
    ("no_sizes", no_sizes),
];

/// Asked for by name, the program plays a scenario that needs another user, and ends with its outcome.
const AS_NOBODY: &str = "as-nobody";

pub(crate) fn main() -> ExitCode {
    let argument = env::args().nth(1).expect("the file to report into");
    if argument == AS_NOBODY {
        may_not_open();
        return ExitCode::SUCCESS;
    }
    let mut report = OpenOptions::new()
        .create(true)
        .append(true)
        .open(argument)
        .expect("the report can be written");
    for (name, play) in SCENARIOS {
        let began = Instant::now();
        let outcome = match panic::catch_unwind(AssertUnwindSafe(play)) {
            Ok(()) => "ok".to_owned(),
            Err(payload) => words_of(payload.as_ref()).replace(['\n', '\t'], " "),
        };
        println!("{name}: {outcome} after {:.1?}", began.elapsed());
        writeln!(report, "{name}\t{outcome}").expect("the report can be written");
    }
    ExitCode::SUCCESS
}

fn words_of(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "panicked without words".to_owned())
}

fn list() {
    let all = sources();
    let ids: Vec<String> = all.iter().map(|source| source.id.to_string()).collect();
    assert_eq!(
        ids,
        ["camera:/dev/video0", "camera:/dev/video2", "pattern"],
        "an output node is no camera"
    );
    assert_eq!(all[0].name, "vivid");
    let has = |width, height| {
        all[0]
            .formats
            .iter()
            .any(|it| (it.width, it.height) == (width, height))
    };
    assert!(has(640, 360) && has(1280, 720), "{:?}", all[0].formats);
    let Format { width, height, rate } = all[0].formats[0];
    assert_eq!((width, height), (3840, 2160), "the largest comes first");
    assert!((0.5..120.0).contains(&rate), "{rate}");
}

fn pictures(backend: Backend) {
    let watch = Watch::start(camera(CAMERA, 640, 480), backend);
    let started = watch.started();
    assert_eq!((started.width, started.height), (640, 480), "{started:?}");
    assert!(
        (20.0..=30.0).contains(&started.rate) && started.name.contains("vivid"),
        "{started:?}"
    );
    let mut last = None;
    for number in 0..15 {
        let frame = watch.frame();
        assert_eq!(frame.number, number);
        assert!(
            last <= Some(frame.captured) && frame.captured <= frame.encoded,
            "times are in order"
        );
        last = Some(frame.captured);
        assert_colour_bars(&frame, 640, 480);
    }
    let took = watch.stop();
    assert!(took < Duration::from_secs(3), "stopping took {took:?}");
}

/// The driver's picture: eight bars of three quarters brightness, with text at the upper left.
pub(crate) const BARS: [(&str, [u8; 3]); 8] = [
    ("white", [191, 191, 191]),
    ("yellow", [191, 191, 0]),
    ("cyan", [0, 191, 191]),
    ("green", [0, 191, 0]),
    ("magenta", [191, 0, 191]),
    ("red", [191, 0, 0]),
    ("blue", [0, 0, 191]),
    ("black", [0, 0, 0]),
];

pub(crate) fn assert_colour_bars(frame: &CapturedFrame, width: u16, height: u16) {
    assert_bars(frame, (width, height), &BARS);
}

/// Looks at each of `bars`, from left to right, near the lower edge of the picture.
pub(crate) fn assert_bars(frame: &CapturedFrame, (width, height): (u16, u16), bars: &[(&str, [u8; 3]); 8]) {
    let rgb = decode(frame);
    assert_eq!((rgb.width, rgb.height), (width, height));
    // On a small picture the text reaches far down.
    let row = usize::from(height) * 19 / 20;
    for (bar, (name, expected)) in bars.iter().enumerate() {
        let column = (2 * bar + 1) * usize::from(width) / 16;
        let at = 3 * (row * usize::from(width) + column);
        let found = &rgb.pixels[at..at + 3];
        // Black that was not spread to full range would be 16 off.
        let is_near = found.iter().zip(expected).all(|(a, b)| a.abs_diff(*b) <= 12);
        assert!(is_near, "the {name} bar is {found:?} instead of {expected:?}");
    }
}

pub(crate) fn decode(frame: &CapturedFrame) -> Rgb {
    Decoder::new(Limits::default())
        .expect("a decoder")
        .rgb(&frame.jpeg)
        .expect("a JPEG")
}

fn smaller_than_the_camera() {
    let watch = Watch::start(camera(CAMERA, 400, 300), Backend::Native);
    let started = watch.started();
    assert_eq!(
        (started.width, started.height),
        (400, 226),
        "640×360 fitted into 400×300: {started:?}"
    );
    let frame = watch.frames(3);
    assert_eq!((frame.width, frame.height), (400, 226));
    assert_colour_bars(&frame, 400, 226);
}

fn rate() {
    let mut spec = camera(CAMERA, 320, 180);
    spec.rate = 5.0;
    let watch = Watch::start(spec, Backend::Native);
    let first = watch.frame();
    let last = watch.frames(10);
    let took = last.captured.since(first.captured).as_secs_f64();
    assert!(
        (1.6..6.0).contains(&took),
        "10 frames at 5 a second took {took} s"
    );
}

fn busy(backend: Backend) {
    let first = Watch::start(camera(CAMERA, 640, 480), Backend::Native);
    first.frames(2);
    for (width, height) in [(640, 480), (320, 180)] {
        let error = Watch::start(camera(CAMERA, width, height), backend).failure();
        assert_eq!(error.code(), "busy", "{error}");
        assert!(error.to_string().contains(CAMERA), "{error}");
    }
    first.frames(5);
    assert_eq!(
        sources()[0].id,
        SourceId::Camera(CAMERA.to_owned()),
        "a busy camera is listed"
    );
    first.stop();
    Watch::start(camera(CAMERA, 320, 180), backend).frames(2);
}

fn forbidden() {
    const NOBODY: u32 = 65_534;
    // The build's own folder may be closed to everybody but its owner; the machine's is open.
    const FOR_EVERYBODY: &str = "/run/camera-guest";
    let this = env::current_exe().expect("this program has a path");
    std::fs::copy(this, FOR_EVERYBODY).expect("the machine's memory has room for this program");
    let output = Command::new(FOR_EVERYBODY)
        .arg(AS_NOBODY)
        .uid(NOBODY)
        .gid(NOBODY)
        .output();
    let output = output.expect("this program runs as nobody");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn may_not_open() {
    let error = Watch::start(camera(CAMERA, 640, 480), Backend::Native).failure();
    assert_eq!(error.code(), "forbidden", "{error}");
    let all = sources();
    assert_eq!(
        all[0].id,
        SourceId::Camera(CAMERA.to_owned()),
        "it is listed all the same: {all:?}"
    );
    assert!(all[0].formats.is_empty());
}

fn no_camera() {
    let error = Watch::start(camera(NO_CAMERA, 640, 480), Backend::Native).failure();
    assert_eq!(error.code(), "format_unsupported", "an output node: {error}");
    let error = Watch::start(camera("/dev/video99", 640, 480), Backend::Native).failure();
    assert_eq!(error.code(), "absent", "{error}");
}

fn newest() {
    let mut spec = camera(CAMERA, 320, 180);
    spec.rate = 5.0;
    let watch = Watch::start_with_slow_sink(spec);
    watch.frames(3);
    thread::sleep(Duration::from_secs(1));
    // One waited in the sink; the next is the newest of those that the driver had meanwhile, so that the others are yet to come.
    let newest = watch.frames(2);
    let after = watch.frames(2);
    let took = after.captured.since(newest.captured).as_secs_f64();
    assert!(took > 0.15, "two frames of old came {took} s after the newest");
}

fn flagged_buffer() {
    let mut spec = camera(CAMERA, 320, 180);
    spec.rate = 5.0;
    let watch = Watch::start(spec, Backend::Native);
    let mut last = watch.frames(2).captured;
    vivid::inject_flagged_buffer();
    let gaps: Vec<f64> = (0..5)
        .map(|_| {
            let frame = watch.frame();
            assert_colour_bars(&frame, 320, 180);
            frame
                .captured
                .since(std::mem::replace(&mut last, frame.captured))
                .as_secs_f64()
        })
        .collect();
    assert!(
        gaps.iter().any(|gap| *gap > 0.3),
        "one of the frames, 0.2 s apart, is left out: {gaps:?}"
    );
}

fn fatal_error() {
    let watch = Watch::start(camera(CAMERA, 640, 480), Backend::Native);
    watch.frames(3);
    vivid::inject_fatal_error();
    // Those that were in flight, and then those of the stream that was started anew.
    watch.frames(20);
}

fn stall(backend: Backend) {
    let watch = Watch::start(camera(CAMERA, 640, 480), backend);
    watch.frames(3);
    vivid::drop_all_buffers(true);
    let error = watch.failure();
    vivid::drop_all_buffers(false);
    assert_eq!(error.code(), "stalled", "{error}");
    let took = watch.stop();
    assert!(took < Duration::from_secs(4), "stopping took {took:?}");
    // nokhwa's thread lets go with the picture that comes now.
    let until = Instant::now() + PATIENCE;
    while let Err(error) = Watch::start(camera(CAMERA, 640, 480), backend).frame_or_failure() {
        assert_eq!(error.code(), "busy", "{error}");
        assert!(Instant::now() < until, "it stays busy");
        thread::sleep(Duration::from_millis(100));
    }
}

fn stop_while_stalled() {
    let watch = Watch::start(camera(CAMERA, 640, 480), Backend::Native);
    watch.frames(3);
    vivid::drop_all_buffers(true);
    thread::sleep(Duration::from_millis(500));
    let took = watch.stop();
    vivid::drop_all_buffers(false);
    assert!(took < Duration::from_secs(2), "stopping took {took:?}");
}

fn unplug(backend: Backend) {
    let watch = Watch::start(camera(CAMERA, 640, 480), backend);
    watch.frames(3);
    vivid::unplug();
    let error = watch.failure();
    let listed: Vec<_> = sources().into_iter().map(|source| source.id).collect();
    let again = Watch::start(camera(CAMERA, 640, 480), backend).failure();
    drop(watch);
    vivid::plug_in();
    assert_eq!(error.code(), "unplugged", "{error}");
    // Both devices of the driver are one to the system.
    assert_eq!(listed, [SourceId::Pattern]);
    assert_eq!(again.code(), "absent", "{again}");
    let frame = Watch::start(camera(CAMERA, 640, 480), backend).frames(3);
    assert_colour_bars(&frame, 640, 480);
}

fn again_and_again() {
    for (width, height) in [(640, 480), (320, 180), (640, 360), (320, 180), (640, 480)] {
        let watch = Watch::start(camera(CAMERA, width, height), Backend::Native);
        assert_colour_bars(&watch.frame(), width, height);
    }
}

/// A grabber of television has the size of its standard and lists none.
fn no_sizes() {
    vivid::assert_lists_no_sizes(GRABBER);
    let all = sources();
    let listed = all
        .iter()
        .find(|source| source.id == SourceId::Camera(GRABBER.to_owned()));
    let formats = &listed.expect("it is listed").formats;
    assert!(
        formats
            .iter()
            .all(|format| (format.width, format.height) == (720, 576))
            && !formats.is_empty(),
        "{formats:?}"
    );
    let watch = Watch::start(camera(GRABBER, 720, 576), Backend::Native);
    for _ in 0..3 {
        assert_colour_bars(&watch.frame(), 720, 576);
    }
}
