//! The meter of a link's receiving end: arrivals in, figures out.

use std::collections::VecDeque;

use super::histogram::{Distribution, Distributions};
use super::interarrival::InterarrivalMeter;
use super::{Counters, Figures, Point, Series, WINDOW};
use crate::ground::arithmetic::Grow;
use crate::ground::{Bitrate, FrameNumber, Span, Time, Transport};
use crate::video::{Arrival, ReceiverCounts};

/// The most arrivals of the last [`WINDOW`] that are remembered, the latest ones.
const MAX_RECENT: usize = 8_192;
const SECOND: Span = Span::from_secs(1);

/// The receiving end's measurements of one link.
#[derive(Debug)]
pub struct ArrivalMeter {
    transport: Transport,
    recent: VecDeque<Received>,
    interarrival: InterarrivalMeter,
    newest: Option<FrameNumber>,
    distributions: Distributions,
    series: Series,
    frames: u64,
    bytes: u64,
    at_tick: (u64, u64),
    missed: u64,
    missed_at_tick: u64,
    ticked: Option<Time>,
}

#[derive(Clone, Copy, Debug)]
struct Received {
    at: Time,
    bytes: u64,
}

impl ArrivalMeter {
    /// A meter that has seen nothing.
    pub fn new(transport: Transport) -> ArrivalMeter {
        ArrivalMeter {
            transport,
            recent: VecDeque::new(),
            interarrival: InterarrivalMeter::default(),
            newest: None,
            distributions: Distributions::default(),
            series: Series::default(),
            frames: 0,
            bytes: 0,
            at_tick: (0, 0),
            missed: 0,
            missed_at_tick: 0,
            ticked: None,
        }
    }

    /// How many frames have arrived, and what brought the latest.
    pub fn latest(&self) -> (u64, Transport) {
        (self.frames, self.transport)
    }

    /// A frame has arrived whole.
    pub fn record(&mut self, arrival: &Arrival) {
        let header = arrival.frame.header();
        let bytes = arrival.frame.bytes().len() as u64;
        let number = header.frame;
        if let Some(before) = self.newest.replace(number) {
            let between = number.since(before).saturating_sub(1);
            self.missed.grow_by(u64::from(between));
        }
        if let Some(after) = self.interarrival.record(number, header.captured, arrival.whole) {
            self.distributions.gap_us.record(after.gap.as_micros());
            self.distributions.jitter_us.record(after.jitter_us);
        }
        self.distributions.size_bytes.record(bytes);
        self.transport = arrival.transport;
        self.frames.grow_by(1);
        self.bytes.grow_by(bytes);
        if self.recent.len() >= MAX_RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(Received {
            at: arrival.whole,
            bytes,
        });
    }

    /// How many frames did not get here since the first that did.
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// Ends a second: what happened in it. Delays are measured by the sending end.
    pub fn tick(&mut self, now: Time) -> Point {
        let since = self.ticked.replace(now).unwrap_or(now - SECOND);
        // Counted rather than looked up: more can happen in a second than is remembered.
        let more = |now: u64, before: &mut u64| now.saturating_sub(std::mem::replace(before, now));
        let frames = more(self.frames, &mut self.at_tick.0);
        let bytes = more(self.bytes, &mut self.at_tick.1);
        let drops = more(self.missed, &mut self.missed_at_tick);
        let point = Point {
            at: now,
            transport: self.transport,
            ack_p50_us: None,
            ack_p95_us: None,
            goodput_bps: Bitrate::of(bytes, now.since(since)).map_or(0, |rate| rate.0),
            frames: u32::try_from(frames).unwrap_or(u32::MAX),
            drops: u32::try_from(drops).unwrap_or(u32::MAX),
            retransmits: 0,
            queueing_us: None,
            target_bps: None,
        };
        let stretch = point.stretch(now.since(since), bytes, point.drops, None);
        self.series.push(stretch, &Distribution::default());
        point
    }

    /// The whole session, second by second lately and coarser the longer ago. Delays are measured by the sending end.
    pub fn series(&self) -> &Series {
        &self.series
    }

    /// How what has arrived is distributed; delays are measured by the sending end.
    pub fn distributions(&self) -> &Distributions {
        &self.distributions
    }

    /// What is counted at this end, with what the link's receiver has seen.
    pub fn counters(&self, seen: &ReceiverCounts) -> Counters {
        Counters::of_receiver(seen, self.missed)
    }

