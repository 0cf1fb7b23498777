//! Who is here: hello and welcome, profiles, keeping a connection alive, leaving, and coming back.
//!
//! On the host every control connection is in one of two states:
//!
//! | state | what ends it |
//! |---|---|
//! | awaiting hello | `Hello` → joined; [`HELLO_TIMEOUT`] or anything else → refused |
//! | joined | `Leave`, a rule broken, [`SILENCE_TIMEOUT`], or the same identity on a newer connection |
//!
//! A member whose connection is lost keeps its place for [`RETURN_TIMEOUT`] and is shown as reconnecting.

mod clock;
mod host;
mod member;
mod message;
mod numbers;

use std::net::SocketAddr;

use crate::ground::{ConnId, Deadline, DeadlineReason, MemberId, Span, Time};
use crate::wire::AttachToken;

pub use crate::ground::person::{MAX_ABOUT_CHARS, MAX_NAME_CHARS, MAX_PEOPLE};
pub use crate::ground::refusal::MAX_REFUSAL_CHARS;
pub use crate::ground::{
    ClockOffset, Fingerprint, LeaveReason, Person, Presence, Profile, Refusal, RefusalCode,
};
pub(crate) use host::{Arrival, Departure, Host, refuse, second_hello};
pub(crate) use member::Member;
pub use message::{Notice, Ping, Pong, Request, Returning, Welcome};

/// How long a new connection may take to say hello.
pub const HELLO_TIMEOUT: Span = Span::from_secs(5);
/// How often each side asks whether the other is there.
pub const PING_INTERVAL: Span = Span::from_secs(2);
/// The first few questions follow each other faster, so that the clocks are related soon.
const QUICK_PING_INTERVAL: Span = Span::from_millis(100);
/// How many those are.
const QUICK_PINGS: u32 = 8;
/// After how long without a byte the other side counts as gone: four unanswered pings.
pub const SILENCE_TIMEOUT: Span = Span::from_secs(8);
/// How long the host keeps the place of a member whose connection was lost.
pub const RETURN_TIMEOUT: Span = Span::from_secs(15);

/// What the transport knows of the other end of a control connection.
#[derive(Clone, Debug)]
pub struct PeerInfo {
    /// The other end's certificate.
    pub fingerprint: Fingerprint,
    /// The other end's address.
    pub address: SocketAddr,
    /// For a host: a fresh random token, should this peer become a member.
    pub token: AttachToken,
}

/// What happens to who is here.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// On a member: the host let us in, for the first time or again.
    Welcomed(Box<Welcome>),
    /// On a member: the host has sent everything that was there when we came.
    UpToDate,
    /// On a member: the host does not want this connection (any more).
    Refused(Refusal),
    /// On a host: a connection now belongs to this member; its data connections will show this token.
    Attached {
        /// The control connection.
        conn: ConnId,
        /// Whose it is.
        member: MemberId,
        /// What the data connections must show.
        token: AttachToken,
        /// The connection id of the member's datagrams.
        datagrams: u32,
    },
    /// On a host: a member's control connection is gone, and its data connections must go.
    Detached {
        /// Whose it was.
        member: MemberId,
    },
    /// A person came.
    Joined(Person),
    /// A person's profile, presence or address changed.
    Changed(Person),
    /// A person left.
    Left {
        /// Who it was.
        person: Person,
        /// Why.
        reason: LeaveReason,
    },
    /// A ping was answered.
    RoundTrip {
        /// By whom.
        member: MemberId,
        /// Question to answer, both by our clock.
        round_trip: Span,
        /// How their clock relates to ours.
        clock: ClockOffset,
    },
}

/// Asks the other side for its time, and keeps what it learns of its clock.
#[derive(Clone, Debug)]
struct Pinger {
    next: Time,
    asked: u32,
    relation: clock::ClockRelation,
}

impl Pinger {
    fn new(now: Time) -> Pinger {
        Pinger {
            next: now + QUICK_PING_INTERVAL,
            asked: 0,
            relation: clock::ClockRelation::default(),
        }
    }

    fn deadline(&self) -> Deadline {
        Deadline {
            at: self.next,
            reason: DeadlineReason::Ping,
        }
    }

    /// The question to ask, when it is time.
    fn poll_ping(&mut self, now: Time) -> Option<Ping> {
        if self.next > now {
            return None;
        }
        self.asked = self.asked.saturating_add(1);
        self.next = now
            + if self.asked < QUICK_PINGS {
                QUICK_PING_INTERVAL
            } else {
                PING_INTERVAL
            };
        Some(Ping { sent: now })
    }

    /// What an answer shows.
    fn handle_pong(&mut self, member: MemberId, pong: Pong, now: Time) -> Option<Event> {
        let round_trip = self.relation.handle_pong(pong, now);
        let clock = self.relation.offset(now)?;
        Some(Event::RoundTrip {
            member,
            round_trip,
            clock,
        })
    }
}
