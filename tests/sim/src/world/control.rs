//! Control connections, and the nodes at their ends.

use bytes::Bytes;
use netcore_proto::wire::AttachToken;
use netcore_proto::{ConnId, Event, HostConfig, Node, Output, PeerInfo, Span, Time, session};

use super::{HOST, Happening, Side, World};
use crate::Pipe;

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) member: usize,
    up: Pipe,
    down: Pipe,
    pub(super) is_open_at_host: bool,
    is_open_at_member: bool,
    pub(super) is_broken: bool,
}

impl World {
    /// The host opens a room, another one each time.
    pub fn open(&mut self) {
        self.rooms += 1;
        self.numbers.clear();
        let host = &mut self.people[HOST];
        let config = HostConfig {
            room_name: "Lab".into(),
            room: self.rooms,
            profile: host.profile.clone(),
            identity: host.fingerprint,
            address: ([10, 0, 0, 1], 27182).into(),
            epoch_unix_ms: 1_700_000_000_000,
        };
        host.node = Some(Node::host(config, host.clock(self.now)));
        host.events.clear();
        self.settle(HOST);
    }

    /// A person connects to the host, if a room is open. An earlier connection is not closed for it.
    pub fn join(&mut self, name: &str) {
        let who = self.who(name);
        let person = &mut self.people[who];
        if person.node.is_none() {
            person.node = Some(Node::member(&person.profile));
        }
        if self.people[HOST].node.is_none() {
            return self
                .trace
                .line(self.now, format_args!("{name}: connection refused"));
        }
        let conn = ConnId(self.next_conn);
        self.next_conn += 1;
        self.conns.insert(
            conn,
            Connection {
                member: who,
                up: Pipe::default(),
                down: Pipe::default(),
                is_open_at_host: true,
                is_open_at_member: true,
                is_broken: false,
            },
        );
        let (up, down) = self.delays(who);
        self.agenda.plan(
            self.now + up,
            Happening::Connected {
                conn,
                side: Side::Host,
            },
        );
        self.agenda.plan(
            self.now + up + down,
            Happening::Connected {
                conn,
                side: Side::Member,
            },
        );
    }

    /// A person says something, under a number of its own, which is returned.
    ///
    /// # Panics
    /// When the node refuses.
    pub fn say(&mut self, name: &str, text: &str) -> u64 {
        let who = self.who(name);
        let local = self.people[who].next_local;
        self.people[who].next_local += 1;
        self.people[who].said += 1;
        self.with_node(name, |node, now| {
            node.say(local, text, now).expect("it can be said");
        });
        local
    }

    /// A person's program starts anew.
    pub fn restart(&mut self, name: &str) {
        self.cut(name);
        let who = self.who(name);
        let person = &mut self.people[who];
        person.node = Some(Node::member(&person.profile));
        person.events.clear();
        person.conn = None;
    }

    /// A person's control connection breaks, if there is one: what is in flight is lost, and both ends notice.
    pub fn cut(&mut self, name: &str) {
        let who = self.who(name);
        let (up, _) = self.delays(who);
        for (&conn, connection) in self
            .conns
            .iter_mut()
            .filter(|(_, connection)| connection.member == who)
        {
            connection.is_broken = true;
            let at_host = Happening::Closed {
                conn,
                side: Side::Host,
            };
            let at_member = Happening::Closed {
                conn,
                side: Side::Member,
            };
            self.agenda.plan(self.now + up, at_host);
            self.agenda.plan(self.now, at_member);
        }
    }

    /// Nothing gets to or from a person, and no one is notified.
    pub fn silence(&mut self, name: &str) {
        let who = self.who(name);
        self.people[who].is_silent = true;
    }

    /// What was held back arrives now.
    pub fn heal(&mut self, name: &str) {
        let who = self.who(name);
        self.people[who].is_silent = false;
        for happening in std::mem::take(&mut self.people[who].held_back) {
            self.agenda.plan(self.now, happening);
        }
    }

    /// A person's computer sleeps: nothing gets to or from it, and it does nothing.
    pub fn sleep(&mut self, name: &str) {
        self.silence(name);
        let who = self.who(name);
        self.people[who].is_asleep = true;
    }

    /// It wakes, and its clock has stood still for `lost`.
    pub fn wake(&mut self, name: &str, lost: Span) {
        let who = self.who(name);
        let person = &mut self.people[who];
        person.is_asleep = false;
        person.clock_ahead = person.clock_ahead.saturating_sub(lost);
        self.heal(name);
        self.settle(who);
    }

