//! What comes in: batches off the socket, each datagram opened and handed to what it belongs to.

use std::io::{self, IoSliceMut};
use std::sync::Arc;
use std::time::Duration;

use netcore_proto::link::Datagram;
use netcore_proto::video::MAX_STREAMS;
use netcore_proto::{StreamId, Time};
use quinn_udp::{BATCH_SIZE, RecvMeta};
use tokio_util::sync::CancellationToken;

use super::{Association, Endpoint, RECEIVE_BYTES, Route, StreamReceiver};
use crate::clock;
use crate::net::conditioner::{Agenda, Direction};
use crate::net::seal;
use crate::net::socket_options::is_about_one_peer;

/// How many of these are taken by one call. What a call prepares for more it prepares for nothing most of the time, and the
/// bytes of four stay in the processor's cache until they are opened.
const RECEIVE_SLOTS: usize = if BATCH_SIZE < 4 { BATCH_SIZE } else { 4 };
/// After an error that is nobody's in particular.
const ERROR_PAUSE: Duration = Duration::from_millis(20);
/// Batches taken before other tasks of this thread get their turn.
const BATCHES_PER_TURN: usize = 32;
/// Datagrams that the conditions held back and that are handled before other tasks get theirs.
const HELD_BACK_PER_TURN: usize = 1_024;
/// Streams that may have something to say later: all that a room may have, and as many that have just ended.
const MAX_WAITING: usize = 2 * MAX_STREAMS;

/// Inbound streams that may have something to say later, each once.
#[derive(Default)]
struct Waiting(Vec<(Arc<Association>, Arc<dyn StreamReceiver>)>);

impl Waiting {
    /// When the first of them has.
    fn deadline(&self) -> Option<Time> {
        self.0.iter().filter_map(|(_, inbound)| inbound.deadline()).min()
    }

    /// Remembers one. Beyond [`MAX_WAITING`] it is not: it has its say when the next fragment comes.
    fn push(&mut self, association: Arc<Association>, inbound: Arc<dyn StreamReceiver>) {
        let is_there = self.0.iter().any(|(_, other)| Arc::ptr_eq(other, &inbound));
        if !is_there && self.0.len() < MAX_WAITING {
            self.0.push((association, inbound));
        }
    }

    /// Calls `act` with each, and forgets those of streams that are over or have nothing to say.
    fn retain(&mut self, mut act: impl FnMut(&Association, &dyn StreamReceiver)) {
        self.0.retain(|(association, inbound)| {
            if !association.has_inbound(inbound) {
                return false;
            }
            act(association, &**inbound);
            inbound.deadline().is_some()
        });
    }
}

impl Endpoint {
    /// Receives until the room is over.
    pub(crate) async fn run(self: Arc<Self>, cancel: CancellationToken) {
        let mut buffer = vec![0; RECEIVE_SLOTS * RECEIVE_BYTES];
        let mut waiting = Waiting::default();
        // Datagrams that the conditions hold back before they come in.
        let mut coming: Agenda<(Vec<u8>, Route)> = Agenda::default();
        let let_go = self.let_go();
        tokio::pin!(let_go);
        loop {
            let deadline = waiting.deadline().into_iter().chain(coming.first()).min();
            tokio::select! {
                biased;
                () = cancel.cancelled() => return,
                ready = self.socket.readable() => {
                    if let Err(error) = ready {
                        tracing::warn!(%error, "the datagram socket cannot be read");
                        return;
                    }
                    for _ in 0..BATCHES_PER_TURN {
                        match self.receive(&mut buffer, &mut waiting, &mut coming) {
                            Ok(true) => {}
                            Ok(false) => break,
                            Err(error) => {
                                tracing::debug!(%error, "a datagram was not received");
                                // An error that stays must not become a busy loop.
                                tokio::time::sleep(ERROR_PAUSE).await;
                                break;
                            }
                        }
                    }
                }
                () = &mut let_go => return,
                () = clock::sleep_until(deadline) => {}
            }
            let now = clock::now();
            let held_back = std::iter::from_fn(|| coming.pop(now)).take(HELD_BACK_PER_TURN);
            for (mut datagram, from) in held_back {
                self.handle_datagram(&mut datagram, from, now, &mut waiting);
            }
            waiting.retain(|association, inbound| {
                association.confined("requests", || {
                    inbound.handle_timeout(now);
                    self.answer(association, inbound);
                });
            });
            tokio::task::consume_budget().await;
        }
    }

