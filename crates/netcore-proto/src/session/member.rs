use std::collections::BTreeMap;

use super::message::{MAX_NAME_CHARS, one_line};
use super::{Event, Notice, Person, Pinger, Pong, Profile, Request, Returning, SILENCE_TIMEOUT};
use crate::Time;
use crate::io::{Deadline, DeadlineReason, MemberOutbox};
use crate::units::MemberId;

/// A member's side of who is here. It outlives connections: people stay known while the way to them is lost.
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
    Welcomed { alive: Alive },
}

#[derive(Debug)]
struct Alive {
    heard: Time,
    pinger: Pinger,
}

impl Member {
    pub(crate) fn new(profile: &Profile) -> Member {
        Member {
            profile: profile.tidied(),
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

    pub(crate) fn is_welcomed(&self) -> bool {
        matches!(self.state, State::Welcomed { .. })
    }

    pub(crate) fn handle_connected(&mut self, last_seq: u64, now: Time, out: &mut MemberOutbox) {
        let alive = Alive {
            heard: now,
            pinger: Pinger::new(now),
        };
        self.state = State::AwaitingWelcome { alive };
        let returning = self.room.map(|room| Returning { room, last_seq });
        out.requests.push(crate::Request::Session(Request::Hello {
            profile: self.profile.clone(),
            returning,
        }));
    }

    pub(crate) fn handle_closed(&mut self) {
        self.state = State::Apart;
    }

    pub(crate) fn handle_heard(&mut self, now: Time) {
        if let State::AwaitingWelcome { alive } | State::Welcomed { alive } = &mut self.state {
            alive.heard = now;
        }
    }

    pub(crate) fn set_profile(&mut self, profile: &Profile, out: &mut MemberOutbox) {
        self.profile = profile.tidied();
        if self.is_welcomed() {
            out.requests
                .push(crate::Request::Session(Request::Profile(self.profile.clone())));
        }
    }

    /// Returns whether the room is another one than before, so that what is remembered of it must be forgotten.
    pub(crate) fn handle_notice(&mut self, notice: Notice, now: Time, out: &mut MemberOutbox) -> bool {
        let event = match notice {
            Notice::Welcome(welcome) => {
                let alive = Alive {
                    heard: now,
                    pinger: Pinger::new(now),
                };
                self.state = State::Welcomed { alive };
                let is_another = self.room.is_some_and(|room| room != welcome.room);
                self.me = Some(welcome.me);
                self.room = Some(welcome.room);
                self.room_name = Some(one_line(&welcome.room_name, MAX_NAME_CHARS));
                self.people = welcome
                    .people
                    .iter()
                    .map(|person| (person.id, person.clone()))
                    .collect();
                out.events.push(crate::Event::Session(Event::Welcomed(welcome)));
                return is_another;
            }
            Notice::Refused(refusal) => Some(Event::Refused(refusal)),
            Notice::Joined(person) => {
                self.people.insert(person.id, person.clone());
                Some(Event::Joined(person))
            }
            Notice::Changed(person) => {
                self.people.insert(person.id, person.clone());
                Some(Event::Changed(person))
            }
            Notice::Left { id, reason } => self
                .people
                .remove(&id)
                .map(|person| Event::Left { person, reason }),
            Notice::Ping(ping) => {
                let pong = Pong {
                    sent: ping.sent,
                    received: now,
                };
                out.requests.push(crate::Request::Session(Request::Pong(pong)));
                None
            }
            Notice::Pong(pong) => match &mut self.state {
                State::Welcomed { alive } => alive.pinger.handle_pong(MemberId::HOST, pong, now),
                State::Apart | State::AwaitingWelcome { .. } => None,
            },
        };
        out.events.extend(event.map(crate::Event::Session));
        false
    }

    pub(crate) fn poll_timeout(&self) -> Option<Deadline> {
        let (State::AwaitingWelcome { alive } | State::Welcomed { alive }) = &self.state else {
            return None;
        };
        let silence = Deadline {
            at: alive.heard + SILENCE_TIMEOUT,
            reason: DeadlineReason::Silence,
        };
        Some(silence.min(alive.pinger.deadline()))
    }

    /// Asks whether the host is there. Returns whether it has been silent for too long.
    pub(crate) fn handle_timeout(&mut self, now: Time, out: &mut MemberOutbox) -> bool {
        let is_welcomed = self.is_welcomed();
        let (State::AwaitingWelcome { alive } | State::Welcomed { alive }) = &mut self.state else {
            return false;
        };
        if alive.heard + SILENCE_TIMEOUT <= now {
            self.state = State::Apart;
            return true;
        }
        if let Some(ping) = alive.pinger.poll_ping(now).filter(|_| is_welcomed) {
            out.requests.push(crate::Request::Session(Request::Ping(ping)));
        }
        false
    }
}
