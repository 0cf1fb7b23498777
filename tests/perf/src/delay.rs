//! How long a frame takes until its acknowledgement is here.

use netcore::proto::Transport;

use crate::exchange::Exchange;
use crate::ratios::{Better, Found};
use crate::report::Report;
use crate::samples::{Samples, milliseconds};
use crate::{Outcome, SIZES, TRANSPORTS, floor, ours, tls_floor};

/// Ours and the floors take turns this often.
const ROUNDS: usize = 8;
/// And this often where a short look is enough.
const SHORT_ROUNDS: usize = 3;
/// Frames in each turn.
const FRAMES: usize = 60;
/// With pauses like a camera's the processor falls asleep between frames; without, it stays awake.
const PACES: [(&str, u64); 2] = [("from sleep", 8), ("awake", 0)];
/// Where a processor wakes up at little cost, a plain exchange over TLS takes 1.1 times the floor with 16.6 KB, 1.4 times with
/// 120 KB and 1.7 times with 400 KB; on a virtual one that has to be woken it takes twice the floor and more, and so does
/// everything else. So there are two targets: one beside the floor, and the same divided by these beside TLS.
const TARGETS: [Target; 5] = [
    target(Transport::Tcp, SIZES[0], 1.3, 1.1),
    target(Transport::Udp, SIZES[0], 1.6, 1.1),
    target(Transport::Tcp, SIZES[1], 1.6, 1.4),
    target(Transport::Udp, SIZES[1], 2.5, 1.4),
    target(Transport::Tcp, SIZES[2], 2.0, 1.7),
];
/// The most that the 99th percentile may be of the median.
const MOST_P99: f64 = 3.0;

/// The most that ours may be from sleep.
struct Target {
    transport: Transport,
    bytes: usize,
    of_floor: f64,
    of_tls: f64,
}

const fn target(transport: Transport, bytes: usize, of_floor: f64, tls_of_floor: f64) -> Target {
    Target {
        transport,
        bytes,
        of_floor,
        of_tls: of_floor / tls_of_floor,
    }
}

pub(crate) fn section(report: &mut Report) -> Outcome<()> {
    println!(
        "Frames over loopback, acknowledged one by one: ours (TLS 1.3 or sealed datagrams) and two floors in turn\n\
         (floor: two processes, blocking sockets, the same bytes, a 3-byte reply, no protocol; TLS: the same over\n\
         tokio-rustls, always over TCP). Delays in ms.\n"
    );
    println!(
        "{:>9} {:>5} {:>11} | {:>7} {:>7} {:>7} {:>8} | {:>7} {:>8} {:>6} | {:>7} {:>8} {:>6}",
        "bytes",
        "over",
        "processor",
        "p50",
        "p95",
        "p99",
        "p99/p50",
        "floor50",
        "p99/p50",
        "ours",
        "TLS50",
        "p99/p50",
        "ours",
    );
    for row in rows() {
        row.full_look(report)?;
    }
    Ok(())
}

/// Every row of the table, in order.
fn rows() -> impl Iterator<Item = Row> {
    PACES.into_iter().flat_map(|(processor, pause_ms)| {
        let row = move |bytes| {
            TRANSPORTS.map(|transport| Row {
                transport,
                bytes,
                processor,
                pause_ms,
            })
        };
        SIZES.into_iter().flat_map(row)
    })
}

/// The rows whose ratios are kept. The floor's datagrams are neither paced nor asked for again, and so much at once is more than its
/// socket holds: how long its frames take is then chance.
pub(crate) fn kept_rows() -> impl Iterator<Item = Row> {
    rows().filter(Row::is_kept)
}

/// What is measured by itself: frames of one size over one transport at one pace.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    transport: Transport,
    bytes: usize,
    processor: &'static str,
    pause_ms: u64,
}

impl Row {
    /// What its ratio is stored under.
    pub(crate) fn name(&self) -> String {
        format!(
            "delay of {} bytes over {}, {}",
            self.bytes, self.transport, self.processor
        )
    }

    fn is_kept(&self) -> bool {
        self.transport == Transport::Tcp || self.bytes < SIZES[2]
    }

    /// Its ratio to the floor, from a few turns.
    pub(crate) fn short_look(&self) -> Outcome<Found> {
        let (mut ours, mut floor) = self.links()?;
        let [ours, floor] = self.in_turn([&mut ours, &mut floor], SHORT_ROUNDS)?;
        Ok(self.found(&ours, &floor))
    }

    fn found(&self, ours: &Samples, floor: &Samples) -> Found {
        Found {
            name: self.name(),
            better: Better::Lower,
            ratio: ours.percentile(50) as f64 / floor.percentile(50) as f64,
        }
    }

    fn full_look(&self, report: &mut Report) -> Outcome<()> {
        let Row {
            transport,
            bytes,
            processor,
            pause_ms,
        } = *self;
        let (mut ours, mut floor) = self.links()?;
        let mut tls = tls_floor::Link::open(bytes)?;
        let [ours, floor, tls] = self.in_turn([&mut ours, &mut floor, &mut tls], ROUNDS)?;
        let found = self.found(&ours, &floor);
        let of_tls = ours.percentile(50) as f64 / tls.percentile(50) as f64;
        println!(
            "{bytes:>9} {transport:>5} {processor:>11} | {} {} {} {:>7.1}x | {} {:>7.1}x {:>5.2}x | {} {:>7.1}x {of_tls:>5.2}x",
            milliseconds(ours.percentile(50)),
            milliseconds(ours.percentile(95)),
            milliseconds(ours.percentile(99)),
            ours.tail(),
            milliseconds(floor.percentile(50)),
            floor.tail(),
            found.ratio,
            milliseconds(tls.percentile(50)),
            tls.tail(),
        );
        let is_meant = |target: &&Target| (target.transport, target.bytes) == (transport, bytes);
        if let Some(target) = TARGETS.iter().find(is_meant).filter(|_| pause_ms > 0) {
            let what = format!("delay of {bytes} bytes over {transport}");
            report.at_most(&format!("{what} beside the floor"), found.ratio, target.of_floor);
            report.at_most(&format!("{what} beside TLS"), of_tls, target.of_tls);
            let what = format!("99th percentile beside the median, {bytes} bytes over {transport}");
            report.at_most(&what, ours.tail(), MOST_P99);
        }
        if self.is_kept() {
            report.found(found);
        }
        Ok(())
    }

    fn links(&self) -> Outcome<(ours::Link, floor::Link)> {
        let floor = floor::Link::open(self.transport, self.bytes)?;
        Ok((ours::Link::open(self.transport, self.bytes)?, floor))
    }

    /// Delays of each of `links`, which take turns.
    fn in_turn<const N: usize>(
        &self,
        mut links: [&mut dyn Exchange; N],
        rounds: usize,
    ) -> Outcome<[Samples; N]> {
        let mut samples = [(); N].map(|()| Samples::default());
        // The first turn of each warms up.
        for link in &mut links {
            link.exchange(FRAMES, self.pause_ms)?;
        }
        for _ in 0..rounds {
            for (link, samples) in links.iter_mut().zip(&mut samples) {
                samples.extend(link.exchange(FRAMES, self.pause_ms)?);
            }
        }
        Ok(samples)
    }
}
