//! What a face may ask about who is here.

use std::sync::Arc;

use super::opening;
use super::view::{Profile, RoomView, Settings, StartView};
use crate::core::Core;
use crate::desktop::Choice;
use crate::error::IpcError;

pub(crate) async fn start(core: &Arc<Core>) -> Result<StartView, IpcError> {
    Ok(opening::start(core))
}

pub(crate) async fn save_profile(core: &Arc<Core>, profile: Profile) -> Result<Profile, IpcError> {
    let kept = core.settings_file.save_profile(profile)?;
    if let Ok(open) = core.room() {
        open.room.set_profile(kept.clone().into()).await;
    }
    Ok(kept)
}

pub(crate) async fn save_settings(core: &Arc<Core>, settings: Settings) -> Result<Settings, IpcError> {
    let kept = core.save_settings(settings)?;
    core.desktop.set_theme(kept.theme);
    if let Ok(open) = core.room() {
        open.room.stay_on_udp(kept.stays_on_udp);
    }
    Ok(kept)
}

pub(crate) async fn choose_downloads(core: &Arc<Core>) -> Result<Option<Settings>, IpcError> {
    let from = Choice::Folder(core.settings_file.downloads());
    let chosen = core.desktop.choose(from).await.unwrap_or_default();
    match chosen.into_iter().next() {
        Some(folder) => {
            core.settings_file.save_downloads(folder)?;
            Ok(Some(core.settings()))
        }
        None => Ok(None),
    }
}

pub(crate) async fn host_room(core: &Arc<Core>, name: String, port: u16) -> Result<RoomView, IpcError> {
    opening::host(core, name, port).await
}

pub(crate) async fn join_room(core: &Arc<Core>, address: String) -> Result<RoomView, IpcError> {
    opening::join(core, &address).await
}

pub(crate) async fn join_confirmed(
    core: &Arc<Core>,
    address: String,
    fingerprint: String,
) -> Result<RoomView, IpcError> {
    opening::join_confirmed(core, &address, &fingerprint).await
}

pub(crate) async fn forget_room(core: &Arc<Core>, address: String) -> Result<(), IpcError> {
    opening::forget(core, &address)
}

pub(crate) async fn start_rooms_anew(core: &Arc<Core>) -> Result<Option<String>, IpcError> {
    opening::start_rooms_anew(core)
}

/// The room that is open.
///
/// # Errors
/// None at present.
pub async fn room(core: &Arc<Core>) -> Result<Option<RoomView>, IpcError> {
    let Ok(open) = core.room() else { return Ok(None) };
    let snapshot = open.room.snapshot().await;
    Ok(Some(open.view(&snapshot).await))
}

pub(crate) async fn leave_room(core: &Arc<Core>) -> Result<(), IpcError> {
    core.leave().await;
    Ok(())
}

pub(crate) async fn answer_close(core: &Arc<Core>, close: bool) -> Result<(), IpcError> {
    core.answer_close(close).await;
    Ok(())
}

pub(crate) async fn reconnect_now(core: &Arc<Core>) -> Result<(), IpcError> {
    core.room()?.room.reconnect_now();
    Ok(())
}

pub(crate) async fn open_beside(core: &Arc<Core>, address: String) -> Result<(), IpcError> {
    opening::open_beside(core, &address)
}
