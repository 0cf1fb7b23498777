//! What a face may ask about what is said.

use std::sync::Arc;

use netcore::proto::chat::sanitized_text;

use super::view::{ChatEntry, ChatEvent};
use crate::core::Core;
use crate::desktop::Choice;
use crate::error::{ErrorCode, IpcError};

/// Says something to everybody.
///
/// # Errors
/// When there is nothing to say, it is too long, no room is open, or too much waits already.
pub async fn say(core: &Arc<Core>, text: String) -> Result<ChatEntry, IpcError> {
    send(core, &text, None).await
}

pub(crate) async fn resend(core: &Arc<Core>, key: u64) -> Result<ChatEntry, IpcError> {
    let failed = core.room()?.chat.lock().failed_text(key);
    let text = failed.ok_or_else(|| IpcError::new(ErrorCode::Empty, "there is nothing to send again"))?;
    send(core, &text, Some(key)).await
}

/// Lets a person choose where, writes the words of a conversation there, and returns the path in words; `None` when they choose
/// nothing. The words are the page's: the room that they were said in is over.
pub(crate) async fn save_conversation(core: &Arc<Core>, text: String) -> Result<Option<String>, IpcError> {
    let name = format!("roomwire-conversation-{}.txt", crate::local_time::stamp());
    // An answer that never comes is a dialog that went with its window.
    let chosen = core
        .desktop
        .choose(Choice::SaveAs(name, "txt"))
        .await
        .unwrap_or_default();
    let Some(path) = chosen.into_iter().next() else {
        return Ok(None);
    };
    let to = path.clone();
    let write = move || netcore::save(&to, |out| out.write_all(text.as_bytes()));
    let written = tokio::task::spawn_blocking(write).await;
    written
        .map_err(IpcError::internal)?
        .map_err(|error| IpcError::storage(&path, &error))?;
    Ok(Some(path.display().to_string()))
}

async fn send(core: &Core, text: &str, key: Option<u64>) -> Result<ChatEntry, IpcError> {
    let open = core.room()?;
    let text = sanitized_text(text)?;
    let said = open.room.say(&text).await?;
    let me = open.myself().ok_or_else(IpcError::no_room)?;
    let mut log = open.chat.lock();
    // What was said before stands in the log before it: until then it waits for its event, as a member's words do.
    let next = said.entry.filter(|entry| log.is_next(entry));
    if let Some(entry) = next.and_then(|entry| log.receipt(said.local, &entry, me.id)) {
        core.notify(ChatEvent::Entry { entry: entry.clone() });
        return Ok(entry);
    }
    Ok(log.said(said.local, text, &me, netcore::clock::unix_ms(), key))
}
