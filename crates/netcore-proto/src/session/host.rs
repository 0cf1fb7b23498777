//! The host's side of who is here: connections, places, names and silence.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;

use super::{
    Event, Fingerprint, HELLO_TIMEOUT, LeaveReason, MAX_NAME_CHARS, MAX_PEOPLE, Notice, Peer, Person, Pinger,
    Pong, Presence, Profile, RETURN_TIMEOUT, Refusal, RefusalCode, Request, Returning, SILENCE_TIMEOUT,
    Welcome,
};
use crate::ground::outbox::{HostOutbox, Recipients};
use crate::ground::{ConnId, Deadline, DeadlineReason, MemberId, Time, text};

/// A welcome introduces people up to this many bytes of JSON, half a control message; the others follow one by one.
const MAX_WELCOME_BYTES: usize = 128 * 1024;
const _: () = assert!(2 * MAX_WELCOME_BYTES <= crate::wire::MAX_CONTROL_BYTES);

/// The host's side of who is here.
#[derive(Debug)]
pub(crate) struct Host {
    room_name: String,
    room: u64,
    seats: BTreeMap<MemberId, Seat>,
    conns: BTreeMap<ConnId, Conn>,
    /// Every identity this room has seen, so that a person keeps their number.
    numbers: HashMap<Fingerprint, MemberId>,
    next_datagrams: u32,
}

#[derive(Debug)]
struct Seat {
    person: Person,
    /// Of the person's name.
    likeness: String,
    conn: Option<ConnId>,
    /// When the connection was lost.
    lost: Option<Time>,
}

#[derive(Debug)]
struct Conn {
    peer: Peer,
    stage: Stage,
    /// The connection id of its datagrams, once it has joined.
    datagrams: Option<u32>,
    heard: Time,
    pinger: Pinger,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    AwaitingHello { until: Time },
    Joined(MemberId),
}

/// A member that has just been let in, and what it already knows.
pub(crate) struct Arrival {
    pub(crate) conn: ConnId,
    pub(crate) member: MemberId,
    /// The first person that the welcome did not introduce, and from whom on it introduced nobody.
    pub(crate) introduced: u64,
    /// The last chat entry they have, if they were in this very room before.
    pub(crate) last_seq: Option<u64>,
    /// Whether they were away altogether, as opposed to reconnecting.
    pub(crate) is_new: bool,
}

/// A member that has left for good.
pub(crate) struct Departure {
    pub(crate) person: Person,
    pub(crate) reason: LeaveReason,
}

impl Host {
    pub(crate) fn new(
        room_name: String,
        room: u64,
        profile: &Profile,
        identity: Fingerprint,
        address: SocketAddr,
    ) -> Host {
        let person = Person {
            id: MemberId::HOST,
            profile: profile.tidied(),
            address,
            fingerprint: identity,
            presence: Presence::Here,
        };
        Host {
            room_name,
            room,
            seats: BTreeMap::from([(
                MemberId::HOST,
                Seat {
                    likeness: text::likeness(&person.profile.name),
                    person,
                    conn: None,
                    lost: None,
                },
            )]),
            conns: BTreeMap::new(),
            numbers: HashMap::from([(identity, MemberId::HOST)]),
            next_datagrams: 1,
        }
    }

    pub(crate) fn room_name(&self) -> &str {
        &self.room_name
    }

    pub(crate) fn people(&self) -> impl Iterator<Item = &Person> {
        self.seats.values().map(|seat| &seat.person)
    }

    pub(crate) fn person(&self, id: MemberId) -> Option<&Person> {
        self.seats.get(&id).map(|seat| &seat.person)
    }

    pub(crate) fn member_of(&self, conn: ConnId) -> Option<MemberId> {
        match self.conns.get(&conn)?.stage {
            Stage::Joined(member) => Some(member),
            Stage::AwaitingHello { .. } => None,
        }
    }

    /// The connections that `recipients` are reached on.
    pub(crate) fn conns_of(&self, recipients: &Recipients) -> Vec<ConnId> {
        let seated = self.seats.iter().filter_map(|(id, seat)| Some((*id, seat.conn?)));
        match recipients {
            Recipients::All => seated.map(|(_, conn)| conn).collect(),
            Recipients::AllBut(but) => seated.filter(|(id, _)| id != but).map(|(_, conn)| conn).collect(),
            Recipients::One(one) => self
                .seats
                .get(one)
                .and_then(|seat| seat.conn)
                .into_iter()
                .collect(),
            Recipients::These(these) => seated
                .filter(|(id, _)| these.contains(id))
                .map(|(_, conn)| conn)
                .collect(),
        }
    }

