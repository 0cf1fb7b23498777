//! The tables of a report.

use maud::{Markup, html};
use netcore::proto::metrics::{Count, Quantiles};

use super::{bytes, key, known, rate, span, trials, unknown};
use crate::measured::Measured;
use crate::measurement::{Measurement, Origin};

pub(super) fn side_by_side(measurement: &Measurement) -> Markup {
    html! {
        div.wide { table {
            tr {
                th { "" } th { "frames" } th { "lost" } th { "not sent" } th { "frames/s" } th { "goodput" }
                th { "delay p50" } th { "p95" } th { "p99" } th { "max" } th { "classic rate" } th { "stop-and-wait in theory" } th { "file beside" }
            }
            @for (place, trial) in trials(measurement) {
                @let row = &trial.row;
                tr {
                    td { (key(place)) (trial.name) }
                    td { (row.frames) } td { (row.lost) } td { (row.dropped) }
                    td { (known(row.frames_per_s.map(|rate| format!("{rate:.1}")))) }
                    td { (known(row.goodput_bps.map(rate))) }
                    td { (known(row.ack_p50_us.map(span))) }
                    td { (known(row.ack_p95_us.map(span))) }
                    td { (known(row.ack_p99_us.map(span))) }
                    td { (known(row.ack_max_us.map(span))) }
                    td { (known(row.classic_rate_bps.map(rate))) }
                    td { (known(trial.stop_and_wait_bps.map(rate))) }
                    td {
                        @match trial.file.and_then(|file| file.bits_per_s()) {
                            Some(bps) => (rate(bps as u64)),
                            None => "none",
                        }
                    }
                }
            }
        } }
        @if measurement.trials.iter().any(|trial| trial.with_file) { (before_and_during(measurement)) }
    }
}

/// What a download does to the call.
fn before_and_during(measurement: &Measurement) -> Markup {
    let pairs = measurement
        .trials
        .iter()
        .filter(|trial| trial.with_file)
        .filter_map(|during| {
            let is_pair = |before: &&Measured| {
                !before.with_file && before.way == during.way && before.row.transport == during.row.transport
            };
            Some((measurement.trials.iter().find(is_pair)?, during))
        });
    html! {
        p { strong { "What a download does to the call: " }
            @for (before, during) in pairs {
                (before.name) ": p95 of the delay " (known(before.row.ack_p95_us.map(span))) " alone, "
                (known(during.row.ack_p95_us.map(span))) " with a file; "
                (known(before.row.frames_per_s.map(|rate| format!("{rate:.1}")))) " frames/s alone, "
                (known(during.row.frames_per_s.map(|rate| format!("{rate:.1}")))) " with it. "
            }
        }
    }
}

pub(super) fn counts(measurement: &Measurement) -> Markup {
    html! {
        @if measurement.about.setup.as_ref().is_some_and(|setup| setup.full_speed) {
            p.faint {
                "At full speed a frame more than there is room for is offered now and then, so that a window can open; it \
                takes another one's place, which is then not sent."
            }
        }
        div.wide { table {
            tr { th { "" } @for (place, trial) in trials(measurement) { th { (key(place)) (trial.name) } } }
            @for count in Count::ALL {
                tr {
                    td { (count.meaning()) }
                    @for trial in &measurement.trials { td { (known(trial.counters.get(count).map(|value| value.to_string()))) } }
                }
            }
        } }
    }
}

pub(super) fn distributions(measurement: &Measurement) -> Markup {
    type Pick = fn(&Measured) -> Option<Quantiles>;
    type Words = fn(u64) -> String;
    let figures: [(&str, Pick, Words); 4] = [
        ("delay", |trial| trial.delay_us, span),
        ("jitter", |trial| trial.jitter_us, span),
        ("gap between frames", |trial| trial.gap_us, span),
        ("frame size", |trial| trial.size_bytes, bytes),
    ];
    html! {
        div.wide { table {
            tr { th { "" } th { "of" } th { "min" } th { "p50" } th { "p90" } th { "p95" } th { "p99" } th { "p99.9" } th { "max" } }
            @for (name, pick, words) in figures {
                @for (place, trial) in trials(measurement) {
                    tr {
                        td { (key(place)) (name) " · " (trial.name) }
                        @match pick(trial) {
                            Some(told) => {
                                td { (told.count) }
                                @for value in [told.min, told.p50, told.p90, told.p95, told.p99, told.p999, told.max] {
                                    td { (words(value)) }
                                }
                            }
                            None => { @for _ in 0..8 { td { (unknown()) } } }
                        }
                    }
                }
            }
        } }
        p.faint { "Percentiles are right to 1 %; the least and the largest are exact." }
    }
}

