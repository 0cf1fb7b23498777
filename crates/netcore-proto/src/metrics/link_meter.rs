//! The meter of a link's sending end: frame results in, figures out.

use super::histogram::{Distribution, Distributions};
use super::recent_results::{MAX_RESULTS, RecentResults};
use super::totals::{Totals, TransportSummary};
use super::{Counters, Figures, Point, Series, WINDOW, percentile};
use crate::ground::arithmetic::Grow;
use crate::ground::{Bitrate, Span, Time, Transport};
use crate::video::{FrameOutcome, FrameResult};

const SECOND: Span = Span::from_secs(1);

/// The sending end's measurements of one link.
#[derive(Debug)]
pub struct LinkMeter {
    transport: Transport,
    /// What is older than these stands in the [`Series`], and figures of the last [`WINDOW`] are those of so many frames at
    /// most.
    recent: RecentResults,
    ticked: Option<Time>,
    second: Second,
    series: Series,
    tcp: Totals,
    udp: Totals,
}

/// What happened since the last tick, counted rather than looked up: more can happen in a second than is remembered.
#[derive(Debug, Default)]
struct Second {
    frames: u32,
    bytes: u64,
    lost: u32,
    dropped: u32,
    retransmits: u32,
    delays_us: Distribution,
    /// When the first frame of all was offered, if that was in this second.
    began: Option<Time>,
}

