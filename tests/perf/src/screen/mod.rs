//! From the camera to the screen: how long a picture takes until a display shows it.
//!
//! The camera numbers its pictures and notes when it took each. Each goes as JPEG to another program, whose window is on a display
//! without a screen (Xvfb), and that display's own pixels are read a thousand times a second until the number is there. Ours and
//! others' windows are measured by the same camera and the same eye.

mod camera;
mod eye;
mod others;
mod window;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use camera::{Camera, RATE, Shape};

use crate::report::Report;
use crate::samples::{Samples, milliseconds};
use crate::{Outcome, TRANSPORTS};

/// A window of 1080p fits on it.
const DISPLAY: (u32, u32) = (1920, 1200);
const SHAPES: [Shape; 2] = [
    Shape {
        name: "720p30",
        width: 1280,
        height: 720,
        bytes: 120_000,
    },
    Shape {
        name: "1080p30",
        width: 1920,
        height: 1080,
        bytes: 300_000,
    },
];
/// The first seconds, in which windows and buffers settle.
const WARMING: Duration = Duration::from_secs(3);
const LASTS: Duration = Duration::from_secs(20);
/// A picture that is shown later than this is not shown.
const GIVEN_UP: Duration = Duration::from_millis(500);
/// At 720p30.
const MOST_P50_MS: f64 = 30.0;
const MOST_P95_MS: f64 = 50.0;
/// Of 30: what the eye may miss of a picture that was replaced within its own thousandth of a second.
const LEAST_FRAMES_A_SECOND: f64 = 29.7;

/// What became of the pictures that were filmed.
struct Seen {
    delays: Samples,
    filmed: usize,
    frames_a_second: f64,
    /// Pictures that our network did not bring to the window; `None` where that is not known.
    not_delivered: Option<usize>,
    /// What the app says of itself.
    own: Option<Samples>,
}

/// Every shape of picture.
pub(crate) fn section(report: &mut Report) -> Outcome<()> {
    run(&SHAPES, report)
}

/// One of them, by its name.
pub(crate) fn one(name: &str, report: &mut Report) -> Outcome<()> {
    match SHAPES.iter().find(|shape| shape.name == name) {
        Some(shape) => run(std::slice::from_ref(shape), report),
        None => Err(format!(
            "no pictures are called {name:?}; there are {}",
            SHAPES.map(|shape| shape.name).join(", ")
        )
        .into()),
    }
}

fn run(shapes: &[Shape], report: &mut Report) -> Outcome<()> {
    println!(
        "From camera to screen: taken, encoded, sent to another program, decoded and in the pixels of a display without a screen\n\
         (Xvfb, no graphics card), read every millisecond, {} s each, in ms. \"own\" is what the app itself says of the same frames:\n\
         up to its painting, without the path into the display. \"not shown\" are pictures that were never on the display, \"lost\" those\n\
         that the network did not bring to the window. Ours is the whole app at the size it opens with, the picture drawn smaller than it\n\
         is; the others' windows are the picture and nothing else. The others are given the same JPEGs by a pipe; what they lose between\n\
         they do not report.\n",
        LASTS.as_secs()
    );
    for shape in shapes.iter().copied() {
        println!(
            "{:<52} {:>7} {:>7} {:>7} {:>10} {:>9} {:>5} {:>7} {:>7}",
            format!("{} ({} bytes)", shape.name, Camera::new(shape)?.bytes()?),
            "p50",
            "p95",
            "p99",
            "frames/s",
            "not shown",
            "lost",
            "own p50",
            "own p95"
        );
        for transport in TRANSPORTS {
            let seen = window::ours(transport, shape);
            line(&format!("Roomwire, {transport}, encrypted, acknowledged"), &seen);
            let what = format!("{} over {transport}", shape.name);
            match seen {
                Ok(seen) => judge(report, &what, shape, &seen),
                Err(_) => report.miss(format!("{what} was not measured")),
            }
        }
        for (name, receiver, sender) in others::ALL {
            line(name, &others::other(receiver, sender, shape));
        }
        println!();
    }
    Ok(())
}

