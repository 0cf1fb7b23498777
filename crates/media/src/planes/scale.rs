//! Another size for one plane, by area: each new sample is the mean of what it covers, parts of samples counted as parts.

use std::ops::Range;

use super::Plane;

/// Weights are parts of this; a sum of weighted samples fits 16 bits.
const WHOLE: u32 = 256;

/// `from` at the size (samples, rows, length of a row with what pads it) of `to`.
pub(super) fn scale(from: Plane<'_>, to: &mut [u8], (width, rows, stride): (usize, usize, usize)) {
    scale_samples::<1>(from, to, (width, rows, stride));
}

/// Pixels of four bytes, rows without gaps, at another size (width, height).
pub(crate) fn scale_packed(
    from: &[u8],
    (from_width, from_rows): (usize, usize),
    to: &mut [u8],
    (width, rows): (usize, usize),
) {
    let from = Plane {
        data: from,
        width: 4 * from_width,
        rows: from_rows,
        stride: 4 * from_width,
    };
    scale_samples::<4>(from, to, (4 * width, rows, 4 * width));
}

/// Rows of `EACH` kinds of samples in turn; widths count samples of every kind.
fn scale_samples<const EACH: usize>(
    from: Plane<'_>,
    to: &mut [u8],
    (width, rows, stride): (usize, usize, usize),
) {
    if from.width == 0 || from.rows == 0 || width == 0 || rows == 0 {
        return;
    }
    let out = to.chunks_mut(stride).take(rows).map(|row| &mut row[..width]);
    if (from.width, from.rows) == (width, rows) {
        out.enumerate()
            .for_each(|(at, row)| row.copy_from_slice(from.row(at)));
        return;
    }
    if EACH == 1 && (from.width, from.rows) == (2 * width, 2 * rows) {
        out.enumerate()
            .for_each(|(at, row)| halve(from.row(2 * at), from.row(2 * at + 1), row));
        return;
    }
    let across = Shares::new(from.width / EACH, width / EACH);
    let down = Shares::new(from.rows, rows);
    let quarters = EACH == 1 && (3 * from.width, 3 * from.rows) == (4 * width, 4 * rows);
    let mut sums = vec![0u16; from.width];
    let mut mean = vec![0u8; from.width];
    for (at, row) in out.enumerate() {
        let (covered, weights) = down.of(at);
        sums.fill(0);
        for (source, weight) in covered.zip(weights).filter(|(_, weight)| *weight > 0) {
            add_weighted(&mut sums, from.row(source), weight);
        }
        let means = |out: &mut [u8]| {
            out.iter_mut()
                .zip(&sums)
                .for_each(|(mean, sum)| *mean = (sum.saturating_add(128) >> 8) as u8);
        };
        if from.width == width {
            means(row);
            continue;
        }
        means(&mut mean);
        if quarters {
            three_of_four(&mean, row);
        } else {
            across.apply::<EACH>(&mean, row);
        }
    }
}

/// The weights of one sample add up to 256: its sum is 65,280 at most.
fn add_weighted(sums: &mut [u16], samples: &[u8], weight: u16) {
    sums.iter_mut()
        .zip(samples)
        .for_each(|(sum, sample)| *sum = sum.wrapping_add(u16::from(*sample).wrapping_mul(weight)));
}

/// What [`Shares::apply`] does for this step, the first below full size, in a third of the time.
fn three_of_four(samples: &[u8], out: &mut [u8]) {
    for (four, out) in samples.as_chunks::<4>().0.iter().zip(out.as_chunks_mut::<3>().0) {
        let sample = |at: usize| u16::from(four[at]);
        out[0] = ((3 * sample(0) + sample(1) + 2) >> 2) as u8;
        out[1] = ((sample(1) + sample(2) + 1) >> 1) as u8;
        out[2] = ((sample(2) + 3 * sample(3) + 2) >> 2) as u8;
    }
}

/// Half the size each way, which is asked for most and needs no weights.
fn halve(upper: &[u8], lower: &[u8], out: &mut [u8]) {
    // Two samples as one number of 16 bits, for the compiler to take many of these at a time.
    let sum = |two: [u8; 2]| {
        let two = u16::from_le_bytes(two);
        (two & 0xFF) + (two >> 8)
    };
    let pairs = upper.as_chunks().0.iter().zip(lower.as_chunks().0);
    for ((a, b), out) in pairs.zip(out) {
        *out = ((sum(*a) + sum(*b) + 2) >> 2) as u8;
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
    fn new(old: usize, new: usize) -> Shares {
        // In units of 1/new of an old sample, a new one is `old` long and an old one `new`.
        let count = (old.div_ceil(new) + 1).min(old);
        let mut shares = Shares {
            first: Vec::with_capacity(new),
            weights: Vec::with_capacity(new * count),
            count,
        };
        for at in 0..new {
            let (begin, end) = (at * old, (at + 1) * old);
            // So many are looked at for every new sample, that none is looked at beyond the last.
            let first = (begin / new).min(old - count);
            let part = |edge: usize| {
                let covered = edge.clamp(begin, end) - begin;
                (covered * WHOLE as usize + old / 2) / old
            };
            let weight = |source: usize| (part((source + 1) * new) - part(source * new)) as u16;
            shares.first.push(first);
            shares.weights.extend((first..first + count).map(weight));
        }
        shares
    }

    fn of(&self, at: usize) -> (Range<usize>, impl Iterator<Item = u16> + '_) {
        let first = self.first[at];
        let weights = self.weights[at * self.count..][..self.count].iter();
        (first..first + self.count, weights.copied())
    }

    fn apply<const EACH: usize>(&self, samples: &[u8], out: &mut [u8]) {
        match self.count {
            2 => self.apply_counted::<EACH, 2>(samples, out),
            3 => self.apply_counted::<EACH, 3>(samples, out),
            4 => self.apply_counted::<EACH, 4>(samples, out),
            count => {
                let samples = samples.as_chunks().0;
                let weights = self.weights.chunks_exact(count);
                let out = out.as_chunks_mut().0;
                for ((first, weights), out) in self.first.iter().zip(weights).zip(out) {
                    *out = mean::<EACH>(&samples[*first..][..count], weights);
                }
            }
        }
    }

    /// Down to a third each way the number is known to the compiler, which then needs no loop.
    fn apply_counted<const EACH: usize, const COUNT: usize>(&self, samples: &[u8], out: &mut [u8]) {
        let samples = samples.as_chunks().0;
        let weights = self.weights.as_chunks::<COUNT>().0;
        let out = out.as_chunks_mut().0;
        for ((first, weights), out) in self.first.iter().zip(weights).zip(out) {
            if let Some(samples) = samples.get(*first..).and_then(<[_]>::first_chunk::<COUNT>) {
                *out = mean::<EACH>(samples, weights);
            }
        }
    }
}

fn mean<const EACH: usize>(samples: &[[u8; EACH]], weights: &[u16]) -> [u8; EACH] {
    let mut sums = [WHOLE / 2; EACH];
    for (sample, weight) in samples.iter().zip(weights) {
        for (sum, part) in sums.iter_mut().zip(sample) {
            *sum += u32::from(*part) * u32::from(*weight);
        }
    }
    std::array::from_fn(|at| (sums[at] / WHOLE) as u8)
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
    fn three_quarters_take_a_quarter_of_the_neighbour() {
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
    fn larger_keeps_what_is_where() {
        assert_eq!(scaled(&[10, 90], 2, (4, 1)), [10, 10, 90, 90]);
    }
}
