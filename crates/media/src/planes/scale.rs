//! Another size for one plane, by area: each new sample is the mean of what it covers, parts of samples counted as parts.

use std::ops::Range;

use super::plane::{Plane, copy};

/// Weights are parts of this; a sum of weighted samples fits 16 bits.
const WHOLE: u32 = 256;

/// `from` at the size (samples, rows, length of a row with what pads it) of `to`.
pub(super) fn scale(from: Plane<'_>, to: &mut [u8], (width, rows, stride): (usize, usize, usize)) {
    if from.width == 0 || from.rows == 0 || width == 0 || rows == 0 {
        return;
    }
    let out = to
        .chunks_mut(stride.max(1))
        .take(rows)
        .filter_map(|row| row.get_mut(..width));
    let is_part = |parts: usize, of: usize| {
        let is_so = |new: usize, old: usize| new.saturating_mul(of) == old.saturating_mul(parts);
        is_so(width, from.width) && is_so(rows, from.rows)
    };
    if is_part(1, 2) {
        for (at, row) in (0..).step_by(2).zip(out) {
            halve(from.row(at), from.row(at.saturating_add(1)), row);
        }
        return;
    }
    if is_part(3, 4) {
        return scale_rows(from, rows, out, three_of_four);
    }
    let across = Shares::new(from.width, width);
    scale_rows(from, rows, out, |samples, out| across.apply(samples, out));
}

/// Pixels of four bytes, rows without gaps, at another size (width, height).
pub(crate) fn scale_packed(
    from: &[u8],
    (from_width, from_rows): (usize, usize),
    to: &mut [u8],
    (width, rows): (usize, usize),
) {
    if from_width == 0 || from_rows == 0 || width == 0 || rows == 0 {
        return;
    }
    let from = Plane {
        data: from,
        width: from_width.saturating_mul(4),
        rows: from_rows,
        stride: from_width.saturating_mul(4),
    };
    let across = Shares::new(from_width, width);
    let out = to.chunks_exact_mut(width.saturating_mul(4)).take(rows);
    scale_rows(from, rows, out, |pixels, out| across.apply_packed(pixels, out));
}

/// Makes `rows` rows of those of `from`, and has `across` make each of them longer or shorter where `out` is.
fn scale_rows<'a>(
    from: Plane<'_>,
    rows: usize,
    out: impl Iterator<Item = &'a mut [u8]>,
    across: impl Fn(&[u8], &mut [u8]),
) {
    let down = Shares::new(from.rows, rows);
    let mut sums = vec![0u16; from.width];
    let mut mean = vec![0u8; from.width];
    for (at, row) in out.enumerate() {
        let is_as_wide = row.len() == from.width;
        if is_as_wide && from.rows == rows {
            copy(from.row(at), row);
            continue;
        }
        let (covered, weights) = down.of(at);
        sums.fill(0);
        for (source, weight) in covered.zip(weights).filter(|(_, weight)| *weight > 0) {
            add_weighted(&mut sums, from.row(source), weight);
        }
        if is_as_wide {
            means(&sums, row);
        } else {
            means(&sums, &mut mean);
            across(&mean, row);
        }
    }
}

fn means(sums: &[u16], out: &mut [u8]) {
    out.iter_mut()
        .zip(sums)
        .for_each(|(mean, sum)| *mean = (sum.saturating_add(128) >> 8) as u8);
}

/// The weights of one sample add up to 256: its sum is 65,280 at most.
fn add_weighted(sums: &mut [u16], samples: &[u8], weight: u16) {
    sums.iter_mut()
        .zip(samples)
        .for_each(|(sum, sample)| *sum = sum.wrapping_add(u16::from(*sample).wrapping_mul(weight)));
}

/// What [`Shares::apply`] does for this step, the first below full size, in less time.
fn three_of_four(samples: &[u8], out: &mut [u8]) {
    // Sums of 16 bits that four samples and what rounds them do not fill.
    let of_four = |one: u8, three: u8| {
        let three = u16::from(three).wrapping_mul(3);
        (three.wrapping_add(one.into()).wrapping_add(2) >> 2) as u8
    };
    let mean = |a: u8, b: u8| (u16::from(a).wrapping_add(b.into()).wrapping_add(1) >> 1) as u8;
    for ([a, b, c, d], out) in samples.as_chunks().0.iter().zip(out.as_chunks_mut().0) {
        *out = [of_four(*b, *a), mean(*b, *c), of_four(*c, *d)];
    }
}

