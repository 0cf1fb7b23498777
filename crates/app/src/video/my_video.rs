//! The commands about my own video: it begins, changes and ends, and the face is notified.

use std::sync::Arc;

use netcore::proto::Bitrate;
use netcore::proto::video::StreamInfo;

use super::live::{EncodingMode, Live, PublishOptions};
use super::source::{self, Ended};
use super::view::{LiveView, MadeView, PublishOptionsView, SourceFormat, Transport, VideoEvent};
use crate::core::{Core, OpenRoom};
use crate::error::{ErrorCode, IpcError};

/// My video, while it is live, as this face knows it.
pub(crate) struct MyVideo {
    live: Live,
    /// What the face asked for, in its own words; `None`: by a [`PublishOptions`].
    spec: Option<PublishOptionsView>,
    /// The number it had last; it gets another one when the connection comes back.
    stream: u32,
    /// How its pictures were made when the face was notified last.
    notified: Option<MadeView>,
}

impl MyVideo {
    /// As the face is given it.
    pub(crate) fn view(&self) -> LiveView {
        let view = self.live.view();
        let spec = match &self.spec {
            None => view.spec,
            Some(spec) => PublishOptionsView {
                width: view.spec.width,
                height: view.spec.height,
                rate: view.spec.rate,
                quality: view.spec.quality,
                transport: view.spec.transport,
                ..spec.clone()
            },
        };
        LiveView {
            stream: self.stream,
            spec,
            ..view
        }
    }

    fn notify(&self, core: &Core) {
        let live = Some(self.view());
        core.notify(VideoEvent::Live { live, error: None });
    }
}

/// Opens the source and publishes it.
///
/// # Errors
/// When my video is live already, there are no pictures, or no room takes them.
pub async fn go_live(core: &Arc<Core>, options: PublishOptions) -> Result<LiveView, IpcError> {
    begin(core, options, None).await
}

/// Makes my video another one while it is live. When a new source cannot be used, the old one goes on.
///
/// # Errors
/// When my video is not live, or not as it is asked for.
pub async fn change_live(
    core: &Arc<Core>,
    change: impl FnOnce(&mut PublishOptions),
) -> Result<LiveView, IpcError> {
    let open = core.room()?;
    let mut guard = open.live.lock().await;
    let mut options = guard.as_ref().ok_or_else(not_live)?.live.options().clone();
    change(&mut options);
    go_on(core, &open, &mut guard, options, None).await
}

/// As my video was asked for last, while it is live.
pub async fn live_options(core: &Core) -> Option<PublishOptions> {
    let open = core.room().ok()?;
    let mine = open.live.lock().await;
    mine.as_ref().map(|mine| mine.live.options().clone())
}

/// Does what a face asks for in its own words.
pub(super) async fn start(core: &Arc<Core>, spec: PublishOptionsView) -> Result<LiveView, IpcError> {
    let view = begin(core, options_of(core, &spec)?, Some(spec)).await?;
    note_used(core, &view.spec);
    Ok(view)
}

async fn begin(
    core: &Arc<Core>,
    options: PublishOptions,
    spec: Option<PublishOptionsView>,
) -> Result<LiveView, IpcError> {
    let open = core.room()?;
    let mut mine = open.live.lock().await;
    if mine.is_some() {
        return Err(IpcError::new(
            ErrorCode::AlreadyLive,
            "your video is live already",
        ));
    }
    let mut live = Live::start(&open.room, options).await?;
    let ended = live.take_ended();
    let begun = MyVideo {
        stream: live.stream().map_or(0, |stream| stream.0),
        live,
        spec,
        notified: None,
    };
    let view = begun.view();
    begun.notify(core);
    *mine = Some(begun);
    watch_for_end(core, &open, ended);
    Ok(view)
}

/// What `spec` asks for.
fn options_of(core: &Core, spec: &PublishOptionsView) -> Result<PublishOptions, IpcError> {
    let bitrate = |kbps: u32| Bitrate(u64::from(kbps) * 1_000);
    let encoding = match spec.is_fixed {
        true => EncodingMode::Fixed,
        false => EncodingMode::Adaptive(
            spec.least_kbps.map_or(Bitrate(0), bitrate),
            spec.most_kbps.map_or(Bitrate(u64::MAX), bitrate),
        ),
    };
    Ok(PublishOptions {
        source: source::id_of(core, spec)?,
        width: spec.width,
        height: spec.height,
        rate: source::sane_rate(spec.rate),
        quality: source::sane_quality(spec.quality),
        least_quality: spec.least_quality,
        encoding,
        transport: spec.transport.into(),
        stays_on_udp: core.settings_file.settings().stays_on_udp,
    })
}

