use std::io;
use std::sync::{Arc, Mutex};

use crate::tcp::Secure;
use netcore_proto::metrics::{Figures, LinkMeter, Point, TransportSummary};
use netcore_proto::video::{
    Ack, Fragment, Frame, FrameResult, Nack, Sender, SenderConfig, TCP_ACK_BYTES, TcpAck,
};
use netcore_proto::{Time, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

use super::LinkKey;
use crate::clock;
use crate::lock::lock;
use crate::metrics::LinkResult;
use crate::shared::Shared;
use crate::udp::{Association, Batch, Endpoint, sleep_until};

/// Bytes of a frame in a datagram that any path of 1,280 bytes takes (RFC 8200, section 5), headers and seal taken off.
const FRAGMENT_BYTES: u16 = 1_150;
/// On loopback a datagram may be longer; macOS takes 9,216 bytes at most.
const LOOPBACK_FRAGMENT_BYTES: u16 = 8_900;

/// A stream's frames as they go to one neighbour, over either transport.
pub(crate) struct Outbound {
    key: LinkKey,
    state: Mutex<State>,
    tcp_wake: Notify,
    udp_wake: Notify,
    endpoint: Arc<Endpoint>,
    association: Arc<Association>,
    results: broadcast::Sender<LinkResult>,
    cancel: CancellationToken,
}

struct State {
    sender: Sender,
    meter: LinkMeter,
    /// As the receiving end told, with the transport it told it of.
    jitter_us: Option<(Transport, u64)>,
}

impl Outbound {
    /// Begins a link, and the task that sends its datagrams. `None` when the room is closing.
    pub(crate) fn start(
        key: LinkKey,
        transport: Transport,
        shared: &Shared,
        association: &Arc<Association>,
        cancel: CancellationToken,
    ) -> Option<Arc<Outbound>> {
        let config = SenderConfig {
            transport,
            window: shared.window,
            fragment_bytes: FRAGMENT_BYTES,
            ..SenderConfig::default()
        };
        let state = State {
            sender: Sender::new(config),
            meter: LinkMeter::new(transport),
            jitter_us: None,
        };
        let outbound = Arc::new(Outbound {
            key,
            state: Mutex::new(state),
            tcp_wake: Notify::new(),
            udp_wake: Notify::new(),
            endpoint: shared.endpoint()?,
            association: association.clone(),
            results: shared.results.clone(),
            cancel,
        });
        association.add_outbound(key.stream, &outbound);
        shared.tasks.spawn(outbound.clone().send_datagrams());
        Some(outbound)
    }

    pub(crate) fn key(&self) -> LinkKey {
        self.key
    }

    /// A newer frame. It leaves as soon as the way is free, or makes room for a newer one.
    pub(crate) fn offer(&self, frame: Frame) {
        let transport = {
            let mut state = lock(&self.state);
            state.sender.handle_frame(frame, clock::now());
            self.record_results(&mut state);
            state.sender.transport()
        };
        self.wake(transport);
    }

    pub(crate) fn set_transport(&self, transport: Transport) {
        let mut state = lock(&self.state);
        state.sender.set_transport(transport);
        state.meter.set_transport(transport);
        drop(state);
        self.wake(transport);
    }

    pub(crate) fn handle_ack(&self, ack: &Ack, now: Time) {
        let mut state = lock(&self.state);
        state.sender.handle_ack(ack, now);
        self.record_results(&mut state);
        let transport = state.sender.transport();
        drop(state);
        // The window may have opened.
        self.wake(transport);
    }

    pub(crate) fn handle_nack(&self, nack: &Nack, now: Time) {
        lock(&self.state).sender.handle_nack(nack, now);
        self.udp_wake.notify_one();
    }

    /// The link is over: everything unfinished gets its result.
    pub(crate) fn stop(&self) {
        self.cancel.cancel();
        self.association.remove_outbound(self.key.stream);
        let mut state = lock(&self.state);
        state.sender.handle_stopped(clock::now());
        self.record_results(&mut state);
    }

    /// The receiving end told what it measured.
    pub(crate) fn handle_report(&self, told: &Figures) {
        lock(&self.state).jitter_us = told.jitter_us.map(|jitter| (told.transport, jitter));
    }

    /// Ends a second of measuring: its point, and the figures with what the receiving end told.
    pub(crate) fn tick(&self, now: Time) -> (Point, Figures) {
        let mut state = lock(&self.state);
        let (point, figures) = (state.meter.tick(now), state.meter.figures(now));
        let told = state
            .jitter_us
            .filter(|(transport, _)| *transport == figures.transport);
        (
            point,
            Figures {
                jitter_us: told.map(|(_, jitter)| jitter),
                ..figures
            },
        )
    }

    /// The results that are kept.
    pub(crate) fn kept_results(&self) -> Vec<FrameResult> {
        lock(&self.state).meter.results().0.copied().collect()
    }

    pub(crate) fn summaries(&self) -> Vec<TransportSummary> {
        lock(&self.state).meter.summaries()
    }

    /// Bytes of one full datagram on this link.
    pub(crate) fn datagram_bytes(&self) -> u32 {
        let overhead = Fragment::HEADER_BYTES + crate::seal::HEADER_BYTES + crate::seal::TAG_BYTES;
        u32::from(self.fragment_bytes()) + overhead as u32
    }

    fn fragment_bytes(&self) -> u16 {
        let is_loopback = |address: std::net::SocketAddr| address.ip().to_canonical().is_loopback();
        if self.association.peer_address().is_some_and(is_loopback) {
            LOOPBACK_FRAGMENT_BYTES
        } else {
            FRAGMENT_BYTES
        }
    }

    fn wake(&self, transport: Transport) {
        match transport {
            Transport::Tcp => self.tcp_wake.notify_one(),
            Transport::Udp => self.udp_wake.notify_one(),
        }
    }

    fn record_results(&self, state: &mut State) {
        while let Some(result) = state.sender.poll_result() {
            state.meter.record(result);
            // Nobody need be listening.
            let _ = self.results.send(LinkResult {
                stream: self.key.stream,
                peer: self.key.peer,
                result,
            });
        }
    }

    /// Sends fragments whenever there are some, until the link is over.
    async fn send_datagrams(self: Arc<Self>) {
        let mut batch = Batch::default();
        let mut held_back = None;
        lock(&self.state).sender.set_fragment_bytes(self.fragment_bytes());
        loop {
            self.fill(&mut batch, &mut held_back);
            if !batch.is_empty() {
                self.send(&mut batch).await;
                continue;
            }
            let deadline = lock(&self.state)
                .sender
                .poll_timeout()
                .map(|deadline| deadline.at);
            tokio::select! {
                () = self.cancel.cancelled() => return,
                () = self.udp_wake.notified() => {}
                () = sleep_until(deadline) => {
                    let mut state = lock(&self.state);
                    state.sender.handle_timeout(clock::now());
                    // The other side's address may have become known, or changed.
                    state.sender.set_fragment_bytes(self.fragment_bytes());
                    self.record_results(&mut state);
                }
            }
        }
    }

    /// Seals as many fragments as go out in one batch.
    fn fill(&self, batch: &mut Batch, held_back: &mut Option<Fragment>) {
        let mut state = lock(&self.state);
        let now = clock::now();
        while let Some(fragment) = held_back.take().or_else(|| state.sender.poll_fragment(now)) {
            let length = Fragment::HEADER_BYTES + fragment.data.len();
            let fits = self
                .endpoint
                .append(batch, self.association.sealer(), length, |out| {
                    fragment.encode(out);
                });
            if !fits {
                *held_back = Some(fragment);
                return;
            }
        }
    }

    async fn send(&self, batch: &mut Batch) {
        match self.association.peer_address() {
            Some(to) => {
                if let Err(error) = self.endpoint.send(batch, to).await {
                    tracing::debug!(%error, %to, stream = %self.key.stream, "datagrams were not sent");
                }
            }
            // Nothing has been heard from there yet; what is not sent will be asked for or given up.
            None => *batch = Batch::default(),
        }
    }

    /// Serves one TCP connection of this link until it ends.
    pub(crate) async fn serve_tcp(self: Arc<Self>, stream: Secure) -> io::Result<()> {
        let (mut reader, mut writer) = tokio::io::split(stream);
        let outcome = tokio::select! {
            () = self.cancel.cancelled() => Ok(()),
            outcome = self.write_frames(&mut writer) => outcome,
            outcome = self.read_acks(&mut reader) => outcome,
        };
        let mut state = lock(&self.state);
        state.sender.handle_disconnected(clock::now());
        self.record_results(&mut state);
        outcome
    }

    async fn write_frames(&self, writer: &mut (impl AsyncWriteExt + Unpin)) -> io::Result<()> {
        loop {
            let frame = lock(&self.state).sender.poll_frame(clock::now());
            let Some(frame) = frame else {
                self.tcp_wake.notified().await;
                continue;
            };
            writer.write_all(frame.bytes()).await?;
            writer.flush().await?;
            lock(&self.state)
                .sender
                .handle_written(frame.header().frame, clock::now());
        }
    }

    async fn read_acks(&self, reader: &mut (impl AsyncReadExt + Unpin)) -> io::Result<()> {
        loop {
            let mut bytes = [0; TCP_ACK_BYTES];
            reader.read_exact(&mut bytes).await?;
            let now = clock::now();
            let ack = TcpAck::decode(bytes);
            if ack.stream != self.key.stream {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "an acknowledgement of another stream",
                ));
            }
            let mut state = lock(&self.state);
            state.sender.handle_tcp_ack(&ack, now);
            self.record_results(&mut state);
            let transport = state.sender.transport();
            drop(state);
            self.wake(transport);
        }
    }
}