/// Half the size in each direction, which is asked for most and needs no weights.
fn halve(upper: &[u8], lower: &[u8], out: &mut [u8]) {
    // Two samples as one number of 16 bits, for the compiler to take many of these at a time.
    let sum = |two: [u8; 2]| {
        let two = u16::from_le_bytes(two);
        (two & 0xFF).wrapping_add(two >> 8)
    };
    let pairs = upper.as_chunks().0.iter().zip(lower.as_chunks().0);
    for ((a, b), out) in pairs.zip(out) {
        *out = (sum(*a).wrapping_add(sum(*b)).wrapping_add(2) >> 2) as u8;
    }
}

/// For each new sample, which old ones it covers and how much of it each of them is.
struct Shares {
    first: Vec<usize>,
    /// As many for each new sample, some of them 0.
    weights: Vec<u16>,
    count: usize,
}

impl Shares {
    /// `old` samples become `new`; neither is 0.
    ///
    /// Everything is exact: sides have 16 bits, and pixels of four bytes 18.
    fn new(old: usize, new: usize) -> Shares {
        // In units of 1/new of an old sample, a new one is `old` long and an old one `new`.
        let count = old.div_ceil(new).saturating_add(1).min(old);
        let mut shares = Shares {
            first: Vec::with_capacity(new),
            weights: Vec::with_capacity(new.saturating_mul(count)),
            count,
        };
        let last_first = old.saturating_sub(count);
        let half = old >> 1;
        for begin in (0..new).map(|at| at.saturating_mul(old)) {
            let end = begin.saturating_add(old);
            // So many are looked at for every new sample, that none is looked at beyond the last.
            let first = begin.checked_div(new).unwrap_or(0).min(last_first);
            let part = |edge: usize| {
                let covered = edge.clamp(begin, end).saturating_sub(begin);
                let weighted = covered.saturating_mul(WHOLE as usize).saturating_add(half);
                weighted.checked_div(old).unwrap_or(0)
            };
            let mut before = part(first.saturating_mul(new));
            shares.first.push(first);
            for source in (first..).take(count) {
                let so_far = part(source.saturating_add(1).saturating_mul(new));
                shares.weights.push(so_far.saturating_sub(before) as u16);
                before = so_far;
            }
        }
        shares
    }

    /// The old samples that the new one at `at` covers, and their weights.
    fn of(&self, at: usize) -> (Range<usize>, impl Iterator<Item = u16> + '_) {
        let first = self.first.get(at).copied().unwrap_or(0);
        let weights = self
            .weights
            .get(at.saturating_mul(self.count)..)
            .unwrap_or_default();
        let weights = weights.iter().take(self.count);
        (first..first.saturating_add(self.count), weights.copied())
    }

    fn apply(&self, samples: &[u8], out: &mut [u8]) {
        match self.count {
            2 => self.apply_counted::<2>(samples, out),
            3 => self.apply_counted::<3>(samples, out),
            4 => self.apply_counted::<4>(samples, out),
            count => {
                let weights = self.weights.chunks_exact(count);
                for ((first, weights), out) in self.first.iter().zip(weights).zip(out) {
                    let covered = samples.get(*first..).unwrap_or_default();
                    *out = mean(covered, weights);
                }
            }
        }
    }

    /// Down to a third in each direction the number is known to the compiler, which then needs no loop.
    ///
    /// Not within the function that chooses the number: there the loop for three takes a quarter longer.
    #[inline(never)]
    fn apply_counted<const COUNT: usize>(&self, samples: &[u8], out: &mut [u8]) {
        let weights = self.weights.as_chunks::<COUNT>().0;
        for ((first, weights), out) in self.first.iter().zip(weights).zip(out) {
            if let Some(samples) = samples.get(*first..).and_then(<[u8]>::first_chunk::<COUNT>) {
                *out = mean(samples, weights);
            }
        }
    }

    /// For pixels of four bytes: two of these at a time, each in 16 of 32 bits, which its weighted sum just fits.
    fn apply_packed(&self, pixels: &[u8], out: &mut [u8]) {
        const EVERY_OTHER: u32 = 0x00FF_00FF;
        const HALF: u32 = 0x0080_0080;
        let pixels = pixels.as_chunks::<4>().0;
        let weights = self.weights.chunks_exact(self.count);
        let out = out.as_chunks_mut::<4>().0;
        for ((first, weights), out) in self.first.iter().zip(weights).zip(out) {
            let (mut even, mut odd) = (HALF, HALF);
            for (pixel, weight) in pixels.get(*first..).unwrap_or_default().iter().zip(weights) {
                let pixel = u32::from_le_bytes(*pixel);
                even = even.wrapping_add((pixel & EVERY_OTHER).wrapping_mul(u32::from(*weight)));
                odd = odd.wrapping_add(((pixel >> 8) & EVERY_OTHER).wrapping_mul(u32::from(*weight)));
            }
            *out = (((even >> 8) & EVERY_OTHER) | (odd & !EVERY_OTHER)).to_le_bytes();
        }
    }
}

