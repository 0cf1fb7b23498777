//! Encoding and decoding, by libjpeg-turbo whose handles serve for many pictures.

use bytes::Bytes;
use turbojpeg::{Compressor, Decompressor, Image, PixelFormat, ScalingFactor, Subsamp, YuvImage};

use super::error::JpegError;
use super::limits::{Limits, MAX_SCANS};
use super::markers::{JpegInfo, inspect};
use crate::pixels::{PixelOrder, Pixels};
use crate::planes::{Plane, Planes, Range};

/// The sizes at which libjpeg-turbo decodes by SIMD. Others, 6/8 among them, take longer than full size and scaling.
const SWIFT_EIGHTHS: [usize; 4] = [1, 2, 4, 8];

/// Turns pictures into baseline JPEG, 4:2:0.
#[derive(Debug)]
pub struct Encoder {
    compressor: Compressor,
    /// Room for the longest JPEG of the size last encoded, so that no frame allocates what the one before had.
    room: Vec<u8>,
}

impl Encoder {
    /// An encoder.
    ///
    /// # Errors
    /// [`JpegError::Codec`] when there is no memory for it.
    pub fn new() -> Result<Encoder, JpegError> {
        Ok(Encoder {
            compressor: Compressor::new()?,
            room: Vec::new(),
        })
    }

    /// Encodes planar YUV at `quality` 1 to 100; anything beyond is taken as the nearest of these.
    ///
    /// # Errors
    /// [`JpegError::Unsupported`] for a picture without pixels, [`JpegError::Codec`] when the codec fails.
    pub fn planes(&mut self, planes: &Planes, quality: u8) -> Result<Bytes, JpegError> {
        let (width, height) = (usize::from(planes.width()), usize::from(planes.height()));
        self.prepare(width, height, quality)?;
        let image = YuvImage {
            pixels: planes.bytes(),
            width,
            align: 1,
            height,
            subsamp: Subsamp::Sub2x2,
        };
        let len = self.compressor.compress_yuv_to_slice(image, &mut self.room)?;
        Ok(self.encoded(len))
    }

    /// Encodes packed RGB (three bytes a pixel, rows without gaps) at `quality` 1 to 100.
    ///
    /// # Errors
    /// [`JpegError::Unsupported`] when `pixels` are not `width` × `height` of them, [`JpegError::Codec`] when the codec fails.
    pub fn rgb(&mut self, pixels: &[u8], width: u16, height: u16, quality: u8) -> Result<Bytes, JpegError> {
        let (width, height) = (usize::from(width), usize::from(height));
        let pitch = width.saturating_mul(3);
        if pixels.len() != pitch.saturating_mul(height) {
            return Err(JpegError::Unsupported {
                what: "pixels that do not fill the picture",
            });
        }
        self.prepare(width, height, quality)?;
        let image = Image {
            pixels,
            width,
            pitch,
            height,
            format: PixelFormat::RGB,
        };
        let len = self.compressor.compress_to_slice(image, &mut self.room)?;
        Ok(self.encoded(len))
    }

    /// Encodes packed pixels at `quality` 1 to 100.
    ///
    /// # Errors
    /// As [`Encoder::planes`].
    pub fn pixels(&mut self, pixels: &Pixels, quality: u8) -> Result<Bytes, JpegError> {
        let (width, height) = (usize::from(pixels.width()), usize::from(pixels.height()));
        self.prepare(width, height, quality)?;
        let image = Image {
            pixels: pixels.bytes(),
            width,
            pitch: width.saturating_mul(4),
            height,
            format: match pixels.order() {
                PixelOrder::Bgrx => PixelFormat::BGRX,
                PixelOrder::Rgbx => PixelFormat::RGBX,
            },
        };
        let len = self.compressor.compress_to_slice(image, &mut self.room)?;
        Ok(self.encoded(len))
    }

    /// The first bytes of the room, which the codec has filled.
    fn encoded(&self, len: usize) -> Bytes {
        Bytes::copy_from_slice(self.room.get(..len).unwrap_or(&self.room))
    }

