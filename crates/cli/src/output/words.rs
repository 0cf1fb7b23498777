//! Reports in words.

use std::fmt::Write as _;

use console::{StyledObject, style};
use netcore::proto::session::{LeaveReason, Presence};
use netcore::proto::{Bitrate, Span, Transport};

use super::*;

/// How a report is put to a person; `None` when it is of no interest to one.
pub(super) fn of(report: &Report) -> Option<String> {
    Some(match report {
        Report::Opened(opened) => self::opened(opened),
        Report::Joined(joined) => self::joined(joined),
        Report::People { people, .. } => self::people(people),
        Report::Person { person } => self::person(person),
        Report::Chat(chat) => self::chat(chat),
        Report::NotSent { message } => bad(&sentence(&format!("not sent: {message}"))),
        Report::File { file } => self::file(file)?,
        Report::Files { files } => self::files(files),
        Report::Transfer(transfer) => self::transfer(transfer)?,
        Report::Stream { change, stream } => self::stream(*change, stream)?,
        Report::Streams { streams } => self::streams(streams)?,
        Report::Live(live) => self::live(live),
        Report::Result(result) => self::result(result),
        Report::Watched(watched) => self::watched(watched),
        Report::Link(link) => self::link(link),
        Report::Summary { rows } => summary(rows),
        Report::Step {
            at_unix_ms, words, ..
        } => dim(&format!("{}  {}", clock_time(*at_unix_ms), safe(words))),
        Report::Scene { code, words } if code == "title" => style(words).bold().to_string(),
        Report::Scene { words, .. } => words.replacen('✓', &mark().to_string(), 1),
        Report::Device(device) => self::device(device),
        Report::Room(room) => format!(
            "{:<24} {}  {}",
            room.address,
            style(&room.name).bold(),
            dim(&format!("fingerprint {}", grouped(&room.fingerprint)))
        ),
        Report::Error(error) => bad(&sentence(&error.message)),
    })
}

/// Text from elsewhere without what a terminal would obey.
pub(crate) fn safe(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect()
}

/// Bytes as people read them: powers of 1,000, as rates are.
pub(crate) fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

/// Bytes a second.
fn bytes_per_second(rate: f64) -> String {
    format!("{}/s", bytes(rate.max(0.0) as u64))
}

pub(super) fn dim(words: &str) -> String {
    style(words).dim().to_string()
}

fn bad(words: &str) -> String {
    style(words).red().to_string()
}

fn mark() -> StyledObject<&'static str> {
    style("✓").green()
}

/// Words from an error as a sentence. A path or an address at its beginning stays as it is.
fn sentence(words: &str) -> String {
    let first_word = words.split_whitespace().next().unwrap_or_default();
    let mut characters = words.chars();
    let Some(first) = characters.next() else {
        return String::new();
    };
    let first = if first_word.chars().all(char::is_alphabetic) {
        first.to_uppercase().to_string()
    } else {
        first.to_string()
    };
    let end = if words.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", characters.as_str())
}

fn opened(opened: &Opened) -> String {
    let mut text = format!(
        "{} is open on port {} (TCP and UDP). You are {}.",
        style(&opened.room).bold(),
        style(opened.port).bold(),
        style(&opened.name).bold()
    );
    for at in &opened.addresses {
        let network = if at.loopback {
            "this computer only".into()
        } else {
            format!("on {}", at.network)
        };
        let _ = write!(text, "\n  roomwire join {:<24} {}", at.address, dim(&network));
    }
    let _ = write!(
        text,
        "\n  {}",
        dim(&format!("fingerprint {}", grouped(&opened.fingerprint)))
    );
    text
}

fn joined(joined: &JoinedRoom) -> String {
    format!(
        "You are in {} ({}) as {}. {}.\n  {}",
        style(&joined.room).bold(),
        joined.address,
        style(&joined.name).bold(),
        here(joined.people.len()),
        dim(&format!(
            "fingerprint of the host {}",
            grouped(&joined.fingerprint)
        ))
    )
}

/// The first 32 digits in fours: enough to compare by eye.
fn grouped(fingerprint: &str) -> String {
    let digits: Vec<char> = fingerprint.chars().take(32).collect();
    digits
        .chunks(4)
        .map(|four| four.iter().collect::<String>())
        .collect::<Vec<_>>()
        .join(" ")
}

fn here(count: usize) -> String {
    match count {
        1 => "1 person is here".into(),
        count => format!("{count} people are here"),
    }
}

