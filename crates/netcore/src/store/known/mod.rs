//! Rooms that were joined before, and the identity each showed: pinned at first use.
//!
//! A pin is a fingerprint with the addresses it was seen at. The list is changed under a lock, so that two copies of the program
//! lose no pin; one that cannot be read is set aside, and nobody is joined until its user has decided what to do about it.

mod pins;
mod spelling;
#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use netcore_proto::session::Fingerprint;
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::net::address::Address;
use crate::store::folders::{Folders, write_atomically};
pub(crate) use pins::{Mismatch, Pins};
use spelling::{key_of, key_of_peer};

/// The most rooms remembered: more than anybody meets. Beyond it the one that was not joined for the longest time goes.
const MAX_ROOMS: usize = 10_000;
/// The most addresses remembered of one room, the latest ones.
const MAX_ADDRESSES: usize = 16;

/// A room that was joined before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownRoom {
    /// Its name then.
    pub name: String,
    /// Where it was joined last, as typed.
    pub address: String,
    /// Where else it was seen, the latest first: other spellings and numbers, with their ports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_at: Vec<String>,
    /// The host's identity.
    pub fingerprint: Fingerprint,
    /// When it was last joined, in milliseconds since 1970.
    pub last_seen_unix_ms: u64,
}

impl KnownRoom {
    /// Whether it was seen at `address`, however that is spelt.
    pub fn is_at(&self, address: &Address) -> bool {
        let key = key_of(&address.to_string());
        self.keys().any(|at| at == key)
    }

    /// Its addresses in the one spelling in which they are compared.
    fn keys(&self) -> impl Iterator<Item = String> {
        let addresses = [&self.address].into_iter().chain(&self.also_at);
        addresses.map(|address| key_of(address))
    }
}