    /// The figures of the last [`WINDOW`].
    pub fn figures(&mut self, now: Time) -> Figures {
        while self
            .recent
            .front()
            .is_some_and(|received| received.at + WINDOW < now)
        {
            self.recent.pop_front();
        }
        let least = if self.recent.len() < MAX_RECENT {
            SECOND
        } else {
            Span::from_micros(1)
        };
        let observed = self.recent.front().map(|oldest| now.since(oldest.at).max(least));
        let last_second = self
            .recent
            .iter()
            .rev()
            .take_while(|received| received.at + SECOND > now);
        let last_bytes = last_second.map(|received| received.bytes).sum();
        Figures {
            transport: self.transport,
            jitter_us: observed
                .filter(|_| !self.distributions.jitter_us.is_empty())
                .map(|_| self.interarrival.jitter_us()),
            frames_per_s: observed.map(|observed| self.recent.len() as f64 / observed.as_secs_f64()),
            goodput_bps: observed
                .and_then(|observed| Bitrate::of(last_bytes, observed.min(SECOND)))
                .map(|rate| rate.0),
            frames: self.frames,
            drops: self.missed,
            ..Figures::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::StreamId;
    use crate::video::{Frame, FrameHeader};

    fn arrival(number: u32, captured_ms: u64, at_ms: u64) -> Arrival {
        let header = FrameHeader {
            stream: StreamId(1),
            frame: FrameNumber(number),
            length: 0,
            width: 8,
            height: 8,
            captured: Time::ZERO + Span::from_millis(captured_ms),
            encode_us: 0,
        };
        let at = Time::ZERO + Span::from_millis(at_ms);
        Arrival {
            frame: Frame::new(header, &[1; 968]).unwrap(),
            transport: Transport::Udp,
            first: at,
            whole: at,
            repaired: 0,
        }
    }

    #[test]
    fn steady_arrivals_have_no_jitter_however_far_apart_the_clocks_are() {
        let mut meter = ArrivalMeter::new(Transport::Tcp);
        for frame in 0..30 {
            meter.record(&arrival(
                frame,
                500_000 + u64::from(frame) * 33,
                100 + u64::from(frame) * 33,
            ));
        }
        let figures = meter.figures(Time::ZERO + Span::from_millis(1_060));
        assert_eq!(figures.jitter_us, Some(0));
        assert_eq!(figures.transport, Transport::Udp);
        assert_eq!(figures.frames_per_s, Some(30.0));
        meter.record(&arrival(30, 500_990, 1_106));
        assert_eq!(
            meter.figures(Time::ZERO + Span::from_millis(1_110)).jitter_us,
            Some(16_000 / 16)
        );
    }

    #[test]
    fn gaps_in_the_numbers_are_counted_in_their_second() {
        let mut meter = ArrivalMeter::new(Transport::Udp);
        meter.record(&arrival(u32::MAX, 0, 100));
        meter.record(&arrival(2, 33, 133));
        let point = meter.tick(Time::ZERO + Span::from_secs(1));
        assert_eq!((point.frames, point.drops, point.goodput_bps), (2, 2, 16_000));
        assert_eq!(meter.tick(Time::ZERO + Span::from_secs(2)).drops, 0);
    }

    #[test]
    fn arrivals_are_distributed_and_recorded_second_by_second() {
        let mut meter = ArrivalMeter::new(Transport::Udp);
        for frame in 0..60 {
            meter.record(&arrival(frame, u64::from(frame) * 50, 7 + u64::from(frame) * 50));
            if frame % 20 == 19 {
                meter.tick(Time::ZERO + Span::from_secs(u64::from(frame) / 20 + 1));
            }
        }
        let seen = meter.distributions();
        let gap = seen.gap_us.quantiles().unwrap();
        assert_eq!(
            (gap.count, gap.min, gap.p50, gap.max),
            (59, 50_000, 50_000, 50_000)
        );
        assert_eq!(seen.size_bytes.quantiles().unwrap().max, 1_000);
        assert!(seen.delay_us.is_empty(), "this end cannot know delays");
        let points = meter.series().points();
        assert_eq!(points.len(), 3);
        assert!(
            points
                .iter()
                .all(|point| point.frames == 20 && point.delay_p50_us.is_none())
        );
    }
}
