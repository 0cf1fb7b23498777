//! Which of a camera's modes comes closest to what is wanted.

#[cfg(any(target_os = "linux", test))]
use crate::source::Format;
use crate::spec::CaptureSpec;

/// How a camera's picture is written. The order is that of preference between modes that are otherwise equal: JPEGs may need no
/// work at all, and of the others the one with more colour comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "V4L2 alone gives them all")
)]
pub(super) enum Coding {
    Mjpeg,
    Yuyv,
    Uyvy,
    Nv12,
    /// Three planes: luma, U and V at half the size.
    Yu12,
    /// As `Yu12`, V before U.
    Yv12,
    Grey,
}

/// Something that a camera can be set to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mode {
    pub(super) coding: Coding,
    pub(super) width: u16,
    pub(super) height: u16,
    /// Seconds for each frame, as a fraction: (seconds, frames).
    pub(super) interval: (u32, u32),
}

impl Mode {
    pub(super) fn rate(&self) -> f32 {
        match self.interval {
            (0, _) | (_, 0) => 0.0,
            (seconds, frames) => frames as f32 / seconds as f32,
        }
    }
}

/// What is meant when no size or no rate is asked for.
const USUAL: (u16, u16, f32) = (1280, 720, 30.0);

/// `modes` with the best for `spec` first: the smallest size that covers the wanted one, else the largest there is; then the lowest
/// rate that reaches the wanted one, else the highest; then the coding.
pub(super) fn by_preference(mut modes: Vec<Mode>, spec: &CaptureSpec) -> Vec<Mode> {
    let wanted = |asked: u16, usual: u16| if asked == 0 { usual } else { asked };
    let (width, height) = (wanted(spec.width, USUAL.0), wanted(spec.height, USUAL.1));
    let rate = if spec.rate > 0.0 { spec.rate } else { USUAL.2 };
    let cost = |mode: &Mode| {
        let area = i64::from(area(mode.width, mode.height));
        let covers = mode.width >= width && mode.height >= height;
        let millihertz = (mode.rate() * 1_000.0) as i64;
        // 29.97 is enough where 30 is asked for.
        let reaches = mode.rate() >= 0.95 * rate;
        (
            !covers,
            if covers { area } else { area.saturating_neg() },
            !reaches,
            if reaches {
                millihertz
            } else {
                millihertz.saturating_neg()
            },
            mode.coding,
        )
    };
    modes.retain(|mode| mode.rate() > 0.0);
    modes.sort_by_key(cost);
    modes
}

/// The sizes and rates of `modes` from which a person chooses: each once, the largest first.
#[cfg(any(target_os = "linux", test))]
pub(super) fn offers(modes: &[Mode]) -> Vec<Format> {
    let format = |mode: &Mode| Format {
        width: mode.width,
        height: mode.height,
        rate: mode.rate(),
    };
    let mut formats: Vec<Format> = modes
        .iter()
        .map(format)
        .filter(|format| format.rate > 0.0)
        .collect();
    let area = |format: &Format| area(format.width, format.height);
    formats.sort_by(|a, b| {
        area(b)
            .cmp(&area(a))
            .then(b.width.cmp(&a.width))
            .then(b.rate.total_cmp(&a.rate))
    });
    formats.dedup();
    formats
}

/// In pixels; 32 bits hold the product of any two sides.
fn area(width: u16, height: u16) -> u32 {
    u32::from(width).saturating_mul(height.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(coding: Coding, width: u16, height: u16, fps: u32) -> Mode {
        Mode {
            coding,
            width,
            height,
            interval: (1, fps),
        }
    }

    fn best(modes: &[Mode], width: u16, height: u16, rate: f32) -> Mode {
        let spec = CaptureSpec {
            width,
            height,
            rate,
            ..CaptureSpec::default()
        };
        by_preference(modes.to_vec(), &spec)[0]
    }

    /// As a usual webcam has them.
    fn webcam() -> Vec<Mode> {
        use Coding::{Mjpeg, Yuyv};
        vec![
            mode(Yuyv, 640, 480, 30),
            mode(Yuyv, 1280, 720, 10),
            mode(Mjpeg, 640, 480, 30),
            mode(Mjpeg, 1280, 720, 30),
            mode(Mjpeg, 1920, 1080, 30),
            mode(Mjpeg, 1280, 720, 60),
        ]
    }

    #[test]
    fn the_size_comes_first_then_the_rate_then_the_coding() {
        use Coding::{Mjpeg, Yuyv};
        assert_eq!(best(&webcam(), 1280, 720, 30.0), mode(Mjpeg, 1280, 720, 30));
        assert_eq!(best(&webcam(), 1280, 720, 60.0), mode(Mjpeg, 1280, 720, 60));
        assert_eq!(best(&webcam(), 1280, 720, 5.0), mode(Yuyv, 1280, 720, 10));
        assert_eq!(best(&webcam(), 640, 480, 30.0), mode(Mjpeg, 640, 480, 30));
        assert_eq!(
            best(&webcam(), 320, 180, 30.0),
            mode(Mjpeg, 640, 480, 30),
            "it is scaled down later"
        );
        assert_eq!(best(&webcam(), 3840, 2160, 30.0), mode(Mjpeg, 1920, 1080, 30));
        assert_eq!(best(&webcam(), 0, 0, 0.0), mode(Mjpeg, 1280, 720, 30));
    }

    #[test]
    fn ntsc_rates_count_as_whole_ones() {
        let ntsc = Mode {
            coding: Coding::Yuyv,
            width: 640,
            height: 480,
            interval: (1001, 30_000),
        };
        assert_eq!(
            best(&[mode(Coding::Yuyv, 640, 480, 60), ntsc], 640, 480, 30.0),
            ntsc
        );
    }

    #[test]
    fn modes_without_a_rate_are_no_choice() {
        let broken = Mode {
            interval: (0, 30),
            ..mode(Coding::Yuyv, 640, 480, 30)
        };
        assert!(by_preference(vec![broken], &CaptureSpec::default()).is_empty());
        assert!(offers(&[broken]).is_empty());
    }

    #[test]
    fn offers_are_sorted_and_each_is_there_once() {
        let offers = offers(&webcam());
        assert_eq!(
            offers.first(),
            Some(&Format {
                width: 1920,
                height: 1080,
                rate: 30.0
            })
        );
        assert_eq!(
            offers.last(),
            Some(&Format {
                width: 640,
                height: 480,
                rate: 30.0
            })
        );
        assert_eq!(offers.len(), 5);
    }
}
