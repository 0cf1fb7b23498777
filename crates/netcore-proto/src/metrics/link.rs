use std::collections::VecDeque;

use hdrhistogram::Histogram;

use super::{Figures, Point, WINDOW, percentile};
use crate::units::Transport;
use crate::video::{FrameOutcome, FrameResult};
use crate::{Span, Time};

/// The most results of the last [`WINDOW`] that percentiles are taken from, the latest ones.
const MAX_RECENT: usize = 8_192;
/// The most results kept for export: half an hour at 60 frames/s.
const MAX_KEPT: usize = 108_000;
const SECOND: Span = Span::from_secs(1);
/// Delays up to a minute are told apart to two digits.
const LONGEST_DELAY_US: u64 = 60_000_000;

/// The sending end's measurements of one link.
#[derive(Debug)]
pub struct LinkMeter {
    transport: Transport,
    recent: VecDeque<FrameResult>,
    kept: VecDeque<FrameResult>,
    forgotten: u64,
    ticked: Option<Time>,
    second: Second,
    tcp: Totals,
    udp: Totals,
}

/// What happened since the last tick, counted rather than looked up: more can happen in a second than is remembered.
#[derive(Debug, Default)]
struct Second {
    frames: u32,
    bytes: u64,
    drops: u32,
    retransmits: u32,
}

#[derive(Debug)]
struct Totals {
    delays_us: Histogram<u64>,
    acked: u64,
    unanswered: u64,
    lost: u64,
    dropped: u64,
    bytes: u64,
    retransmits: u64,
    /// How long it carried the stream before the present stretch.
    before: Span,
    /// When the present stretch began; `None` while the other transport is in use.
    first: Option<Time>,
    last: Time,
}

/// Everything one transport did on a link since the stream began.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TransportSummary {
    /// Which transport.
    pub transport: Transport,
    /// Frames that arrived.
    pub arrived: u64,
    /// Frames sent that did not.
    pub lost: u64,
    /// Frames not sent.
    pub dropped: u64,
    /// Bytes of the frames that arrived.
    pub bytes: u64,
    /// Fragments sent again.
    pub retransmits: u64,
    /// Acknowledgement delay in microseconds: median, 95th and 99th percentile.
    pub ack_us: Option<[u64; 3]>,
    /// How long it carried the stream: from the first result to the last, the time of the other transport left out.
    pub lasted: Span,
}

impl LinkMeter {
    /// A meter that has measured nothing.
    pub fn new(transport: Transport) -> LinkMeter {
        LinkMeter {
            transport,
            recent: VecDeque::new(),
            kept: VecDeque::new(),
            forgotten: 0,
            ticked: None,
            second: Second::default(),
            tcp: Totals::new(),
            udp: Totals::new(),
        }
    }

    /// The stream goes on over another transport: points from now on are that one's.
    pub fn set_transport(&mut self, transport: Transport) {
        if transport != self.transport {
            self.second = Second::default();
        }
        self.transport = transport;
    }

    /// What became of a frame.
    pub fn record(&mut self, result: FrameResult) {
        let (this, other) = match result.transport {
            Transport::Tcp => (&mut self.tcp, &mut self.udp),
            Transport::Udp => (&mut self.udp, &mut self.tcp),
        };
        this.record(&result);
        other.pause();
        if result.transport == self.transport {
            self.second.record(&result);
        }
        push_bounded(&mut self.recent, result, MAX_RECENT);
        self.forgotten += u64::from(push_bounded(&mut self.kept, result, MAX_KEPT));
    }

    /// Ends a second: what happened in it.
    pub fn tick(&mut self, now: Time) -> Point {
        let since = self.ticked.replace(now).unwrap_or(now - SECOND);
        let span = now.since(since);
        let results = self
            .recent
            .iter()
            .filter(|result| result.finished > since && result.transport == self.transport);
        let mut delays: Vec<u64> = results
            .filter_map(|result| result.delay().map(Span::as_micros))
            .collect();
        delays.sort_unstable();
        let second = std::mem::take(&mut self.second);
        Point {
            at: now,
            transport: self.transport,
            ack_p50_us: percentile(&delays, 50),
            ack_p95_us: percentile(&delays, 95),
            goodput_bps: crate::Bitrate::of(second.bytes, span).map_or(0, |rate| rate.0),
            frames: second.frames,
            drops: second.drops,
            retransmits: second.retransmits,
        }
    }

