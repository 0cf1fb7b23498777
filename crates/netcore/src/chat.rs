//! What is said: our own words on their path to the control plane. Everything else about them is decided by the pure node, and
//! comes back as events.

use netcore_proto::CommandError;
use netcore_proto::chat::Entry;

use crate::local::next_local;
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
