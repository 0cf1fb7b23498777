//! The link below every stream: the size of datagrams that a simulated path takes.

use std::collections::BTreeMap;

use netcore_proto::link::{BASE_PAYLOAD, PathMtu};
use netcore_proto::{Span, Time};
use sim_tests::effects::{Burst, Chance, Conditions, Path};

/// What arrives, and where.
enum Comes {
    Probe(u64),
    ProbeAnswer(u64),
    Frame(u16),
    FrameAnswer(u16),
}

/// One end that sends a full datagram every 10 ms, the other end, and a path between them.
struct Rig {
    mtu: PathMtu,
    out: Path,
    back: Path,
    chance: Chance,
    now: Time,
    due: BTreeMap<(Time, u64), Comes>,
    sent: u64,
    /// Full datagrams that did not arrive, and when the latest did.
    lost: u32,
    arrived: Time,
    probes: u32,
    /// How often it fell back to what every path takes.
    falls: u32,
}

impl Rig {
    fn new(ceiling: u16, seed: u64, conditions: &Conditions) -> Rig {
        Rig {
            mtu: PathMtu::new(ceiling, Time::ZERO),
            out: Path::new(conditions.clone()),
            back: Path::new(conditions.clone()),
            chance: Chance::new(seed),
            now: Time::ZERO,
            due: BTreeMap::new(),
            sent: 0,
            lost: 0,
            arrived: Time::ZERO,
            probes: 0,
            falls: 0,
        }
    }

    /// From now on the path is like this.
    fn change(&mut self, conditions: &Conditions) {
        self.out = Path::new(conditions.clone());
        self.back = Path::new(conditions.clone());
    }

    fn send(&mut self, bytes: u16, comes: Comes) -> bool {
        let path = match comes {
            Comes::Probe(_) | Comes::Frame(_) => &mut self.out,
            Comes::ProbeAnswer(_) | Comes::FrameAnswer(_) => &mut self.back,
        };
        let at = path.send(u64::from(bytes) + 28, self.now, &mut self.chance).first;
        self.sent += 1;
        at.map(|at| self.due.insert((at, self.sent), comes)).is_some()
    }

    fn run(&mut self, span: Span) {
        let until = self.now + span;
        let mut tick = self.now;
        while self.now < until {
            while let Some(entry) = self.due.first_entry().filter(|entry| entry.key().0 <= self.now) {
                match entry.remove() {
                    Comes::Probe(token) => drop(self.send(40, Comes::ProbeAnswer(token))),
                    Comes::ProbeAnswer(token) => self.mtu.handle_probe_acked(token, self.now),
                    Comes::Frame(size) => {
                        self.arrived = self.now;
                        self.send(70, Comes::FrameAnswer(size));
                    }
                    Comes::FrameAnswer(size) => self.mtu.handle_arrived(size),
                }
            }
            let before = self.mtu.payload();
            if self.mtu.poll_timeout().is_some_and(|due| due.at <= self.now) {
                self.mtu.handle_timeout(self.now);
            }
            self.falls += u32::from(self.mtu.payload() < before);
            while let Some(probe) = self.mtu.poll_probe(self.now) {
                self.probes += 1;
                self.send(probe.size, Comes::Probe(probe.token));
            }
            if tick <= self.now {
                tick = self.now + Span::from_millis(10);
                let size = self.mtu.payload();
                self.mtu.handle_sent(size, self.now);
                self.lost += u32::from(!self.send(size, Comes::Frame(size)));
            }
            self.now += Span::from_millis(1);
        }
    }
}

/// A path that loses packets of more bytes than this, IP and UDP headers included.
fn path(mtu: u32) -> Conditions {
    Conditions {
        mtu: Some(mtu),
        ..Conditions::default()
    }
}

#[test]
fn it_finds_what_a_path_takes_and_loses_nothing_by_it() {
    for (bytes, payload) in [
        (1_280, BASE_PAYLOAD),
        (1_400, 1_352),
        (1_492, 1_452),
        (1_500, 1_472),
        (9_000, 8_952),
        (65_535, 65_487),
    ] {
        let mut rig = Rig::new(65_487, 7, &path(bytes));
        rig.run(Span::from_secs(10));
        assert_eq!(
            (rig.mtu.payload(), rig.lost),
            (payload, 0),
            "a path of {bytes} bytes"
        );
        assert!(!rig.mtu.is_searching());
    }
}

