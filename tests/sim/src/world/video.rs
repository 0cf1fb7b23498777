//! Live video between neighbours: pictures, the two ends of each hop, and the relay at the host.

use std::fmt;

use bytes::{Bytes, BytesMut};
use netcore_proto::video::{
    Datagram, Event as VideoEvent, FRAME_HEADER_BYTES, Frame, FrameHeader, Receiver, SenderConfig,
    SourceKind, StreamSpec, TCP_ACK_BYTES, TcpAck, WindowMode,
};
use netcore_proto::{Event, FrameNumber, MemberId, Span, StreamId, Time, Transport, session};

use super::hop::Writing;
use super::{Happening, Hop, World};

/// The host in `World::people`.
const HOST: usize = 0;
/// What seal, UDP, IP and Ethernet add to a datagram.
const DATAGRAM_OVERHEAD_BYTES: u64 = 94;
/// A socket takes no more while this much of what it was given has not left.
const SOCKET_BYTES: u64 = 64 * 1024;
/// A byte stream's sender is given the socket again when this little waits (`TCP_NOTSENT_LOWAT`).
const NOT_SENT_BYTES: u64 = 16 * 1024;

/// What a camera gives.
#[derive(Clone, Debug)]
pub struct Film {
    /// Pictures per second.
    pub rate: u64,
    /// Bytes of each picture's JPEG.
    pub bytes: usize,
    /// For how long.
    pub lasts: Span,
    /// The first picture's number.
    pub first: FrameNumber,
    /// How the stream's senders work from here on.
    pub window: WindowMode,
}

impl Film {
    /// 720p at 30 pictures a second, 120,000 bytes each.
    pub fn hd(lasts: Span) -> Film {
        Film {
            rate: 30,
            bytes: 120_000,
            lasts,
            first: FrameNumber(0),
            window: WindowMode::Adaptive,
        }
    }
}

impl fmt::Display for Film {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Film {
            rate, bytes, lasts, ..
        } = self;
        write!(f, "{rate} pictures of {bytes} bytes a second for {lasts}")
    }
}

#[derive(Debug)]
pub(super) struct Camera {
    owner: usize,
    stream: StreamId,
    next: FrameNumber,
    interval: Span,
    left: u64,
    jpeg: Vec<u8>,
}

impl World {
    /// Somebody begins a stream.
    pub fn publish(&mut self, name: &str, transport: Transport) {
        let who = self.who(name);
        let local = self.people[who].next_local;
        self.people[who].next_local += 1;
        self.with_node(name, |node, _| {
            node.publish(local, &spec(transport))
                .expect("there is a connection");
        });
    }

    /// Somebody's first stream uses this transport from now on.
    pub fn switch(&mut self, name: &str, transport: Transport) {
        let stream = self.stream_of(name);
        self.with_node(name, |node, _| {
            node.change_stream(stream, &spec(transport))
                .expect("there is a connection");
        });
        // A publisher's own sender does not wait for the host to agree.
        let who = self.who(name);
        self.set_transport(stream, transport, Some(who));
    }

    /// Somebody watches every stream there is.
    pub fn watch_all(&mut self, name: &str) {
        let streams: Vec<StreamId> = self.node(name).streams().iter().map(|stream| stream.id).collect();
        for stream in streams {
            self.with_node(name, |node, _| {
                node.watch(stream, true).expect("there is a connection");
            });
        }
    }

    /// Somebody's first stream gets pictures.
    pub fn film(&mut self, name: &str, film: &Film) {
        let stream = self.stream_of(name);
        let owner = self.who(name);
        for hop in self.hops.iter_mut().filter(|hop| hop.stream == stream) {
            let transport = hop.sender.transport();
            let (offered, results) = (hop.offered, std::mem::take(&mut hop.results));
            assert_eq!(
                offered,
                results.len() as u64,
                "a window is chosen while nothing is on its way"
            );
            let config = config(transport, film.window);
            hop.sender = netcore_proto::video::Sender::new(config);
            hop.results = results;
        }
        self.cameras.push(Camera {
            owner,
            stream,
            next: film.first,
            interval: Span::from_micros(1_000_000 / film.rate),
            left: film.lasts.as_micros() * film.rate / 1_000_000,
            jpeg: (0..film.bytes).map(|i| (i * 31 % 253) as u8).collect(),
        });
        let camera = self.cameras.len() - 1;
        self.agenda.plan(self.now, Happening::Picture { camera });
    }

