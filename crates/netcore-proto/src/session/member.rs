//! A member's side of who is here.

use std::collections::BTreeMap;

use super::{Event, MAX_PEOPLE, Notice, Person, Pinger, Pong, Profile, Request, Returning, SILENCE_TIMEOUT};
use crate::ground::sink::MemberSink;
use crate::ground::{Deadline, DeadlineReason, MemberId, Time};

/// A member's side of who is here. It outlives connections: people stay known while the path to them is lost.
///
/// The host's word is not taken for how many people there are, or for how long their profiles are.
#[derive(Debug)]
pub(crate) struct Member {
    profile: Profile,
    me: Option<MemberId>,
    room: Option<u64>,
    room_name: Option<String>,
    people: BTreeMap<MemberId, Person>,
    state: State,
}

#[derive(Debug)]
enum State {
    Apart,
    AwaitingWelcome { alive: Alive },
    Welcomed { alive: Alive, is_up_to_date: bool },
}

#[derive(Debug)]
struct Alive {
    heard: Time,
    pinger: Pinger,
}

impl Member {
    pub(crate) fn new(profile: &Profile) -> Member {
        Member {
            profile: profile.sanitized(),
            me: None,
            room: None,
            room_name: None,
            people: BTreeMap::new(),
            state: State::Apart,
        }
    }

    pub(crate) fn me(&self) -> Option<MemberId> {
        self.me
    }

    pub(crate) fn room_name(&self) -> Option<&str> {
        self.room_name.as_deref()
    }

    pub(crate) fn people(&self) -> impl Iterator<Item = &Person> {
        self.people.values()
    }

    pub(crate) fn person(&self, id: MemberId) -> Option<&Person> {
        self.people.get(&id)
    }

    pub(crate) fn is_welcomed(&self) -> bool {
        matches!(self.state, State::Welcomed { .. })
    }

    pub(crate) fn is_up_to_date(&self) -> bool {
        matches!(
            self.state,
            State::Welcomed {
                is_up_to_date: true,
                ..
            }
        )
    }

    pub(crate) fn handle_connected(
        &mut self,
        last_seq: u64,
        now: Time,
        out: &mut impl MemberSink<Request, Event>,
    ) {
        let alive = Alive {
            heard: now,
            pinger: Pinger::new(now),
        };
        self.state = State::AwaitingWelcome { alive };
        let returning = self.room.map(|room| Returning { room, last_seq });
        out.request(Request::Hello {
            profile: self.profile.clone(),
            returning,
        });
    }

    pub(crate) fn handle_closed(&mut self) {
        self.state = State::Apart;
    }

    pub(crate) fn handle_heard(&mut self, now: Time) {
        if let State::AwaitingWelcome { alive } | State::Welcomed { alive, .. } = &mut self.state {
            alive.heard = now;
        }
    }

    pub(crate) fn set_profile(&mut self, profile: &Profile, out: &mut impl MemberSink<Request, Event>) {
        self.profile = profile.sanitized();
        if self.is_welcomed() {
            out.request(Request::Profile(self.profile.clone()));
        }
    }

    /// After a welcome, which is then the latest event, returns whether the room is another one than before, so that what is
    /// remembered of it must be forgotten.
    pub(crate) fn handle_notice(
        &mut self,
        notice: Notice,
        now: Time,
        out: &mut impl MemberSink<Request, Event>,
    ) -> Option<bool> {
        let event = match notice {
            // A connection has one welcome: each is answered with all that waits to be said, which may be much.
            Notice::Welcome(_) if !matches!(self.state, State::AwaitingWelcome { .. }) => None,
            Notice::Welcome(welcome) => {
                let alive = Alive {
                    heard: now,
                    pinger: Pinger::new(now),
                };
                self.state = State::Welcomed {
                    alive,
                    is_up_to_date: false,
                };
                let is_another = self.room.is_some_and(|room| room != welcome.room);
                self.me = Some(welcome.me);
                self.room = Some(welcome.room);
                self.room_name = Some(welcome.room_name.clone());
                self.people = welcome
                    .people
                    .iter()
                    .map(|person| (person.id, person.clone()))
                    .collect();
                out.event(Event::Welcomed(welcome));
                return Some(is_another);
            }
            Notice::UpToDate => match &mut self.state {
                State::Welcomed { is_up_to_date, .. } if !*is_up_to_date => {
                    *is_up_to_date = true;
                    Some(Event::UpToDate)
                }
                _ => None,
            },
            Notice::Refused(refusal) => Some(Event::Refused(refusal)),
            Notice::Joined(person) => self.keep(person).map(Event::Joined),
            Notice::Changed(person) => self.keep(person).map(Event::Changed),
            Notice::Left { id, reason } => self
                .people
                .remove(&id)
                .map(|person| Event::Left { person, reason }),
            Notice::Ping(ping) => {
                let pong = Pong {
                    sent: ping.sent,
                    received: now,
                };
                out.request(Request::Pong(pong));
                None
            }
            Notice::Pong(pong) => match &mut self.state {
                State::Welcomed { alive, .. } => alive.pinger.handle_pong(MemberId::HOST, pong, now),
                State::Apart | State::AwaitingWelcome { .. } => None,
            },
        };
        if let Some(event) = event {
            out.event(event);
        }
        None
    }

