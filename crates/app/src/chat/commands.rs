//! What the interface may ask about what is said.

use std::sync::Arc;

use netcore::proto::chat::tidy_text;

use super::view::ChatEntry;
use crate::core::{Core, lock};
use crate::error::{ErrorCode, IpcError};

pub(crate) async fn say(core: &Arc<Core>, text: String) -> Result<ChatEntry, IpcError> {
    send(core, &text, None).await
}

pub(crate) async fn resend(core: &Arc<Core>, key: u64) -> Result<ChatEntry, IpcError> {
    let failed = lock(&core.room()?.chat).failed_text(key);
    let text = failed.ok_or_else(|| IpcError::new(ErrorCode::Empty, "there is nothing to send again"))?;
    send(core, &text, Some(key)).await
}

async fn send(core: &Core, text: &str, key: Option<u64>) -> Result<ChatEntry, IpcError> {
    let open = core.room()?;
    let text = tidy_text(text)?;
    let said = open.room.say(&text).await?;
    let me = open.myself().ok_or_else(IpcError::no_room)?;
    let mut log = lock(&open.chat);
    let put = said
        .entry
        .and_then(|entry| log.receipt(said.local, &entry, me.id));
    Ok(put.unwrap_or_else(|| log.said(said.local, text, &me, netcore::clock::unix_ms(), key)))
}
