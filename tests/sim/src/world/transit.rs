//! What happens at the two ends of a hop, and on the path between them.

use bytes::{Bytes, BytesMut};
use netcore_proto::video::{
    Announced, Arrival, FRAME_HEADER_BYTES, Frame, FrameHeader, StreamDatagram, TCP_ACK_BYTES, TcpAck,
};
use netcore_proto::{Time, link};

use super::hop::Writing;
use super::person::Person;
use super::{HOST, Happening, Hop, World};
use crate::effects::Path;

/// What seal, UDP, IP and Ethernet add to a datagram.
const DATAGRAM_OVERHEAD_BYTES: u64 = 94;
/// A socket takes no more while this much of what it was given has not left.
const SOCKET_BYTES: u64 = 64 * 1024;
/// A byte stream's sender is given the socket again when this little waits (`TCP_NOTSENT_LOWAT`).
const NOT_SENT_BYTES: u64 = 16 * 1024;

impl World {
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
        self.mind_time(at);
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
        match link::Datagram::decode(bytes).expect("what a node encodes can be decoded") {
            link::Datagram::Hello { token } if to_receiver => {
                self.send_hello(at, false, link::Datagram::HelloBack { token });
            }
            link::Datagram::Stream { .. } if to_receiver => self.at_receiver(at, bytes),
            link::Datagram::Stream { .. } => {
                self.at_sender(at, bytes);
                self.mind_answer(at);
                self.serve_sender(at);
            }
            _ => self.mind_answer(at),
        }
    }

    fn at_receiver(&mut self, at: usize, bytes: &Bytes) {
        let hop = &mut self.hops[at];
        let clock = self.people[hop.to].clock(self.now);
        match &StreamDatagram::decode(bytes).expect("what a sender encodes can be decoded") {
            StreamDatagram::Fragment(fragment) => hop.receiver.handle_fragment(fragment, clock),
            StreamDatagram::Parity(parity) => hop.receiver.handle_parity(parity, clock),
            _ => {}
        }
        self.serve_receiver(at);
    }

    fn at_sender(&mut self, at: usize, bytes: &Bytes) {
        let hop = &mut self.hops[at];
        let clock = self.people[hop.from].clock(self.now);
        match &StreamDatagram::decode(bytes).expect("what a receiver encodes can be decoded") {
            StreamDatagram::Ack(ack) => hop.sender.handle_ack(ack, clock),
            StreamDatagram::Nack(nack) => hop.sender.handle_nack(nack, clock),
            _ => {}
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
                let ack = TcpAck::decode(*answer).expect("what a node encodes can be decoded");
                let _ = hop.answers.split_to(TCP_ACK_BYTES);
                hop.sender.handle_tcp_ack(&ack, clock);
            }
            self.serve_sender(at);
        }
    }

    fn read_frames(&mut self, at: usize, bytes: &Bytes) {
        self.hops[at].incoming.extend_from_slice(bytes);
        loop {
            let hop = &mut self.hops[at];
            let clock = self.people[hop.to].clock(self.now);
            if hop.incoming.is_empty() {
                return;
            }
            let first = *hop.incoming_since.get_or_insert(clock);
            let Some(header) = hop.incoming.first_chunk::<FRAME_HEADER_BYTES>() else {
                return;
            };
            let header = FrameHeader::decode(header).expect("what a node encodes can be decoded");
            let length = FRAME_HEADER_BYTES + header.length as usize;
            if hop.incoming.len() < length {
                return;
            }
            let announced = Announced {
                stream: hop.stream,
                frame: header.frame,
                length,
            };
            let bytes = hop.incoming.split_to(length).freeze();
            let frame = Frame::received(bytes, announced).expect("it is one frame");
            hop.incoming_since = None;
            hop.receiver.handle_frame(frame, first, clock);
            let answer = TcpAck {
                stream: header.stream,
                frame: header.frame,
                hold_us: 0,
                spread_us: u32::try_from(clock.since(first).as_micros()).unwrap_or(u32::MAX),
                whole: clock,
            };
            self.write_stream(at, false, &Bytes::copy_from_slice(&answer.encode()));
        }
    }

    /// Lets a sender send what its sockets take, collects results, and plans its next turn.
    pub(super) fn serve_sender(&mut self, at: usize) {
        if self.hops[at].is_stopped {
            return;
        }
        let more_datagrams_at = self.send_fragments(at);
        let more_bytes_at = self.write_frames(at);
        let hop = &self.hops[at];
        let person = &self.people[hop.from];
        let deadline = hop.sender.poll_timeout();
        let deadline = deadline.map(|deadline| person.moment(deadline.at).max(self.now));
        let silence = self.minds_time_at(at);
        let wanted = [more_datagrams_at, more_bytes_at, deadline, silence]
            .into_iter()
            .flatten()
            .min();
        let hop = &mut self.hops[at];
        if let Some(when) = wanted.filter(|when| hop.sender_turn.is_none_or(|planned| *when < planned)) {
            hop.sender_turn = Some(when);
            self.agenda.plan(when, Happening::SenderTurn { hop: at });
        }
        self.take_results(at);
    }

    /// Returns when the socket takes more, if it is full.
    fn send_fragments(&mut self, at: usize) -> Option<Time> {
        loop {
            let hop = &mut self.hops[at];
            let takes_more = path_of(&mut self.people, hop, true).backlog_below(SOCKET_BYTES, self.now);
            if takes_more > self.now {
                return Some(takes_more);
            }
            let clock = self.people[hop.from].clock(self.now);
            let datagram = hop.sender.poll_datagram(clock)?;
            self.mind_sent(at);
            self.send_datagram(at, true, &datagram);
        }
    }

    /// Returns when the socket takes more, if it is full.
    fn write_frames(&mut self, at: usize) -> Option<Time> {
        loop {
            let hop = &mut self.hops[at];
            let clock = self.people[hop.from].clock(self.now);
            let takes_more = path_of(&mut self.people, hop, true).backlog_below(NOT_SENT_BYTES, self.now);
            if takes_more > self.now {
                return Some(takes_more);
            }
            if hop.writing.is_none() {
                hop.writing = hop.sender.poll_frame(clock).map(|frame| Writing {
                    frame: frame.header().frame,
                    rest: frame.bytes().clone(),
                });
            }
            let writing = hop.writing.as_mut()?;
            let portion = writing
                .rest
                .split_to(writing.rest.len().min(NOT_SENT_BYTES as usize));
            if writing.rest.is_empty() {
                hop.sender.handle_written(writing.frame, clock);
                hop.writing = None;
            }
            self.write_stream(at, true, &portion);
        }
    }

    fn send_datagram(&mut self, hop: usize, to_receiver: bool, datagram: &StreamDatagram) {
        let mut bytes = BytesMut::with_capacity(1_300);
        datagram.encode(&mut bytes);
        self.send_bytes(hop, to_receiver, &bytes.freeze());
    }

    /// The link's own question or answer, beside what the stream sends.
    pub(super) fn send_hello(&mut self, hop: usize, to_receiver: bool, hello: link::Datagram<'_>) {
        let mut bytes = BytesMut::with_capacity(link::Datagram::HELLO_BYTES);
        hello.encode(&mut bytes);
        self.send_bytes(hop, to_receiver, &bytes.freeze());
    }

    fn send_bytes(&mut self, hop: usize, to_receiver: bool, bytes: &Bytes) {
        let path = path_of(&mut self.people, &self.hops[hop], to_receiver);
        let wire_bytes = bytes.len() as u64 + DATAGRAM_OVERHEAD_BYTES;
        for when in path.send(wire_bytes, self.now, &mut self.chance).arrivals() {
            let bytes = bytes.clone();
            let happening = Happening::Datagram {
                hop,
                to_receiver,
                bytes,
            };
            self.agenda.plan(when, happening);
        }
    }

    fn write_stream(&mut self, hop: usize, to_receiver: bool, bytes: &Bytes) {
        let state = &mut self.hops[hop];
        let path = path_of(&mut self.people, state, to_receiver);
        let round_trip = path.conditions().delay.times(2);
        let epoch = state.epoch;
        let pipe = if to_receiver {
            &mut state.forth
        } else {
            &mut state.back
        };
        for (when, bytes) in pipe.write(bytes, path, round_trip, self.now, &mut self.chance) {
            let happening = Happening::StreamBytes {
                hop,
                to_receiver,
                epoch,
                bytes,
            };
            self.agenda.plan(when, happening);
        }
    }

    pub(super) fn take_results(&mut self, at: usize) {
        let hop = &mut self.hops[at];
        while let Some(result) = hop.sender.poll_result() {
            let (frame, bytes) = (u64::from(result.frame.0), result.retransmits as usize);
            self.trace.fact(self.now, 6, frame, bytes);
            hop.meter.record(result);
            hop.results.push(result);
        }
    }

    /// Sends what a receiver answers, shows and relays what it has, and plans its next turn.
    pub(super) fn serve_receiver(&mut self, at: usize) {
        if self.hops[at].is_stopped {
            return;
        }
        let clock = self.people[self.hops[at].to].clock(self.now);
        while let Some(datagram) = self.hops[at].receiver.poll_datagram(clock) {
            self.send_datagram(at, false, &datagram);
        }
        let hop = &mut self.hops[at];
        let person = &self.people[hop.to];
        let deadline = hop.receiver.poll_timeout();
        let deadline = deadline.map(|deadline| person.moment(deadline.at).max(self.now));
        if let Some(when) = deadline.filter(|when| hop.receiver_turn.is_none_or(|planned| *when < planned)) {
            hop.receiver_turn = Some(when);
            self.agenda.plan(when, Happening::ReceiverTurn { hop: at });
        }
        while let Some(arrival) = self.hops[at].receiver.poll_arrival() {
            self.show(at, &arrival);
        }
    }

    fn show(&mut self, at: usize, arrival: &Arrival) {
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
            jpeg[..4] == header.frame.0.to_be_bytes() && jpeg[4..] == camera.jpeg[4..jpeg.len()],
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

/// The path that a hop's frames take, or their answers.
fn path_of<'a>(people: &'a mut [Person], hop: &Hop, to_receiver: bool) -> &'a mut Path {
    let is_up = (hop.to == HOST) == to_receiver;
    let member = &mut people[hop.member()];
    if is_up { &mut member.up } else { &mut member.down }
}
