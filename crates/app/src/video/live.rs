//! My own video, from its source to the room.

use std::sync::Arc;

use media::{Capture, CaptureError, SourceId};
use netcore::Publisher;
use netcore::proto::video::{SourceKind, StreamSpec};
use tokio::sync::mpsc;

use super::source::{self, Opened, Outlet};
use super::view::{LiveView, MadeView, SourceFormat, Transport, VideoEvent, VideoSpec};
use crate::core::{Core, OpenRoom};
use crate::error::{ErrorCode, IpcError};

/// My video, while it is live.
pub(crate) struct Live {
    capture: Capture,
    outlet: Arc<Outlet>,
    publisher: Arc<Publisher>,
    spec: VideoSpec,
    name: String,
    since_unix_ms: u64,
    /// The number it had last; it gets another one when the connection comes back.
    stream: u32,
    /// How its pictures were made when the interface was told last.
    told: Option<MadeView>,
}

impl Live {
    /// As the interface is given it.
    pub(crate) fn view(&self) -> LiveView {
        LiveView {
            stream: self.stream,
            spec: self.spec.clone(),
            source_name: self.name.clone(),
            since_ms: self.since_unix_ms,
            made: self.made(),
        }
    }

    /// How its pictures are made at present.
    fn made(&self) -> MadeView {
        let plan = self.capture.control().plan();
        let (width, height) = plan.scale.of((self.spec.width, self.spec.height));
        MadeView {
            quality: plan.quality,
            width,
            height,
            rate: if plan.rate > 0.0 {
                plan.rate
            } else {
                self.spec.rate
            },
        }
    }
}

/// Opens the source and tells the room.
pub(super) async fn start(core: &Arc<Core>, spec: VideoSpec) -> Result<LiveView, IpcError> {
    let open = core.room()?;
    let mut live = open.live.lock().await;
    if live.is_some() {
        return Err(IpcError::new(
            ErrorCode::AlreadyLive,
            "your video is live already",
        ));
    }
    let outlet = Arc::new(Outlet::default());
    let Opened {
        capture,
        spec,
        name,
        ended,
    } = source::open(core, &spec, &outlet).await?;
    let publisher = match open.room.publish(stream_spec(&spec, &name)).await {
        Ok(publisher) => Arc::new(publisher),
        Err(error) => {
            source::close(capture).await;
            return Err(error.into());
        }
    };
    publisher.adapt(source::bounds(&spec));
    outlet.open(publisher.clone());
    let stream = publisher.stream().map_or(0, |stream| stream.0);
    let since_unix_ms = netcore::clock::unix_ms();
    let begun = Live {
        capture,
        outlet,
        publisher,
        spec,
        name,
        since_unix_ms,
        stream,
        told: None,
    };
    let view = begun.view();
    *live = Some(begun);
    core.notify(
        "video",
        &VideoEvent::Live {
            live: Some(view.clone()),
            error: None,
        },
    );
    watch_for_end(core, &open, ended);
    note_used(core, &view.spec);
    Ok(view)
}

/// Keeps what is live for the next start. A file is not begun with again, and a window of another program is gone by then.
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
    let mut live = guard.take().ok_or_else(not_live)?;
    let is_same_picture =
        (&spec.source, spec.width, spec.height) == (&live.spec.source, live.spec.width, live.spec.height);
    if is_same_picture {
        live.capture.set_quality(spec.quality.clamp(1, 100));
        live.capture.set_rate(source::sane_rate(spec.rate));
        live.spec = VideoSpec {
            quality: spec.quality.clamp(1, 100),
            ..spec
        };
    } else {
        // One camera cannot be opened twice, so the old source goes first.
        let before = live.spec.clone();
        source::close(live.capture).await;
        let (opened, error) = match source::open(core, &spec, &live.outlet).await {
            Ok(opened) => (Ok(opened), None),
            Err(error) => (source::open(core, &before, &live.outlet).await, Some(error)),
        };
        let opened = match opened {
            Ok(opened) => opened,
            Err(error) => {
                live.outlet.close();
                finish(core, &open, live.publisher, Some(error.clone())).await;
                return Err(error);
            }
        };
        live = Live {
            capture: opened.capture,
            spec: opened.spec,
            name: opened.name,
            ..live
        };
        watch_for_end(core, &open, opened.ended);
        if let Some(error) = error {
            *guard = Some(live);
            return Err(error);
        }
    }
    live.publisher.adapt(source::bounds(&live.spec));
    let view = announce(core, &open, &mut live).await;
    note_used(core, &live.spec);
    *guard = Some(live);
    view
}

/// The switch: TCP or UDP, while live.
pub(crate) async fn set_transport(core: &Arc<Core>, transport: Transport) -> Result<LiveView, IpcError> {
    let open = core.room()?;
    let mut guard = open.live.lock().await;
    let live = guard.as_mut().ok_or_else(not_live)?;
    live.spec.transport = transport;
    announce(core, &open, live).await
}