    /// Takes one batch off the socket. Returns `false` when there is none.
    fn receive(
        &self,
        buffer: &mut [u8],
        waiting: &mut Waiting,
        coming: &mut Agenda<(Vec<u8>, Route)>,
    ) -> io::Result<bool> {
        let mut metas = [RecvMeta::default(); RECEIVE_SLOTS];
        let received = {
            let mut slices: Vec<IoSliceMut<'_>> =
                buffer.chunks_mut(RECEIVE_BYTES).map(IoSliceMut::new).collect();
            self.socket.try_receive(&mut slices, &mut metas)
        };
        let count = match received {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            // Windows and Linux report here that some peer's port is closed. It says nothing about the others.
            Err(error) if is_about_one_peer(&error) => return Ok(true),
            Err(error) => return Err(error),
        };
        let now = clock::now();
        for (meta, chunk) in metas.iter().take(count).zip(buffer.chunks_mut(RECEIVE_BYTES)) {
            if !self.is_allowed(meta) {
                continue;
            }
            let from = Route::of(meta);
            let received = chunk.get_mut(..meta.len).unwrap_or_default();
            for datagram in received.chunks_mut(meta.stride.max(1)) {
                if self.conditioner.is_on() {
                    for at in self.conditioner.datagram(Direction::In, datagram.len(), now) {
                        coming.push(at, datagram.len(), (datagram.to_vec(), from));
                    }
                } else {
                    self.handle_datagram(datagram, from, now, waiting);
                }
            }
        }
        Ok(true)
    }

    fn handle_datagram(&self, datagram: &mut [u8], from: Route, now: Time, waiting: &mut Waiting) {
        let association =
            seal::connection_id(datagram).and_then(|id| self.associations.read().get(&id).cloned());
        let Some(association) = association else { return };
        association.confined("datagram", || {
            self.handle_for(&association, datagram, from, now, waiting);
        });
    }

    fn handle_for(
        &self,
        association: &Arc<Association>,
        datagram: &mut [u8],
        from: Route,
        now: Time,
        waiting: &mut Waiting,
    ) {
        let bytes = datagram.len();
        let Some((packet, plain)) = association.opener.open(datagram) else {
            tracing::debug!(%from, "a datagram's seal is broken, or it came before");
            return;
        };
        association.handle_arrival(packet, from, bytes, now);
        match Datagram::decode(plain) {
            Ok(Datagram::Stream { stream, bytes }) => {
                self.handle_stream(association, stream, bytes, now, waiting);
            }
            Ok(Datagram::Hello { token }) => {
                // It answers for the address that it came from, so it goes there, if anything may.
                if association.may_answer_hello(from) {
                    self.send_now_to(from, association, |out| Datagram::HelloBack { token }.encode(out));
                }
            }
            Ok(Datagram::HelloBack { token }) => {
                if association.handle_hello_back(token, from) {
                    association.handle_answered(now);
                }
            }
            Ok(Datagram::Probe(probe)) => {
                self.send_now(association, |out| Datagram::ProbeAck(probe).encode(out));
            }
            Ok(Datagram::ProbeAck(probe)) => {
                association.handle_answered(now);
                association.handle_probe_acked(probe);
            }
            Err(error) => tracing::debug!(%from, %error, "a sealed datagram cannot be read"),
        }
    }

    /// What one end of a stream sends the other.
    fn handle_stream(
        &self,
        association: &Arc<Association>,
        stream: StreamId,
        datagram: &[u8],
        now: Time,
        waiting: &mut Waiting,
    ) {
        association.handle_traffic(now);
        if let Some(inbound) = association.inbound(stream)
            && inbound.handle_datagram(datagram, now)
        {
            self.follow_up(association.clone(), inbound, waiting);
        } else if let Some(outbound) = association.outbound(stream)
            && outbound.handle_datagram(datagram, now)
        {
            association.handle_answered(now);
        }
    }

    /// A fragment has come: says what there is to say, and remembers to ask for what is missing.
    fn follow_up(
        &self,
        association: Arc<Association>,
        inbound: Arc<dyn StreamReceiver>,
        waiting: &mut Waiting,
    ) {
        self.answer(&association, &*inbound);
        // Whether it has a deadline is found out once a turn, not for each of a frame's hundred fragments.
        waiting.push(association, inbound);
    }

