//! Live video, and what was measured of it.

use std::fmt::Write as _;

use app::video::view::{LiveView, RecordedView, SourceView, StreamView, VideoEvent};
use netcore::proto::{Bitrate, Span, Transport};

use super::style::{bad, bytes, dim, mark, one, sentence};
use crate::output::line::{Line, Style};
use crate::output::report::{Before, FrameLine, Snapshot, SummaryRow, Watched};
use crate::output::table::Table;
use crate::output::text::Text;

/// What happened to live video.
pub(super) fn event(event: &VideoEvent, before: &Before) -> Vec<Line> {
    let words = match event {
        VideoEvent::Started { stream } => started(stream),
        VideoEvent::Changed { stream } => changed(before.stream.as_ref(), stream),
        VideoEvent::Stopped { stream, .. } => stopped(before.stream.as_ref(), *stream),
        VideoEvent::Live { live, error } => {
            let why = error
                .as_ref()
                .map(|error| bad(&sentence(&Text::from(&error.message).to_string())));
            let words = live_change(before.live.as_ref(), live.as_ref());
            return why.into_iter().chain(words).map(Line::from).collect();
        }
        VideoEvent::Recorded {
            stream,
            recorded: now,
            error,
        } => {
            let why = error
                .as_ref()
                .map(|error| bad(&sentence(&Text::from(&error.message).to_string())));
            let words = recorded(*stream, now);
            return std::iter::once(words).chain(why).map(Line::from).collect();
        }
    };
    words.map(one).unwrap_or_default()
}

fn started(stream: &StreamView) -> Option<String> {
    let who = Style::Person.of(Text::from(&stream.owner_name));
    let words = || {
        format!(
            "{who} is live: {}. /watch {} watches it.",
            shape(stream),
            stream.id
        )
    };
    (!stream.mine).then(words)
}

/// Whether it is watched or recorded here is no news to who does it.
fn changed(before: Option<&StreamView>, stream: &StreamView) -> Option<String> {
    let who = Style::Person.of(Text::from(&stream.owner_name));
    let is_news = !stream.mine && before.is_none_or(|before| shape(before) != shape(stream));
    is_news.then(|| format!("{who} goes on: {}", shape(stream)))
}

fn stopped(before: Option<&StreamView>, id: u32) -> Option<String> {
    let stream = before.filter(|stream| !stream.mine)?;
    let owner = Text::from(&stream.owner_name);
    Some(dim(&format!("{owner}'s stream {id} is over")))
}

fn shape(stream: &StreamView) -> String {
    format!(
        "stream {} · {} {}×{} at {:.0} frames/s over {}",
        stream.id,
        Text::from(&stream.title),
        stream.width,
        stream.height,
        stream.rate,
        Transport::from(stream.transport)
    )
}

pub(super) fn streams(streams: &[StreamView]) -> Vec<Line> {
    let line = |stream: &StreamView| {
        let owner = match stream.mine {
            true => "you".to_owned(),
            false => Text::from(&stream.owner_name).to_string(),
        };
        format!("live: {} ({owner})", shape(stream)).into()
    };
    streams.iter().map(line).collect()
}

/// How its pictures are made at each moment is no news.
fn live_change(before: Option<&LiveView>, now: Option<&LiveView>) -> Option<String> {
    match (before.map(live_shape), now.map(live_shape)) {
        (None, Some(now)) => Some(format!("{} You are live: {now}", mark())),
        (Some(before), Some(now)) if before != now => Some(format!("{} Your video goes on: {now}", mark())),
        (Some(_), None) => Some("Your video is over.".into()),
        _ => None,
    }
}

fn live_shape(live: &LiveView) -> String {
    let (spec, only) = (&live.spec, if live.stays_on_udp { " only" } else { "" });
    format!(
        "{} {}×{} at {:.0} frames/s, quality {}, over {}{only}",
        Text::from(&live.source_name),
        spec.width,
        spec.height,
        spec.rate,
        spec.quality,
        Transport::from(spec.transport)
    )
}

/// As the classic lab prints it, with the peer where there is more than one.
pub(super) fn result(result: &FrameLine) -> String {
    let delay = Span::from_micros(result.delay_us).as_millis_f64();
    let rate = result
        .classic_rate_bps
        .map_or_else(|| "?".into(), |rate| Bitrate(rate).to_string());
    let transport = match result.transport {
        Transport::Tcp => Style::Tcp.of("TCP"),
        Transport::Udp => Style::Udp.of("UDP"),
    };
    let peer = result
        .peer_name
        .as_ref()
        .map(|name| format!("  to {name}"))
        .unwrap_or_default();
    format!(
        "frame {:>6}  {:>9}  delay {delay:>7.2} ms  rate {rate:>14}  {transport}{peer}",
        result.frame,
        bytes(u64::from(result.bytes))
    )
}

