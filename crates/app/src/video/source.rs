//! A source of pictures, opened for my video.

use std::sync::Arc;
use std::time::Duration;

use media::{
    Capture, CaptureControl, CaptureError, CaptureEvent, CaptureSpec, CapturedFrame, ScreenPart, SourceId,
    SourceInfo,
};
use netcore::Publisher;
use netcore::proto::Bitrate;
use netcore::proto::video::AdaptationConfig;
use parking_lot::RwLock;
use tokio::sync::mpsc;

use super::view::VideoSpec;
use crate::core::Core;
use crate::error::{ErrorCode, IpcError};

/// A camera that has to be woken needs seconds; more than this is no answer.
const OPENING: Duration = Duration::from_secs(15);
/// The largest side that a picture may be asked to have: no camera gives more.
const MAX_SIDE: u16 = 8192;
const MAX_RATE: f32 = 240.0;

/// Where captured pictures go: nowhere, until there is a stream for them. What the network takes goes the other way.
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
        let plan = self.publisher.read().as_ref().and_then(|publisher| {
            publisher.send(
                &frame.jpeg,
                frame.width,
                frame.height,
                frame.captured,
                frame.encoded,
            )
        });
        let control = self.control.read();
        let (Some(plan), Some(control)) = (plan, &*control) else {
            return;
        };
        let plan = media::Plan {
            quality: plan.quality,
            scale: media::Scale::new(plan.scale.0, plan.scale.1),
            rate: plan.rate,
        };
        if control.plan() != plan {
            control.set_plan(plan);
        }
    }
}

/// How far pictures may be made to fit the network.
pub(super) fn bounds(spec: &VideoSpec) -> AdaptationConfig {
    let most = spec.quality.clamp(1, 100);
    let usual = AdaptationConfig::default();
    AdaptationConfig {
        quality: (spec.least_quality.clamp(1, most), most),
        rate: if spec.rate > 0.0 { spec.rate } else { usual.rate },
        bitrate: (
            spec.least_kbps.map_or(usual.bitrate.0, bitrate),
            spec.most_kbps.map_or(usual.bitrate.1, bitrate),
        ),
        is_fixed: spec.is_fixed,
        ..usual
    }
}

fn bitrate(kbps: u32) -> Bitrate {
    Bitrate(u64::from(kbps) * 1_000)
}

/// A source that gives pictures.
pub(super) struct Opened {
    pub(super) capture: Capture,
    /// As asked, with the size and rate that the source settled on.
    pub(super) spec: VideoSpec,
    /// The source's name in words.
    pub(super) name: String,
    /// Tells once how it ended, when it ended by itself.
    pub(super) ended: mpsc::UnboundedReceiver<Option<CaptureError>>,
}

/// Everything that pictures can come from, screens and windows last, so that nobody shows one who only took the first source.
pub(super) fn list() -> Vec<SourceInfo> {
    let mut all = media::sources();
    match media::screens() {
        Ok(screens) => all.extend(screens),
        // It is listed all the same: whoever takes it is told in words why it cannot be shown.
        Err(_) => all.push(SourceInfo {
            id: SourceId::Screen(ScreenPart::Primary),
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
pub(super) fn id_of(core: &Core, spec: &VideoSpec) -> Result<SourceId, IpcError> {
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

/// Opens what `spec` names and waits until it gives pictures, or says why not.
pub(super) async fn open(core: &Core, spec: &VideoSpec, outlet: &Arc<Outlet>) -> Result<Opened, IpcError> {
    let asked = CaptureSpec {
        source: id_of(core, spec)?,
        width: spec.width.min(MAX_SIDE),
        height: spec.height.min(MAX_SIDE),
        rate: sane_rate(spec.rate),
        quality: spec.quality.clamp(1, 100),
    };
    let (started_tx, mut started) = mpsc::unbounded_channel();
    let (ended_tx, ended) = mpsc::unbounded_channel();
    let (outlet, asking) = (outlet.clone(), outlet);
    // Whoever listens may have gone; what the capture says then is of no use to anybody.
    let capture = Capture::start(asked, netcore::clock::clock(), move |event| match event {
        CaptureEvent::Frame(frame) => outlet.send(&frame),
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
    let answer = tokio::time::timeout(OPENING, started.recv()).await;
    let failed = match answer {
        Ok(Some(Ok((width, height, rate, name)))) => {
            let quality = spec.quality.clamp(1, 100);
            let spec = VideoSpec {
                width,
                height,
                rate,
                quality,
                ..spec.clone()
            };
            return Ok(Opened {
                capture,
                spec,
                name,
                ended,
            });
        }
        Ok(Some(Err(error))) => error.into(),
        Ok(None) => IpcError::internal("the source ended before it began"),
        Err(_) => {
            IpcError::new(ErrorCode::CameraStalled, "the source does not open").with("camera", &spec.source)
        }
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