    /// The figures of the last [`WINDOW`], of the transport in use.
    pub fn figures(&mut self, now: Time) -> Figures {
        while self
            .recent
            .front()
            .is_some_and(|result| result.finished + WINDOW < now)
        {
            self.recent.pop_front();
        }
        let recent = self
            .recent
            .iter()
            .filter(|result| result.transport == self.transport);
        let mut delays = Vec::new();
        let mut rates = Vec::new();
        let (mut arrived, mut lost, mut last_second) = (0_u64, 0_u64, 0_u64);
        let mut oldest = None;
        for result in recent {
            oldest.get_or_insert(result.finished);
            delays.extend(result.delay().map(Span::as_micros));
            rates.extend(result.classic_rate().map(|rate| rate.0));
            match result.outcome {
                FrameOutcome::Acked { .. } | FrameOutcome::Delivered => {
                    arrived += 1;
                    last_second += if result.finished + SECOND > now {
                        u64::from(result.bytes)
                    } else {
                        0
                    };
                }
                FrameOutcome::Lost(_) => lost += 1,
                FrameOutcome::Dropped(_) => {}
            }
        }
        delays.sort_unstable();
        rates.sort_unstable();
        // A rate over less than a second says more about when it was asked for than about the link, unless so much happened
        // that less is remembered.
        let least = if self.recent.len() < MAX_RECENT {
            SECOND
        } else {
            Span::from_micros(1)
        };
        let observed = oldest.map(|oldest| now.since(oldest).max(least));
        let [tcp, udp] = [&self.tcp, &self.udp];
        Figures {
            transport: self.transport,
            ack_p50_us: percentile(&delays, 50),
            ack_p95_us: percentile(&delays, 95),
            ack_p99_us: percentile(&delays, 99),
            classic_rate_bps: percentile(&rates, 50),
            jitter_us: None,
            frames_per_s: observed.map(|observed| arrived as f64 / observed.as_secs_f64()),
            goodput_bps: observed
                .and_then(|observed| crate::Bitrate::of(last_second, observed.min(SECOND)))
                .map(|rate| rate.0),
            loss_pct: (arrived + lost > 0).then(|| lost as f64 * 100.0 / (arrived + lost) as f64),
            frames: tcp.acked + tcp.unanswered + udp.acked + udp.unanswered,
            drops: tcp.lost + tcp.dropped + udp.lost + udp.dropped,
            retransmits: tcp.retransmits + udp.retransmits,
        }
    }

    /// The results that are kept, oldest first, and how many older ones are forgotten.
    pub fn results(&self) -> (impl Iterator<Item = &FrameResult>, u64) {
        (self.kept.iter(), self.forgotten)
    }

    /// What each transport did since the stream began; those never used are left out.
    pub fn summaries(&self) -> Vec<TransportSummary> {
        let all = [(Transport::Tcp, &self.tcp), (Transport::Udp, &self.udp)];
        all.into_iter()
            .filter_map(|(transport, totals)| totals.summary(transport))
            .collect()
    }
}

impl Second {
    fn record(&mut self, result: &FrameResult) {
        self.retransmits += result.retransmits;
        match result.outcome {
            FrameOutcome::Acked { .. } | FrameOutcome::Delivered => {
                self.frames += 1;
                self.bytes += u64::from(result.bytes);
            }
            FrameOutcome::Lost(_) | FrameOutcome::Dropped(_) => self.drops += 1,
        }
    }
}

impl Totals {
    fn new() -> Totals {
        let delays_us = Histogram::new_with_max(LONGEST_DELAY_US, 2);
        Totals {
            delays_us: delays_us.expect("two digits up to a minute are within what a histogram can hold"),
            acked: 0,
            unanswered: 0,
            lost: 0,
            dropped: 0,
            bytes: 0,
            retransmits: 0,
            before: Span::ZERO,
            first: None,
            last: Time::ZERO,
        }
    }

    /// The other transport is in use: what happens until the next result is not this one's time.
    fn pause(&mut self) {
        self.before = self.lasted();
        self.first = None;
    }

    fn lasted(&self) -> Span {
        self.before + self.first.map_or(Span::ZERO, |first| self.last.since(first))
    }

    fn record(&mut self, result: &FrameResult) {
        self.first.get_or_insert(result.offered);
        self.last = result.finished;
        self.retransmits += u64::from(result.retransmits);
        match result.outcome {
            FrameOutcome::Acked { delay, .. } => {
                self.acked += 1;
                self.bytes += u64::from(result.bytes);
                self.delays_us.saturating_record(delay.as_micros());
            }
            FrameOutcome::Delivered => {
                self.unanswered += 1;
                self.bytes += u64::from(result.bytes);
            }
            FrameOutcome::Lost(_) => self.lost += 1,
            FrameOutcome::Dropped(_) => self.dropped += 1,
        }
    }

    fn summary(&self, transport: Transport) -> Option<TransportSummary> {
        let quantile = |q| self.delays_us.value_at_quantile(q);
        let arrived = self.acked + self.unanswered;
        (arrived + self.lost + self.dropped > 0).then(|| TransportSummary {
            transport,
            arrived,
            lost: self.lost,
            dropped: self.dropped,
            bytes: self.bytes,
            retransmits: self.retransmits,
            ack_us: (self.acked > 0).then(|| [quantile(0.5), quantile(0.95), quantile(0.99)]),
            lasted: self.lasted(),
        })
    }
}

