//! A sender and a receiver that both keep to the protocol, and a network between them that does what it likes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use arbitrary::{Arbitrary, Unstructured};
use bytes::Bytes;
use netcore_proto::video::{
    AckMode, Frame, FrameHeader, FrameOutcome, Receiver, Sender, SenderConfig, StreamDatagram,
};
use netcore_proto::{Deadline, FrameNumber, Span, StreamId, Time};

use crate::passing::{Driven, next_op, pass, pass_late, span};

/// What the network holds at a time; more is lost.
const MAX_HELD: usize = 400;
const MAX_OPS: u32 = 1_000;

#[derive(Debug, Arbitrary)]
enum Op {
    /// A frame of so many bytes is offered.
    Offer {
        bytes: u16,
    },
    /// So many datagrams arrive over there, in order.
    Deliver {
        count: u8,
    },
    /// And over here.
    Answer {
        count: u8,
    },
    /// Everything there is arrives, over there and then over here.
    DeliverAll,
    Lose {
        which: u8,
    },
    LoseAnswer {
        which: u8,
    },
    Repeat {
        which: u8,
    },
    /// The next one goes behind all others.
    Delay,
    DelayAnswer,
    Pass {
        steps: u8,
    },
    PassLate {
        steps: u8,
    },
}

pub(crate) fn run(bytes: &[u8]) {
    let mut input = Unstructured::new(bytes);
    let Ok(mode) = u8::arbitrary(&mut input) else {
        return;
    };
    let mut rig = Rig::new(AckMode::ALL[usize::from(mode) % AckMode::ALL.len()]);
    for _ in 0..MAX_OPS {
        let Some(op) = next_op::<Op>(&mut input) else {
            break;
        };
        rig.apply(&op);
        rig.ends.settle(rig.now);
    }
    rig.finish();
}

struct Rig {
    ends: Ends,
    now: Time,
    next: FrameNumber,
}

struct Ends {
    sender: Sender,
    receiver: Receiver,
    there: VecDeque<Vec<u8>>,
    back: VecDeque<Vec<u8>>,
    offered: BTreeMap<FrameNumber, Bytes>,
    arrived: BTreeSet<FrameNumber>,
    newest: Option<FrameNumber>,
    finished: BTreeSet<FrameNumber>,
}

impl Driven for Ends {
    fn deadline(&self) -> Option<Deadline> {
        Deadline::earlier(self.sender.poll_timeout(), self.receiver.poll_timeout())
    }

    fn call(&mut self, now: Time) {
        self.sender.handle_timeout(now);
        self.receiver.handle_timeout(now);
        self.settle(now);
    }
}

impl Ends {
    /// Empties both, and looks at what they come to.
    fn settle(&mut self, now: Time) {
        while let Some(datagram) = self.sender.poll_datagram(now) {
            hold(&mut self.there, &datagram);
        }
        while let Some(datagram) = self.receiver.poll_datagram(now) {
            hold(&mut self.back, &datagram);
        }
        while let Some(arrival) = self.receiver.poll_arrival() {
            let number = arrival.frame.header().frame;
            assert_eq!(
                Some(arrival.frame.bytes()),
                self.offered.get(&number),
                "{number} arrived as it was sent"
            );
            assert!(self.newest.is_none_or(|newest| number.is_newer_than(newest)));
            self.newest = Some(number);
            self.arrived.insert(number);
        }
        while let Some(result) = self.sender.poll_result() {
            assert!(
                self.finished.insert(result.frame),
                "{} has two results",
                result.frame
            );
            let is_there = self.arrived.contains(&result.frame);
            match result.outcome {
                FrameOutcome::Acked { .. } | FrameOutcome::Delivered => {
                    assert!(is_there, "{} is not there", result.frame);
                }
                FrameOutcome::Dropped(_) => assert!(!is_there && result.first_out.is_none()),
                FrameOutcome::Lost(_) => {}
            }
        }
    }

    fn deliver(&mut self, count: usize, now: Time) {
        for _ in 0..count {
            let Some(bytes) = self.there.pop_front() else {
                return;
            };
            match StreamDatagram::decode(&bytes) {
                Ok(StreamDatagram::Fragment(fragment)) => self.receiver.handle_fragment(&fragment, now),
                Ok(StreamDatagram::Parity(parity)) => self.receiver.handle_parity(&parity, now),
                other => panic!("a sender sends fragments, not {other:?}"),
            }
            self.settle(now);
        }
    }

