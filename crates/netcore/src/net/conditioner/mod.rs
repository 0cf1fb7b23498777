//! The link conditioner: a room makes its own network worse on purpose, to see what that does to live frames.
//!
//! Every byte that leaves or reaches this computer for the room, over whichever socket, passes one simulated path in each
//! direction, with one bottleneck that all of them share. It works on every system and needs no rights. Datagrams are lost,
//! overtaken and doubled; a TCP connection's bytes come late and in order, as after the retransmissions that a lost segment
//! costs. Without conditions, nothing passes here but a look at a flag.

pub(crate) mod tcp;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use netcore_proto::{Span, Time};
use netem::{Chance, Conditions, Passage, Path, PathCounts, Pipe};
use parking_lot::Mutex;

/// TCP repeats a lost segment after a round trip; on a path without delay, after this long.
const LEAST_ROUND_TRIP: Span = Span::from_millis(1);

/// What IPv4 and UDP add to a datagram.
const DATAGRAM_OVERHEAD: u64 = 28;

/// Which direction bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Out,
    In,
}

/// The conditions of a room's network on this computer.
#[derive(Default)]
pub(crate) struct Conditioner {
    is_on: AtomicBool,
    paths: Mutex<Option<Paths>>,
}

struct Paths {
    out: Path,
    into: Path,
    chance: Chance,
}

impl Conditioner {
    /// From now on the network is like this in each direction; `None`: as it is. Equal seeds draw equal chances.
    pub(crate) fn set(&self, conditions: Option<Conditions>, seed: u64) {
        let mut paths = self.paths.lock();
        self.is_on.store(conditions.is_some(), Ordering::Release);
        *paths = conditions.map(|conditions| Paths {
            out: Path::new(conditions.clone()),
            into: Path::new(conditions),
            chance: Chance::new(seed),
        });
    }

    pub(crate) fn conditions(&self) -> Option<Conditions> {
        self.paths
            .lock()
            .as_ref()
            .map(|paths| paths.out.conditions().clone())
    }

    /// What has happened to packets out and in since the conditions were set.
    pub(crate) fn counts(&self) -> Option<[PathCounts; 2]> {
        self.paths
            .lock()
            .as_ref()
            .map(|paths| [paths.out.counts(), paths.into.counts()])
    }

    pub(crate) fn is_on(&self) -> bool {
        self.is_on.load(Ordering::Acquire)
    }

    /// When a datagram of `bytes` bytes arrives: never, once or twice.
    pub(crate) fn datagram(
        &self,
        direction: Direction,
        bytes: usize,
        now: Time,
    ) -> impl Iterator<Item = Time> + use<> {
        let mut paths = self.paths.lock();
        let (passage, unconditioned) = match paths.as_mut() {
            Some(paths) => {
                let (path, chance) = paths.of(direction);
                (
                    Some(path.send(bytes as u64 + DATAGRAM_OVERHEAD, now, chance)),
                    None,
                )
            }
            None => (None, Some(now)),
        };
        passage
            .into_iter()
            .flat_map(Passage::arrivals)
            .chain(unconditioned)
    }

    /// When the portions of a connection's bytes arrive, in order.
    pub(crate) fn stream(
        &self,
        direction: Direction,
        pipe: &mut Pipe,
        bytes: &Bytes,
        now: Time,
    ) -> Vec<(Time, Bytes)> {
        match self.paths.lock().as_mut() {
            Some(paths) => {
                let both = paths.out.conditions().delay.times(2);
                let (path, chance) = paths.of(direction);
                pipe.write(bytes, path, both.max(LEAST_ROUND_TRIP), now, chance)
            }
            None => vec![(pipe.pass(now), bytes.clone())],
        }
    }
}

impl Paths {
    fn of(&mut self, direction: Direction) -> (&mut Path, &mut Chance) {
        match direction {
            Direction::Out => (&mut self.out, &mut self.chance),
            Direction::In => (&mut self.into, &mut self.chance),
        }
    }
}

