//! What a picture costs from pixels to JPEG and back, in processor time of the thread that makes it.
//!
//! Each figure is the shortest of many tries, that is the work itself; and the median, that is the work on this computer as
//! it is now. The picture is neither flat nor noise: bars, a gradient and grain, as a camera sees a room.

use std::hint::black_box;
use std::time::Duration;

use media::jpeg::{Decoder, Encoder, Limits};
use media::{PixelOrder, Pixels, Planes, Range};

use crate::Outcome;
use crate::report::Report;

/// What one frame from a camera may cost: this high, in this quality, so many milliseconds.
const TARGET: (u16, u8, f64) = (720, 80, 2.5);

const TRIES: usize = 300;

pub(crate) fn section(report: &mut Report) -> Outcome<()> {
    println!("What a picture costs, in ms of processor time:\n");
    println!("{:<44} {:>8} {:>8}", "", "least", "median");
    for (width, height) in [(1280u16, 720u16), (1920, 1080)] {
        let (yuyv, nv12) = (yuyv(width, height), nv12(width, height));
        let mut planes = Planes::new(width, height);
        let mut encoder = Encoder::new()?;
        timed(&format!("{height}p YUYV to planes"), || {
            assert!(planes.fill_from_yuyv(&yuyv, 2 * usize::from(width), Range::Limited));
        });
        timed(&format!("{height}p NV12 to planes"), || {
            assert!(planes.fill_from_nv12(&nv12, usize::from(width), Range::Limited));
        });
        for quality in [50, 80] {
            timed(&format!("{height}p planes to JPEG, quality {quality}"), || {
                black_box(encoder.planes(&planes, quality).expect("a picture"));
            });
            let whole = timed(&format!("{height}p YUYV to JPEG, quality {quality}"), || {
                planes.fill_from_yuyv(&yuyv, 2 * usize::from(width), Range::Limited);
                black_box(encoder.planes(&planes, quality).expect("a picture"));
            });
            if (height, quality) == (TARGET.0, TARGET.1) {
                let what = format!("{height}p YUYV to JPEG in quality {quality}, ms");
                report.at_most(&what, whole, TARGET.2);
            }
        }
        let mut small = Planes::new(width * 3 / 4, height * 3 / 4);
        timed(&format!("{height}p planes to 3/4"), || {
            planes.scale_into(&mut small);
        });
        let mut small = Planes::new(width / 2, height / 2);
        timed(&format!("{height}p planes to 1/2"), || {
            planes.scale_into(&mut small);
        });
        let screen = screen(width, height);
        timed(&format!("{height}p pixels to JPEG, quality 80"), || {
            black_box(encoder.pixels(&screen, 80).expect("a picture"));
        });
        let mut small = Pixels::default();
        for (share, of) in [(2, 3), (1, 2)] {
            let size = (width * share / of, height * share / of);
            timed(&format!("{height}p pixels to {share}/{of}"), || {
                screen.scale_into(&mut small, size);
            });
        }
        let jpeg = encoder.planes(&planes, 80)?;
        let mut decoder = Decoder::new(Limits::default())?;
        for (share, of) in [(1, 1), (3, 4), (1, 2)] {
            let mut small = Planes::new(width * share / of, height * share / of);
            timed(&format!("{height}p JPEG to planes at {share}/{of}"), || {
                decoder.planes(&jpeg, &mut small).expect("it was made here");
            });
        }
    }
    Ok(())
}

/// Says what `work` costs. Returns the least, in milliseconds.
fn timed(what: &str, mut work: impl FnMut()) -> f64 {
    let mut once = || {
        let began = cpu();
        work();
        (cpu() - began).as_secs_f64() * 1e3
    };
    let mut took: Vec<f64> = (0..TRIES).map(|_| once()).collect();
    took.sort_by(f64::total_cmp);
    println!("{what:<44} {:>8.2} {:>8.2}", took[0], took[TRIES / 2]);
    took[0]
}

/// Processor time of this thread; where the system does not report it, the time that went by.
#[cfg(unix)]
fn cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

#[cfg(not(unix))]
fn cpu() -> Duration {
    static BEGAN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    BEGAN.get_or_init(std::time::Instant::now).elapsed()
}

/// Brightness at a place, in television's range.
fn luma_at(x: usize, y: usize) -> u8 {
    let grain = ((x * 7919 + y * 104_729) as u32).wrapping_mul(2_654_435_761) >> 28;
    let bar = if (x / 80 + y / 90).is_multiple_of(2) {
        40
    } else {
        0
    };
    (40 + bar + (x * 100 / 1920) + grain as usize) as u8
}

fn chroma_at(x: usize, y: usize) -> (u8, u8) {
    ((90 + (x / 160) * 7 % 70) as u8, (100 + (y / 90) * 11 % 60) as u8)
}

fn yuyv(width: u16, height: u16) -> Vec<u8> {
    let (width, height) = (usize::from(width), usize::from(height));
    let row = |y: usize| {
        (0..width / 2).flat_map(move |pair| {
            let (u, v) = chroma_at(2 * pair, y);
            [luma_at(2 * pair, y), u, luma_at(2 * pair + 1, y), v]
        })
    };
    (0..height).flat_map(row).collect()
}

fn screen(width: u16, height: u16) -> Pixels {
    let sides = (usize::from(width), usize::from(height));
    let pixel = |x: usize, y: usize| [luma_at(x, y), luma_at(y, x), luma_at(x + y, y), 0];
    let bytes = (0..sides.1).flat_map(|y| (0..sides.0).flat_map(move |x| pixel(x, y)));
    Pixels::new(width, height, PixelOrder::Bgrx, bytes.collect()).expect("as many bytes as pixels need")
}

fn nv12(width: u16, height: u16) -> Vec<u8> {
    let (width, height) = (usize::from(width), usize::from(height));
    let luma = (0..height).flat_map(|y| (0..width).map(move |x| luma_at(x, y)));
    let chroma = (0..height / 2).flat_map(|y| {
        (0..width / 2).flat_map(move |x| {
            let (u, v) = chroma_at(2 * x, 2 * y);
            [u, v]
        })
    });
    luma.chain(chroma).collect()
}
