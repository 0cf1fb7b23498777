//! A camera that numbers its pictures: a picture of some detail, and across its middle the test pattern's frame code.

use std::ops::Range;
use std::time::{Duration, Instant};

use media::{Planes, pattern};
use netcore::clock;
use netcore::proto::Time;
use turbojpeg::{Compressor, Subsamp, YuvImage};

use crate::Outcome;

/// What is filmed: its size, its rate and how long a JPEG of it may be.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) name: &'static str,
    pub(super) width: u16,
    pub(super) height: u16,
    /// The greatest quality is taken at which a picture is no longer than this, in bytes.
    pub(super) bytes: usize,
}

/// Pictures a second.
pub(super) const RATE: u32 = 30;
/// Qualities that are tried, best first.
const QUALITIES: Range<i32> = 40..96;
/// How far the noise goes, up and down, in levels of brightness.
const NOISE: u8 = 12;

/// A picture in flight.
pub(super) struct Shot {
    pub(super) jpeg: Vec<u8>,
    pub(super) captured: Time,
    pub(super) encoded: Time,
}

/// Where the frame code stands in a picture's height, in hundredths. Whatever a window lays over its pictures, it lays at an edge.
pub(super) const CODE_ROW_PERCENT: usize = 50;
const CODE_ROWS_PERCENT: Range<usize> = 46..54;

pub(super) struct Camera {
    pub(super) shape: Shape,
    /// Where the frame code is drawn, as it is in every test pattern.
    pattern: Planes,
    /// What is encoded: luma, U, V.
    picture: Vec<u8>,
    compressor: Compressor,
    next: u32,
}

impl Camera {
    pub(super) fn new(shape: Shape) -> Outcome<Camera> {
        let mut camera = Camera {
            shape,
            pattern: Planes::new(shape.width, shape.height),
            picture: background(usize::from(shape.width), usize::from(shape.height)),
            compressor: Compressor::new()?,
            // Far from what any other part of a test calls a frame.
            next: 1_000_000,
        };
        camera.compressor.set_subsamp(Subsamp::Sub2x2)?;
        // The number whose code has the most edges makes the longest picture.
        camera.draw(0xAAAA_AAAA);
        for quality in QUALITIES.rev() {
            camera.compressor.set_quality(quality)?;
            if camera.encode()?.len() <= shape.bytes {
                return Ok(camera);
            }
        }
        Err(format!("no {} picture is as short as {} bytes", shape.name, shape.bytes).into())
    }

    /// How long its pictures are, in bytes.
    pub(super) fn bytes(&mut self) -> Outcome<usize> {
        Ok(self.encode()?.len())
    }

    /// Hands a picture over [`RATE`] times a second. Returns the first one's number, and when each was taken: the light is in, nothing is
    /// encoded.
    pub(super) fn play(
        &mut self,
        lasts: Duration,
        mut hand_over: impl FnMut(&Shot) -> Outcome<()>,
    ) -> Outcome<(u32, Vec<Instant>)> {
        let first = self.next;
        let mut taken = Vec::new();
        let began = Instant::now();
        while began.elapsed() < lasts {
            let due = began + Duration::from_secs(1) * taken.len() as u32 / RATE;
            self.draw(self.next);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            self.next += 1;
            taken.push(Instant::now());
            let captured = clock::now();
            let jpeg = self.encode()?;
            hand_over(&Shot {
                jpeg,
                captured,
                encoded: clock::now(),
            })?;
        }
        Ok((first, taken))
    }

    fn draw(&mut self, number: u32) {
        pattern::draw(&mut self.pattern, number, clock::now());
        let (luma, stride) = self.pattern.luma();
        let height = usize::from(self.shape.height);
        let code = &luma[stride * (height * 92 / 100)..][..stride];
        for row in height * CODE_ROWS_PERCENT.start / 100..height * CODE_ROWS_PERCENT.end / 100 {
            self.picture[stride * row..][..stride].copy_from_slice(code);
        }
    }

    fn encode(&mut self) -> Outcome<Vec<u8>> {
        let image = YuvImage {
            pixels: &self.picture[..],
            width: usize::from(self.shape.width),
            align: 1,
            height: usize::from(self.shape.height),
            subsamp: Subsamp::Sub2x2,
        };
        Ok(self.compressor.compress_yuv_to_vec(image)?)
    }
}

/// Slopes of brightness and colour with noise on them; all in planes, luma first.
fn background(width: usize, height: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut noise = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8 % (2 * NOISE)
    };
    let luma = (0..width * height).map(|at| (40 + 150 * (at % width) / width) as u8 + noise());
    let (columns, rows) = (width / 2, height / 2);
    let slope = |at: usize, along: usize, of: usize| (88 + 80 * along / of + at % 2) as u8;
    let across = (0..columns * rows).map(|at| slope(at, at % columns, columns));
    let down = (0..columns * rows).map(|at| slope(at, at / columns, rows));
    luma.chain(across).chain(down).collect()
}

#[cfg(test)]
mod tests {
    use media::jpeg::{Decoder, Limits};

    use super::*;

    #[test]
    fn a_picture_is_as_long_as_allowed_and_its_number_is_read_from_its_middle_line() {
        let shape = Shape {
            name: "small",
            width: 640,
            height: 360,
            bytes: 30_000,
        };
        let mut camera = Camera::new(shape).expect("a camera");
        camera.draw(77_777);
        let jpeg = camera.encode().expect("a picture");
        assert!((20_000..=30_000).contains(&jpeg.len()), "{}", jpeg.len());
        let rgb = Decoder::new(Limits::default())
            .and_then(|mut decoder| decoder.rgb(&jpeg))
            .expect("a JPEG");
        let line = &rgb.pixels[3 * 640 * (360 * CODE_ROW_PERCENT / 100)..][..3 * 640];
        assert_eq!(pattern::read_code(line, 640, 1), Some(77_777));
    }
}
