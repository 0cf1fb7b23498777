//! Live video: streams, the links that carry them, and those who watch.
//!
//! A [`Stream`] is the meeting point of one live stream on this computer. Frames come into it from our own source or from an
//! [`Inbound`] link; it keeps the newest for whoever looks, and offers each to its [`Outbound`] links, one for each neighbour
//! that wants them. Nothing is decoded or copied on the way.

mod budget;
mod inbound;
mod outbound;
mod plane;
mod publisher;

use std::sync::Arc;

use netcore_proto::metrics::{FrameTrip, TripSummary, ViewMeter};
use netcore_proto::session::ClockOffset;
use netcore_proto::video::{Frame, StreamInfo};
use netcore_proto::{Bitrate, FrameNumber, MemberId, Time, Transport};
use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::metrics::link::LinkKey;
pub(crate) use inbound::Inbound;
pub(crate) use outbound::Outbound;
pub(crate) use plane::Plane;
pub use publisher::Publisher;

/// A frame as it is shown here.
#[derive(Clone, Debug)]
pub struct ShownFrame {
    /// The frame; its JPEG has not been looked into.
    pub frame: Frame,
    /// What carried it here; `None` for our own.
    pub transport: Option<Transport>,
    /// When it was whole, by our clock.
    pub received: Time,
    /// How many frames of the stream did not get here, since we have been receiving it.
    pub missed: u64,
}

/// A live stream on this computer.
pub(crate) struct Stream {
    info: Mutex<StreamInfo>,
    newest: watch::Sender<Option<ShownFrame>>,
    outbounds: RwLock<Vec<Arc<Outbound>>>,
    inbound: Option<Arc<Inbound>>,
    /// The publisher's clock as it relates to ours, once it is known.
    clock: Mutex<Option<ClockOffset>>,
    view: Mutex<ViewMeter>,
    carried: Mutex<Carried>,
    cancel: CancellationToken,
}

/// What carries a stream's frames, as it is shown.
struct Carried {
    shown: Transport,
    /// What it was a second ago.
    before: Transport,
    /// How many frames had come by then, if they come from elsewhere.
    frames: u64,
}

impl Carried {
    fn by(transport: Transport) -> Mutex<Carried> {
        Mutex::new(Carried {
            shown: transport,
            before: transport,
            frames: 0,
        })
    }
}

impl Stream {
    /// A stream that we publish.
    pub(crate) fn own(info: StreamInfo, cancel: CancellationToken) -> Arc<Stream> {
        Arc::new(Stream {
            carried: Carried::by(info.spec.transport),
            info: Mutex::new(info),
            newest: watch::Sender::new(None),
            outbounds: RwLock::default(),
            inbound: None,
            clock: Mutex::new(Some(ClockOffset::default())),
            view: Mutex::default(),
            cancel,
        })
    }

    /// A stream that comes from `peer`.
    pub(crate) fn received(info: StreamInfo, peer: MemberId, cancel: CancellationToken) -> Arc<Stream> {
        Arc::new_cyclic(|stream| Stream {
            newest: watch::Sender::new(None),
            outbounds: RwLock::default(),
            inbound: Some(Arc::new(Inbound::new(
                info.id,
                peer,
                info.spec.transport,
                stream.clone(),
            ))),
            carried: Carried::by(info.spec.transport),
            info: Mutex::new(info),
            clock: Mutex::default(),
            view: Mutex::default(),
            cancel,
        })
    }

    pub(crate) fn info(&self) -> StreamInfo {
        self.info.lock().clone()
    }

    pub(crate) fn inbound(&self) -> Option<&Arc<Inbound>> {
        self.inbound.as_ref()
    }

    pub(crate) fn outbounds(&self) -> Vec<Arc<Outbound>> {
        self.outbounds.read().clone()
    }

    /// What the best of the ways to those who watch takes; `None` when nobody does.
    pub(crate) fn target(&self) -> Option<Bitrate> {
        self.outbounds
            .read()
            .iter()
            .map(|outbound| outbound.target())
            .max()
    }

    pub(crate) fn outbound_to(&self, peer: MemberId) -> Option<Arc<Outbound>> {
        self.outbounds
            .read()
            .iter()
            .find(|outbound| outbound.key().peer == peer)
            .cloned()
    }

    pub(crate) fn cancel(&self) -> &CancellationToken {
        &self.cancel
    }

    pub(crate) fn add_outbound(&self, outbound: Arc<Outbound>) {
        self.outbounds.write().push(outbound);
    }

    /// Ends the link to `peer` and returns it, if there was one.
    pub(crate) fn remove_outbound(&self, peer: MemberId) -> Vec<Arc<Outbound>> {
        let mut outbounds = self.outbounds.write();
        let removed: Vec<_> = outbounds
            .extract_if(.., |outbound| outbound.key().peer == peer)
            .collect();
        removed.iter().for_each(|outbound| outbound.stop());
        removed
    }

