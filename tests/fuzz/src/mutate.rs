//! Small changes to bytes, the same for the same seed on every computer.

/// Bytes grow no further than this.
const MAX_BYTES: usize = 16 * 1024;

/// Numbers at which decoders are wrong by one.
const REVEALING: [u64; 10] = [
    0,
    1,
    0x7F,
    0xFF,
    0x7FFF,
    0xFFFF,
    0x00FF_FFFF,
    0x7FFF_FFFF,
    0xFFFF_FFFF,
    u64::MAX,
];

/// Makes one input from others.
#[derive(Debug)]
pub struct Mutator {
    state: u64,
}

impl Mutator {
    /// One whose changes follow from `seed`.
    pub fn new(seed: u64) -> Mutator {
        Mutator { state: seed }
    }

    /// `bytes` with one to eight changes, some of them pieces of `other`.
    pub fn mutated(&mut self, bytes: &[u8], other: &[u8]) -> Vec<u8> {
        let mut out = bytes.to_vec();
        for _ in 0..=self.below(8) {
            self.change(&mut out, other);
        }
        out.truncate(MAX_BYTES);
        out
    }

    fn change(&mut self, out: &mut Vec<u8>, other: &[u8]) {
        let at = self.below(out.len() + 1);
        let run = 1 + self.below(16);
        let end = (at + run).min(out.len());
        match self.below(7) {
            0 => out[at..end]
                .iter_mut()
                .take(1)
                .for_each(|byte| *byte ^= 1 << (run % 8)),
            1 => {
                let value = self.next() as u8;
                out[at..end].iter_mut().take(1).for_each(|byte| *byte = value);
            }
            2 => drop(out.drain(at..end)),
            3 => {
                let noise: Vec<u8> = (0..run).map(|_| self.next() as u8).collect();
                out.splice(at..at, noise);
            }
            4 => {
                let again = out[at..end].to_vec();
                out.splice(at..at, again);
            }
            5 => {
                let revealing = REVEALING[self.below(REVEALING.len())];
                let bytes = [revealing.to_be_bytes(), revealing.to_le_bytes()][self.below(2)];
                let from = [0, 4, 6, 7][self.below(4)];
                let places = out[at..].iter_mut();
                places.zip(&bytes[from..]).for_each(|(byte, new)| *byte = *new);
            }
            _ => {
                let from = self.below(other.len() + 1);
                let to = (from + 8 * run).min(other.len());
                out.splice(at..end, other[from..to].iter().copied());
            }
        }
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    /// SplitMix64 (Steele, Lea and Flood, 2014).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_the_same_changes_again_and_another_makes_others() {
        let make = |seed| {
            let mut mutator = Mutator::new(seed);
            (0..100)
                .map(|_| mutator.mutated(b"some bytes of a message", b"OTHERS"))
                .collect::<Vec<_>>()
        };
        assert_eq!(make(1), make(1));
        assert_ne!(make(1), make(2));
        let changed = make(1)
            .iter()
            .filter(|made| **made != b"some bytes of a message")
            .count();
        assert!(changed > 95, "{changed}");
    }

    #[test]
    fn nothing_can_be_mutated_and_nothing_grows_for_ever() {
        let mut mutator = Mutator::new(3);
        let mut bytes = Vec::new();
        for _ in 0..20_000 {
            bytes = mutator.mutated(&bytes, &[7; 100]);
            assert!(bytes.len() <= MAX_BYTES);
        }
    }
}
