//! One direction of a link: all effects, in the order of a real path.

use std::fmt;

use netcore_proto::{Bitrate, Span, Time};

use crate::{Bottleneck, Burst, BurstLoss, Chance, Duplicate, Jitter, Loss, Rate, Reorder, Reordering};

/// What one direction of a link is like. The default is perfect: no delay, no limit, no loss.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conditions {
    /// The sender's own interface, which takes no more from its socket while it is full; `None` when that is the bottleneck
    /// itself. With one, the bottleneck is somewhere on the path: it holds no sender back, and what its queue has no room for is
    /// lost.
    pub interface: Option<Bitrate>,
    /// The bottleneck and its queue; `None` for no limit.
    pub bottleneck: Option<Bottleneck>,
    /// Packets of more bytes than this are lost; `None` for no limit.
    pub mtu: Option<u32>,
    /// Independent loss, from 0 to 1.
    pub loss: f64,
    /// Loss in bursts.
    pub burst: Option<Burst>,
    /// Everything takes this long.
    pub delay: Span,
    /// And up to this much longer.
    pub jitter: Span,
    /// Some packets are held back.
    pub reordering: Option<Reordering>,
    /// Some packets arrive twice: the probability, from 0 to 1.
    pub duplication: f64,
}

impl Conditions {
    /// A perfect link of this delay in milliseconds.
    pub fn delay_ms(ms: u64) -> Conditions {
        Conditions {
            delay: Span::from_millis(ms),
            ..Conditions::default()
        }
    }

    /// With a bottleneck of so many megabits per second and a queue of so many bytes.
    #[must_use]
    pub fn mbit(self, mbit: u64, queue_bytes: u64) -> Conditions {
        Conditions {
            bottleneck: Some(Bottleneck {
                rate: Bitrate(mbit.saturating_mul(1_000_000)),
                queue_bytes,
            }),
            ..self
        }
    }

    /// With the bottleneck behind an interface of so many megabits per second.
    #[must_use]
    pub fn behind_mbit(self, mbit: u64) -> Conditions {
        Conditions {
            interface: Some(Bitrate(mbit.saturating_mul(1_000_000))),
            ..self
        }
    }

    /// With this independent loss, from 0 to 1.
    #[must_use]
    pub fn loss(self, loss: f64) -> Conditions {
        Conditions { loss, ..self }
    }

    /// With up to this much more delay in milliseconds.
    #[must_use]
    pub fn jitter_ms(self, ms: u64) -> Conditions {
        Conditions {
            jitter: Span::from_millis(ms),
            ..self
        }
    }
}

impl fmt::Display for Conditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} one way", self.delay)?;
        if self.jitter > Span::ZERO {
            write!(f, ", up to {} of jitter", self.jitter)?;
        }
        if let Some(interface) = &self.interface {
            write!(f, ", from an interface of {interface}")?;
        }
        if let Some(bottleneck) = &self.bottleneck {
            let Bottleneck { rate, queue_bytes } = bottleneck;
            write!(f, ", {rate} with a queue of {queue_bytes} bytes")?;
        }
        if let Some(mtu) = self.mtu {
            write!(f, ", {mtu} bytes at most")?;
        }
        if self.loss > 0.0 {
            write!(f, ", {} % lost", self.loss * 100.0)?;
        }
        if let Some(burst) = &self.burst {
            write!(f, ", bursts of {} lost", burst.length)?;
        }
        if let Some(reordering) = &self.reordering {
            let percent = reordering.probability * 100.0;
            write!(f, ", {percent} % overtaken by {}", reordering.by)?;
        }
        if self.duplication > 0.0 {
            write!(f, ", {} % twice", self.duplication * 100.0)?;
        }
        Ok(())
    }
}

/// One direction of a link.
#[derive(Clone, Debug)]
pub struct Path {
    conditions: Conditions,
    interface: Option<Rate>,
    rate: Option<Rate>,
    burst: Option<BurstLoss>,
    counts: PathCounts,
}