    /// Sends what an inbound stream has to say.
    fn answer(&self, association: &Association, inbound: &dyn StreamReceiver) {
        inbound.answer(&mut |write| self.send_now(association, |out| write(out)));
        inbound.hand_on();
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use netcore_proto::video::{
        self, Fragment, Frame, FrameHeader, FrameOutcome, Sender, SenderConfig, SourceKind,
        StreamDescription, StreamInfo,
    };
    use netcore_proto::{FrameNumber, MemberId, Transport};
    use tokio::net::UdpSocket;

    use super::*;
    use crate::net::seal::SECRET_BYTES;
    use crate::net::tls::DatagramKeys;
    use crate::video::stream::Stream;

    /// More than may wait.
    const STREAMS: u32 = 200;
    const STREAM: StreamId = StreamId(1);
    const FRAMES: u32 = 3;
    /// So many send before the other side has its turn: what they send fits its socket.
    const PER_TURN: usize = 40;

    /// A peer whose only stream loses the middle of each frame at first.
    struct Publisher {
        association: Arc<Association>,
        sender: Sender,
        next: FrameNumber,
        acked: u32,
    }

    impl Publisher {
        fn new(association: Arc<Association>) -> Publisher {
            let config = SenderConfig {
                transport: Transport::Udp,
                ..SenderConfig::default()
            };
            let mut publisher = Publisher {
                association,
                sender: Sender::new(STREAM, config),
                next: FrameNumber(0),
                acked: 0,
            };
            publisher.offer();
            publisher
        }

        fn offer(&mut self) {
            let header = FrameHeader {
                stream: STREAM,
                frame: self.next,
                length: 0,
                width: 640,
                height: 480,
                captured: clock::now(),
                encode_us: 0,
            };
            self.next = self.next.next();
            let frame = Frame::new(header, &[7; 3_000]).expect("it is neither empty nor huge");
            self.sender.set_fragment_bytes(1_100, clock::now());
            self.sender.handle_frame(frame, clock::now());
        }

        /// Sends what is due, but for what is lost. A frame's end is followed by the next frame, until enough have arrived: on a
        /// busy computer one may come too late.
        async fn serve(&mut self, socket: &UdpSocket, to: SocketAddr) {
            let now = clock::now();
            if self.sender.poll_timeout().is_some_and(|due| due.at <= now) {
                self.sender.handle_timeout(now);
            }
            while let Some(result) = self.sender.poll_result() {
                self.acked += u32::from(matches!(result.outcome, FrameOutcome::Acked { .. }));
                if self.acked < FRAMES {
                    self.offer();
                }
            }
            while let Some(datagram) = self.sender.poll_datagram(clock::now()) {
                let is_lost = matches!(
                    &datagram,
                    video::StreamDatagram::Fragment(Fragment {
                        index: 1,
                        attempt: 0,
                        ..
                    })
                );
                if !is_lost {
                    let mut sealed = Vec::new();
                    self.association.seal(&mut sealed, |out| datagram.encode(out));
                    socket.send_to(&sealed, to).await.expect("it leaves");
                }
            }
        }

        fn handle(&mut self, datagram: &mut [u8]) {
            let (_, plain) = self.association.opener.open(datagram).expect("it is genuine");
            match video::StreamDatagram::decode(plain).expect("it can be read") {
                video::StreamDatagram::Ack(ack) => self.sender.handle_ack(&ack, clock::now()),
                video::StreamDatagram::Nack(nack) => self.sender.handle_nack(&nack, clock::now()),
                _ => {}
            }
        }
    }

    fn stream_of(peer: u32) -> Arc<Stream> {
        let spec = StreamDescription {
            source: SourceKind::Pattern,
            title: "pattern".to_owned(),
            width: 640,
            height: 480,
            rate: 30.0,
            transport: Transport::Udp,
        };
        let owner = MemberId(peer);
        let info = StreamInfo {
            id: STREAM,
            owner,
            spec,
        };
        Stream::received(info, owner, CancellationToken::new())
    }

    #[tokio::test]
    async fn frames_of_more_streams_than_may_wait_are_asked_for_and_arrive() {
        assert!(STREAMS as usize > MAX_WAITING);
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port is free");
        socket.set_nonblocking(true).expect("it is a socket");
        let here = socket.local_addr().expect("it is bound");
        let endpoint = Endpoint::new(socket, Arc::default()).expect("the socket can be used");
        let there = UdpSocket::bind("127.0.0.1:0").await.expect("a port is free");
        let at = there.local_addr().expect("it is bound");
        let mut streams = Vec::new();
        let mut publishers: Vec<Publisher> = (0..STREAMS)
            .map(|connection| {
                let keys = DatagramKeys {
                    up: [1; SECRET_BYTES],
                    down: [2; SECRET_BYTES],
                };
                let stream = stream_of(connection);
                let association = Association::on_member(connection, &keys, at, None);
                association.add_inbound(STREAM, stream.inbound().expect("it comes from elsewhere").clone());
                endpoint.add(association);
                streams.push(stream);
                Publisher::new(Association::on_host(connection, &keys, here))
            })
            .collect();
        let cancel = CancellationToken::new();
        tokio::spawn(endpoint.run(cancel.clone()));
        let all = async {
            let mut datagram = vec![0; 2_048];
            while publishers.iter().any(|publisher| publisher.acked < FRAMES) {
                for first in (0..publishers.len()).step_by(PER_TURN) {
                    for publisher in publishers.iter_mut().skip(first).take(PER_TURN) {
                        publisher.serve(&there, here).await;
                    }
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    while let Ok(length) = there.try_recv(&mut datagram) {
                        let datagram = &mut datagram[..length];
                        let of = seal::connection_id(datagram).expect("it says whose it is") as usize;
                        publishers[of].handle(datagram);
                    }
                }
            }
        };
        let arrived = tokio::time::timeout(Duration::from_secs(60), all).await;
        let missing = publishers
            .iter()
            .filter(|publisher| publisher.acked < FRAMES)
            .count();
        assert!(
            arrived.is_ok(),
            "{missing} of {STREAMS} streams have not all their frames"
        );
        cancel.cancel();
    }
}