/// Things that are due one after another, at most so many bytes of them.
pub(crate) struct Agenda<T> {
    due: BinaryHeap<Reverse<Entry<T>>>,
    bytes: usize,
    next: u64,
}

struct Entry<T> {
    at: Time,
    /// Equal times keep their order.
    number: u64,
    bytes: usize,
    thing: T,
}

impl<T> Default for Agenda<T> {
    fn default() -> Agenda<T> {
        Agenda {
            due: BinaryHeap::new(),
            bytes: 0,
            next: 0,
        }
    }
}

impl<T> Agenda<T> {
    /// What a path holds at most: a second at half a gigabit per second. What comes on top is lost.
    const MAX_BYTES: usize = 64 * 1024 * 1024;
    /// What a thing of no bytes takes up: datagrams may be empty, and there are as many as anybody sends.
    const OVERHEAD: usize = 128;

    pub(crate) fn push(&mut self, at: Time, bytes: usize, thing: T) {
        let bytes = bytes.saturating_add(Agenda::<T>::OVERHEAD);
        if self.bytes.saturating_add(bytes) > Agenda::<T>::MAX_BYTES {
            return;
        }
        self.bytes += bytes;
        self.due.push(Reverse(Entry {
            at,
            number: self.next,
            bytes,
            thing,
        }));
        self.next += 1;
    }

    /// When the first is due.
    pub(crate) fn first(&self) -> Option<Time> {
        self.due.peek().map(|Reverse(entry)| entry.at)
    }

    /// The first thing that is due at `now`.
    pub(crate) fn pop(&mut self, now: Time) -> Option<T> {
        if self.first()? > now {
            return None;
        }
        let Reverse(entry) = self.due.pop()?;
        self.bytes -= entry.bytes;
        Some(entry.thing)
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Entry<T>) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Entry<T>) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Entry<T>) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_conditions_everything_arrives_at_once() {
        let conditioner = Conditioner::default();
        let now = Time::from_micros(5);
        assert!(!conditioner.is_on());
        assert_eq!(
            conditioner
                .datagram(Direction::Out, 1_000, now)
                .collect::<Vec<_>>(),
            [now]
        );
        conditioner.set(Some(Conditions::delay_ms(10).loss(1.0)), 1);
        assert!(conditioner.is_on());
        assert_eq!(conditioner.datagram(Direction::In, 1_000, now).count(), 0);
        assert_eq!(conditioner.counts().unwrap()[1].lost, 1);
    }

    #[test]
    fn equal_seeds_lose_the_same_datagrams() {
        let lost = |seed| {
            let conditioner = Conditioner::default();
            conditioner.set(Some(Conditions::default().loss(0.3)), seed);
            (0..200)
                .map(|_| conditioner.datagram(Direction::Out, 100, Time::ZERO).count())
                .collect::<Vec<_>>()
        };
        assert_eq!(lost(7), lost(7));
        assert_ne!(lost(7), lost(8));
    }

    #[test]
    fn an_agenda_keeps_order_and_its_bound() {
        let mut agenda = Agenda::default();
        let at = Time::from_micros;
        for (due, thing) in [(3, 'c'), (1, 'a'), (1, 'b')] {
            agenda.push(at(due), 10, thing);
        }
        assert_eq!(agenda.first(), Some(at(1)));
        assert_eq!(
            [agenda.pop(at(1)), agenda.pop(at(1)), agenda.pop(at(1))],
            [Some('a'), Some('b'), None]
        );
        agenda.push(at(9), Agenda::<char>::MAX_BYTES, 'x');
        assert_eq!(agenda.pop(at(9)), Some('c'));
        assert_eq!(agenda.pop(at(9)), None, "there was no room for it");
    }

    #[test]
    fn empty_things_fill_an_agenda_too() {
        let mut agenda = Agenda::default();
        let most = Agenda::<()>::MAX_BYTES / Agenda::<()>::OVERHEAD;
        (0..most + 10).for_each(|_| agenda.push(Time::ZERO, 0, ()));
        assert_eq!(agenda.due.len(), most);
    }
}
