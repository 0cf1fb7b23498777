//! The frame number as black and white cells; its geometry is in the documentation of [`super`].

use crate::planes::Planes;

/// Cells in the row: 32 of the number and 16 of its checksum.
pub const CODE_CELLS: usize = 48;

/// Less difference than this between black and white is a picture without the code.
const MIN_CONTRAST: u32 = 48;

pub(super) fn cells(number: u32) -> [bool; CODE_CELLS] {
    let word = u64::from(number) << 16 | u64::from(crc16(number.to_be_bytes()));
    std::array::from_fn(|cell| word >> (CODE_CELLS - 1 - cell) & 1 == 1)
}

/// The frame number in a picture of the test pattern: packed RGB, rows without gaps. `None` when there is none, when it is not
/// legible, and when `rgb` is shorter than such a picture.
pub fn read_code(rgb: &[u8], width: u16, height: u16) -> Option<u32> {
    if rgb.len() < 3 * usize::from(width) * usize::from(height) {
        return None;
    }
    read(width, height, |x, y| {
        let at = 3 * (y * usize::from(width) + x);
        // Green alone is most of brightness, and black and white differ in it as much as in the rest.
        rgb[at + 1]
    })
}

/// As [`read_code`], from a picture that is not yet a JPEG.
pub fn read_code_planes(planes: &Planes) -> Option<u32> {
    let (luma, stride) = planes.luma();
    read(planes.width(), planes.height(), |x, y| luma[y * stride + x])
}

fn read(width: u16, height: u16, brightness: impl Fn(usize, usize) -> u8) -> Option<u32> {
    if usize::from(width) < CODE_CELLS || height == 0 {
        return None;
    }
    let (width, height) = (usize::from(width), usize::from(height));
    let (reach_x, reach_y) = (width / CODE_CELLS / 4, height / 50);
    let middle_y = height * 92 / 100;
    let rows = middle_y.saturating_sub(reach_y)..=(middle_y + reach_y).min(height - 1);
    let levels: [u32; CODE_CELLS] = std::array::from_fn(|cell| {
        let middle_x = (2 * cell + 1) * width / (2 * CODE_CELLS);
        let columns = middle_x - reach_x..=middle_x + reach_x;
        let count = (rows.clone().count() * columns.clone().count()) as u32;
        let sum: u32 = rows
            .clone()
            .flat_map(|y| columns.clone().map(move |x| (x, y)))
            .map(|(x, y)| u32::from(brightness(x, y)))
            .sum();
        sum / count
    });
    let (darkest, brightest) = (*levels.iter().min()?, *levels.iter().max()?);
    if brightest - darkest < MIN_CONTRAST {
        return None;
    }
    let word = levels.iter().fold(0u64, |word, level| {
        word << 1 | u64::from(2 * level > darkest + brightest)
    });
    let number = (word >> 16) as u32;
    (crc16(number.to_be_bytes()) == word as u16).then_some(number)
}

/// CRC-16/CCITT-FALSE.
fn crc16(bytes: [u8; 4]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| match crc & 0x8000 {
            0 => crc << 1,
            _ => crc << 1 ^ 0x1021,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_that_others_compute() {
        // The check value of "123456789" is 0x29B1; of its first four bytes, as every table of CRCs computes it, 0x5349.
        assert_eq!(crc16(*b"1234"), 0x5349);
    }

    #[test]
    fn other_pictures_have_no_number() {
        let grey = vec![128; 3 * 320 * 180];
        assert_eq!(read_code(&grey, 320, 180), None);
        let stripes: Vec<u8> = (0..320 * 180)
            .flat_map(|at| [if at / 7 % 2 == 0 { 255 } else { 0 }; 3])
            .collect();
        assert_eq!(read_code(&stripes, 320, 180), None);
        assert_eq!(read_code(&grey[1..], 320, 180), None);
        assert_eq!(read_code(&grey, 0, 0), None);
        assert_eq!(read_code(&grey, 40, 40), None);
    }

    #[test]
    fn one_wrong_cell_is_noticed() {
        let good = cells(77_777);
        for wrong in 0..CODE_CELLS {
            let mut cells = good;
            cells[wrong] = !cells[wrong];
            let row: Vec<u8> = cells
                .iter()
                .flat_map(|one| [if *one { 255 } else { 0 }; 3])
                .collect();
            assert_eq!(read_code(&row, 48, 1), None, "cell {wrong}");
        }
        let row: Vec<u8> = good
            .iter()
            .flat_map(|one| [if *one { 255 } else { 0 }; 3])
            .collect();
        assert_eq!(read_code(&row, 48, 1), Some(77_777));
    }
}
