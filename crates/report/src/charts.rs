//! The charts of a report, as SVG. Their colours are names for the page's style sheet, which gives each its value on light
//! and on dark ground.

use std::error::Error;

use netcore::proto::metrics::SeriesPoint;
use netcore::proto::video::FrameResult;
use plotters::coord::Shift;
use plotters::coord::ranged1d::{Ranged, ValueFormatter};
use plotters::prelude::*;

use crate::language::Language;
use crate::measured::Measured;
use crate::measurement::Measurement;

/// In the SVG's own units; the page scales it.
const SIZE: (u32, u32) = (860, 340);
/// Axes and their words.
const INK: RGBColor = RGBColor(0x10, 0x10, 0x10);
const GRID: RGBColor = RGBColor(0xE0, 0xE0, 0xE0);
/// What a theory says.
const THEORY: RGBColor = RGBColor(0x77, 0x77, 0x77);
/// One for each trial, in turn.
const TRIALS: [RGBColor; 8] = [
    RGBColor(0x1F, 0x66, 0xB3),
    RGBColor(0xB8, 0x3E, 0x8C),
    RGBColor(0x1B, 0x86, 0x5A),
    RGBColor(0xC2, 0x5A, 0x10),
    RGBColor(0x6A, 0x4F, 0xC0),
    RGBColor(0x8A, 0x6D, 0x00),
    RGBColor(0x0A, 0x83, 0x94),
    RGBColor(0xC0, 0x3A, 0x3A),
];
/// The most stretches that a chart can show without being a tangle.
pub(super) const MAX_SHOWN: usize = 16;
/// The most dots a trial has in the frame-by-frame chart.
const MAX_DOTS: usize = 1_000;

type Drawing = Result<(), Box<dyn Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// The colour of the trial with this place, as it stands in the SVG.
pub(super) fn colour_of(place: usize) -> String {
    let RGBColor(red, green, blue) = TRIALS[place % TRIALS.len()];
    format!("#{red:02X}{green:02X}{blue:02X}")
}

/// How many colours trials have.
pub(super) const COLOURS: usize = TRIALS.len();

/// The charts of a measurement, with axes in one language.
pub(super) struct Charts<'a> {
    pub(super) measurement: &'a Measurement,
    pub(super) language: Language,
}

