//! The receiving end of a stream, fed whatever the wire's rules let through.

use std::collections::BTreeSet;

use arbitrary::{Arbitrary, Unstructured};
use bytes::Bytes;
use netcore_proto::video::{
    Arrival, FRAME_HEADER_BYTES, Fragment, Frame, FrameHeader, MAX_FRAME_BYTES, MAX_NACK_RANGES, Parity,
    Receiver, StreamDatagram,
};
use netcore_proto::{Deadline, FrameNumber, Span, StreamId, Time};

use crate::passing::{Driven, next_op, pass, pass_late, span};

/// Lengths of frames, with the shortest and the longest there can be.
const LENGTHS: [u32; 8] = [
    33,
    256,
    1_000,
    5_000,
    33_333,
    200_000,
    4_000_000,
    MAX_FRAME_BYTES as u32,
];
const SIZES: [u16; 4] = [256, 1_150, 1_400, u16::MAX - 1];
/// Frames that come in one piece are no longer, since they are copied here.
const MAX_WHOLE: u32 = 200_000;
/// So much is done with one receiver.
const MAX_OPS: u32 = 2_000;

#[derive(Debug, Arbitrary)]
enum Op<'a> {
    /// The frame counted on from here.
    Turn {
        by: i8,
    },
    /// Any frame number at all.
    Jump {
        to: u32,
    },
    /// From now on frames have this shape.
    Shape {
        length: u8,
        size: u8,
        parity: u8,
        answers_requests: bool,
    },
    /// From now on the frames' own headers say something else than their datagrams do.
    Lie {
        stream: u32,
        frame: u32,
        length: u32,
    },
    /// A fragment of the frame.
    Part {
        index: u16,
        attempt: u8,
    },
    /// The fragments that follow it, every so many of them.
    Parts {
        count: u8,
        every: u8,
        attempt: u8,
    },
    /// Parity of the frame, with bytes that are not its own.
    Parity {
        index: u8,
    },
    /// Any datagram.
    Datagram(&'a [u8]),
    /// The whole frame, over TCP, having taken so long.
    Whole {
        took: u8,
    },
    RoundTrip {
        us: u32,
    },
    Pass {
        steps: u8,
    },
    PassLate {
        steps: u8,
    },
}

pub(crate) fn run(bytes: &[u8]) {
    let mut input = Unstructured::new(bytes);
    let mut rig = Rig::new();
    for _ in 0..MAX_OPS {
        let Some(op) = next_op::<Op<'_>>(&mut input) else {
            break;
        };
        rig.apply(&op);
        rig.end.check(rig.now);
    }
    // Nothing more comes: what is incomplete is given up, and then there is nothing to wait for.
    pass(&mut rig.end, &mut rig.now, Span::from_secs(60));
    assert_eq!(rig.end.receiver.incomplete_bytes(), 0);
    assert_eq!(rig.end.receiver.poll_timeout(), None);
    let counts = rig.end.receiver.counts();
    assert_eq!(counts.frames, rig.end.arrivals);
    assert!(counts.incomplete <= rig.begun);
}

struct Rig {
    end: End,
    now: Time,
    frame: FrameNumber,
    length: u32,
    size: u16,
    parity: u8,
    answers_requests: bool,
    index: u16,
    /// What is added to what the frames' own headers should say: stream, number, length.
    lie: [u32; 3],
    /// Datagrams that may have begun a frame.
    begun: u64,
}

struct End {
    receiver: Receiver,
    newest: Option<FrameNumber>,
    /// The numbers that datagrams and connections announced.
    announced: BTreeSet<FrameNumber>,
    arrivals: u64,
}

impl Driven for End {
    fn deadline(&self) -> Option<Deadline> {
        self.receiver.poll_timeout()
    }

    fn call(&mut self, now: Time) {
        self.receiver.handle_timeout(now);
        self.check(now);
    }
}

impl End {
    /// Empties it, and looks at what comes out.
    fn check(&mut self, now: Time) {
        while let Some(Arrival {
            frame, first, whole, ..
        }) = self.receiver.poll_arrival()
        {
            let number = frame.header().frame;
            assert_eq!(
                frame.header().stream,
                StreamId(1),
                "it would be passed on as another's"
            );
            assert!(self.announced.contains(&number), "no datagram announced {number}");
            assert!(
                self.newest.is_none_or(|newest| number.is_newer_than(newest)),
                "{number} is not newer"
            );
            assert!(first <= whole && whole <= now);
            self.newest = Some(number);
            self.arrivals += 1;
        }
        while let Some(datagram) = self.receiver.poll_datagram(now) {
            match &datagram {
                StreamDatagram::Ack(ack) => {
                    assert!(self.newest.is_some_and(|newest| !ack.frame.is_newer_than(newest)));
                    assert!(ack.whole <= now);
                }
                StreamDatagram::Nack(nack) => {
                    assert!((1..=MAX_NACK_RANGES).contains(&nack.missing.len()));
                    for (first, count) in &nack.missing {
                        assert!(*count > 0, "it asks for nothing: {nack:?}");
                        assert!(u32::from(*first) + u32::from(*count) <= 1 << 16);
                    }
                    assert!(self.newest.is_none_or(|newest| nack.frame.is_newer_than(newest)));
                }
                other => panic!("a receiver has no reason for {other:?}"),
            }
            let mut bytes = Vec::new();
            datagram.encode(&mut bytes);
            assert!(
                StreamDatagram::decode(&bytes).is_ok(),
                "what it says can be read: {datagram:?}"
            );
        }
        assert!(self.receiver.incomplete_bytes() <= 2 * MAX_FRAME_BYTES);
    }
}