fn people(people: &[PersonView]) -> String {
    let mut table = Table::new("llll", &["name", "address", "computer", "about"]);
    for person in people {
        let mut name = person.name.clone();
        name += match (person.host, person.me) {
            (true, true) => " (host, you)",
            (true, false) => " (host)",
            (false, true) => " (you)",
            (false, false) => "",
        };
        if person.presence == Presence::Reconnecting {
            name += " …";
        }
        table.row([
            name,
            person.address.clone(),
            person.device.clone(),
            person.about.clone(),
        ]);
    }
    format!("{}:\n{}", here(people.len()), indented(&table.render()))
}

fn person(person: &PersonView) -> String {
    match person.presence {
        Presence::Reconnecting => dim(&format!(
            "{}'s connection was lost; the place is kept for a while",
            person.name
        )),
        Presence::Here if person.about.is_empty() => {
            dim(&format!("{} is here ({})", person.name, person.address))
        }
        Presence::Here => dim(&format!(
            "{} is here ({}): {}",
            person.name, person.address, person.about
        )),
    }
}

fn chat(chat: &Chat) -> String {
    let when = style(clock_time(chat.at_unix_ms)).dim();
    let count = chat
        .people
        .map(|count| format!(" · {}", here(count)))
        .unwrap_or_default();
    let happened = |what: String| format!("{when}  {}", dim(&format!("{what}{count}")));
    let who = format!("{} ({})", chat.name, chat.address);
    match (chat.kind, chat.reason) {
        ("opened", _) => happened(format!("{} opened the room", chat.name)),
        ("joined", _) if chat.mine => happened("you joined".into()),
        ("joined", _) => happened(format!("{who} joined")),
        ("left", Some(LeaveReason::Lost)) => happened(format!("{who} was lost and did not come back")),
        ("left", Some(LeaveReason::Removed)) => happened(format!("{who} was removed")),
        ("left", _) => happened(format!("{who} left")),
        _ => {
            let text = safe(chat.text.as_deref().unwrap_or_default()).replace('\n', "\n         ");
            if chat.mine {
                format!("{when}  {} {}  {text}", mark(), style("you").green().bold())
            } else {
                let address = style(format!("({})", chat.address)).dim();
                format!("{when}    {} {address}  {text}", style(&chat.name).cyan().bold())
            }
        }
    }
}

/// Only what a person would want to know: offered by somebody else, failed, taken back, received by somebody.
fn file(file: &FileView) -> Option<String> {
    let title = format!("file {} · {} ({})", file.id, file.name, bytes(file.size_bytes));
    Some(match file.state {
        "failed" => bad(&format!(
            "{title}: {}",
            file.why.as_deref().unwrap_or("it did not arrive")
        )),
        "cancelled" => dim(&format!("{title} was taken back")),
        _ if file.mine && !file.received_by.is_empty() => dim(&format!(
            "{title} has been received by {}",
            file.received_by.len()
        )),
        _ if file.mine => return None,
        "uploading" => format!(
            "{} offers {title} {}. /get {} fetches it.",
            style(&file.owner_name).cyan().bold(),
            dim(&file.kind),
            file.id
        ),
        _ => return None,
    })
}

fn files(files: &[FileView]) -> String {
    if files.is_empty() {
        return "No files are on offer.".into();
    }
    let mut table = Table::new("rrllrl", &["#", "size", "from", "state", "received by", "name"]);
    for file in files {
        table.row([
            file.id.to_string(),
            bytes(file.size_bytes),
            if file.mine {
                "you".into()
            } else {
                file.owner_name.clone()
            },
            file.state.into(),
            file.received_by.len().to_string(),
            file.name.clone(),
        ]);
    }
    table.render()
}