/// The list of known rooms cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum KnownRoomsError {
    /// It is there and cannot be read.
    #[error(
        "the list of known rooms cannot be read ({why}); it stays as {}. Without it nobody can say whether a room is the one it \
         was before, so none is joined: put a good copy in its place, or start the list anew", kept.display()
    )]
    Unreadable {
        /// Where it is.
        kept: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A change of it cannot be stored.
    #[error("the list of known rooms cannot be stored in {}: {why}", path.display())]
    Unwritable {
        /// Which file.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
}

/// The rooms that were joined before, latest first.
#[derive(Clone, Debug)]
pub struct KnownRooms {
    rooms: Vec<KnownRoom>,
}

impl KnownRooms {
    /// Reads the profile's list. One that cannot be read is set aside, under its name with `.unreadable` added; it counts as
    /// unreadable until [`KnownRooms::start_anew`].
    ///
    /// # Errors
    /// [`KnownRoomsError::Unreadable`].
    pub fn load(folders: &Folders) -> Result<KnownRooms, KnownRoomsError> {
        let store = Store::of(folders);
        let _turn = store.lock();
        Ok(KnownRooms { rooms: store.read()? })
    }

    /// Latest first.
    pub fn rooms(&self) -> &[KnownRoom] {
        &self.rooms
    }

    /// Forgets the room that was seen at `address`, and with it the identity that was pinned, wherever else it was seen. Returns
    /// whether there was one.
    ///
    /// # Errors
    /// [`KnownRoomsError`].
    pub fn forget(folders: &Folders, address: &Address) -> Result<bool, KnownRoomsError> {
        Store::of(folders).change(|rooms| {
            let before = rooms.len();
            rooms.retain(|room| !room.is_at(address));
            rooms.len() < before
        })
    }

    /// Gives up a list that cannot be read: every room is met as for the first time from now on. Returns where the old list is
    /// kept, if there was one.
    ///
    /// # Errors
    /// [`KnownRoomsError::Unwritable`].
    pub fn start_anew(folders: &Folders) -> Result<Option<PathBuf>, KnownRoomsError> {
        let store = Store::of(folders);
        let _turn = store.lock();
        let Err(KnownRoomsError::Unreadable { kept, .. }) = store.read() else {
            return Ok(None);
        };
        let seen = store.beside(&format!("unreadable-{}", clock::unix_ms()));
        let moved = std::fs::rename(&kept, &seen);
        moved.map_err(|error| KnownRoomsError::Unwritable {
            path: kept,
            why: error.to_string(),
        })?;
        Ok(Some(seen))
    }

    /// The room with this identity.
    pub(crate) fn with_identity(&self, fingerprint: Fingerprint) -> Option<&KnownRoom> {
        self.rooms.iter().find(|room| room.fingerprint == fingerprint)
    }

    /// Takes note that the host with `fingerprint` was joined at `address`, which led to `peer`. Another room that was met at
    /// `address` is forgotten: only who confirmed the new one joins it there. A number that another room was seen at stays that
    /// room's.
    pub(crate) fn remember(
        folders: &Folders,
        name: &str,
        address: &Address,
        peer: SocketAddr,
        fingerprint: Fingerprint,
    ) -> Result<(), KnownRoomsError> {
        Store::of(folders).change(|rooms| {
            let before = rooms.iter().position(|room| room.fingerprint == fingerprint);
            let before = before.map(|position| rooms.remove(position));
            rooms.retain(|room| !room.is_at(address));
            let address = address.to_string();
            let earlier = before
                .into_iter()
                .flat_map(|room| [room.address].into_iter().chain(room.also_at));
            let mut also_at: Vec<String> = Vec::new();
            for at in [key_of_peer(peer)].into_iter().chain(earlier) {
                let is_known = |other: &String| key_of(other) == key_of(&at);
                let is_anothers = rooms.iter().any(|room| room.keys().any(|key| key == key_of(&at)));
                if !is_known(&address) && !also_at.iter().any(is_known) && !is_anothers {
                    also_at.push(at);
                }
            }
            also_at.truncate(MAX_ADDRESSES - 1);
            rooms.insert(
                0,
                KnownRoom {
                    name: name.to_owned(),
                    address,
                    also_at,
                    fingerprint,
                    last_seen_unix_ms: clock::unix_ms(),
                },
            );
            for forgotten in rooms.drain(MAX_ROOMS.min(rooms.len())..) {
                tracing::warn!(room = %forgotten.name, address = %forgotten.address,
                    "a known room is forgotten: there are more than {MAX_ROOMS}");
            }
        })
    }
}

/// The file that the list is in.
struct Store {
    path: PathBuf,
}

impl Store {
    fn of(folders: &Folders) -> Store {
        Store {
            path: folders.config().join("known-rooms.json"),
        }
    }

    fn beside(&self, ending: &str) -> PathBuf {
        self.path.with_extension(format!("json.{ending}"))
    }

    /// Held while the list is read and changed, against other copies of the program. Where there are no locks, it goes without.
    fn lock(&self) -> Option<File> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        let lock = options.open(self.beside("lock")).ok()?;
        lock.lock().ok()?;
        Some(lock)
    }

    fn read(&self) -> Result<Vec<KnownRoom>, KnownRoomsError> {
        let aside = self.beside("unreadable");
        if aside.symlink_metadata().is_ok() {
            return Err(KnownRoomsError::Unreadable {
                kept: aside,
                why: "it could not be read earlier".to_owned(),
            });
        }
        let unreadable = |kept: &Path, why: String| KnownRoomsError::Unreadable {
            kept: kept.to_owned(),
            why,
        };
        let json = match std::fs::read(&self.path) {
            Ok(json) => json,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(&self.path, error.to_string())),
        };
        match serde_json::from_slice(&json) {
            Ok(rooms) => Ok(merged(rooms)),
            Err(error) => {
                // Should that fail, the list is as unreadable the next time.
                let moved = std::fs::rename(&self.path, &aside);
                let kept = if moved.is_ok() { &aside } else { &self.path };
                Err(unreadable(kept, error.to_string()))
            }
        }
    }

    fn change<R>(&self, change: impl FnOnce(&mut Vec<KnownRoom>) -> R) -> Result<R, KnownRoomsError> {
        let _turn = self.lock();
        let mut rooms = self.read()?;
        let before = rooms.clone();
        let outcome = change(&mut rooms);
        if rooms != before {
            let json = serde_json::to_vec_pretty(&rooms).map_err(io::Error::other);
            let stored = json.and_then(|json| write_atomically(&self.path, &json));
            stored.map_err(|error| KnownRoomsError::Unwritable {
                path: self.path.clone(),
                why: error.to_string(),
            })?;
        }
        Ok(outcome)
    }
}

/// Earlier versions stored a pin for each spelling of an address.
fn merged(rooms: Vec<KnownRoom>) -> Vec<KnownRoom> {
    let mut merged: Vec<KnownRoom> = Vec::with_capacity(rooms.len());
    for room in rooms {
        match merged
            .iter_mut()
            .find(|other| other.fingerprint == room.fingerprint)
        {
            Some(known) => {
                let others = [room.address].into_iter().chain(room.also_at);
                for address in others {
                    if !known.keys().any(|key| key == key_of(&address)) {
                        known.also_at.push(address);
                    }
                }
            }
            None => merged.push(room),
        }
    }
    merged
}
