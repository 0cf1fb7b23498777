use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use netcore_proto::session::{Refusal, RefusalCode};
use netcore_proto::video::{Event, StreamDescription, StreamInfo};
use netcore_proto::wire::{Attachment, Direction};
use netcore_proto::{MemberId, Node, StreamId};
use parking_lot::{Mutex, RwLock};
use tokio::sync::oneshot;

use super::outbound::Outbound;
use super::own::OwnStream;
use super::stream::Stream;
use crate::metrics::link_figures::LinkKey;
use crate::net::connection::Connection;
use crate::peer::Peer;
use crate::shared::{DialError, Shared};

/// How long a stream's TCP connection that broke waits before it is opened again.
const REDIAL_AFTER: Duration = Duration::from_millis(500);
/// The most bytes of frames of which not all datagrams are here, for all streams: 4 MiB for each when a room has as many as
/// it may.
const INCOMPLETE_BYTES: usize = 256 * 1024 * 1024;
/// The most ended links whose measurements are kept.
const MAX_ENDED: usize = 16;

/// The streams of a room on this computer.
pub(crate) struct Plane {
    shared: Arc<Shared>,
    streams: RwLock<BTreeMap<StreamId, Arc<Stream>>>,
    /// What we publish, by our own number.
    own: Mutex<HashMap<u64, Arc<OwnStream>>>,
    /// Who waits for the host's answer to a publication, by our own number.
    answers: Mutex<HashMap<u64, oneshot::Sender<Result<(), Refusal>>>>,
    /// Links that ended lately, for what they measured.
    ended: Mutex<VecDeque<Arc<Outbound>>>,
    watch_streams: bool,
    /// Held while a link begins.
    beginning: Mutex<()>,
}

