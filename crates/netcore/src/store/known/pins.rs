use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

use netcore_proto::session::Fingerprint;

use super::KnownRooms;
use super::spelling::{key_of, key_of_peer};
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

    /// The host that was met at `address` before, or, when nobody was, anybody.
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
