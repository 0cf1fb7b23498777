//! A path that ceases to take large datagrams while a stream is live.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use netcore_proto::link::{BASE_PAYLOAD, PathMtu, ProbeOut};
use netcore_proto::video::{Fragment, Frame, FrameHeader, Receiver, Sender, SenderConfig, StreamDatagram};
use netcore_proto::{Deadline, FrameNumber, Span, StreamId, Time};
use sim_tests::effects::{Burst, Chance, Conditions, Path};

/// What the seal and a fragment's header add to a fragment of a frame.
const OVERHEAD: usize = 29 + Fragment::HEADER_BYTES;
const INTERVAL: Span = Span::from_micros(33_333);

/// A sender that looks after the size of its datagrams, its receiver, and the path between them.
struct Line {
    mtu: PathMtu,
    sender: Sender,
    receiver: Receiver,
    paths: [Path; 2],
    chance: Chance,
    now: Time,
    due: BTreeMap<(Time, u64), (bool, Inside)>,
    sent: u64,
    next: FrameNumber,
    frame_bytes: usize,
    /// When each frame came, and when it was offered.
    shown: Vec<(Time, Time)>,
    falls: u32,
}

#[derive(Clone)]
enum Inside {
    Stream(Bytes),
    Probe(u64),
}

impl Line {
    fn new(conditions: &Conditions, frame_bytes: usize, seed: u64) -> Line {
        let mut receiver = Receiver::new(StreamId(1));
        receiver.set_round_trip(conditions.delay.times(2));
        Line {
            mtu: PathMtu::new(1_472, Time::ZERO),
            sender: Sender::new(StreamId(1), SenderConfig::default()),
            receiver,
            paths: [(); 2].map(|()| Path::new(conditions.clone())),
            chance: Chance::new(seed),
            now: Time::ZERO,
            due: BTreeMap::new(),
            sent: 0,
            next: FrameNumber(0),
            frame_bytes,
            shown: Vec::new(),
            falls: 0,
        }
    }

    fn change(&mut self, conditions: &Conditions) {
        self.paths = [(); 2].map(|()| Path::new(conditions.clone()));
    }

    fn send(&mut self, is_back: bool, bytes: usize, inside: &Inside) {
        let passage = self.paths[usize::from(is_back)].send(bytes as u64 + 28, self.now, &mut self.chance);
        for at in passage.arrivals() {
            self.sent += 1;
            self.due.insert((at, self.sent), (is_back, inside.clone()));
        }
    }

    /// Returns its bytes under seal.
    fn send_datagram(&mut self, is_back: bool, datagram: &StreamDatagram) -> usize {
        let mut bytes = BytesMut::new();
        datagram.encode(&mut bytes);
        let size = bytes.len() + 29;
        self.send(is_back, size, &Inside::Stream(bytes.freeze()));
        size
    }

    fn offer(&mut self) {
        let header = FrameHeader {
            stream: StreamId(1),
            frame: self.next,
            length: 0,
            width: 1_280,
            height: 720,
            captured: self.now,
            encode_us: 0,
        };
        self.next = self.next.next();
        let bytes = (usize::from(self.mtu.payload()) - OVERHEAD) as u16 & !1;
        self.sender.set_fragment_bytes(bytes, self.now);
        let frame = Frame::new(header, &vec![7; self.frame_bytes]).unwrap();
        self.sender.handle_frame(frame, self.now);
    }

    fn arrive(&mut self, is_back: bool, inside: Inside) {
        match (inside, is_back) {
            (Inside::Probe(token), false) => self.send(true, 40, &Inside::Probe(token)),
            (Inside::Probe(token), true) => self.mtu.handle_probe_acked(token, self.now),
            (Inside::Stream(bytes), _) => match StreamDatagram::decode(&bytes).unwrap() {
                StreamDatagram::Fragment(fragment) => self.receiver.handle_fragment(&fragment, self.now),
                StreamDatagram::Parity(parity) => self.receiver.handle_parity(&parity, self.now),
                StreamDatagram::Ack(ack) => self.sender.handle_ack(&ack, self.now),
                StreamDatagram::Nack(nack) => self.sender.handle_nack(&nack, self.now),
            },
        }
    }