    /// The stream from a member up to the host, or from the host down to a member.
    ///
    /// # Panics
    /// When there is none.
    pub fn hop(&self, from: &str, to: &str) -> &Hop {
        &self.hops[self.hop_between(from, to)]
    }

    /// The same, taken out of a world that is no longer needed.
    ///
    /// # Panics
    /// When there is none.
    pub fn into_hop(mut self, from: &str, to: &str) -> Hop {
        let at = self.hop_between(from, to);
        self.hops.swap_remove(at)
    }

    /// Hands such a hop over, and then lets both its ends do what they want.
    pub fn with_hop<R>(&mut self, from: &str, to: &str, act: impl FnOnce(&mut Hop, Time) -> R) -> R {
        let at = self.hop_between(from, to);
        let clock = self.people[self.hops[at].from].clock(self.now);
        let result = act(&mut self.hops[at], clock);
        self.serve_sender(at);
        self.serve_receiver(at);
        result
    }

    /// The program at the receiving end forgets everything.
    pub fn restart_receiver(&mut self, from: &str, to: &str) {
        self.with_hop(from, to, |hop, _| hop.receiver = Receiver::new(hop.stream));
    }

    /// The TCP connection of a hop breaks and a new one takes its place.
    pub fn break_stream(&mut self, from: &str, to: &str) {
        self.with_hop(from, to, |hop, clock| {
            hop.epoch += 1;
            hop.writing = None;
            hop.incoming.clear();
            hop.answers.clear();
            hop.sender.handle_disconnected(clock);
        });
    }

    /// A datagram that nobody in this world sent arrives at one end of a hop.
    pub fn forge(&mut self, from: &str, to: &str, to_receiver: bool, datagram: &Datagram) {
        let hop = self.hop_between(from, to);
        let mut bytes = BytesMut::new();
        datagram.encode(&mut bytes);
        self.datagram(hop, to_receiver, &bytes.freeze());
    }

    fn hop_between(&self, from: &str, to: &str) -> usize {
        let (from_who, to_who) = (self.who(from), self.who(to));
        let found = self
            .hops
            .iter()
            .rposition(|hop| hop.from == from_who && hop.to == to_who);
        found.unwrap_or_else(|| panic!("no stream goes from {from} to {to}"))
    }

    fn stream_of(&self, name: &str) -> StreamId {
        let node = self.node(name);
        let own = node
            .streams()
            .into_iter()
            .find(|stream| Some(stream.owner) == node.me());
        own.unwrap_or_else(|| panic!("{name} has no stream")).id
    }

    /// Builds and takes down hops as nodes learn of streams and viewers.
    pub(super) fn wire_video(&mut self, who: usize, event: &Event) {
        if let Event::Video(
            VideoEvent::Published { stream, .. } | VideoEvent::Started(stream) | VideoEvent::Changed(stream),
        ) = event
            && who == HOST
        {
            self.transports.insert(stream.id, stream.spec.transport);
        }
        match event {
            Event::Video(VideoEvent::Published { stream, .. }) if who != HOST => {
                self.connect_hop(stream.id, who, HOST, stream.spec.transport);
            }
            Event::Video(VideoEvent::Watching { member, stream, on }) => {
                let viewer = self.person_of(*member);
                if *on {
                    let transport = self.transports.get(stream).copied().unwrap_or_default();
                    self.connect_hop(*stream, HOST, viewer, transport);
                } else {
                    self.stop_hops(|hop| hop.stream == *stream && hop.to == viewer);
                }
            }
            Event::Video(VideoEvent::Changed(stream)) if who == HOST => {
                self.set_transport(stream.id, stream.spec.transport, None);
            }
            Event::Video(VideoEvent::Stopped(stream)) => {
                let stream = stream.id;
                self.stop_hops(|hop| hop.stream == stream && (who == HOST || hop.member() == who));
            }
            Event::Session(session::Event::Detached { member }) => {
                let gone = self.person_of(*member);
                self.stop_hops(|hop| hop.member() == gone);
            }
            _ => {}
        }
    }

    /// A ping told how long the way there and back takes; both ends of every hop with that neighbour use it.
    pub(super) fn heard_round_trip(&mut self, who: usize, event: &Event, round_trip: Span) {
        let Event::Session(session::Event::RoundTrip { member, .. }) = event else {
            return;
        };
        let other = if who == HOST {
            self.person_of(*member)
        } else {
            HOST
        };
        self.people[other.max(who)].round_trip = Some(round_trip);
        for hop in self
            .hops
            .iter_mut()
            .filter(|hop| hop.to == who && hop.from == other)
        {
            hop.receiver.set_round_trip(round_trip);
        }
    }

