use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};

use netcore_proto::session::Fingerprint;

use super::KnownRooms;
use crate::net::address::Address;

/// Whom a connection may be with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pins {
    /// Who was met at the address as it was given.
    here: Option<Pin>,
    /// Who was met at the numbers that it may lead to.
    at: HashMap<String, Pin>,
    /// Everybody who was ever met.
    known: HashSet<Fingerprint>,
}

#[derive(Clone, Debug)]
struct Pin {
    fingerprint: Fingerprint,
    room: String,
}

/// Another identity than the pinned one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mismatch {
    /// As pinned.
    pub(crate) expected: Fingerprint,
    /// The name of the room that has it.
    pub(crate) room: String,
    /// As shown.
    pub(crate) got: Fingerprint,
}

impl Pins {
    /// Only the host with this identity, whose room has this name.
    pub(crate) fn only(fingerprint: Fingerprint, room: &str) -> Pins {
        Pins {
            here: Some(Pin {
                fingerprint,
                room: room.to_owned(),
            }),
            ..Pins::default()
        }
    }

    /// Whoever was met at `address` before, or, when nobody was, anybody.
    pub(crate) fn at(known: &KnownRooms, address: &Address) -> Pins {
        let mut at = HashMap::new();
        for room in known.rooms() {
            for key in room.keys() {
                at.entry(key).or_insert_with(|| Pin {
                    fingerprint: room.fingerprint,
                    room: room.name.clone(),
                });
            }
        }
        Pins {
            here: at.get(&key_of(&address.to_string())).cloned(),
            at,
            known: known.rooms().iter().map(|room| room.fingerprint).collect(),
        }
    }

    /// Whether the one at `peer` who shows this identity is the one whom we mean.
    ///
    /// # Errors
    /// Who was expected instead.
    pub(crate) fn judge(&self, peer: SocketAddr, shown: Fingerprint) -> Result<(), Mismatch> {
        let pin = match &self.here {
            Some(pin) => Some(pin),
            // A known host under a new name, whatever its number was before.
            None if self.known.contains(&shown) => None,
            None => self.at.get(&key_of_peer(peer)),
        };
        match pin {
            Some(pin) if pin.fingerprint != shown => Err(Mismatch {
                expected: pin.fingerprint,
                room: pin.room.clone(),
                got: shown,
            }),
            _ => Ok(()),
        }
    }
}

/// The one spelling in which addresses are compared: names in small letters without the dot at their end, numbers as the standard
/// library writes them, IPv4 in IPv6 as IPv4, always with the port.
pub(crate) fn key_of(address: &str) -> String {
    let Ok(parsed) = address.parse::<Address>() else {
        return address.to_lowercase();
    };
    match parsed.host().parse::<IpAddr>() {
        Ok(ip) => SocketAddr::new(ip.to_canonical(), parsed.port()).to_string(),
        Err(_) => {
            let host = parsed.host().to_lowercase();
            format!("{}:{}", host.trim_end_matches('.'), parsed.port())
        }
    }
}

/// The same for a number that a connection leads to.
pub(crate) fn key_of_peer(peer: SocketAddr) -> String {
    SocketAddr::new(peer.ip().to_canonical(), peer.port()).to_string()
}
