use netcore::{Address, KnownRooms};

use super::env::Env;
use crate::exit::{Code, Failure, Result};
use crate::output::Report;

/// Lists the rooms joined before, forgets one, or gives up a list that cannot be read.
pub(super) fn run(env: &Env, forget: Option<&Address>, start_anew: bool) -> Result<()> {
    let me = env.me()?;
    if start_anew {
        let old = KnownRooms::start_anew(&me.folders)?;
        env.screen.note(&match old {
            Some(path) => format!(
                "Every room is met as for the first time. The old list stays as {}.",
                path.display()
            ),
            None => "The list of known rooms can be read: nothing was done.".to_owned(),
        });
        return Ok(());
    }
    if let Some(address) = forget {
        if !KnownRooms::forget(&me.folders, address)? {
            return Err(Failure::new(
                Code::Failed,
                format!("no room at {address} was joined before"),
            ));
        }
        env.screen.note(&format!("The room at {address} is forgotten."));
        return Ok(());
    }
    let known = KnownRooms::load(&me.folders)?;
    if known.rooms().is_empty() {
        env.screen.note("No room was joined before.");
    }
    for room in known.rooms() {
        let room = room.clone().into();
        env.screen.show(&Report::Room { room });
    }
    Ok(())
}