fn mean(samples: &[u8], weights: &[u16]) -> u8 {
    let products = samples.iter().zip(weights);
    let sum: u32 = products
        .map(|(sample, weight)| u32::from(*sample).wrapping_mul(u32::from(*weight)))
        .sum();
    (sum.wrapping_add(WHOLE >> 1) >> 8) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scaled(data: &[u8], width: usize, to: (usize, usize)) -> Vec<u8> {
        let plane = Plane {
            data,
            width,
            rows: data.len() / width,
            stride: width,
        };
        let mut out = vec![0; to.0 * to.1];
        scale(plane, &mut out, (to.0, to.1, to.0));
        out
    }

    #[test]
    fn the_weights_of_a_sample_are_a_whole_and_stay_within_the_row() {
        for (old, new) in [
            (4, 3),
            (1280, 960),
            (1280, 640),
            (7, 3),
            (3, 7),
            (1, 5),
            (100, 1),
            (1920, 2),
        ] {
            let shares = Shares::new(old, new);
            for at in 0..new {
                let (covered, weights) = shares.of(at);
                assert_eq!(
                    weights.map(u32::from).sum::<u32>(),
                    WHOLE,
                    "{old} to {new} at {at}"
                );
                assert!(covered.end <= old, "{old} to {new} at {at}");
            }
        }
    }

    #[test]
    fn three_quarters_take_a_quarter_of_the_sample_beside() {
        // Each new sample covers four thirds of the old ones.
        assert_eq!(
            scaled(&[0, 120, 240, 200].repeat(4), 4, (3, 3))[..3],
            [30, 180, 210]
        );
    }

    #[test]
    fn half_is_the_mean_of_four() {
        assert_eq!(scaled(&[0, 10, 100, 100, 20, 30, 100, 104], 4, (2, 1)), [15, 101]);
    }

    #[test]
    fn white_stays_white_and_black_black_at_every_size() {
        for to in [(9, 5), (12, 8), (6, 4), (3, 1), (30, 20)] {
            for value in [0, 255] {
                assert!(
                    scaled(&[value; 96], 12, to).iter().all(|sample| *sample == value),
                    "{to:?}"
                );
            }
        }
    }

    #[test]
    fn every_size_is_the_mean_of_what_each_sample_covers() {
        let of = |old: usize, new: usize, at: usize, source: usize| {
            let (begin, end) = (
                (at * old) as f64 / new as f64,
                ((at + 1) * old) as f64 / new as f64,
            );
            let covered = end.min(source as f64 + 1.0) - begin.max(source as f64);
            covered.max(0.0) * new as f64 / old as f64
        };
        for (width, rows) in [(1, 1), (4, 4), (5, 3), (8, 6), (12, 16), (17, 9)] {
            let data: Vec<u8> = (0..width * rows)
                .map(|at| (at * at * 29 + 3 * at) as u8)
                .collect();
            for (new_width, new_rows) in (1..=18).flat_map(|width| [1, 2, 3, 8, 12].map(|rows| (width, rows)))
            {
                let small = scaled(&data, width, (new_width, new_rows));
                for (at, found) in small.iter().enumerate() {
                    let (x, y) = (at % new_width, at / new_width);
                    let exact: f64 = (0..width * rows)
                        .map(|source| {
                            let across = of(width, new_width, x, source % width);
                            let down = of(rows, new_rows, y, source / width);
                            f64::from(data[source]) * across * down
                        })
                        .sum();
                    // Weights are rounded to 1/256, and so is the mean of the rows.
                    let off = (f64::from(*found) - exact).abs();
                    assert!(
                        off < 3.0,
                        "{width}×{rows} to {new_width}×{new_rows} at {x}, {y}: {off}"
                    );
                }
            }
        }
    }

    #[test]
    fn larger_keeps_what_is_where() {
        assert_eq!(scaled(&[10, 90], 2, (4, 1)), [10, 10, 90, 90]);
    }
}