impl LinkMeter {
    /// A meter that has measured nothing.
    pub fn new(transport: Transport) -> LinkMeter {
        LinkMeter {
            transport,
            recent: RecentResults::default(),
            ticked: None,
            second: Second::default(),
            series: Series::default(),
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
        if self.recent.is_empty() {
            self.second.began = Some(result.offered);
        }
        self.recent.push(&result);
    }

    /// Ends a second: what happened in it, with what the rate control says of it: how long what is sent waits in queues on
    /// the path, and the bitrate it allows.
    pub fn tick(&mut self, now: Time, queueing: Option<Span>, target: Option<Bitrate>) -> Point {
        let since = self.ticked.replace(now).unwrap_or(now - SECOND);
        let span = now.since(since);
        let results = self
            .recent
            .iter()
            .rev()
            .take_while(|result| result.finished > since);
        let mut delays: Vec<u64> = results
            .filter(|result| result.transport == self.transport)
            .filter_map(|result| result.delay().map(Span::as_micros))
            .collect();
        delays.sort_unstable();
        let second = &mut self.second;
        let point = Point {
            at: now,
            transport: self.transport,
            ack_p50_us: percentile(&delays, 50),
            ack_p95_us: percentile(&delays, 95),
            goodput_bps: Bitrate::of(second.bytes, span).map_or(0, |rate| rate.0),
            frames: second.frames,
            drops: second.lost.saturating_add(second.dropped),
            retransmits: second.retransmits,
            queueing_us: queueing.map(Span::as_micros),
            target_bps: target.map(|target| target.0),
        };
        // A link's first second is as long as there was a link in it.
        let lasted = second.began.map_or(span, |began| now.since(began).min(span));
        let stretch = point.stretch(lasted, second.bytes, second.lost, second.delays_us.max());
        self.series.push(stretch, &second.delays_us);
        second.clear();
        point
    }

    /// The figures of the last [`WINDOW`], of the transport in use.
    pub fn figures(&self, now: Time) -> Figures {
        let recent = self
            .recent
            .iter()
            .rev()
            .take_while(|result| result.finished + WINDOW >= now);
        let mut delays = Vec::new();
        let mut rates = Vec::new();
        let (mut arrived, mut lost, mut last_second) = (0_u64, 0_u64, 0_u64);
        let (mut oldest, mut seen) = (None, 0_usize);
        for result in recent {
            seen.grow_by(1);
            if result.transport != self.transport {
                continue;
            }
            oldest = Some(result.finished);
            delays.extend(result.delay().map(Span::as_micros));
            rates.extend(result.classic_rate().map(|rate| rate.0));
            match result.outcome {
                FrameOutcome::Acked { .. } | FrameOutcome::Delivered => {
                    arrived.grow_by(1);
                    if result.finished + SECOND > now {
                        last_second.grow_by(u64::from(result.bytes));
                    }
                }
                FrameOutcome::Lost(_) => lost.grow_by(1),
                FrameOutcome::Dropped(_) => {}
            }
        }
        delays.sort_unstable();
        rates.sort_unstable();
        // A rate over less than a second says more about when it was asked for than about the link, unless so much happened
        // that less is remembered.
        let least = if seen < MAX_RESULTS {
            SECOND
        } else {
            Span::from_micros(1)
        };
        let observed = oldest.map(|oldest| now.since(oldest).max(least));
        let sent = arrived.saturating_add(lost);
        let both =
            |count: fn(&Counters) -> u64| count(&self.tcp.counters).saturating_add(count(&self.udp.counters));
        Figures {
            transport: self.transport,
            ack_p50_us: percentile(&delays, 50),
            ack_p95_us: percentile(&delays, 95),
            ack_p99_us: percentile(&delays, 99),
            classic_rate_bps: percentile(&rates, 50),
            jitter_us: None,
            frames_per_s: observed.map(|observed| arrived as f64 / observed.as_secs_f64()),
            goodput_bps: observed
                .and_then(|observed| Bitrate::of(last_second, observed.min(SECOND)))
                .map(|rate| rate.0),
            loss_pct: (sent > 0).then(|| lost as f64 * 100.0 / sent as f64),
            frames: both(Counters::arrived),
            drops: both(Counters::lost).saturating_add(both(Counters::dropped)),
            retransmits: both(Counters::resent),
        }
    }

    /// The results that are remembered, oldest first, and how many older ones are forgotten.
    pub fn results(
        &self,
    ) -> (
        impl DoubleEndedIterator<Item = FrameResult> + ExactSizeIterator,
        u64,
    ) {
        (self.recent.iter(), self.recent.forgotten())
    }

    /// The whole session, second by second lately and coarser the longer ago.
    pub fn series(&self) -> &Series {
        &self.series
    }

    /// How what one transport did is distributed.
    pub fn distributions(&self, transport: Transport) -> &Distributions {
        match transport {
            Transport::Tcp => &self.tcp.distributions,
            Transport::Udp => &self.udp.distributions,
        }
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
        self.retransmits.grow_by(result.retransmits);
        match result.outcome {
            FrameOutcome::Acked { .. } | FrameOutcome::Delivered => {
                self.frames.grow_by(1);
                self.bytes.grow_by(u64::from(result.bytes));
            }
            FrameOutcome::Lost(_) => self.lost.grow_by(1),
            FrameOutcome::Dropped(_) => self.dropped.grow_by(1),
        }
        if let Some(delay) = result.delay() {
            self.delays_us.record(delay.as_micros());
        }
    }

    /// Begins the next one; the room for its delays is kept.
    fn clear(&mut self) {
        let mut delays_us = std::mem::take(&mut self.delays_us);
        delays_us.clear();
        *self = Second {
            delays_us,
            ..Second::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::FrameNumber;
    use crate::video::{DropReason, LossReason};

    fn result(ms: u64, transport: Transport, outcome: FrameOutcome) -> FrameResult {
        let finished = Time::ZERO + Span::from_millis(ms);
        FrameResult {
            captured: Time::ZERO,
            offered: finished - Span::from_millis(5),
            first_out: Some(finished - Span::from_millis(5)),
            retransmits: 1,
            ..FrameResult::unsent(FrameNumber(ms as u32), 12_500, transport, finished, outcome)
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
        let point = meter.tick(Time::ZERO + Span::from_secs(1), None, None);
        assert_eq!((point.frames, point.drops, point.retransmits), (10, 1, 11));
        assert_eq!((point.ack_p50_us, point.ack_p95_us), (Some(500), Some(1_000)));
        assert_eq!(point.goodput_bps, 1_000_000);
        let point = meter.tick(Time::ZERO + Span::from_secs(2), None, None);
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
        assert!(summaries.iter().all(|summary| summary.counters.arrived() == 1));
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
        assert_eq!((udp.transport, udp.counters.arrived()), (Transport::Udp, 4));
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
        meter.tick(now, None, None);
        let now = second(&mut meter);
        let (point, figures) = (meter.tick(now, None, None), meter.figures(now));
        assert_eq!((point.frames, point.goodput_bps), (20_000, 2_000_000_000));
        let per_s = figures.frames_per_s.unwrap();
        assert!((19_900.0..20_100.0).contains(&per_s), "{per_s}");
        let goodput = figures.goodput_bps.unwrap();
        assert!((1_990_000_000..2_010_000_000).contains(&goodput), "{goodput}");
    }

    #[test]
    fn arrivals_are_timed_by_what_acknowledgements_report() {
        let mut meter = LinkMeter::new(Transport::Udp);
        // The receiver's clock is a day ahead; every third frame's own acknowledgement is lost.
        let there = Time::ZERO + Span::from_secs(86_400);
        for at in 0..30_u64 {
            let is_reported = at % 3 != 2;
            meter.record(FrameResult {
                captured: Time::ZERO + Span::from_millis(at * 33),
                received_whole: is_reported.then(|| there + Span::from_millis(at * 33 + at % 3)),
                ..result(
                    100 + at * 33,
                    Transport::Udp,
                    if is_reported {
                        acked(2_000)
                    } else {
                        FrameOutcome::Delivered
                    },
                )
            });
        }
        let summary = meter.summaries()[0];
        let (gap, jitter) = (summary.gap_us.unwrap(), summary.jitter_us.unwrap());
        assert_eq!(
            (gap.count, gap.min, gap.max),
            (10, 34_000, 34_000),
            "only between frames that follow each other"
        );
        assert!((300..1_000).contains(&jitter.max), "{jitter:?}");
        assert_eq!(
            (summary.delay_us.unwrap().count, summary.size_bytes.unwrap().count),
            (20, 30)
        );
    }

    #[test]
    fn a_week_of_frames_stays_in_bounds() {
        let mut meter = LinkMeter::new(Transport::Udp);
        for at in 0..3 * MAX_RESULTS as u64 {
            meter.record(FrameResult {
                bytes: (at * 7_919 % (16 << 20)) as u32,
                ..result(at * 33, Transport::Udp, acked(at * 7_907 % 70_000_000))
            });
        }
        let recent = meter.results();
        assert_eq!(
            (recent.0.count(), recent.1),
            (MAX_RESULTS, 2 * MAX_RESULTS as u64)
        );
        let seen = meter.distributions(Transport::Udp);
        for distribution in [&seen.delay_us, &seen.jitter_us, &seen.gap_us, &seen.size_bytes] {
            assert!(distribution.heap_bytes() <= Distribution::MAX_BYTES);
        }
    }

    #[test]
    fn a_session_is_reported_by_its_series() {
        let mut meter = LinkMeter::new(Transport::Udp);
        for at in 1..=90_u64 {
            meter.record(result(at * 1_000 - 1, Transport::Udp, acked(at * 100)));
            meter.tick(
                Time::ZERO + Span::from_secs(at),
                Some(Span::from_millis(at)),
                Some(Bitrate(at * 1_000)),
            );
        }
        let points = meter.series().points();
        assert_eq!(points.len(), 90);
        assert_eq!(
            points[0].lasted,
            Span::from_millis(6),
            "its first frame was offered so shortly before"
        );
        assert!(points[1..].iter().all(|point| point.lasted == Span::from_secs(1)));
        let last = points[89];
        assert_eq!(
            (last.frames, last.delay_p50_us, last.delay_max_us),
            (1, Some(9_000), Some(9_000))
        );
        assert_eq!((last.queueing_us, last.target_bps), (Some(90_000), Some(90_000)));
    }
}
