//! The latest frame results of a link, in half the memory that they take otherwise.

use std::collections::VecDeque;

use crate::ground::arithmetic::Grow;
use crate::ground::{FrameNumber, Span, Time, Transport};
use crate::video::{DropReason, FrameOutcome, FrameResult, LossReason};

/// The most results remembered: 400 s at 30 frames/s in 0.9 MB.
pub(super) const MAX_RESULTS: usize = 12_000;
/// Room for so many is made at once.
const MORE: usize = 512;
/// Stands for what is not known.
const UNKNOWN: u32 = u32::MAX;

/// The latest results of a link, in the order in which they were known. A host has one of these for each viewer, so they are
/// held in half the memory that they take otherwise.
#[derive(Debug, Default)]
pub(super) struct RecentResults {
    results: VecDeque<Compact>,
    forgotten: u64,
}

impl RecentResults {
    pub(super) fn push(&mut self, result: &FrameResult) {
        if self.results.len() >= MAX_RESULTS {
            self.results.pop_front();
            self.forgotten.grow_by(1);
        }
        if self.results.len() == self.results.capacity() {
            // By itself the ring would take room for a power of two, a third more than it is allowed to keep.
            self.results
                .reserve_exact(MORE.min(MAX_RESULTS.saturating_sub(self.results.len())));
        }
        self.results.push_back(Compact::of(result));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.results.is_empty()
    }

    /// How many older ones are forgotten.
    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Oldest first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = FrameResult> + ExactSizeIterator {
        self.results.iter().map(Compact::whole)
    }
}

/// A [`FrameResult`] whose moments on our clock are microseconds since the frame was offered: up to 71 minutes, and a frame is
/// given up much sooner.
#[derive(Clone, Copy, Debug)]
struct Compact {
    captured: Time,
    offered: Time,
    /// On the receiver's clock; the last moment there is stands for unknown.
    received_whole: Time,
    frame: FrameNumber,
    bytes: u32,
    encode_us: u32,
    first_out: u32,
    last_out: u32,
    finished: u32,
    spread_us: u32,
    retransmits: u32,
    delay_us: u32,
    hold_us: u32,
    transport: Transport,
    end: End,
}

/// A [`FrameOutcome`] without its times.
#[derive(Clone, Copy, Debug)]
enum End {
    Acked,
    Delivered,
    Lost(LossReason),
    Dropped(DropReason),
}

impl Compact {
    fn of(result: &FrameResult) -> Compact {
        let since = |moment: Time| micros(moment.since(result.offered));
        let (end, delay, hold) = match result.outcome {
            FrameOutcome::Acked { delay, hold } => (End::Acked, delay, hold),
            FrameOutcome::Delivered => (End::Delivered, Span::ZERO, Span::ZERO),
            FrameOutcome::Lost(reason) => (End::Lost(reason), Span::ZERO, Span::ZERO),
            FrameOutcome::Dropped(reason) => (End::Dropped(reason), Span::ZERO, Span::ZERO),
        };
        Compact {
            captured: result.captured,
            offered: result.offered,
            received_whole: result.received_whole.unwrap_or(Time::from_micros(u64::MAX)),
            frame: result.frame,
            bytes: result.bytes,
            encode_us: result.encode_us,
            first_out: result.first_out.map_or(UNKNOWN, since),
            last_out: result.last_out.map_or(UNKNOWN, since),
            finished: since(result.finished),
            spread_us: result.spread_us.unwrap_or(UNKNOWN),
            retransmits: result.retransmits,
            delay_us: micros(delay),
            hold_us: micros(hold),
            transport: result.transport,
            end,
        }
    }

    fn whole(&self) -> FrameResult {
        let known = |us: u32| Some(us).filter(|us| *us != UNKNOWN);
        let moment = |us: u32| self.offered + Span::from_micros(us.into());
        FrameResult {
            frame: self.frame,
            bytes: self.bytes,
            transport: self.transport,
            captured: self.captured,
            encode_us: self.encode_us,
            offered: self.offered,
            first_out: known(self.first_out).map(moment),
            last_out: known(self.last_out).map(moment),
            received_whole: Some(self.received_whole).filter(|at| at.as_micros() != u64::MAX),
            spread_us: known(self.spread_us),
            finished: moment(self.finished),
            retransmits: self.retransmits,
            outcome: match self.end {
                End::Acked => FrameOutcome::Acked {
                    delay: Span::from_micros(self.delay_us.into()),
                    hold: Span::from_micros(self.hold_us.into()),
                },
                End::Delivered => FrameOutcome::Delivered,
                End::Lost(reason) => FrameOutcome::Lost(reason),
                End::Dropped(reason) => FrameOutcome::Dropped(reason),
            },
        }
    }
}

fn micros(span: Span) -> u32 {
    u32::try_from(span.as_micros())
        .unwrap_or(UNKNOWN)
        .min(UNKNOWN - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(at: u64, outcome: FrameOutcome) -> FrameResult {
        let moment = |us: u64| Time::from_micros(1_000_000_000_000 + at * 33_000 + us);
        FrameResult {
            frame: FrameNumber(at as u32),
            bytes: 120_000,
            transport: Transport::Udp,
            captured: Time::from_micros(u64::from(u32::MAX) * 3 + at),
            encode_us: 2_300,
            offered: moment(0),
            first_out: Some(moment(3)),
            last_out: Some(moment(4_000)),
            received_whole: Some(Time::from_micros(17)),
            spread_us: Some(0),
            finished: moment(70_000_000),
            retransmits: 7,
            outcome,
        }
    }

    #[test]
    fn what_is_remembered_is_what_was_given() {
        let times = (Span::from_micros(69_999_997), Span::from_micros(12));
        let outcomes = [
            FrameOutcome::Acked {
                delay: times.0,
                hold: times.1,
            },
            FrameOutcome::Delivered,
            FrameOutcome::Lost(LossReason::Unanswered),
            FrameOutcome::Dropped(DropReason::Stopped),
        ];
        let unsent = FrameResult {
            first_out: None,
            last_out: None,
            received_whole: None,
            spread_us: None,
            transport: Transport::Tcp,
            ..result(5, FrameOutcome::Dropped(DropReason::Superseded))
        };
        let given: Vec<_> = (1..)
            .zip(outcomes)
            .map(|(at, outcome)| result(at, outcome))
            .chain([unsent])
            .collect();
        let mut recent = RecentResults::default();
        given.iter().for_each(|result| recent.push(result));
        assert_eq!(recent.iter().collect::<Vec<_>>(), given);
    }

    #[test]
    fn the_latest_are_remembered_in_the_memory_that_is_named() {
        let mut recent = RecentResults::default();
        for at in 0..3 * MAX_RESULTS as u64 {
            recent.push(&result(at, FrameOutcome::Delivered));
        }
        assert_eq!(
            (recent.iter().len(), recent.forgotten()),
            (MAX_RESULTS, 2 * MAX_RESULTS as u64)
        );
        assert_eq!(
            recent.iter().next().unwrap().frame,
            FrameNumber(2 * MAX_RESULTS as u32)
        );
        let bytes = size_of::<Compact>() * recent.results.capacity();
        assert!(bytes < 900_000, "{bytes}");
    }
}
