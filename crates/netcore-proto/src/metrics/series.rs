//! A whole session as a line: second by second lately, and coarser the longer ago.

use std::borrow::Cow;
use std::collections::VecDeque;

use serde::Serialize;

use super::{Distribution, Point};
use crate::ground::arithmetic::Grow;
use crate::ground::{Bitrate, Span, Time, Transport};

/// How long one point lasts, and how many such points are remembered: ten minutes of seconds, an hour of ten seconds, half a day
/// of minutes, a week of ten minutes, and a year of hours.
const TIERS: [(Span, usize); 5] = [
    (Span::from_secs(1), 600),
    (Span::from_secs(10), 360),
    (Span::from_secs(60), 720),
    (Span::from_secs(600), 1_008),
    (Span::from_secs(3_600), 8_784),
];

/// What happened on a link within a stretch of time: a second lately, more the longer ago it is.
///
/// Counts are sums, rates are over the whole stretch, and percentiles are those of all its frames together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SeriesPoint {
    /// The end of the stretch.
    #[serde(rename = "at_us")]
    pub at: Time,
    /// How long it is.
    #[serde(rename = "lasted_us")]
    pub lasted: Span,
    /// What carried the frames, at the end of the stretch.
    pub transport: Transport,
    /// Median delay from first byte out to acknowledgement, in microseconds; `None` when nothing was acknowledged.
    pub delay_p50_us: Option<u32>,
    /// 95th percentile of the same.
    pub delay_p95_us: Option<u32>,
    /// The longest.
    pub delay_max_us: Option<u32>,
    /// Bytes of frames that arrived.
    pub bytes: u64,
    /// Frames that arrived.
    pub frames: u32,
    /// Frames sent that did not arrive.
    pub lost: u32,
    /// Frames not sent.
    pub dropped: u32,
    /// Fragments sent again.
    pub resent: u32,
    /// How long what is sent waits in queues on the path, in microseconds: the mean over the stretch; `None` when unknown.
    pub queueing_us: Option<u32>,
    /// The longest of the same.
    pub queueing_max_us: Option<u32>,
    /// The bitrate that the rate control allows, in bits per second: the mean over the stretch; `None` when unknown.
    pub target_bps: Option<u64>,
}

impl SeriesPoint {
    /// Frame bytes that arrived, over the whole stretch.
    pub fn goodput(&self) -> Option<Bitrate> {
        Bitrate::of(self.bytes, self.lasted)
    }

    /// Frames that arrived each second, over the whole stretch.
    pub fn frames_per_s(&self) -> Option<f64> {
        (self.lasted > Span::ZERO).then(|| f64::from(self.frames) / self.lasted.as_secs_f64())
    }

    /// The share of the frames sent that did not arrive, in percent; `None` when none was sent.
    pub fn loss_pct(&self) -> Option<f64> {
        let sent = u64::from(self.frames).saturating_add(u64::from(self.lost));
        (sent > 0).then(|| f64::from(self.lost) * 100.0 / sent as f64)
    }
}

/// A link's history in bounded memory: fine for what is lately past, coarser for what is longer ago.
///
/// No percentile is ever made of percentiles: for the points being added up the delays themselves are remembered.
#[derive(Debug)]
pub struct Series {
    tiers: [Tier; TIERS.len()],
}

/// Points of one length, and the one being added up.
#[derive(Debug, Default)]
struct Tier {
    points: VecDeque<SeriesPoint>,
    sum: Option<Sum>,
}

#[derive(Debug)]
struct Sum {
    point: SeriesPoint,
    delays_us: Distribution,
    /// Means over time: microseconds × microseconds and bits per second × microseconds, and the time they are known for.
    queueing: (u128, u64),
    target: (u128, u64),
}

impl Default for Series {
    fn default() -> Series {
        Series {
            tiers: std::array::from_fn(|_| Tier::default()),
        }
    }
}

impl Series {
    /// A second has passed: what happened in it, and its frames' delays in microseconds.
    pub(super) fn push(&mut self, second: SeriesPoint, delays_us: &Distribution) {
        let [(_, most), coarser_tiers @ ..] = TIERS;
        let [seconds, coarser @ ..] = &mut self.tiers;
        seconds.keep(second, most);
        let (mut finer, mut finer_delays) = (second, Cow::Borrowed(delays_us));
        for (tier, (length, most)) in coarser.iter_mut().zip(coarser_tiers) {
            let Some((point, delays)) = tier.add(finer, &finer_delays, length) else {
                return;
            };
            tier.keep(point, most);
            (finer, finer_delays) = (point, Cow::Owned(delays));
        }
    }

