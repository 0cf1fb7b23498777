//! People, as every capability may name them: who they are, what they say of themselves, and within which limits.

use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::units::MemberId;
use super::{hex, text};

/// The most people in one room, the host included.
pub const MAX_PEOPLE: usize = 256;
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
        hex::bytes_of(s)
            .map(Fingerprint)
            .ok_or("a fingerprint is 64 hexadecimal digits")
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

/// What a person says of themselves in the room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The name others see; never empty once [`sanitized`](Profile::sanitized).
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
    pub fn sanitized(&self) -> Profile {
        let Profile {
            name,
            about,
            colour,
            device,
        } = self;
        Profile {
            name: sanitized_name(name),
            about: text::line(about, MAX_ABOUT_CHARS),
            colour: sanitized_colour(colour),
            device: text::line(device, MAX_NAME_CHARS),
        }
    }
}

/// A person's name as it may be shown; there always is one.
pub(crate) fn sanitized_name(name: &str) -> String {
    let name = text::name(name, MAX_NAME_CHARS);
    if name.is_empty() {
        "Nameless".to_owned()
    } else {
        name
    }
}

/// A colour that is one.
pub(crate) fn sanitized_colour(colour: &str) -> String {
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

/// A person in the room, as all members see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Their number in this room.
    pub id: MemberId,
    /// What they say of themselves.
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
    pub(crate) fn sanitized(self) -> Person {
        let Person {
            id,
            profile,
            address,
            fingerprint,
            presence,
        } = self;
        Person {
            profile: profile.sanitized(),
            id,
            address,
            fingerprint,
            presence,
        }
    }

    /// The most bytes of JSON this can be: texts at most double by escapes, since they have no control characters.
    pub(crate) fn most_bytes(&self) -> usize {
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

/// Why a person is no longer in the room.
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
        let clean = wild.sanitized();
        assert_eq!(clean.name.chars().count(), MAX_NAME_CHARS);
        assert!(clean.name.starts_with("a b字"));
        assert_eq!(clean.about.len(), MAX_ABOUT_CHARS);
        assert_eq!(clean.colour, "#56606b");
        assert_eq!(clean.device, "[31mpc");
        assert_eq!(Profile::default().sanitized().name, "Nameless");
    }

    #[test]
    fn a_fingerprint_survives_text() {
        let fingerprint = Fingerprint([0xa5; 32]);
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        assert!("a5".parse::<Fingerprint>().is_err());
        assert!("é".repeat(32).parse::<Fingerprint>().is_err());
    }
}
