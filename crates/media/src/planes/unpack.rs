//! Rows of packed samples taken apart, and television's range to JFIF's.
//!
//! Each loop does one thing to one row, in bytes or 16 bits and without a branch for a sample: that is what the compiler turns
//! into SIMD. A row stays in the nearest cache, so that going over it again costs little; a loop that writes all three planes
//! at once takes ten times as long.

use super::plane::Range;

/// The luma of a row of `Y U Y V`.
pub(super) fn luma_of_yuyv(row: &[u8], y: &mut [u8], range: Range) {
    let samples = row.as_chunks().0.iter().zip(y);
    match range {
        Range::Full => samples.for_each(|(two, y)| *y = first(*two)),
        Range::Limited => samples.for_each(|(two, y)| *y = full_luma(first(*two))),
    }
}

/// The mean chroma of two rows of `Y U Y V`, as a row of `U V`.
pub(super) fn chroma_of_yuyv(upper: &[u8], lower: &[u8], pairs: &mut [u8], range: Range) {
    let samples = upper
        .as_chunks()
        .0
        .iter()
        .zip(lower.as_chunks().0)
        .zip(pairs.iter_mut());
    samples.for_each(|((a, b), out)| *out = average(second(*a), second(*b)));
    expand_chroma(pairs, range);
}

/// A row of `U V` as two rows.
pub(super) fn split_pairs(pairs: &[u8], u: &mut [u8], v: &mut [u8]) {
    let pairs = pairs.as_chunks().0;
    pairs.iter().zip(u).for_each(|(two, u)| *u = first(*two));
    pairs.iter().zip(v).for_each(|(two, v)| *v = second(*two));
}

/// As 16 bits: a mask, or a shift, of many at a time.
fn first(two: [u8; 2]) -> u8 {
    (u16::from_le_bytes(two) & 0xFF) as u8
}

fn second(two: [u8; 2]) -> u8 {
    (u16::from_le_bytes(two) >> 8) as u8
}

/// Luma in `range` becomes luma from 0 to 255.
pub(super) fn expand_luma(samples: &mut [u8], range: Range) {
    if range == Range::Limited {
        samples.iter_mut().for_each(|sample| *sample = full_luma(*sample));
    }
}

/// Chroma in `range` becomes chroma from 0 to 255.
pub(super) fn expand_chroma(samples: &mut [u8], range: Range) {
    if range == Range::Limited {
        samples
            .iter_mut()
            .for_each(|sample| *sample = full_chroma(*sample));
    }
}

fn average(a: u8, b: u8) -> u8 {
    u16::from(a).wrapping_add(b.into()).div_ceil(2) as u8
}

/// 255/219, as a fraction of 256. What is beyond black and white is cut off first: then 16 bits are just enough.
fn full_luma(sample: u8) -> u8 {
    let above_black = sample.saturating_sub(16).min(219);
    (u16::from(above_black).wrapping_mul(298).wrapping_add(128) >> 8) as u8
}

/// 255/224, as a fraction of 256. Within these bounds the sum fits 16 bits with a sign, though the product alone may not.
fn full_chroma(sample: u8) -> u8 {
    let colour = i16::from(sample.clamp(15, 240)).wrapping_sub(128);
    (colour.wrapping_mul(291).wrapping_add(128) >> 8).wrapping_add(128) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limited_range_is_spread_to_full() {
        assert_eq!([16, 126, 235].map(full_luma), [0, 128, 255]);
        assert_eq!([16, 128, 240].map(full_chroma), [1, 128, 255]);
        assert_eq!([0, 255].map(full_luma), [0, 255]);
    }

    #[test]
    fn sixteen_bits_are_enough_for_every_sample() {
        for sample in 0..=255u8 {
            let wide_luma = (((i32::from(sample) - 16) * 298 + 128) >> 8).clamp(0, 255);
            assert_eq!(i32::from(full_luma(sample)), wide_luma, "luma {sample}");
            let wide_chroma = ((((i32::from(sample) - 128) * 291 + 128) >> 8) + 128).clamp(0, 255);
            assert_eq!(i32::from(full_chroma(sample)), wide_chroma, "chroma {sample}");
        }
    }

    #[test]
    fn rows_of_any_length_come_apart() {
        for pixels in [2usize, 4, 6, 30, 34, 66] {
            let row: Vec<u8> = (0..2 * pixels).map(|at| (at * 5) as u8).collect();
            let (mut y, mut pairs) = (vec![0; pixels], vec![0; pixels]);
            luma_of_yuyv(&row, &mut y, Range::Full);
            chroma_of_yuyv(&row, &row, &mut pairs, Range::Full);
            let (mut u, mut v) = (vec![0; pixels / 2], vec![0; pixels / 2]);
            split_pairs(&pairs, &mut u, &mut v);
            for at in 0..pixels / 2 {
                assert_eq!([y[2 * at], u[at], y[2 * at + 1], v[at]], row[4 * at..][..4]);
            }
        }
    }
}