/// What a path has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PathCounts {
    /// Packets given to it.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Packets lost on the path.
    pub lost: u64,
    /// Packets for which the queue had no room.
    pub overflowed: u64,
    /// Packets that arrive twice.
    pub duplicated: u64,
}

/// When a packet arrives: not at all, once or twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passage {
    /// The first arrival.
    pub first: Option<Time>,
    /// The copy's.
    pub copy: Option<Time>,
}

impl Passage {
    const LOST: Passage = Passage {
        first: None,
        copy: None,
    };

    /// The arrivals, none to two.
    pub fn arrivals(self) -> impl Iterator<Item = Time> {
        self.first.into_iter().chain(self.copy)
    }
}

impl Path {
    /// A path with an empty queue.
    pub fn new(conditions: Conditions) -> Path {
        Path {
            interface: conditions.interface.map(interface),
            rate: conditions.bottleneck.map(Rate::new),
            burst: conditions.burst.map(BurstLoss::new),
            conditions,
            counts: PathCounts::default(),
        }
    }

    /// What it is like now.
    pub fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// What it has done so far.
    pub fn counts(&self) -> PathCounts {
        self.counts
    }

    /// From now on it is like this. What waits in the queue stays there.
    pub fn change(&mut self, conditions: Conditions) {
        match (&mut self.rate, conditions.bottleneck) {
            (Some(rate), Some(bottleneck)) => rate.change(bottleneck),
            (rate, bottleneck) => *rate = bottleneck.map(Rate::new),
        }
        match (&mut self.interface, conditions.interface) {
            (Some(rate), Some(bitrate)) => rate.change(unlimited(bitrate)),
            (rate, bitrate) => *rate = bitrate.map(interface),
        }
        self.burst = conditions.burst.map(BurstLoss::new);
        self.conditions = conditions;
    }

    /// What becomes of a packet of `bytes` bytes that is sent at `now`.
    pub fn send(&mut self, bytes: u64, now: Time, chance: &mut Chance) -> Passage {
        self.count(bytes);
        if self.conditions.mtu.is_some_and(|mtu| bytes > u64::from(mtu)) {
            grow(&mut self.counts.lost, 1);
            return Passage::LOST;
        }
        let out = self.interface.as_mut().map_or(now, |rate| rate.queue(bytes, now));
        let Some(passed) = self.rate.as_mut().map_or(Some(out), |rate| rate.pass(bytes, out)) else {
            grow(&mut self.counts.overflowed, 1);
            return Passage::LOST;
        };
        if self.is_lost(chance) {
            return Passage::LOST;
        }
        let at = self.travelled(passed, chance);
        let duplicate = Duplicate {
            probability: self.conditions.duplication,
        };
        let copy = duplicate.copy(at, chance);
        grow(&mut self.counts.duplicated, u64::from(copy.is_some()));
        Passage {
            first: Some(at),
            copy,
        }
    }

    /// When a packet arrives whose sender repeats it, once every `round_trip`, until it does. The repetitions are not
    /// charged to the bottleneck.
    pub fn send_reliably(&mut self, bytes: u64, round_trip: Span, now: Time, chance: &mut Chance) -> Time {
        /// A path that loses everything must not hold the simulation up.
        const MAX_REPETITIONS: usize = 64;
        self.count(bytes);
        let out = self.interface.as_mut().map_or(now, |rate| rate.queue(bytes, now));
        let passed = self.rate.as_mut().map_or(out, |rate| rate.queue(bytes, out));
        let mut at = self.travelled(passed, chance);
        for _ in 0..MAX_REPETITIONS {
            if !self.is_lost(chance) {
                break;
            }
            at += round_trip;
        }
        at
    }

    /// Bytes that wait before the bottleneck.
    pub fn backlog(&self, now: Time) -> u64 {
        self.rate.as_ref().map_or(0, |rate| rate.backlog(now))
    }

    /// How long what comes now would wait before the bottleneck.
    pub fn wait(&self, now: Time) -> Span {
        self.rate
            .as_ref()
            .map_or(Span::ZERO, |rate| rate.backlog_below(0).since(now))
    }