pub(super) fn parts(measurement: &Measurement) -> Markup {
    let Some(first) = measurement.trials.first() else {
        return html! {};
    };
    html! {
        div.wide { table {
            tr { th { "median" } @for (place, trial) in trials(measurement) { th { (key(place)) (trial.name) } } }
            @for (at, part) in first.parts.iter().enumerate() {
                tr {
                    td { (part.name) }
                    @for trial in &measurement.trials {
                        td {
                            (known(trial.parts[at].median_us.map(span)))
                            @if let Some(error) = trial.parts[at].error_us { span.faint { " ± " (span(error)) } }
                        }
                    }
                }
            }
        } }
        p.faint {
            "Of the latest frames of each trial. Parts between two computers relate their clocks by repeated exchanges; ± is how \
            wrong that may be."
        }
    }
}

pub(super) fn system(measurement: &Measurement) -> Markup {
    type Pick = fn(&Measured) -> Option<String>;
    let rows: [(&str, Pick); 10] = [
        ("shortest round trip of the control connection", |trial| {
            trial.round_trip_us.map(span)
        }),
        ("rate at which frames' bytes come apart on the way", |trial| {
            trial.way_bps.map(rate)
        }),
        ("bytes of a full datagram", |trial| {
            trial.system.datagram_bytes.map(|size| size.to_string())
        }),
        ("socket buffer granted for datagrams", |trial| {
            trial.system.receive_buffer_bytes.map(|size| bytes(size.into()))
        }),
        ("TCP: smoothed round trip", |trial| {
            trial.system.tcp_round_trip_us.map(span)
        }),
        ("TCP: shortest round trip", |trial| {
            trial.system.tcp_least_round_trip_us.map(span)
        }),
        ("TCP: congestion window", |trial| {
            trial.system.tcp_window_bytes.map(bytes)
        }),
        ("TCP: sent again", |trial| {
            trial.system.tcp_retransmitted_bytes.map(bytes)
        }),
        ("TCP: delivery rate", |trial| {
            trial.system.tcp_delivery_rate_bps.map(rate)
        }),
        ("TCP: bytes of a full segment", |trial| {
            trial.system.tcp_segment_bytes.map(|size| size.to_string())
        }),
    ];
    html! {
        div.wide { table {
            tr { th { "" } @for (place, trial) in trials(measurement) { th { (key(place)) (trial.name) } } }
            @for (name, pick) in rows {
                tr { td { (name) } @for trial in &measurement.trials { td { (known(pick(trial))) } } }
            }
        } }
    }
}

pub(super) fn machine(measurement: &Measurement) -> Markup {
    let machine = &measurement.machine;
    html! {
        dl {
            dt { "system" } dd { (machine.system) }
            dt { "kernel" } dd { (known(machine.kernel.clone())) }
            dt { "processor" } dd { (known(machine.processor.clone())) ", " (known(machine.cores.map(|cores| cores.to_string()))) " threads, " (machine.architecture) }
            dt { "program" } dd { (measurement.program) @if !machine.optimised { ", built without optimisation: faster ones are" } }
            @if let Origin::Terminal { command_line } = &measurement.about.origin {
                dt { "command line" } dd { code { (command_line) } }
            }
        }
        @match measurement.about.origin {
            Origin::Terminal { .. } => p.faint { "Beside this page: report.json has every figure, frames.csv and frames.jsonl every frame, seconds.csv every second." }
            Origin::Window => p.faint { "Saved from the window. CSV and JSON, saved there too, have the figures for other programs." }
        }
    }
}
