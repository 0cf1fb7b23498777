//! Rooms that were joined before, and the identity each showed: pinned at first use.

use std::path::PathBuf;

use netcore_proto::session::Fingerprint;
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::folders::{Folders, write_atomically};

/// The most rooms remembered, the latest ones.
const MAX_ROOMS: usize = 50;

/// A room that was joined before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownRoom {
    /// Its name then.
    pub name: String,
    /// Where it was.
    pub address: String,
    /// The host's identity.
    pub fingerprint: Fingerprint,
    /// When it was last joined, in milliseconds since 1970.
    pub last_seen_unix_ms: u64,
}

/// The rooms that were joined before, latest first.
#[derive(Clone, Debug)]
pub struct KnownRooms {
    path: PathBuf,
    rooms: Vec<KnownRoom>,
}

impl KnownRooms {
    /// Reads the profile's list. One that cannot be read counts as empty, and is said so in the log.
    pub fn load(folders: &Folders) -> KnownRooms {
        let path = folders.config().join("known-rooms.json");
        let rooms = match std::fs::read(&path) {
            Ok(json) => serde_json::from_slice(&json).unwrap_or_else(|error| {
                tracing::warn!(%error, path = %path.display(), "the list of known rooms cannot be read");
                Vec::new()
            }),
            Err(_) => Vec::new(),
        };
        KnownRooms { path, rooms }
    }

    /// Latest first.
    pub fn rooms(&self) -> &[KnownRoom] {
        &self.rooms
    }

    /// Forgets a room, and with it the identity that was pinned.
    pub fn forget(&mut self, address: &str) {
        self.rooms.retain(|room| room.address != address);
        self.store();
    }

    pub(crate) fn pinned(&self, address: &str) -> Option<Fingerprint> {
        self.rooms
            .iter()
            .find(|room| room.address == address)
            .map(|room| room.fingerprint)
    }

    pub(crate) fn remember(&mut self, name: String, address: String, fingerprint: Fingerprint) {
        self.rooms.retain(|room| room.address != address);
        self.rooms.insert(
            0,
            KnownRoom {
                name,
                address,
                fingerprint,
                last_seen_unix_ms: clock::unix_ms(),
            },
        );
        self.rooms.truncate(MAX_ROOMS);
        self.store();
    }

    fn store(&self) {
        let json = serde_json::to_vec_pretty(&self.rooms).unwrap_or_default();
        if let Err(error) = write_atomically(&self.path, &json) {
            tracing::warn!(%error, path = %self.path.display(), "the list of known rooms cannot be stored");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_room_comes_first_and_its_identity_is_kept() {
        let root = tempfile::tempdir().unwrap();
        let folders = Folders::at(root.path()).unwrap();
        let mut known = KnownRooms::load(&folders);
        for (name, address, identity) in [("A", "a:1", 1), ("B", "b:1", 2), ("A2", "a:1", 1)] {
            known.remember(name.into(), address.into(), Fingerprint([identity; 32]));
        }
        let mut known = KnownRooms::load(&folders);
        assert_eq!(
            known
                .rooms()
                .iter()
                .map(|room| room.name.as_str())
                .collect::<Vec<_>>(),
            ["A2", "B"]
        );
        assert_eq!(known.pinned("b:1"), Some(Fingerprint([2; 32])));
        known.forget("b:1");
        assert_eq!(KnownRooms::load(&folders).pinned("b:1"), None);
    }
}