    pub(crate) fn handle_connected(&mut self, conn: ConnId, peer: Peer, now: Time) {
        let stage = Stage::AwaitingHello {
            until: now + HELLO_TIMEOUT,
        };
        self.conns.insert(
            conn,
            Conn {
                peer,
                stage,
                datagrams: None,
                heard: now,
                pinger: Pinger::new(now),
            },
        );
    }

    pub(crate) fn handle_heard(&mut self, conn: ConnId, now: Time) {
        if let Some(conn) = self.conns.get_mut(&conn) {
            conn.heard = now;
        }
    }

    /// A session request. Returns who has just arrived, if any.
    pub(crate) fn handle_request(
        &mut self,
        conn: ConnId,
        request: Request,
        now: Time,
        out: &mut impl HostOutbox<Notice, Event>,
    ) -> Option<Arrival> {
        let stage = self.conns.get(&conn)?.stage;
        match (stage, request) {
            (Stage::AwaitingHello { .. }, Request::Hello { profile, returning }) => {
                self.handle_hello(conn, &profile, returning, out)
            }
            (Stage::Joined(member), Request::Profile(profile)) => {
                self.set_profile(member, &profile, out);
                None
            }
            (Stage::Joined(_), Request::Ping(ping)) => {
                let pong = Pong {
                    sent: ping.sent,
                    received: now,
                };
                out.answer(conn, Notice::Pong(pong));
                None
            }
            (Stage::Joined(member), Request::Pong(pong)) => {
                let pinger = self.conns.get_mut(&conn).map(|conn| &mut conn.pinger);
                let event = pinger.and_then(|pinger| pinger.handle_pong(member, pong, now));
                event.into_iter().for_each(|event| out.event(event));
                None
            }
            (Stage::AwaitingHello { .. }, _) => {
                self.refuse(conn, second_hello(), out);
                None
            }
            // To leave and to break this rule are departures, which the node asks for by `leave`.
            (Stage::Joined(_), Request::Leave | Request::Hello { .. }) => None,
        }
    }

    pub(crate) fn set_profile(
        &mut self,
        member: MemberId,
        profile: &Profile,
        out: &mut impl HostOutbox<Notice, Event>,
    ) {
        let profile = self.with_distinct_name(profile.tidied(), member);
        if let Some(seat) = self.seats.get_mut(&member) {
            seat.likeness = text::likeness(&profile.name);
            seat.person.profile = profile;
            announce_change(&seat.person, out);
        }
    }

    /// The profile with a name that nobody else's in the room is taken for: the second Ada is "Ada (2)".
    fn with_distinct_name(&self, profile: Profile, member: MemberId) -> Profile {
        let others = self.seats.iter().filter(|(id, _)| **id != member);
        let taken: HashSet<&str> = others.map(|(_, seat)| seat.likeness.as_str()).collect();
        let numbered = |number: usize| {
            let suffix = format!(" ({number})");
            let room = MAX_NAME_CHARS.saturating_sub(suffix.chars().count());
            text::name(&profile.name, room) + &suffix
        };
        let names = std::iter::once(profile.name.clone()).chain((2..).map(numbered));
        // A room has fewer people than there are numbers to try.
        let name = { names }.find(|name| !taken.contains(text::likeness(name).as_str()));
        Profile {
            name: name.unwrap_or_default(),
            ..profile
        }
    }

    /// The host is reached at another address than before.
    pub(crate) fn set_address(&mut self, address: SocketAddr, out: &mut impl HostOutbox<Notice, Event>) {
        if let Some(seat) = self.seats.get_mut(&MemberId::HOST)
            && seat.person.address != address
        {
            seat.person.address = address;
            announce_change(&seat.person, out);
        }
    }