    /// Everything that is remembered, oldest first, without gaps or overlaps.
    pub fn points(&self) -> Vec<SeriesPoint> {
        let begin = |point: &SeriesPoint| point.at - point.lasted;
        let mut points: VecDeque<SeriesPoint> = VecDeque::new();
        for tier in &self.tiers {
            let known_from = points.front().map(begin);
            let older: Vec<SeriesPoint> = tier
                .points
                .iter()
                .filter(|point| known_from.is_none_or(|from| begin(point) < from))
                .copied()
                .collect();
            // Where a coarse point reaches into what is finely known, it stands for that too.
            let until = older.last().map_or(Time::ZERO, |point| point.at);
            while points.front().is_some_and(|fine| fine.at <= until) {
                points.pop_front();
            }
            older.into_iter().rev().for_each(|point| points.push_front(point));
        }
        points.into()
    }

    /// Bytes it takes on the heap at present.
    pub fn heap_bytes(&self) -> usize {
        let of_tier = |tier: &Tier| {
            let sum = tier.sum.as_ref().map_or(0, |sum| sum.delays_us.heap_bytes());
            let points = tier.points.capacity().saturating_mul(size_of::<SeriesPoint>());
            points.saturating_add(sum)
        };
        self.tiers.iter().map(of_tier).sum()
    }
}

impl Tier {
    /// Notes a point of this length; the oldest goes when there are more than `most`.
    fn keep(&mut self, point: SeriesPoint, most: usize) {
        self.points.push_back(point);
        if self.points.len() > most {
            self.points.pop_front();
        }
    }

    /// Adds a finer point. Returns a point when it is as long as points are here, with its delays.
    fn add(
        &mut self,
        finer: SeriesPoint,
        delays_us: &Distribution,
        length: Span,
    ) -> Option<(SeriesPoint, Distribution)> {
        let sum = self.sum.get_or_insert_with(|| Sum::new(&finer));
        sum.add(&finer, delays_us);
        if sum.point.lasted < length {
            return None;
        }
        self.sum.take().map(Sum::finish)
    }
}

impl Sum {
    fn new(first: &SeriesPoint) -> Sum {
        Sum {
            point: SeriesPoint {
                lasted: Span::ZERO,
                bytes: 0,
                frames: 0,
                lost: 0,
                dropped: 0,
                resent: 0,
                queueing_max_us: None,
                ..*first
            },
            delays_us: Distribution::default(),
            queueing: (0, 0),
            target: (0, 0),
        }
    }

    fn add(&mut self, finer: &SeriesPoint, delays_us: &Distribution) {
        let point = &mut self.point;
        self.delays_us.merge(delays_us);
        let weigh = |mean: &mut (u128, u64), value: Option<u64>| {
            if let Some(value) = value {
                let weight = finer.lasted.as_micros();
                let weighed = u128::from(value).saturating_mul(u128::from(weight));
                mean.0 = mean.0.saturating_add(weighed);
                mean.1.grow_by(weight);
            }
            mean.0.checked_div(u128::from(mean.1)).map(|mean| mean as u64)
        };
        *point = SeriesPoint {
            at: finer.at,
            lasted: point.lasted + finer.lasted,
            transport: finer.transport,
            bytes: point.bytes.saturating_add(finer.bytes),
            frames: point.frames.saturating_add(finer.frames),
            lost: point.lost.saturating_add(finer.lost),
            dropped: point.dropped.saturating_add(finer.dropped),
            resent: point.resent.saturating_add(finer.resent),
            queueing_us: micros(weigh(&mut self.queueing, finer.queueing_us.map(u64::from))),
            queueing_max_us: point.queueing_max_us.max(finer.queueing_max_us),
            target_bps: weigh(&mut self.target, finer.target_bps),
            ..*point
        };
    }

    fn finish(self) -> (SeriesPoint, Distribution) {
        let point = SeriesPoint {
            delay_p50_us: micros(self.delays_us.quantile(0.5)),
            delay_p95_us: micros(self.delays_us.quantile(0.95)),
            delay_max_us: micros(self.delays_us.max()),
            ..self.point
        };
        (point, self.delays_us)
    }
}

/// Microseconds in 32 bits, for something that lasts an hour at most.
pub(super) fn micros(us: Option<u64>) -> Option<u32> {
    us.map(|us| u32::try_from(us).unwrap_or(u32::MAX))
}

