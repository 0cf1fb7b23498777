use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::MAX_PEOPLE;
use crate::units::MemberId;
use crate::wire::{AttachToken, MAX_EXACT, WireError, at_most, moment};
use crate::{Time, text};

/// The longest name in characters.
pub const MAX_NAME_CHARS: usize = 64;
/// The longest "about" in characters.
pub const MAX_ABOUT_CHARS: usize = 500;

/// A certificate's SHA-256: the identity of an installation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl std::str::FromStr for Fingerprint {
    type Err = &'static str;

    fn from_str(s: &str) -> Result<Fingerprint, Self::Err> {
        let mut bytes = [0; 32];
        if s.len() != 64 || !s.is_ascii() {
            return Err("a fingerprint is 64 hexadecimal digits");
        }
        for (byte, digits) in bytes.iter_mut().zip(s.as_bytes().chunks_exact(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| "a fingerprint is 64 hexadecimal digits")?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| "a fingerprint is 64 hexadecimal digits")?;
        }
        Ok(Fingerprint(bytes))
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Fingerprint, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// What a person tells the room about themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The name others see; never empty once [`tidied`](Profile::tidied).
    pub name: String,
    /// Whatever the person adds: a group, a room number, a sentence.
    #[serde(default)]
    pub about: String,
    /// `#rrggbb`.
    #[serde(default)]
    pub colour: String,
    /// The computer's name.
    #[serde(default)]
    pub device: String,
}

impl Profile {
    /// The profile within the limits every room keeps: nothing in it that cannot be seen or turns text round, lengths cut at
    /// [`MAX_NAME_CHARS`] and [`MAX_ABOUT_CHARS`], a colour that is one, and a name in any case.
    #[must_use]
    pub fn tidied(&self) -> Profile {
        let Profile {
            name,
            about,
            colour,
            device,
        } = self;
        Profile {
            name: tidy_name(name),
            about: text::line(about, MAX_ABOUT_CHARS),
            colour: tidy_colour(colour),
            device: text::line(device, MAX_NAME_CHARS),
        }
    }
}

/// A person's name as it may be shown; there always is one.
pub(crate) fn tidy_name(name: &str) -> String {
    let name = text::name(name, MAX_NAME_CHARS);
    if name.is_empty() {
        "Nameless".to_owned()
    } else {
        name
    }
}

/// A colour that is one.
pub(crate) fn tidy_colour(colour: &str) -> String {
    if is_colour(colour) {
        colour.to_owned()
    } else {
        "#56606b".to_owned()
    }
}

fn is_colour(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Whether a person can be reached right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Connected.
    Here,
    /// The connection was lost a moment ago; the host keeps the place for a while.
    Reconnecting,
}

/// Somebody in the room, as everybody sees them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Their number in this room.
    pub id: MemberId,
    /// What they tell about themselves.
    pub profile: Profile,
    /// The address the host sees them at.
    pub address: SocketAddr,
    /// Their identity.
    pub fingerprint: Fingerprint,
    /// Whether they can be reached.
    pub presence: Presence,
}

impl Person {
    /// The person within the limits every room keeps.
    #[must_use]
    fn tidied(self) -> Person {
        let Person {
            id,
            profile,
            address,
            fingerprint,
            presence,
        } = self;
        Person {
            profile: profile.tidied(),
            id,
            address,
            fingerprint,
            presence,
        }
    }

    /// The most bytes of JSON this can be: texts at most double by escapes, since they have no control characters.
    pub(super) fn most_bytes(&self) -> usize {
        let Profile {
            name,
            about,
            colour,
            device,
        } = &self.profile;
        let texts = [name, about, colour, device].map(String::len);
        texts.iter().sum::<usize>().saturating_mul(2).saturating_add(400)
    }
}

/// Why somebody is no longer in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeaveReason {
    /// They chose to.
    Left,
    /// Their connection was lost and did not come back in time.
    Lost,
    /// They broke the protocol's rules or fell too far behind.
    Removed,
}

/// The most characters of words in a refusal.
pub const MAX_REFUSAL_CHARS: usize = 500;

/// Why the host will not have a connection or a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What a program acts on.
    pub code: RefusalCode,
    /// What a person reads.
    pub message: String,
}

impl Refusal {
    /// A refusal with its words, on one line of at most [`MAX_REFUSAL_CHARS`].
    pub fn new(code: RefusalCode, message: impl AsRef<str>) -> Refusal {
        Refusal {
            code,
            message: text::line(message.as_ref(), MAX_REFUSAL_CHARS),
        }
    }

