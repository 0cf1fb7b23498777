//! People, the links between them, and the order in which things happen to them.

mod carriage;
mod control;
mod hop;
mod look;
mod person;
mod transit;
mod video;

use std::collections::BTreeMap;

use bytes::Bytes;
use netcore_proto::{ConnId, Event, MemberId, Node, Span, StreamId, Time, Transport};

use crate::effects::{Chance, Conditions, Path};
use crate::{Agenda, Trace};
use control::Connection;
pub use hop::{Hop, Look, Shown};
use person::Person;
use video::Camera;
pub use video::LiveScenario;

/// The host in `World::people`.
const HOST: usize = 0;
/// A moment in which more than this happens is one in which time stands still.
const MAX_AT_ONCE: u32 = 200_000;

/// A host, members and everything between them.
///
/// Person 0 is the host. Every member has a link of its own, up to the host and down from it, which everything of that member
/// shares: control, datagrams, byte streams.
#[derive(Debug)]
pub struct World {
    now: Time,
    at_once: u32,
    agenda: Agenda<Happening>,
    chance: Chance,
    trace: Trace,
    people: Vec<Person>,
    rooms: u64,
    conns: BTreeMap<ConnId, Connection>,
    next_conn: u64,
    hops: Vec<Hop>,
    cameras: Vec<Camera>,
    /// Who has which number in the present room.
    numbers: BTreeMap<MemberId, usize>,
    notes: BTreeMap<&'static str, u64>,
    /// What carries each stream, as the host knows.
    transports: BTreeMap<StreamId, Transport>,
    /// Whether frames go over TCP while nothing answers their datagrams.
    minds_silence: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Host,
    Member,
}

#[derive(Debug)]
enum Happening {
    Connected {
        conn: ConnId,
        side: Side,
    },
    Bytes {
        conn: ConnId,
        side: Side,
        bytes: Bytes,
    },
    Closed {
        conn: ConnId,
        side: Side,
    },
    /// What the host had to send on a connection has left.
    Drained {
        conn: ConnId,
    },
    NodeTimer {
        who: usize,
    },
    Datagram {
        hop: usize,
        to_receiver: bool,
        bytes: Bytes,
    },
    StreamBytes {
        hop: usize,
        to_receiver: bool,
        epoch: u32,
        bytes: Bytes,
    },
    SenderTurn {
        hop: usize,
    },
    ReceiverTurn {
        hop: usize,
    },
    Picture {
        camera: usize,
    },
}

impl World {
    /// These people, the host first, each member on links like `links`, with nothing said and no room open.
    pub fn new(people: &[&'static str], links: &Conditions, seed: u64) -> World {
        let person = |(number, name): (usize, &&'static str)| Person::new(name, number, links);
        World {
            now: Time::ZERO,
            at_once: 0,
            agenda: Agenda::new(),
            chance: Chance::new(seed),
            trace: Trace::new(),
            people: people.iter().enumerate().map(person).collect(),
            rooms: 0,
            conns: BTreeMap::new(),
            next_conn: 1,
            hops: Vec::new(),
            cameras: Vec::new(),
            numbers: BTreeMap::new(),
            notes: BTreeMap::new(),
            transports: BTreeMap::new(),
            minds_silence: false,
        }
    }

    /// The simulation's own time; each person's clock is ahead of it by something else.
    pub fn now(&self) -> Time {
        self.now
    }

    /// What happened.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// The host's name.
    pub fn host(&self) -> &'static str {
        self.people[0].name
    }

    /// A person's node.
    ///
    /// # Panics
    /// When no one has that name, or the program was never started.
    pub fn node(&self, name: &str) -> &Node {
        let who = self.who(name);
        self.people[who].node.as_ref().expect("the program runs")
    }

    /// What a person's node reported since its program started, and when.
    pub fn events(&self, name: &str) -> &[(Time, Event)] {
        &self.people[self.who(name)].events
    }

    /// The path from a member to the host.
    pub fn up(&self, name: &str) -> &Path {
        &self.people[self.who(name)].up
    }

    /// The path from the host to a member.
    pub fn down(&self, name: &str) -> &Path {
        &self.people[self.who(name)].down
    }

    /// Lets time pass, and everything happen that is due in it.
    ///
    /// # Panics
    /// When so much happens in one moment that time must be standing still: a node asks to be woken in the past for ever.
    pub fn wait(&mut self, span: Span) {
        let until = self.now + span;
        while let Some((at, happening)) = self.agenda.next_until(until) {
            self.at_once = if at == self.now { self.at_once + 1 } else { 0 };
            assert!(
                self.at_once < MAX_AT_ONCE,
                "time stands still at {at}: {happening:?}"
            );
            self.now = at;
            self.happen(happening);
        }
        self.now = until;
        self.at_once = 0;
    }

    /// A person's link is like this from now on, in both directions.
    pub fn link(&mut self, name: &str, conditions: &Conditions) {
        let who = self.who(name);
        let person = &mut self.people[who];
        person.up.change(conditions.clone());
        person.down.change(conditions.clone());
    }

    /// The path from the host to a member is like this from now on.
    pub fn link_down(&mut self, name: &str, conditions: &Conditions) {
        let who = self.who(name);
        self.people[who].down.change(conditions.clone());
    }

    fn who(&self, name: &str) -> usize {
        let found = self.people.iter().position(|person| person.name == name);
        found.unwrap_or_else(|| panic!("no one is called {name}"))
    }

    fn happen(&mut self, happening: Happening) {
        let Some(happening) = self.hold_back(happening) else {
            return;
        };
        match happening {
            Happening::Connected { conn, side } => self.connected(conn, side),
            Happening::Bytes { conn, side, bytes } => self.arrived(conn, side, &bytes),
            Happening::Closed { conn, side } => self.closed(conn, side),
            Happening::Drained { conn } => self.drained(conn),
            Happening::NodeTimer { who } => self.node_timer(who),
            Happening::Datagram {
                hop,
                to_receiver,
                bytes,
            } => self.datagram(hop, to_receiver, &bytes),
            Happening::StreamBytes {
                hop,
                to_receiver,
                epoch,
                bytes,
            } => self.stream_bytes(hop, to_receiver, epoch, &bytes),
            Happening::SenderTurn { hop } => self.sender_turn(hop),
            Happening::ReceiverTurn { hop } => self.receiver_turn(hop),
            Happening::Picture { camera } => self.picture(camera),
        }
    }

    /// What travels to or from a person who cannot be reached: datagrams are lost, byte streams wait.
    fn hold_back(&mut self, happening: Happening) -> Option<Happening> {
        let member = match &happening {
            Happening::Connected { conn, .. }
            | Happening::Bytes { conn, .. }
            | Happening::Drained { conn }
            | Happening::Closed { conn, .. } => self.conns.get(conn)?.member,
            Happening::Datagram { hop, .. } | Happening::StreamBytes { hop, .. } => self.hops[*hop].member(),
            _ => return Some(happening),
        };
        let is_datagram = matches!(happening, Happening::Datagram { .. });
        if is_datagram && self.people[member].are_datagrams_blocked {
            return None;
        }
        if !self.people[member].is_silent {
            return Some(happening);
        }
        if !is_datagram {
            self.people[member].held_back.push(happening);
        }
        None
    }
}