fn line(name: &str, seen: &Outcome<Seen>) {
    let seen = match seen {
        Ok(seen) => seen,
        Err(error) => {
            println!("{name:<52} not measured: {error}");
            return;
        }
    };
    let (delays, own) = (&seen.delays, seen.own.as_ref());
    let own = |percent| {
        own.map_or_else(
            || format!("{:>7}", "–"),
            |own| milliseconds(own.percentile(percent)),
        )
    };
    println!(
        "{name:<52} {} {} {} {:>10.1} {:>9} {:>5} {} {}",
        milliseconds(delays.percentile(50)),
        milliseconds(delays.percentile(95)),
        milliseconds(delays.percentile(99)),
        seen.frames_a_second,
        seen.filmed - delays.count(),
        seen.not_delivered
            .map_or_else(|| "?".to_owned(), |lost| lost.to_string()),
        own(50),
        own(95),
    );
}

fn judge(report: &mut Report, what: &str, shape: Shape, seen: &Seen) {
    let ms = |percent| seen.delays.percentile(percent) as f64 / 1e6;
    if shape.height == 720 {
        report.at_most(
            &format!("camera to screen, {what}, median in ms"),
            ms(50),
            MOST_P50_MS,
        );
        report.at_most(
            &format!("camera to screen, {what}, 95th percentile in ms"),
            ms(95),
            MOST_P95_MS,
        );
    }
    report.at_least(
        &format!("frames/s on the screen, {what}"),
        seen.frames_a_second,
        LEAST_FRAMES_A_SECOND,
    );
    if let Some(lost) = seen.not_delivered.filter(|lost| *lost > 0) {
        report.miss(format!("{lost} frames of {what} did not arrive, target none"));
    }
}

/// Plays for a while, watches a window that shows it, and pairs the two.
fn measure(
    camera: &mut Camera,
    eye: eye::Eye,
    line: eye::Line,
    mut hand_over: impl FnMut(&camera::Shot) -> Outcome<()>,
) -> Outcome<Seen> {
    let watch = eye.watch(line);
    let (first, taken) = camera.play(LASTS, &mut hand_over)?;
    std::thread::sleep(GIVEN_UP);
    let seen = pair(first, &taken, &watch.end()?);
    match seen.delays.count() {
        0 => Err("nothing was shown".into()),
        _ => Ok(seen),
    }
}

fn pair(first: u32, taken: &[Instant], seen: &[(u32, Instant)]) -> Seen {
    let mut shown = HashMap::new();
    for (number, at) in seen {
        shown.entry(*number).or_insert(*at);
    }
    let delays = (first..).zip(taken).filter_map(|(number, taken)| {
        let delay = shown.get(&number)?.duration_since(*taken);
        (delay <= GIVEN_UP).then_some(delay.as_nanos() as u64)
    });
    let mut samples = Samples::default();
    samples.extend(delays.collect());
    Seen {
        frames_a_second: samples.count() as f64 * f64::from(RATE) / taken.len() as f64,
        delays: samples,
        filmed: taken.len(),
        not_delivered: None,
        own: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_counts_from_when_it_was_taken_to_when_it_was_seen_first() {
        let began = Instant::now();
        let at = |ms| began + Duration::from_millis(ms);
        let taken = [at(0), at(33), at(66), at(99)];
        // The second was never shown, the third came back, the fourth came when nobody counted on it any more.
        let seen = [(7, at(20)), (9, at(96)), (9, at(130)), (10, at(900))];
        let seen = pair(7, &taken, &seen);
        assert_eq!((seen.filmed, seen.delays.count()), (4, 2));
        assert_eq!(
            (seen.delays.percentile(50), seen.delays.percentile(99)),
            (20_000_000, 30_000_000)
        );
        assert!((seen.frames_a_second - 15.0).abs() < 1e-9);
    }
}
