//! How many frames a second are acknowledged.

use std::time::Duration;

use netcore::proto::Transport;

use crate::exchange::Exchange;
use crate::ratios::{Better, Found};
use crate::report::Report;
use crate::{Outcome, SIZES, floor, ours, tls_floor};

/// Ours and the floor take turns this often: a shared computer may be twice as fast in one second as in the next.
const TURNS: usize = 8;
const TURN: Duration = Duration::from_millis(300);

/// What ours stands beside.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Floor {
    /// Stop-and-wait over TCP, not encrypted.
    Plain,
    /// Stop-and-wait over tokio-rustls.
    Tls,
}

/// What is measured by itself: frames of one size over one transport beside one floor.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    transport: Transport,
    bytes: usize,
    floor: Floor,
    /// The least that ours may be of the floor.
    least: f64,
}

const fn row(transport: Transport, bytes: usize, floor: Floor, least: f64) -> Row {
    Row {
        transport,
        bytes,
        floor,
        least,
    }
}

/// Every row, in order.
pub(crate) const ROWS: [Row; 3] = [
    row(Transport::Tcp, SIZES[0], Floor::Plain, 1.5),
    row(Transport::Udp, SIZES[0], Floor::Plain, 1.5),
    row(Transport::Tcp, SIZES[2], Floor::Tls, 1.2),
];

pub(crate) fn section(report: &mut Report) -> Outcome<()> {
    println!(
        "Acknowledged frames a second, one stream, as fast as it goes, each beside a stop-and-wait exchange:\n"
    );
    for row in ROWS {
        let (ours, floor) = row.measure()?;
        println!(
            "{:>9} bytes over {}, windowed {ours:>9.0}   {} {floor:>9.0}   {:>5.2} times",
            row.bytes,
            row.transport,
            match row.floor {
                Floor::Plain => "TCP, not encrypted  ",
                Floor::Tls => "TLS by tokio-rustls ",
            },
            ours / floor
        );
        report.at_least(
            &format!("{} beside the floor", row.name()),
            ours / floor,
            row.least,
        );
        report.found(row.found(ours, floor));
    }
    Ok(())
}

impl Row {
    /// What its ratio is stored under.
    pub(crate) fn name(&self) -> String {
        format!("rate of {} bytes over {}", self.bytes, self.transport)
    }

    /// Its ratio to the floor.
    pub(crate) fn look(&self) -> Outcome<Found> {
        let (ours, floor) = self.measure()?;
        Ok(self.found(ours, floor))
    }

    fn found(&self, ours: f64, floor: f64) -> Found {
        Found {
            name: self.name(),
            better: Better::Higher,
            ratio: ours / floor,
        }
    }

    /// Frames a second of ours and of the floor, taken in turn.
    fn measure(&self) -> Outcome<(f64, f64)> {
        let mut floor: Box<dyn Exchange> = match self.floor {
            Floor::Plain => Box::new(floor::Link::open(Transport::Tcp, self.bytes)?),
            Floor::Tls => Box::new(tls_floor::Link::open(self.bytes)?),
        };
        let mut ours = ours::WindowedLink::open(self.transport, self.bytes)?;
        // The first turn of each warms up caches, windows and buffers.
        floor.run(TURN)?;
        ours.run(TURN)?;
        let mut sums = [(0, 0.0); 2];
        for _ in 0..TURNS {
            for (sum, (frames, seconds)) in sums.iter_mut().zip([ours.run(TURN)?, floor.run(TURN)?]) {
                *sum = (sum.0 + frames, sum.1 + seconds);
            }
        }
        let [ours, floor] = sums.map(|(frames, seconds)| frames as f64 / seconds);
        Ok((ours, floor))
    }
}