impl Charts<'_> {
    /// Median and 95th percentile of the delay, second by second, over all trials. `None` when nothing was acknowledged.
    pub(super) fn delay_over_time(&self) -> Option<String> {
        let measurement = self.measurement;
        let of = |value: fn(&SeriesPoint) -> Option<u32>| {
            lines(measurement, move |_, point| {
                value(point).map(|us| f64::from(us) / 1e3)
            })
        };
        let (medians, tails) = (of(|point| point.delay_p50_us), of(|point| point.delay_p95_us));
        let delays = medians.iter().chain(&tails).flatten().map(|(_, ms)| *ms);
        let range = log_range(delays)?;
        draw(|area| {
            let mut chart =
                builder(area).build_cartesian_2d(0.0..measurement.end_s(), (range.0..range.1).log_scale())?;
            mesh(&mut chart, self.since(), self.delay(), &number)?;
            for (place, (medians, tails)) in medians.iter().zip(&tails).enumerate() {
                let colour = TRIALS[place % COLOURS];
                chart.draw_series(LineSeries::new(medians.iter().copied(), colour.stroke_width(2)))?;
                chart.draw_series(dashed(tails, colour))?;
                chart.draw_series(medians.iter().map(|at| Circle::new(*at, 2, colour.filled())))?;
            }
            Ok(())
        })
    }

    /// Goodput second by second over all trials, and the bitrate that the rate control allows where it is known.
    pub(super) fn rate_over_time(&self) -> Option<String> {
        let measurement = self.measurement;
        let goodput = lines(measurement, |_, point| {
            point.goodput().map(|rate| rate.0 as f64 / 1e6)
        });
        let target = lines(measurement, |_, point| {
            point.target_bps.map(|rate| rate as f64 / 1e6)
        });
        // An allowance far above what is sent would press everything else to the ground.
        let most = goodput
            .iter()
            .flatten()
            .map(|(_, rate)| *rate)
            .fold(0.0, f64::max)
            * 1.5;
        if most <= 0.0 {
            return None;
        }
        draw(|area| {
            let mut chart = builder(area).build_cartesian_2d(0.0..measurement.end_s(), 0.0..most)?;
            mesh(
                &mut chart,
                self.since(),
                self.language.of("goodput, Mbit/s", "有效吞吐，Mbit/s"),
                &number,
            )?;
            for (place, (goodput, target)) in goodput.iter().zip(&target).enumerate() {
                let colour = TRIALS[place % COLOURS];
                chart.draw_series(LineSeries::new(goodput.iter().copied(), colour.stroke_width(2)))?;
                chart.draw_series(goodput.iter().map(|at| Circle::new(*at, 2, colour.filled())))?;
                let shown: Vec<_> = target.iter().copied().filter(|(_, rate)| *rate <= most).collect();
                chart.draw_series(dashed(&shown, colour))?;
            }
            Ok(())
        })
    }

    /// The share of the frames that took no longer than so long. `None` when nothing was acknowledged.
    pub(super) fn delay_shares(&self) -> Option<String> {
        let measurement = self.measurement;
        let shares: Vec<Vec<(f64, f64)>> = shown(measurement).iter().map(shares).collect();
        let range = log_range(shares.iter().flatten().map(|(ms, _)| *ms))?;
        draw(|area| {
            let mut chart = builder(area).build_cartesian_2d((range.0..range.1).log_scale(), 0.0..100.0)?;
            mesh(
                &mut chart,
                self.delay(),
                self.language
                    .of("% of the frames took no longer", "用时不超过此值的帧，%"),
                &number,
            )?;
            for (place, shares) in shares.iter().enumerate() {
                let colour = TRIALS[place % COLOURS];
                chart.draw_series(LineSeries::new(shares.iter().copied(), colour.stroke_width(2)))?;
            }
            Ok(())
        })
    }

    /// Every frame's delay at the moment it was offered; those that did not arrive stand at the top edge.
    pub(super) fn frame_by_frame(&self) -> Option<String> {
        let measurement = self.measurement;
        let dots: Vec<Vec<(f64, f64)>> = shown(measurement).iter().map(dots).collect();
        let range = log_range(dots.iter().flatten().map(|(_, ms)| *ms))?;
        draw(|area| {
            let mut chart =
                builder(area).build_cartesian_2d(0.0..measurement.end_s(), (range.0..range.1).log_scale())?;
            mesh(&mut chart, self.since(), self.delay(), &number)?;
            for (place, (trial, dots)) in shown(measurement).iter().zip(&dots).enumerate() {
                let colour = TRIALS[place % COLOURS];
                let radius = if dots.len() > MAX_DOTS / 2 { 1 } else { 2 };
                chart.draw_series(dots.iter().map(|at| Circle::new(*at, radius, colour.filled())))?;
                let missing: Vec<&FrameResult> = trial
                    .results
                    .iter()
                    .filter(|result| Measured::is_missing(result))
                    .collect();
                let step = missing.len().div_ceil(MAX_DOTS).max(1);
                let crosses = missing
                    .iter()
                    .step_by(step)
                    .map(|result| (trial.at_s(result), range.1));
                chart.draw_series(crosses.map(|at| Cross::new(at, 3, colour.stroke_width(1))))?;
            }
            Ok(())
        })
    }

    /// What stop-and-wait reaches in theory over the frame's size, and what was measured: filled the rate that one frame's delay
    /// shows, hollow the goodput that was reached. `None` when no round trip is known.
    pub(super) fn theory(&self) -> Option<String> {
        let measurement = self.measurement;
        let trials = shown(measurement);
        let size = |trial: &Measured| Some(trial.size_bytes?.mean);
        let largest = trials.iter().filter_map(size).fold(0.0, f64::max) * 2.0;
        if largest <= 0.0 || measurement.round_trip_us.is_none() {
            return None;
        }
        let line: Vec<(f64, f64)> = (1..=120)
            .map(|step| largest * f64::from(step) / 120.0)
            .filter_map(|bytes| Some((bytes / 1e3, measurement.stop_and_wait_bps(bytes)? as f64 / 1e6)))
            .collect();
        let megabits = |rate: Option<u64>| rate.map(|rate| rate as f64 / 1e6);
        let measured: Vec<_> = trials
            .iter()
            .map(|trial| {
                (
                    size(trial).map(|bytes| bytes / 1e3),
                    megabits(trial.row.classic_rate_bps),
                    megabits(trial.row.goodput_bps),
                )
            })
            .collect();
        let rates = measured
            .iter()
            .flat_map(|(_, classic, goodput)| [*classic, *goodput])
            .flatten();
        let range = log_range(rates.chain(line.iter().map(|(_, rate)| *rate)))?;
        draw(|area| {
            let mut chart =
                builder(area).build_cartesian_2d(0.0..largest / 1e3, (range.0..range.1).log_scale())?;
            mesh(
                &mut chart,
                self.language.of("bytes of a frame, kB", "一帧的大小，kB"),
                "Mbit/s",
                &number,
            )?;
            chart.draw_series(LineSeries::new(line.iter().copied(), THEORY.stroke_width(2)))?;
            for (place, (kilobytes, classic, goodput)) in measured.iter().enumerate() {
                let colour = TRIALS[place % COLOURS];
                let Some(kilobytes) = kilobytes else { continue };
                chart.draw_series(classic.map(|rate| Circle::new((*kilobytes, rate), 5, colour.filled())))?;
                chart.draw_series(
                    goodput.map(|rate| Circle::new((*kilobytes, rate), 5, colour.stroke_width(2))),
                )?;
            }
            Ok(())
        })
    }

    /// What the time on an axis is.
    fn since(&self) -> &'static str {
        self.language
            .of("s since the first of them began", "自第一项开始起的秒数")
    }

    fn delay(&self) -> &'static str {
        self.language.of("delay, ms", "延迟，ms")
    }
}

