//! Jitter: each packet takes up to so much longer.

use netcore_proto::{Span, Time};

use crate::Chance;

/// Delays each packet by up to this much more, evenly spread. Packets closer together than that change places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Jitter {
    /// The most that is added.
    pub most: Span,
}

impl Jitter {
    /// When a packet gets through that would have at `at`.
    pub fn pass(self, at: Time, chance: &mut Chance) -> Time {
        at + Span::from_micros(chance.below(self.most.as_micros().saturating_add(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_range_is_used_and_no_more() {
        let mut chance = Chance::new(9);
        let jitter = Jitter {
            most: Span::from_micros(3),
        };
        let mut seen = [0; 4];
        for _ in 0..1_000 {
            seen[jitter.pass(Time::ZERO, &mut chance).as_micros() as usize] += 1;
        }
        assert!(seen.iter().all(|times| *times > 100), "{seen:?}");
    }
}
