//! The report as one page that needs nothing but itself: a table, charts, and what was measured how.

use std::fmt::Write as _;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use netcore::proto::metrics::{Count, Quantiles};
use netcore::proto::{Bitrate, Span};

use super::charts;
use super::report::Measurement;
use super::trial::Measured;
use crate::output::bytes;

/// What stands for a figure that is not known.
const UNKNOWN: &str = "unknown";

const STYLE: &str = "\
:root{color-scheme:light dark;--ground:#fcfcfb;--card:#fff;--ink:#1d2126;--faint:#5c6570;--line:#dfe3e8;--theory:#777}
@media(prefers-color-scheme:dark){:root{--ground:#15181c;--card:#1d2126;--ink:#e8ebef;--faint:#9aa5b1;--line:#343b44;--theory:#9a9a9a}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1120px;margin:0 auto;padding:24px 20px 60px}
h1{font-size:26px;margin:0 0 4px}h2{font-size:19px;margin:36px 0 6px}
p{max-width:75ch}.faint,figcaption,dt{color:var(--faint)}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;background:var(--card)}
table{font-size:13.5px}th,td{padding:5px 9px;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th{font-weight:600;color:var(--faint);white-space:normal;vertical-align:bottom}th:first-child,td:first-child{text-align:left}
td.words{text-align:left;white-space:normal}
.unknown{color:var(--faint);font-style:italic}
figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:10px}
svg{width:100%;height:auto;display:block}
.key{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:7px;vertical-align:baseline}
.keys{display:flex;flex-wrap:wrap;gap:4px 18px;margin:6px 0;padding:0;list-style:none}
dl{display:grid;grid-template-columns:max-content 1fr;gap:3px 18px;margin:0}dd{margin:0;overflow-wrap:anywhere}
svg text{fill:var(--ink)}
svg [stroke='#101010']{stroke:var(--ink)}svg [stroke='#E0E0E0']{stroke:var(--line)}svg [stroke='#777777']{stroke:var(--theory)}
";

/// The trials' colours on dark ground, in their order.
const ON_DARK: [&str; charts::COLOURS] = [
    "#6aaef2", "#e58cc4", "#5fc79a", "#f0995a", "#ab97f2", "#d9bd4f", "#57c7d6", "#f08a8a",
];

/// The whole page.
pub(super) fn render(measurement: &Measurement) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Roomwire: measured to " (measurement.address) }
                style { (PreEscaped(style())) }
            }
            body { main {
                h1 { "What the way to " (measurement.address) " can do" }
                p.faint { (when(measurement.at_unix_ms)) " · " (measurement.program) " · " (measurement.machine.name) }
                (what_was_measured(measurement))
                h2 { "Side by side" }
                (table(measurement))
                (chart_sections(measurement))
                h2 { "What became of the frames" }
                (counts(measurement))
                h2 { "How the figures are distributed" }
                (distributions(measurement))
                h2 { "Where the time goes" }
                (parts(measurement))
                h2 { "What the system tells" }
                (system(measurement))
                h2 { "Machine and options" }
                (machine(measurement))
            } }
        }
    };
    page.into_string()
}

fn style() -> String {
    let mut style = STYLE.to_owned();
    let rule = |style: &mut String, name: &str, value: &str| {
        let _ = write!(
            style,
            "svg [fill='{name}']{{fill:{value}}}svg [stroke='{name}']{{stroke:{value}}}"
        );
    };
    for (place, value) in ON_DARK.iter().enumerate() {
        let name = charts::colour_of(place);
        let _ = write!(style, ":root{{--trial-{place}:{name}}}");
        let _ = writeln!(
            style,
            "@media(prefers-color-scheme:dark){{:root{{--trial-{place}:{value}}}}}"
        );
        rule(&mut style, &name, &format!("var(--trial-{place})"));
    }
    style
}

fn what_was_measured(measurement: &Measurement) -> Markup {
    let pace = match (measurement.full_speed, measurement.rate) {
        (true, _) => "each offered as soon as there was room for it".to_owned(),
        (false, Some(rate)) => format!("{rate} a second"),
        (false, None) => "as often as the source gives one".to_owned(),
    };
    html! {
        p {
            "Frames of " (measurement.source) " at " (measurement.width) "×" (measurement.height) ", JPEG quality "
            (measurement.quality) ", " (pace) ", for " (measurement.seconds_each) " s each. "
            @if let Some(network) = &measurement.network {
                strong { "The network was made worse on purpose, each way: " (network) ". " }
            }
            @if measurement.is_loopback && measurement.network.is_none() {
                "Both ends are on this computer, so this is what the programs take, not a network. "
            }
            "All of it is encrypted."
        }
        p {
            strong { "Delay" } " is the time from a frame's first byte out to its acknowledgement here, the time taken off for \
            which the receiver held it: one clock, this computer's, there and back. "
            strong { "Goodput" } " is bytes of whole frames that arrived, over the time of the trial. "
            strong { "Classic rate" } " is a frame's bytes over its delay, as the classic lab computes it. "
            strong { "Jitter" } " (RFC 3550, 6.4.1) and the gap between frames are of the receiver's clock. \
            What could not be measured is " (unknown()) "."
        }
    }
}

