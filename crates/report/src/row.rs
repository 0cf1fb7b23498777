//! What one transport did on one link, in a line.

use std::collections::BTreeMap;

use netcore::LinkKey;
use netcore::proto::metrics::TransportSummary;
use netcore::proto::{Bitrate, Span, Transport};
use serde::Serialize;

/// What one transport did on one link. As JSON its names and meanings stay.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SummaryRow {
    /// Which stretch of a measurement; `null` elsewhere.
    pub trial: Option<String>,
    /// Which stream.
    pub stream: u32,
    /// To whom.
    pub peer: u32,
    /// Their name.
    pub peer_name: String,
    /// What carried it.
    pub transport: Transport,
    /// Frames that arrived.
    pub frames: u64,
    /// Frames sent that did not.
    pub lost: u64,
    /// Frames not sent.
    pub dropped: u64,
    /// Fragments sent again.
    pub retransmits: u64,
    /// Bytes of the frames that arrived.
    pub bytes: u64,
    /// How long it carried the stream.
    pub seconds: f64,
    /// Frames that arrived, over that time.
    pub frames_per_s: Option<f64>,
    /// Bits of them, over that time.
    pub goodput_bps: Option<u64>,
    /// First byte out to acknowledgement, the receiver's hold time taken off: percentiles, and the longest.
    pub ack_p50_us: Option<u64>,
    /// The 90th.
    pub ack_p90_us: Option<u64>,
    /// The 95th.
    pub ack_p95_us: Option<u64>,
    /// The 99th.
    pub ack_p99_us: Option<u64>,
    /// The 99.9th.
    pub ack_p999_us: Option<u64>,
    /// The longest.
    pub ack_max_us: Option<u64>,
    /// Interarrival jitter at the receiver.
    pub jitter_p95_us: Option<u64>,
    /// From one whole frame to the next at the receiver.
    pub gap_p95_us: Option<u64>,
    /// Bytes of a frame over its delay, as the classic lab computes it: at the median delay and the average frame.
    pub classic_rate_bps: Option<u64>,
    /// What became of the frames, and what it took, by name.
    pub counts: BTreeMap<&'static str, u64>,
}

impl SummaryRow {
    /// `summary` of the link `key` to the peer called `peer_name`.
    pub fn new(key: &LinkKey, peer_name: String, summary: &TransportSummary) -> SummaryRow {
        let TransportSummary {
            counters,
            delay_us: delay,
            ..
        } = summary;
        let seconds = summary.lasted.as_secs_f64();
        let arrived = counters.arrived();
        let average = summary.bytes.checked_div(arrived);
        let classic = average
            .zip(delay.as_ref())
            .and_then(|(bytes, delay)| Bitrate::of(bytes, Span::from_micros(delay.p50)));
        SummaryRow {
            trial: None,
            stream: key.stream.0,
            peer: key.peer.0,
            peer_name,
            transport: summary.transport,
            frames: arrived,
            lost: counters.lost(),
            dropped: counters.dropped(),
            retransmits: counters.resent(),
            bytes: summary.bytes,
            seconds,
            frames_per_s: (seconds > 0.0).then(|| arrived as f64 / seconds),
            goodput_bps: Bitrate::of(summary.bytes, summary.lasted).map(|rate| rate.0),
            ack_p50_us: delay.map(|delay| delay.p50),
            ack_p90_us: delay.map(|delay| delay.p90),
            ack_p95_us: delay.map(|delay| delay.p95),
            ack_p99_us: delay.map(|delay| delay.p99),
            ack_p999_us: delay.map(|delay| delay.p999),
            ack_max_us: delay.map(|delay| delay.max),
            jitter_p95_us: summary.jitter_us.map(|jitter| jitter.p95),
            gap_p95_us: summary.gap_us.map(|gap| gap.p95),
            classic_rate_bps: classic.map(|rate| rate.0),
            counts: counters
                .known()
                .map(|(count, value)| (count.word(), value))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use netcore::proto::metrics::LinkMeter;
    use netcore::proto::video::{FrameOutcome, FrameResult};
    use netcore::proto::{FrameNumber, MemberId, StreamId, Time};

    use super::*;

    /// What a meter makes of so many frames of 12,500 bytes, each acknowledged after `delay`.
    fn summed(frames: u64, delay: Span, lasted: Span) -> Option<SummaryRow> {
        let mut meter = LinkMeter::new(Transport::Tcp);
        for frame in 1..=frames {
            let finished = Time::from_micros(lasted.as_micros() * frame / frames);
            meter.record(FrameResult {
                offered: Time::ZERO,
                finished,
                outcome: FrameOutcome::Acked {
                    delay,
                    hold: Span::ZERO,
                },
                ..acked(frame as u32, 12_500)
            });
        }
        let key = LinkKey {
            stream: StreamId(1),
            peer: MemberId(0),
            outbound: true,
        };
        meter
            .summaries()
            .first()
            .map(|summary| SummaryRow::new(&key, "Ada".into(), summary))
    }

    fn acked(frame: u32, bytes: u32) -> FrameResult {
        let outcome = FrameOutcome::Acked {
            delay: Span::from_millis(2),
            hold: Span::ZERO,
        };
        FrameResult::unsent(FrameNumber(frame), bytes, Transport::Tcp, Time::ZERO, outcome)
    }

    #[test]
    fn rates_are_computed_from_what_arrived() {
        let row = summed(60, Span::from_millis(1), Span::from_secs(2)).unwrap();
        assert_eq!((row.frames_per_s, row.goodput_bps), (Some(30.0), Some(3_000_000)));
        assert_eq!(
            row.classic_rate_bps,
            Some(100_000_000),
            "12,500 bytes in a millisecond"
        );
        assert_eq!((row.counts["acked"], row.counts["lost-unanswered"]), (60, 0));
        assert_eq!((row.ack_max_us, row.jitter_p95_us), (Some(1_000), None));
    }
}
