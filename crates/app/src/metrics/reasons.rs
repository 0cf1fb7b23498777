//! What was counted of a link, with its reasons.

use netcore::LinkHistory;
use netcore::proto::metrics::Counters;
use serde::Serialize;
use ts_rs::TS;

use super::view::Direction;

/// Everything that is counted of one link, over whatever carried it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct CountsView {
    /// The stream.
    pub stream: u32,
    /// The peer.
    pub peer: u32,
    /// In which direction.
    pub direction: Direction,
    /// What this end can know, in the order of a table.
    pub counts: Vec<CountView>,
}

/// One count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct CountView {
    /// A stable word, such as `lost-overtaken`.
    pub word: &'static str,
    /// What it counts, in English.
    pub meaning: &'static str,
    /// How many.
    pub count: u64,
}

impl CountsView {
    /// A link's counts; `None` when nothing was counted at this end.
    pub(crate) fn of(record: &LinkHistory) -> Option<CountsView> {
        let sent = record.sent.iter().map(|(summary, _)| summary.counters);
        let received = record.received.iter().map(|(counters, _)| *counters);
        let all = sent.chain(received).reduce(|a: Counters, b| a.with(&b))?;
        let counts = all.known().map(|(count, number)| CountView {
            word: count.word(),
            meaning: count.meaning(),
            count: number,
        });
        Some(CountsView {
            stream: record.key.stream.0,
            peer: record.key.peer.0,
            direction: if record.key.outbound {
                Direction::Out
            } else {
                Direction::In
            },
            counts: counts.collect(),
        })
    }
}
