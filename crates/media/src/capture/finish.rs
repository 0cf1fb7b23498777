//! From whatever a source gives to the JPEG that is sent: passed through where possible, else by way of planar YUV, never RGB.

use std::borrow::Cow;

use bytes::Bytes;

use super::CaptureSpec;
use crate::error::CaptureError;
use crate::feed::Shape;
use crate::jpeg::{self, Decoder, Encoder, JpegError, JpegInfo, Limits};
use crate::planes::Planes;

/// A JPEG of this much more quality than asked for is still passed through: encoding it again would cost more than the bytes.
const QUALITY_SLACK: u8 = 10;

pub(super) struct Finisher {
    wanted: (u16, u16),
    size: (u16, u16),
    encoder: Encoder,
    decoder: Decoder,
    scaled: Planes,
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
            decoder: Decoder::new(Limits::default()).map_err(failed)?,
            scaled: Planes::default(),
        })
    }

    /// The size of what comes out, as long as the source stays what it was when it was opened.
    pub(super) fn size(&self) -> (u16, u16) {
        self.size
    }

    /// The JPEG of a picture, with its size: of `jpeg` when the source gives JPEGs, else of `planes`.
    pub(super) fn finish(
        &mut self,
        jpeg: Option<&Bytes>,
        planes: &Planes,
        quality: u8,
    ) -> Result<(Bytes, u16, u16), CaptureError> {
        let own = (planes.width(), planes.height());
        let finished = match jpeg {
            Some(jpeg) => self.finish_jpeg(jpeg, quality),
            None => self.finish_planes(planes, quality),
        };
        finished.map_err(|error| {
            let (width, height) = if jpeg.is_some() { self.size } else { own };
            CaptureError::Encoding { width, height, error }
        })
    }

    fn finish_planes(&mut self, planes: &Planes, quality: u8) -> Result<(Bytes, u16, u16), JpegError> {
        let own = (planes.width(), planes.height());
        let (width, height) = fit(own, self.wanted);
        if own == (width, height) {
            return Ok((self.encoder.planes(planes, quality)?, width, height));
        }
        self.scaled.resize(width, height);
        planes.scale_into(&mut self.scaled);
        Ok((self.encoder.planes(&self.scaled, quality)?, width, height))
    }

    fn finish_jpeg(&mut self, jpeg: &Bytes, quality: u8) -> Result<(Bytes, u16, u16), JpegError> {
        let (whole, info) = jpeg::whole_picture(jpeg, &Limits::default())?;
        let own = (info.width, info.height);
        let (width, height) = fit(own, self.wanted);
        let keep = |whole: &Cow<'_, [u8]>| match whole {
            Cow::Borrowed(bytes) => jpeg.slice_ref(bytes),
            Cow::Owned(bytes) => Bytes::copy_from_slice(bytes),
        };
        if own == (width, height) && is_good_enough(&info, quality) {
            return Ok((keep(&whole), width, height));
        }
        self.scaled.resize(width, height);
        match self.decoder.planes(&whole, &mut self.scaled) {
            Ok(()) => Ok((self.encoder.planes(&self.scaled, quality)?, width, height)),
            // What this codec calls damage a browser may still show well: better a heavier picture than none.
            Err(_) if own == (width, height) => Ok((keep(&whole), width, height)),
            Err(error) => Err(error),
        }
    }
}

fn is_good_enough(info: &JpegInfo, quality: u8) -> bool {
    info.quality
        .is_none_or(|own| own <= quality.saturating_add(QUALITY_SLACK))
}

/// The largest size within `wanted` with the proportions of `own`, even in both directions when it is not `own` itself.
fn fit(own: (u16, u16), wanted: (u16, u16)) -> (u16, u16) {
    let ratio = |own: u16, wanted: u16| match wanted {
        0 => 1.0,
        wanted => (f32::from(wanted) / f32::from(own.max(1))).min(1.0),
    };
    let ratio = ratio(own.0, wanted.0).min(ratio(own.1, wanted.1));
    if ratio >= 1.0 {
        return own;
    }
    let even = |side: u16| ((f32::from(side) * ratio / 2.0).round() as u16 * 2).max(2);
    (even(own.0), even(own.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Tempo;
    use crate::pattern;
    use crate::source::SourceId;
    use netcore_proto::Time;

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
            tempo: Tempo::Live,
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
    }

    #[test]
    fn a_jpeg_of_the_right_size_and_quality_is_not_touched() {
        let jpeg = jpeg(55);
        let (out, width, height) = finisher(640, 360)
            .finish(Some(&jpeg), &Planes::default(), 50)
            .unwrap();
        assert_eq!((width, height), (640, 360));
        assert_eq!(out.as_ptr(), jpeg.as_ptr(), "it was copied");
        assert_eq!(out, jpeg);
    }

    #[test]
    fn a_jpeg_of_much_more_quality_becomes_smaller() {
        let jpeg = jpeg(95);
        let (out, width, height) = finisher(640, 360)
            .finish(Some(&jpeg), &Planes::default(), 30)
            .unwrap();
        assert_eq!((width, height), (640, 360));
        assert!(out.len() < jpeg.len() / 2, "{} of {}", out.len(), jpeg.len());
        assert_eq!(number_in(&out), Some(5));
    }

    #[test]
    fn a_jpeg_that_is_too_large_is_scaled() {
        let (out, width, height) = finisher(320, 320)
            .finish(Some(&jpeg(50)), &Planes::default(), 80)
            .unwrap();
        assert_eq!((width, height), (320, 180));
        assert_eq!(number_in(&out), Some(5));
    }

    #[test]
    fn padding_behind_a_jpeg_is_cut_off() {
        let jpeg = jpeg(50);
        let mut padded = jpeg.to_vec();
        padded.resize(100_000, 0);
        let (out, ..) = finisher(640, 360)
            .finish(Some(&padded.into()), &Planes::default(), 50)
            .unwrap();
        assert_eq!(out, jpeg);
    }

    #[test]
    fn half_a_jpeg_is_an_error() {
        let jpeg = jpeg(50);
        let half = jpeg.slice(..jpeg.len() / 2);
        let error = finisher(640, 360)
            .finish(Some(&half), &Planes::default(), 50)
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
        let (out, width, height) = finisher(320, 180).finish(None, &planes, 50).unwrap();
        assert_eq!((width, height, number_in(&out)), (320, 180, Some(9)));
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
            tempo: Tempo::Live,
        };
        let mut finisher = Finisher::new(&spec, &shape).unwrap();
        let mut planes = Planes::new(1280, 720);
        let mut number = 0;
        let drawn = shortest_ms(|| {
            number += 1;
            pattern::draw(&mut planes, number, Time::from_micros(u64::from(number)));
            finisher.finish(None, &planes, 50).unwrap();
        });
        let yuyv: Vec<u8> = (0..1280 * 720 * 2)
            .map(|at: u32| (at.wrapping_mul(2_654_435_761) >> 27) as u8 + 100)
            .collect();
        let captured = shortest_ms(|| {
            assert!(planes.fill_from_yuyv(&yuyv, 2560, crate::planes::Range::Limited));
            finisher.finish(None, &planes, 80).unwrap();
        });
        println!("pattern {drawn:.2} ms, camera {captured:.2} ms");
        assert!(
            drawn < 16.0 && captured < 16.0,
            "pattern {drawn:.2} ms, camera {captured:.2} ms"
        );
    }
}