impl Rig {
    fn new() -> Rig {
        Rig {
            end: End {
                receiver: Receiver::new(StreamId(1)),
                newest: None,
                announced: BTreeSet::new(),
                arrivals: 0,
            },
            now: Time::from_micros(5_000_000),
            frame: FrameNumber(u32::MAX - 3),
            length: 5_000,
            size: 1_150,
            parity: 0,
            answers_requests: true,
            index: 0,
            lie: [0; 3],
            begun: 0,
        }
    }

    fn apply(&mut self, op: &Op<'_>) {
        let now = self.now;
        match *op {
            Op::Turn { by } => self.frame.0 = self.frame.0.wrapping_add_signed(by.into()),
            Op::Jump { to } => self.frame.0 = to,
            Op::Shape {
                length,
                size,
                parity,
                answers_requests,
            } => {
                self.length = LENGTHS[usize::from(length) % LENGTHS.len()];
                self.size = SIZES[usize::from(size) % SIZES.len()];
                (self.parity, self.answers_requests) = (parity, answers_requests);
            }
            Op::Lie {
                stream,
                frame,
                length,
            } => self.lie = [stream, frame, length],
            Op::Part { index, attempt } => {
                let count = Fragment::count(self.length, self.size);
                self.index = (u32::from(index) % count) as u16;
                self.next_fragment(attempt);
            }
            Op::Parts {
                count,
                every,
                attempt,
            } => {
                for _ in 0..count {
                    self.index = self.index.saturating_add(1).saturating_add(every.into());
                    self.next_fragment(attempt);
                }
            }
            Op::Parity { index } => {
                let parity = Parity {
                    stream: StreamId(1),
                    frame: self.frame,
                    frame_length: self.length,
                    size: self.size,
                    count: self.parity,
                    index,
                    data: Bytes::from(vec![index; self.size.into()]),
                };
                self.arrive(&StreamDatagram::Parity(parity));
            }
            Op::Datagram(bytes) => self.receive(bytes),
            Op::Whole { took } => {
                let first = now - span(took.min(160));
                let [stream, ..] = self.lie;
                let header = FrameHeader {
                    stream: StreamId(1_u32.wrapping_add(stream)),
                    ..header(self.frame, self.length.min(MAX_WHOLE))
                };
                let jpeg = vec![0; header.length as usize];
                let frame = Frame::new(header, &jpeg).expect("lengths here are possible");
                self.end.announced.insert(self.frame);
                self.end.receiver.handle_frame(frame, first, now);
            }
            Op::RoundTrip { us } => self.end.receiver.set_round_trip(Span::from_micros(us.into())),
            Op::Pass { steps } => pass(&mut self.end, &mut self.now, span(steps)),
            Op::PassLate { steps } => pass_late(&mut self.end, &mut self.now, span(steps)),
        }
    }

    /// The fragment of the frame that is next, with the bytes that are its own.
    fn next_fragment(&mut self, attempt: u8) {
        let from = u64::from(self.index) * u64::from(self.size);
        let to = (from + u64::from(self.size)).min(self.length.into());
        if from >= to {
            return;
        }
        let mut data = vec![0; (to - from) as usize];
        if from == 0 {
            let honest = header(self.frame, self.length);
            let [stream, frame, length] = self.lie;
            let said = FrameHeader {
                stream: StreamId(honest.stream.0.wrapping_add(stream)),
                frame: FrameNumber(honest.frame.0.wrapping_add(frame)),
                length: honest.length.wrapping_add(length),
                ..honest
            };
            data[..FRAME_HEADER_BYTES].copy_from_slice(&said.encode());
        }
        let fragment = Fragment {
            stream: StreamId(1),
            frame: self.frame,
            frame_length: self.length,
            size: self.size,
            index: self.index,
            attempt,
            parity: self.parity,
            answers_requests: self.answers_requests,
            data: data.into(),
        };
        self.arrive(&StreamDatagram::Fragment(fragment));
    }

    /// A datagram is encoded and decoded as on the wire, so that only what can be there is here.
    fn arrive(&mut self, datagram: &StreamDatagram) {
        let mut bytes = Vec::new();
        datagram.encode(&mut bytes);
        self.receive(&bytes);
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.begun += 1;
        match StreamDatagram::decode(bytes) {
            Ok(StreamDatagram::Fragment(fragment)) => {
                self.end.announced.insert(fragment.frame);
                self.end.receiver.handle_fragment(&fragment, self.now);
            }
            Ok(StreamDatagram::Parity(parity)) => {
                self.end.announced.insert(parity.frame);
                self.end.receiver.handle_parity(&parity, self.now);
            }
            _ => {}
        }
        self.end.check(self.now);
    }
}

/// A frame of `length` bytes in all: its header, and zeros.
pub(super) fn frame(number: FrameNumber, length: u32) -> Frame {
    let jpeg = vec![0; length as usize - FRAME_HEADER_BYTES];
    Frame::new(header(number, length), &jpeg).expect("lengths here are possible")
}

fn header(number: FrameNumber, length: u32) -> FrameHeader {
    FrameHeader {
        stream: StreamId(1),
        frame: number,
        length: length - FRAME_HEADER_BYTES as u32,
        width: 16,
        height: 16,
        captured: Time::ZERO,
        encode_us: 0,
    }
}
