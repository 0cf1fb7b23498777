//! The report as one page that needs nothing but itself: a table, charts, and what was measured how.

mod tables;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use netcore::proto::{Bitrate, Span};

use crate::charts;
use crate::measured::Measured;
use crate::measurement::{Measurement, Setup};

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
                title { "Roomwire: measured to " (measurement.about.address) }
                style { (PreEscaped(style())) }
            }
            body { main {
                h1 { (heading(measurement)) }
                p.faint { (when(measurement.at_unix_ms)) " · " (measurement.program) " · " (measurement.machine.name) }
                (what_was_measured(measurement))
                h2 { "Side by side" }
                (tables::side_by_side(measurement))
                (chart_sections(measurement))
                h2 { "What became of the frames" }
                (tables::counts(measurement))
                h2 { "How the figures are distributed" }
                (tables::distributions(measurement))
                h2 { "Where the time goes" }
                (tables::parts(measurement))
                h2 { "What the system tells" }
                (tables::system(measurement))
                h2 { "Machine and options" }
                (tables::machine(measurement))
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

fn heading(measurement: &Measurement) -> Markup {
    let about = &measurement.about;
    match about.setup {
        Some(_) => html! { "What the way to " (about.address) " can do" },
        None => html! { "What was measured on the way to " (about.address) },
    }
}

fn what_was_measured(measurement: &Measurement) -> Markup {
    let about = &measurement.about;
    html! {
        p {
            @match &about.setup {
                Some(setup) => (what_was_asked(setup)),
                None => {
                    "Everything that was sent of the streams of this session, by stream, neighbour and transport; of each frame \
                    as far back as it is kept. "
                }
            }
            @if let Some(network) = &about.network {
                strong { "The network was made worse on purpose, each way: " (network) ". " }
            }
            @if about.is_loopback && about.network.is_none() {
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

fn what_was_asked(setup: &Setup) -> Markup {
    let pace = match (setup.full_speed, setup.rate) {
        (true, _) => "each offered as soon as there was room for it".to_owned(),
        (false, Some(rate)) => format!("{rate} a second"),
        (false, None) => "as often as the source gives one".to_owned(),
    };
    html! {
        "Frames of " (setup.source) " at " (setup.width) "×" (setup.height) ", JPEG quality " (setup.quality) ", " (pace)
        @if setup.adapts { ", or less where the network took no more" }
        ", for " (setup.seconds_each) " s each. "
    }
}

fn key(place: usize) -> Markup {
    html! { span.key style=(format!("background:var(--trial-{})", place % charts::COLOURS)) {} }
}

fn trials(measurement: &Measurement) -> impl Iterator<Item = (usize, &Measured)> {
    measurement.trials.iter().enumerate()
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
                    ul.keys { @for (place, trial) in trials(measurement).take(charts::MAX_SHOWN) { li { (key(place)) (trial.name) } } }
                    (PreEscaped(svg))
                    figcaption {
                        (caption)
                        @if measurement.trials.len() > charts::MAX_SHOWN { " The first " (charts::MAX_SHOWN) " are shown; the tables have all." }
                    }
                }
                None => p { "What this would show is " (unknown()) ": too little was measured." }
            }
        }
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

/// Bytes as people read them: powers of 1,000, as rates are.
pub fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
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
