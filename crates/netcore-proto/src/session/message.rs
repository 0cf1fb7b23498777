//! What is said about who is here: the messages of the control connection.

use serde::{Deserialize, Serialize};

use crate::ground::person::{LeaveReason, MAX_PEOPLE, Person, Profile, sanitized_name};
use crate::ground::{MemberId, Refusal, Time};
use crate::wire::{AttachToken, MAX_EXACT, Receive, WireError, at_most, moment};

/// What a member sends the host about itself and its presence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Request {
    /// The first message on a control connection.
    Hello {
        /// Who.
        profile: Profile,
        /// The room it was in before, when it comes back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        returning: Option<Returning>,
    },
    /// A changed profile.
    Profile(Profile),
    /// Are you there? Answered by [`Notice::Pong`].
    Ping(Ping),
    /// The answer to [`Notice::Ping`].
    Pong(Pong),
    /// Goodbye.
    Leave,
}

/// What a member that comes back already has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returning {
    /// The room's number from its welcome.
    pub room: u64,
    /// The number of the last chat entry it has.
    pub last_seq: u64,
}

/// What the host notifies members of about who is here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Notice {
    /// You are in.
    Welcome(Box<Welcome>),
    /// You are not, or no longer.
    Refused(Refusal),
    /// A person came.
    Joined(Person),
    /// A person's profile or presence changed.
    Changed(Person),
    /// A person left.
    Left {
        /// Who.
        id: MemberId,
        /// Why.
        reason: LeaveReason,
    },
    /// You have been sent everything that was there when you came.
    UpToDate,
    /// Are you there? Answered by [`Request::Pong`].
    Ping(Ping),
    /// The answer to [`Request::Ping`].
    Pong(Pong),
}

/// A question about the connection, with the asker's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ping {
    /// When it was sent, by the asker's clock, in microseconds.
    pub sent: Time,
}

/// The answer, with both clocks, so that the asker learns round trip and offset (RFC 5905, section 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pong {
    /// [`Ping::sent`], returned.
    pub sent: Time,
    /// When the question arrived, by the answerer's clock.
    pub received: Time,
}

/// Everything a new member must know about the room itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The room's name.
    pub room_name: String,
    /// A number that no other room has: a reopened room has another than before.
    pub room: u64,
    /// The new member's own number.
    pub me: MemberId,
    /// For the member's further connections.
    pub token: AttachToken,
    /// The connection id of the member's datagrams.
    pub datagrams: u32,
    /// Who is here, the new member and the host included. When a room's people take more than fits one message,
    /// the others follow as [`Notice::Changed`]. Files, streams and words follow behind them, and [`Notice::UpToDate`].
    pub people: Vec<Person>,
}

impl Receive for Request {
    fn sanitized(self) -> Result<Request, WireError> {
        Ok(match self {
            Request::Hello { profile, returning } => Request::Hello {
                profile: profile.sanitized(),
                returning: returning.map(Returning::sanitized).transpose()?,
            },
            Request::Profile(profile) => Request::Profile(profile.sanitized()),
            Request::Ping(ping) => Request::Ping(ping.sanitized()?),
            Request::Pong(pong) => Request::Pong(pong.sanitized()?),
            Request::Leave => Request::Leave,
        })
    }
}

impl Receive for Notice {
    fn sanitized(self) -> Result<Notice, WireError> {
        Ok(match self {
            Notice::Welcome(welcome) => Notice::Welcome(Box::new(welcome.sanitized()?)),
            Notice::Refused(refusal) => Notice::Refused(refusal.sanitized()),
            Notice::Joined(person) => Notice::Joined(person.sanitized()),
            Notice::Changed(person) => Notice::Changed(person.sanitized()),
            Notice::Left { id, reason } => Notice::Left { id, reason },
            Notice::UpToDate => Notice::UpToDate,
            Notice::Ping(ping) => Notice::Ping(ping.sanitized()?),
            Notice::Pong(pong) => Notice::Pong(pong.sanitized()?),
        })
    }
}

impl Returning {
    fn sanitized(self) -> Result<Returning, WireError> {
        let Returning { room, last_seq } = self;
        Ok(Returning {
            room,
            last_seq: at_most(last_seq, MAX_EXACT, "number of the last entry")?,
        })
    }
}

impl Ping {
    fn sanitized(self) -> Result<Ping, WireError> {
        let Ping { sent } = self;
        Ok(Ping {
            sent: moment(sent, "time of a ping")?,
        })
    }
}

impl Pong {
    fn sanitized(self) -> Result<Pong, WireError> {
        let Pong { sent, received } = self;
        Ok(Pong {
            sent: moment(sent, "time of a ping")?,
            received: moment(received, "time of a pong")?,
        })
    }
}

impl Welcome {
    fn sanitized(self) -> Result<Welcome, WireError> {
        let Welcome {
            room_name,
            room,
            me,
            token,
            datagrams,
            people,
        } = self;
        Ok(Welcome {
            room_name: sanitized_name(&room_name),
            room: at_most(room, MAX_EXACT, "number of the room")?,
            me,
            token,
            datagrams,
            people: people
                .into_iter()
                .take(MAX_PEOPLE)
                .map(Person::sanitized)
                .collect(),
        })
    }
}
