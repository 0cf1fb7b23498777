//! What a V4L2 camera can be set to.
//!
//! Drivers answer more or less of what they are asked. What they leave open is taken from what they are set to, and from what is usual.

use v4l::fraction::Fraction;
use v4l::frameinterval::{FrameIntervalEnum, Stepwise};
use v4l::framesize::FrameSizeEnum;
use v4l::video::Capture as _;
use v4l::{Device, FourCC};

use crate::camera::choice::{Coding, Mode};

/// A driver that lists more is not read to its end.
const MAX_MODES: usize = 512;

/// Sizes to offer of a driver that takes any within bounds.
const USUAL_SIZES: [(u32, u32); 8] = [
    (320, 180),
    (320, 240),
    (640, 360),
    (640, 480),
    (800, 600),
    (1280, 720),
    (1920, 1080),
    (3840, 2160),
];
/// The length of a frame, in seconds, that is asked for when a driver lists none.
const USUAL_INTERVAL: (u32, u32) = (1, 30);
/// Frames each second to offer of a driver that takes any within bounds.
const USUAL_RATES: [u32; 5] = [5, 15, 24, 30, 60];

/// A driver, as far as its answers go. What it refuses to answer is empty.
trait Answers {
    /// The formats that it lists.
    fn formats(&self) -> Vec<FourCC>;

    /// The format and the size, in pixels, that it is set to now (`VIDIOC_G_FMT`).
    fn present(&self) -> Option<(FourCC, u32, u32)>;

    /// The sizes, in pixels, that it lists for a format.
    fn sizes(&self, fourcc: FourCC) -> Vec<(u32, u32)>;

    /// The lengths of a frame, in seconds as a fraction, that it lists for a format and a size.
    fn intervals(&self, fourcc: FourCC, size: (u32, u32)) -> Vec<(u32, u32)>;
}

/// All that the camera offers in codings that are of use here.
pub(crate) fn modes(device: &Device) -> Vec<Mode> {
    modes_of(device)
}

fn modes_of(driver: &impl Answers) -> Vec<Mode> {
    let mut modes = Vec::new();
    let present = driver.present();
    let mut fourccs = driver.formats();
    // What a driver is set to it gives, also when it lists nothing.
    if fourccs.is_empty() {
        fourccs.extend(present.map(|(fourcc, ..)| fourcc));
    }
    for fourcc in fourccs {
        let Some(coding) = coding_of(fourcc) else {
            continue;
        };
        let mut sizes = driver.sizes(fourcc);
        if sizes.is_empty() {
            sizes.extend(present.map(|(_, width, height)| (width, height)));
        }
        for size in sizes {
            let (Ok(width @ 1..), Ok(height @ 1..)) = (size.0.try_into(), size.1.try_into()) else {
                continue;
            };
            let mut intervals = driver.intervals(fourcc, size);
            // Some drivers of virtual cameras do not say; what they are asked for they usually give.
            if intervals.is_empty() {
                intervals.push(USUAL_INTERVAL);
            }
            modes.extend(intervals.into_iter().map(|interval| Mode {
                coding,
                width,
                height,
                interval,
            }));
            if modes.len() >= MAX_MODES {
                modes.truncate(MAX_MODES);
                return modes;
            }
        }
    }
    modes
}

impl Answers for Device {
    fn formats(&self) -> Vec<FourCC> {
        let listed = self.enum_formats().unwrap_or_default();
        listed.iter().map(|description| description.fourcc).collect()
    }

    fn present(&self) -> Option<(FourCC, u32, u32)> {
        let format = self.format().ok()?;
        Some((format.fourcc, format.width, format.height))
    }

    fn sizes(&self, fourcc: FourCC) -> Vec<(u32, u32)> {
        let listed = self.enum_framesizes(fourcc).unwrap_or_default();
        let sizes = listed.into_iter().flat_map(|size| match size.size {
            FrameSizeEnum::Discrete(size) => vec![(size.width, size.height)],
            FrameSizeEnum::Stepwise(any) => usual_within(
                Steps {
                    min: any.min_width,
                    max: any.max_width,
                    step: any.step_width,
                },
                Steps {
                    min: any.min_height,
                    max: any.max_height,
                    step: any.step_height,
                },
            ),
        });
        sizes.collect()
    }

