//! Duplication: some packets arrive twice.

use netcore_proto::{Span, Time};

use crate::Chance;

/// The copy comes at most this much later.
const LATEST: Span = Span::from_millis(5);

/// Lets some packets arrive twice.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Duplicate {
    /// The probability for each packet, from 0 to 1.
    pub probability: f64,
}

impl Duplicate {
    /// When the copy of a packet that arrives at `at` arrives, if there is one.
    pub fn copy(self, at: Time, chance: &mut Chance) -> Option<Time> {
        chance
            .happens(self.probability)
            .then(|| at + Span::from_micros(chance.below(LATEST.as_micros().saturating_add(1))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_never_comes_before_the_packet() {
        let mut chance = Chance::new(4);
        let at = Time::from_micros(10);
        let effect = Duplicate { probability: 0.5 };
        let copies: Vec<Time> = (0..1_000).filter_map(|_| effect.copy(at, &mut chance)).collect();
        assert!((400..600).contains(&copies.len()));
        assert!(copies.iter().all(|copy| *copy >= at && *copy <= at + LATEST));
    }
}