    fn answer(&mut self, count: usize, now: Time) {
        for _ in 0..count {
            let Some(bytes) = self.back.pop_front() else {
                return;
            };
            match StreamDatagram::decode(&bytes) {
                Ok(StreamDatagram::Ack(ack)) => self.sender.handle_ack(&ack, now),
                Ok(StreamDatagram::Nack(nack)) => self.sender.handle_nack(&nack, now),
                other => panic!("a receiver answers, and does not say {other:?}"),
            }
            self.settle(now);
        }
    }
}

impl Rig {
    fn new(acks: AckMode) -> Rig {
        let config = SenderConfig {
            acks,
            ..SenderConfig::default()
        };
        Rig {
            ends: Ends {
                sender: Sender::new(StreamId(1), config),
                receiver: Receiver::new(StreamId(1)),
                there: VecDeque::new(),
                back: VecDeque::new(),
                offered: BTreeMap::new(),
                arrived: BTreeSet::new(),
                newest: None,
                finished: BTreeSet::new(),
            },
            now: Time::from_micros(5_000_000),
            next: FrameNumber(u32::MAX - 3),
        }
    }

    fn apply(&mut self, op: &Op) {
        let (ends, now) = (&mut self.ends, self.now);
        match *op {
            Op::Offer { bytes } => {
                let frame = picture(self.next, bytes);
                ends.offered.insert(self.next, frame.bytes().clone());
                ends.sender.handle_frame(frame, now);
                self.next = self.next.next();
            }
            Op::Deliver { count } => ends.deliver(count.into(), now),
            Op::Answer { count } => ends.answer(count.into(), now),
            Op::DeliverAll => {
                ends.deliver(usize::MAX, now);
                ends.answer(usize::MAX, now);
            }
            Op::Lose { which } => lose(&mut ends.there, which),
            Op::LoseAnswer { which } => lose(&mut ends.back, which),
            Op::Repeat { which } => {
                let again = usize::from(which).checked_rem(ends.there.len());
                let again = again.and_then(|at| ends.there.get(at).cloned());
                ends.there.extend(again);
            }
            Op::Delay => ends.there.rotate_left(usize::from(!ends.there.is_empty())),
            Op::DelayAnswer => ends.back.rotate_left(usize::from(!ends.back.is_empty())),
            Op::Pass { steps } => pass(ends, &mut self.now, span(steps)),
            Op::PassLate { steps } => pass_late(ends, &mut self.now, span(steps)),
        }
    }

    /// The network is well from now on: the latest frame offered arrives, and every frame has one result.
    fn finish(&mut self) {
        let ends = &mut self.ends;
        ends.there.clear();
        ends.back.clear();
        for _ in 0..3 {
            let last = picture(self.next, 3_000);
            ends.offered.insert(self.next, last.bytes().clone());
            ends.sender.handle_frame(last, self.now);
            self.next = self.next.next();
            for _ in 0..200 {
                if ends.finished.len() == ends.offered.len() {
                    break;
                }
                ends.settle(self.now);
                ends.deliver(usize::MAX, self.now);
                ends.answer(usize::MAX, self.now);
                pass(ends, &mut self.now, Span::from_millis(100));
            }
        }
        let last = FrameNumber(self.next.0.wrapping_sub(1));
        assert!(
            ends.arrived.contains(&last),
            "a good network brings the frame there"
        );
        assert_eq!(
            ends.finished.len(),
            ends.offered.len(),
            "every frame has one result"
        );
    }
}

fn hold(held: &mut VecDeque<Vec<u8>>, datagram: &StreamDatagram) {
    if held.len() < MAX_HELD {
        let mut bytes = Vec::new();
        datagram.encode(&mut bytes);
        held.push_back(bytes);
    }
}

fn lose(held: &mut VecDeque<Vec<u8>>, which: u8) {
    if let Some(at) = usize::from(which).checked_rem(held.len()) {
        held.remove(at);
    }
}

/// A frame whose every byte depends on its place and number, so that fragments put in a wrong place show.
fn picture(number: FrameNumber, bytes: u16) -> Frame {
    let header = FrameHeader {
        stream: StreamId(1),
        frame: number,
        length: 0,
        width: 16,
        height: 16,
        captured: Time::ZERO,
        encode_us: 0,
    };
    let jpeg: Vec<u8> = (0..=u32::from(bytes))
        .map(|at| (at.wrapping_mul(167) >> 3) as u8 ^ number.0 as u8)
        .collect();
    Frame::new(header, &jpeg).expect("one byte to 64 KiB are possible")
}
