//! How a source makes its frames fit a target bitrate, in the order of what the eye forgives: quality first, then size, then
//! rate; and back in the reverse order.

use crate::ground::{Bitrate, Span, Time};

/// This share of the target is used: frames differ, and fragments are sent again.
const USED: f64 = 0.95;
/// A JPEG's size goes with the coarseness of its quantisation to about this power. It need not be exact: how large this scene's
/// frames really are is learnt from each of them.
const COARSENESS_POWER: f64 = -0.65;
/// Quality moves only when the frames it gives leave this share of the budget.
const FITTING: std::ops::RangeInclusive<f64> = 0.8..=1.05;
/// A lower step is taken when the present one has been too much for this long, at once when it is too much by half.
const PATIENCE_DOWN: Span = Span::from_millis(300);
/// A higher step is taken when it would have fitted for this long, with room to spare.
const PATIENCE_UP: Span = Span::from_secs(2);
/// How many points above the floor a higher step's quality must be, at first.
const ROOM: u8 = 10;
/// Sizes, as fractions of the full width and height.
const SCALES: [(u8, u8); 6] = [(1, 1), (3, 4), (1, 2), (3, 8), (1, 4), (1, 8)];
/// Shares of the full rate.
const RATES: [f32; 5] = [1.0, 0.75, 0.5, 0.25, 0.125];

/// What may be done to the frames.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdaptationConfig {
    /// The least and the most JPEG quality, from 1 to 100.
    pub quality: (u8, u8),
    /// Frames are not made smaller than this share of their width and height.
    pub min_scale: (u8, u8),
    /// Frames a second that the source gives.
    pub rate: f32,
    /// Not fewer than this are sent each second.
    pub min_rate: f32,
    /// The least and the most that is aimed at, whatever the target. A least above what the path takes costs frames: they are
    /// left out whole instead of made smaller. A least above the most is that most.
    pub bitrate: (Bitrate, Bitrate),
    /// Nothing is done: full size and rate at the highest quality, whatever the target.
    pub is_fixed: bool,
}

impl Default for AdaptationConfig {
    /// 30 frames a second in quality 80, down to 30, a quarter of the width and five a second; any bitrate.
    fn default() -> AdaptationConfig {
        AdaptationConfig {
            quality: (30, 80),
            min_scale: (1, 4),
            rate: 30.0,
            min_rate: 5.0,
            bitrate: (Bitrate(0), Bitrate(u64::MAX)),
            is_fixed: false,
        }
    }
}

/// How frames are to be encoded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EncodingTarget {
    /// JPEG quality.
    pub quality: u8,
    /// Part of the full width and height: numerator and denominator.
    pub scale: (u8, u8),
    /// Frames a second.
    pub rate: f32,
}

/// Decides how frames are encoded so that they fit a target.
///
/// Report each frame and the target to it, and make the next frame as it says. It learns from the frames how large
/// this scene's are.
#[derive(Debug)]
pub struct Adaptation {
    config: AdaptationConfig,
    /// The encodings, best first.
    steps: Vec<((u8, u8), f32)>,
    at: usize,
    quality: u8,
    /// Bytes that a frame of full size and quality 50 would have.
    content: Option<f64>,
    too_much_since: Option<Time>,
    fits_since: Option<Time>,
}

impl Adaptation {
    /// Begins with the best frames.
    pub fn new(config: AdaptationConfig) -> Adaptation {
        let (floor, ceiling) = config.quality;
        let floor = floor.clamp(1, 100);
        let (least, most) = config.bitrate;
        let config = AdaptationConfig {
            quality: (floor, ceiling.clamp(floor, 100)),
            rate: if config.rate.is_finite() {
                config.rate.max(0.1)
            } else {
                30.0
            },
            bitrate: (least.min(most), most),
            ..config
        };
        Adaptation {
            steps: steps(&config),
            at: 0,
            quality: config.quality.1,
            content: None,
            too_much_since: None,
            fits_since: None,
            config,
        }
    }