    fn handle_hello(
        &mut self,
        conn: ConnId,
        profile: &Profile,
        returning: Option<Returning>,
        out: &mut impl HostOutbox<Notice, Event>,
    ) -> Option<Arrival> {
        let peer = self.conns.get(&conn)?.peer.clone();
        let known = self.numbers.get(&peer.fingerprint).copied();
        let member = known.unwrap_or(MemberId(self.numbers.len() as u32));
        if member == MemberId::HOST {
            let words =
                "this is the host's own identity: a second copy on one computer needs a --profile of its own";
            self.refuse(conn, Refusal::new(RefusalCode::Replaced, words), out);
            return None;
        }
        let is_new = !self.seats.contains_key(&member);
        if is_new && self.seats.len() >= MAX_PEOPLE {
            let words = format!("the room is full: {MAX_PEOPLE} people are here");
            self.refuse(conn, Refusal::new(RefusalCode::RoomFull, words), out);
            return None;
        }
        self.numbers.insert(peer.fingerprint, member);
        if let Some(older) = self.seats.get(&member).and_then(|seat| seat.conn) {
            self.conns.remove(&older);
            out.event(Event::Detached { member });
            let words = "the same identity has joined from another connection";
            refuse(older, Refusal::new(RefusalCode::Replaced, words), out);
        }
        let person = Person {
            id: member,
            profile: self.with_distinct_name(profile.tidied(), member),
            address: peer.address,
            fingerprint: peer.fingerprint,
            presence: Presence::Here,
        };
        self.seats.insert(
            member,
            Seat {
                likeness: text::likeness(&person.profile.name),
                person: person.clone(),
                conn: Some(conn),
                lost: None,
            },
        );
        let datagrams = self.free_datagrams();
        if let Some(conn) = self.conns.get_mut(&conn) {
            conn.stage = Stage::Joined(member);
            conn.datagrams = Some(datagrams);
        }
        let (people, introduced) = self.introductions(member);
        let welcome = Welcome {
            room_name: self.room_name.clone(),
            room: self.room,
            me: member,
            token: peer.token,
            datagrams,
            people,
        };
        out.answer(conn, Notice::Welcome(Box::new(welcome)));
        out.event(Event::Attached {
            conn,
            member,
            token: peer.token,
            datagrams,
        });
        if is_new {
            let notice = Notice::Joined(person.clone());
            out.notice(Recipients::AllBut(member), notice);
            out.event(Event::Joined(person));
        } else {
            let notice = Notice::Changed(person.clone());
            out.notice(Recipients::AllBut(member), notice);
            out.event(Event::Changed(person));
        }
        let last_seq = returning
            .filter(|returning| returning.room == self.room)
            .map(|returning| returning.last_seq);
        Some(Arrival {
            conn,
            member,
            introduced,
            last_seq,
            is_new,
        })
    }

    /// A connection id that none of those here has: after 2^32 joins the ids begin again.
    fn free_datagrams(&mut self) -> u32 {
        loop {
            let id = self.next_datagrams;
            self.next_datagrams = id.wrapping_add(1);
            // There are never as many connections as ids.
            if self.conns.values().all(|conn| conn.datagrams != Some(id)) {
                return id;
            }
        }
    }

    /// Who is here, newcomer and host first: as many as fit a welcome, and the number from which on the others follow.
    fn introductions(&self, newcomer: MemberId) -> (Vec<Person>, u64) {
        let mut people: Vec<Person> = self.people().cloned().collect();
        people.sort_by_key(|person| (person.id != newcomer, person.id));
        let mut bytes = 0_usize;
        let fits = |person: &&Person| {
            bytes = bytes.saturating_add(person.most_bytes());
            bytes <= MAX_WELCOME_BYTES
        };
        let fitting = people.iter().take_while(fits).count();
        let further = people.split_off(fitting);
        let from = further.first().map_or(u64::MAX, |person| person.id.0.into());
        (people, from)
    }

    /// For a page: the first person from number `from` on, but for the newcomer, who is in the welcome.
    pub(crate) fn person_from(&self, from: u64, newcomer: MemberId) -> Option<(u64, Notice)> {
        let from = MemberId(u32::try_from(from).ok()?);
        let (id, seat) = self.seats.range(from..).find(|(id, _)| **id != newcomer)?;
        let notice = Notice::Changed(seat.person.clone());
        Some((id.0.into(), notice))
    }

    /// The connection ended on its own: its member may come back.
    pub(crate) fn handle_closed(
        &mut self,
        conn: ConnId,
        now: Time,
        out: &mut impl HostOutbox<Notice, Event>,
    ) {
        let Some(Conn {
            stage: Stage::Joined(member),
            ..
        }) = self.conns.remove(&conn)
        else {
            return;
        };
        let Some(seat) = self.seats.get_mut(&member).filter(|seat| seat.conn == Some(conn)) else {
            return;
        };
        seat.conn = None;
        seat.lost = Some(now);
        seat.person.presence = Presence::Reconnecting;
        out.event(Event::Detached { member });
        announce_change(&seat.person, out);
    }

    /// Takes `member` out of the room for good and closes its connection, if it has one.
    pub(crate) fn leave(
        &mut self,
        member: MemberId,
        reason: LeaveReason,
        refusal: Option<Refusal>,
        out: &mut impl HostOutbox<Notice, Event>,
    ) -> Option<Departure> {
        let seat = self.seats.remove(&member)?;
        if let Some(conn) = seat.conn {
            self.conns.remove(&conn);
            out.event(Event::Detached { member });
            match refusal {
                Some(refusal) => refuse(conn, refusal, out),
                None => out.close(conn, None),
            }
        }
        out.notice(Recipients::All, Notice::Left { id: member, reason });
        out.event(Event::Left {
            person: seat.person.clone(),
            reason,
        });
        Some(Departure {
            person: seat.person,
            reason,
        })
    }

