//! Loss in bursts, as radio has it.

use crate::Chance;

/// How packets are lost in bursts (Gilbert's model: a good state that loses nothing, a bad one that loses everything).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burst {
    /// The probability that a packet begins a burst, from 0 to 1.
    pub begins: f64,
    /// How many packets a burst takes on average; at least one.
    pub length: f64,
}

/// Loses packets in bursts.
#[derive(Clone, Debug)]
pub struct BurstLoss {
    burst: Burst,
    is_bad: bool,
}

impl BurstLoss {
    /// It begins in the good state.
    pub fn new(burst: Burst) -> BurstLoss {
        BurstLoss { burst, is_bad: false }
    }

    /// Whether the next packet is lost.
    pub fn is_lost(&mut self, chance: &mut Chance) -> bool {
        self.is_bad = if self.is_bad {
            !chance.happens(1.0 / self.burst.length.max(1.0))
        } else {
            chance.happens(self.burst.begins)
        };
        self.is_bad
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_come_together() {
        let mut loss = BurstLoss::new(Burst {
            begins: 0.01,
            length: 20.0,
        });
        let mut chance = Chance::new(5);
        let lost: Vec<bool> = (0..100_000).map(|_| loss.is_lost(&mut chance)).collect();
        let total = lost.iter().filter(|lost| **lost).count();
        let bursts = lost.windows(2).filter(|pair| !pair[0] && pair[1]).count();
        let length = total as f64 / bursts as f64;
        assert!((17.0..23.0).contains(&length), "{length}");
    }
}