    fn prepare(&mut self, width: usize, height: usize, quality: u8) -> Result<(), JpegError> {
        if width == 0 || height == 0 {
            return Err(JpegError::Unsupported {
                what: "a picture without pixels",
            });
        }
        self.compressor.set_quality(i32::from(quality.clamp(1, 100)))?;
        self.compressor.set_subsamp(Subsamp::Sub2x2)?;
        let longest = self.compressor.buf_len(width, height)?;
        if self.room.len() != longest {
            self.room = vec![0; longest];
        }
        Ok(())
    }
}

/// A picture in packed RGB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rgb {
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
    /// Three bytes a pixel, rows from the top without gaps.
    pub pixels: Vec<u8>,
}

/// Turns JPEGs into pixels, within limits.
#[derive(Debug)]
pub struct Decoder {
    decompressor: Decompressor,
    limits: Limits,
    /// Planes as the JPEG has them, before they become 4:2:0.
    room: Vec<u8>,
}

impl Decoder {
    /// A decoder that refuses what is beyond `limits`.
    ///
    /// # Errors
    /// [`JpegError::Codec`] when there is no memory for it.
    pub fn new(limits: Limits) -> Result<Decoder, JpegError> {
        Ok(Decoder {
            decompressor: decompressor()?,
            limits,
            room: Vec::new(),
        })
    }

    /// Decodes at full size.
    ///
    /// # Errors
    /// As [`inspect`], and [`JpegError::Codec`] for a picture that is damaged further on.
    pub fn rgb(&mut self, jpeg: &[u8]) -> Result<Rgb, JpegError> {
        self.rgb_within(jpeg, u16::MAX, u16::MAX)
    }

    /// Decodes at the largest of the eighths (8/8, 7/8 … 1/8) of full size that is within `max_width` × `max_height`; at one
    /// eighth when none is. Smaller is faster: the codec leaves out what it does not need.
    ///
    /// # Errors
    /// As [`Decoder::rgb`].
    pub fn rgb_within(&mut self, jpeg: &[u8], max_width: u16, max_height: u16) -> Result<Rgb, JpegError> {
        let info = inspect(jpeg, &self.limits)?;
        let decoded = self.decode_rgb(jpeg, &info, (max_width, max_height));
        self.renew_after_error(decoded)
    }

    /// Decodes into `planes` at the size that they have, without RGB in between.
    ///
    /// # Errors
    /// As [`Decoder::rgb`].
    pub fn planes(&mut self, jpeg: &[u8], planes: &mut Planes) -> Result<(), JpegError> {
        let info = inspect(jpeg, &self.limits)?;
        let decoded = self.decode_planes(jpeg, &info, planes);
        self.renew_after_error(decoded)
    }

    /// After an error libjpeg-turbo's handle still holds the marker and the tables at which it stopped, and fails on the next good
    /// picture too: a new one knows nothing of the bad one.
    fn renew_after_error<T>(&mut self, decoded: Result<T, JpegError>) -> Result<T, JpegError> {
        if decoded.is_err() {
            self.decompressor = decompressor()?;
        }
        decoded
    }

    fn decode_rgb(
        &mut self,
        jpeg: &[u8],
        info: &JpegInfo,
        (max_width, max_height): (u16, u16),
    ) -> Result<Rgb, JpegError> {
        let fits = |eighths: &usize| {
            let factor = ScalingFactor::new(*eighths, 8);
            factor.scale(usize::from(info.width)) <= usize::from(max_width)
                && factor.scale(usize::from(info.height)) <= usize::from(max_height)
        };
        let (width, height) = self.set_scale(info, (1..=8).rev().find(fits).unwrap_or(1))?;
        let pitch = width.saturating_mul(3);
        let mut pixels = vec![0; pitch.saturating_mul(height)];
        let image = Image {
            pixels: &mut pixels[..],
            width,
            pitch,
            height,
            format: PixelFormat::RGB,
        };
        self.decompressor.decompress(jpeg, image)?;
        Ok(Rgb {
            width: width as u16,
            height: height as u16,
            pixels,
        })
    }

