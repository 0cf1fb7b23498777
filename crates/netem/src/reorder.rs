//! Reordering: some packets are held back and overtaken.

use netcore_proto::{Span, Time};

use crate::Chance;

/// Which packets are overtaken, and by how much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reordering {
    /// The probability that a packet is held back, from 0 to 1.
    pub probability: f64,
    /// For how long.
    pub by: Span,
}

/// Holds some packets back, so that those behind overtake them.
#[derive(Clone, Copy, Debug)]
pub struct Reorder {
    reordering: Reordering,
}

impl Reorder {
    /// An effect that does so.
    pub fn new(reordering: Reordering) -> Reorder {
        Reorder { reordering }
    }

    /// When a packet gets through that would have at `at`.
    pub fn pass(self, at: Time, chance: &mut Chance) -> Time {
        if chance.happens(self.reordering.probability) {
            at + self.reordering.by
        } else {
            at
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_are_held_back_and_the_others_are_not() {
        let mut chance = Chance::new(4);
        let effect = Reorder::new(Reordering {
            probability: 0.25,
            by: Span::from_millis(2),
        });
        let held = (0..1_000).filter(|_| effect.pass(Time::ZERO, &mut chance) > Time::ZERO);
        assert!((200..300).contains(&held.count()));
    }
}
