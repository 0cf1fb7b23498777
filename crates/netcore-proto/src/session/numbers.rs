//! Which number in the room each identity has.

use std::collections::HashMap;

use super::{Fingerprint, MemberId};

/// Identities whose numbers a room remembers. Beyond it, the absent one that was last seen longest ago is forgotten.
pub(super) const MAX_NUMBERS: usize = 4_096;
const _: () = assert!(super::MAX_PEOPLE < MAX_NUMBERS);

/// The numbers of the identities that a room has seen: one that comes back has the number that it had.
#[derive(Debug)]
pub(super) struct Numbers {
    of: HashMap<Fingerprint, Seen>,
    /// The number that the next unknown identity gets, unless another has it already.
    next: u32,
    /// How often an identity was seen, which orders the identities by when that was.
    sightings: u64,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    member: MemberId,
    last: u64,
}

impl Numbers {
    /// The numbers of a room in which only the host is.
    pub(super) fn new(host: Fingerprint) -> Numbers {
        let seen = Seen {
            member: MemberId::HOST,
            last: 0,
        };
        Numbers {
            of: HashMap::from([(host, seen)]),
            next: MemberId::HOST.0 + 1,
            sightings: 0,
        }
    }

    /// The number of an identity that is remembered.
    pub(super) fn get(&self, identity: Fingerprint) -> Option<MemberId> {
        self.of.get(&identity).map(|seen| seen.member)
    }

    /// The number of `identity`, which has just come: the one that it had, or a new one. `is_here` says which numbers belong to
    /// members who are in the room; these are never forgotten.
    pub(super) fn assign(&mut self, identity: Fingerprint, is_here: impl Fn(MemberId) -> bool) -> MemberId {
        if let Some(member) = self.get(identity) {
            self.note_seen(identity);
            return member;
        }
        if self.of.len() >= MAX_NUMBERS {
            self.forget_one(is_here);
        }
        let member = self.free_number();
        self.of.insert(identity, Seen { member, last: 0 });
        self.note_seen(identity);
        member
    }

    /// Notes that `identity` was in the room until now.
    pub(super) fn note_seen(&mut self, identity: Fingerprint) {
        if let Some(seen) = self.of.get_mut(&identity) {
            self.sightings = self.sightings.saturating_add(1);
            seen.last = self.sightings;
        }
    }

    fn forget_one(&mut self, is_here: impl Fn(MemberId) -> bool) {
        let absent = self.of.iter().filter(|(_, seen)| !is_here(seen.member));
        let oldest = absent.min_by_key(|(_, seen)| seen.last);
        if let Some(identity) = oldest.map(|(identity, _)| *identity) {
            self.of.remove(&identity);
        }
    }

    /// A number that no remembered identity has: after 2^32 identities the numbers begin again.
    fn free_number(&mut self) -> MemberId {
        loop {
            let number = MemberId(self.next);
            self.next = self.next.wrapping_add(1);
            if self.of.values().all(|seen| seen.member != number) {
                return number;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(number: u32) -> Fingerprint {
        let mut bytes = [7; 32];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        Fingerprint(bytes)
    }

    /// The numbers of a room that `1..=count` visited, one after the other.
    fn visited_by(count: usize) -> Numbers {
        let mut numbers = Numbers::new(identity(0));
        for number in 1..=count as u32 {
            let given = numbers.assign(identity(number), |member| member == MemberId::HOST);
            assert_eq!(given, MemberId(number), "each has a number of its own");
        }
        numbers
    }

    #[test]
    fn the_latest_identities_keep_their_numbers_and_the_memory_has_a_bound() {
        let visitors = MAX_NUMBERS + 100;
        let mut numbers = visited_by(visitors);
        assert_eq!(numbers.of.len(), MAX_NUMBERS);
        let first_remembered = visitors - MAX_NUMBERS + 2;
        for number in first_remembered..=visitors {
            assert_eq!(
                numbers.get(identity(number as u32)),
                Some(MemberId(number as u32))
            );
        }
        // A forgotten identity is a new one: it does not get a number that belonged to another.
        let again = numbers.assign(identity(1), |member| member == MemberId::HOST);
        assert_eq!(again, MemberId(visitors as u32 + 1));
    }

    #[test]
    fn those_in_the_room_and_the_host_are_never_forgotten() {
        let mut numbers = visited_by(2);
        for number in 3..MAX_NUMBERS as u32 + 100 {
            numbers.assign(identity(number), |member| member.0 <= 1);
        }
        assert_eq!(numbers.get(identity(0)), Some(MemberId::HOST));
        assert_eq!(numbers.get(identity(1)), Some(MemberId(1)), "is here");
        assert_eq!(numbers.get(identity(2)), None, "left, and was the oldest");
        // One that leaves after long is the latest seen, not the oldest.
        numbers.note_seen(identity(1));
        for number in 0..100 {
            numbers.assign(identity(1_000_000 + number), |member| member == MemberId::HOST);
        }
        assert_eq!(numbers.get(identity(1)), Some(MemberId(1)));
    }

    #[test]
    fn numbers_begin_again_and_pass_over_those_in_use() {
        let mut numbers = visited_by(1);
        numbers.next = u32::MAX;
        let given = [2, 3].map(|number| numbers.assign(identity(number), |_| true));
        assert_eq!(given, [MemberId(u32::MAX), MemberId(2)]);
    }
}