pub(super) fn watched(watched: &Watched) -> String {
    let transport = watched
        .transport
        .map(|transport| format!(" over {transport}"))
        .unwrap_or_default();
    let bad = if watched.bad > 0 {
        format!(" · {} no pictures", watched.bad)
    } else {
        String::new()
    };
    let figures = format!(
        "{:>5.1} frames/s · {} · {}×{}{transport} · {} frames, {} missed{bad}",
        watched.frames_per_s,
        Bitrate(watched.goodput_bps),
        watched.width,
        watched.height,
        watched.frames,
        watched.missed
    );
    match watched.over {
        true => format!("stream {} watched: {}", watched.stream, figures.trim_start()),
        false => format!("stream {}  {figures}", watched.stream),
    }
}

fn recorded(stream: u32, recorded: &RecordedView) -> String {
    let Some(first) = recorded.files.first() else {
        return format!("stream {stream} gave no picture to record");
    };
    let more = match recorded.files.len() {
        1 => String::new(),
        files => format!(" and {} more", files - 1),
    };
    let left_out = match recorded.left_out {
        0 => String::new(),
        frames => format!(", {frames} left out"),
    };
    let times = recorded
        .times
        .as_ref()
        .map(|times| format!(" · times in {}", Text::from(times)))
        .unwrap_or_default();
    format!(
        "stream {stream} recorded: {}{more} · {:.1} s · {} frames{left_out} · {}{times}",
        Text::from(first),
        Span::from_millis(recorded.length_ms).as_secs_f64(),
        recorded.frames,
        bytes(recorded.bytes)
    )
}

pub(super) fn snapshot(snapshot: &Snapshot) -> String {
    format!(
        "frame {} of stream {} is in {} · {}×{} · {}",
        snapshot.frame,
        snapshot.stream,
        snapshot.path,
        snapshot.width,
        snapshot.height,
        bytes(snapshot.bytes)
    )
}

pub(super) fn summary(rows: &[SummaryRow]) -> Vec<Line> {
    if rows.is_empty() {
        return vec!["Nothing has been measured: figures come with live video.".into()];
    }
    let are_trials = rows.iter().all(|row| row.trial.is_some());
    // A table of one stream need not repeat it in every row.
    let is_one = are_trials || rows.iter().all(|row| row.stream == rows[0].stream);
    let headings = [
        if are_trials { "trial" } else { "to" },
        "over",
        "frames",
        "lost",
        "drop",
        "resent",
        "fps",
        "Mbit/s",
        "p50",
        "p95",
        "p99",
        "classic",
        "stream",
    ];
    let mut table = Table::new("llrrrrrrrrrrr", &headings[..headings.len() - usize::from(is_one)]);
    let known = |value: Option<String>| value.unwrap_or_else(|| "?".into());
    let delay = |us: Option<u64>| known(us.map(|us| format!("{:.2}", us as f64 / 1e3)));
    let megabits = |rate: Option<u64>| known(rate.map(|rate| format!("{:.1}", rate as f64 / 1e6)));
    for row in rows {
        table.row([
            row.trial
                .clone()
                .unwrap_or_else(|| Text::from(row.peer_name.as_str()).to_string()),
            row.transport.to_string(),
            row.frames.to_string(),
            row.lost.to_string(),
            row.dropped.to_string(),
            row.retransmits.to_string(),
            known(row.frames_per_s.map(|rate| format!("{rate:.1}"))),
            megabits(row.goodput_bps),
            delay(row.ack_p50_us),
            delay(row.ack_p95_us),
            delay(row.ack_p99_us),
            megabits(row.classic_rate_bps),
            row.stream.to_string(),
        ]);
    }
    let note = [
        "p50, p95, p99: ms from a frame's first byte out to its acknowledgement, the receiver's hold time",
        "taken off. classic: bytes of a frame over that delay, in Mbit/s, as the classic lab computes it.",
    ];
    let note = note.into_iter().map(dim);
    table.render().into_iter().chain(note).map(Line::from).collect()
}

pub(super) fn source(source: &SourceView) -> Vec<Line> {
    let mut lines = vec![format!(
        "{}  {}",
        Style::Bold.of(Text::from(&source.id)),
        Text::from(&source.name)
    )];
    if source.formats.is_empty() {
        lines.push("  what it offers is not known: it is busy, or this program may not open it".to_owned());
    }
    // Sizes come largest first, and within a size the highest rate first.
    let mut size = None;
    for format in &source.formats {
        match lines.last_mut() {
            Some(line) if size == Some((format.width, format.height)) => {
                let _ = write!(line, ", {:.0}", format.rate);
            }
            _ => {
                lines.push(format!(
                    "  {}×{} at {:.0}",
                    format.width, format.height, format.rate
                ));
                size = Some((format.width, format.height));
            }
        }
    }
    lines.into_iter().map(Line::from).collect()
}