    /// Remembers a person, if there is room.
    fn keep(&mut self, person: Person) -> Option<Person> {
        if self.people.len() >= MAX_PEOPLE && !self.people.contains_key(&person.id) {
            return None;
        }
        self.people.insert(person.id, person.clone());
        Some(person)
    }

    pub(crate) fn poll_timeout(&self) -> Option<Deadline> {
        let (State::AwaitingWelcome { alive } | State::Welcomed { alive, .. }) = &self.state else {
            return None;
        };
        let silence = Deadline {
            at: alive.heard + SILENCE_TIMEOUT,
            reason: DeadlineReason::Silence,
        };
        Some(silence.min(alive.pinger.deadline()))
    }

    /// Asks whether the host is there. Returns whether it has been silent for too long.
    pub(crate) fn handle_timeout(&mut self, now: Time, out: &mut impl MemberSink<Request, Event>) -> bool {
        let is_welcomed = self.is_welcomed();
        let (State::AwaitingWelcome { alive } | State::Welcomed { alive, .. }) = &mut self.state else {
            return false;
        };
        if alive.heard + SILENCE_TIMEOUT <= now {
            self.state = State::Apart;
            return true;
        }
        if let Some(ping) = alive.pinger.poll_ping(now).filter(|_| is_welcomed) {
            out.request(Request::Ping(ping));
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Fingerprint, Presence, Welcome};
    use crate::wire::{AttachToken, Receive};

    fn person(id: u32) -> Person {
        Person {
            id: MemberId(id),
            profile: Profile {
                name: "x".repeat(1_000),
                ..Profile::default()
            },
            address: ([127, 0, 0, 1], 1).into(),
            fingerprint: Fingerprint([0; 32]),
            presence: Presence::Here,
        }
    }

    fn welcome(people: u32) -> Notice {
        Notice::Welcome(Box::new(Welcome {
            room_name: "Lab\u{1b}[31m".into(),
            room: 1,
            me: MemberId(1),
            token: AttachToken([0; 16]),
            datagrams: 1,
            people: (0..people).map(person).collect(),
        }))
    }

    #[derive(Default)]
    struct Out {
        events: Vec<Event>,
    }

    impl MemberSink<Request, Event> for Out {
        fn request(&mut self, _: Request) {}

        fn event(&mut self, event: Event) {
            self.events.push(event);
        }
    }

    /// As the decoder hands it on.
    fn hand(member: &mut Member, notice: Notice, out: &mut Out) -> Option<bool> {
        member.handle_notice(notice.sanitized().unwrap(), Time::ZERO, out)
    }

    fn connected() -> (Member, Out) {
        let mut out = Out::default();
        let mut member = Member::new(&Profile::default());
        member.handle_connected(0, Time::ZERO, &mut out);
        (member, out)
    }

    #[test]
    fn a_connection_has_one_welcome() {
        let (mut member, mut out) = connected();
        assert_eq!(hand(&mut member, welcome(2), &mut out), Some(false));
        assert_eq!(hand(&mut member, welcome(2), &mut out), None);
        assert_eq!(out.events.len(), 1);
        member.handle_connected(0, Time::ZERO, &mut out);
        assert_eq!(hand(&mut member, welcome(2), &mut out), Some(false));
    }

    #[test]
    fn a_host_cannot_announce_more_or_longer_people_than_a_room_has() {
        let (mut member, mut out) = connected();
        hand(&mut member, welcome(MAX_PEOPLE as u32 - 1), &mut out);
        let before = out.events.len();
        for id in 0..1_000 {
            hand(&mut member, Notice::Joined(person(10_000 + id)), &mut out);
        }
        assert_eq!(member.people().count(), MAX_PEOPLE);
        assert_eq!(out.events.len(), before + 1);
        let is_cut = |person: &Person| person.profile.name.len() == crate::session::MAX_NAME_CHARS;
        assert!(member.people().all(is_cut));
        assert_eq!(member.room_name(), Some("Lab[31m"));
    }
}
