//! What is said: the numbers we give our own words, and their way to the control plane. Everything else about them is decided
//! by the pure node, and comes back as events.

use std::sync::Mutex;

use netcore_proto::CommandError;
use netcore_proto::chat::Entry;

use crate::clock;
use crate::lock::lock;
use crate::shared::Shared;

/// What we said.
#[derive(Clone, Debug)]
pub struct Said {
    /// Our own number for it; the receipt bears it.
    pub local: u64,
    /// On a host, the entry at once. A member's comes as [`netcore_proto::chat::Event::Receipt`].
    pub entry: Option<Entry>,
}

/// Says something to everybody; a member's words wait while the connection is lost.
pub(crate) async fn say(shared: &Shared, text: &str) -> Result<Said, CommandError> {
    let local = next_local();
    let text = text.to_owned();
    let said = shared.call(move |node, now| node.say(local, &text, now)).await;
    let entry = said.unwrap_or(Err(CommandError::NotConnected))?;
    Ok(Said { local, entry })
}

/// A number of our own for something we say, offer or publish. It is greater than all before it, also across restarts, so
/// that a host can tell what it has already seen: microseconds since 1970.
pub(crate) fn next_local() -> u64 {
    static LAST: Mutex<u64> = Mutex::new(0);
    let mut last = lock(&LAST);
    *last = (*last + 1).max(clock::unix_ms() * 1_000);
    *last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_grow_however_fast_they_are_asked_for() {
        let numbers: Vec<u64> = (0..1_000).map(|_| next_local()).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b));
        assert!(numbers[0] < 1 << 53, "every JSON reader keeps it exact");
    }
}
