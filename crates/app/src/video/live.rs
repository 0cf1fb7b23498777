//! My own video: a source that captures, and a stream that publishes what it gives.
//!
//! It knows a room and no face: the window's commands and the terminal's go live by the same code.

use std::sync::Arc;

use media::{Capture, CaptureError, SourceId};
use netcore::proto::video::{AdaptationConfig, StreamDescription};
use netcore::proto::{Bitrate, StreamId, Transport};
use netcore::{Publisher, Room, VideoError};

use super::source::{self, Ended, Format, Opened, Outlet};
use super::view::{LiveView, MadeView, PublishOptionsView};

/// The worst JPEG quality that a narrow network leads to, unless another is chosen.
pub const LEAST_QUALITY: u8 = 30;

/// What a person wants to send.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishOptions {
    /// Where the pictures come from.
    pub source: SourceId,
    /// In pixels; 0: the source's own.
    pub width: u16,
    /// In pixels; 0: the source's own.
    pub height: u16,
    /// Frames each second; 0: the source's own.
    pub rate: f32,
    /// The best JPEG quality, 1 to 100.
    pub quality: u8,
    /// The worst, when the network does not take more.
    pub least_quality: u8,
    /// How far quality, size and rate follow what the network takes.
    pub encoding: EncodingMode,
    /// What carries the frames.
    pub transport: Transport,
    /// Whether video over UDP stays there though nothing answers; otherwise it goes over TCP meanwhile.
    pub stays_on_udp: bool,
}

/// How far pictures follow what the network takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodingMode {
    /// Quality, size and rate lead to so much at the least and at the most.
    Adaptive(Bitrate, Bitrate),
    /// They stay as they are.
    Fixed,
}

