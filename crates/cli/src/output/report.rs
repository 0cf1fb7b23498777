//! What can be reported. These are the JSON of `--json`: the application's views as every face has them, and beside them what
//! only a terminal has. README describes them; names and meanings stay.

pub(crate) use ::report::SummaryRow;
use app::files::view::FileView;
use app::session::view::{Person, ReachableAt, RecentRoom, RoomView};
use app::video::view::{LiveView, SourceView, StreamView};
use app::{Event, IpcError};
use netcore::proto::Transport;
use serde::Serialize;

use super::text::Text;

/// One thing that happened.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[allow(clippy::large_enum_variant)] // one exists at a time, about to be shown
pub(crate) enum Report {
    /// Our room is open.
    Opened { port: u16, room: RoomView },
    /// We are in a room.
    Joined { room: RoomView },
    /// Where our room can be reached.
    Addresses { addresses: Vec<ReachableAt> },
    /// Who is here.
    People { people: Vec<Person> },
    /// What is on offer.
    Offers { files: Vec<FileView> },
    /// Which streams are live.
    Streams { streams: Vec<StreamView> },
    /// Own words that were not taken.
    NotSent { error: IpcError },
    /// Every 20th frame's result.
    Result(FrameLine),
    /// What is seen of a stream that is watched.
    Watched(Watched),
    /// A picture of a stream is saved.
    Snapshot(Snapshot),
    /// What was measured.
    Summary { rows: Vec<SummaryRow> },
    /// What the demonstration shows.
    Scene { code: String, words: Text },
    /// A camera or other source.
    Source { source: SourceView },
    /// A room joined before.
    Room { room: RecentRoom },
    /// Something went wrong.
    Error(Error),
    /// What the application notifies every face of.
    #[serde(untagged)]
    Event(Notified),
}

impl Report {
    /// An event of which nothing was shown before.
    pub(crate) fn event(event: impl Into<Event>) -> Report {
        Report::Event(Notified {
            event: event.into(),
            before: Before::default(),
        })
    }
}

/// An event, and what its words depend on. Programs are given the event alone.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Notified {
    pub(crate) event: Event,
    #[serde(skip)]
    pub(crate) before: Before,
}

/// What is the case when an event is shown, so that its words say only what is new.
#[derive(Debug, Default)]
pub(crate) struct Before {
    /// How many people are here after one came or left; `None` when the entry is from before we came.
    pub(crate) people: Option<usize>,
    /// The file as it was.
    pub(crate) file: Option<FileView>,
    /// The stream as it was.
    pub(crate) stream: Option<StreamView>,
    /// Our own video as it was.
    pub(crate) live: Option<LiveView>,
    /// Whether we leave for good.
    pub(crate) is_goodbye: bool,
}

/// A frame's result, with the names of the columns of a file of results.
#[derive(Debug, Serialize)]
pub(crate) struct FrameLine {
    pub(crate) stream: u32,
    pub(crate) peer: u32,
    /// The peer's name, where there is more than one.
    pub(crate) peer_name: Option<Text>,
    pub(crate) frame: u32,
    pub(crate) bytes: u32,
    pub(crate) delay_us: u64,
    pub(crate) classic_rate_bps: Option<u64>,
    pub(crate) transport: Transport,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Watched {
    pub(crate) stream: u32,
    pub(crate) frames: u64,
    pub(crate) frames_per_s: f64,
    pub(crate) bytes: u64,
    /// Bits of frames each second.
    pub(crate) goodput_bps: u64,
    pub(crate) missed: u64,
    /// Frames that are no picture this program shows.
    pub(crate) bad: u64,
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) transport: Option<Transport>,
    /// Whether this is all there will be.
    pub(crate) over: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct Snapshot {
    pub(crate) stream: u32,
    pub(crate) frame: u32,
    pub(crate) path: Text,
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) bytes: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Error {
    /// As in the exit codes.
    pub(crate) code: &'static str,
    pub(crate) message: Text,
}

#[cfg(test)]
mod tests {
    use app::chat::view::{ChatEntry, ChatEvent};
    use app::files::view::FilesEvent;
    use app::video::view::{SourceFormat, SourceKind};
    use netcore::proto::MemberId;
    use netcore::proto::chat::{Body, Entry};
    use serde_json::{Value, json};

