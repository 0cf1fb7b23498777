//! What the interface may ask about who is here.

use std::sync::Arc;

use super::opening;
use super::view::{Profile, ReachableAt, RoomView, Settings, StartView};
use crate::core::Core;
use crate::error::IpcError;

pub(crate) async fn start(core: &Arc<Core>) -> Result<StartView, IpcError> {
    Ok(opening::start(core))
}

pub(crate) async fn save_profile(core: &Arc<Core>, profile: Profile) -> Result<Profile, IpcError> {
    let kept = core.kept.save_profile(profile)?;
    if let Ok(open) = core.room() {
        open.room.set_profile(kept.clone().into()).await;
    }
    Ok(kept)
}

pub(crate) async fn save_settings(core: &Arc<Core>, settings: Settings) -> Result<Settings, IpcError> {
    let kept = core.save_settings(settings)?;
    core.outside.dress(kept.theme);
    if let Ok(open) = core.room() {
        open.room.stay_on_udp(kept.stays_on_udp);
    }
    Ok(kept)
}

pub(crate) async fn addresses(core: &Arc<Core>) -> Result<Vec<ReachableAt>, IpcError> {
    Ok(opening::addresses(core.kept.settings().port))
}

pub(crate) async fn host_room(core: &Arc<Core>, name: String, port: u16) -> Result<RoomView, IpcError> {
    opening::host(core, name, port).await
}

pub(crate) async fn join_room(core: &Arc<Core>, address: String) -> Result<RoomView, IpcError> {
    opening::join(core, &address).await
}

pub(crate) async fn forget_room(core: &Arc<Core>, address: String) -> Result<(), IpcError> {
    opening::forget(core, &address)
}

pub(crate) async fn room(core: &Arc<Core>) -> Result<Option<RoomView>, IpcError> {
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