    fn decode_planes(&mut self, jpeg: &[u8], info: &JpegInfo, planes: &mut Planes) -> Result<(), JpegError> {
        let enough = |eighths: &usize| {
            let factor = ScalingFactor::new(*eighths, 8);
            factor.scale(usize::from(info.width)) >= usize::from(planes.width())
                && factor.scale(usize::from(info.height)) >= usize::from(planes.height())
        };
        let (width, height) = self.set_scale(info, SWIFT_EIGHTHS.into_iter().find(enough).unwrap_or(8))?;
        let subsamp = self.decompressor.read_header(jpeg)?.subsamp;
        self.room
            .resize(turbojpeg::yuv_pixels_len(width, 1, height, subsamp)?, 0);
        let image = YuvImage {
            pixels: &mut self.room[..],
            width,
            align: 1,
            height,
            subsamp,
        };
        self.decompressor.decompress_to_yuv(jpeg, image)?;
        let (y, chroma) = planes_of(&self.room, width, height, subsamp).ok_or(JpegError::Unsupported {
            what: "an unusual division of colour",
        })?;
        planes.fill_from_planar(y, chroma, Range::Full);
        Ok(())
    }

    fn set_scale(&mut self, info: &JpegInfo, eighths: usize) -> Result<(usize, usize), JpegError> {
        let factor = ScalingFactor::new(eighths, 8);
        self.decompressor.set_scaling_factor(factor)?;
        Ok((
            factor.scale(usize::from(info.width)),
            factor.scale(usize::from(info.height)),
        ))
    }
}

fn decompressor() -> Result<Decompressor, JpegError> {
    let mut decompressor = Decompressor::new()?;
    decompressor.set_scan_limit(MAX_SCANS)?;
    Ok(decompressor)
}

type Chroma<'a> = Option<(Plane<'a>, Plane<'a>)>;

/// The planes within libjpeg-turbo's unaligned layout: luma padded to whole chroma samples, then both chroma planes.
fn planes_of(room: &[u8], width: usize, height: usize, subsamp: Subsamp) -> Option<(Plane<'_>, Chroma<'_>)> {
    let plane = |data, (width, rows), stride| Plane {
        data,
        width,
        rows,
        stride,
    };
    if subsamp == Subsamp::Gray {
        let luma = room.get(..width.checked_mul(height)?)?;
        return Some((plane(luma, (width, height), width), None));
    }
    let (across, down) = subsamp.size();
    let stride = width.next_multiple_of(across);
    let (luma, rest) = room.split_at_checked(stride.checked_mul(height.next_multiple_of(down))?)?;
    let (columns, rows) = (stride.checked_div(across)?, height.div_ceil(down));
    let (u, rest) = rest.split_at_checked(columns.checked_mul(rows)?)?;
    let v = rest.get(..u.len())?;
    let chroma = |data| plane(data, (columns, rows), columns);
    Some((plane(luma, (width, height), stride), Some((chroma(u), chroma(v)))))
}

