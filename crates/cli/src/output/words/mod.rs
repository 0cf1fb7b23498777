//! Reports in words.

mod files;
mod room;
mod style;
mod video;

pub(crate) use style::{bytes, dim};

use app::Event;
use app::chat::view::ChatEvent;
use app::files::view::FilesEvent;
use app::metrics::view::MetricsEvent;

use super::clock::clock_time;
use super::line::{Line, Style};
use super::report::{Before, Notified, Report};
use super::text::Text;
use style::{bad, mark, one, sentence};

/// How a report is put to a person; nothing when it is of no interest to one.
pub(super) fn of(report: &Report) -> Vec<Line> {
    match report {
        Report::Opened { port, room } => room::opened(*port, room),
        Report::Joined { room } => room::joined(room),
        Report::Addresses { addresses } => room::addresses(addresses),
        Report::People { people } => room::people(people),
        Report::Offers { files } => files::offers(files),
        Report::Streams { streams } => video::streams(streams),
        Report::NotSent { error } => room::not_sent(&error.message),
        Report::Result(result) => one(video::result(result)),
        Report::Watched(watched) => one(video::watched(watched)),
        Report::Snapshot(snapshot) => one(video::snapshot(snapshot)),
        Report::Summary { rows } => video::summary(rows),
        Report::Scene { code, words } => match code.as_str() {
            "title" => vec!["".into(), Style::Bold.of(words).to_string().into()],
            _ => one(format!("  {} {words}", mark())),
        },
        Report::Source { source } => video::source(source),
        Report::Room { room } => one(format!(
            "{:<24} {}  {}",
            Text::from(&room.address),
            Style::Bold.of(Text::from(&room.name)),
            dim(&format!("fingerprint {}", room::grouped(&room.fingerprint)))
        )),
        Report::Error(error) => one(bad(&sentence(&error.message.to_string()))),
        Report::Event(Notified { event, before }) => notified(event, before),
    }
}

fn notified(event: &Event, before: &Before) -> Vec<Line> {
    match event {
        Event::SessionEvent(event) => room::session(event, before),
        Event::ChatEvent(ChatEvent::Entry { entry }) => room::chat(entry, before.people),
        Event::ChatEvent(ChatEvent::Replaced { .. }) => one(room::anew()),
        Event::FilesEvent(FilesEvent::File { file }) => files::file(before.file.as_ref(), file)
            .map(one)
            .unwrap_or_default(),
        Event::VideoEvent(event) => video::event(event, before),
        Event::MetricsEvent(MetricsEvent::Logged { entry }) => one(dim(&format!(
            "{}  {}",
            clock_time(entry.at_ms),
            Text::from(&entry.text)
        ))),
        Event::FilesEvent(_) | Event::MetricsEvent(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use app::chat::view::{ChatBody, ChatEntry, ChatState};
    use netcore::proto::Transport;

    use super::style::bytes_per_second;
    use super::*;
    use crate::output::line::{Look, render};
    use crate::output::report::{FrameLine, SummaryRow};

    fn plain(report: &Report) -> String {
        render(
            &of(report),
            Look {
                columns: None,
                colours: false,
            },
        )
    }

    fn said(mine: bool, text: &str) -> Report {
        let entry = ChatEntry {
            key: 4,
            era: 0,
            seq: Some(4),
            body: ChatBody::Text { text: text.into() },
            from: 1,
            name: "Ben".into(),
            colour: String::new(),
            address: "192.168.1.31:53412".into(),
            mine,
            at_ms: 0,
            state: ChatState::Delivered,
            error: None,
        };
        Report::event(ChatEvent::Entry { entry })
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
            trial: None,
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
            ack_p90_us: None,
            ack_p95_us: None,
            ack_p99_us: None,
            ack_p999_us: None,
            ack_max_us: None,
            jitter_p95_us: None,
            gap_p95_us: None,
            classic_rate_bps: None,
            counts: [("lost-unanswered", 3)].into(),
        };
        let shown = plain(&Report::Summary {
            rows: vec![row.clone()],
        });
        assert_eq!(shown.matches('?').count(), 6, "{shown}");
        let json = serde_json::to_value(Report::Summary { rows: vec![row] }).unwrap();
        assert!(json["rows"][0]["ack_p50_us"].is_null());
    }

    #[test]
    fn an_error_is_a_sentence_that_begins_as_it_was_written() {
        assert_eq!(
            sentence("nothing listens at a:1: is it open?"),
            "nothing listens at a:1: is it open?"
        );
        assert_eq!(sentence("you are not live"), "you are not live.");
        assert_eq!(sentence("small is no file"), "small is no file.");
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