    /// When no more than `bytes` will wait at the sender's own interface.
    pub fn backlog_below(&self, bytes: u64, now: Time) -> Time {
        let own = self.interface.as_ref().or(self.rate.as_ref());
        own.map_or(now, |rate| rate.backlog_below(bytes).max(now))
    }

    fn count(&mut self, bytes: u64) {
        grow(&mut self.counts.packets, 1);
        grow(&mut self.counts.bytes, bytes);
    }

    fn is_lost(&mut self, chance: &mut Chance) -> bool {
        let loss = Loss {
            probability: self.conditions.loss,
        };
        let is_lost = loss.is_lost(chance) | self.burst.as_mut().is_some_and(|burst| burst.is_lost(chance));
        grow(&mut self.counts.lost, u64::from(is_lost));
        is_lost
    }

    fn travelled(&self, passed: Time, chance: &mut Chance) -> Time {
        let jitter = Jitter {
            most: self.conditions.jitter,
        };
        let at = jitter.pass(passed + self.conditions.delay, chance);
        let reorder = self.conditions.reordering.map(Reorder::new);
        reorder.map_or(at, |reorder| reorder.pass(at, chance))
    }
}

/// A count stays at the end of its range.
fn grow(count: &mut u64, more: u64) {
    *count = count.saturating_add(more);
}

fn interface(rate: Bitrate) -> Rate {
    Rate::new(unlimited(rate))
}

fn unlimited(rate: Bitrate) -> Bottleneck {
    Bottleneck {
        rate,
        queue_bytes: u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perfect_path_is_instant() {
        let mut path = Path::new(Conditions::default());
        let passage = path.send(1_000, Time::from_micros(7), &mut Chance::new(0));
        assert_eq!(passage.arrivals().collect::<Vec<_>>(), [Time::from_micros(7)]);
    }

    #[test]
    fn effects_add_up_and_are_counted() {
        let conditions = Conditions {
            duplication: 1.0,
            ..Conditions::delay_ms(10).mbit(8, 2_000)
        };
        let mut path = Path::new(conditions);
        let mut chance = Chance::new(0);
        let passage = path.send(1_000, Time::ZERO, &mut chance);
        assert_eq!(passage.first, Some(Time::ZERO + Span::from_millis(11)));
        assert!(passage.copy >= passage.first);
        path.send(1_000, Time::ZERO, &mut chance);
        assert_eq!(path.send(1_000, Time::ZERO, &mut chance), Passage::LOST);
        assert_eq!((path.counts().overflowed, path.counts().duplicated), (1, 2));
        assert_eq!(path.backlog(Time::ZERO), 2_000);
    }

    #[test]
    fn a_bottleneck_behind_the_interface_holds_nobody_back() {
        let mut path = Path::new(Conditions::delay_ms(0).mbit(8, 3_000).behind_mbit(80));
        let mut chance = Chance::new(0);
        let passed = (0..4).filter(|_| path.send(1_000, Time::ZERO, &mut chance).first.is_some());
        assert_eq!(passed.count(), 3, "the fourth finds the queue full");
        assert_eq!(
            path.backlog_below(0, Time::ZERO),
            Time::from_micros(400),
            "the interface is done soon"
        );
        assert_eq!(path.wait(Time::from_micros(400)), Span::from_micros(2_700));
    }

    #[test]
    fn what_is_repeated_arrives_late_but_arrives() {
        let mut path = Path::new(Conditions::delay_ms(10).loss(0.5));
        let mut chance = Chance::new(1);
        let round_trip = Span::from_millis(20);
        let arrivals: Vec<u64> = (0..100)
            .map(|_| {
                path.send_reliably(100, round_trip, Time::ZERO, &mut chance)
                    .as_micros()
            })
            .collect();
        assert!(arrivals.iter().all(|at| at % 20_000 == 10_000));
        assert!(arrivals.iter().any(|at| *at > 30_000));
    }
}
