//! The markers and segments of a JPEG (ITU-T T.81, annex B), as far as they can be read without decoding.

use super::{JpegError, Limits};

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const DQT: u8 = 0xDB;
const DHT: u8 = 0xC4;

/// Sum of the example luminance table (T.81, K.1), to which quality settings are relative.
const EXAMPLE_LUMA_SUM: u32 = 3_688;

/// What a JPEG's headers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JpegInfo {
    /// Width in pixels, never 0.
    pub width: u16,
    /// Height in pixels, never 0.
    pub height: u16,
    /// 1 for grey, 3 for colour.
    pub components: u8,
    /// Sent coarse first and then finer.
    pub progressive: bool,
    /// The quality (1 to 100) that a usual encoder would have been set to for these quantization tables; a judgement, not a
    /// fact, since nothing in a JPEG says it.
    pub quality: Option<u8>,
    /// It brings its Huffman tables. Cameras may leave them out and mean the example tables of T.81.
    pub has_huffman_tables: bool,
    /// Where the first scan's header begins: the place to put tables that are missing.
    pub scan_at: usize,
}

/// Reads the headers of a JPEG, up to the first scan, and refuses what is none or is beyond `limits`.
///
/// # Errors
/// Whatever is wrong first; nothing of the picture itself was looked at.
pub fn inspect(bytes: &[u8], limits: &Limits) -> Result<JpegInfo, JpegError> {
    if bytes.len() > limits.max_bytes {
        return Err(JpegError::TooLong {
            bytes: bytes.len(),
            limit: limits.max_bytes,
        });
    }
    let mut segments = Segments::new(bytes)?;
    let mut frame: Option<Frame> = None;
    let mut quality = None;
    let mut has_huffman_tables = false;
    while let Some(segment) = segments.next()? {
        match segment.marker {
            DHT => has_huffman_tables = true,
            DQT => quality = quality.or(quality_of(segment.body)),
            marker if is_frame(marker) => frame = Some(read_frame(segment, limits)?),
            SOS => {
                let frame = frame.ok_or(JpegError::Damaged { at: segment.at })?;
                return Ok(JpegInfo {
                    width: frame.width,
                    height: frame.height,
                    components: frame.components,
                    progressive: frame.progressive,
                    quality,
                    has_huffman_tables,
                    scan_at: segment.at,
                });
            }
            _ => {}
        }
    }
    Err(JpegError::Truncated { at: bytes.len() })
}

/// The length of the picture that `bytes` begin with, its end marker included; `None` when it is not whole.
///
/// Drivers and files hand out buffers with more behind the picture. The first end marker by itself is not its end, since a
/// thumbnail inside a segment has one as well; nor is the last, which may be left over from a larger picture.
pub(crate) fn end_of_picture(bytes: &[u8]) -> Option<usize> {
    let mut segments = Segments::new(bytes).ok()?;
    while let Some(segment) = segments.next().ok()? {
        if segment.marker == SOS {
            segments.skip_entropy_coded_data();
        }
    }
    segments.ended.then_some(segments.at)
}

#[derive(Clone, Copy)]
struct Segment<'a> {
    marker: u8,
    /// Where its marker begins.
    at: usize,
    body: &'a [u8],
}

/// Walks the segments; ends at the end marker, or with an error where the bytes do.
struct Segments<'a> {
    bytes: &'a [u8],
    at: usize,
    ended: bool,
}

