//! Live video: cameras, and the hops that come and go with streams and viewers.

use std::fmt;

use bytes::BytesMut;
use netcore_proto::video::{
    Event as VideoEvent, Frame, FrameHeader, Receiver, Sender, SenderConfig, SourceKind, StreamDatagram,
    StreamDescription, WindowMode,
};
use netcore_proto::{Bitrate, Event, FrameNumber, MemberId, Span, StreamId, Time, Transport, session};

use super::{HOST, Happening, Hop, Look, World};

/// What a camera gives.
#[derive(Clone, Debug)]
pub struct LiveScenario {
    /// Pictures per second.
    pub rate: u64,
    /// Bytes of each picture's JPEG.
    pub bytes: usize,
    /// For how long.
    pub lasts: Span,
    /// The first picture's number.
    pub first: FrameNumber,
    /// Whether the pictures are made as large as the sender's target says, `bytes` at most.
    pub follows: bool,
    /// How the stream's senders work from here on.
    pub sending: SenderConfig,
}

impl LiveScenario {
    /// 720p at 30 pictures a second, 120,000 bytes each.
    pub fn hd(lasts: Span) -> LiveScenario {
        LiveScenario {
            rate: 30,
            bytes: 120_000,
            lasts,
            first: FrameNumber(0),
            follows: false,
            sending: sending(),
        }
    }

    /// 30 pictures a second, as large as the sender's target says, up to 150 Mbit/s.
    pub fn adaptive(lasts: Span) -> LiveScenario {
        LiveScenario {
            bytes: 625_000,
            follows: true,
            ..LiveScenario::hd(lasts)
        }
    }

    /// With this window.
    #[must_use]
    pub fn window(self, window: WindowMode) -> LiveScenario {
        let sending = SenderConfig {
            window,
            ..self.sending
        };
        LiveScenario { sending, ..self }
    }
}

impl fmt::Display for LiveScenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LiveScenario {
            rate, bytes, lasts, ..
        } = self;
        write!(f, "{rate} pictures of {bytes} bytes a second for {lasts}")
    }
}

#[derive(Debug)]
pub(super) struct Camera {
    pub(super) owner: usize,
    pub(super) stream: StreamId,
    next: FrameNumber,
    interval: Span,
    left: u64,
    follows: bool,
    pub(super) jpeg: Vec<u8>,
}

impl World {
    /// A person begins a stream.
    pub fn publish(&mut self, name: &str, transport: Transport) {
        let who = self.who(name);
        let local = self.people[who].next_local;
        self.people[who].next_local += 1;
        self.with_node(name, |node, _| {
            node.publish(local, &spec(transport))
                .expect("there is a connection");
        });
    }

    /// A person's first stream uses this transport from now on.
    pub fn switch(&mut self, name: &str, transport: Transport) {
        let stream = self.stream_of(name, 0);
        self.with_node(name, |node, _| {
            node.change_stream(stream, &spec(transport))
                .expect("there is a connection");
        });
        // A publisher's own sender does not wait for the host to agree.
        let who = self.who(name);
        self.set_transport(stream, transport, Some(who));
    }

    /// A person watches every stream there is.
    pub fn watch_all(&mut self, name: &str) {
        let streams: Vec<StreamId> = self.node(name).streams().iter().map(|stream| stream.id).collect();
        for stream in streams {
            self.with_node(name, |node, _| {
                node.watch(stream, true).expect("there is a connection");
            });
        }
    }

    /// A person's first stream gets pictures.
    pub fn go_live(&mut self, name: &str, scenario: &LiveScenario) {
        self.go_live_nth(name, 0, scenario);
    }

