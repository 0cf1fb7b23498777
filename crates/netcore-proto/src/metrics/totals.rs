//! What a link has measured since the beginning, for each transport.

use super::Counters;
use super::histogram::{Distributions, Quantiles};
use super::interarrival::InterarrivalMeter;
use crate::ground::arithmetic::Grow;
use crate::ground::{Span, Time, Transport};
use crate::video::{FrameOutcome, FrameResult};

/// Everything one transport did on a link since the stream began.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TransportSummary {
    /// Which transport.
    pub transport: Transport,
    /// What became of the frames, and what it took.
    pub counters: Counters,
    /// Bytes of the frames that arrived.
    pub bytes: u64,
    /// First byte out to acknowledgement in microseconds, the receiver's hold time taken off; `None` when nothing was
    /// acknowledged.
    pub delay_us: Option<Quantiles>,
    /// Interarrival jitter at the receiver, in microseconds, as the acknowledgements report; `None` before there are two.
    pub jitter_us: Option<Quantiles>,
    /// From one frame's being whole at the receiver to the next one's, in microseconds, as the acknowledgements report.
    pub gap_us: Option<Quantiles>,
    /// Bytes of a frame that arrived, header included.
    pub size_bytes: Option<Quantiles>,
    /// How long it carried the stream: from the first result to the last, the time of the other transport left out.
    pub lasted: Span,
}

/// What one transport has done on a link, being added up.
#[derive(Debug)]
pub(super) struct Totals {
    pub(super) counters: Counters,
    pub(super) distributions: Distributions,
    interarrival: InterarrivalMeter,
    bytes: u64,
    /// How long it carried the stream before the present stretch.
    before: Span,
    /// When the present stretch began; `None` while the other transport is in use.
    first: Option<Time>,
    last: Time,
}

impl Totals {
    pub(super) fn new() -> Totals {
        Totals {
            counters: Counters::of_sender(),
            distributions: Distributions::default(),
            interarrival: InterarrivalMeter::default(),
            bytes: 0,
            before: Span::ZERO,
            first: None,
            last: Time::ZERO,
        }
    }

    /// The other transport is in use: what happens until the next result is not this one's time.
    pub(super) fn pause(&mut self) {
        self.before = self.lasted();
        self.first = None;
        self.interarrival.forget();
    }

    fn lasted(&self) -> Span {
        self.before + self.first.map_or(Span::ZERO, |first| self.last.since(first))
    }

    /// What became of a frame.
    pub(super) fn record(&mut self, result: &FrameResult) {
        self.first.get_or_insert(result.offered);
        self.last = result.finished;
        self.counters.record(result);
        let seen = &mut self.distributions;
        match result.outcome {
            FrameOutcome::Acked { delay, .. } => {
                self.bytes.grow_by(u64::from(result.bytes));
                seen.delay_us.record(delay.as_micros());
                seen.size_bytes.record(u64::from(result.bytes));
            }
            FrameOutcome::Delivered => {
                self.bytes.grow_by(u64::from(result.bytes));
                seen.size_bytes.record(u64::from(result.bytes));
                // When it arrived is not known, so neither is its distance to the next one.
                self.interarrival.forget();
            }
            FrameOutcome::Lost(_) | FrameOutcome::Dropped(_) => {}
        }
        let whole = result.received_whole;
        if let Some(after) =
            whole.and_then(|whole| self.interarrival.record(result.frame, result.captured, whole))
        {
            seen.gap_us.record(after.gap.as_micros());
            seen.jitter_us.record(after.jitter_us);
        }
    }

    /// `None` when nothing was to be sent over it.
    pub(super) fn summary(&self, transport: Transport) -> Option<TransportSummary> {
        let Totals {
            counters,
            distributions,
            bytes,
            ..
        } = self;
        let ends = [counters.arrived(), counters.lost(), counters.dropped()];
        ends.iter().any(|frames| *frames > 0).then(|| TransportSummary {
            transport,
            counters: *counters,
            bytes: *bytes,
            delay_us: distributions.delay_us.quantiles(),
            jitter_us: distributions.jitter_us.quantiles(),
            gap_us: distributions.gap_us.quantiles(),
            size_bytes: distributions.size_bytes.quantiles(),
            lasted: self.lasted(),
        })
    }
}
