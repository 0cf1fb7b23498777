mod tcp;
mod udp;
mod unsent;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use netcore_proto::metrics::{Figures, LinkMeter, Point, TransportSummary};
use netcore_proto::video::{
    Fragment, Frame, FrameOutcome, FrameResult, Sender, SenderConfig, StreamDatagram,
};
use netcore_proto::{Bitrate, Time, Transport};
use parking_lot::Mutex;
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::metrics::link_figures::{LinkHistory, LinkKey, LinkResult};
use crate::net::live_queue::LiveQueue;
use crate::net::seal;
use crate::net::udp::{Association, Endpoint, StreamSender};
use crate::peer::Peer;
use crate::shared::Shared;
use unsent::{Outbox, Pipe};

/// What is added to a fragment in a datagram.
const OVERHEAD: usize = Fragment::HEADER_BYTES + seal::HEADER_BYTES + seal::TAG_BYTES;

/// A stream's frames as they go to one peer, over either transport.
pub(crate) struct Outbound {
    key: LinkKey,
    state: Mutex<State>,
    /// The present TCP connection. Where several locks are held, they are taken in this order: pipe or outbox, state.
    pipe: Mutex<Option<Arc<Mutex<Pipe>>>>,
    /// Cancelled when a newer TCP connection takes the place of the present one.
    connection: Mutex<CancellationToken>,
    outbox: Mutex<Outbox>,
    /// Wakes the task that does what has to be done later.
    wake: Notify,
    /// Wakes the task that writes to the TCP connection.
    tcp_wake: Notify,
    endpoint: Arc<Endpoint>,
    association: Arc<Association>,
    live_queue: Arc<LiveQueue>,
    results: broadcast::Sender<LinkResult>,
    stays_on_udp: Arc<AtomicBool>,
    cancel: CancellationToken,
}

struct State {
    /// What the frames are meant to go by.
    intended: Transport,
    sender: Sender,
    /// When the link's task wakes up by itself.
    alarm: Option<Time>,
    meter: LinkMeter,
    /// As the receiving end reported, with the transport that it is of.
    jitter_us: Option<(Transport, u64)>,
}

/// What carries frames that are meant to go by `intended`.
fn carried(intended: Transport, association: &Association, stays_on_udp: &AtomicBool) -> Transport {
    match intended {
        Transport::Udp if !stays_on_udp.load(Ordering::Relaxed) => association.carrier(),
        intended => intended,
    }
}

impl Outbound {
    /// Begins a link, and the task that does what has to be done later. `None` when the room is closing.
    pub(crate) fn start(
        key: LinkKey,
        intended: Transport,
        shared: &Arc<Shared>,
        peer: &Peer,
        cancel: CancellationToken,
    ) -> Option<Arc<Outbound>> {
        let transport = carried(intended, &peer.association, &shared.stays_on_udp);
        let config = SenderConfig {
            transport,
            window: shared.window,
            acks: *shared.acks.lock(),
            ..SenderConfig::default()
        };
        let state = State {
            intended,
            sender: Sender::new(key.stream, config),
            alarm: None,
            meter: LinkMeter::new(transport),
            jitter_us: None,
        };
        let outbound = Arc::new(Outbound {
            key,
            state: Mutex::new(state),
            pipe: Mutex::default(),
            connection: Mutex::default(),
            outbox: Mutex::default(),
            wake: Notify::new(),
            tcp_wake: Notify::new(),
            endpoint: shared.endpoint()?,
            association: peer.association.clone(),
            live_queue: peer.live_queue.clone(),
            results: shared.results.clone(),
            stays_on_udp: shared.stays_on_udp.clone(),
            cancel,
        });
        let sender = Arc::downgrade(&outbound);
        peer.association.add_outbound(key.stream, sender);
        shared.spawn_for(key.peer, "link", outbound.clone().keep_sending());
        Some(outbound)
    }

    pub(crate) fn key(&self) -> LinkKey {
        self.key
    }

    /// How much to send so that the path stays full and no queue grows on it.
    pub(crate) fn target(&self) -> Bitrate {
        self.state.lock().sender.target()
    }

    /// A newer frame, from the publisher: should this link fail at it, that costs the viewer and not the publisher.
    pub(crate) fn offer_confined(&self, frame: &Frame) {
        self.association.confined("frame", || self.offer(frame.clone()));
    }

    /// A newer frame. It leaves as soon as the path is free, which may be now, or makes room for a newer one.
    pub(crate) fn offer(&self, frame: Frame) {
        {
            let mut state = self.state.lock();
            let now = clock::now();
            state.sender.set_fragment_bytes(self.fragment_bytes(), now);
            state.sender.handle_frame(frame, now);
            self.record_results(&mut state);
        }
        self.send_now();
    }

    /// The frames are meant to go by `intended` from now on.
    pub(crate) fn set_transport(&self, intended: Transport) {
        self.state.lock().intended = intended;
        self.follow();
    }

    /// What carries the frames.
    pub(crate) fn transport(&self) -> Transport {
        self.state.lock().sender.transport()
    }

    /// The link is over: everything unfinished gets its result.
    pub(crate) fn stop(&self) {
        self.cancel.cancel();
        self.association.remove_outbound(self.key.stream);
        let mut state = self.state.lock();
        state.sender.handle_stopped(clock::now());
        self.record_results(&mut state);
    }

    /// The receiving end reported what it measured.
    pub(crate) fn handle_report(&self, reported: &Figures) {
        self.state.lock().jitter_us = reported.jitter_us.map(|jitter| (reported.transport, jitter));
    }