fn transfer(transfer: &Transfer) -> Option<String> {
    let title = format!("file {} · {}", transfer.file, transfer.name);
    let percent = (transfer.done_bytes * 100)
        .checked_div(transfer.size_bytes)
        .unwrap_or(100);
    Some(match transfer.state {
        "running" => {
            let rate = transfer
                .rate_bytes_per_s
                .map(bytes_per_second)
                .unwrap_or_default();
            let left = transfer
                .remaining_s
                .map(|left| format!(" · {left:.0} s left"))
                .unwrap_or_default();
            let arrow = if transfer.direction == "up" { "↑" } else { "↓" };
            dim(&format!("{arrow} {title} {percent}% {rate}{left}"))
        }
        "paused" => dim(&format!("{title} is paused at {percent}%")),
        "interrupted" => format!("{title} waits at {percent}% for the connection to come back"),
        "done" => {
            let hash = transfer.blake3.as_deref().unwrap_or_default();
            let short = hash.get(..16).unwrap_or(hash);
            let checked = dim(&format!("BLAKE3 {short}… is right"));
            match &transfer.path {
                Some(path) if transfer.direction == "down" => {
                    format!("{} {title} is in {} · {checked}", mark(), path.display())
                }
                _ => format!("{} {title} has arrived at the host · {checked}", mark()),
            }
        }
        "failed" => bad(&format!(
            "{title}: {}",
            transfer.message.as_deref().unwrap_or_default()
        )),
        "cancelled" => dim(&format!("{title} was cancelled")),
        _ => return None,
    })
}

fn stream(change: Change, stream: &StreamView) -> Option<String> {
    if stream.mine {
        return None;
    }
    let who = style(&stream.owner_name).cyan().bold();
    Some(match change {
        Change::Started => format!(
            "{who} is live: {}. /watch {} watches it.",
            shape(stream),
            stream.id
        ),
        Change::Changed => format!("{who} goes on: {}", shape(stream)),
        Change::Stopped => dim(&format!("{}'s stream {} is over", stream.owner_name, stream.id)),
    })
}

fn shape(stream: &StreamView) -> String {
    format!(
        "stream {} · {} {}×{} at {:.0} frames/s over {}",
        stream.id, stream.title, stream.width, stream.height, stream.rate, stream.transport
    )
}

fn streams(streams: &[StreamView]) -> Option<String> {
    let line = |stream: &StreamView| {
        let owner = if stream.mine { "you" } else { &stream.owner_name };
        format!("live: {} ({owner})", shape(stream))
    };
    (!streams.is_empty()).then(|| streams.iter().map(line).collect::<Vec<_>>().join("\n"))
}

fn live(live: &Live) -> String {
    let shape = format!(
        "{} {}×{} at {:.0} frames/s, quality {}, over {}",
        live.title, live.width, live.height, live.rate, live.quality, live.transport
    );
    match live.change {
        Change::Started => format!("{} You are live: {shape}", mark()),
        Change::Changed => format!("{} Your video goes on: {shape}", mark()),
        Change::Stopped => "Your video is over.".into(),
    }
}