    fn person_of(&self, member: MemberId) -> usize {
        *self
            .numbers
            .get(&member)
            .expect("the host has told of every member it names")
    }

    fn connect_hop(&mut self, stream: StreamId, from: usize, to: usize, transport: Transport) {
        let mut hop = Hop::new(stream, from, to, config(transport, WindowMode::Adaptive));
        if let Some(round_trip) = self.people[hop.member()].round_trip {
            hop.receiver.set_round_trip(round_trip);
        }
        self.hops.push(hop);
    }

    fn set_transport(&mut self, stream: StreamId, transport: Transport, only_from: Option<usize>) {
        let of_stream = |hop: &Hop| {
            hop.stream == stream && !hop.is_stopped && only_from.is_none_or(|from| hop.from == from)
        };
        for at in 0..self.hops.len() {
            if of_stream(&self.hops[at]) {
                self.hops[at].sender.set_transport(transport);
                self.hops[at].meter.set_transport(transport);
                self.serve_sender(at);
            }
        }
    }

    fn stop_hops(&mut self, is_over: impl Fn(&Hop) -> bool) {
        for at in 0..self.hops.len() {
            let hop = &mut self.hops[at];
            if !hop.is_stopped && is_over(hop) {
                hop.is_stopped = true;
                let clock = self.people[hop.from].clock(self.now);
                hop.sender.handle_stopped(clock);
                self.take_results(at);
            }
        }
    }

    pub(super) fn picture(&mut self, camera: usize) {
        let now = self.now;
        let camera_state = &mut self.cameras[camera];
        let (owner, stream, number) = (camera_state.owner, camera_state.stream, camera_state.next);
        if camera_state.left == 0 {
            return;
        }
        camera_state.left -= 1;
        camera_state.next = number.next();
        camera_state.jpeg[..4].copy_from_slice(&number.0.to_be_bytes());
        let header = FrameHeader {
            stream,
            frame: number,
            length: 0,
            width: 1280,
            height: 720,
            captured: self.people[owner].clock(now),
            encode_us: 0,
        };
        let frame = Frame::new(header, &camera_state.jpeg).expect("a picture is neither empty nor huge");
        let next_at = now + camera_state.interval;
        self.agenda.plan(next_at, Happening::Picture { camera });
        self.offer_frame(owner, &frame);
    }

    fn offer_frame(&mut self, from: usize, frame: &Frame) {
        let stream = frame.header().stream;
        for at in 0..self.hops.len() {
            let hop = &mut self.hops[at];
            if hop.stream == stream && hop.from == from && !hop.is_stopped {
                hop.offered += 1;
                hop.sender
                    .handle_frame(frame.clone(), self.people[from].clock(self.now));
                self.serve_sender(at);
            }
        }
    }

    pub(super) fn sender_turn(&mut self, at: usize) {
        let hop = &mut self.hops[at];
        if hop.sender_turn == Some(self.now) {
            hop.sender_turn = None;
        }
        let clock = self.people[hop.from].clock(self.now);
        if hop
            .sender
            .poll_timeout()
            .is_some_and(|deadline| deadline.at <= clock)
        {
            hop.sender.handle_timeout(clock);
        }
        self.serve_sender(at);
    }

    pub(super) fn receiver_turn(&mut self, at: usize) {
        let hop = &mut self.hops[at];
        if hop.receiver_turn == Some(self.now) {
            hop.receiver_turn = None;
        }
        let clock = self.people[hop.to].clock(self.now);
        if hop
            .receiver
            .poll_timeout()
            .is_some_and(|deadline| deadline.at <= clock)
        {
            hop.receiver.handle_timeout(clock);
        }
        self.serve_receiver(at);
    }

    pub(super) fn datagram(&mut self, at: usize, to_receiver: bool, bytes: &Bytes) {
        self.trace
            .fact(self.now, 2 + u8::from(to_receiver), at as u64, bytes.len());
        let hop = &mut self.hops[at];
        if hop.is_stopped {
            return;
        }
        let datagram = Datagram::decode(bytes).expect("what a node encodes can be decoded");
        if to_receiver {
            let clock = self.people[hop.to].clock(self.now);
            if let Datagram::Fragment(fragment) = &datagram {
                hop.receiver.handle_fragment(fragment, clock);
            }
            self.serve_receiver(at);
        } else {
            let clock = self.people[hop.from].clock(self.now);
            match &datagram {
                Datagram::Ack(ack) => hop.sender.handle_ack(ack, clock),
                Datagram::Nack(nack) => hop.sender.handle_nack(nack, clock),
                _ => {}
            }
            self.serve_sender(at);
        }
    }

