//! Where a stream's frames meet on this computer: the newest is kept for who looks, and each is offered to the links.

use std::sync::Arc;

use netcore_proto::metrics::{FrameTrip, TripSummary, ViewMeter};
use netcore_proto::session::ClockOffset;
use netcore_proto::video::Frame;
use netcore_proto::{Bitrate, FrameNumber, MemberId, Time, Transport};
use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;

use super::outbound::Outbound;

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

/// What frames of one stream are published to.
pub(crate) struct Hub {
    newest: watch::Sender<Option<ShownFrame>>,
    outbounds: RwLock<Vec<Arc<Outbound>>>,
    /// The publisher's clock as it relates to ours, once it is known.
    clock: Mutex<Option<ClockOffset>>,
    view: Mutex<ViewMeter>,
}

impl Hub {
    /// `clock` is the publisher's as it relates to ours, if it is known already.
    pub(super) fn new(clock: Option<ClockOffset>) -> Arc<Hub> {
        Arc::new(Hub {
            newest: watch::Sender::new(None),
            outbounds: RwLock::default(),
            clock: Mutex::new(clock),
            view: Mutex::default(),
        })
    }

    pub(crate) fn outbounds(&self) -> Vec<Arc<Outbound>> {
        self.outbounds.read().clone()
    }

    /// What the best of the paths to the viewers takes; `None` when nobody does.
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

    /// The trips of the latest frames to this computer's screen.
    pub(crate) fn view_trips(&self) -> (Vec<FrameTrip>, TripSummary) {
        let view = self.view.lock();
        (view.trips().copied().collect(), view.summary())
    }

    /// What is always at the newest frame.
    pub(super) fn subscribe(&self) -> watch::Receiver<Option<ShownFrame>> {
        self.newest.subscribe()
    }

    /// Ends every link and returns them.
    pub(super) fn stop(&self) -> Vec<Arc<Outbound>> {
        let ended = std::mem::take(&mut *self.outbounds.write());
        ended.iter().for_each(|outbound| outbound.stop());
        ended
    }
}
