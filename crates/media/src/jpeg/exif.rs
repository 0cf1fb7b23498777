//! Which side of a photo is up: one tag of Exif (CIPA DC-008, 4.6.4), in TIFF's form, in a JPEG's segment APP1.

use super::markers::first_segment;

const APP1: u8 = 0xE1;
const ORIENTATION: u16 = 0x0112;
const SHORT: u16 = 3;

/// Length of an entry in a directory of TIFF: tag, type, count and value.
const ENTRY_BYTES: usize = 12;

/// How a picture is to be turned so that it stands upright.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Orientation {
    /// Rows become columns, the first row the first column. This comes before the rest.
    is_transposed: bool,
    is_mirrored: bool,
    is_upside_down: bool,
}

impl Orientation {
    /// What the Exif of a JPEG says. Upright, when it has none or none that can be understood.
    pub fn of(jpeg: &[u8]) -> Orientation {
        let number = first_segment(jpeg, |marker, body| {
            (marker == APP1)
                .then(|| body.strip_prefix(b"Exif\0\0").and_then(number_in))
                .flatten()
        });
        number.map(Orientation::numbered).unwrap_or_default()
    }

    /// By Exif's number, 1 to 8; upright for any other.
    fn numbered(number: u16) -> Orientation {
        let (is_transposed, is_mirrored, is_upside_down) = match number {
            2 => (false, true, false),
            3 => (false, true, true),
            4 => (false, false, true),
            5 => (true, false, false),
            6 => (true, true, false),
            7 => (true, true, true),
            8 => (true, false, true),
            _ => (false, false, false),
        };
        Orientation {
            is_transposed,
            is_mirrored,
            is_upside_down,
        }
    }

    /// Packed pixels of three bytes, turned; and their new width and height. Pixels that are not `width` × `height` stay as they are.
    pub fn upright(self, pixels: Vec<u8>, width: u16, height: u16) -> (Vec<u8>, u16, u16) {
        let (across, down) = (usize::from(width), usize::from(height));
        let source = pixels.as_chunks::<3>().0;
        if self == Orientation::default() || Some(source.len()) != across.checked_mul(down) {
            return (pixels, width, height);
        }
        let (shown_width, shown_height) = if self.is_transposed {
            (height, width)
        } else {
            (width, height)
        };
        let from_end = |at: u16, side: u16| side.saturating_sub(at).saturating_sub(1);
        let mut turned = Vec::with_capacity(pixels.len());
        for y in 0..shown_height {
            let y = if self.is_upside_down {
                from_end(y, shown_height)
            } else {
                y
            };
            for x in 0..shown_width {
                let x = if self.is_mirrored {
                    from_end(x, shown_width)
                } else {
                    x
                };
                let (column, row) = if self.is_transposed { (y, x) } else { (x, y) };
                let at = usize::from(row)
                    .saturating_mul(across)
                    .saturating_add(column.into());
                turned.extend_from_slice(source.get(at).unwrap_or(&[0; 3]));
            }
        }
        (turned, shown_width, shown_height)
    }
}

/// The tag's value in the first directory of what is in TIFF's form.
fn number_in(tiff: &[u8]) -> Option<u16> {
    let is_little = match tiff.first_chunk()? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let short = |bytes: &[u8], at: usize| {
        let two = *bytes.get(at..)?.first_chunk()?;
        Some(if is_little {
            u16::from_le_bytes(two)
        } else {
            u16::from_be_bytes(two)
        })
    };
    let four = *tiff.get(4..)?.first_chunk()?;
    let directory = if is_little {
        u32::from_le_bytes(four)
    } else {
        u32::from_be_bytes(four)
    };
    let directory = tiff.get(usize::try_from(directory).ok()?..)?;
    let count = usize::from(short(directory, 0)?);
    let entries = directory.get(2..)?.as_chunks::<ENTRY_BYTES>().0;
    let entry = entries
        .iter()
        .take(count)
        .find(|entry| short(*entry, 0) == Some(ORIENTATION))?;
    (short(entry, 2)? == SHORT).then(|| short(entry, 8)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Planes;
    use crate::jpeg::Encoder;

    /// A small JPEG whose Exif has a number for its orientation.
    fn photo(number: u16, is_little: bool) -> Vec<u8> {
        let short = |value: u16| {
            if is_little {
                value.to_le_bytes()
            } else {
                value.to_be_bytes()
            }
        };
        let long = |value: u32| {
            if is_little {
                value.to_le_bytes()
            } else {
                value.to_be_bytes()
            }
        };
        let mut exif = b"Exif\0\0".to_vec();
        exif.extend(if is_little { b"II*\0" } else { b"MM\0*" });
        exif.extend(long(8));
        exif.extend(short(2));
        for (tag, value) in [(0x0100, 640), (ORIENTATION, number)] {
            exif.extend([short(tag), short(SHORT)].concat());
            exif.extend(long(1));
            exif.extend([short(value), short(0)].concat());
        }
        exif.extend(long(0));
        let jpeg = Encoder::new().unwrap().planes(&Planes::new(16, 16), 50).unwrap();
        let mut photo = vec![0xFF, 0xD8, 0xFF, APP1];
        photo.extend((exif.len() as u16 + 2).to_be_bytes());
        photo.extend(exif);
        photo.extend_from_slice(&jpeg[2..]);
        photo
    }

    #[test]
    fn every_orientation_stands_upright() {
        // Two rows of three pixels, a to f, and how each orientation shows them.
        let shown = [
            (1, "abc def"),
            (2, "cba fed"),
            (3, "fed cba"),
            (4, "def abc"),
            (5, "ad be cf"),
            (6, "da eb fc"),
            (7, "fc eb da"),
            (8, "cf be ad"),
        ];
        for (number, expected) in shown {
            for is_little in [true, false] {
                let orientation = Orientation::of(&photo(number, is_little));
                let pixels = b"abcdef".iter().flat_map(|letter| [*letter; 3]).collect();
                let (pixels, width, height) = orientation.upright(pixels, 3, 2);
                let letters: Vec<u8> = pixels.chunks(3).map(|pixel| pixel[0]).collect();
                let rows: Vec<_> = letters
                    .chunks(width.into())
                    .map(String::from_utf8_lossy)
                    .collect();
                assert_eq!(
                    (rows.join(" ").as_str(), rows.len()),
                    (expected, height.into()),
                    "{number}"
                );
            }
        }
    }

    #[test]
    fn what_cannot_be_understood_is_upright() {
        let upright = Orientation::default();
        for number in [0, 9, 255, 65_535] {
            assert_eq!(Orientation::of(&photo(number, true)), upright);
        }
        let photo = photo(6, true);
        assert_ne!(Orientation::of(&photo), upright);
        for at in 0..80 {
            assert!(Orientation::of(&photo[..at]) == upright || at > 30);
            for flip in [0x01, 0x80, 0xFF] {
                let mut flipped = photo.clone();
                flipped[at] ^= flip;
                assert_eq!(Orientation::of(&flipped).upright(vec![0; 18], 3, 2).0.len(), 18);
            }
        }
        let kept = Orientation::of(&photo).upright(vec![1; 10], 3, 2);
        assert_eq!(kept, (vec![1; 10], 3, 2), "too few pixels");
    }
}