    /// The refusal with words that can be shown.
    pub(crate) fn fit(self) -> Refusal {
        let Refusal { code, message } = self;
        Refusal::new(code, message)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The kinds of [`Refusal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// The two sides speak different versions.
    VersionMismatch,
    /// The room has as many people as it takes.
    RoomFull,
    /// The other side broke the protocol.
    BadMessage,
    /// The same identity connected again; the older connection ends.
    Replaced,
    /// The other side reads too slowly to be kept up to date.
    TooSlow,
    /// Nothing was heard for too long.
    Silent,
    /// A mistake of the host's program ended this connection; another one may do.
    Fault,
    /// The token does not belong to a member who is here.
    NotAMember,
    /// What was asked for does not exist (any more).
    NotFound,
    /// A limit was reached.
    Limit,
    /// It cannot be done right now; a little later it may be.
    Busy,
    /// The room was closed.
    Closed,
    /// Anything a newer host may say.
    #[serde(other)]
    Other,
}

/// What a member tells the host about itself and its presence.
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

/// What somebody who comes back already has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returning {
    /// The room's number from its welcome.
    pub room: u64,
    /// The number of the last chat entry it has.
    pub last_seq: u64,
}

/// What the host tells members about who is here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Notice {
    /// You are in.
    Welcome(Box<Welcome>),
    /// You are not, or no longer.
    Refused(Refusal),
    /// Somebody came.
    Joined(Person),
    /// Somebody's profile or presence changed.
    Changed(Person),
    /// Somebody left.
    Left {
        /// Who.
        id: MemberId,
        /// Why.
        reason: LeaveReason,
    },
    /// You have been told everything that was there when you came.
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
    /// A number that no other room has: tells a reopened room from the one before.
    pub room: u64,
    /// The new member's own number.
    pub me: MemberId,
    /// For the member's further connections.
    pub token: AttachToken,
    /// The connection id of the member's datagrams.
    pub datagrams: u32,
    /// Who is here, the new member and the host included. When a room's people have more to tell than fits one message,
    /// the others follow as [`Notice::Changed`]. Files, streams and words follow behind them, and [`Notice::UpToDate`].
    pub people: Vec<Person>,
}

impl Request {
    pub(crate) fn fit(self) -> Result<Request, WireError> {
        Ok(match self {
            Request::Hello { profile, returning } => Request::Hello {
                profile: profile.tidied(),
                returning: returning.map(Returning::fit).transpose()?,
            },
            Request::Profile(profile) => Request::Profile(profile.tidied()),
            Request::Ping(ping) => Request::Ping(ping.fit()?),
            Request::Pong(pong) => Request::Pong(pong.fit()?),
            Request::Leave => Request::Leave,
        })
    }
}

impl Notice {
    pub(crate) fn fit(self) -> Result<Notice, WireError> {
        Ok(match self {
            Notice::Welcome(welcome) => Notice::Welcome(Box::new(welcome.fit()?)),
            Notice::Refused(refusal) => Notice::Refused(refusal.fit()),
            Notice::Joined(person) => Notice::Joined(person.tidied()),
            Notice::Changed(person) => Notice::Changed(person.tidied()),
            Notice::Left { id, reason } => Notice::Left { id, reason },
            Notice::UpToDate => Notice::UpToDate,
            Notice::Ping(ping) => Notice::Ping(ping.fit()?),
            Notice::Pong(pong) => Notice::Pong(pong.fit()?),
        })
    }
}

impl Returning {
    fn fit(self) -> Result<Returning, WireError> {
        let Returning { room, last_seq } = self;
        Ok(Returning {
            room,
            last_seq: at_most(last_seq, MAX_EXACT, "number of the last entry")?,
        })
    }
}

impl Ping {
    fn fit(self) -> Result<Ping, WireError> {
        let Ping { sent } = self;
        Ok(Ping {
            sent: moment(sent, "time of a ping")?,
        })
    }
}

impl Pong {
    fn fit(self) -> Result<Pong, WireError> {
        let Pong { sent, received } = self;
        Ok(Pong {
            sent: moment(sent, "time of a ping")?,
            received: moment(received, "time of a pong")?,
        })
    }
}

impl Welcome {
    fn fit(self) -> Result<Welcome, WireError> {
        let Welcome {
            room_name,
            room,
            me,
            token,
            datagrams,
            people,
        } = self;
        Ok(Welcome {
            room_name: tidy_name(&room_name),
            room: at_most(room, MAX_EXACT, "number of the room")?,
            me,
            token,
            datagrams,
            people: people.into_iter().take(MAX_PEOPLE).map(Person::tidied).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_cut_to_the_limits() {
        let wild = Profile {
            name: format!(" a\u{7}\nb{}", "字".repeat(100)),
            about: "x".repeat(2_000),
            colour: "red; background: url(x)".into(),
            device: "\u{1b}[31mpc".into(),
        };
        let tidy = wild.tidied();
        assert_eq!(tidy.name.chars().count(), MAX_NAME_CHARS);
        assert!(tidy.name.starts_with("a b字"));
        assert_eq!(tidy.about.len(), MAX_ABOUT_CHARS);
        assert_eq!(tidy.colour, "#56606b");
        assert_eq!(tidy.device, "[31mpc");
        assert_eq!(Profile::default().tidied().name, "Nameless");
    }

    #[test]
    fn a_fingerprint_survives_text() {
        let fingerprint = Fingerprint([0xa5; 32]);
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        assert!("a5".parse::<Fingerprint>().is_err());
        assert!("é".repeat(32).parse::<Fingerprint>().is_err());
    }

    #[test]
    fn a_code_from_a_newer_host_is_still_a_refusal() {
        let json = r#"{"code":"moon_phase","message":"no"}"#;
        assert_eq!(
            serde_json::from_str::<Refusal>(json).unwrap().code,
            RefusalCode::Other
        );
    }
}
