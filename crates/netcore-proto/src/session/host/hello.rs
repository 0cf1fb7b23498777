//! Letting a member in: its number, its name, its datagrams, and whom the welcome introduces.

use std::collections::HashSet;

use super::{Arrival, Host, Seat, Stage, refuse};
use crate::ground::person::{MAX_NAME_CHARS, MAX_PEOPLE};
use crate::ground::sink::{HostSink, Recipients};
use crate::ground::{ConnId, MemberId, Person, Presence, Profile, Refusal, RefusalCode, text};
use crate::session::{Event, Notice, Returning, Welcome};

/// A welcome introduces people up to this many bytes of JSON, half a control message; the others follow one by one.
const MAX_WELCOME_BYTES: usize = 128 * 1024;
const _: () = assert!(2 * MAX_WELCOME_BYTES <= crate::wire::MAX_CONTROL_BYTES);

impl Host {
    /// Lets a member in, or refuses it. Returns the arrival, if there is one.
    pub(super) fn handle_hello(
        &mut self,
        conn: ConnId,
        profile: &Profile,
        returning: Option<Returning>,
        out: &mut impl HostSink<Notice, Event>,
    ) -> Option<Arrival> {
        let peer = self.conns.get(&conn)?.peer.clone();
        let known = self.numbers.get(peer.fingerprint);
        if known == Some(MemberId::HOST) {
            let words =
                "this is the host's own identity: a second copy on one computer needs a --profile of its own";
            self.refuse(conn, Refusal::new(RefusalCode::Replaced, words), out);
            return None;
        }
        let is_new = known.is_none_or(|member| !self.seats.contains_key(&member));
        if is_new && self.seats.len() >= MAX_PEOPLE {
            let words = format!("the room is full: {MAX_PEOPLE} people are here");
            self.refuse(conn, Refusal::new(RefusalCode::RoomFull, words), out);
            return None;
        }
        let seats = &self.seats;
        let member = { &mut self.numbers }.assign(peer.fingerprint, |member| seats.contains_key(&member));
        if let Some(older) = self.seats.get(&member).and_then(|seat| seat.conn) {
            self.conns.remove(&older);
            out.event(Event::Detached { member });
            let words = "the same identity has joined from another connection";
            refuse(older, Refusal::new(RefusalCode::Replaced, words), out);
        }
        let person = Person {
            id: member,
            profile: self.with_distinct_name(profile.sanitized(), member),
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

    /// The profile with a name that no other in the room is mistaken for: the second Ada is "Ada (2)".
    pub(super) fn with_distinct_name(&self, profile: Profile, member: MemberId) -> Profile {
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
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::ground::{Fingerprint, Time};
    use crate::session::PeerInfo;
    use crate::wire::AttachToken;

    #[test]
    fn connection_ids_begin_again_and_pass_over_those_in_use() {
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let fingerprint = Fingerprint([0; 32]);
        let mut host = Host::new(String::new(), 1, &Profile::default(), fingerprint, address);
        for (number, id) in [(1, u32::MAX), (2, 0), (3, 2)] {
            let peer = PeerInfo {
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