/// The stretches that charts show.
pub(super) fn shown(measurement: &Measurement) -> &[Measured] {
    let trials = &measurement.trials;
    &trials[..trials.len().min(MAX_SHOWN)]
}

/// A value of each point of each trial where it is known, over the time.
fn lines(
    measurement: &Measurement,
    value: impl Fn(&Measured, &SeriesPoint) -> Option<f64>,
) -> Vec<Vec<(f64, f64)>> {
    let of_trial = |trial: &Measured| {
        let points = trial.series.iter();
        points
            .filter_map(|point| Some((trial.point_at_s(point), value(trial, point)?)))
            .collect()
    };
    shown(measurement).iter().map(of_trial).collect()
}

fn shares(trial: &Measured) -> Vec<(f64, f64)> {
    let all: u64 = trial.delay_buckets.iter().map(|bucket| bucket.count).sum();
    let mut so_far = 0;
    let share = |bucket: &netcore::proto::metrics::Bucket| {
        so_far += bucket.count;
        (
            bucket.up_to.max(1) as f64 / 1e3,
            so_far as f64 * 100.0 / all as f64,
        )
    };
    trial.delay_buckets.iter().map(share).collect()
}

/// A trial's frames, thinned out evenly where there are very many; of each stretch the longest delay stays.
fn dots(trial: &Measured) -> Vec<(f64, f64)> {
    let all: Vec<(f64, f64)> = trial
        .results
        .iter()
        .filter_map(|result| {
            Some((
                trial.at_s(result),
                result.delay()?.as_micros().max(1) as f64 / 1e3,
            ))
        })
        .collect();
    let longest = |stretch: &[(f64, f64)]| stretch.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1));
    // Half the dots are the longest delays, half are what came along.
    let step = all.len().div_ceil(MAX_DOTS / 2).max(1);
    if step == 1 {
        return all;
    }
    all.chunks(step)
        .flat_map(|stretch| [stretch.first().copied(), longest(stretch)])
        .flatten()
        .collect()
}

/// Powers of ten around the values, or `None` when there are none.
fn log_range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
    for value in values.filter(|value| *value > 0.0) {
        least = least.min(value);
        most = most.max(value);
    }
    (most > 0.0).then(|| {
        let low = 10_f64.powf(least.log10().floor());
        let high = 10_f64.powf(most.log10().ceil());
        (low, if high > low { high } else { low * 10.0 })
    })
}

fn draw(fill: impl FnOnce(&Area<'_>) -> Drawing) -> Option<String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        if let Err(error) = fill(&area).and_then(|()| Ok(area.present()?)) {
            tracing::error!(%error, "a chart that cannot be drawn");
            return None;
        }
    }
    Some(svg)
}

fn builder<'a, 'b>(area: &'a Area<'b>) -> ChartBuilder<'a, 'b, SVGBackend<'b>> {
    let mut builder = ChartBuilder::on(area);
    builder.margin(8).x_label_area_size(42).y_label_area_size(64);
    builder
}

fn mesh<X, Y>(
    chart: &mut ChartContext<'_, SVGBackend<'_>, Cartesian2d<X, Y>>,
    across: &str,
    up: &str,
    number: &dyn Fn(&f64) -> String,
) -> Drawing
where
    X: Ranged<ValueType = f64> + ValueFormatter<f64>,
    Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let words = |size: u32| ("sans-serif", size).into_font().color(&INK);
    chart
        .configure_mesh()
        .axis_style(INK.mix(0.4))
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .label_style(words(13))
        .axis_desc_style(words(14))
        .x_desc(across)
        .y_desc(up)
        .x_label_formatter(number)
        .y_label_formatter(number)
        .draw()?;
    Ok(())
}

/// A number without needless zeros.
fn number(value: &f64) -> String {
    let rounded = format!("{value:.3}");
    rounded.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn dashed(points: &[(f64, f64)], colour: RGBColor) -> DashedLineSeries<std::vec::IntoIter<(f64, f64)>, u32> {
    DashedLineSeries::new(points.to_vec(), 5, 4, colour.stroke_width(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_of_powers_of_ten_holds_every_value() {
        assert_eq!(log_range([0.2, 35.0].into_iter()), Some((0.1, 100.0)));
        assert_eq!(log_range([1.0].into_iter()), Some((1.0, 10.0)));
        assert_eq!(log_range(std::iter::empty()), None);
    }

    #[test]
    fn numbers_are_as_short_as_they_can_be() {
        assert_eq!([0.1, 10.0, 0.0].map(|value| number(&value)), ["0.1", "10", "0"]);
    }
}
