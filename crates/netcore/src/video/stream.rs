//! One live stream on this computer.

use std::sync::Arc;

use netcore_proto::session::ClockOffset;
use netcore_proto::video::StreamInfo;
use netcore_proto::{FrameNumber, MemberId, Transport};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::hub::{Hub, ShownFrame};
use super::inbound::Inbound;
use super::outbound::Outbound;

/// A live stream on this computer.
pub(crate) struct Stream {
    info: Mutex<StreamInfo>,
    hub: Arc<Hub>,
    inbound: Option<Arc<Inbound>>,
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
            hub: Hub::new(Some(ClockOffset::default())),
            inbound: None,
            cancel,
        })
    }

    /// A stream that comes from `peer`.
    pub(crate) fn received(info: StreamInfo, peer: MemberId, cancel: CancellationToken) -> Arc<Stream> {
        let hub = Hub::new(None);
        let inbound = Inbound::new(info.id, peer, info.spec.transport, hub.clone());
        Arc::new(Stream {
            hub,
            inbound: Some(Arc::new(inbound)),
            carried: Carried::by(info.spec.transport),
            info: Mutex::new(info),
            cancel,
        })
    }

    /// Where its frames meet.
    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    pub(crate) fn info(&self) -> StreamInfo {
        self.info.lock().clone()
    }

    pub(crate) fn inbound(&self) -> Option<&Arc<Inbound>> {
        self.inbound.as_ref()
    }

    pub(crate) fn cancel(&self) -> &CancellationToken {
        &self.cancel
    }

    /// The stream is different from now on; its links follow at once.
    pub(crate) fn change(&self, info: StreamInfo) {
        for outbound in self.hub.outbounds() {
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
            // Ours is on TCP when every link that carries it is.
            (Transport::Udp, None) => {
                let outbounds = self.hub.outbounds();
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

    pub(crate) fn watch(&self) -> FrameReceiver {
        FrameReceiver {
            newest: self.hub.subscribe(),
            cancel: self.cancel.clone(),
        }
    }

    /// The stream is over: watchers learn it, and its links end and are returned.
    pub(crate) fn stop(&self) -> Vec<Arc<Outbound>> {
        let ended = self.hub.stop();
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