/// Tells the interface how my pictures are made, when that is another way than it was told last.
pub(crate) fn tell_made(core: &Core, open: &OpenRoom) {
    // Whoever changes it at this moment tells of it.
    let Ok(mut guard) = open.live.try_lock() else {
        return;
    };
    let Some(live) = guard.as_mut() else { return };
    let made = live.made();
    if live.told.replace(made) != Some(made) {
        let live = Some(live.view());
        core.notify("video", &VideoEvent::Live { live, error: None });
    }
}

/// Ends my video, if it is live, for this reason if for any.
pub(crate) async fn end(core: &Core, open: &OpenRoom, error: Option<IpcError>) {
    let Some(live) = open.live.lock().await.take() else {
        return;
    };
    live.outlet.close();
    source::close(live.capture).await;
    finish(core, open, live.publisher, error).await;
}

/// My video may have another number now: the connection was lost and came back.
pub(super) async fn republished(core: &Core, open: &OpenRoom) {
    let mut guard = open.live.lock().await;
    let Some(live) = guard.as_mut() else { return };
    let Some(stream) = live.publisher.stream().filter(|stream| stream.0 != live.stream) else {
        return;
    };
    live.stream = stream.0;
    core.notify(
        "video",
        &VideoEvent::Live {
            live: Some(live.view()),
            error: None,
        },
    );
}

/// Tells the room and the interface what my video is now.
async fn announce(core: &Core, open: &OpenRoom, live: &mut Live) -> Result<LiveView, IpcError> {
    match live.publisher.change(stream_spec(&live.spec, &live.name)).await {
        // Without a connection it takes effect when there is one again.
        Ok(()) | Err(netcore::VideoError::NotConnected) => {}
        Err(error) => return Err(error.into()),
    }
    let stream = live.publisher.stream();
    if let Some(known) = stream.and_then(|stream| open.streams.lock().get(stream)) {
        let spec = live.publisher.spec();
        super::put(core, open, netcore::proto::video::StreamInfo { spec, ..known });
    }
    let view = live.view();
    core.notify(
        "video",
        &VideoEvent::Live {
            live: Some(view.clone()),
            error: None,
        },
    );
    Ok(view)
}

/// Ends the stream and tells the interface.
async fn finish(core: &Core, open: &OpenRoom, publisher: Arc<Publisher>, error: Option<IpcError>) {
    let stream = publisher.stream();
    // The capture's thread may not have let go of it yet; then it ends the stream when it does.
    if let Some(publisher) = Arc::into_inner(publisher) {
        publisher.stop().await;
    }
    if let Some(stream) = stream {
        super::remove(core, open, stream);
    }
    core.notify("video", &VideoEvent::Live { live: None, error });
}

/// Ends my video when its source ends by itself. A source that was replaced says nothing any more: its sender is gone.
fn watch_for_end(
    core: &Arc<Core>,
    open: &Arc<OpenRoom>,
    mut ended: mpsc::UnboundedReceiver<Option<CaptureError>>,
) {
    let (core, open) = (core.clone(), Arc::downgrade(open));
    tokio::spawn(async move {
        let Some(why) = ended.recv().await else { return };
        if let Some(open) = open.upgrade() {
            end(&core, &open, why.map(IpcError::from)).await;
        }
    });
}

fn stream_spec(spec: &VideoSpec, name: &str) -> StreamSpec {
    StreamSpec {
        source: match spec.source.parse() {
            Ok(SourceId::Camera(_)) => SourceKind::Camera,
            Ok(SourceId::Screen(_)) => SourceKind::Screen,
            Ok(SourceId::File(_)) => SourceKind::File,
            Ok(SourceId::Pattern) | Err(_) => SourceKind::Pattern,
        },
        title: name.to_owned(),
        width: spec.width,
        height: spec.height,
        rate: spec.rate,
        transport: spec.transport.into(),
    }
}

fn not_live() -> IpcError {
    IpcError::new(ErrorCode::NotLive, "your video is not live")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_told_what_kind_of_thing_gives_the_pictures() {
        let kind = |source: &str| {
            let spec = VideoSpec {
                source: source.into(),
                ..crate::testing::pattern(Transport::Udp)
            };
            super::super::view::SourceKind::from(stream_spec(&spec, "it").source)
        };
        use super::super::view::SourceKind::{Camera, File, Pattern, Screen};
        for (source, told) in [
            ("camera:/dev/video0", Camera),
            ("file:7", File),
            ("pattern", Pattern),
            ("screen:2", Screen),
            ("screen:Lab notes", Screen),
        ] {
            assert_eq!(kind(source), told, "{source}");
        }
    }
}