    /// Refuses a connection that is not (yet) a member's.
    pub(crate) fn refuse(
        &mut self,
        conn: ConnId,
        refusal: Refusal,
        out: &mut impl HostOutbox<Notice, Event>,
    ) {
        if self.conns.remove(&conn).is_some() {
            refuse(conn, refusal, out);
        }
    }

    /// Ends every connection: the room closes.
    pub(crate) fn close(&mut self, out: &mut impl HostOutbox<Notice, Event>) {
        for (conn, _) in std::mem::take(&mut self.conns) {
            let words = "the host closed the room";
            refuse(conn, Refusal::new(RefusalCode::Closed, words), out);
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Deadline> {
        let conns = self.conns.values().flat_map(|conn| {
            let patience = match conn.stage {
                Stage::AwaitingHello { until } => Deadline {
                    at: until,
                    reason: DeadlineReason::Hello,
                },
                Stage::Joined(_) => Deadline {
                    at: conn.heard + SILENCE_TIMEOUT,
                    reason: DeadlineReason::Silence,
                },
            };
            [patience, conn.pinger.deadline()]
        });
        let places = self
            .seats
            .values()
            .filter_map(|seat| seat.lost)
            .map(|lost| Deadline {
                at: lost + RETURN_TIMEOUT,
                reason: DeadlineReason::Return,
            });
        conns.chain(places).min()
    }

    /// Asks, and finds out who has been silent or away for too long.
    pub(crate) fn handle_timeout(
        &mut self,
        now: Time,
        out: &mut impl HostOutbox<Notice, Event>,
    ) -> Vec<Departure> {
        let mut silent = Vec::new();
        let mut late = Vec::new();
        for (&id, conn) in &mut self.conns {
            match conn.stage {
                Stage::AwaitingHello { until } if until <= now => late.push(id),
                Stage::Joined(_) if conn.heard + SILENCE_TIMEOUT <= now => silent.push(id),
                _ => {}
            }
            if let Some(ping) = conn.pinger.poll_ping(now)
                && matches!(conn.stage, Stage::Joined(_))
            {
                out.answer(id, Notice::Ping(ping));
            }
        }
        for conn in late {
            let words = format!("no hello within {HELLO_TIMEOUT}");
            self.refuse(conn, Refusal::new(RefusalCode::Silent, words), out);
        }
        for conn in silent {
            self.handle_closed(conn, now, out);
            let words = format!("nothing was heard for {SILENCE_TIMEOUT}");
            refuse(conn, Refusal::new(RefusalCode::Silent, words), out);
        }
        let given_up = |seat: &Seat| seat.lost.is_some_and(|lost| lost + RETURN_TIMEOUT <= now);
        let gone: Vec<MemberId> = self
            .seats
            .iter()
            .filter(|(_, seat)| given_up(seat))
            .map(|(id, _)| *id)
            .collect();
        gone.into_iter()
            .filter_map(|member| self.leave(member, LeaveReason::Lost, None, out))
            .collect()
    }
}

/// Sends a connection its refusal, and closes it.
pub(crate) fn refuse(conn: ConnId, refusal: Refusal, out: &mut impl HostOutbox<Notice, Event>) {
    out.answer(conn, Notice::Refused(refusal.clone()));
    out.close(conn, Some(refusal));
}

/// The refusal of a hello where none is expected.
pub(crate) fn second_hello() -> Refusal {
    let words = "a connection begins with one hello, and only begins with it";
    Refusal::new(RefusalCode::BadMessage, words)
}

fn announce_change(person: &Person, out: &mut impl HostOutbox<Notice, Event>) {
    out.notice(Recipients::All, Notice::Changed(person.clone()));
    out.event(Event::Changed(person.clone()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::AttachToken;

    #[test]
    fn connection_ids_begin_again_and_pass_over_those_in_use() {
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let fingerprint = Fingerprint([0; 32]);
        let mut host = Host::new(String::new(), 1, &Profile::default(), fingerprint, address);
        for (number, id) in [(1, u32::MAX), (2, 0), (3, 2)] {
            let peer = Peer {
                fingerprint,
                address,
                token: AttachToken([0; 16]),
            };
            host.handle_connected(ConnId(number), peer, Time::ZERO);
            if let Some(conn) = host.conns.get_mut(&ConnId(number)) {
                conn.datagrams = Some(id);
            }
        }
        host.next_datagrams = u32::MAX - 1;
        assert_eq!([(); 3].map(|()| host.free_datagrams()), [u32::MAX - 1, 1, 3]);
    }
}
