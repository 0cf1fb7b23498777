//! Who is here, and how this computer came to be in a room.

pub(crate) mod commands;
mod identity;
mod opening;
mod people;
#[cfg(test)]
mod tests;
pub mod view;

use std::sync::Arc;

use netcore::proto::session::Event;
use netcore::{JoinError, Snapshot};

use crate::core::{Core, OpenRoom};
pub use commands::room;
pub use identity::{colour_of, user_name};
pub(crate) use people::People;
use view::{LinkState, Person, ReachableAt, SessionEvent};

/// Notifies the face what happened to who is here.
pub(crate) fn handle(core: &Core, open: &OpenRoom, event: Event) {
    let me = open.me();
    let event = match event {
        Event::Joined(person) => {
            open.people.put(person.clone());
            SessionEvent::Joined {
                person: Person::of(&person, me),
            }
        }
        Event::Changed(person) => {
            if !open.people.put(person.clone()) {
                return;
            }
            SessionEvent::PersonChanged {
                person: Person::of(&person, me),
            }
        }
        Event::Left { person, reason } => {
            open.people.leave(&person);
            SessionEvent::Left {
                person: Person::of(&person, me),
                reason: reason.into(),
            }
        }
        Event::RoundTrip {
            member, round_trip, ..
        } => {
            open.round_trips.note(member, round_trip);
            return;
        }
        // The rest is between netcore and its connections; how a connection ends, it says by its link and by `Closed`.
        Event::Welcomed(_)
        | Event::UpToDate
        | Event::Refused(_)
        | Event::Attached { .. }
        | Event::Detached { .. } => return,
    };
    core.notify(event);
}

/// Notifies the face how the connection to the host is.
pub(crate) fn handle_link(core: &Core, link: &netcore::LinkState) {
    core.notify(SessionEvent::LinkChanged {
        link: LinkState::of(link),
    });
}

/// Notifies the face where others reach the room from now on.
pub(crate) fn handle_addresses(core: &Core, addresses: Vec<netcore::ReachableAt>) {
    let addresses = addresses.into_iter().map(Into::into).collect();
    core.notify(SessionEvent::AddressesChanged { addresses });
}

/// Where others reach the room that is open, the likeliest address first; nothing when it is not hosted here.
pub fn addresses(core: &Core) -> Vec<ReachableAt> {
    let Ok(open) = core.room() else { return Vec::new() };
    open.room.addresses().into_iter().map(Into::into).collect()
}

/// Everybody who is here, as this computer's person sees them; nobody without a room.
pub fn people(core: &Core) -> Vec<Person> {
    let Ok(open) = core.room() else { return Vec::new() };
    let here = open.people.here();
    here.iter().map(|person| Person::of(person, open.me())).collect()
}

/// Notifies the face who is here now and was not, or is no longer.
pub(crate) fn resynchronise(core: &Core, open: &OpenRoom, snapshot: &Snapshot) {
    let me = snapshot.info.me;
    let (gone, news) = open.people.replace(&snapshot.people);
    for gone in gone {
        let reason = netcore::proto::session::LeaveReason::Lost;
        core.notify(SessionEvent::Left {
            person: Person::of(&gone, me),
            reason: reason.into(),
        });
    }
    for person in &news {
        core.notify(SessionEvent::PersonChanged {
            person: Person::of(person, me),
        });
    }
    handle_link(core, &snapshot.link);
}

/// The room is over: by our own doing, or for the reason given.
pub(crate) fn closed(core: &Core, open: &Arc<OpenRoom>, reason: Option<JoinError>) {
    if core.room().is_ok_and(|current| Arc::ptr_eq(&current, open)) {
        core.take_room();
    }
    core.notify(SessionEvent::closed(reason));
}