impl From<turbojpeg::Error> for JpegError {
    fn from(error: turbojpeg::Error) -> JpegError {
        JpegError::Codec {
            detail: error.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Left half red, right half blue.
    fn halves(width: u16, height: u16) -> Vec<u8> {
        let row: Vec<u8> = (0..width)
            .flat_map(|x| if x < width / 2 { [255, 0, 0] } else { [0, 0, 255] })
            .collect();
        row.repeat(usize::from(height))
    }

    fn is_near(rgb: &[u8], expected: [u8; 3]) -> bool {
        rgb.iter().zip(expected).all(|(a, b)| a.abs_diff(b) < 12)
    }

    #[test]
    fn a_picture_comes_back_as_it_was() {
        let jpeg = Encoder::new()
            .unwrap()
            .rgb(&halves(320, 180), 320, 180, 90)
            .unwrap();
        let rgb = Decoder::new(Limits::default()).unwrap().rgb(&jpeg).unwrap();
        assert_eq!((rgb.width, rgb.height), (320, 180));
        assert!(is_near(&rgb.pixels[3 * 10..], [255, 0, 0]));
        assert!(is_near(&rgb.pixels[3 * 310..], [0, 0, 255]));
    }

    #[test]
    fn decoding_smaller_gives_the_largest_size_that_fits() {
        let jpeg = Encoder::new()
            .unwrap()
            .rgb(&halves(640, 360), 640, 360, 80)
            .unwrap();
        let mut decoder = Decoder::new(Limits::default()).unwrap();
        let rgb = decoder.rgb_within(&jpeg, 330, 330).unwrap();
        assert_eq!((rgb.width, rgb.height), (320, 180));
        assert!(is_near(&rgb.pixels[3 * 300..], [0, 0, 255]));
        let rgb = decoder.rgb_within(&jpeg, 1, 1).unwrap();
        assert_eq!((rgb.width, rgb.height), (80, 45));
    }

    #[test]
    fn every_division_of_colour_becomes_planes_at_the_asked_size() {
        let pixels = halves(66, 50);
        for subsamp in [
            Subsamp::None,
            Subsamp::Sub2x1,
            Subsamp::Sub2x2,
            Subsamp::Sub1x2,
            Subsamp::Sub4x1,
            Subsamp::Gray,
        ] {
            let image = Image {
                pixels: &pixels[..],
                width: 66,
                pitch: 198,
                height: 50,
                format: PixelFormat::RGB,
            };
            let jpeg = turbojpeg::compress(image, 95, subsamp).unwrap();
            for (width, height) in [(66, 50), (40, 30), (16, 12)] {
                let mut planes = Planes::new(width, height);
                Decoder::new(Limits::default())
                    .unwrap()
                    .planes(&jpeg, &mut planes)
                    .unwrap();
                let (y, u, v) = planes.at(1, 1).unwrap();
                assert!(y.abs_diff(76) < 6, "{subsamp:?} {width}×{height}: luma {y}");
                if subsamp != Subsamp::Gray {
                    assert!(
                        u.abs_diff(85) < 8 && v.abs_diff(255) < 8,
                        "{subsamp:?} {width}×{height}: {u} {v}"
                    );
                } else {
                    assert_eq!((u, v), (128, 128));
                }
            }
        }
    }

    #[test]
    fn a_higher_quality_is_longer_and_a_quality_beyond_is_the_nearest() {
        let mut planes = Planes::new(320, 180);
        crate::pattern::draw(&mut planes, 7, netcore_proto::Time::ZERO);
        let mut encoder = Encoder::new().unwrap();
        let len = |encoder: &mut Encoder, quality| encoder.planes(&planes, quality).unwrap().len();
        assert!(len(&mut encoder, 20) < len(&mut encoder, 50));
        assert!(len(&mut encoder, 50) < len(&mut encoder, 90));
        assert_eq!(len(&mut encoder, 0), len(&mut encoder, 1));
        assert_eq!(len(&mut encoder, 255), len(&mut encoder, 100));
    }

    #[test]
    fn damage_is_an_error_and_the_decoder_goes_on() {
        let jpeg = Encoder::new()
            .unwrap()
            .rgb(&halves(160, 120), 160, 120, 90)
            .unwrap();
        let mut decoder = Decoder::new(Limits::default()).unwrap();
        let mut planes = Planes::new(160, 120);
        for cut in [0, 2, 100, jpeg.len() / 2] {
            assert!(decoder.rgb(&jpeg[..cut]).is_err(), "cut at {cut}");
            assert!(decoder.planes(&jpeg[..cut], &mut planes).is_err(), "cut at {cut}");
        }
        for at in 0..jpeg.len() {
            let mut flipped = jpeg.to_vec();
            flipped[at] ^= 0x55;
            // Whether a flip can be noticed is the codec's business; that it does no harm is ours.
            let _ = decoder.rgb_within(&flipped, 40, 40);
        }
        decoder.rgb(&jpeg).unwrap();
    }

    #[test]
    fn nothing_is_encoded_from_nothing() {
        let mut encoder = Encoder::new().unwrap();
        assert!(encoder.planes(&Planes::new(0, 10), 50).is_err());
        assert!(encoder.rgb(&[], 0, 0, 50).is_err());
        assert!(encoder.rgb(&[1, 2, 3], 2, 1, 50).is_err());
    }
}