    pub(super) fn stream_bytes(&mut self, at: usize, to_receiver: bool, epoch: u32, bytes: &Bytes) {
        self.trace
            .fact(self.now, 4 + u8::from(to_receiver), at as u64, bytes.len());
        let hop = &mut self.hops[at];
        if hop.is_stopped || hop.epoch != epoch {
            return;
        }
        if to_receiver {
            self.read_frames(at, bytes);
            self.serve_receiver(at);
        } else {
            let clock = self.people[hop.from].clock(self.now);
            hop.answers.extend_from_slice(bytes);
            while let Some(answer) = hop.answers.first_chunk::<TCP_ACK_BYTES>() {
                let ack = TcpAck::decode(*answer);
                let _ = hop.answers.split_to(TCP_ACK_BYTES);
                hop.sender.handle_tcp_ack(ack.frame, ack.hold_us, clock);
            }
            self.serve_sender(at);
        }
    }

    fn read_frames(&mut self, at: usize, bytes: &Bytes) {
        let hop = &mut self.hops[at];
        let clock = self.people[hop.to].clock(self.now);
        hop.incoming.extend_from_slice(bytes);
        loop {
            hop.incoming_since.get_or_insert(clock);
            let Some(header) = hop.incoming.first_chunk::<FRAME_HEADER_BYTES>() else {
                break;
            };
            let header = FrameHeader::decode(header).expect("what a node encodes can be decoded");
            let length = FRAME_HEADER_BYTES + header.length as usize;
            if hop.incoming.len() < length {
                break;
            }
            let frame = Frame::from_bytes(hop.incoming.split_to(length).freeze()).expect("it is one frame");
            let first = hop.incoming_since.take().unwrap_or(clock);
            hop.receiver.handle_frame(frame, first, clock);
            let answer = TcpAck {
                stream: header.stream,
                frame: header.frame,
                hold_us: 0,
            };
            let person = &mut self.people[hop.from.max(hop.to)];
            let path = if hop.to == HOST {
                &mut person.down
            } else {
                &mut person.up
            };
            let round_trip = path.conditions().delay.times(2);
            let answer = Bytes::copy_from_slice(&answer.encode());
            for (when, bytes) in hop
                .back
                .write(&answer, path, round_trip, self.now, &mut self.chance)
            {
                let (epoch, to_receiver) = (hop.epoch, false);
                let happening = Happening::StreamBytes {
                    hop: at,
                    to_receiver,
                    epoch,
                    bytes,
                };
                self.agenda.plan(when, happening);
            }
        }
        if hop.incoming.is_empty() {
            hop.incoming_since = None;
        }
    }

    /// Lets a sender send what its sockets take, collects results, and plans its next turn.
    fn serve_sender(&mut self, at: usize) {
        let now = self.now;
        let hop = &mut self.hops[at];
        if hop.is_stopped {
            return;
        }
        let clock = self.people[hop.from].clock(now);
        let ahead = self.people[hop.from].clock_ahead;
        let person = &mut self.people[hop.from.max(hop.to)];
        let path = if hop.from == HOST {
            &mut person.down
        } else {
            &mut person.up
        };
        let round_trip = path.conditions().delay.times(2);
        let mut turn: Option<Time> = None;
        loop {
            let takes_more = path.backlog_below(SOCKET_BYTES, now);
            if takes_more > now {
                turn = Some(takes_more);
                break;
            }
            let Some(fragment) = hop.sender.poll_fragment(clock) else {
                break;
            };
            let mut bytes = BytesMut::with_capacity(1_300);
            fragment.encode(&mut bytes);
            let bytes = bytes.freeze();
            let passage = path.send(
                bytes.len() as u64 + DATAGRAM_OVERHEAD_BYTES,
                now,
                &mut self.chance,
            );
            for when in passage.arrivals() {
                let (bytes, to_receiver) = (bytes.clone(), true);
                let happening = Happening::Datagram {
                    hop: at,
                    to_receiver,
                    bytes,
                };
                self.agenda.plan(when, happening);
            }
        }
        loop {
            let takes_more = path.backlog_below(NOT_SENT_BYTES, now);
            if takes_more > now {
                turn = Some(turn.map_or(takes_more, |turn| turn.min(takes_more)));
                break;
            }
            if hop.writing.is_none() {
                hop.writing = hop.sender.poll_frame(clock).map(|frame| Writing {
                    frame: frame.header().frame,
                    rest: frame.bytes().clone(),
                });
            }
            let Some(writing) = &mut hop.writing else { break };
            let portion = writing
                .rest
                .split_to(writing.rest.len().min(NOT_SENT_BYTES as usize));
            for (when, bytes) in hop.forth.write(&portion, path, round_trip, now, &mut self.chance) {
                let (epoch, to_receiver) = (hop.epoch, true);
                let happening = Happening::StreamBytes {
                    hop: at,
                    to_receiver,
                    epoch,
                    bytes,
                };
                self.agenda.plan(when, happening);
            }
            if writing.rest.is_empty() {
                hop.sender.handle_written(writing.frame, clock);
                hop.writing = None;
            }
        }
        let deadline = hop
            .sender
            .poll_timeout()
            .map(|deadline| (deadline.at - ahead).max(now));
        let wanted = turn.into_iter().chain(deadline).min();
        if let Some(when) = wanted.filter(|when| hop.sender_turn.is_none_or(|planned| *when < planned)) {
            hop.sender_turn = Some(when);
            self.agenda.plan(when, Happening::SenderTurn { hop: at });
        }
        self.take_results(at);
    }

