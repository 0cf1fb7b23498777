use netcore::{Address, KnownRooms};

use super::Env;
use crate::exit::{Code, Failure, Result};
use crate::output::{KnownRoom, Report};

/// Lists the rooms joined before, or forgets one.
pub(super) fn run(env: &Env, forget: Option<&Address>) -> Result<()> {
    let me = env.me()?;
    let mut known = KnownRooms::load(&me.folders);
    if let Some(address) = forget {
        let address = address.to_string();
        if !known.rooms().iter().any(|room| room.address == address) {
            return Err(Failure::new(
                Code::Failed,
                format!("no room at {address} was joined before"),
            ));
        }
        known.forget(&address);
        env.screen.note(&format!("The room at {address} is forgotten."));
        return Ok(());
    }
    if known.rooms().is_empty() {
        env.screen.note("No room was joined before.");
    }
    for room in known.rooms() {
        env.screen.tell(&Report::Room(KnownRoom {
            name: room.name.as_str().into(),
            address: room.address.as_str().into(),
            fingerprint: room.fingerprint.to_string(),
            last_seen_unix_ms: room.last_seen_unix_ms,
        }));
    }
    Ok(())
}