fn key(place: usize) -> Markup {
    html! { span.key style=(format!("background:var(--trial-{})", place % charts::COLOURS)) {} }
}

fn trials(measurement: &Measurement) -> impl Iterator<Item = (usize, &Measured)> {
    measurement.trials.iter().enumerate()
}

fn table(measurement: &Measurement) -> Markup {
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

fn chart_sections(measurement: &Measurement) -> Markup {
    let dashes = "The solid line is the median of each second, the dashed one the 95th percentile.";
    let rates = "Bytes of whole frames that arrived in each second. Dashed: the bitrate that the rate control allows, where \
                 it is known and not far above.";
    let shares = "How many of a trial's frames took no longer than so long: the steeper, the steadier; what bends to the right \
                  at the top are the few that took long.";
    let frames = "A dot for each frame (at most a thousand for each trial: of every stretch its longest delay stays), a cross \
                  at the top for one that did not arrive.";
    let theory = "Grey: what stop-and-wait reaches in theory with frames of that size, frame / (frame / rate + RTT), with the \
                  shortest round trip that was seen and the rate at which frames' bytes came apart on the way. Filled: the \
                  rate that a frame's delay tells (the median). Hollow: the goodput that was reached, which at a given rate of frames is no more than \
                  their bytes. A hollow circle above the line is what a window gains.";
    html! {
        (figure("Delay over time", charts::delay_over_time(measurement), dashes, measurement))
        (figure("Rate over time", charts::rate_over_time(measurement), rates, measurement))
        (figure("How long frames take", charts::delay_shares(measurement), shares, measurement))
        (figure("Frame by frame", charts::frame_by_frame(measurement), frames, measurement))
        (figure("Theory and measurement", charts::theory(measurement), theory, measurement))
    }
}

fn figure(title: &str, chart: Option<String>, caption: &str, measurement: &Measurement) -> Markup {
    html! {
        h2 { (title) }
        figure role="img" aria-label=(title) {
            @match chart {
                Some(svg) => {
                    ul.keys { @for (place, trial) in trials(measurement) { li { (key(place)) (trial.name) } } }
                    (PreEscaped(svg))
                    figcaption { (caption) }
                }
                None => p { "What this would show is " (unknown()) ": too little was measured." }
            }
        }
    }
}

fn counts(measurement: &Measurement) -> Markup {
    html! {
        @if measurement.full_speed {
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

fn distributions(measurement: &Measurement) -> Markup {
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

fn parts(measurement: &Measurement) -> Markup {
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

fn system(measurement: &Measurement) -> Markup {
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

fn machine(measurement: &Measurement) -> Markup {
    let machine = &measurement.machine;
    html! {
        dl {
            dt { "system" } dd { (machine.system) }
            dt { "kernel" } dd { (known(machine.kernel.clone())) }
            dt { "processor" } dd { (known(machine.processor.clone())) ", " (known(machine.cores.map(|cores| cores.to_string()))) " threads, " (machine.architecture) }
            dt { "program" } dd { (measurement.program) @if !machine.optimised { ", built without optimisation: faster ones are" } }
            dt { "command line" } dd { code { (std::env::args().skip(1).fold("roomwire".to_owned(), |line, word| line + " " + &word)) } }
        }
        p.faint { "Beside this page: report.json has every figure, frames.csv and frames.jsonl every frame, seconds.csv every second." }
    }
}

fn known(value: Option<String>) -> Markup {
    match value {
        Some(value) => html! { (value) },
        None => unknown(),
    }
}

fn unknown() -> Markup {
    html! { span.unknown { (UNKNOWN) } }
}

fn span(us: u64) -> String {
    Span::from_micros(us).to_string()
}

fn rate(bps: u64) -> String {
    Bitrate(bps).to_string()
}

/// A moment in UTC: readers are anywhere.
fn when(unix_ms: u64) -> String {
    let format = time::macros::format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
    let seconds = i64::try_from(unix_ms / 1_000).unwrap_or_default();
    let moment = time::OffsetDateTime::from_unix_timestamp(seconds).ok();
    moment
        .and_then(|moment| moment.format(format).ok())
        .unwrap_or_else(|| UNKNOWN.to_owned())
}