/// As the classic lab prints it, with the peer where there is more than one.
fn result(result: &FrameLine) -> String {
    let delay = Span::from_micros(result.delay_us).as_millis_f64();
    let rate = result
        .classic_rate_bps
        .map_or_else(|| "?".into(), |rate| Bitrate(rate).to_string());
    let transport = match result.transport {
        Transport::Tcp => style("TCP").blue(),
        Transport::Udp => style("UDP").magenta(),
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

fn watched(watched: &Watched) -> String {
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

fn link(link: &LinkView) -> String {
    let message = link.message.as_deref().map(sentence).unwrap_or_default();
    match (link.state, link.attempt, link.retry_in) {
        ("up", ..) => format!("{} The connection is back.", mark()),
        ("lost", Some(attempt), Some(wait)) => bad(&format!(
            "{message} Trying again in {:.0} s (attempt {attempt}).",
            wait.as_secs_f64().ceil()
        )),
        ("left", ..) => "Goodbye.".into(),
        _ if message.is_empty() => "The room is closed.".into(),
        _ => bad(&message),
    }
}

fn summary(rows: &[SummaryRow]) -> String {
    if rows.is_empty() {
        return "Nothing has been measured: figures come with live video.".into();
    }
    // Of one stream nobody needs to be told that it is the same in every row.
    let is_one = rows.iter().all(|row| row.stream == rows[0].stream);
    let headings = [
        "to", "over", "frames", "lost", "drop", "resent", "fps", "Mbit/s", "p50", "p95", "p99", "classic",
        "stream",
    ];
    let mut table = Table::new("llrrrrrrrrrrr", &headings[..headings.len() - usize::from(is_one)]);
    let known = |value: Option<String>| value.unwrap_or_else(|| "?".into());
    let delay = |us: Option<u64>| known(us.map(|us| format!("{:.2}", us as f64 / 1e3)));
    let megabits = |rate: Option<u64>| known(rate.map(|rate| format!("{:.1}", rate as f64 / 1e6)));
    for row in rows {
        table.row([
            row.peer_name.clone(),
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
    let note = "p50, p95, p99: ms from a frame's first byte out to its acknowledgement, the receiver's hold time\n\
                taken off. classic: bytes of a frame over that delay, in Mbit/s, as the classic lab computes it.";
    format!("{}\n{}", table.render(), dim(note))
}

fn device(device: &Device) -> String {
    let mut text = format!("{}  {}", style(&device.source).bold(), device.name);
    if device.formats.is_empty() {
        text += "\n  what it offers is not known: it is busy, or this program may not open it";
    }
    // Sizes come largest first, and within a size the highest rate first.
    let mut last = None;
    for format in &device.formats {
        if last == Some((format.width, format.height)) {
            let _ = write!(text, ", {:.0}", format.rate);
        } else {
            let _ = write!(
                text,
                "\n  {}×{} at {:.0}",
                format.width, format.height, format.rate
            );
            last = Some((format.width, format.height));
        }
    }
    text
}

fn indented(text: &str) -> String {
    text.lines()
        .map(|line| format!("  {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(report: &Report) -> String {
        console::strip_ansi_codes(&of(report).unwrap()).into_owned()
    }

    fn said(mine: bool, text: &str) -> Report {
        Report::Chat(Chat {
            seq: 4,
            from: 1,
            name: "Ben".into(),
            address: "192.168.1.31:53412".into(),
            at_unix_ms: 0,
            kind: "text",
            text: Some(text.into()),
            reason: None,
            mine,
            people: None,
        })
    }

    #[test]
    fn own_words_are_marked_and_others_have_name_and_address() {
        assert_eq!(plain(&said(true, "hello")), "00:00  ✓ you  hello");
        assert_eq!(
            plain(&said(false, "hello")),
            "00:00    Ben (192.168.1.31:53412)  hello"
        );
    }

    #[test]
    fn a_terminal_is_never_given_orders_by_others() {
        let shown = plain(&said(false, "\u{1b}[2Jgone\u{9b}31m"));
        assert!(shown.ends_with("[2Jgone31m"), "{shown:?}");
    }

    #[test]
    fn a_result_reads_as_in_the_classic_lab() {
        let line = Report::Result(FrameLine {
            stream: 1,
            peer: 0,
            peer_name: None,
            frame: 20,
            bytes: 16_600,
            delay_us: 610,
            classic_rate_bps: Some(217_704_918),
            transport: Transport::Tcp,
        });
        let shown = plain(&line);
        for part in [
            "frame     20",
            "16.6 kB",
            "delay    0.61 ms",
            "217.7 Mbit/s",
            "TCP",
        ] {
            assert!(shown.contains(part), "{shown}");
        }
        let json = serde_json::to_value(&line).unwrap();
        assert_eq!(
            (json["event"].as_str(), json["delay_us"].as_u64()),
            (Some("result"), Some(610))
        );
        assert_eq!(json["transport"], "tcp");
    }

    #[test]
    fn what_is_not_known_is_not_zero() {
        let row = SummaryRow {
            stream: 1,
            peer: 0,
            peer_name: "Ada".into(),
            transport: Transport::Udp,
            frames: 0,
            lost: 3,
            dropped: 0,
            retransmits: 0,
            bytes: 0,
            seconds: 0.0,
            frames_per_s: None,
            goodput_bps: None,
            ack_p50_us: None,
            ack_p95_us: None,
            ack_p99_us: None,
            classic_rate_bps: None,
        };
        let shown = plain(&Report::Summary {
            rows: vec![row.clone()],
        });
        assert_eq!(shown.matches('?').count(), 6, "{shown}");
        let json = serde_json::to_value(Report::Summary { rows: vec![row] }).unwrap();
        assert!(json["rows"][0]["ack_p50_us"].is_null());
    }

    #[test]
    fn errors_become_sentences_and_paths_stay_paths() {
        assert_eq!(
            sentence("nothing listens at a:1: is it open?"),
            "Nothing listens at a:1: is it open?"
        );
        assert_eq!(sentence("you are not live"), "You are not live.");
        assert_eq!(sentence("big.bin cannot be read"), "big.bin cannot be read.");
        assert_eq!(sentence(""), "");
    }

    #[test]
    fn quantities_are_rounded_as_people_say_them() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(16_600), "16.6 kB");
        assert_eq!(bytes(2_500_000), "2.5 MB");
        assert_eq!(bytes_per_second(12_300_000.0), "12.3 MB/s");
    }
}