    /// Bytes on a person's control connection to the host, whatever they are.
    ///
    /// # Panics
    /// When there is no connection.
    pub fn raw(&mut self, name: &str, bytes: &[u8]) {
        let who = self.who(name);
        let conn = self.people[who].conn.expect("there is a connection");
        self.transmit(conn, Side::Member, &Bytes::copy_from_slice(bytes));
    }

    /// A person connects, and instead of a hello come these bytes.
    pub fn intrude(&mut self, name: &str, bytes: &[u8]) {
        self.join(name);
        let conn = ConnId(self.next_conn - 1);
        if let Some(connection) = self.conns.get_mut(&conn) {
            connection.is_open_at_member = false;
        }
        // After the host has been notified of the connection, as on a real one.
        let who = self.who(name);
        self.wait(self.delays(who).0);
        self.transmit(conn, Side::Member, &Bytes::copy_from_slice(bytes));
    }

    /// Hands a person's node over, with what their clock shows, and does what it then wants.
    pub fn with_node<R>(&mut self, name: &str, act: impl FnOnce(&mut Node, Time) -> R) -> R {
        let who = self.who(name);
        let person = &mut self.people[who];
        let clock = person.clock(self.now);
        let result = act(person.node.as_mut().expect("the program runs"), clock);
        self.settle(who);
        result
    }

    /// A person's program shows another's certificate from now on.
    pub fn impersonate(&mut self, name: &str, other: &str) {
        let (who, other) = (self.who(name), self.who(other));
        self.people[who].fingerprint = self.people[other].fingerprint;
    }

    /// One path up and one path down.
    fn delays(&self, who: usize) -> (Span, Span) {
        let person = &self.people[who];
        (person.up.conditions().delay, person.down.conditions().delay)
    }

    pub(super) fn connected(&mut self, conn: ConnId, side: Side) {
        let Some(connection) = self.conns.get(&conn).filter(|connection| !connection.is_broken) else {
            return;
        };
        let member = connection.member;
        if side == Side::Member && !connection.is_open_at_member {
            return;
        }
        let token = AttachToken(u128::from(self.chance.bits()).to_be_bytes());
        let (who, other) = match side {
            Side::Host => (HOST, member),
            Side::Member => (member, HOST),
        };
        let peer = PeerInfo {
            fingerprint: self.people[other].fingerprint,
            address: ([10, 1, (other >> 8) as u8, other as u8], 40_000).into(),
            token,
        };
        self.trace.line(
            self.now,
            format_args!("{}: connection {conn} is there", self.people[who].name),
        );
        let person = &mut self.people[who];
        if side == Side::Member {
            person.conn = Some(conn);
        }
        let clock = person.clock(self.now);
        if let Some(node) = &mut person.node {
            node.handle_connected(conn, peer, clock);
        }
        self.settle(who);
    }

    pub(super) fn arrived(&mut self, conn: ConnId, side: Side, bytes: &[u8]) {
        self.trace.fact(self.now, 1, conn.0, bytes.len());
        let Some(who) = self.listener(conn, side) else {
            return;
        };
        let person = &mut self.people[who];
        let clock = person.clock(self.now);
        if let Some(node) = &mut person.node {
            node.handle_bytes(conn, bytes, clock);
        }
        self.settle(who);
    }

    pub(super) fn closed(&mut self, conn: ConnId, side: Side) {
        let who = match (side, self.conns.get(&conn)) {
            (Side::Host, Some(connection)) if connection.is_open_at_host => HOST,
            (Side::Member, Some(connection)) if connection.is_open_at_member => connection.member,
            _ => return,
        };
        self.shut(conn, side);
        self.trace.line(
            self.now,
            format_args!("{}: connection {conn} has ended", self.people[who].name),
        );
        let person = &mut self.people[who];
        let clock = person.clock(self.now);
        if let Some(node) = &mut person.node {
            node.handle_closed(conn, clock);
        }
        self.settle(who);
    }

    pub(super) fn node_timer(&mut self, who: usize) {
        let person = &mut self.people[who];
        if person.timer == Some(self.now) {
            person.timer = None;
        }
        if person.is_asleep {
            return;
        }
        let clock = person.clock(self.now);
        if let Some(node) = &mut person.node
            && node.poll_timeout().is_some_and(|deadline| deadline.at <= clock)
        {
            node.handle_timeout(clock);
        }
        self.settle(who);
    }

