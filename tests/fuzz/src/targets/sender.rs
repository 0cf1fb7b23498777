//! The sending end of a stream, with whatever a peer may answer.

use std::collections::BTreeMap;

use arbitrary::{Arbitrary, Unstructured};
use netcore_proto::link::{RateControlConfig, RateMode};
use netcore_proto::video::{
    Ack, AckMode, Fragment, Nack, Sender, SenderConfig, StreamDatagram, TcpAck, WindowMode,
};
use netcore_proto::{Bitrate, Deadline, FrameNumber, Span, StreamId, Time, Transport};

use super::receiver::frame;
use crate::passing::{Driven, next_op, pass, pass_late, span};

const LENGTHS: [u32; 6] = [33, 300, 1_500, 20_000, 70_000, 400_000];
/// The most frames that are ever in flight (`WindowMode::Fixed`).
const MAX_WINDOW: usize = 32;
/// A fragment is sent once and three times again on request; beside these a frame has up to 255 fragments of parity and is prompted
/// for up to six times.
const MAX_SENDINGS_PER_PART: u32 = 4;
const MAX_OTHER_DATAGRAMS: u32 = 255 + 6;
const MAX_OPS: u32 = 1_000;

#[derive(Debug, Arbitrary)]
struct Setup {
    is_tcp: bool,
    window: u8,
    fragment_bytes: u16,
    acks: u8,
}

#[derive(Debug, Arbitrary)]
enum Op {
    Offer {
        length: u8,
    },
    /// The next frames bear numbers that were there before, or are far ahead.
    Renumber {
        by: u32,
    },
    /// The TCP socket takes bytes, or has taken them.
    PollFrame,
    Written {
        back: u8,
    },
    Ack {
        back: u8,
        lost: u16,
        hold_us: u32,
        spread_us: u32,
        train_us: u32,
        recent: u32,
        whole: u64,
    },
    /// As a receiver that does well says it.
    GoodAck {
        back: u8,
        spread: u8,
        lost: u8,
        recent: u32,
    },
    TcpAck {
        back: u8,
        hold_us: u32,
        spread_us: u32,
        whole: u64,
    },
    Nack {
        back: u8,
        serial: u16,
        missing: [(u16, u16); 3],
    },
    Transport {
        is_tcp: bool,
    },
    FragmentBytes(u16),
    Rate {
        floor: u32,
        ceiling: u64,
        is_fixed: bool,
    },
    Disconnected,
    Pass {
        steps: u8,
    },
    PassLate {
        steps: u8,
    },
}

pub(crate) fn run(bytes: &[u8]) {
    let mut input = Unstructured::new(bytes);
    let Ok(setup) = Setup::arbitrary(&mut input) else {
        return;
    };
    let mut rig = Rig::new(&setup);
    for _ in 0..MAX_OPS {
        let Some(op) = next_op::<Op>(&mut input) else {
            break;
        };
        rig.apply(&op);
        rig.end.check(rig.now);
    }
    // Over UDP every frame has its result in the end though nobody answers; over TCP it has it when the connection ends.
    rig.end.sender.handle_disconnected(rig.now);
    rig.end.check(rig.now);
    pass(&mut rig.end, &mut rig.now, Span::from_secs(600));
    assert!(rig.end.sender.in_flight() == 0 || rig.end.sender.transport() == Transport::Tcp);
    rig.end.sender.handle_stopped(rig.now);
    rig.end.check(rig.now);
    assert_eq!(rig.end.finished, rig.end.offered, "every frame has one result");
    assert_eq!(rig.end.sender.in_flight(), 0);
    pass(&mut rig.end, &mut rig.now, Span::from_micros(u64::MAX));
    assert_eq!(rig.end.sender.poll_timeout(), None);
}

struct Rig {
    end: End,
    now: Time,
    next: FrameNumber,
}