/// Remembers what is live for the next start. A file is not begun with again, and a window of another program is gone by then.
fn note_used(core: &Core, spec: &PublishOptionsView) {
    if spec.source == "pattern" || spec.source.starts_with("camera:") {
        core.settings_file.note_used(|last| {
            last.source.clone_from(&spec.source);
            last.format = Some(SourceFormat {
                width: spec.width,
                height: spec.height,
                rate: spec.rate,
            });
        });
    }
}

/// Does what a face asks for in its own words, while my video is live.
pub(super) async fn change(core: &Arc<Core>, spec: PublishOptionsView) -> Result<LiveView, IpcError> {
    let open = core.room()?;
    let options = options_of(core, &spec)?;
    let mut guard = open.live.lock().await;
    let view = go_on(core, &open, &mut guard, options, Some(spec)).await?;
    note_used(core, &view.spec);
    Ok(view)
}

/// My video goes on as `options`. When the new source cannot be used, the old one goes on.
async fn go_on(
    core: &Arc<Core>,
    open: &Arc<OpenRoom>,
    guard: &mut Option<MyVideo>,
    options: PublishOptions,
    spec: Option<PublishOptionsView>,
) -> Result<LiveView, IpcError> {
    let mine = guard.as_mut().ok_or_else(not_live)?;
    open.room.stay_on_udp(options.stays_on_udp);
    let changed = mine.live.change(options).await;
    // A source that was opened just now has an end of its own.
    if let Some(ended) = mine.live.take_ended() {
        watch_for_end(core, open, Some(ended));
    }
    if let Err(error) = changed {
        let error = IpcError::from(error);
        if !mine.live.has_source()
            && let Some(mine) = guard.take()
        {
            finish(core, open, mine.live, Some(error.clone())).await;
        }
        return Err(error);
    }
    mine.spec = spec;
    Ok(announce(core, open, mine))
}

/// The switch: TCP or UDP, while live.
pub(crate) async fn set_transport(core: &Arc<Core>, transport: Transport) -> Result<LiveView, IpcError> {
    let open = core.room()?;
    let mut guard = open.live.lock().await;
    let mine = guard.as_mut().ok_or_else(not_live)?;
    mine.live.set_transport(transport.into()).await?;
    Ok(announce(core, &open, mine))
}

/// Notifies the face how my pictures are made, when that is not as it was last.
pub(crate) fn notify_made(core: &Core, open: &OpenRoom) {
    // Who changes it at this moment notifies the face.
    let Ok(mut guard) = open.live.try_lock() else {
        return;
    };
    let Some(mine) = guard.as_mut() else { return };
    let made = mine.live.made();
    if mine.notified.replace(made) != Some(made) {
        mine.notify(core);
    }
}

/// Ends my video, if it is live, for this reason if for any.
pub(crate) async fn end(core: &Core, open: &OpenRoom, error: Option<IpcError>) {
    if let Some(mine) = open.live.lock().await.take() {
        finish(core, open, mine.live, error).await;
    }
}

/// My video may have another number now: the connection was lost and came back.
pub(super) async fn republished(core: &Core, open: &OpenRoom) {
    let mut guard = open.live.lock().await;
    let Some(mine) = guard.as_mut() else { return };
    let Some(stream) = mine.live.stream().filter(|stream| stream.0 != mine.stream) else {
        return;
    };
    mine.stream = stream.0;
    mine.notify(core);
}

/// Notifies the face what my video is now.
fn announce(core: &Core, open: &OpenRoom, mine: &MyVideo) -> LiveView {
    let stream = mine.live.stream();
    if let Some(known) = stream.and_then(|stream| open.streams.lock().get(stream)) {
        let spec = mine.live.spec();
        super::put(core, open, StreamInfo { spec, ..known });
    }
    mine.notify(core);
    mine.view()
}

/// Ends the stream and notifies the face.
async fn finish(core: &Core, open: &OpenRoom, live: Live, error: Option<IpcError>) {
    let stream = live.stream();
    live.stop().await;
    if let Some(stream) = stream {
        super::remove(core, open, stream);
    }
    core.notify(VideoEvent::Live { live: None, error });
}

/// Ends my video when its source ends by itself. A source that was replaced says nothing any more: its sender is gone.
fn watch_for_end(core: &Arc<Core>, open: &Arc<OpenRoom>, ended: Option<Ended>) {
    let Some(mut ended) = ended else { return };
    let (core, open) = (core.clone(), Arc::downgrade(open));
    tokio::spawn(async move {
        let Some(why) = ended.recv().await else { return };
        if let Some(open) = open.upgrade() {
            end(&core, &open, why.map(IpcError::from)).await;
        }
    });
}

fn not_live() -> IpcError {
    IpcError::new(ErrorCode::NotLive, "your video is not live")
}