    /// A frame of so many bytes was made as `encoding` says, which need not be the latest.
    pub fn handle_frame(&mut self, bytes: usize, encoding: EncodingTarget) {
        let share = area(encoding.scale) * coarseness(encoding.quality).powf(COARSENESS_POWER);
        let content = (bytes as f64 / share.max(f64::MIN_POSITIVE)).clamp(1.0, 1e12);
        // A scene that becomes harder is heeded at once, one that becomes easier slowly.
        self.content = Some(match self.content {
            Some(before) if content < before => before + (content - before) / 8.0,
            _ => content,
        });
    }

    /// The target now. Returns how to make the next frame.
    pub fn handle_target(&mut self, target: Bitrate, now: Time) -> EncodingTarget {
        let Some(content) = self.content.filter(|_| !self.config.is_fixed) else {
            return self.encoding();
        };
        let (least, most) = self.config.bitrate;
        let target = target.clamp(least, most);
        let (floor, ceiling) = self.config.quality;
        let last = self.steps.len().saturating_sub(1);
        if self.at < last && self.fitting_quality(self.at, content, target) < f64::from(floor) {
            self.fits_since = None;
            let since = *self.too_much_since.get_or_insert(now);
            let excess = self.share(self.at, floor, content, target);
            if excess > 1.5 || now.since(since) >= PATIENCE_DOWN {
                // The best of the steps that fit; the last when none does.
                let fits = |at: &usize| self.fitting_quality(*at, content, target) >= f64::from(floor);
                let at = (self.at.saturating_add(1)..last).find(fits).unwrap_or(last);
                self.take_step(at, content, target);
            }
        } else if let Some(better) = self.at.checked_sub(1)
            && self.fitting_quality(better, content, target) >= f64::from(self.roomy_quality())
        {
            self.too_much_since = None;
            if now.since(*self.fits_since.get_or_insert(now)) >= PATIENCE_UP {
                self.take_step(better, content, target);
            }
        } else {
            (self.too_much_since, self.fits_since) = (None, None);
        }
        if !FITTING.contains(&self.share(self.at, self.quality, content, target)) {
            self.quality = whole(self.fitting_quality(self.at, content, target), floor, ceiling);
        }
        self.encoding()
    }

    /// How to make the next frame, as last decided.
    pub fn encoding(&self) -> EncodingTarget {
        let (scale, rate) = self.step(self.at);
        EncodingTarget {
            quality: self.quality,
            scale,
            rate,
        }
    }

    /// Full size and rate is a step that there always is.
    fn step(&self, at: usize) -> ((u8, u8), f32) {
        let known = self.steps.get(at).copied();
        known.unwrap_or(((1, 1), self.config.rate))
    }

    fn take_step(&mut self, at: usize, content: f64, target: Bitrate) {
        let (floor, ceiling) = self.config.quality;
        self.at = at;
        self.quality = whole(self.fitting_quality(at, content, target), floor, ceiling);
        (self.too_much_since, self.fits_since) = (None, None);
    }

    fn roomy_quality(&self) -> u8 {
        let (floor, ceiling) = self.config.quality;
        floor.saturating_add(ROOM).min(ceiling)
    }

    /// The share of the target that frames made like this would take.
    fn share(&self, at: usize, quality: u8, content: f64, target: Bitrate) -> f64 {
        let (scale, rate) = self.step(at);
        let bytes = content * area(scale) * coarseness(quality).powf(COARSENESS_POWER);
        bytes * 8.0 * f64::from(rate) / (target.0.max(1) as f64 * USED)
    }

    /// The quality at which a step's frames take just the target, below 1 when none is low enough.
    fn fitting_quality(&self, at: usize, content: f64, target: Bitrate) -> f64 {
        let (scale, rate) = self.step(at);
        let bytes = target.0 as f64 * USED / 8.0 / f64::from(rate);
        quality_of((bytes / (content * area(scale))).powf(1.0 / COARSENESS_POWER))
    }
}

