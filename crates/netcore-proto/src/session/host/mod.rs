//! The host's side of who is here: connections, places and names.

mod hello;
mod timeouts;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::numbers::Numbers;
use super::{
    Event, Fingerprint, HELLO_TIMEOUT, LeaveReason, Notice, PeerInfo, Person, Pinger, Pong, Presence,
    Profile, Refusal, RefusalCode, Request,
};
use crate::ground::sink::{HostSink, Recipients};
use crate::ground::{ConnId, MemberId, Time, text};

/// The host's side of who is here.
#[derive(Debug)]
pub(crate) struct Host {
    room_name: String,
    room: u64,
    seats: BTreeMap<MemberId, Seat>,
    conns: BTreeMap<ConnId, Conn>,
    /// The identities this room has seen, so that a person keeps their number.
    numbers: Numbers,
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
    peer: PeerInfo,
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
            profile: profile.sanitized(),
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
            numbers: Numbers::new(identity),
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

    pub(crate) fn handle_connected(&mut self, conn: ConnId, peer: PeerInfo, now: Time) {
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
        out: &mut impl HostSink<Notice, Event>,
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
        out: &mut impl HostSink<Notice, Event>,
    ) {
        let profile = self.with_distinct_name(profile.sanitized(), member);
        if let Some(seat) = self.seats.get_mut(&member) {
            seat.likeness = text::likeness(&profile.name);
            seat.person.profile = profile;
            announce_change(&seat.person, out);
        }
    }

    /// The host is reached at another address than before.
    pub(crate) fn set_address(&mut self, address: SocketAddr, out: &mut impl HostSink<Notice, Event>) {
        if let Some(seat) = self.seats.get_mut(&MemberId::HOST)
            && seat.person.address != address
        {
            seat.person.address = address;
            announce_change(&seat.person, out);
        }
    }

    /// For a page: the first person from number `from` on, but for the newcomer, who is in the welcome.
    pub(crate) fn person_from(&self, from: u64, newcomer: MemberId) -> Option<(u64, Notice)> {
        let from = MemberId(u32::try_from(from).ok()?);
        let (id, seat) = self.seats.range(from..).find(|(id, _)| **id != newcomer)?;
        let notice = Notice::Changed(seat.person.clone());
        Some((id.0.into(), notice))
    }

    /// The connection ended on its own: its member may come back.
    pub(crate) fn handle_closed(&mut self, conn: ConnId, now: Time, out: &mut impl HostSink<Notice, Event>) {
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
        out: &mut impl HostSink<Notice, Event>,
    ) -> Option<Departure> {
        let seat = self.seats.remove(&member)?;
        self.numbers.note_seen(seat.person.fingerprint);
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
    pub(crate) fn refuse(&mut self, conn: ConnId, refusal: Refusal, out: &mut impl HostSink<Notice, Event>) {
        if self.conns.remove(&conn).is_some() {
            refuse(conn, refusal, out);
        }
    }

    /// Ends every connection: the room closes.
    pub(crate) fn close(&mut self, out: &mut impl HostSink<Notice, Event>) {
        for (conn, _) in std::mem::take(&mut self.conns) {
            let words = "the host closed the room";
            refuse(conn, Refusal::new(RefusalCode::Closed, words), out);
        }
    }
}

/// Sends a connection its refusal, and closes it.
pub(crate) fn refuse(conn: ConnId, refusal: Refusal, out: &mut impl HostSink<Notice, Event>) {
    out.answer(conn, Notice::Refused(refusal.clone()));
    out.close(conn, Some(refusal));
}

/// The refusal of a hello where none is expected.
pub(crate) fn second_hello() -> Refusal {
    let words = "a connection begins with one hello, and only begins with it";
    Refusal::new(RefusalCode::BadMessage, words)
}

fn announce_change(person: &Person, out: &mut impl HostSink<Notice, Event>) {
    out.notice(Recipients::All, Notice::Changed(person.clone()));
    out.event(Event::Changed(person.clone()));
}