struct End {
    sender: Sender,
    /// How many frames of each number were offered, and how many have their result. A publisher may repeat a number.
    offered: BTreeMap<FrameNumber, u32>,
    finished: BTreeMap<FrameNumber, u32>,
    /// How many datagrams of each frame were sent, and how many fragments it has.
    sent: BTreeMap<FrameNumber, (u32, u32)>,
    floor: Bitrate,
    ceiling: Bitrate,
}

impl Driven for End {
    fn deadline(&self) -> Option<Deadline> {
        self.sender.poll_timeout()
    }

    fn call(&mut self, now: Time) {
        self.sender.handle_timeout(now);
        self.check(now);
    }
}

impl End {
    /// Empties it, and looks at what comes out.
    fn check(&mut self, now: Time) {
        while let Some(datagram) = self.sender.poll_datagram(now) {
            let mut bytes = Vec::new();
            datagram.encode(&mut bytes);
            let read = StreamDatagram::decode(&bytes);
            let (frame, fragments) = match read {
                Ok(StreamDatagram::Fragment(fragment)) => (
                    fragment.frame,
                    Fragment::count(fragment.frame_length, fragment.size),
                ),
                Ok(StreamDatagram::Parity(fragment)) => (
                    fragment.frame,
                    Fragment::count(fragment.frame_length, fragment.size),
                ),
                other => panic!("a sender sends fragments that can be read, not {other:?}"),
            };
            let (offered, finished) = (self.offered.get(&frame), self.finished.get(&frame));
            assert!(finished < offered, "{frame} has its result already");
            let offered = offered.copied().unwrap_or(0);
            let sent = self.sent.entry(frame).or_default();
            *sent = (sent.0 + 1, sent.1.max(fragments));
            let most = offered * (sent.1 * MAX_SENDINGS_PER_PART + MAX_OTHER_DATAGRAMS);
            assert!(
                sent.0 <= most,
                "{} datagrams of a frame with {fragments} fragments",
                sent.0
            );
        }
        while let Some(result) = self.sender.poll_result() {
            let finished = self.finished.entry(result.frame).or_default();
            *finished += 1;
            assert!(
                Some(&*finished) <= self.offered.get(&result.frame),
                "{} has a result too many",
                result.frame
            );
            assert!(result.offered <= result.finished && result.finished <= now);
            assert!(
                result
                    .delay()
                    .is_none_or(|delay| delay <= result.finished.since(result.offered))
            );
            assert!(!netcore_proto::metrics::json_line(1, 2, &result).contains('\n'));
            assert!(!netcore_proto::metrics::csv_line(1, 2, &result).contains('\n'));
        }
        assert!(self.sender.in_flight() <= MAX_WINDOW);
        assert!(
            (0.0..=1.0).contains(&self.sender.loss()),
            "{}",
            self.sender.loss()
        );
        // Parity takes up to 255 fragments for a fragment, and the rest is what pictures may take.
        assert!(self.sender.target() <= self.ceiling.max(self.floor));
        assert!(self.sender.target().0 >= self.floor.min(self.ceiling).0 / 256);
    }
}

impl Rig {
    fn new(setup: &Setup) -> Rig {
        let rate = RateControlConfig::default();
        let config = SenderConfig {
            transport: transport(setup.is_tcp),
            window: match setup.window {
                0 => WindowMode::StopAndWait,
                fixed @ 1..64 => WindowMode::Fixed(fixed.into()),
                _ => WindowMode::Adaptive,
            },
            fragment_bytes: setup.fragment_bytes,
            rate,
            acks: AckMode::ALL[usize::from(setup.acks) % AckMode::ALL.len()],
        };
        Rig {
            end: End {
                sender: Sender::new(StreamId(1), config),
                offered: BTreeMap::new(),
                finished: BTreeMap::new(),
                sent: BTreeMap::new(),
                floor: rate.floor,
                ceiling: rate.ceiling,
            },
            now: Time::from_micros(5_000_000),
            next: FrameNumber(u32::MAX - 3),
        }
    }