/// Full size and rate; then smaller; then, at the smallest, fewer.
fn steps(config: &AdaptationConfig) -> Vec<((u8, u8), f32)> {
    let (numerator, denominator) = config.min_scale;
    let least = f64::from(numerator) / f64::from(denominator.max(1));
    let scales = SCALES.into_iter().filter(|scale| area(*scale).sqrt() >= least);
    let mut steps: Vec<_> = scales.map(|scale| (scale, config.rate)).collect();
    if steps.is_empty() {
        steps.push(((1, 1), config.rate));
    }
    let smallest = steps.last().map_or((1, 1), |(scale, _)| *scale);
    let rates = RATES[1..].iter().map(|share| config.rate * share);
    steps.extend(
        rates
            .filter(|rate| *rate >= config.min_rate)
            .map(|rate| (smallest, rate)),
    );
    steps
}

fn area((numerator, denominator): (u8, u8)) -> f64 {
    (f64::from(numerator) / f64::from(denominator)).powi(2)
}

/// By how much libjpeg scales its quantisation tables at a quality; 1 at quality 50 (`jpeg_quality_scaling` in jcparam.c).
fn coarseness(quality: u8) -> f64 {
    match quality.clamp(1, 99) {
        quality @ ..50 => 50.0 / f64::from(quality),
        quality => (200.0 - 2.0 * f64::from(quality)) / 100.0,
    }
}

/// The inverse of [`coarseness`].
fn quality_of(coarseness: f64) -> f64 {
    if coarseness > 1.0 {
        50.0 / coarseness
    } else {
        100.0 - 50.0 * coarseness
    }
}

