//! What a face may ask about live pictures.

use std::sync::Arc;

use media::SourceId;
use netcore::proto::StreamId;

use super::view::{DrawnFrame, FrameBytes, LiveView, PublishOptionsView, SourceView, Transport};
use super::{frames, my_video, recording, source};
use crate::core::Core;
use crate::desktop::Choice;
use crate::error::IpcError;

pub(crate) async fn sources(core: &Arc<Core>) -> Result<Vec<SourceView>, IpcError> {
    let found = source::sources().await?;
    let cameras = found.iter().filter_map(|source| match source.id.parse() {
        Ok(SourceId::Camera(device)) => Some(device),
        _ => None,
    });
    *core.cameras.lock() = cameras.collect();
    Ok(found)
}

pub(crate) async fn choose_video_file(core: &Arc<Core>) -> Result<Option<SourceView>, IpcError> {
    let chosen = core
        .desktop
        .choose(Choice::Video(core.settings().language))
        .await
        .unwrap_or_default();
    let Some(path) = chosen.into_iter().next() else {
        return Ok(None);
    };
    let pick = core.picks.give(path.clone());
    let probed = tokio::task::spawn_blocking(move || media::probe_file(path)).await;
    Ok(Some(SourceView {
        id: source::file_id(pick.handle),
        ..probed.map_err(IpcError::internal)??.into()
    }))
}

pub(crate) async fn start_video(core: &Arc<Core>, spec: PublishOptionsView) -> Result<LiveView, IpcError> {
    my_video::start(core, spec).await
}

pub(crate) async fn change_video(core: &Arc<Core>, spec: PublishOptionsView) -> Result<LiveView, IpcError> {
    my_video::change(core, spec).await
}

pub(crate) async fn set_transport(core: &Arc<Core>, transport: Transport) -> Result<LiveView, IpcError> {
    my_video::set_transport(core, transport).await
}

/// Ends my video, if it is live.
///
/// # Errors
/// When no room is open.
pub async fn stop_video(core: &Arc<Core>) -> Result<(), IpcError> {
    my_video::end(core, &*core.room()?, None).await;
    Ok(())
}

pub(crate) async fn watch(core: &Arc<Core>, stream: u32, on: bool) -> Result<(), IpcError> {
    let open = core.room()?;
    open.room.watch(StreamId(stream), on).await?;
    let known = open.streams.lock().get(StreamId(stream));
    known
        .into_iter()
        .for_each(|stream| super::put(core, &open, stream));
    Ok(())
}

pub(crate) async fn next_frame(
    core: &Arc<Core>,
    stream: u32,
    after: i64,
    drawn: Option<DrawnFrame>,
) -> Result<FrameBytes, IpcError> {
    let asked = netcore::clock::now();
    let Ok(open) = core.room() else {
        return Ok(FrameBytes(Vec::new()));
    };
    if let Some(drawn) = drawn {
        frames::note_drawn(&open, StreamId(stream), drawn, asked);
    }
    Ok(frames::next(&open, StreamId(stream), after).await)
}

pub(crate) async fn save_snapshot(core: &Arc<Core>, stream: u32) -> Result<String, IpcError> {
    let path = frames::save(&*core.room()?, StreamId(stream), &core.settings_file.downloads()).await?;
    Ok(path.to_string_lossy().into_owned())
}

pub(crate) async fn start_recording(core: &Arc<Core>, stream: u32) -> Result<String, IpcError> {
    let path = recording::start(core, &core.room()?, StreamId(stream)).await?;
    Ok(path.to_string_lossy().into_owned())
}

pub(crate) async fn stop_recording(core: &Arc<Core>, stream: u32) -> Result<(), IpcError> {
    recording::stop(&*core.room()?, StreamId(stream));
    Ok(())
}
