//! Our own video: a source that captures, and a stream that publishes what it gives.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use media::{Capture, CaptureControl, CaptureEvent, CaptureSpec, CapturedFrame, SourceId};
use netcore::proto::video::{AdaptationConfig, SourceKind, StreamSpec};
use netcore::proto::{Bitrate, StreamId, Transport};
use netcore::{Publisher, Room};
use tokio::sync::mpsc;

use crate::exit::{Code, Failure, Result};
use crate::output::{self, Change};
use crate::spec::Fit;

/// What a person wants to send.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wish {
    pub(crate) source: SourceId,
    /// In pixels; 0: the source's own.
    pub(crate) width: u16,
    /// In pixels; 0: the source's own.
    pub(crate) height: u16,
    /// Frames each second; 0: the source's own.
    pub(crate) rate: f32,
    /// The best JPEG quality.
    pub(crate) quality: u8,
    /// How far quality, size and rate follow what the network takes.
    pub(crate) fit: Fit,
    pub(crate) transport: Transport,
    /// Whether video over UDP stays there though nothing answers.
    pub(crate) udp_only: bool,
}

/// The worst JPEG quality that a narrow network leads to.
const LEAST_QUALITY: u8 = 30;

impl Default for Wish {
    fn default() -> Wish {
        Wish {
            source: SourceId::Pattern,
            width: 0,
            height: 0,
            rate: 0.0,
            quality: 50,
            fit: Fit::FREE,
            transport: Transport::Udp,
            udp_only: false,
        }
    }
}

/// Our video while it is live. Dropping it stops it.
pub(crate) struct Live {
    capture: Capture,
    publisher: Arc<Publisher>,
    wish: Wish,
    events: mpsc::UnboundedReceiver<CaptureEvent>,
}

impl Live {
    /// Opens the source, and publishes it once it gives pictures.
    pub(crate) async fn start(room: &Room, wish: Wish) -> Result<Live> {
        // The frames take the short way, on the capture's own thread; the few other events come here.
        let slot: Arc<OnceLock<(Arc<Publisher>, CaptureControl)>> = Arc::default();
        let (sender, mut events) = mpsc::unbounded_channel();
        let frames = Arc::clone(&slot);
        let sink = move |event| match event {
            CaptureEvent::Frame(frame) => {
                if let Some((publisher, control)) = frames.get() {
                    send(publisher, control, &frame);
                }
            }
            other => drop(sender.send(other)),
        };
        let spec = CaptureSpec {
            source: wish.source.clone(),
            width: wish.width,
            height: wish.height,
            rate: wish.rate,
            quality: wish.quality,
        };
        let capture = Capture::start(spec, netcore::clock::clock(), sink);
        let spec = match events.recv().await {
            Some(CaptureEvent::Started {
                width,
                height,
                rate,
                name,
            }) => StreamSpec {
                source: kind_of(&wish.source),
                title: title_of(&wish.source, &name),
                width,
                height,
                rate,
                transport: wish.transport,
            },
            other => {
                let failure = over(other);
                release(capture).await;
                return Err(failure);
            }
        };
        room.stay_on_udp(wish.udp_only);
        match room.publish(spec).await {
            Ok(publisher) => {
                let publisher = Arc::new(publisher);
                publisher.adapt(bounds(&wish, publisher.spec().rate));
                let _ = slot.set((Arc::clone(&publisher), capture.control()));
                Ok(Live {
                    capture,
                    publisher,
                    wish,
                    events,
                })
            }
            Err(error) => {
                release(capture).await;
                Err(error.into())
            }
        }
    }

    /// What it is now.
    pub(crate) fn view(&self, change: Change) -> output::Live {
        let spec = self.publisher.spec();
        let (least, most) = match self.wish.fit {
            Fit::Within(least, most) => (Some(least), Some(most)),
            Fit::Fixed => (None, None),
        };
        let least = least.filter(|least| *least > Bitrate(0));
        let most = most.filter(|most| *most < Bitrate(u64::MAX));
        output::Live {
            change,
            stream: self.publisher.stream().map(|stream| stream.0),
            source: self.wish.source.to_string().into(),
            title: spec.title.as_str().into(),
            width: spec.width,
            height: spec.height,
            rate: spec.rate,
            quality: self.wish.quality,
            least_bps: least.map(|Bitrate(bps)| bps),
            most_bps: most.map(|Bitrate(bps)| bps),
            is_fixed: self.wish.fit == Fit::Fixed,
            transport: spec.transport,
            is_udp_only: self.wish.udp_only,
        }
    }