impl Plane {
    pub(crate) fn new(shared: Arc<Shared>, watch_streams: bool) -> Plane {
        Plane {
            shared,
            streams: RwLock::default(),
            own: Mutex::default(),
            answers: Mutex::default(),
            ended: Mutex::default(),
            watch_streams,
            beginning: Mutex::default(),
        }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(crate) fn stream(&self, id: StreamId) -> Option<Arc<Stream>> {
        self.streams.read().get(&id).cloned()
    }

    pub(crate) fn streams(&self) -> Vec<Arc<Stream>> {
        self.streams.read().values().cloned().collect()
    }

    /// Every link on which we send, those lately ended first.
    pub(crate) fn outbounds(&self) -> Vec<Arc<Outbound>> {
        let live = self
            .streams()
            .into_iter()
            .flat_map(|stream| stream.hub().outbounds());
        self.ended.lock().iter().cloned().chain(live).collect()
    }

    fn remember(&self, ended: impl IntoIterator<Item = Arc<Outbound>>) {
        let mut remembered = self.ended.lock();
        remembered.extend(ended);
        let surplus = remembered.len().saturating_sub(MAX_ENDED);
        remembered.drain(..surplus);
    }

    /// Notes a publication; its answer comes by the returned channel.
    pub(super) fn expect(&self, local: u64, own: Arc<OwnStream>) -> oneshot::Receiver<Result<(), Refusal>> {
        let (answer, expected) = oneshot::channel();
        self.own.lock().insert(local, own);
        self.answers.lock().insert(local, answer);
        expected
    }

    pub(super) fn forget(&self, local: u64) {
        self.own.lock().remove(&local);
        self.answers.lock().remove(&local);
    }

    pub(crate) fn handle_event(&self, event: &Event, node: &mut Node) {
        match event {
            Event::Published { local, stream } => self.handle_published(*local, stream, node),
            Event::Refused { local, refusal } => {
                self.own.lock().remove(local);
                if let Some(answer) = self.answers.lock().remove(local) {
                    let _ = answer.send(Err(refusal.clone()));
                }
            }
            Event::Started(info) => self.handle_started(info, node),
            Event::Changed(info) => {
                if let Some(stream) = self.stream(info.id) {
                    tracing::info!(target: "roomwire::step", code = "stream_changed", stream = info.id.0,
                        transport = %info.spec.transport, "stream {} goes over {} from now on", info.id, info.spec.transport);
                    stream.change(info.clone());
                }
            }
            Event::Stopped(info) => self.handle_stopped(info),
            Event::Watching {
                member,
                stream,
                on: true,
            } => {
                self.outbound(*member, *stream);
            }
            Event::Watching {
                member,
                stream,
                on: false,
            } => {
                if let Some(stream) = self.stream(*stream) {
                    self.remember(stream.hub().remove_outbound(*member));
                }
            }
        }
    }

    /// We are in (again): what we publish is published anew.
    pub(crate) fn handle_welcomed(&self, node: &mut Node) {
        for (local, own) in self.own.lock().iter() {
            // Without a connection, which we have just got, it would wait for the next welcome.
            let _ = node.publish(*local, &own.spec());
        }
    }

    /// A peer's connection is gone: no more links to it.
    pub(crate) fn handle_detached(&self, member: MemberId) {
        for stream in self.streams() {
            self.remember(stream.hub().remove_outbound(member));
        }
    }

    /// Every stream on this computer ends.
    pub(crate) fn close(&self) {
        for (_, stream) in std::mem::take(&mut *self.streams.write()) {
            stream.stop();
        }
        self.own.lock().clear();
        self.answers.lock().clear();
        // They hold the datagram socket, whose port must become free.
        self.ended.lock().clear();
    }

    /// On a host: what a member's video connection is to be used for, if the member may use it so.
    pub(crate) fn serve(&self, peer: &Peer, id: StreamId, direction: Direction) -> Result<Served, Refusal> {
        let gone = || Refusal::new(RefusalCode::NotFound, format!("stream {id} is over"));
        let stream = self.stream(id).ok_or_else(gone)?;
        match direction {
            Direction::Up if stream.info().owner == peer.id => Ok(Served::Up(stream)),
            Direction::Up => Err(Refusal::new(
                RefusalCode::NotAMember,
                format!("stream {id} is not yours"),
            )),
            // A member that opens a connection for it watches it, though its request may still be in flight.
            Direction::Down => self.outbound(peer.id, id).map(Served::Down).ok_or_else(gone),
        }
    }

    fn handle_published(&self, local: u64, info: &StreamInfo, node: &mut Node) {
        let Some(own) = self.own.lock().get(&local).cloned() else {
            // Nobody wants it any more.
            let _ = node.unpublish(info.id);
            return;
        };
        let stream = Stream::own(info.clone(), self.shared.cancel.child_token());
        self.streams.write().insert(info.id, stream.clone());
        own.set_live(Some(stream.clone()));
        if self.shared.dialer.is_some() {
            self.outbound(MemberId::HOST, info.id);
            self.spawn_up(stream);
        }
        // The spec may have changed while the answer was in flight.
        if own.spec() != info.spec {
            let _ = node.change_stream(info.id, &own.spec());
        }
        if let Some(answer) = self.answers.lock().remove(&local) {
            let _ = answer.send(Ok(()));
        }
    }

    fn handle_started(&self, info: &StreamInfo, node: &mut Node) {
        let from = if self.shared.dialer.is_some() {
            MemberId::HOST
        } else {
            info.owner
        };
        let Some(peer) = self.shared.peer(from) else {
            return;
        };
        let stream = Stream::received(info.clone(), from, self.shared.cancel.child_token());
        if let Some(inbound) = stream.inbound() {
            peer.association.add_inbound(info.id, inbound.clone());
        }
        self.streams.write().insert(info.id, stream.clone());
        self.share_memory();
        let StreamDescription {
            width,
            height,
            rate,
            transport,
            ..
        } = &info.spec;
        tracing::info!(target: "roomwire::step", code = "stream_started", stream = info.id.0, transport = %transport,
            "stream {} is live: {width}×{height} at {rate} frames/s over {transport}", info.id);
        if self.shared.dialer.is_some() && self.watch_streams {
            let _ = node.watch(info.id, true);
            self.spawn_down(stream);
        }
    }

    fn handle_stopped(&self, info: &StreamInfo) {
        let Some(stream) = self.streams.write().remove(&info.id) else {
            return;
        };
        self.remember(stream.stop());
        self.share_memory();
        for peer in self.shared.peers.lock().values() {
            peer.association.remove(info.id);
        }
        for own in self.own.lock().values() {
            own.forget_live(info.id);
        }
        tracing::info!(target: "roomwire::step", code = "stream_stopped", stream = info.id.0, "stream {} is over", info.id);
    }

    /// Divides what incomplete frames out of datagrams may take among the streams that come here.
    fn share_memory(&self) {
        let streams = self.streams();
        let incoming: Vec<_> = streams.iter().filter_map(|stream| stream.inbound()).collect();
        let share = INCOMPLETE_BYTES / incoming.len().max(1);
        incoming.iter().for_each(|inbound| inbound.set_memory(share));
    }

    /// The link that carries `stream` to this peer, begun if there is none yet.
    fn outbound(&self, to: MemberId, stream: StreamId) -> Option<Arc<Outbound>> {
        let live = self.stream(stream)?;
        let peer = self.shared.peer(to)?;
        // A viewer's request and its connection for the stream may come at once: one link it is, all the same.
        let _one_at_a_time = self.beginning.lock();
        if let Some(outbound) = live.hub().outbound_to(to) {
            return Some(outbound);
        }
        let key = LinkKey {
            stream,
            peer: to,
            outbound: true,
        };
        let transport = live.info().spec.transport;
        let cancel = live.cancel().child_token();
        let outbound = Outbound::start(key, transport, &self.shared, &peer, cancel)?;
        live.hub().add_outbound(outbound.clone());
        Some(outbound)
    }

    /// On a member: begins or ceases to receive a stream's frames.
    pub(crate) fn set_watching(&self, stream: StreamId, on: bool) {
        let Some(stream) = self.stream(stream) else { return };
        if on {
            self.spawn_down(stream);
        } else if let Some(inbound) = stream.inbound() {
            inbound.stop_watching();
        }
    }

    /// On a member: keeps a connection open on which our stream's frames can go to the host.
    fn spawn_up(&self, stream: Arc<Stream>) {
        let shared = self.shared.clone();
        let id = stream.info().id;
        self.shared.spawn_for(MemberId::HOST, "upstream", async move {
            let cancel = stream.cancel().clone();
            let keep_open = keep_open(&shared, id, Direction::Up, |connection| {
                let outbound = stream.hub().outbound_to(MemberId::HOST);
                async move {
                    match outbound {
                        Some(outbound) => outbound.serve_tcp(connection).await,
                        None => Ok(()),
                    }
                }
            });
            tokio::select! { () = cancel.cancelled() => {}, () = keep_open => {} }
        });
    }

    /// On a member: keeps a connection open on which a stream's frames can come from the host.
    fn spawn_down(&self, stream: Arc<Stream>) {
        let shared = self.shared.clone();
        let id = stream.info().id;
        let Some(inbound) = stream.inbound().cloned() else {
            return;
        };
        let Some(watching) = inbound.start_watching() else {
            return;
        };
        self.shared.spawn_for(MemberId::HOST, "downstream", async move {
            let cancel = stream.cancel().clone();
            let keep_open =
                keep_open(&shared, id, Direction::Down, |connection| inbound.receive_tcp(connection));
            tokio::select! { () = cancel.cancelled() => {}, () = watching.cancelled() => {}, () = keep_open => {} }
        });
    }
}

/// What a member's video connection is to be used for.
pub(crate) enum Served {
    /// Its frames come to us.
    Up(Arc<Stream>),
    /// Our frames go to it.
    Down(Arc<Outbound>),
}

impl Served {
    pub(crate) async fn run(self, connection: Connection) -> std::io::Result<()> {
        match self {
            Served::Up(stream) => match stream.inbound() {
                Some(inbound) => tokio::select! {
                    () = stream.cancel().cancelled() => Ok(()),
                    outcome = inbound.receive_tcp(connection) => outcome,
                },
                None => Ok(()),
            },
            Served::Down(outbound) => outbound.serve_tcp(connection).await,
        }
    }
}

/// Dials, serves, and dials again when the connection breaks, until the host says that there is nothing to dial for.
async fn keep_open<F: Future<Output = std::io::Result<()>>>(
    shared: &Shared,
    stream: StreamId,
    direction: Direction,
    serve: impl Fn(Connection) -> F,
) {
    loop {
        match shared.dial(Attachment::Video { stream, direction }).await {
            Ok((connection, _)) => {
                if let Err(error) = serve(connection).await {
                    tracing::debug!(%error, %stream, "a video connection broke");
                }
            }
            Err(DialError::Refused(refusal)) => {
                tracing::debug!(%refusal, %stream, "the host does not take a video connection");
                return;
            }
            Err(DialError::Io(error)) => {
                tracing::debug!(%error, %stream, "a video connection cannot be opened");
            }
        }
        tokio::time::sleep(REDIAL_AFTER).await;
    }
}