/// Why a video does not begin, or not become what it is to be.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LiveError {
    /// The source cannot be used.
    #[error(transparent)]
    Source(#[from] CaptureError),
    /// The room does not take the stream.
    #[error(transparent)]
    Room(#[from] VideoError),
    /// A file without a picture, for one.
    #[error("The video was over before it began.")]
    Over,
    /// The source neither gives a picture nor says why.
    #[error("The source {0} does not open. Start again, or choose another source.")]
    Silent(SourceId),
}

/// My video while it is live. Dropping it stops it.
pub struct Live {
    /// Absent when neither a new source could be used nor the old one again.
    capture: Option<Capture>,
    outlet: Arc<Outlet>,
    publisher: Arc<Publisher>,
    options: PublishOptions,
    format: Format,
    title: String,
    ended: Option<Ended>,
    since_unix_ms: u64,
}

impl EncodingMode {
    /// As the network has it.
    pub const UNBOUNDED: EncodingMode = EncodingMode::Adaptive(Bitrate(0), Bitrate(u64::MAX));
}

impl Default for PublishOptions {
    fn default() -> PublishOptions {
        PublishOptions {
            source: SourceId::Pattern,
            width: 0,
            height: 0,
            rate: 0.0,
            quality: 50,
            least_quality: LEAST_QUALITY,
            encoding: EncodingMode::UNBOUNDED,
            transport: Transport::Udp,
            stays_on_udp: false,
        }
    }
}

impl Live {
    /// Opens the source, and publishes it once it gives pictures.
    ///
    /// # Errors
    /// When there are no pictures, or the room does not take them.
    pub async fn start(room: &Room, options: PublishOptions) -> Result<Live, LiveError> {
        let outlet = Arc::new(Outlet::default());
        let Opened {
            capture,
            format,
            title,
            ended,
        } = source::open(&options, &outlet).await?;
        room.stay_on_udp(options.stays_on_udp);
        let publisher = match room.publish(spec_of(&options, format, &title)).await {
            Ok(publisher) => Arc::new(publisher),
            Err(error) => {
                source::close(capture).await;
                return Err(error.into());
            }
        };
        publisher.adapt(bounds(&options, format.rate));
        outlet.open(publisher.clone());
        Ok(Live {
            capture: Some(capture),
            outlet,
            publisher,
            options,
            format,
            title,
            ended: Some(ended),
            since_unix_ms: netcore::clock::unix_ms(),
        })
    }

    /// As it was asked for last.
    pub fn options(&self) -> &PublishOptions {
        &self.options
    }

    /// The size and rate that the source settled on.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The source's name in words.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Its number in the room; unknown while there is no connection. It gets another one when the connection comes back.
    pub fn stream(&self) -> Option<StreamId> {
        self.publisher.stream()
    }

    /// What the room is given of it.
    pub fn spec(&self) -> StreamDescription {
        self.publisher.spec()
    }

    /// As a face is given it; the source by the name that it has on this computer.
    pub fn view(&self) -> LiveView {
        let (format, options) = (self.format, &self.options);
        let (least, most) = match options.encoding {
            EncodingMode::Adaptive(least, most) => (least, most),
            EncodingMode::Fixed => (Bitrate(0), Bitrate(u64::MAX)),
        };
        let kbps = |Bitrate(bps)| u32::try_from(bps / 1_000).unwrap_or(u32::MAX);
        LiveView {
            stream: self.stream().map_or(0, |stream| stream.0),
            spec: PublishOptionsView {
                source: options.source.to_string(),
                width: format.width,
                height: format.height,
                rate: format.rate,
                quality: options.quality,
                least_quality: options.least_quality,
                least_kbps: (least > Bitrate(0)).then(|| kbps(least)),
                most_kbps: (most < Bitrate(u64::MAX)).then(|| kbps(most)),
                is_fixed: options.encoding == EncodingMode::Fixed,
                transport: options.transport.into(),
            },
            source_name: self.title.clone(),
            stays_on_udp: options.stays_on_udp,
            since_ms: self.since_unix_ms,
            made: self.made(),
        }
    }

    /// How its pictures are made at present.
    pub fn made(&self) -> MadeView {
        let pace = self.capture.as_ref().map(|capture| capture.control().target());
        let Format {
            width, height, rate, ..
        } = self.format;
        let as_asked = MadeView {
            quality: self.options.quality,
            width,
            height,
            rate,
        };
        pace.map_or(as_asked, |pace| {
            let (width, height) = pace.scale.of((width, height));
            MadeView {
                quality: pace.quality,
                width,
                height,
                rate: if pace.rate > 0.0 { pace.rate } else { rate },
            }
        })
    }

    /// Makes it another one while it is live. When the new source cannot be used, the old one goes on.
    ///
    /// # Errors
    /// When the new source cannot be used, or the room does not take what it is now. [`Live::has_source`] says whether it goes on.
    pub async fn change(&mut self, options: PublishOptions) -> Result<(), LiveError> {
        let settled = (self.format.width, self.format.height);
        let asked = (self.options.width, self.options.height);
        let size = (options.width, options.height);
        if options.source == self.options.source && (size == asked || size == settled) {
            self.go_on_as(&options);
        } else {
            self.open(&options).await?;
        }
        self.options = options;
        self.publisher.adapt(bounds(&self.options, self.format.rate));
        self.announce().await
    }

    /// The switch: TCP or UDP.
    ///
    /// # Errors
    /// When the room does not take it.
    pub async fn set_transport(&mut self, transport: Transport) -> Result<(), LiveError> {
        self.options.transport = transport;
        self.announce().await
    }

    /// Whether over UDP it stays there though nothing answers; of `room`, which it is live in.
    pub fn set_stays_on_udp(&mut self, room: &Room, stays: bool) {
        room.stay_on_udp(stays);
        self.options.stays_on_udp = stays;
    }

    /// Whether there is a source. Without one there is nothing left to do but to stop.
    pub fn has_source(&self) -> bool {
        self.capture.is_some()
    }

    /// Waits until the source gives no more, and says why if that was not its end.
    pub async fn over(&mut self) -> Option<CaptureError> {
        match &mut self.ended {
            Some(ended) => ended.recv().await.flatten(),
            None => std::future::pending().await,
        }
    }

    /// Says how the present source ends when it ends by itself, once: for a task that does not hold the video meanwhile.
    pub(super) fn take_ended(&mut self) -> Option<Ended> {
        self.ended.take()
    }

    /// Ends the stream and lets go of the source.
    pub async fn stop(self) {
        self.outlet.close();
        if let Some(capture) = self.capture {
            source::close(capture).await;
        }
        // The capture's thread may not have let go of it yet; then it ends the stream when it does.
        if let Some(publisher) = Arc::into_inner(self.publisher) {
            publisher.stop().await;
        }
    }

    /// The same pictures, made otherwise.
    fn go_on_as(&mut self, options: &PublishOptions) {
        let Some(capture) = &self.capture else { return };
        if options.quality != self.options.quality {
            capture.set_quality(source::sane_quality(options.quality));
        }
        if options.rate.total_cmp(&self.options.rate).is_ne() {
            capture.set_rate(source::sane_rate(options.rate));
        }
        self.format.rate = if options.rate > 0.0 {
            source::sane_rate(options.rate)
        } else {
            self.format.own_rate
        };
    }

    /// Another source in place of this one.
    async fn open(&mut self, options: &PublishOptions) -> Result<(), LiveError> {
        // One camera cannot be opened twice, so the old source goes first.
        if let Some(capture) = self.capture.take() {
            source::close(capture).await;
        }
        match source::open(options, &self.outlet).await {
            Ok(opened) => {
                self.take_source(opened);
                Ok(())
            }
            Err(error) => {
                let before = source::open(&self.options, &self.outlet).await?;
                self.take_source(before);
                Err(error)
            }
        }
    }

    fn take_source(&mut self, opened: Opened) {
        self.capture = Some(opened.capture);
        self.format = opened.format;
        self.title = opened.title;
        self.ended = Some(opened.ended);
    }

    /// Announces to the room what it is now.
    async fn announce(&mut self) -> Result<(), LiveError> {
        let spec = spec_of(&self.options, self.format, &self.title);
        match self.publisher.change(spec).await {
            // Without a connection it takes effect when there is one again.
            Ok(()) | Err(VideoError::NotConnected) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn spec_of(options: &PublishOptions, format: Format, title: &str) -> StreamDescription {
    StreamDescription {
        source: source::kind_of(&options.source),
        title: title.to_owned(),
        width: format.width,
        height: format.height,
        rate: format.rate,
        transport: options.transport,
    }
}

/// How far pictures that come `rate` times a second may be made to fit the network.
fn bounds(options: &PublishOptions, rate: f32) -> AdaptationConfig {
    let usual = AdaptationConfig::default();
    let most = source::sane_quality(options.quality);
    AdaptationConfig {
        quality: (options.least_quality.clamp(1, most), most),
        rate: if rate > 0.0 { rate } else { usual.rate },
        bitrate: match options.encoding {
            EncodingMode::Adaptive(least, most) => (least, most),
            EncodingMode::Fixed => usual.bitrate,
        },
        is_fixed: options.encoding == EncodingMode::Fixed,
        ..usual
    }
}