    /// Its number in the room; unknown while there is no connection.
    pub(crate) fn stream(&self) -> Option<StreamId> {
        self.publisher.stream()
    }

    /// As it was wished for last.
    pub(crate) fn wish(&self) -> &Wish {
        &self.wish
    }

    /// Goes on over `transport`; `only`: over no other, though nothing answers.
    pub(crate) async fn set_transport(
        &mut self,
        room: &Room,
        transport: Transport,
        only: bool,
    ) -> Result<()> {
        let spec = StreamSpec {
            transport,
            ..self.publisher.spec()
        };
        self.publisher.change(spec).await?;
        room.stay_on_udp(only);
        (self.wish.transport, self.wish.udp_only) = (transport, only);
        Ok(())
    }

    /// JPEG quality from the next frame on.
    pub(crate) fn set_quality(&mut self, quality: u8) {
        self.capture.set_quality(quality);
        self.wish.quality = quality;
        self.adapt();
    }

    /// Follows the network so far from the next frame on.
    pub(crate) fn set_fit(&mut self, fit: Fit) {
        self.wish.fit = fit;
        self.adapt();
    }

    fn adapt(&self) {
        self.publisher
            .adapt(bounds(&self.wish, self.publisher.spec().rate));
    }

    /// Waits until the source gives no more, and says why.
    pub(crate) async fn over(&mut self) -> Failure {
        over(self.events.recv().await)
    }

    /// Ends the stream and lets go of the source.
    pub(crate) async fn stop(self) {
        release(self.capture).await;
        // The capture's sink had the only other hold on it.
        if let Ok(publisher) = Arc::try_unwrap(self.publisher) {
            publisher.stop().await;
        }
    }
}

/// Sends a picture, and has the next one made as the network takes it.
fn send(publisher: &Publisher, control: &CaptureControl, frame: &CapturedFrame) {
    let plan = publisher.send(
        &frame.jpeg,
        frame.width,
        frame.height,
        frame.captured,
        frame.encoded,
    );
    let Some(plan) = plan else { return };
    let plan = media::Plan {
        quality: plan.quality,
        scale: media::Scale::new(plan.scale.0, plan.scale.1),
        rate: plan.rate,
    };
    if control.plan() != plan {
        control.set_plan(plan);
    }
}

/// How far pictures that come `rate` times a second may be made to fit the network.
fn bounds(wish: &Wish, rate: f32) -> AdaptationConfig {
    let usual = AdaptationConfig::default();
    AdaptationConfig {
        quality: (LEAST_QUALITY.min(wish.quality), wish.quality),
        rate,
        bitrate: match wish.fit {
            Fit::Within(least, most) => (least, most),
            Fit::Fixed => usual.bitrate,
        },
        is_fixed: wish.fit == Fit::Fixed,
        ..usual
    }
}

/// Letting go of a camera may take a while: not on a thread that others wait for.
async fn release(capture: Capture) {
    let _ = tokio::task::spawn_blocking(move || capture.stop()).await;
}

fn over(event: Option<CaptureEvent>) -> Failure {
    match event {
        Some(CaptureEvent::Failed(error)) => error.into(),
        _ => Failure::new(Code::Video, "The video is over."),
    }
}

fn kind_of(source: &SourceId) -> SourceKind {
    match source {
        SourceId::Pattern => SourceKind::Pattern,
        SourceId::Camera(_) => SourceKind::Camera,
        SourceId::File(_) => SourceKind::File,
        SourceId::Screen(_) => SourceKind::Screen,
    }
}

/// Others need not know in which folder a film lies.
fn title_of(source: &SourceId, name: &str) -> String {
    match source {
        SourceId::File(path) => Path::new(path)
            .file_name()
            .map_or_else(|| name.to_owned(), |name| name.to_string_lossy().into_owned()),
        _ => name.to_owned(),
    }
}

/// The video that is live, if one is: waits for its end.
pub(crate) async fn over_if_live(live: &mut Option<Live>) -> Failure {
    match live {
        Some(live) => live.over().await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_told_what_kind_of_thing_gives_the_pictures() {
        for (source, kind) in [
            ("pattern", SourceKind::Pattern),
            ("camera:/dev/video0", SourceKind::Camera),
            ("file:/tmp/a.avi", SourceKind::File),
            ("screen:2", SourceKind::Screen),
        ] {
            assert_eq!(kind_of(&source.parse().unwrap()), kind, "{source}");
        }
    }
}
