//! Where datagrams may be sent and how large they may be, with sources, answers and times that a hostile peer chooses.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

use arbitrary::{Arbitrary, Unstructured};
use netcore_proto::link::{BASE_PAYLOAD, PathMtu, PathValidation, ProbeOut};
use netcore_proto::{Span, Time};

/// Bytes of a challenge under seal, and of its answer.
const CHALLENGE: usize = 38;
const CEILING: u16 = 9_216;
const MAX_OPS: u32 = 1_000;

#[derive(Debug, Arbitrary)]
enum Op {
    /// A genuine datagram comes from one of a few addresses.
    Come {
        packet: u64,
        from: u8,
        bytes: u16,
    },
    /// A hello from there is to be answered.
    Hello {
        from: u8,
    },
    /// A token comes back: one that was sent, to that address or another, or any.
    Answer {
        from: u8,
        token: Option<u64>,
    },
    /// A frame's datagram leaves.
    Sent {
        size: u16,
    },
    /// And arrived, or so it is said.
    Arrived {
        size: u16,
    },
    /// A probe is answered: one that was sent, so many before the latest, or any.
    ProbeAcked {
        back: u8,
        token: Option<u64>,
    },
    /// The system sends none of this size, or none of the confirmed.
    TooLarge {
        size: Option<u16>,
    },
    Pass {
        ms: u16,
    },
}

pub(crate) fn run(bytes: &[u8]) {
    let mut input = Unstructured::new(bytes);
    let mut rig = Rig::new();
    for _ in 0..MAX_OPS {
        if input.is_empty() {
            return;
        }
        let Ok(op) = Op::arbitrary(&mut input) else {
            return;
        };
        rig.apply(&op);
        rig.settle();
    }
}

/// Addresses of the peer, in two forms, and of others.
fn address(which: u8) -> SocketAddr {
    let port = 5_000 + u16::from(which % 3);
    match which % 4 {
        0 | 1 => SocketAddr::from(([10, 0, 0, 2], port)),
        2 => SocketAddr::from(([0, 0, 0, 0, 0, 0xffff, 0x0a00, 2], port)),
        _ => SocketAddr::from(([10, 0, 0, which], port)),
    }
}

fn is_the_peers(address: SocketAddr) -> bool {
    address.ip().to_canonical() == SocketAddr::from(([10, 0, 0, 2], 0)).ip()
}

struct Rig {
    validation: PathValidation,
    mtu: PathMtu,
    now: Time,
    next_token: u64,
    /// Bytes that came from an address and went there while it was not confirmed.
    bytes: HashMap<SocketAddr, (u64, u64)>,
    /// What was asked, and where.
    asked: HashSet<(SocketAddr, u64)>,
    latest: Option<(SocketAddr, u64)>,
    probes: Vec<ProbeOut>,
}

impl Rig {
    fn new() -> Rig {
        let now = Time::from_micros(5_000_000);
        Rig {
            validation: PathValidation::new(SocketAddr::from(([10, 0, 0, 2], 40_000))),
            mtu: PathMtu::new(CEILING, now),
            now,
            next_token: 1,
            bytes: HashMap::new(),
            asked: HashSet::new(),
            latest: None,
            probes: Vec::new(),
        }
    }

    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Come { packet, from, bytes } => {
                let from = address(from);
                let count = self.bytes.entry(from).or_default();
                count.0 += u64::from(bytes);
                let next = &mut self.next_token;
                self.validation
                    .handle_datagram(packet, from, bytes.into(), self.now, || {
                        *next += 1;
                        Some(*next)
                    });
            }
            Op::Hello { from } => {
                let from = address(from);
                if self.validation.may_answer(from, CHALLENGE) {
                    self.sent_to(from);
                }
            }
            Op::Answer { from, token } => {
                let from = address(from);
                let token = token.unwrap_or(self.latest.map_or(0, |(_, token)| token));
                let before = self.validation.address();
                if self.validation.handle_answer(token, from) {
                    assert!(
                        self.asked.contains(&(from, token)),
                        "{from} was asked for {token}"
                    );
                    assert_eq!(self.validation.address(), Some(from));
                } else {
                    assert_eq!(self.validation.address(), before);
                }
            }
            Op::Sent { size } => self.mtu.handle_sent(size, self.now),
            Op::Arrived { size } => self.mtu.handle_arrived(size),
            Op::ProbeAcked { back, token } => {
                let sent = self.probes.iter().rev().nth(back.into()).copied();
                let token = token.unwrap_or(sent.map_or(0, |probe| probe.token));
                let before = self.mtu.payload();
                self.mtu.handle_probe_acked(token, self.now);
                let was_sent = |size: u16| self.probes.iter().any(|it| it.token == token && it.size == size);
                let after = self.mtu.payload();
                assert!(
                    after == before || was_sent(after),
                    "{after} was never shown to arrive"
                );
            }
            Op::TooLarge { size } => {
                let size = size.unwrap_or(self.mtu.payload());
                self.mtu.handle_send_failed(size, self.now);
            }
            Op::Pass { ms } => self.now += Span::from_millis(ms.into()),
        }
    }

    /// Does what is due, and looks at what comes of it.
    fn settle(&mut self) {
        while let Some(challenge) = self.validation.poll_challenge(CHALLENGE, self.now) {
            self.sent_to(challenge.to);
            self.asked.insert((challenge.to, challenge.token));
            self.latest = Some((challenge.to, challenge.token));
        }
        let due = self.validation.poll_timeout(CHALLENGE);
        assert!(due.is_none_or(|due| due.at > self.now), "nothing is due twice");
        assert!(self.validation.address().is_none_or(is_the_peers));
        for _ in 0..4 {
            if self.mtu.poll_timeout().is_some_and(|due| due.at <= self.now) {
                self.mtu.handle_timeout(self.now);
            }
            while let Some(probe) = self.mtu.poll_probe(self.now) {
                assert!((BASE_PAYLOAD..=u16::MAX).contains(&probe.size));
                self.probes.push(probe);
                assert!(self.probes.len() <= 40 * MAX_OPS as usize, "probes are bounded");
            }
        }
        let due = self.mtu.poll_timeout();
        assert!(due.is_none_or(|due| due.at > self.now), "nothing is due for ever");
        assert!((BASE_PAYLOAD..=CEILING).contains(&self.mtu.payload()));
    }

    /// An unconfirmed address gets three times what came from it at most, and nobody else anything.
    fn sent_to(&mut self, to: SocketAddr) {
        assert!(is_the_peers(to));
        if self.validation.address() == Some(to) {
            return;
        }
        let count = self.bytes.entry(to).or_default();
        count.1 += CHALLENGE as u64;
        assert!(count.1 <= 3 * count.0, "{count:?} to {to}");
    }
}