    use super::*;

    fn line(report: &Report) -> Value {
        serde_json::to_value(report).unwrap()
    }

    /// A line of an event is the view itself, with the capability in `event`.
    fn assert_is_the_view(event: impl Into<Event>) {
        let event = event.into();
        let mut view = event.payload().unwrap();
        view["event"] = event.capability().into();
        assert_eq!(line(&Report::event(event)), view);
    }

    fn entry() -> ChatEntry {
        let entry = Entry {
            seq: 4,
            from: MemberId(1),
            name: "Ben".into(),
            colour: "#102030".into(),
            address: "192.168.1.31:53412".parse().unwrap(),
            at_unix_ms: 1,
            local: None,
            body: Body::Text { text: "hello".into() },
        };
        ChatEntry::of(&entry, MemberId(0))
    }

    #[test]
    fn an_event_is_what_the_window_is_given() {
        assert_is_the_view(ChatEvent::Entry { entry: entry() });
        assert_is_the_view(FilesEvent::Removed { id: 7 });
        let json = line(&Report::event(ChatEvent::Entry { entry: entry() }));
        assert_eq!(
            (&json["event"], &json["kind"], &json["entry"]["atMs"]),
            (&json!("chat"), &json!("entry"), &json!(1))
        );
    }

    #[test]
    fn what_a_command_answers_is_the_view_under_its_name() {
        let source = SourceView {
            id: "pattern".into(),
            kind: SourceKind::Pattern,
            name: "Test pattern".into(),
            formats: vec![SourceFormat {
                width: 1_280,
                height: 720,
                rate: 30.0,
            }],
        };
        let room = RecentRoom {
            name: "Lab".into(),
            address: "192.168.1.24:27182".into(),
            fingerprint: "0f".repeat(32),
            also_at: Vec::new(),
            last_seen_ms: 1,
        };
        let error = IpcError::new(app::ErrorCode::Empty, "nothing to say");
        for (report, name, view) in [
            (
                Report::Source {
                    source: source.clone(),
                },
                "source",
                serde_json::to_value(&source).unwrap(),
            ),
            (
                Report::Room { room: room.clone() },
                "room",
                serde_json::to_value(&room).unwrap(),
            ),
            (
                Report::NotSent { error: error.clone() },
                "error",
                serde_json::to_value(&error).unwrap(),
            ),
        ] {
            assert_eq!(line(&report)[name], view);
        }
    }

    /// Names are as in the window's views, except where the same name heads a column of a file of results.
    #[test]
    fn names_are_camel_case_and_those_of_measured_rows_are_their_columns() {
        let watched = line(&Report::Watched(Watched {
            stream: 1,
            frames: 2,
            frames_per_s: 3.0,
            bytes: 4,
            goodput_bps: 5,
            missed: 0,
            bad: 0,
            width: 6,
            height: 7,
            transport: None,
            over: false,
        }));
        assert!(names(&watched).all(|name| !name.contains('_')), "{watched}");
        let result = line(&Report::Result(FrameLine {
            stream: 1,
            peer: 0,
            peer_name: None,
            frame: 20,
            bytes: 16_600,
            delay_us: 610,
            classic_rate_bps: None,
            transport: Transport::Tcp,
        }));
        let columns: Vec<&str> = netcore::proto::metrics::csv_header().split(',').collect();
        let beside = ["event", "peer_name"];
        let is_known = |name: &str| columns.contains(&name) || beside.contains(&name);
        assert!(names(&result).all(is_known), "{result}");
    }

    fn names(line: &Value) -> impl Iterator<Item = &str> {
        line.as_object().unwrap().keys().map(String::as_str)
    }
}