    fn take_results(&mut self, at: usize) {
        let hop = &mut self.hops[at];
        while let Some(result) = hop.sender.poll_result() {
            let (frame, bytes) = (u64::from(result.frame.0), result.retransmits as usize);
            self.trace.fact(self.now, 6, frame, bytes);
            hop.meter.record(result);
            hop.results.push(result);
        }
    }

    /// Sends what a receiver answers, shows and relays what it has, and plans its next turn.
    fn serve_receiver(&mut self, at: usize) {
        let now = self.now;
        let hop = &mut self.hops[at];
        if hop.is_stopped {
            return;
        }
        let clock = self.people[hop.to].clock(now);
        let ahead = self.people[hop.to].clock_ahead;
        while let Some(datagram) = hop.receiver.poll_datagram(clock) {
            let mut bytes = BytesMut::new();
            datagram.encode(&mut bytes);
            let bytes = bytes.freeze();
            let person = &mut self.people[hop.from.max(hop.to)];
            let path = if hop.to == HOST {
                &mut person.down
            } else {
                &mut person.up
            };
            let passage = path.send(
                bytes.len() as u64 + DATAGRAM_OVERHEAD_BYTES,
                now,
                &mut self.chance,
            );
            for when in passage.arrivals() {
                let (bytes, to_receiver) = (bytes.clone(), false);
                let happening = Happening::Datagram {
                    hop: at,
                    to_receiver,
                    bytes,
                };
                self.agenda.plan(when, happening);
            }
        }
        let deadline = hop
            .receiver
            .poll_timeout()
            .map(|deadline| (deadline.at - ahead).max(now));
        if let Some(when) = deadline.filter(|when| hop.receiver_turn.is_none_or(|planned| *when < planned)) {
            hop.receiver_turn = Some(when);
            self.agenda.plan(when, Happening::ReceiverTurn { hop: at });
        }
        while let Some(arrival) = self.hops[at].receiver.poll_arrival() {
            self.show(at, &arrival);
        }
    }

    fn show(&mut self, at: usize, arrival: &netcore_proto::video::Arrival) {
        let header = *arrival.frame.header();
        let camera = self
            .cameras
            .iter()
            .rev()
            .find(|camera| camera.stream == header.stream);
        let camera = camera.expect("every frame comes from a camera");
        let captured = self.people[camera.owner].moment(header.captured);
        let jpeg = arrival.frame.jpeg();
        assert!(
            jpeg[..4] == header.frame.0.to_be_bytes() && jpeg[4..] == camera.jpeg[4..],
            "frame {} arrived with another picture",
            header.frame
        );
        let now = self.now;
        self.trace.fact(now, 7, u64::from(header.frame.0), jpeg.len());
        self.hops[at].note_shown(arrival, now, captured);
        if self.hops[at].to == HOST {
            self.offer_frame(HOST, &arrival.frame);
        }
    }
}

fn config(transport: Transport, window: WindowMode) -> SenderConfig {
    SenderConfig {
        transport,
        window,
        fragment_bytes: 1_200,
    }
}

fn spec(transport: Transport) -> StreamSpec {
    StreamSpec {
        source: SourceKind::Pattern,
        title: "pattern".into(),
        width: 1280,
        height: 720,
        rate: 30.0,
        transport,
    }
}