impl<'a> Segments<'a> {
    fn new(bytes: &'a [u8]) -> Result<Segments<'a>, JpegError> {
        match bytes {
            [0xFF, SOI, ..] => Ok(Segments {
                bytes,
                at: 2,
                ended: false,
            }),
            [] | [0xFF] => Err(JpegError::Truncated { at: bytes.len() }),
            _ => Err(JpegError::NotJpeg),
        }
    }

    fn next(&mut self) -> Result<Option<Segment<'a>>, JpegError> {
        if self.ended {
            return Ok(None);
        }
        let at = self.at;
        let mut end = at;
        // Any number of FF may stand before a marker.
        loop {
            match self.bytes.get(end) {
                Some(0xFF) => end += 1,
                Some(_) if end > at => break,
                Some(_) => return Err(JpegError::Damaged { at }),
                None => return Err(JpegError::Truncated { at: end }),
            }
        }
        let marker = self.bytes[end];
        end += 1;
        match marker {
            EOI => {
                (self.at, self.ended) = (end, true);
                return Ok(None);
            }
            0x01 | 0xD0..=0xD7 => {
                self.at = end;
                return Ok(Some(Segment {
                    marker,
                    at,
                    body: &[],
                }));
            }
            0x00 | SOI => return Err(JpegError::Damaged { at }),
            _ => {}
        }
        let Some(&[high, low]) = self.bytes.get(end..end + 2) else {
            return Err(JpegError::Truncated { at: end });
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length < 2 {
            return Err(JpegError::Damaged { at: end });
        }
        let body = self
            .bytes
            .get(end + 2..end + length)
            .ok_or(JpegError::Truncated { at: self.bytes.len() })?;
        self.at = end + length;
        Ok(Some(Segment { marker, at, body }))
    }

    /// Goes on to the marker after a scan: within it FF 00 is data and FF D0 to FF D7 only let a decoder start anew.
    fn skip_entropy_coded_data(&mut self) {
        while let Some(found) = self.bytes[self.at..].iter().position(|byte| *byte == 0xFF) {
            self.at += found;
            match self.bytes.get(self.at + 1) {
                Some(0x00 | 0xD0..=0xD7) => self.at += 2,
                Some(0xFF) => self.at += 1,
                Some(_) => return,
                None => break,
            }
        }
        self.at = self.bytes.len();
    }
}

#[derive(Clone, Copy)]
struct Frame {
    width: u16,
    height: u16,
    components: u8,
    progressive: bool,
}

fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xC0..=0xCF) && !matches!(marker, DHT | 0xC8 | 0xCC)
}

fn read_frame(segment: Segment<'_>, limits: &Limits) -> Result<Frame, JpegError> {
    let what = match segment.marker {
        0xC0..=0xC2 => None,
        0xC3 | 0xC7 | 0xCB | 0xCF => Some("lossless"),
        0xC5 | 0xC6 => Some("hierarchical"),
        _ => Some("arithmetic coding"),
    };
    if let Some(what) = what {
        return Err(JpegError::Unsupported { what });
    }
    let &[precision, h1, h2, w1, w2, components, ..] = segment.body else {
        return Err(JpegError::Damaged { at: segment.at });
    };
    if precision != 8 {
        return Err(JpegError::Unsupported {
            what: "other than 8 bits a sample",
        });
    }
    if components != 1 && components != 3 {
        return Err(JpegError::Unsupported {
            what: "neither grey nor colour in three parts",
        });
    }
    if segment.body.len() != 6 + 3 * usize::from(components) {
        return Err(JpegError::Damaged { at: segment.at });
    }
    let (width, height) = (u16::from_be_bytes([w1, w2]), u16::from_be_bytes([h1, h2]));
    if width == 0 || height == 0 {
        return Err(JpegError::Unsupported {
            what: "a picture without pixels",
        });
    }
    if width > limits.max_width || height > limits.max_height {
        let Limits {
            max_width,
            max_height,
            ..
        } = *limits;
        return Err(JpegError::TooLarge {
            width,
            height,
            max_width,
            max_height,
        });
    }
    Ok(Frame {
        width,
        height,
        components,
        progressive: segment.marker == 0xC2,
    })
}