    /// Does everything that is due, and sends everything that may leave.
    fn settle(&mut self) {
        let now = self.now;
        while let Some(entry) = self.due.first_entry().filter(|entry| entry.key().0 <= now) {
            let (is_back, inside) = entry.remove();
            self.arrive(is_back, inside);
        }
        let is_due = |deadline: Option<Deadline>| deadline.is_some_and(|deadline| deadline.at <= now);
        if is_due(self.sender.poll_timeout()) {
            self.sender.handle_timeout(now);
        }
        if is_due(self.receiver.poll_timeout()) {
            self.receiver.handle_timeout(now);
        }
        let before = self.mtu.payload();
        if is_due(self.mtu.poll_timeout()) {
            self.mtu.handle_timeout(now);
        }
        self.falls += u32::from(self.mtu.payload() < before);
        while let Some(ProbeOut { size, token }) = self.mtu.poll_probe(now) {
            self.send(false, size.into(), &Inside::Probe(token));
        }
        while let Some(datagram) = self.sender.poll_datagram(now) {
            let size = self.send_datagram(false, &datagram);
            self.mtu.handle_sent(size as u16, now);
        }
        while let Some(datagram) = self.receiver.poll_datagram(now) {
            self.send_datagram(true, &datagram);
        }
        while let Some(arrival) = self.receiver.poll_arrival() {
            self.shown.push((now, arrival.frame.header().captured));
        }
        while let Some(result) = self.sender.poll_result() {
            if result.delay().is_some() {
                self.mtu
                    .handle_arrived((result.bytes as usize + OVERHEAD).min(65_535) as u16);
            }
        }
    }

    /// Goes live for so long.
    fn run(&mut self, span: Span) {
        let until = self.now + span;
        let mut picture = self.now;
        while self.now < until {
            if picture <= self.now {
                picture += INTERVAL;
                self.offer();
            }
            self.settle();
            self.now += Span::from_millis(1);
        }
    }
}

#[test]
fn frames_resume_within_a_second_when_large_datagrams_are_swallowed() {
    // In several datagrams and in one.
    for frame_bytes in [60_000, 12_000, 1_380] {
        for (round_trip, loss) in [1, 10, 40, 100]
            .into_iter()
            .flat_map(|ms| [(ms, 0.0), (ms, 0.02)])
        {
            for seed in 0..3 {
                let open = Conditions::delay_ms(round_trip / 2).loss(loss);
                let hole = Conditions {
                    mtu: Some(1_328),
                    ..open.clone()
                };
                let mut line = Line::new(&open, frame_bytes, seed);
                line.run(Span::from_secs(6));
                let what = format!("{frame_bytes} bytes, {round_trip} ms, {loss} lost, seed {seed}");
                let (begins, falls) = (line.now, line.falls);
                line.change(&hole);
                line.run(Span::from_secs(3));
                let first = line.shown.iter().find(|(_, offered)| *offered > begins);
                let resumed = first.unwrap_or_else(|| panic!("{what}: nothing more")).0;
                assert!(
                    resumed.since(begins) < Span::from_secs(1),
                    "{what}: {}",
                    resumed.since(begins)
                );
                let after = line.shown.iter().filter(|(at, _)| *at > resumed).count();
                assert!(after >= 50, "{what}: {after} frames in two seconds");
                assert_eq!(line.falls - falls, 1, "{what}");
            }
        }
    }
}

#[test]
fn lost_datagrams_are_not_taken_for_swallowed_ones() {
    let bursts = Conditions {
        burst: Some(Burst {
            begins: 0.002,
            length: 8.0,
        }),
        ..Conditions::delay_ms(5)
    };
    for conditions in [
        Conditions::delay_ms(1).loss(0.05),
        Conditions::delay_ms(50).loss(0.05),
        bursts,
    ] {
        for (frame_bytes, seed) in [60_000, 12_000, 1_380].into_iter().zip(0..) {
            let mut line = Line::new(&conditions, frame_bytes, seed);
            line.run(Span::from_secs(20));
            assert_eq!(line.falls, 0, "{frame_bytes} bytes, {conditions}");
            assert!(
                line.mtu.payload() > BASE_PAYLOAD,
                "{frame_bytes} bytes, {conditions}"
            );
        }
    }
}
