//! What was measured: meters for the two ends of a link, and the figures that peers report to each other.
//!
//! A *link* is one stream between this computer and one peer, in one direction. Its sending end measures delay, its
//! receiving end measures arrivals; once a second each reports to the other.

mod arrival;
mod counters;
mod exchange;
mod histogram;
mod interarrival;
mod link_meter;
mod recent_results;
mod results;
mod series;
mod totals;
mod trip;

pub use arrival::ArrivalMeter;
pub use counters::{Count, Counters};
pub use exchange::{Event, Notice, Request};
pub(crate) use exchange::{Host, Member};
pub use histogram::{Bucket, Distribution, Distributions, Quantiles};
pub use link_meter::LinkMeter;
pub use results::{csv_header, csv_line, json_line};
pub use series::{Series, SeriesPoint};
pub use totals::TransportSummary;
pub use trip::{FrameTrip, TripSummary, ViewMeter};

use serde::{Deserialize, Serialize};

use crate::ground::arithmetic::mul_div_ceil;
use crate::ground::{ClockOffset, Span, StreamId, Time, Transport};
use crate::wire::{MAX_EXACT, Receive, WireError};

/// Figures describe this much of the past.
pub const WINDOW: Span = Span::from_secs(10);
/// No link carries more frames than this a second.
const MAX_FRAMES_PER_S: f64 = 1e6;
/// The most links in one report.
pub const MAX_REPORTED: usize = 128;

/// What happened on a link within one second, for a chart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The end of that second.
    pub at: Time,
    /// What carried the frames.
    pub transport: Transport,
    /// Median delay from first byte out to acknowledgement, in microseconds; `None` when nothing was acknowledged.
    pub ack_p50_us: Option<u64>,
    /// 95th percentile of the same.
    pub ack_p95_us: Option<u64>,
    /// Frame bytes acknowledged or received in that second, in bits per second.
    pub goodput_bps: u64,
    /// Frames acknowledged or received in that second.
    pub frames: u32,
    /// Frames dropped or lost in that second.
    pub drops: u32,
    /// Fragments sent again in that second.
    pub retransmits: u32,
    /// How long what is sent waits in queues on the path, in microseconds, as the rate control estimates it; `None` when
    /// unknown.
    pub queueing_us: Option<u64>,
    /// The bitrate that the rate control allows, in bits per second; `None` when unknown.
    pub target_bps: Option<u64>,
}

/// A link's figures over the last [`WINDOW`], and its counts since the stream began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Figures {
    /// What carries the frames now.
    pub transport: Transport,
    /// Median delay from first byte out to acknowledgement, in microseconds.
    pub ack_p50_us: Option<u64>,
    /// 95th percentile of the same.
    pub ack_p95_us: Option<u64>,
    /// 99th percentile of the same.
    pub ack_p99_us: Option<u64>,
    /// Frame bytes over delay, as the classic lab computes it, in bits per second; median.
    pub classic_rate_bps: Option<u64>,
    /// Interarrival jitter (RFC 3550, section 6.4.1), in microseconds.
    pub jitter_us: Option<u64>,
    /// Frames acknowledged or received each second.
    pub frames_per_s: Option<f64>,
    /// Frame bytes acknowledged or received in the last second, in bits per second.
    pub goodput_bps: Option<u64>,
    /// Frames lost of those sent, in percent.
    pub loss_pct: Option<f64>,
    /// Frames since the beginning.
    pub frames: u64,
    /// Frames lost or dropped since the beginning.
    pub drops: u64,
    /// Fragments sent again since the beginning.
    pub retransmits: u64,
}

/// What one peer reports to the other of the links between them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Each link's stream and figures, as measured by the reporter, at most [`MAX_REPORTED`].
    pub links: Vec<(StreamId, Figures)>,
    /// The clock of the publisher of each stream that the reporter sends to its peer, as it relates to the reporter's clock; at
    /// most [`MAX_REPORTED`].
    #[serde(default)]
    pub clocks: Vec<(StreamId, ClockOffset)>,
}

impl Figures {
    /// The figures as far as they can be true: what is out of its range is unknown, and counts end where JSON is exact.
    fn clamped(self) -> Figures {
        let Figures {
            transport,
            ack_p50_us,
            ack_p95_us,
            ack_p99_us,
            classic_rate_bps,
            jitter_us,
            frames_per_s,
            goodput_bps,
            loss_pct,
            frames,
            drops,
            retransmits,
        } = self;
        let exact = |value: Option<u64>| value.filter(|value| *value <= MAX_EXACT);
        let within = |value: Option<f64>, most: f64| value.filter(|value| (0.0..=most).contains(value));
        Figures {
            transport,
            ack_p50_us: exact(ack_p50_us),
            ack_p95_us: exact(ack_p95_us),
            ack_p99_us: exact(ack_p99_us),
            classic_rate_bps: exact(classic_rate_bps),
            jitter_us: exact(jitter_us),
            frames_per_s: within(frames_per_s, MAX_FRAMES_PER_S),
            goodput_bps: exact(goodput_bps),
            loss_pct: within(loss_pct, 100.0),
            frames: frames.min(MAX_EXACT),
            drops: drops.min(MAX_EXACT),
            retransmits: retransmits.min(MAX_EXACT),
        }
    }
}

impl Report {
    /// The report as far as it can be true.
    pub(crate) fn clamped(self) -> Report {
        let Report { links, clocks } = self;
        let links = links.into_iter().take(MAX_REPORTED);
        let clocks = clocks.into_iter().take(MAX_REPORTED);
        Report {
            links: links
                .map(|(stream, figures)| (stream, figures.clamped()))
                .collect(),
            clocks: clocks.filter(|(_, clock)| clock.is_possible()).collect(),
        }
    }
}

impl Receive for Report {
    fn sanitized(self) -> Result<Report, WireError> {
        Ok(self.clamped())
    }
}

/// The value below which `percent` of the sorted values lie (nearest rank); `None` when there are none.
pub(crate) fn percentile(sorted: &[u64], percent: u64) -> Option<u64> {
    let rank = mul_div_ceil(sorted.len() as u64, percent, 100);
    sorted.get(rank.saturating_sub(1) as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let sorted: Vec<u64> = (1..=100).collect();
        assert_eq!(percentile(&sorted, 50), Some(50));
        assert_eq!(percentile(&sorted, 99), Some(99));
        assert_eq!(percentile(&[7], 95), Some(7));
        assert_eq!(percentile(&[], 50), None);
    }
}