/// The quality setting whose scaling of the example table comes closest to the first table here.
fn quality_of(tables: &[u8]) -> Option<u8> {
    let (&kind, values) = tables.split_first()?;
    let sum: u32 = match kind >> 4 {
        0 => values.get(..64)?.iter().map(|value| u32::from(*value)).sum(),
        _ => values
            .get(..128)?
            .chunks_exact(2)
            .map(|two| u32::from(u16::from_be_bytes([two[0], two[1]])))
            .sum(),
    };
    let percent = (sum * 100 + EXAMPLE_LUMA_SUM / 2) / EXAMPLE_LUMA_SUM;
    let quality = if percent <= 100 {
        (200 - percent) / 2
    } else {
        5_000 / percent
    };
    Some(quality.clamp(1, 100) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::Encoder;
    use crate::planes::Planes;

    fn sample(quality: u8) -> Vec<u8> {
        Encoder::new()
            .unwrap()
            .planes(&Planes::new(64, 48), quality)
            .unwrap()
            .to_vec()
    }

    /// `jpeg` with its claimed size replaced.
    fn claiming(mut jpeg: Vec<u8>, width: u16, height: u16) -> Vec<u8> {
        let sof = jpeg.windows(2).position(|two| two == [0xFF, 0xC0]).unwrap();
        jpeg[sof + 5..sof + 7].copy_from_slice(&height.to_be_bytes());
        jpeg[sof + 7..sof + 9].copy_from_slice(&width.to_be_bytes());
        jpeg
    }

    #[test]
    fn headers_tell_size_and_about_the_quality() {
        // Below about 20 the tables are cut off at 255 and tell less.
        for quality in [25, 50, 75, 90] {
            let info = inspect(&sample(quality), &Limits::default()).unwrap();
            assert_eq!(
                (info.width, info.height, info.components, info.progressive),
                (64, 48, 3, false)
            );
            assert!(info.has_huffman_tables);
            let guess = info.quality.unwrap();
            assert!(guess.abs_diff(quality) <= 1, "{quality} was taken for {guess}");
        }
    }

    #[test]
    fn a_picture_of_60000_by_60000_is_refused() {
        let error = inspect(&claiming(sample(50), 60_000, 60_000), &Limits::default()).unwrap_err();
        assert_eq!(
            error,
            JpegError::TooLarge {
                width: 60_000,
                height: 60_000,
                max_width: 8192,
                max_height: 8192
            }
        );
        assert!(inspect(&claiming(sample(50), 8192, 8192), &Limits::default()).is_ok());
        assert!(inspect(&claiming(sample(50), 8192, 8193), &Limits::default()).is_err());
    }

    #[test]
    fn a_picture_without_pixels_is_refused() {
        for (width, height) in [(0, 48), (64, 0), (0, 0)] {
            let error = inspect(&claiming(sample(50), width, height), &Limits::default()).unwrap_err();
            assert_eq!(
                error,
                JpegError::Unsupported {
                    what: "a picture without pixels"
                }
            );
        }
    }

    #[test]
    fn other_bytes_are_no_jpeg() {
        let limits = Limits::default();
        assert_eq!(inspect(b"", &limits), Err(JpegError::Truncated { at: 0 }));
        assert_eq!(inspect(b"\x89PNG\r\n\x1a\n", &limits), Err(JpegError::NotJpeg));
        assert_eq!(
            inspect(&[0xFF, SOI, 0xFF, EOI], &limits),
            Err(JpegError::Truncated { at: 4 })
        );
        assert_eq!(
            inspect(&[0xFF, SOI, 0x12, 0x34], &limits),
            Err(JpegError::Damaged { at: 2 })
        );
        assert_eq!(
            inspect(&[0xFF, SOI, 0xFF, 0xE0, 0, 1], &limits),
            Err(JpegError::Damaged { at: 4 })
        );
        let small = Limits {
            max_bytes: 100,
            ..limits
        };
        assert!(matches!(
            inspect(&sample(50), &small),
            Err(JpegError::TooLong { limit: 100, .. })
        ));
    }

    #[test]
    fn every_cut_through_the_headers_is_an_error_and_every_flip_is_survived() {
        let jpeg = sample(50);
        let scan = inspect(&jpeg, &Limits::default()).unwrap().scan_at;
        for cut in 0..scan {
            assert!(inspect(&jpeg[..cut], &Limits::default()).is_err(), "cut at {cut}");
            assert_eq!(end_of_picture(&jpeg[..cut]), None);
        }
        for at in 0..jpeg.len() {
            let mut flipped = jpeg.clone();
            flipped[at] ^= 0xFF;
            if let Ok(info) = inspect(&flipped, &Limits::default()) {
                assert!(info.width <= 8192 && info.height <= 8192);
            }
            assert!(end_of_picture(&flipped).is_none_or(|end| end <= flipped.len()));
        }
    }

    #[test]
    fn the_end_is_found_behind_thumbnails_and_before_leftovers() {
        let jpeg = sample(80);
        assert_eq!(end_of_picture(&jpeg), Some(jpeg.len()));
        let mut padded = jpeg.clone();
        padded.extend_from_slice(&[0; 500]);
        padded.extend_from_slice(&sample(20)[100..]);
        assert_eq!(end_of_picture(&padded), Some(jpeg.len()));

        let mut with_thumbnail = vec![0xFF, SOI, 0xFF, 0xE1, 0, 8, 0xFF, SOI, 0xFF, EOI, 0, 0];
        with_thumbnail.extend_from_slice(&jpeg[2..]);
        assert_eq!(end_of_picture(&with_thumbnail), Some(with_thumbnail.len()));
        assert_eq!(end_of_picture(&jpeg[..jpeg.len() - 1]), None);
    }
}