    /// The frame offered so long ago; one yet to come for the largest.
    fn back(&self, back: u8) -> FrameNumber {
        FrameNumber(
            self.next
                .0
                .wrapping_sub(1)
                .wrapping_sub(u32::from(back).wrapping_add(2) % 258)
                .wrapping_add(2),
        )
    }

    fn apply(&mut self, op: &Op) {
        let (now, stream) = (self.now, StreamId(1));
        let sender = &mut self.end.sender;
        match *op {
            Op::Offer { length } => {
                let length = LENGTHS[usize::from(length) % LENGTHS.len()];
                *self.end.offered.entry(self.next).or_default() += 1;
                self.end.sender.handle_frame(frame(self.next, length), now);
                self.next = self.next.next();
            }
            Op::Renumber { by } => self.next.0 = self.next.0.wrapping_add(by),
            Op::PollFrame => drop(sender.poll_frame(now)),
            Op::Written { back } => {
                let frame = self.back(back);
                self.end.sender.handle_written(frame, now);
            }
            Op::Ack {
                back,
                lost,
                hold_us,
                spread_us,
                train_us,
                recent,
                whole,
            } => {
                let ack = Ack {
                    stream,
                    frame: self.back(back),
                    lost,
                    hold_us,
                    spread_us,
                    train_us,
                    recent,
                    whole: Time::from_micros(whole),
                };
                self.end.sender.handle_ack(&ack, now);
            }
            Op::GoodAck {
                back,
                spread,
                lost,
                recent,
            } => {
                let spread_us = span(spread.min(160)).as_micros() as u32;
                let ack = Ack {
                    stream,
                    frame: self.back(back % 8),
                    lost: lost.into(),
                    hold_us: 100,
                    spread_us,
                    train_us: spread_us,
                    recent,
                    whole: now + Span::from_secs(7),
                };
                self.end.sender.handle_ack(&ack, now);
            }
            Op::TcpAck {
                back,
                hold_us,
                spread_us,
                whole,
            } => {
                let ack = TcpAck {
                    stream,
                    frame: self.back(back),
                    hold_us,
                    spread_us,
                    whole: Time::from_micros(whole),
                };
                self.end.sender.handle_tcp_ack(&ack, now);
            }
            Op::Nack {
                back,
                serial,
                missing,
            } => {
                let nack = Nack {
                    stream,
                    frame: self.back(back),
                    serial,
                    missing: missing.to_vec(),
                };
                self.end.sender.handle_nack(&nack, now);
            }
            Op::Transport { is_tcp } => sender.set_transport(transport(is_tcp)),
            Op::FragmentBytes(bytes) => sender.set_fragment_bytes(bytes, now),
            Op::Rate {
                floor,
                ceiling,
                is_fixed,
            } => self.set_rate(floor, ceiling, is_fixed),
            Op::Disconnected => sender.handle_disconnected(now),
            Op::Pass { steps } => pass(&mut self.end, &mut self.now, span(steps)),
            Op::PassLate { steps } => pass_late(&mut self.end, &mut self.now, span(steps)),
        }
    }

    fn set_rate(&mut self, floor: u32, ceiling: u64, is_fixed: bool) {
        // Beyond 2⁵³ a rate is rounded where it is reckoned with.
        let (floor, ceiling) = (Bitrate(floor.into()), Bitrate(ceiling >> 12));
        (self.end.floor, self.end.ceiling) = (floor, ceiling);
        let mode = if is_fixed {
            RateMode::Fixed
        } else {
            RateMode::Adaptive
        };
        self.end
            .sender
            .set_rate(RateControlConfig { floor, ceiling, mode });
    }
}

fn transport(is_tcp: bool) -> Transport {
    if is_tcp { Transport::Tcp } else { Transport::Udp }
}