#[test]
fn loss_does_not_end_the_search_too_early() {
    let found = (0..50).filter(|seed| {
        let mut rig = Rig::new(65_487, *seed, &path(1_500).loss(0.1));
        rig.run(Span::from_secs(15));
        rig.mtu.payload() == 1_472
    });
    // Of probe and answer one in five is lost: a size is given up by mistake once in 125 times, and four are tried.
    assert!(found.count() >= 45);
}

#[test]
fn a_path_that_becomes_narrower_is_noticed_and_a_wider_one_found_later() {
    let mut rig = Rig::new(9_216, 7, &path(9_000));
    rig.run(Span::from_secs(10));
    assert_eq!(rig.mtu.payload(), 8_952);
    rig.change(&path(1_500));
    rig.run(Span::from_secs(5));
    assert_eq!((rig.mtu.payload(), rig.falls), (BASE_PAYLOAD, 1));
    rig.run(Span::from_secs(15));
    assert_eq!(rig.mtu.payload(), 1_472);
    rig.change(&path(9_000));
    rig.run(Span::from_secs(601));
    assert_eq!(rig.mtu.payload(), 9_216 - 264, "8,952: the path takes no more");
}

#[test]
fn a_black_hole_is_left_within_a_second() {
    for (round_trip, loss) in [1, 20, 100].into_iter().flat_map(|ms| [(ms, 0.0), (ms, 0.02)]) {
        for seed in 0..100 {
            let open = Conditions::delay_ms(round_trip / 2).loss(loss);
            let hole = Conditions {
                mtu: Some(1_328),
                ..open.clone()
            };
            let mut rig = Rig::new(1_472, seed, &open);
            rig.run(Span::from_secs(8));
            let falls = rig.falls;
            rig.change(&hole);
            let begins = rig.now;
            rig.run(Span::from_millis(600));
            let what = format!("{round_trip} ms, {loss} lost, seed {seed}");
            assert_eq!(
                (rig.mtu.payload(), rig.falls),
                (BASE_PAYLOAD, falls + 1),
                "{what}"
            );
            assert!(
                rig.arrived > begins + Span::from_millis(100 + round_trip),
                "{what}"
            );
        }
    }
}

#[test]
fn loss_is_no_black_hole() {
    let bursts = Conditions {
        burst: Some(Burst {
            begins: 0.01,
            length: 20.0,
        }),
        ..Conditions::delay_ms(10)
    };
    let jittery = Conditions::delay_ms(10).jitter_ms(40);
    for (name, conditions) in [
        ("random", Conditions::delay_ms(10).loss(0.05)),
        ("far", Conditions::delay_ms(50).loss(0.05)),
        ("bursts", bursts),
        ("jitter", jittery),
    ] {
        for seed in 0..20 {
            let mut rig = Rig::new(1_472, seed, &conditions);
            rig.run(Span::from_secs(70));
            assert_eq!(rig.falls, 0, "{name}, seed {seed}");
            assert!(rig.probes < 1_500, "{name}, seed {seed}: {} probes", rig.probes);
        }
    }
}

#[test]
fn nobody_who_answers_is_no_black_hole() {
    let mut rig = Rig::new(1_472, 1, &Conditions::delay_ms(5));
    rig.run(Span::from_secs(5));
    rig.change(&Conditions::default().loss(1.0));
    rig.run(Span::from_secs(60));
    assert_eq!((rig.mtu.payload(), rig.falls), (1_472, 0));
    assert!(rig.probes < 1_000, "{}", rig.probes);
}

#[test]
fn the_ceiling_is_tried_where_it_lies_between_two_sizes() {
    let mut rig = Rig::new(2_000, 7, &path(65_535));
    rig.run(Span::from_secs(1));
    assert_eq!(rig.mtu.payload(), 2_000);
}
