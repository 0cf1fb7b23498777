//! JPEGs made whole: cut out of what stands around them, and given what cameras and files leave out.

use std::borrow::Cow;
use std::sync::OnceLock;

use bytes::Bytes;

use super::codec::{Decoder, Encoder};
use super::error::JpegError;
use super::limits::Limits;
use super::markers::{End, JpegInfo, from_first_jpeg, survey};
use crate::planes::Planes;

const END_MARKER: [u8; 2] = [0xFF, 0xD9];

/// A JPEG's data may end with zeros: the one behind 0xFF (T.81, B.1.1.5), or samples whose codes are nothing else. More are not
/// looked for.
const MAX_OWN_ZEROS: usize = 4;

/// The first JPEG in `bytes`, so that any browser shows it: cut out of what stands before and behind it, and with the Huffman
/// tables and the end marker (ITU-T T.81, B.2.1) that cameras and files leave out. Nothing is copied when nothing is missing.
///
/// # Errors
/// As [`inspect`](super::inspect); [`JpegError::Unsupported`] for more scans than a JPEG needs; and [`JpegError::Truncated`]
/// when more of the JPEG is missing than its end marker.
pub fn whole_jpeg<'a>(bytes: &'a [u8], limits: &Limits) -> Result<(Cow<'a, [u8]>, JpegInfo), JpegError> {
    let bytes = from_first_jpeg(bytes);
    let (info, end) = survey(bytes, limits)?;
    let cut = |end| bytes.get(..end).ok_or(JpegError::Truncated { at: bytes.len() });
    match end {
        End::Marked(end) if info.has_huffman_tables => Ok((Cow::Borrowed(cut(end)?), info)),
        End::Marked(end) => put_together(cut(end)?, &[], info),
        End::Missing(end) => {
            let open = cut(end)?;
            // The first half of the marker may be there, and behind it what fills a buffer, of which some may be the JPEG's.
            let bare = trimmed(open, 0xFF);
            let before_zeros = trimmed(open, 0);
            let filled = trimmed(before_zeros, 0xFF);
            let with_zeros =
                (1..=MAX_OWN_ZEROS).filter_map(|zeros| open.get(..before_zeros.len().saturating_add(zeros)));
            [bare, filled]
                .into_iter()
                .chain(with_zeros)
                .filter_map(|jpeg| put_together(jpeg, &END_MARKER, info).ok())
                .find(|(jpeg, _)| is_drawn_to_its_end(jpeg, limits))
                .ok_or(JpegError::Truncated { at: end })
        }
    }
}

/// A JPEG that came from the network as a whole one, when it is no larger than the `announced` width and height and within
/// [`Limits::default`]: what is not, goes to no browser, no decoder and no disk.
///
/// # Errors
/// As [`whole_jpeg`].
pub fn received(jpeg: &Bytes, announced: (u16, u16)) -> Result<(Bytes, JpegInfo), JpegError> {
    let (whole, info) = whole_jpeg(jpeg, &Limits::announced(announced))?;
    let whole = match whole {
        Cow::Borrowed(bytes) => jpeg.slice_ref(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    Ok((whole, info))
}

/// Two JPEGs of one size, and their width and height.
pub(crate) type Pair<'a> = ([Cow<'a, [u8]>; 2], (u16, u16));

/// Both JPEGs in `bytes`, when it begins with two of one size.
pub(crate) fn two_jpegs<'a>(bytes: &'a [u8], limits: &Limits) -> Option<Pair<'a>> {
    let bytes = from_first_jpeg(bytes);
    let (_, End::Marked(end) | End::Missing(end)) = survey(bytes, limits).ok()?;
    let (first, second) = bytes.split_at_checked(end)?;
    let (first, info) = whole_jpeg(first, limits).ok()?;
    let (second, other) = whole_jpeg(second, limits).ok()?;
    let size = (info.width, info.height);
    (size == (other.width, other.height)).then_some(([first, second], size))
}