    fn intervals(&self, fourcc: FourCC, (width, height): (u32, u32)) -> Vec<(u32, u32)> {
        let listed = self
            .enum_frameintervals(fourcc, width, height)
            .unwrap_or_default();
        let intervals = listed.into_iter().flat_map(|interval| match interval.interval {
            FrameIntervalEnum::Discrete(Fraction {
                numerator,
                denominator,
            }) => vec![(numerator, denominator)],
            FrameIntervalEnum::Stepwise(any) => usual_intervals(&any),
        });
        intervals.collect()
    }
}

/// The lengths that a side may have, in pixels.
#[derive(Clone, Copy)]
struct Steps {
    min: u32,
    max: u32,
    step: u32,
}

impl Steps {
    /// The longest of these that is no longer than `side`, or the shortest there is.
    fn nearest(self, side: u32) -> u32 {
        let above = side.min(self.max).saturating_sub(self.min);
        let beyond_step = above.checked_rem(self.step).unwrap_or(0);
        self.min.saturating_add(above.saturating_sub(beyond_step))
    }
}

/// The usual sizes that there are; where there is none of them, what comes closest to the usual sizes.
fn usual_within(width: Steps, height: Steps) -> Vec<(u32, u32)> {
    let nearest = |size: &(u32, u32)| (width.nearest(size.0), height.nearest(size.1));
    let exact = USUAL_SIZES.iter().copied().filter(|size| nearest(size) == *size);
    let mut sizes: Vec<_> = exact.collect();
    if sizes.is_empty() {
        sizes = USUAL_SIZES.iter().map(nearest).collect();
        sizes.dedup();
    }
    sizes
}

/// The shortest frame there is, and the usual rates that there are.
fn usual_intervals(any: &Stepwise) -> Vec<(u32, u32)> {
    let seconds = |f: &Fraction| f64::from(f.numerator) / f64::from(f.denominator.max(1));
    let within = |rate: &&u32| (seconds(&any.min)..=seconds(&any.max)).contains(&(1.0 / f64::from(**rate)));
    let usual = USUAL_RATES.iter().filter(within).map(|rate| (1, *rate));
    [(any.min.numerator, any.min.denominator)]
        .into_iter()
        .chain(usual)
        .collect()
}

fn coding_of(fourcc: FourCC) -> Option<Coding> {
    match &fourcc.repr {
        b"MJPG" | b"JPEG" => Some(Coding::Mjpeg),
        b"YUYV" => Some(Coding::Yuyv),
        b"UYVY" => Some(Coding::Uyvy),
        b"NV12" => Some(Coding::Nv12),
        b"YU12" => Some(Coding::Yu12),
        b"YV12" => Some(Coding::Yv12),
        b"GREY" => Some(Coding::Grey),
        _ => None,
    }
}