fn push_bounded(queue: &mut VecDeque<FrameResult>, result: FrameResult, most: usize) -> bool {
    let is_full = queue.len() >= most;
    if is_full {
        queue.pop_front();
    }
    queue.push_back(result);
    is_full
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::FrameNumber;
    use crate::video::{DropReason, LossReason};

    fn result(ms: u64, transport: Transport, outcome: FrameOutcome) -> FrameResult {
        let finished = Time::ZERO + Span::from_millis(ms);
        FrameResult {
            frame: FrameNumber(ms as u32),
            bytes: 12_500,
            transport,
            captured: Time::ZERO,
            encode_us: 0,
            offered: finished - Span::from_millis(5),
            first_out: Some(finished - Span::from_millis(5)),
            last_out: None,
            received_whole: None,
            spread_us: None,
            finished,
            retransmits: 1,
            outcome,
        }
    }

    fn acked(delay_us: u64) -> FrameOutcome {
        FrameOutcome::Acked {
            delay: Span::from_micros(delay_us),
            hold: Span::ZERO,
        }
    }

    #[test]
    fn a_second_is_summed_up_once() {
        let mut meter = LinkMeter::new(Transport::Udp);
        for ms in 1..=10 {
            meter.record(result(ms * 90, Transport::Udp, acked(ms * 100)));
        }
        meter.record(result(
            950,
            Transport::Udp,
            FrameOutcome::Lost(LossReason::Overtaken),
        ));
        let point = meter.tick(Time::ZERO + Span::from_secs(1));
        assert_eq!((point.frames, point.drops, point.retransmits), (10, 1, 11));
        assert_eq!((point.ack_p50_us, point.ack_p95_us), (Some(500), Some(1_000)));
        assert_eq!(point.goodput_bps, 1_000_000);
        let point = meter.tick(Time::ZERO + Span::from_secs(2));
        assert_eq!((point.frames, point.ack_p50_us), (0, None));
    }

    #[test]
    fn figures_are_those_of_the_transport_in_use() {
        let mut meter = LinkMeter::new(Transport::Udp);
        meter.record(result(1_000, Transport::Udp, acked(1_000)));
        meter.record(result(2_000, Transport::Tcp, acked(9_000)));
        meter.record(result(
            2_100,
            Transport::Tcp,
            FrameOutcome::Dropped(DropReason::Superseded),
        ));
        meter.set_transport(Transport::Tcp);
        let figures = meter.figures(Time::ZERO + Span::from_millis(2_500));
        assert_eq!(figures.ack_p50_us, Some(9_000));
        assert_eq!(figures.classic_rate_bps, Some(12_500 * 8 * 1_000 / 9));
        assert_eq!(figures.loss_pct, Some(0.0));
        assert_eq!((figures.frames, figures.drops), (2, 1));
        let later = meter.figures(Time::ZERO + Span::from_secs(60));
        assert_eq!(
            (later.ack_p50_us, later.frames_per_s),
            (None, None),
            "old figures are unknown, not zero"
        );
    }

    #[test]
    fn summaries_keep_the_transports_apart() {
        let mut meter = LinkMeter::new(Transport::Udp);
        assert!(meter.summaries().is_empty());
        meter.record(result(1_000, Transport::Udp, acked(1_000)));
        meter.record(result(2_000, Transport::Tcp, acked(9_000)));
        let summaries = meter.summaries();
        assert_eq!(
            summaries
                .iter()
                .map(|summary| summary.transport)
                .collect::<Vec<_>>(),
            [Transport::Tcp, Transport::Udp]
        );
        assert!(summaries.iter().all(|summary| summary.arrived == 1));
    }

    #[test]
    fn a_transport_is_not_charged_for_the_time_of_the_other() {
        let mut meter = LinkMeter::new(Transport::Udp);
        meter.record(result(1_000, Transport::Udp, acked(1_000)));
        meter.record(result(2_000, Transport::Udp, acked(1_000)));
        meter.record(result(9_000, Transport::Tcp, acked(1_000)));
        meter.record(result(20_000, Transport::Udp, acked(1_000)));
        meter.record(result(21_000, Transport::Udp, acked(1_000)));
        let udp = meter.summaries()[1];
        assert_eq!((udp.transport, udp.arrived), (Transport::Udp, 4));
        // Twice a second, and the 5 ms each from being offered to being known.
        assert_eq!(udp.lasted, Span::from_millis(2_010));
    }

    #[test]
    fn more_frames_than_are_remembered_are_still_counted() {
        let mut meter = LinkMeter::new(Transport::Udp);
        let mut at_us = 0;
        let mut second = |meter: &mut LinkMeter| {
            for _ in 0..20_000 {
                at_us += 50;
                let finished = Time::from_micros(at_us);
                meter.record(FrameResult {
                    finished,
                    ..result(1_000, Transport::Udp, acked(40))
                });
            }
            Time::from_micros(at_us)
        };
        let now = second(&mut meter);
        meter.tick(now);
        let now = second(&mut meter);
        let (point, figures) = (meter.tick(now), meter.figures(now));
        assert_eq!((point.frames, point.goodput_bps), (20_000, 2_000_000_000));
        let per_s = figures.frames_per_s.unwrap();
        assert!((19_900.0..20_100.0).contains(&per_s), "{per_s}");
        let goodput = figures.goodput_bps.unwrap();
        assert!((1_990_000_000..2_010_000_000).contains(&goodput), "{goodput}");
    }
}
