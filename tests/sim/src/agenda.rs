//! What happens when: the simulated future, in order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use netcore_proto::Time;

/// What will happen, in order of time; what is due at the same moment happens in the order in which it was planned.
#[derive(Debug)]
pub struct Agenda<E> {
    heap: BinaryHeap<Reverse<Planned<E>>>,
    planned: u64,
}

#[derive(Debug)]
struct Planned<E> {
    at: Time,
    order: u64,
    what: E,
}

impl<E> Agenda<E> {
    /// An agenda with nothing on it.
    pub fn new() -> Agenda<E> {
        Agenda {
            heap: BinaryHeap::new(),
            planned: 0,
        }
    }

    /// `what` happens at `at`.
    pub fn plan(&mut self, at: Time, what: E) {
        self.planned += 1;
        self.heap.push(Reverse(Planned {
            at,
            order: self.planned,
            what,
        }));
    }

    /// The next that happens at or before `until`.
    pub fn next_until(&mut self, until: Time) -> Option<(Time, E)> {
        if self.heap.peek()?.0.at > until {
            return None;
        }
        self.heap.pop().map(|Reverse(planned)| (planned.at, planned.what))
    }
}

impl<E> Default for Agenda<E> {
    fn default() -> Self {
        Agenda::new()
    }
}

impl<E> PartialEq for Planned<E> {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl<E> Eq for Planned<E> {}

impl<E> PartialOrd for Planned<E> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Planned<E> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_comes_first_and_then_the_order_of_planning() {
        let mut agenda = Agenda::new();
        agenda.plan(Time::from_micros(2), "c");
        agenda.plan(Time::from_micros(1), "a");
        agenda.plan(Time::from_micros(1), "b");
        agenda.plan(Time::from_micros(9), "later");
        let until = Time::from_micros(2);
        let happened: Vec<_> = std::iter::from_fn(|| agenda.next_until(until)).collect();
        let words: Vec<_> = happened.iter().map(|(_, word)| *word).collect();
        assert_eq!(words, ["a", "b", "c"]);
    }
}
