//! The markers and segments of a JPEG (ITU-T T.81, annex B), as far as they can be read without decoding.

use super::error::JpegError;
use super::limits::{Limits, MAX_SCANS};

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const DQT: u8 = 0xDB;
const DNL: u8 = 0xDC;
const DHT: u8 = 0xC4;
const RST_FIRST: u8 = 0xD0;
const RST_LAST: u8 = 0xD7;

/// Sum of the example luminance table (T.81, K.1), to which quality settings are relative.
const EXAMPLE_LUMA_SUM: f32 = 3_688.0;

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
    let mut reading = Reading::new(bytes, limits)?;
    reading
        .next_scan()?
        .ok_or(JpegError::Truncated { at: bytes.len() })
}

/// Where a JPEG's bytes end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Behind its end marker.
    Marked(usize),
    /// Here, where there is no end marker: the bytes end, or another JPEG begins.
    Missing(usize),
}

/// As [`inspect`], and on through every scan to the end of the JPEG that `bytes` begin with.
///
/// Drivers and files hand out buffers with more behind the JPEG. The first end marker by itself is not its end, since a
/// thumbnail inside a segment has one as well; nor is the last, which may be left over from a larger JPEG.
///
/// # Errors
/// As [`inspect`], and [`JpegError::Unsupported`] for more than [`MAX_SCANS`] scans.
pub(super) fn survey(bytes: &[u8], limits: &Limits) -> Result<(JpegInfo, End), JpegError> {
    let mut reading = Reading::new(bytes, limits)?;
    let mut first = None;
    let mut scans = 0u32;
    while let Some(info) = reading.next_scan()? {
        first.get_or_insert(info);
        scans = scans.saturating_add(1);
        if scans > MAX_SCANS {
            return Err(JpegError::Unsupported {
                what: "more scans than a JPEG needs",
            });
        }
        let segments = &mut reading.segments;
        segments.skip_entropy_coded_data();
        if segments.is_over_without_marker() {
            return Ok((info_of(first, bytes)?, End::Missing(segments.at)));
        }
    }
    Ok((info_of(first, bytes)?, End::Marked(reading.segments.at)))
}

fn info_of(first: Option<JpegInfo>, bytes: &[u8]) -> Result<JpegInfo, JpegError> {
    first.ok_or(JpegError::Truncated { at: bytes.len() })
}

/// `bytes` from the first JPEG's first byte on: what stands before it is passed over. All of `bytes` when there is none.
pub(super) fn from_first_jpeg(bytes: &[u8]) -> &[u8] {
    let begins = |four: &[u8]| matches!(four, [0xFF, SOI, 0xFF, 0xC0..=0xFF]) && !four.ends_with(&[SOI]);
    let at = bytes.windows(4).position(begins);
    at.and_then(|at| bytes.get(at..)).unwrap_or(bytes)
}

/// What `of` makes of the first segment before the JPEG of which it makes something, given its marker and its body.
pub(super) fn first_segment<T>(bytes: &[u8], of: impl Fn(u8, &[u8]) -> Option<T>) -> Option<T> {
    let mut segments = Segments::new(bytes).ok()?;
    while let Ok(Some(segment)) = segments.next()
        && segment.marker != SOS
    {
        let made = of(segment.marker, segment.body);
        if made.is_some() {
            return made;
        }
    }
    None
}

/// The headers, gathered scan by scan.
struct Reading<'a> {
    segments: Segments<'a>,
    limits: &'a Limits,
    frame: Option<Frame>,
    quality: Option<u8>,
    has_huffman_tables: bool,
}

