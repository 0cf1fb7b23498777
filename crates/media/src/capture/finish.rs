//! The encoded frame of whatever a source gives: its own JPEG where possible; else a new one, made from planar YUV, or from RGB where
//! that is what the source has.

use std::borrow::Cow;

use bytes::Bytes;

use super::target::CaptureTarget;
use crate::error::CaptureError;
use crate::feed::Shape;
use crate::jpeg::{self, Decoder, Encoder, JpegError, JpegInfo, Limits, MAX_SENT_SIDE};
use crate::pixels::Pixels;
use crate::planes::Planes;
use crate::spec::CaptureSpec;

/// A JPEG of this much more quality than asked for is still passed through: encoding it again would cost more than the bytes.
const QUALITY_SLACK: u8 = 10;

/// A frame that can be sent.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) jpeg: Bytes,
    /// Width and height in pixels.
    pub(super) size: (u16, u16),
    /// It is the source's own JPEG, at most without what stood behind it and with the tables that were left out.
    pub(super) passed_through: bool,
}

pub(super) struct Finisher {
    wanted: (u16, u16),
    size: (u16, u16),
    encoder: Encoder,
    decoder: Decoder,
    scaled: Planes,
    scaled_pixels: Pixels,
}

/// A picture as a source gives it.
#[derive(Clone, Copy)]
pub(super) enum Picture<'a> {
    Jpeg(&'a Bytes),
    Planes(&'a Planes),
    Pixels(&'a Pixels),
}

impl Finisher {
    pub(super) fn new(spec: &CaptureSpec, shape: &Shape) -> Result<Finisher, CaptureError> {
        let wanted = (spec.width, spec.height);
        let size = fit((shape.width, shape.height), wanted);
        let failed = |error| CaptureError::Encoding {
            width: size.0,
            height: size.1,
            error,
        };
        Ok(Finisher {
            wanted,
            size,
            encoder: Encoder::new().map_err(failed)?,
            decoder: Decoder::new(Limits::SOURCE).map_err(failed)?,
            scaled: Planes::default(),
            scaled_pixels: Pixels::default(),
        })
    }

    /// The size of what comes out, as long as the source stays what it was when it was opened.
    pub(super) fn size(&self) -> (u16, u16) {
        self.size
    }

    /// The JPEG of a picture as `target` has it.
    pub(super) fn finish(
        &mut self,
        picture: Picture<'_>,
        target: CaptureTarget,
    ) -> Result<Finished, CaptureError> {
        let (own, finished) = match picture {
            Picture::Jpeg(jpeg) => (self.size, self.finish_jpeg(jpeg, target)),
            Picture::Planes(planes) => (
                (planes.width(), planes.height()),
                self.finish_planes(planes, target),
            ),
            Picture::Pixels(pixels) => (
                (pixels.width(), pixels.height()),
                self.finish_pixels(pixels, target),
            ),
        };
        finished.map_err(|error| CaptureError::Encoding {
            width: own.0,
            height: own.1,
            error,
        })
    }

    /// A screen is RGB, from which the codec makes JPEGs itself with the least work.
    fn finish_pixels(&mut self, pixels: &Pixels, target: CaptureTarget) -> Result<Finished, JpegError> {
        let own = (pixels.width(), pixels.height());
        let size = target.scale.of(fit(own, self.wanted));
        if own == size {
            return Ok(made(self.encoder.pixels(pixels, target.quality)?, size));
        }
        pixels.scale_into(&mut self.scaled_pixels, size);
        Ok(made(
            self.encoder.pixels(&self.scaled_pixels, target.quality)?,
            size,
        ))
    }

    fn finish_planes(&mut self, planes: &Planes, target: CaptureTarget) -> Result<Finished, JpegError> {
        let own = (planes.width(), planes.height());
        let size = target.scale.of(fit(own, self.wanted));
        if own == size {
            return Ok(made(self.encoder.planes(planes, target.quality)?, size));
        }
        self.scaled.resize(size.0, size.1);
        planes.scale_into(&mut self.scaled);
        Ok(made(self.encoder.planes(&self.scaled, target.quality)?, size))
    }

    fn finish_jpeg(&mut self, jpeg: &Bytes, target: CaptureTarget) -> Result<Finished, JpegError> {
        let (whole, info) = jpeg::whole_jpeg(jpeg, &Limits::SOURCE)?;
        let own = (info.width, info.height);
        let size = target.scale.of(fit(own, self.wanted));
        let as_it_is = |whole: Cow<'_, [u8]>| Finished {
            jpeg: match whole {
                Cow::Borrowed(bytes) => jpeg.slice_ref(bytes),
                Cow::Owned(bytes) => Bytes::from(bytes),
            },
            size,
            passed_through: true,
        };
        if own == size && is_good_enough(&info, target.quality) {
            return Ok(as_it_is(whole));
        }
        self.scaled.resize(size.0, size.1);
        match self.decoder.planes(&whole, &mut self.scaled) {
            Ok(()) => {
                let again = self.encoder.planes(&self.scaled, target.quality)?;
                // A picture that loses by it and gains nothing stays what it was.
                if own == size && again.len() >= whole.len() {
                    return Ok(as_it_is(whole));
                }
                Ok(made(again, size))
            }
            // What this codec calls damage a browser may still show well: better a heavier picture than none.
            Err(_) if own == size => Ok(as_it_is(whole)),
            Err(error) => Err(error),
        }
    }
}

fn made(jpeg: Bytes, size: (u16, u16)) -> Finished {
    Finished {
        jpeg,
        size,
        passed_through: false,
    }
}

fn is_good_enough(info: &JpegInfo, quality: u8) -> bool {
    info.quality
        .is_none_or(|own| own <= quality.saturating_add(QUALITY_SLACK))
}

/// The largest size within `wanted` that is sent at all, with the proportions of `own`; even in both directions when it is not `own`
/// itself.
fn fit(own: (u16, u16), wanted: (u16, u16)) -> (u16, u16) {
    let ratio = |own: u16, wanted: u16| {
        let most = match wanted {
            0 => MAX_SENT_SIDE,
            wanted => wanted.min(MAX_SENT_SIDE),
        };
        (f32::from(most) / f32::from(own.max(1))).min(1.0)
    };
    let ratio = ratio(own.0, wanted.0).min(ratio(own.1, wanted.1));
    if ratio >= 1.0 {
        return own;
    }
    let even = |side: u16| {
        ((f32::from(side) * ratio / 2.0).round() as u16)
            .saturating_mul(2)
            .max(2)
    };
    (even(own.0), even(own.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Scale;
    use crate::feed::Tempo;
    use crate::pattern;
    use crate::source::SourceId;
    use netcore_proto::Time;

    fn at(quality: u8) -> CaptureTarget {
        CaptureTarget {
            quality,
            ..CaptureTarget::default()
        }
    }

    fn finisher(width: u16, height: u16) -> Finisher {
        let spec = CaptureSpec {
            source: SourceId::Pattern,
            width,
            height,
            rate: 0.0,
            quality: 50,
        };
        let shape = Shape {
            name: String::new(),
            width: 640,
            height: 360,
            rate: 30.0,
            tempo: Tempo::Source,
        };
        Finisher::new(&spec, &shape).unwrap()
    }

    fn jpeg(quality: u8) -> Bytes {
        let mut planes = Planes::new(640, 360);
        pattern::draw(&mut planes, 5, Time::ZERO);
        Encoder::new().unwrap().planes(&planes, quality).unwrap()
    }

    fn number_in(jpeg: &[u8]) -> Option<u32> {
        let rgb = Decoder::new(Limits::default()).unwrap().rgb(jpeg).unwrap();
        pattern::read_code(&rgb.pixels, rgb.width, rgb.height)
    }

    #[test]
    fn sizes_are_fitted_with_their_proportions() {
        assert_eq!(fit((1280, 720), (640, 480)), (640, 360));
        assert_eq!(fit((640, 480), (1280, 720)), (640, 480));
        assert_eq!(fit((1920, 1080), (0, 0)), (1920, 1080));
        assert_eq!(fit((1920, 1080), (0, 360)), (640, 360));
        assert_eq!(fit((8000, 10), (100, 100)), (100, 2));
        assert_eq!(fit((8192, 4608), (0, 0)), (4096, 2304), "no more than is sent");
        assert_eq!(fit((8192, 4608), (8192, 8192)), (4096, 2304));
    }

    #[test]
    fn a_jpeg_of_the_right_size_and_quality_is_not_touched() {
        let jpeg = jpeg(55);
        let Finished {
            jpeg: out,
            size,
            passed_through,
        } = finisher(640, 360).finish(Picture::Jpeg(&jpeg), at(50)).unwrap();
        assert_eq!(size, (640, 360));
        assert!(passed_through);
        assert_eq!(out.as_ptr(), jpeg.as_ptr(), "it was copied");
        assert_eq!(out, jpeg);
    }

    #[test]
    fn a_jpeg_of_much_more_quality_becomes_smaller() {
        let jpeg = jpeg(95);
        let Finished { jpeg: out, size, .. } =
            finisher(640, 360).finish(Picture::Jpeg(&jpeg), at(30)).unwrap();
        assert_eq!(size, (640, 360));
        assert!(out.len() < jpeg.len() / 2, "{} of {}", out.len(), jpeg.len());
        assert_eq!(number_in(&out), Some(5));
    }

    #[test]
    fn a_jpeg_that_is_too_large_is_scaled() {
        let Finished { jpeg: out, size, .. } = finisher(320, 320)
            .finish(Picture::Jpeg(&jpeg(50)), at(80))
            .unwrap();
        assert_eq!(size, (320, 180));
        assert_eq!(number_in(&out), Some(5));
    }

    #[test]
    fn padding_behind_a_jpeg_is_cut_off() {
        let jpeg = jpeg(50);
        let mut padded = jpeg.to_vec();
        padded.resize(100_000, 0);
        let Finished { jpeg: out, .. } = finisher(640, 360)
            .finish(Picture::Jpeg(&padded.into()), at(50))
            .unwrap();
        assert_eq!(out, jpeg);
    }

    #[test]
    fn half_a_jpeg_is_an_error() {
        let jpeg = jpeg(50);
        let half = jpeg.slice(..jpeg.len() / 2);
        let error = finisher(640, 360)
            .finish(Picture::Jpeg(&half), at(50))
            .unwrap_err();
        assert!(matches!(
            error,
            CaptureError::Encoding {
                error: JpegError::Truncated { .. },
                ..
            }
        ));
    }

    #[test]
    fn planes_are_scaled_and_encoded() {
        let mut planes = Planes::new(640, 360);
        pattern::draw(&mut planes, 9, Time::ZERO);
        let finished = finisher(320, 180)
            .finish(Picture::Planes(&planes), at(50))
            .unwrap();
        assert_eq!((finished.size, number_in(&finished.jpeg)), ((320, 180), Some(9)));
        assert!(!finished.passed_through);
    }

    #[test]
    fn a_target_below_full_size_scales_jpegs_and_planes_alike() {
        let mut planes = Planes::new(640, 360);
        pattern::draw(&mut planes, 5, Time::ZERO);
        let mut finisher = finisher(0, 0);
        for (scale, expected) in [
            (Scale::THREE_QUARTERS, (480, 270)),
            (Scale::HALF, (320, 180)),
            (Scale::new(5, 8), (400, 226)),
            (Scale::FULL, (640, 360)),
        ] {
            let target = CaptureTarget { scale, ..at(60) };
            let from_jpeg = finisher.finish(Picture::Jpeg(&jpeg(90)), target).unwrap();
            let from_planes = finisher.finish(Picture::Planes(&planes), target).unwrap();
            for finished in [from_jpeg, from_planes] {
                assert_eq!((finished.size, number_in(&finished.jpeg)), (expected, Some(5)));
                let info = jpeg::inspect(&finished.jpeg, &Limits::default()).unwrap();
                assert_eq!((info.width, info.height), expected);
            }
        }
    }

    #[test]
    fn a_picture_that_would_only_lose_is_not_encoded_again() {
        // A grey picture of quality 90: at 75 its few coefficients take no fewer bytes.
        let grey = Encoder::new()
            .unwrap()
            .planes(&Planes::new(640, 360), 90)
            .unwrap();
        let finished = finisher(0, 0).finish(Picture::Jpeg(&grey), at(75)).unwrap();
        assert!(finished.passed_through);
        assert_eq!(finished.jpeg, grey);
    }

    /// The shortest of many tries: what the work itself takes, whatever else the computer does.
    fn shortest_ms(mut work: impl FnMut()) -> f64 {
        let once = |work: &mut dyn FnMut()| {
            let began = std::time::Instant::now();
            work();
            began.elapsed().as_secs_f64() * 1e3
        };
        (0..60).map(|_| once(&mut work)).fold(f64::MAX, f64::min)
    }

    #[test]
    fn pictures_of_720p_are_made_faster_than_60_a_second() {
        let spec = CaptureSpec {
            width: 0,
            height: 0,
            ..CaptureSpec::default()
        };
        let shape = Shape {
            name: String::new(),
            width: 1280,
            height: 720,
            rate: 60.0,
            tempo: Tempo::Source,
        };
        let mut finisher = Finisher::new(&spec, &shape).unwrap();
        let mut planes = Planes::new(1280, 720);
        let mut number = 0;
        let drawn = shortest_ms(|| {
            number += 1;
            pattern::draw(&mut planes, number, Time::from_micros(u64::from(number)));
            finisher.finish(Picture::Planes(&planes), at(50)).unwrap();
        });
        let yuyv: Vec<u8> = (0..1280 * 720 * 2)
            .map(|at: u32| (at.wrapping_mul(2_654_435_761) >> 27) as u8 + 100)
            .collect();
        let captured = shortest_ms(|| {
            assert!(planes.fill_from_yuyv(&yuyv, 2560, crate::planes::Range::Limited));
            finisher.finish(Picture::Planes(&planes), at(80)).unwrap();
        });
        println!("pattern {drawn:.2} ms, camera {captured:.2} ms");
        assert!(
            drawn < 16.0 && captured < 16.0,
            "pattern {drawn:.2} ms, camera {captured:.2} ms"
        );
    }
}
