//! A source of pictures, opened for my video.

use std::sync::Arc;
use std::time::Duration;

use media::{
    Capture, CaptureControl, CaptureError, CaptureEvent, CaptureSpec, CapturedFrame, ScreenArea, SourceId,
    SourceInfo,
};
use netcore::Publisher;
use netcore::proto::video::SourceKind;
use parking_lot::RwLock;
use tokio::sync::mpsc;

use super::live::{LiveError, PublishOptions};
use super::view::{PublishOptionsView, SourceView};
use crate::core::Core;
use crate::error::{ErrorCode, IpcError};
use crate::picks::name_of;

/// A camera that has to be woken needs seconds; more than this is no answer.
const OPENING: Duration = Duration::from_secs(15);
/// The largest side that a picture may be asked to have: no camera gives more.
const MAX_SIDE: u16 = 8192;
const MAX_RATE: f32 = 240.0;

/// Where captured pictures go: nowhere, until there is a stream for them. What the network takes goes back.
#[derive(Default)]
pub(super) struct Outlet {
    publisher: RwLock<Option<Arc<Publisher>>>,
    /// The source that is open now.
    control: RwLock<Option<CaptureControl>>,
}

impl Outlet {
    pub(super) fn open(&self, publisher: Arc<Publisher>) {
        *self.publisher.write() = Some(publisher);
    }

    pub(super) fn close(&self) {
        self.publisher.write().take();
    }

    fn follow(&self, control: CaptureControl) {
        *self.control.write() = Some(control);
    }

    /// Sends a picture, and has the next one made as the network takes it.
    fn send(&self, frame: &CapturedFrame) {
        let target = self.publisher.read().as_ref().and_then(|publisher| {
            publisher.send(
                &frame.jpeg,
                frame.width,
                frame.height,
                frame.captured,
                frame.encoded,
            )
        });
        let control = self.control.read();
        let (Some(target), Some(control)) = (target, &*control) else {
            return;
        };
        let target = media::CaptureTarget {
            quality: target.quality,
            scale: media::Scale::new(target.scale.0, target.scale.1),
            rate: target.rate,
        };
        if control.target() != target {
            control.set_target(target);
        }
    }
}

/// The size and rate of a source's pictures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Format {
    /// In pixels.
    pub width: u16,
    /// In pixels.
    pub height: u16,
    /// Frames per second as announced.
    pub rate: f32,
    /// Frames per second that the source gives unless fewer are asked for.
    pub(super) own_rate: f32,
}

/// Says once how a source ended, when it ended by itself.
pub(super) type Ended = mpsc::UnboundedReceiver<Option<CaptureError>>;

/// A source that gives pictures.
pub(super) struct Opened {
    pub(super) capture: Capture,
    /// What the source settled on.
    pub(super) format: Format,
    /// The source's name in words.
    pub(super) title: String,
    pub(super) ended: Ended,
}

/// Everything that pictures can come from, screens and windows last, so that nobody shows one who only took the first source.
///
/// # Errors
/// When looking for them panicked.
pub async fn sources() -> Result<Vec<SourceView>, IpcError> {
    // Asking a camera what it offers takes its time.
    let found = tokio::task::spawn_blocking(list).await;
    let found = found.map_err(IpcError::internal)?;
    Ok(found.into_iter().map(SourceView::from).collect())
}

fn list() -> Vec<SourceInfo> {
    let mut all = media::sources();
    match media::screens() {
        Ok(screens) => all.extend(screens),
        // It is listed all the same: who takes it reads in words why it cannot be shown.
        Err(_) => all.push(SourceInfo {
            id: SourceId::Screen(ScreenArea::Primary),
            name: "Screen".to_owned(),
            formats: Vec::new(),
        }),
    }
    all
}

/// A video file that was picked, as the page names it.
pub(super) fn file_id(handle: u32) -> String {
    format!("file:{handle}")
}