impl<'a> Reading<'a> {
    fn new(bytes: &'a [u8], limits: &'a Limits) -> Result<Reading<'a>, JpegError> {
        if bytes.len() > limits.max_bytes {
            return Err(JpegError::TooLong {
                bytes: bytes.len(),
                limit: limits.max_bytes,
            });
        }
        Ok(Reading {
            segments: Segments::new(bytes)?,
            limits,
            frame: None,
            quality: None,
            has_huffman_tables: false,
        })
    }

    /// What the headers say up to the next scan, whose coded data is next; `None` at the end marker.
    fn next_scan(&mut self) -> Result<Option<JpegInfo>, JpegError> {
        while let Some(segment) = self.segments.next()? {
            match segment.marker {
                DHT => self.has_huffman_tables = true,
                DQT => self.quality = self.quality.or(quality_of(segment.body)),
                // One picture has one size: what a decoder makes of two is its own affair.
                marker if is_frame(marker) && self.frame.is_some() => {
                    return Err(JpegError::Damaged { at: segment.at });
                }
                marker if is_frame(marker) => self.frame = Some(read_frame(segment, self.limits)?),
                DNL => {
                    return Err(JpegError::Unsupported {
                        what: "a height that follows the JPEG",
                    });
                }
                SOS => {
                    let frame = self.frame.ok_or(JpegError::Damaged { at: segment.at })?;
                    return Ok(Some(JpegInfo {
                        width: frame.width,
                        height: frame.height,
                        components: frame.components,
                        progressive: frame.progressive,
                        quality: self.quality,
                        has_huffman_tables: self.has_huffman_tables,
                        scan_at: segment.at,
                    }));
                }
                _ => {}
            }
        }
        Ok(None)
    }
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

    /// What has not been walked over.
    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn next(&mut self) -> Result<Option<Segment<'a>>, JpegError> {
        if self.ended {
            return Ok(None);
        }
        let at = self.at;
        // Any number of FF may stand before a marker.
        let fill = self.rest().iter().take_while(|byte| **byte == 0xFF).count();
        let marker_at = at.saturating_add(fill);
        let Some(&marker) = self.bytes.get(marker_at) else {
            return Err(JpegError::Truncated { at: marker_at });
        };
        if fill == 0 {
            return Err(JpegError::Damaged { at });
        }
        let end = marker_at.saturating_add(1);
        self.at = end;
        match marker {
            EOI => {
                self.ended = true;
                return Ok(None);
            }
            0x01 | RST_FIRST..=RST_LAST => {
                return Ok(Some(Segment {
                    marker,
                    at,
                    body: &[],
                }));
            }
            0x00 | SOI => return Err(JpegError::Damaged { at }),
            _ => {}
        }
        let Some(([high, low], rest)) = self.rest().split_first_chunk() else {
            return Err(JpegError::Truncated { at: end });
        };
        let Some(length) = usize::from(u16::from_be_bytes([*high, *low])).checked_sub(2) else {
            return Err(JpegError::Damaged { at: end });
        };
        let body = rest
            .get(..length)
            .ok_or(JpegError::Truncated { at: self.bytes.len() })?;
        self.at = end.saturating_add(2).saturating_add(length);
        Ok(Some(Segment { marker, at, body }))
    }

    /// Goes on to the marker after a scan: within it FF 00 is data and FF D0 to FF D7 only let a decoder start anew.
    fn skip_entropy_coded_data(&mut self) {
        while let Some(found) = self.rest().iter().position(|byte| *byte == 0xFF) {
            self.at = self.at.saturating_add(found);
            match self.rest() {
                [_, 0x00 | RST_FIRST..=RST_LAST, ..] => self.at = self.at.saturating_add(2),
                [_, 0xFF, ..] => self.at = self.at.saturating_add(1),
                [_, _, ..] => return,
                _ => break,
            }
        }
        self.at = self.bytes.len();
    }

    /// After a scan: whether no end marker follows, since there is nothing more, or the next JPEG begins.
    fn is_over_without_marker(&self) -> bool {
        matches!(self.rest(), [] | [0xFF, SOI, ..])
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
    if segment.body.len() != if components == 1 { 9 } else { 15 } {
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
    let sum: f32 = match kind >> 4 {
        0 => values.get(..64)?.iter().map(|value| f32::from(*value)).sum(),
        _ => {
            let values = values.get(..128)?.as_chunks().0;
            values.iter().map(|two| f32::from(u16::from_be_bytes(*two))).sum()
        }
    };
    let percent = (sum * 100.0 / EXAMPLE_LUMA_SUM).round();
    let quality = if percent <= 100.0 {
        (200.0 - percent) / 2.0
    } else {
        5_000.0 / percent
    };
    // A number from 1 to 100 fits.
    Some(quality.clamp(1.0, 100.0) as u8)
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
    fn headers_say_the_size_and_about_the_quality() {
        // Below about 20 the tables are cut off at 255 and say less.
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
    fn a_jpeg_of_60000_by_60000_is_refused() {
        let error = inspect(&claiming(sample(50), 60_000, 60_000), &Limits::default()).unwrap_err();
        assert_eq!(
            error,
            JpegError::TooLarge {
                width: 60_000,
                height: 60_000,
                max_width: 4096,
                max_height: 4096
            }
        );
        let fits = |side, limits: Limits| inspect(&claiming(sample(50), 4096, side), &limits).is_ok();
        assert!(fits(4096, Limits::default()) && !fits(4097, Limits::default()));
        assert!(fits(8192, Limits::SOURCE) && !fits(8193, Limits::SOURCE));
        assert!(fits(4096, Limits::announced((8192, 8192))) && !fits(4097, Limits::announced((8192, 8192))));
        assert!(fits(48, Limits::announced((4096, 48))) && !fits(49, Limits::announced((4096, 48))));
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
            assert!(survey(&jpeg[..cut], &Limits::default()).is_err());
        }
        for at in 0..jpeg.len() {
            let mut flipped = jpeg.clone();
            flipped[at] ^= 0xFF;
            if let Ok(info) = inspect(&flipped, &Limits::default()) {
                assert!(info.width <= 4096 && info.height <= 4096);
            }
            if let Ok((_, End::Marked(end) | End::Missing(end))) = survey(&flipped, &Limits::default()) {
                assert!(end <= flipped.len());
            }
        }
    }

    fn end_of(bytes: &[u8]) -> End {
        survey(bytes, &Limits::default()).unwrap().1
    }

    #[test]
    fn the_end_is_found_behind_thumbnails_and_before_leftovers() {
        let jpeg = sample(80);
        assert_eq!(end_of(&jpeg), End::Marked(jpeg.len()));
        let mut padded = jpeg.clone();
        padded.extend_from_slice(&[0; 500]);
        padded.extend_from_slice(&sample(20)[100..]);
        assert_eq!(end_of(&padded), End::Marked(jpeg.len()));

        let mut with_thumbnail = vec![0xFF, SOI, 0xFF, 0xE1, 0, 8, 0xFF, SOI, 0xFF, EOI, 0, 0];
        with_thumbnail.extend_from_slice(&jpeg[2..]);
        assert_eq!(end_of(&with_thumbnail), End::Marked(with_thumbnail.len()));
    }

    #[test]
    fn a_missing_end_is_where_the_bytes_end_or_the_next_jpeg_begins() {
        let jpeg = sample(80);
        let open = &jpeg[..jpeg.len() - 2];
        assert_eq!(end_of(open), End::Missing(open.len()));
        assert_eq!(end_of(&jpeg[..jpeg.len() - 1]), End::Missing(jpeg.len() - 1));
        assert_eq!(end_of(&[open, &jpeg].concat()), End::Missing(open.len()));
    }

    #[test]
    fn scans_without_end_and_a_second_size_are_refused() {
        let jpeg = sample(80);
        let scan = inspect(&jpeg, &Limits::default()).unwrap().scan_at;
        let (headers, scan) = (&jpeg[..scan], &jpeg[scan..jpeg.len() - 2]);
        let of_scans = |count: usize| [headers, &scan.repeat(count), &[0xFF, EOI]].concat();
        assert!(survey(&of_scans(20), &Limits::default()).is_ok());
        assert_eq!(
            survey(&of_scans(21), &Limits::default()).unwrap_err(),
            JpegError::Unsupported {
                what: "more scans than a JPEG needs"
            }
        );

        let sof = jpeg.windows(2).position(|two| two == [0xFF, 0xC0]).unwrap();
        let twice = [&jpeg[..sof], &jpeg[sof..sof + 19], &jpeg[sof..]].concat();
        assert!(matches!(
            survey(&twice, &Limits::default()),
            Err(JpegError::Damaged { .. })
        ));
        let late = [headers, scan, &[0xFF, DNL, 0, 4, 0xFF, 0xFF, 0xFF, EOI]].concat();
        assert!(matches!(
            survey(&late, &Limits::default()),
            Err(JpegError::Unsupported { .. })
        ));
    }
}
