//! The commands about my own video: it begins, changes and ends, and the face is notified.

use std::sync::Arc;

use netcore::proto::Bitrate;
use netcore::proto::video::StreamInfo;

use super::live::{Fit, Live, Wish};
use super::source::{self, Ended};
use super::view::{LiveView, MadeView, SourceFormat, Transport, VideoEvent, VideoSpec};
use crate::core::{Core, OpenRoom};
use crate::error::{ErrorCode, IpcError};

/// My video, while it is live, as this face knows it.
pub(crate) struct MyVideo {
    live: Live,
    spec: VideoSpec,
    since_unix_ms: u64,
    /// The number it had last; it gets another one when the connection comes back.
    stream: u32,
    /// How its pictures were made when the face was notified last.
    notified: Option<MadeView>,
}

impl MyVideo {
    /// As the face is given it.
    pub(crate) fn view(&self) -> LiveView {
        let (format, wish) = (self.live.format(), self.live.wish());
        LiveView {
            stream: self.stream,
            spec: VideoSpec {
                width: format.width,
                height: format.height,
                rate: format.rate,
                quality: wish.quality,
                transport: wish.transport.into(),
                ..self.spec.clone()
            },
            source_name: self.live.title().to_owned(),
            since_ms: self.since_unix_ms,
            made: self.live.made(),
        }
    }

    fn notify(&self, core: &Core) {
        let live = Some(self.view());
        core.notify("video", &VideoEvent::Live { live, error: None });
    }
}

/// Opens the source and publishes it.
pub(super) async fn start(core: &Arc<Core>, spec: VideoSpec) -> Result<LiveView, IpcError> {
    let open = core.room()?;
    let mut mine = open.live.lock().await;
    if mine.is_some() {
        return Err(IpcError::new(
            ErrorCode::AlreadyLive,
            "your video is live already",
        ));
    }
    let mut live = Live::start(&open.room, wish_of(core, &spec)?).await?;
    let ended = live.take_ended();
    let begun = MyVideo {
        stream: live.stream().map_or(0, |stream| stream.0),
        live,
        spec,
        since_unix_ms: netcore::clock::unix_ms(),
        notified: None,
    };
    let view = begun.view();
    begun.notify(core);
    *mine = Some(begun);
    watch_for_end(core, &open, ended);
    note_used(core, &view.spec);
    Ok(view)
}

/// What `spec` asks for.
fn wish_of(core: &Core, spec: &VideoSpec) -> Result<Wish, IpcError> {
    let bitrate = |kbps: u32| Bitrate(u64::from(kbps) * 1_000);
    let fit = match spec.is_fixed {
        true => Fit::Fixed,
        false => Fit::Within(
            spec.least_kbps.map_or(Bitrate(0), bitrate),
            spec.most_kbps.map_or(Bitrate(u64::MAX), bitrate),
        ),
    };
    Ok(Wish {
        source: source::id_of(core, spec)?,
        width: spec.width,
        height: spec.height,
        rate: source::sane_rate(spec.rate),
        quality: source::sane_quality(spec.quality),
        least_quality: spec.least_quality,
        fit,
        transport: spec.transport.into(),
        stays_on_udp: core.settings_file.settings().stays_on_udp,
    })
}

/// Remembers what is live for the next start. A file is not begun with again, and a window of another program is gone by then.
fn note_used(core: &Core, spec: &VideoSpec) {
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

/// Makes my video another one while it is live. When the new source cannot be used, the old one goes on.
pub(super) async fn change(core: &Arc<Core>, spec: VideoSpec) -> Result<LiveView, IpcError> {
    let open = core.room()?;
    let mut guard = open.live.lock().await;
    let mine = guard.as_mut().ok_or_else(not_live)?;
    let wish = wish_of(core, &spec)?;
    let changed = mine.live.change(wish).await;
    // A source that was opened just now has an end of its own.
    if let Some(ended) = mine.live.take_ended() {
        watch_for_end(core, &open, Some(ended));
    }
    if let Err(error) = changed {
        let error = IpcError::from(error);
        if !mine.live.has_source()
            && let Some(mine) = guard.take()
        {
            finish(core, &open, mine.live, Some(error.clone())).await;
        }
        return Err(error);
    }
    mine.spec = spec;
    let view = announce(core, &open, mine);
    note_used(core, &view.spec);
    Ok(view)
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
    core.notify("video", &VideoEvent::Live { live: None, error });
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
