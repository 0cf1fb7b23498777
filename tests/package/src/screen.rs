//! What a display without a screen shows: Xvfb keeps its picture in a file in the X window dump format.

use std::collections::HashMap;

/// A display's picture, in two figures.
#[derive(Debug, PartialEq)]
pub(crate) struct Look {
    /// How many different colours there are.
    pub(crate) colours: usize,
    /// What part of the picture has the commonest colour, 0 to 1.
    pub(crate) commonest: f64,
}

impl Look {
    /// Whether an interface with text is on it. Smoothed letters alone bring dozens of shades; a black display, an empty
    /// window or a plain page bring a handful.
    pub(crate) fn is_drawn(&self) -> bool {
        self.colours >= 48 && self.commonest < 0.98
    }
}

/// Where the format's fields stand, as indexes of big-endian words of four bytes (X11's `XWDFile.h`).
const HEADER_SIZE: usize = 0;
const WIDTH: usize = 4;
const HEIGHT: usize = 5;
const BITS_PER_PIXEL: usize = 11;
const BYTES_PER_LINE: usize = 12;
const COLOUR_MAP_ENTRIES: usize = 19;
/// Bytes of one entry in the colour map.
const COLOUR_MAP_ENTRY: usize = 12;

/// Counts colours; `None` when the bytes are not a whole picture of 32 bits a pixel.
pub(crate) fn look(dump: &[u8]) -> Option<Look> {
    let word = |index: usize| {
        let bytes = dump.get(index * 4..index * 4 + 4)?;
        usize::try_from(u32::from_be_bytes(bytes.try_into().ok()?)).ok()
    };
    if word(BITS_PER_PIXEL)? != 32 {
        return None;
    }
    let start = word(HEADER_SIZE)?.checked_add(word(COLOUR_MAP_ENTRIES)?.checked_mul(COLOUR_MAP_ENTRY)?)?;
    let (width, height, line) = (word(WIDTH)?, word(HEIGHT)?, word(BYTES_PER_LINE)?);
    let pixels = dump.get(start..)?;
    let mut seen: HashMap<&[u8], usize> = HashMap::new();
    for row in 0..height {
        let row = pixels
            .get(row.checked_mul(line)?..)?
            .get(..width.checked_mul(4)?)?;
        // The fourth byte is padding, and need not be the same everywhere.
        row.chunks_exact(4)
            .for_each(|pixel| *seen.entry(&pixel[..3]).or_default() += 1);
    }
    let most = seen.values().copied().max()?;
    #[allow(
        clippy::cast_precision_loss,
        reason = "a display has far fewer than 2^52 pixels"
    )]
    let commonest = most as f64 / (width * height) as f64;
    Some(Look {
        colours: seen.len(),
        commonest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A dump of `width`×`height` pixels, each given by its place.
    fn dump(width: u32, height: u32, colour: impl Fn(u32) -> u32) -> Vec<u8> {
        let mut words = [0_u32; 25];
        words[HEADER_SIZE] = 100;
        words[WIDTH] = width;
        words[HEIGHT] = height;
        words[BITS_PER_PIXEL] = 32;
        words[BYTES_PER_LINE] = width * 4;
        words[COLOUR_MAP_ENTRIES] = 2;
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        bytes.extend([0xEE; 2 * COLOUR_MAP_ENTRY]);
        bytes.extend((0..width * height).flat_map(|at| colour(at).to_le_bytes()));
        bytes
    }

    #[test]
    fn a_black_display_is_not_drawn() {
        let look = look(&dump(40, 30, |_| 0)).expect("a picture");
        assert_eq!(
            look,
            Look {
                colours: 1,
                commonest: 1.0
            }
        );
        assert!(!look.is_drawn());
    }

    #[test]
    fn an_empty_window_with_a_frame_is_not_drawn() {
        let look =
            look(&dump(40, 30, |at| if at < 40 { 0x33_33_33 } else { 0xFF_FF_FF })).expect("a picture");
        assert!(!look.is_drawn(), "{look:?}");
    }

    #[test]
    fn shades_of_text_on_a_page_are() {
        let look = look(&dump(100, 100, |at| {
            if at % 10 == 0 { at / 10 % 200 } else { 0xFF_FF_FF }
        }))
        .expect("a picture");
        assert!(look.is_drawn(), "{look:?}");
        assert!((look.commonest - 0.9).abs() < 0.01, "{look:?}");
    }

    #[test]
    fn a_cut_or_foreign_file_is_no_picture() {
        let whole = dump(40, 30, |_| 0);
        assert_eq!(look(&whole[..whole.len() - 1]), None);
        assert_eq!(look(b"GIF89a"), None);
    }
}