/// What `spec` names: a file by its number, a camera that was listed, and neither by its path.
pub(super) fn id_of(core: &Core, spec: &PublishOptionsView) -> Result<SourceId, IpcError> {
    let absent = |error: &dyn std::fmt::Display| IpcError::new(ErrorCode::CameraAbsent, error.to_string());
    if let Some(handle) = spec.source.strip_prefix("file:") {
        // No number of ours is zero.
        return core.picks.path(handle.parse().unwrap_or(0)).map(SourceId::File);
    }
    match spec.source.parse() {
        Ok(SourceId::Camera(device)) if !core.cameras.lock().contains(&device) => {
            Err(absent(&"this camera was not listed").with("camera", device))
        }
        Ok(id) => Ok(id),
        Err(error) => Err(absent(&error)),
    }
}

/// Opens the source asked for and waits until it gives pictures, or says why not.
///
/// # Errors
/// As the source has them; and when nothing is heard of it for longer than a camera needs to wake.
pub(super) async fn open(options: &PublishOptions, outlet: &Arc<Outlet>) -> Result<Opened, LiveError> {
    let asked = CaptureSpec {
        source: options.source.clone(),
        width: options.width.min(MAX_SIDE),
        height: options.height.min(MAX_SIDE),
        rate: sane_rate(options.rate),
        quality: sane_quality(options.quality),
    };
    let (started_tx, mut started) = mpsc::unbounded_channel();
    let (ended_tx, ended) = mpsc::unbounded_channel();
    let (sink, asking) = (outlet.clone(), outlet);
    // Who listens may have gone; what the capture says then is of no use to anybody.
    let capture = Capture::start(asked, netcore::clock::clock(), move |event| match event {
        CaptureEvent::Frame(frame) => sink.send(&frame),
        CaptureEvent::Started {
            width,
            height,
            rate,
            name,
        } => drop(started_tx.send(Ok((width, height, rate, name)))),
        CaptureEvent::Failed(error) => {
            drop(started_tx.send(Err(error.clone())));
            drop(ended_tx.send(Some(error)));
        }
        CaptureEvent::Ended => drop(ended_tx.send(None)),
    });
    asking.follow(capture.control());
    let failed = match tokio::time::timeout(OPENING, started.recv()).await {
        Ok(Some(Ok((width, height, rate, name)))) => {
            return Ok(Opened {
                capture,
                format: Format {
                    width,
                    height,
                    rate,
                    own_rate: rate,
                },
                title: title_of(&options.source, &name),
                ended,
            });
        }
        Ok(Some(Err(error))) => error.into(),
        Ok(None) => LiveError::Over,
        Err(_) => LiveError::Silent(options.source.clone()),
    };
    close(capture).await;
    Err(failed)
}

/// Lets go of a source. A camera's driver may take its time, so this waits beside the other tasks.
pub(super) async fn close(capture: Capture) {
    if tokio::task::spawn_blocking(move || capture.stop()).await.is_err() {
        tracing::error!("letting go of the source panicked");
    }
}

/// A rate that can be: 0 stands for the source's own.
pub(super) fn sane_rate(rate: f32) -> f32 {
    if rate.is_finite() {
        rate.clamp(0.0, MAX_RATE)
    } else {
        0.0
    }
}

/// A JPEG quality that can be.
pub(super) fn sane_quality(quality: u8) -> u8 {
    quality.clamp(1, 100)
}

/// What kind of thing gives the pictures, as others are given it.
pub(super) fn kind_of(source: &SourceId) -> SourceKind {
    match source {
        SourceId::Pattern => SourceKind::Pattern,
        SourceId::Camera(_) => SourceKind::Camera,
        SourceId::Screen(_) => SourceKind::Screen,
        SourceId::File(_) => SourceKind::File,
    }
}

/// Others need not know in which folder a video file lies.
fn title_of(source: &SourceId, name: &str) -> String {
    match source {
        SourceId::File(path) => name_of(path),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_notified_what_kind_of_thing_gives_the_pictures_and_not_where_a_file_lies() {
        use SourceKind::{Camera, File, Pattern, Screen};
        for (source, kind, title) in [
            ("camera:/dev/video0", Camera, "it"),
            ("file:/home/ada/a.avi", File, "a.avi"),
            ("pattern", Pattern, "it"),
            ("screen:2", Screen, "it"),
            ("screen:Lab notes", Screen, "it"),
        ] {
            let id: SourceId = source.parse().unwrap();
            assert_eq!(
                (kind_of(&id), title_of(&id, "it").as_str()),
                (kind, title),
                "{source}"
            );
        }
    }
}