    /// One of a person's streams gets pictures, counted from zero.
    pub fn go_live_nth(&mut self, name: &str, nth: usize, scenario: &LiveScenario) {
        let stream = self.stream_of(name, nth);
        let owner = self.who(name);
        for hop in self.hops.iter_mut().filter(|hop| hop.stream == stream) {
            let transport = hop.sender.transport();
            let (offered, results) = (hop.offered, std::mem::take(&mut hop.results));
            assert_eq!(
                offered,
                results.len() as u64,
                "a window is chosen while nothing is in flight"
            );
            hop.sender = Sender::new(
                stream,
                SenderConfig {
                    transport,
                    ..scenario.sending
                },
            );
            hop.results = results;
        }
        self.cameras.push(Camera {
            owner,
            stream,
            next: scenario.first,
            interval: Span::from_micros(1_000_000 / scenario.rate),
            left: scenario.lasts.as_micros() * scenario.rate / 1_000_000,
            follows: scenario.follows,
            jpeg: (0..scenario.bytes).map(|i| (i * 31 % 253) as u8).collect(),
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

    /// A datagram that no one in this world sent arrives at one end of a hop.
    pub fn forge(&mut self, from: &str, to: &str, to_receiver: bool, datagram: &StreamDatagram) {
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

    /// The hop of one of a person's streams up to the host, counted from zero.
    ///
    /// # Panics
    /// When there is none.
    pub fn hop_nth(&self, from: &str, nth: usize) -> &Hop {
        let stream = self.stream_of(from, nth);
        let found = self
            .hops
            .iter()
            .rfind(|hop| hop.stream == stream && hop.to == HOST);
        found.unwrap_or_else(|| panic!("that stream of {from} does not go up"))
    }

    fn stream_of(&self, name: &str, nth: usize) -> StreamId {
        let node = self.node(name);
        let streams = node.streams().into_iter();
        let mut own = streams.filter(|stream| Some(stream.owner) == node.me());
        own.nth(nth)
            .unwrap_or_else(|| panic!("{name} has no such stream"))
            .id
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

    /// A ping measured the round trip; both ends of every hop with that peer use it.
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
            .expect("the host has announced every member it names")
    }

    fn connect_hop(&mut self, stream: StreamId, from: usize, to: usize, transport: Transport) {
        let mut hop = Hop::new(
            stream,
            from,
            to,
            SenderConfig {
                transport,
                ..sending()
            },
        );
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
                self.hops[at].carriage.wish = transport;
                self.follow(at);
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
        let most = camera_state.jpeg.len();
        let bytes = match (camera_state.follows, self.look(owner, stream)) {
            (true, Some(target)) => {
                let per_picture = target.bytes_in(self.cameras[camera].interval) as usize;
                per_picture.clamp(1_000, most)
            }
            _ => most,
        };
        let camera_state = &mut self.cameras[camera];
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
        let frame =
            Frame::new(header, &camera_state.jpeg[..bytes]).expect("a picture is neither empty nor huge");
        let next_at = now + camera_state.interval;
        self.agenda.plan(next_at, Happening::Picture { camera });
        self.offer_frame(owner, &frame);
    }

    /// Looks at the sender of a stream's owner, and returns its target.
    fn look(&mut self, owner: usize, stream: StreamId) -> Option<Bitrate> {
        let of_owner = |hop: &&mut Hop| hop.stream == stream && hop.from == owner && !hop.is_stopped;
        let hop = self.hops.iter_mut().find(of_owner)?;
        let target = hop.sender.target();
        let path = if hop.to == HOST {
            Some(&self.people[owner].up)
        } else {
            None
        };
        hop.looks.push(Look {
            at: self.now,
            target,
            wait: path.map_or(Span::ZERO, |path| path.wait(self.now)),
            queueing: hop.sender.queueing_delay(),
        });
        Some(target)
    }

    pub(super) fn offer_frame(&mut self, from: usize, frame: &Frame) {
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
}

fn sending() -> SenderConfig {
    SenderConfig {
        fragment_bytes: 1_200,
        ..SenderConfig::default()
    }
}

fn spec(transport: Transport) -> StreamDescription {
    StreamDescription {
        source: SourceKind::Pattern,
        title: "pattern".into(),
        width: 1280,
        height: 720,
        rate: 30.0,
        transport,
    }
}
