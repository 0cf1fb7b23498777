//! Independent loss.

use crate::Chance;

/// Loses each packet with the same probability, independently of all others.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Loss {
    /// From 0 to 1.
    pub probability: f64,
}

impl Loss {
    /// Whether the next packet is lost.
    pub fn is_lost(self, chance: &mut Chance) -> bool {
        chance.happens(self.probability)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_and_everything_can_be_lost() {
        let mut chance = Chance::new(3);
        let mut lost = |probability| {
            (0..1_000)
                .filter(|_| Loss { probability }.is_lost(&mut chance))
                .count()
        };
        assert_eq!((lost(0.0), lost(1.0)), (0, 1_000));
        assert!((60..140).contains(&lost(0.1)));
    }
}