fn whole(quality: f64, floor: u8, ceiling: u8) -> u8 {
    quality.clamp(f64::from(floor), f64::from(ceiling)) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A camera whose frames have 120 KB at quality 80, and the seconds it has run.
    struct Camera {
        adaptation: Adaptation,
        now: Time,
        targets: Vec<EncodingTarget>,
        noise: u64,
    }

    impl Camera {
        fn new(config: AdaptationConfig) -> Camera {
            Camera {
                adaptation: Adaptation::new(config),
                now: Time::ZERO,
                targets: Vec::new(),
                noise: 1,
            }
        }

        /// Runs for so long with this target, which wavers by 5 %, and frames that differ by 10 %. Returns the last encoding.
        fn run(&mut self, mbit: f64, seconds: u64) -> EncodingTarget {
            for _ in 0..seconds * 30 {
                self.noise = self.noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let wavers = (self.noise >> 40) as f64 / f64::from(1 << 24) - 0.5;
                let target = Bitrate((mbit * 1e6 * (1.0 + wavers / 10.0)) as u64);
                let encoding = self.adaptation.handle_target(target, self.now);
                let size =
                    65_900.0 * area(encoding.scale) * coarseness(encoding.quality).powf(COARSENESS_POWER);
                self.adaptation
                    .handle_frame((size * (1.0 + wavers / 5.0)) as usize, encoding);
                self.targets.push(encoding);
                self.now += Span::from_micros(33_333);
            }
            self.adaptation.encoding()
        }

        fn bitrate(encoding: EncodingTarget) -> f64 {
            let size = 65_900.0 * area(encoding.scale) * coarseness(encoding.quality).powf(COARSENESS_POWER);
            size * 8.0 * f64::from(encoding.rate) / 1e6
        }
    }

    #[test]
    fn quality_goes_first_then_size_then_rate() {
        let mut camera = Camera::new(AdaptationConfig::default());
        let full = camera.run(50.0, 2);
        assert_eq!((full.quality, full.scale, full.rate), (80, (1, 1), 30.0));
        let coarser = camera.run(15.0, 2);
        assert_eq!((coarser.scale, coarser.rate), ((1, 1), 30.0));
        assert!((30..60).contains(&coarser.quality), "{coarser:?}");
        let smaller = camera.run(4.0, 2);
        assert_eq!((smaller.scale, smaller.rate), ((1, 2), 30.0));
        let fewer = camera.run(0.4, 2);
        assert_eq!(fewer.scale, (1, 4));
        assert!(fewer.rate < 30.0 && fewer.rate >= 5.0, "{fewer:?}");
        for (encoding, mbit) in [(coarser, 15.0), (smaller, 4.0), (fewer, 0.4)] {
            let made = Camera::bitrate(encoding);
            assert!(
                (0.5 * mbit..1.05 * mbit).contains(&made),
                "{made} of {mbit}: {encoding:?}"
            );
        }
    }

    #[test]
    fn it_recovers_in_the_reverse_order() {
        let mut camera = Camera::new(AdaptationConfig::default());
        camera.run(0.3, 2);
        camera.targets.clear();
        let full = camera.run(50.0, 30);
        assert_eq!((full.quality, full.scale, full.rate), (80, (1, 1), 30.0));
        for pair in camera.targets.windows(2) {
            assert!(area(pair[1].scale) >= area(pair[0].scale));
            assert!(pair[1].rate >= pair[0].rate);
            assert!(
                pair[0].rate == 30.0 || pair[1].scale == pair[0].scale,
                "rate first"
            );
        }
    }

    #[test]
    fn it_does_not_flap_whatever_the_target_is() {
        for step in 0..60 {
            let mbit = 0.2 * 1.1_f64.powi(step);
            let mut camera = Camera::new(AdaptationConfig::default());
            camera.run(mbit, 5);
            camera.targets.clear();
            camera.run(mbit, 60);
            let changes = camera
                .targets
                .windows(2)
                .filter(|pair| (pair[0].scale, pair[0].rate) != (pair[1].scale, pair[1].rate));
            let count = changes.count();
            assert!(
                count <= 1,
                "{count} changes of size or rate in a minute at {mbit}"
            );
            let moves = camera
                .targets
                .windows(2)
                .filter(|pair| pair[0].quality != pair[1].quality);
            let count = moves.count();
            assert!(count < 120, "{count} changes of quality in a minute at {mbit}");
        }
    }

    #[test]
    fn a_sudden_drop_is_followed_with_the_next_picture() {
        let mut camera = Camera::new(AdaptationConfig::default());
        camera.run(50.0, 2);
        let encoding = camera.adaptation.handle_target(Bitrate(2_000_000), camera.now);
        assert!(Camera::bitrate(encoding) < 2.2, "{encoding:?}");
    }

    #[test]
    fn a_bitrate_stays_within_its_floor_and_ceiling() {
        let within = |least: u64, most: u64| AdaptationConfig {
            bitrate: (Bitrate(least), Bitrate(most)),
            ..AdaptationConfig::default()
        };
        let mut camera = Camera::new(within(4_000_000, 10_000_000));
        // What the path takes: much less, much more, and nothing known of it, as while there is no viewer.
        for (mbit, aimed_at) in [(0.3, 4.0), (200.0, 10.0), (1e13, 10.0)] {
            let made = Camera::bitrate(camera.run(mbit, 20));
            assert!(
                (0.75 * aimed_at..1.05 * aimed_at).contains(&made),
                "{made} for {mbit}"
            );
        }
        let free = Camera::bitrate(camera.run(7.0, 20));
        assert!((5.2..7.4).contains(&free), "{free} in between");
        let crossed = Camera::bitrate(Camera::new(within(9_000_000, 2_000_000)).run(50.0, 20));
        assert!(crossed < 2.1, "{crossed}: the ceiling holds");
    }

    #[test]
    fn fixed_is_fixed_and_nonsense_is_bounded() {
        let config = AdaptationConfig {
            is_fixed: true,
            ..AdaptationConfig::default()
        };
        assert_eq!(Camera::new(config).run(0.1, 2).quality, 80);
        let config = AdaptationConfig {
            quality: (200, 0),
            min_scale: (9, 0),
            rate: f32::NAN,
            min_rate: f32::NAN,
            bitrate: (Bitrate(u64::MAX), Bitrate(0)),
            is_fixed: false,
        };
        let mut camera = Camera::new(config);
        let encoding = camera.run(0.1, 2);
        assert_eq!(
            (encoding.quality, encoding.scale, encoding.rate),
            (100, (1, 1), 30.0)
        );
        let nonsense = EncodingTarget {
            quality: 0,
            scale: (0, 0),
            rate: f32::INFINITY,
        };
        camera.adaptation.handle_frame(0, nonsense);
        camera.adaptation.handle_frame(usize::MAX, nonsense);
        camera.adaptation.handle_target(Bitrate(0), camera.now);
        camera.adaptation.handle_target(Bitrate(u64::MAX), camera.now);
    }
}