impl Point {
    /// The same as a stretch of a series.
    pub(super) fn stretch(
        &self,
        lasted: Span,
        bytes: u64,
        lost: u32,
        delay_max_us: Option<u64>,
    ) -> SeriesPoint {
        SeriesPoint {
            at: self.at,
            lasted,
            transport: self.transport,
            delay_p50_us: micros(self.ack_p50_us),
            delay_p95_us: micros(self.ack_p95_us),
            delay_max_us: micros(delay_max_us),
            bytes,
            frames: self.frames,
            lost,
            dropped: self.drops.saturating_sub(lost),
            resent: self.retransmits,
            queueing_us: micros(self.queueing_us),
            queueing_max_us: micros(self.queueing_us),
            target_bps: self.target_bps,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A link's history takes fewer bytes than these after a week.
    const WEEK_BYTES: usize = 400_000;
    const WEEK_S: u64 = 7 * 24 * 3_600;

    fn second(at_s: u64, frames: u32, delay_us: Option<u32>) -> SeriesPoint {
        SeriesPoint {
            at: Time::ZERO + Span::from_secs(at_s),
            lasted: Span::from_secs(1),
            transport: Transport::Udp,
            delay_p50_us: delay_us,
            delay_p95_us: delay_us,
            delay_max_us: delay_us,
            bytes: u64::from(frames) * 1_000,
            frames,
            lost: 1,
            dropped: 2,
            resent: 3,
            queueing_us: None,
            queueing_max_us: None,
            target_bps: None,
        }
    }

    fn delays(values: &[u64]) -> Distribution {
        let mut delays = Distribution::default();
        values.iter().for_each(|value| delays.record(*value));
        delays
    }

    /// Every one of so many seconds with 30 frames each, once, the older the coarser.
    fn is_all_there(points: &[SeriesPoint], seconds: u64) {
        let frames: u64 = points.iter().map(|point| u64::from(point.frames)).sum();
        assert_eq!(frames, 30 * seconds, "no second is lost or counted twice");
        for pair in points.windows(2) {
            assert_eq!(
                pair[0].at,
                pair[1].at - pair[1].lasted,
                "each begins where the one before ends"
            );
            assert!(pair[0].lasted >= pair[1].lasted, "what is older is coarser");
        }
    }

    #[test]
    fn a_week_stays_small_and_is_all_there() {
        let mut series = Series::default();
        let some = delays(&[900, 1_100, 40_000]);
        let none = Distribution::default();
        for at in 1..=WEEK_S {
            let is_busy = at % 50 == 0;
            let point = second(at, 30, is_busy.then_some(1_100));
            series.push(point, if is_busy { &some } else { &none });
            // At odd moments, too, when a coarse point reaches into what is finely known.
            if at % 43_201 == 0 || at == WEEK_S {
                is_all_there(&series.points(), at);
            }
        }
        assert!(series.heap_bytes() < WEEK_BYTES, "{} bytes", series.heap_bytes());
        let points = series.points();
        let lately = points
            .iter()
            .filter(|point| point.lasted == Span::from_secs(1))
            .count();
        assert!((590..=600).contains(&lately), "{lately} single seconds");
        assert!(points.iter().all(|point| point.frames_per_s() == Some(30.0)));
    }

    #[test]
    fn percentiles_of_a_longer_stretch_are_those_of_all_its_frames() {
        let mut series = Series::default();
        // One second of very many quick frames, nine of one slow frame each: the median of medians would be slow.
        let quick = delays(&[1_000; 1_000]);
        let slow = delays(&[90_000]);
        for at in 1..=1_000 {
            let is_quick = at % 10 == 1;
            let point = second(at, 1, Some(if is_quick { 1_000 } else { 90_000 }));
            series.push(point, if is_quick { &quick } else { &slow });
        }
        let oldest = series.points()[0];
        assert_eq!(oldest.lasted, Span::from_secs(10));
        assert!(
            (1_000..1_010).contains(&oldest.delay_p50_us.unwrap()),
            "{oldest:?}"
        );
        assert!(
            (1_000..1_010).contains(&oldest.delay_p95_us.unwrap()),
            "{oldest:?}"
        );
        assert_eq!(oldest.delay_max_us, Some(90_000));
        assert_eq!((oldest.lost, oldest.dropped, oldest.resent), (10, 20, 30));
    }

    #[test]
    fn rates_are_averaged_by_time_over_what_is_known() {
        let mut series = Series::default();
        for at in 1..=700_u64 {
            let point = SeriesPoint {
                // The rate control knows nothing for the first half of each ten seconds.
                target_bps: (at % 10 > 5).then_some(1_000 * (at % 10)),
                queueing_us: Some(u32::from(at % 10 == 0) * 500),
                queueing_max_us: Some(u32::from(at % 10 == 0) * 500),
                ..second(at, 10, None)
            };
            series.push(point, &Distribution::default());
        }
        let oldest = series.points()[0];
        assert_eq!(oldest.goodput(), Some(Bitrate(80_000)));
        assert_eq!(oldest.target_bps, Some(7_500));
        assert_eq!(
            (oldest.queueing_us, oldest.queueing_max_us),
            (Some(50), Some(500))
        );
        assert_eq!(oldest.delay_p50_us, None, "nothing was acknowledged");
        assert!((oldest.loss_pct().unwrap() - 100.0 / 11.0).abs() < 1e-9);
    }

    #[test]
    fn a_long_second_counts_as_long_as_it_was() {
        let mut series = Series::default();
        series.push(second(1, 30, None), &Distribution::default());
        // The computer slept for a minute.
        let slept = SeriesPoint {
            lasted: Span::from_secs(60),
            ..second(61, 30, None)
        };
        series.push(slept, &Distribution::default());
        let rates: Vec<_> = series
            .points()
            .iter()
            .map(|point| point.frames_per_s().unwrap())
            .collect();
        assert_eq!(rates, [30.0, 0.5]);
    }
}