    /// Ends a second of measuring: its point, and the figures with what the receiving end reported.
    pub(crate) fn tick(&self, now: Time) -> (Point, Figures) {
        let mut state = self.state.lock();
        let (queueing, target) = (state.sender.queueing_delay(), state.sender.target());
        let point = state.meter.tick(now, queueing, Some(target));
        let figures = state.meter.figures(now);
        let reported = state
            .jitter_us
            .filter(|(transport, _)| *transport == figures.transport);
        (
            point,
            Figures {
                jitter_us: reported.map(|(_, jitter)| jitter),
                ..figures
            },
        )
    }

    /// The results that are kept.
    pub(crate) fn recent_results(&self) -> Vec<FrameResult> {
        self.state.lock().meter.results().0.collect()
    }

    /// The latest `most` results, oldest first.
    pub(crate) fn latest_results(&self, most: usize) -> Vec<FrameResult> {
        let state = self.state.lock();
        let kept = state.meter.results().0;
        let older = kept.len().saturating_sub(most);
        kept.skip(older).collect()
    }

    pub(crate) fn summaries(&self) -> Vec<TransportSummary> {
        self.state.lock().meter.summaries()
    }

    pub(crate) fn history(&self) -> LinkHistory {
        let state = self.state.lock();
        let with_distributions =
            |summary: TransportSummary| (summary, state.meter.distributions(summary.transport).clone());
        LinkHistory {
            key: self.key,
            sent: state
                .meter
                .summaries()
                .into_iter()
                .map(with_distributions)
                .collect(),
            received: None,
            series: state.meter.series().points(),
        }
    }

    /// Bytes of one full datagram on this link.
    pub(crate) fn datagram_bytes(&self) -> u32 {
        u32::from(self.association.payload())
    }

    /// Bytes of a frame in one datagram. Parity is computed over fragments of an even size.
    fn fragment_bytes(&self) -> u16 {
        self.association.payload().saturating_sub(OVERHEAD as u16) & !1
    }

    /// Sends what may leave now, on the caller's thread. What has to wait is left to the link's tasks.
    fn send_now(&self) {
        let is_stuck = !self.send_datagrams_now();
        self.write_now();
        let mut state = self.state.lock();
        let due = state.sender.poll_timeout().map(|deadline| deadline.at);
        let is_earlier = due.is_some_and(|due| state.alarm.is_none_or(|alarm| due < alarm));
        if is_earlier {
            state.alarm = due;
        }
        drop(state);
        if is_stuck || is_earlier {
            self.wake.notify_one();
        }
    }

    /// Does what has to be done later, until the link is over.
    async fn keep_sending(self: Arc<Self>) {
        let bytes = self.fragment_bytes();
        self.state.lock().sender.set_fragment_bytes(bytes, clock::now());
        loop {
            let is_stuck = !self.send_datagrams_now();
            self.write_now();
            let alarm = {
                let mut state = self.state.lock();
                state.alarm = state.sender.poll_timeout().map(|deadline| deadline.at);
                state.alarm
            };
            tokio::select! {
                () = self.cancel.cancelled() => return,
                () = self.wake.notified() => {}
                () = self.endpoint.writable(), if is_stuck => {}
                () = clock::sleep_until(alarm) => {
                    let mut state = self.state.lock();
                    state.sender.handle_timeout(clock::now());
                    self.record_results(&mut state);
                }
            }
        }
    }

    /// What a frame's end says of the datagrams that carried it.
    fn report_path(&self, result: &FrameResult) {
        let has_arrived = matches!(
            result.outcome,
            FrameOutcome::Acked { .. } | FrameOutcome::Delivered
        );
        if result.transport == Transport::Udp && has_arrived {
            // A frame that fits one datagram was one of that size; any other filled some.
            let size = (result.bytes as usize).saturating_add(OVERHEAD);
            self.association.handle_arrived(size);
        }
    }

    fn record_results(&self, state: &mut State) {
        while let Some(result) = state.sender.poll_result() {
            self.report_path(&result);
            let queueing = state.sender.queueing_delay().filter(|_| result.delay().is_some());
            if let Some(queueing) = queueing {
                self.live_queue.handle_queueing(queueing, result.finished);
            }
            state.meter.record(result);
            // Nobody need be listening.
            let _ = self.results.send(LinkResult {
                stream: self.key.stream,
                peer: self.key.peer,
                result,
            });
        }
    }
}

impl StreamSender for Outbound {
    /// Lets the frames go by what they are meant to go by, or by TCP while datagrams do not get through.
    fn follow(&self) {
        {
            let mut state = self.state.lock();
            let transport = carried(state.intended, &self.association, &self.stays_on_udp);
            if transport == state.sender.transport() {
                return;
            }
            state.sender.set_transport(transport);
            state.meter.set_transport(transport);
            if transport != state.intended {
                state.sender.handle_datagrams_blocked(clock::now());
                self.record_results(&mut state);
            }
        }
        self.send_now();
    }

    fn handle_datagram(&self, datagram: &[u8], now: Time) -> bool {
        match StreamDatagram::decode(datagram) {
            Ok(StreamDatagram::Ack(ack)) => {
                let mut state = self.state.lock();
                state.sender.handle_ack(&ack, now);
                self.record_results(&mut state);
            }
            Ok(StreamDatagram::Nack(nack)) => self.state.lock().sender.handle_nack(&nack, now),
            Ok(StreamDatagram::Fragment(_) | StreamDatagram::Parity(_)) | Err(_) => return false,
        }
        // The window may have opened, and something may have been requested.
        self.send_now();
        true
    }
}