    /// The stream is different from now on; its links follow at once.
    pub(crate) fn change(&self, info: StreamInfo) {
        for outbound in self.outbounds.read().iter() {
            outbound.set_transport(info.spec.transport);
        }
        {
            let mut carried = self.carried.lock();
            carried.shown = info.spec.transport;
            carried.before = info.spec.transport;
        }
        *self.info.lock() = info;
    }

    /// `info` with what carries the frames in place of what they are meant to go by.
    pub(crate) fn as_carried(&self, info: StreamInfo) -> StreamInfo {
        let mut info = info;
        info.spec.transport = self.carried.lock().shown;
        info
    }

    /// A second has passed. Returns the stream as it is to be shown from now on, if frames have been carried by something else
    /// for a while.
    pub(crate) fn tick_carried(&self) -> Option<StreamInfo> {
        let info = self.info();
        let mut carried = self.carried.lock();
        let now = match (info.spec.transport, &self.inbound) {
            (Transport::Tcp, _) => Transport::Tcp,
            (Transport::Udp, Some(inbound)) => {
                let (frames, transport) = inbound.latest();
                if std::mem::replace(&mut carried.frames, frames) == frames {
                    // None has come, so nothing has carried any.
                    return None;
                }
                transport
            }
            // Ours is on TCP when every way it takes is.
            (Transport::Udp, None) => {
                let outbounds = self.outbounds.read();
                let is_blocked = |outbound: &Arc<Outbound>| outbound.transport() == Transport::Tcp;
                match !outbounds.is_empty() && outbounds.iter().all(is_blocked) {
                    true => Transport::Tcp,
                    false => Transport::Udp,
                }
            }
        };
        let is_steady = std::mem::replace(&mut carried.before, now) == now;
        if !is_steady || carried.shown == now {
            return None;
        }
        carried.shown = now;
        drop(carried);
        Some(self.as_carried(info))
    }

    /// A newer frame: shown here, and offered to everybody who wants it.
    pub(crate) fn publish(&self, shown: ShownFrame) {
        for outbound in self.outbounds.read().iter() {
            outbound.offer_confined(&shown.frame);
        }
        let header = shown.frame.header();
        self.view.lock().handle_received(
            header.frame,
            shown.frame.bytes().len() as u32,
            header.captured,
            header.encode_us,
            shown.received,
            self.clock(),
        );
        self.newest.send_replace(Some(shown));
    }

    /// The publisher's clock as it relates to ours.
    pub(crate) fn clock(&self) -> Option<ClockOffset> {
        *self.clock.lock()
    }

    pub(crate) fn set_clock(&self, clock: ClockOffset) {
        *self.clock.lock() = Some(clock);
    }

    /// A window has drawn one of our frames.
    pub(crate) fn handle_drawn(&self, frame: FrameNumber, decoded: Time, drawn: Time) {
        self.view.lock().handle_drawn(frame, decoded, drawn);
    }

    /// The way of the latest frames to this computer's screen.
    pub(crate) fn view_trips(&self) -> (Vec<FrameTrip>, TripSummary) {
        let view = self.view.lock();
        (view.trips().copied().collect(), view.summary())
    }

    pub(crate) fn watch(&self) -> FrameReceiver {
        FrameReceiver {
            newest: self.newest.subscribe(),
            cancel: self.cancel.clone(),
        }
    }

    /// The stream is over: watchers learn it, and its links end and are returned.
    pub(crate) fn stop(&self) -> Vec<Arc<Outbound>> {
        let ended = std::mem::take(&mut *self.outbounds.write());
        ended.iter().for_each(|outbound| outbound.stop());
        self.cancel.cancel();
        ended
    }
}

/// Watches one stream, always at its newest frame.
#[derive(Debug)]
pub struct FrameReceiver {
    newest: watch::Receiver<Option<ShownFrame>>,
    cancel: CancellationToken,
}

impl FrameReceiver {
    /// The newest frame, as soon as there is one newer than `after`; `None` when the stream is over.
    pub async fn newer_than(&mut self, after: Option<FrameNumber>) -> Option<ShownFrame> {
        loop {
            let newest = self.newest.borrow_and_update().clone();
            let is_newer = |shown: &ShownFrame| {
                after.is_none_or(|after| shown.frame.header().frame.is_newer_than(after))
            };
            if let Some(shown) = newest.filter(is_newer) {
                return Some(shown);
            }
            tokio::select! {
                changed = self.newest.changed() => changed.ok()?,
                () = self.cancel.cancelled() => return None,
            }
        }
    }
}