fn trimmed(bytes: &[u8], last: u8) -> &[u8] {
    let len = bytes.iter().rposition(|byte| *byte != last);
    len.and_then(|last| bytes.get(..=last)).unwrap_or_default()
}

/// `jpeg`, with Huffman tables if it has none, and with `end` behind it.
fn put_together(
    jpeg: &[u8],
    end: &[u8],
    mut info: JpegInfo,
) -> Result<(Cow<'static, [u8]>, JpegInfo), JpegError> {
    let tables = if info.has_huffman_tables {
        &[]
    } else {
        example_huffman_tables()
    };
    let (headers, scans) = jpeg
        .split_at_checked(info.scan_at)
        .ok_or(JpegError::Truncated { at: jpeg.len() })?;
    let whole = [headers, tables, scans, end].concat();
    info.scan_at = info.scan_at.saturating_add(tables.len());
    info.has_huffman_tables = true;
    Ok((Cow::Owned(whole), info))
}

/// Whether the codec finds data for every part of the picture. It complains of the first that it has to make up.
fn is_drawn_to_its_end(jpeg: &[u8], limits: &Limits) -> bool {
    Decoder::new(*limits).is_ok_and(|mut decoder| decoder.rgb_within(jpeg, 1, 1).is_ok())
}

/// The segments with T.81's example tables (K.3 to K.6), as the encoder writes them when it is not asked to find better ones.
fn example_huffman_tables() -> &'static [u8] {
    static TABLES: OnceLock<Vec<u8>> = OnceLock::new();
    TABLES.get_or_init(|| {
        let jpeg = Encoder::new().and_then(|mut encoder| encoder.planes(&Planes::new(16, 16), 50));
        let jpeg = jpeg.expect("the codec encodes a black square");
        let mut tables = Vec::new();
        let mut rest = jpeg.get(2..).unwrap_or_default();
        while let Some(&[0xFF, marker, high, low]) = rest.first_chunk() {
            let length = usize::from(u16::from_be_bytes([high, low])).saturating_add(2);
            let Some((segment, behind)) = rest.split_at_checked(length) else {
                break;
            };
            match marker {
                0xC4 => tables.extend_from_slice(segment),
                0xDA => break,
                _ => {}
            }
            rest = behind;
        }
        tables
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern;
    use netcore_proto::Time;

    const SIZE: (u16, u16) = (160, 90);

    fn sample() -> Vec<u8> {
        let mut planes = Planes::new(SIZE.0, SIZE.1);
        pattern::draw(&mut planes, 5, Time::ZERO);
        Encoder::new().unwrap().planes(&planes, 80).unwrap().to_vec()
    }

    fn whole(bytes: &[u8]) -> Result<Vec<u8>, JpegError> {
        whole_jpeg(bytes, &Limits::default()).map(|(whole, _)| whole.into_owned())
    }

    #[test]
    fn a_jpeg_without_its_end_marker_gets_one() {
        let jpeg = sample();
        let open = &jpeg[..jpeg.len() - 2];
        assert_eq!(whole(open).unwrap(), jpeg);
        assert_eq!(whole(&jpeg[..jpeg.len() - 1]).unwrap(), jpeg, "half the marker");
        assert_eq!(
            whole(&[open, &[0; 700]].concat()).unwrap(),
            jpeg,
            "a filled buffer"
        );
        assert_eq!(whole(&[open, &jpeg].concat()).unwrap(), jpeg, "the next JPEG");
    }

    #[test]
    fn what_fills_a_buffer_is_distinguished_from_a_jpegs_own_zeros() {
        let mut encoder = Encoder::new().unwrap();
        let mut planes = Planes::new(64, 32);
        let mut own_zeros = 0;
        for number in 0..400 {
            pattern::draw(&mut planes, number, Time::ZERO);
            let marked = encoder.planes(&planes, 75).unwrap();
            let open = marked.strip_suffix(&END_MARKER).unwrap();
            own_zeros += u32::from(open.ends_with(&[0]));
            for behind in [&[0; 600][..], &[0xFF; 600], &[0xFF], b""] {
                let found = whole(&[open, behind].concat()).unwrap();
                assert!(
                    found == marked,
                    "number {number} with {} bytes behind it",
                    behind.len()
                );
            }
        }
        assert!(own_zeros > 0, "none of the JPEGs ends with a zero");
    }

    #[test]
    fn a_jpeg_with_less_than_all_its_data_is_cut_short() {
        let jpeg = sample();
        for missing in [3, 4, 5, 10, 100, jpeg.len() / 2] {
            let error = whole(&jpeg[..jpeg.len() - missing]).unwrap_err();
            assert!(
                matches!(error, JpegError::Truncated { .. }),
                "{missing} bytes less: {error}"
            );
        }
    }

    #[test]
    fn a_cameras_missing_huffman_tables_are_put_back() {
        let jpeg = sample();
        let tables = example_huffman_tables();
        let at = jpeg
            .windows(tables.len())
            .position(|window| window == tables)
            .unwrap();
        let mut bare = jpeg.clone();
        bare.drain(at..at + tables.len());
        bare.extend_from_slice(&[0; 64]);
        let (whole, info) = whole_jpeg(&bare, &Limits::default()).unwrap();
        assert!(info.has_huffman_tables);
        assert_eq!(super::super::inspect(&whole, &Limits::default()).unwrap(), info);
        let rgb = |jpeg: &[u8]| Decoder::new(Limits::default()).unwrap().rgb(jpeg);
        assert_eq!(rgb(&whole).unwrap(), rgb(&jpeg).unwrap());
    }

    #[test]
    fn bytes_before_a_jpeg_are_passed_over() {
        let jpeg = sample();
        for before in [&b"\0\0"[..], b"\xFF\xD8", b"\xFF", b"AVI1\0\0\0\xFF\xD8\0"] {
            let bytes = [before, &jpeg].concat();
            assert_eq!(whole(&bytes).unwrap(), jpeg, "{before:?}");
            assert!(matches!(
                whole_jpeg(&bytes, &Limits::default()),
                Ok((Cow::Borrowed(_), _))
            ));
        }
        assert_eq!(whole(b"no JPEG"), Err(JpegError::NotJpeg));
    }

    #[test]
    fn a_received_jpeg_is_no_larger_than_announced() {
        let jpeg = Bytes::from(sample());
        let (same, info) = received(&jpeg, SIZE).unwrap();
        assert_eq!((same.as_ptr(), info.width, info.height), (jpeg.as_ptr(), 160, 90));
        for announced in [(159, 90), (160, 89), (0, 0)] {
            assert!(matches!(
                received(&jpeg, announced),
                Err(JpegError::TooLarge { .. })
            ));
        }
    }

    #[test]
    fn what_cannot_be_shown_is_not_received() {
        let good = sample();
        let scan_at = received(&good.clone().into(), SIZE).unwrap().1.scan_at;
        let half = good[..good.len() / 2].to_vec();
        let headers = good[..scan_at].to_vec();
        let mut other_kind = good.clone();
        let frame = good.windows(2).position(|two| two == [0xFF, 0xC0]).unwrap();
        // Arithmetic coding, which no browser draws.
        other_kind[frame + 1] = 0xC9;
        let mut larger = good.clone();
        larger[frame + 5..frame + 9].copy_from_slice(&[0xFF; 4]);
        let mut empty = good.clone();
        empty[frame + 5..frame + 9].fill(0);
        for (what, bad) in [
            ("half a JPEG", half),
            ("headers alone", headers),
            ("another kind of JPEG", other_kind),
            ("a JPEG larger than announced", larger),
            ("a picture without pixels", empty),
            ("a page", b"<html><body></body></html>".to_vec()),
            ("nothing", Vec::new()),
        ] {
            assert!(received(&bad.into(), SIZE).is_err(), "{what}");
        }
    }
}
