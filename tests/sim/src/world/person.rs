//! A person of the simulated room: a node, a clock and a link.

use netcore_proto::session::{Fingerprint, Profile};
use netcore_proto::{ConnId, Event, Node, Span, Time};

use super::Happening;
use crate::effects::{Conditions, Path};

/// A person at a computer.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) name: &'static str,
    pub(super) fingerprint: Fingerprint,
    /// As it is when the program starts.
    pub(super) profile: Profile,
    pub(super) node: Option<Node>,
    /// By how much their clock is ahead of the simulation's, so that no two computers' clocks can be mixed up unnoticed.
    pub(super) clock_ahead: Span,
    pub(super) up: Path,
    pub(super) down: Path,
    /// A member's connection to the host.
    pub(super) conn: Option<ConnId>,
    pub(super) events: Vec<(Time, Event)>,
    /// When the node's next deadline is on the agenda, by the simulation's time.
    pub(super) timer: Option<Time>,
    pub(super) is_silent: bool,
    /// The computer sleeps: none of its timers comes.
    pub(super) is_asleep: bool,
    pub(super) are_datagrams_blocked: bool,
    pub(super) held_back: Vec<Happening>,
    pub(super) next_local: u64,
    pub(super) said: u64,
    /// To the host, or for the host unused: as the last ping measured.
    pub(super) round_trip: Option<Span>,
}

impl Person {
    pub(super) fn new(name: &'static str, number: usize, links: &Conditions) -> Person {
        let mut fingerprint = [0xa0; 32];
        fingerprint[..8].copy_from_slice(&(number as u64).to_be_bytes());
        Person {
            name,
            fingerprint: Fingerprint(fingerprint),
            profile: Profile {
                name: name.to_owned(),
                ..Profile::default()
            },
            node: None,
            clock_ahead: Span::from_secs(3_600).times(number as u64 * 7 % 24),
            up: Path::new(links.clone()),
            down: Path::new(links.clone()),
            conn: None,
            events: Vec::new(),
            timer: None,
            is_silent: false,
            is_asleep: false,
            are_datagrams_blocked: false,
            held_back: Vec::new(),
            next_local: 1,
            said: 0,
            round_trip: None,
        }
    }

    /// What their clock shows.
    pub(super) fn clock(&self, now: Time) -> Time {
        now + self.clock_ahead
    }

    /// When their clock shows that.
    pub(super) fn moment(&self, clock: Time) -> Time {
        clock - self.clock_ahead
    }
}