    pub(super) fn drained(&mut self, conn: ConnId) {
        let is_open = self
            .conns
            .get(&conn)
            .is_some_and(|connection| connection.is_open_at_host);
        if let Some(node) = self.people[HOST].node.as_mut().filter(|_| is_open) {
            node.handle_drained(conn);
            self.settle(HOST);
        }
    }

    /// Does what a person's node wants, until it wants nothing, and plans its next deadline.
    pub(super) fn settle(&mut self, who: usize) {
        let Some(mut node) = self.people[who].node.take() else {
            return;
        };
        while let Some(output) = node.poll_output() {
            match output {
                Output::Transmit { conn, bytes } => self.transmit(conn, side_of(who), &bytes),
                Output::Close { conn, refusal } => {
                    let why = refusal.map_or_else(|| "goodbye".to_owned(), |refusal| refusal.message);
                    let name = self.people[who].name;
                    self.trace
                        .line(self.now, format_args!("{name} closes connection {conn}: {why}"));
                    self.close(conn, side_of(who));
                }
                Output::AwaitDrain { conn } => {
                    if let Some(connection) = self.conns.get(&conn) {
                        let (_, down) = self.delays(connection.member);
                        self.agenda.plan(self.now + down, Happening::Drained { conn });
                    }
                }
                Output::Event(event) => self.reported(who, event),
            }
        }
        let person = &mut self.people[who];
        let deadline = node
            .poll_timeout()
            .map(|deadline| person.moment(deadline.at).max(self.now));
        person.node = Some(node);
        if let Some(at) = deadline.filter(|at| person.timer.is_none_or(|planned| *at < planned)) {
            person.timer = Some(at);
            self.agenda.plan(at, Happening::NodeTimer { who });
        }
    }

    fn reported(&mut self, who: usize, event: Event) {
        let name = self.people[who].name;
        self.trace.line(self.now, format_args!("{name} learns {event:?}"));
        if let Event::Session(session::Event::RoundTrip { round_trip, .. }) = &event {
            self.heard_round_trip(who, &event, *round_trip);
        }
        if let Event::Session(session::Event::Attached { conn, member, .. }) = &event
            && let Some(connection) = self.conns.get(conn)
        {
            self.numbers.insert(*member, connection.member);
        }
        self.wire_video(who, &event);
        self.people[who].events.push((self.now, event));
    }

    fn transmit(&mut self, conn: ConnId, from: Side, bytes: &Bytes) {
        let Some(connection) = self.conns.get_mut(&conn) else {
            return;
        };
        let person = &mut self.people[connection.member];
        let round_trip = person.up.conditions().delay + person.down.conditions().delay;
        let (pipe, path, side) = match from {
            Side::Host => (&mut connection.down, &mut person.down, Side::Member),
            Side::Member => (&mut connection.up, &mut person.up, Side::Host),
        };
        for (at, bytes) in pipe.write(bytes, path, round_trip, self.now, &mut self.chance) {
            self.agenda.plan(at, Happening::Bytes { conn, side, bytes });
        }
    }

    /// One end closes: it hears no more, and the other hears of it after everything that was sent.
    fn close(&mut self, conn: ConnId, from: Side) {
        let Some(connection) = self.conns.get_mut(&conn) else {
            return;
        };
        let person = &self.people[connection.member];
        let (at, side) = match from {
            Side::Host => (connection.down.close(&person.down, self.now), Side::Member),
            Side::Member => (connection.up.close(&person.up, self.now), Side::Host),
        };
        self.agenda.plan(at, Happening::Closed { conn, side });
        self.shut(conn, from);
    }

    fn shut(&mut self, conn: ConnId, side: Side) {
        let Some(connection) = self.conns.get_mut(&conn) else {
            return;
        };
        match side {
            Side::Host => connection.is_open_at_host = false,
            Side::Member => {
                connection.is_open_at_member = false;
                let person = &mut self.people[connection.member];
                person.conn = person.conn.filter(|own| *own != conn);
            }
        }
        if !connection.is_open_at_host && !connection.is_open_at_member {
            self.conns.remove(&conn);
        }
    }

    /// Who reads what arrives on this side, if anybody still does.
    fn listener(&self, conn: ConnId, side: Side) -> Option<usize> {
        let connection = self.conns.get(&conn).filter(|connection| !connection.is_broken)?;
        match side {
            Side::Host => connection.is_open_at_host.then_some(HOST),
            Side::Member => connection.is_open_at_member.then_some(connection.member),
        }
    }
}

fn side_of(who: usize) -> Side {
    if who == HOST { Side::Host } else { Side::Member }
}
