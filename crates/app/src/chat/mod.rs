//! What is said.

pub(crate) mod commands;
pub(crate) mod log;
#[cfg(test)]
mod tests;
pub mod view;

use netcore::Snapshot;
use netcore::proto::chat::Event;

use crate::core::{Core, OpenRoom};
pub use commands::say;
use view::ChatEvent;

/// Notifies the face what was said.
pub(crate) fn handle(core: &Core, open: &OpenRoom, event: Event) {
    let me = open.me();
    let mut log = open.chat.lock();
    let changed = match event {
        Event::Entry(entry) => log.put(&entry, me),
        Event::Receipt { local, entry } => log.receipt(local, &entry, me),
        Event::Refused { local, refusal } => log.refused(local, refusal.into()),
        Event::Reset => {
            log.begin_anew(netcore::clock::unix_ms());
            core.notify(ChatEvent::Replaced { entries: log.all() });
            return;
        }
    };
    // Notified while the log is held, so that two changes of one line arrive in their order.
    if let Some(entry) = changed {
        core.notify(ChatEvent::Entry { entry });
    }
}

/// Notifies the face what was said meanwhile.
pub(crate) fn resynchronise(core: &Core, open: &OpenRoom, snapshot: &Snapshot) {
    let mut log = open.chat.lock();
    for entry in &snapshot.chat {
        if let Some(entry) = log.put(entry, snapshot.info.me) {
            core.notify(ChatEvent::Entry { entry });
        }
    }
}