pub(super) fn fourcc_of(coding: Coding) -> FourCC {
    FourCC::new(match coding {
        Coding::Mjpeg => b"MJPG",
        Coding::Yuyv => b"YUYV",
        Coding::Uyvy => b"UYVY",
        Coding::Nv12 => b"NV12",
        Coding::Yu12 => b"YU12",
        Coding::Yv12 => b"YV12",
        Coding::Grey => b"GREY",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A driver that lists these formats, each with these sizes and intervals.
    #[derive(Default)]
    struct Driver {
        formats: Vec<FourCC>,
        present: Option<(FourCC, u32, u32)>,
        sizes: Vec<(u32, u32)>,
        intervals: Vec<(u32, u32)>,
    }

    impl Answers for Driver {
        fn formats(&self) -> Vec<FourCC> {
            self.formats.clone()
        }

        fn present(&self) -> Option<(FourCC, u32, u32)> {
            self.present
        }

        fn sizes(&self, _: FourCC) -> Vec<(u32, u32)> {
            self.sizes.clone()
        }

        fn intervals(&self, _: FourCC, _: (u32, u32)) -> Vec<(u32, u32)> {
            self.intervals.clone()
        }
    }

    fn fourcc(letters: &[u8; 4]) -> FourCC {
        FourCC::new(letters)
    }

    fn mode(coding: Coding, width: u16, height: u16, interval: (u32, u32)) -> Mode {
        Mode {
            coding,
            width,
            height,
            interval,
        }
    }

    #[test]
    fn a_driver_that_lists_nothing_has_what_it_is_set_to() {
        let mut driver = Driver {
            present: Some((fourcc(b"UYVY"), 720, 576)),
            ..Driver::default()
        };
        let only = |coding| [mode(coding, 720, 576, (1, 30))];
        assert_eq!(modes_of(&driver), only(Coding::Uyvy));
        driver.intervals = vec![(1, 25)];
        assert_eq!(modes_of(&driver), [mode(Coding::Uyvy, 720, 576, (1, 25))]);
        driver.present = Some((fourcc(b"H264"), 720, 576));
        assert_eq!(modes_of(&driver), []);
        assert_eq!(modes_of(&Driver::default()), []);
    }

    #[test]
    fn a_driver_that_lists_formats_and_no_sizes_has_each_at_its_present_size() {
        let mut driver = Driver {
            formats: vec![fourcc(b"H264"), fourcc(b"YUYV"), fourcc(b"GREY")],
            present: Some((fourcc(b"YUYV"), 720, 480)),
            intervals: vec![(1001, 30_000)],
            ..Driver::default()
        };
        assert_eq!(
            modes_of(&driver),
            [Coding::Yuyv, Coding::Grey].map(|coding| mode(coding, 720, 480, (1001, 30_000)))
        );
        for (width, height) in [(0, 480), (720, 0), (65_536, 480), (720, u32::MAX)] {
            driver.present = Some((fourcc(b"YUYV"), width, height));
            assert_eq!(modes_of(&driver), [], "{width}×{height} is no picture");
        }
    }

    #[test]
    fn a_driver_that_lists_sizes_is_not_asked_what_it_is_set_to() {
        let driver = Driver {
            formats: vec![fourcc(b"MJPG")],
            present: Some((fourcc(b"YUYV"), 160, 120)),
            sizes: vec![(640, 480), (0, 0), (70_000, 9)],
            intervals: vec![(1, 15), (1, 30)],
        };
        let at = |rate| mode(Coding::Mjpeg, 640, 480, (1, rate));
        assert_eq!(modes_of(&driver), [at(15), at(30)]);
    }

    #[test]
    fn a_list_without_end_is_not_read_to_its_end() {
        let driver = Driver {
            formats: vec![fourcc(b"YUYV"); 9],
            sizes: vec![(640, 480); 100],
            intervals: vec![(1, 30); 7],
            ..Driver::default()
        };
        assert_eq!(modes_of(&driver).len(), MAX_MODES);
    }

    fn steps(min: u32, max: u32, step: u32) -> Steps {
        Steps { min, max, step }
    }

    #[test]
    fn a_driver_that_takes_any_size_is_asked_for_usual_ones() {
        let sizes = usual_within(steps(48, 1920, 2), steps(32, 1080, 2));
        assert_eq!(sizes, USUAL_SIZES[..7]);
        let sizes = usual_within(steps(640, 640, 0), steps(480, 480, 0));
        assert_eq!(sizes, [(640, 480)]);
    }

    #[test]
    fn a_driver_with_none_of_the_usual_sizes_is_asked_for_its_nearest() {
        assert_eq!(usual_within(steps(720, 720, 1), steps(576, 576, 1)), [(720, 576)]);
        let sizes = usual_within(steps(176, 720, 16), steps(144, 576, 16));
        assert!(
            !sizes.is_empty() && sizes.iter().all(|(width, _)| (width - 176) % 16 == 0),
            "{sizes:?}"
        );
        assert_eq!(
            usual_within(steps(0, u32::MAX, u32::MAX), steps(0, 0, 0)),
            [(0, 0)]
        );
        assert_eq!(
            usual_within(steps(900, 100, 1), steps(500, 100, 1)),
            [(900, 500)],
            "a range without a length"
        );
    }
}
