//! What can be reported. These are the JSON of `--json`: names and meanings stay.

use std::time::Duration;

pub(crate) use ::report::SummaryRow;
use app::video::{Fit, Live};
use netcore::proto::chat::{Body, Entry};
use netcore::proto::files::{FileInfo, FileState};
use netcore::proto::session::{LeaveReason, Person, Presence};
use netcore::proto::video::{SourceKind, StreamInfo};
use netcore::proto::wire::Direction;
use netcore::proto::{Bitrate, MemberId, StreamId, Transport};
use netcore::{ReachableAt, TransferState, TransferView};
use serde::{Serialize, Serializer};

use super::Text;

/// One thing that happened.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Report {
    /// Our room is open.
    Opened(Opened),
    /// Where our room can be reached from now on, or can be when that was asked for.
    Addresses(Addresses),
    /// We are in a room.
    Joined(JoinedRoom),
    /// Who is here.
    People { count: usize, people: Vec<PersonView> },
    /// A person's profile or presence changed.
    Person { person: PersonView },
    /// An entry of the room's log.
    Chat(Chat),
    /// The host has begun anew: what was said and offered before is not in this room.
    RoomAnew { room: String },
    /// Own words that were not taken.
    NotSent { message: Text },
    /// A file was offered or its state changed.
    File { file: FileView },
    /// What is on offer.
    Files { files: Vec<FileView> },
    /// A transfer of ours moves or ends.
    Transfer(Transfer),
    /// A stream began, changed or ended.
    Stream { change: Change, stream: StreamView },
    /// Which streams are live.
    Streams { streams: Vec<StreamView> },
    /// Our own video.
    Live(LiveView),
    /// Every 20th frame's result.
    Result(FrameLine),
    /// What is seen of a stream that is watched.
    Watched(Watched),
    /// A recording of a stream is complete.
    Recorded(Recorded),
    /// A picture of a stream is kept.
    Snapshot(Snapshot),
    /// The connection to the room.
    Link(LinkView),
    /// What was measured.
    Summary { rows: Vec<SummaryRow> },
    /// A step of the log of steps.
    Step {
        at_unix_ms: u64,
        code: String,
        words: Text,
    },
    /// What the demonstration shows.
    Scene { code: String, words: Text },
    /// A camera or other source.
    Device(Device),
    /// A room joined before.
    Room(KnownRoom),
    /// Something went wrong.
    Error(Error),
}

#[derive(Debug, Serialize)]
pub(crate) struct Opened {
    pub(crate) room: Text,
    /// The address to give to others.
    pub(crate) address: String,
    pub(crate) addresses: Vec<Reachable>,
    pub(crate) port: u16,
    pub(crate) fingerprint: String,
    pub(crate) name: Text,
}

/// Where a room can be reached.
#[derive(Debug, Serialize)]
pub(crate) struct Addresses {
    /// The address to give to others; `null` when there is none.
    pub(crate) address: Option<String>,
    pub(crate) addresses: Vec<Reachable>,
    pub(crate) port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Reachable {
    pub(crate) address: String,
    pub(crate) network: Text,
    pub(crate) loopback: bool,
}

impl From<&ReachableAt> for Reachable {
    fn from(at: &ReachableAt) -> Reachable {
        Reachable {
            address: at.address.clone(),
            network: at.network.as_str().into(),
            loopback: at.loopback,
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct JoinedRoom {
    pub(crate) room: Text,
    pub(crate) address: String,
    pub(crate) fingerprint: String,
    pub(crate) me: u32,
    pub(crate) name: Text,
    pub(crate) people: Vec<PersonView>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct PersonView {
    pub(crate) id: u32,
    pub(crate) name: Text,
    pub(crate) about: Text,
    pub(crate) device: Text,
    pub(crate) address: String,
    pub(crate) fingerprint: String,
    pub(crate) host: bool,
    pub(crate) me: bool,
    pub(crate) presence: Presence,
}

impl PersonView {
    pub(crate) fn new(person: &Person, me: MemberId) -> PersonView {
        PersonView {
            id: person.id.0,
            name: person.profile.name.as_str().into(),
            about: person.profile.about.as_str().into(),
            device: person.profile.device.as_str().into(),
            address: person.address.to_string(),
            fingerprint: person.fingerprint.to_string(),
            host: person.id == MemberId::HOST,
            me: person.id == me,
            presence: person.presence,
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Chat {
    pub(crate) seq: u64,
    pub(crate) from: u32,
    pub(crate) name: Text,
    pub(crate) address: String,
    pub(crate) at_unix_ms: u64,
    /// `text`, `joined`, `left` or `opened`.
    pub(crate) kind: &'static str,
    pub(crate) text: Option<Text>,
    pub(crate) reason: Option<LeaveReason>,
    /// Ours; that it is in the log is its receipt.
    pub(crate) mine: bool,
    /// How many people are here after a person came or left; `null` when the entry is from before we came.
    pub(crate) people: Option<usize>,
}

impl Chat {
    pub(crate) fn new(entry: &Entry, me: MemberId, people: Option<usize>) -> Chat {
        let (kind, text, reason) = match &entry.body {
            Body::Opened => ("opened", None, None),
            Body::Joined => ("joined", None, None),
            Body::Left { reason } => ("left", None, Some(*reason)),
            Body::Text { text } => ("text", Some(Text::from(text.as_str())), None),
        };
        Chat {
            seq: entry.seq,
            from: entry.from.0,
            name: entry.name.as_str().into(),
            address: entry.address.to_string(),
            at_unix_ms: entry.at_unix_ms,
            kind,
            text,
            reason,
            mine: entry.from == me,
            people: people.filter(|_| matches!(entry.body, Body::Joined | Body::Left { .. })),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct FileView {
    pub(crate) id: u32,
    pub(crate) name: Text,
    pub(crate) size_bytes: u64,
    pub(crate) kind: Text,
    pub(crate) owner: u32,
    pub(crate) owner_name: Text,
    pub(crate) mine: bool,
    /// `uploading`, `stored`, `failed` or `cancelled`.
    pub(crate) state: &'static str,
    pub(crate) blake3: Option<String>,
    pub(crate) why: Option<Text>,
    /// How many have fetched it, whole and checked.
    pub(crate) received_by: Vec<u32>,
    /// For these only; empty means everybody.
    pub(crate) only_for: Vec<u32>,
}

impl FileView {
    pub(crate) fn new(file: &FileInfo, me: MemberId) -> FileView {
        let (state, blake3, why) = match &file.state {
            FileState::Uploading => ("uploading", None, None),
            FileState::Stored { hash } => ("stored", Some(hash.to_string()), None),
            FileState::Failed { why } => ("failed", None, Some(why.as_str().into())),
            FileState::Cancelled => ("cancelled", None, None),
        };
        FileView {
            id: file.id.0,
            name: file.name.as_str().into(),
            size_bytes: file.size,
            kind: file.mime.as_str().into(),
            owner: file.owner.0,
            owner_name: file.owner_name.as_str().into(),
            mine: file.owner == me,
            state,
            blake3,
            why,
            received_by: file.received_by.iter().map(|id| id.0).collect(),
            only_for: file.to.iter().map(|id| id.0).collect(),
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Transfer {
    pub(crate) file: u32,
    pub(crate) name: Text,
    /// `up`: we send; `down`: we fetch.
    pub(crate) direction: &'static str,
    /// `running`, `paused`, `interrupted`, `done`, `failed` or `cancelled`.
    pub(crate) state: &'static str,
    pub(crate) size_bytes: u64,
    pub(crate) done_bytes: u64,
    pub(crate) rate_bytes_per_s: Option<f64>,
    pub(crate) remaining_s: Option<f64>,
    pub(crate) path: Option<Text>,
    pub(crate) blake3: Option<String>,
    pub(crate) message: Option<Text>,
}

impl Transfer {
    pub(crate) fn new(view: &TransferView, name: &str) -> Transfer {
        let mut transfer = Transfer {
            file: view.file.0,
            name: name.into(),
            direction: match view.direction {
                Direction::Up => "up",
                Direction::Down => "down",
            },
            state: "running",
            size_bytes: view.size,
            done_bytes: 0,
            rate_bytes_per_s: None,
            remaining_s: None,
            path: None,
            blake3: None,
            message: None,
        };
        match &view.state {
            TransferState::Running {
                done,
                rate,
                remaining,
            } => {
                transfer.done_bytes = *done;
                transfer.rate_bytes_per_s = *rate;
                transfer.remaining_s = remaining.map(netcore::proto::Span::as_secs_f64);
            }
            TransferState::Paused { done } => (transfer.state, transfer.done_bytes) = ("paused", *done),
            TransferState::Interrupted { done } => {
                (transfer.state, transfer.done_bytes) = ("interrupted", *done);
            }
            TransferState::Done { path, hash } => {
                transfer.state = "done";
                transfer.done_bytes = view.size;
                transfer.path = path.as_deref().map(Text::path);
                transfer.blake3 = Some(hash.to_string());
            }
            TransferState::Failed { done, error } => {
                transfer.state = "failed";
                transfer.done_bytes = *done;
                transfer.message = Some(error.to_string().into());
            }
            TransferState::Cancelled => transfer.state = "cancelled",
        }
        transfer
    }
}

/// What happened to a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    Started,
    Changed,
    Stopped,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct StreamView {
    pub(crate) id: u32,
    pub(crate) owner: u32,
    pub(crate) owner_name: Text,
    pub(crate) mine: bool,
    pub(crate) source: SourceKind,
    pub(crate) title: Text,
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) rate: f32,
    pub(crate) transport: Transport,
}

impl StreamView {
    pub(crate) fn new(stream: &StreamInfo, owner_name: &str, me: MemberId) -> StreamView {
        StreamView {
            id: stream.id.0,
            owner: stream.owner.0,
            owner_name: owner_name.into(),
            mine: stream.owner == me,
            source: stream.spec.source,
            title: stream.spec.title.as_str().into(),
            width: stream.spec.width,
            height: stream.spec.height,
            rate: stream.spec.rate,
            transport: stream.spec.transport,
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct LiveView {
    pub(crate) change: Change,
    pub(crate) stream: Option<u32>,
    pub(crate) source: Text,
    pub(crate) title: Text,
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) rate: f32,
    pub(crate) quality: u8,
    /// What its pictures lead to at the least; `None`: nothing is too little.
    pub(crate) least_bps: Option<u64>,
    /// And at the most; `None`: what the network takes.
    pub(crate) most_bps: Option<u64>,
    /// Whether pictures stay as they are whatever the network takes.
    pub(crate) is_fixed: bool,
    pub(crate) transport: Transport,
    /// Whether they stay on UDP though nothing answers.
    pub(crate) is_udp_only: bool,
}

impl LiveView {
    /// What our video is now.
    pub(crate) fn new(live: &Live, change: Change) -> LiveView {
        let (spec, wish) = (live.spec(), live.wish());
        let (least, most) = match wish.fit {
            Fit::Within(least, most) => (Some(least), Some(most)),
            Fit::Fixed => (None, None),
        };
        let least = least.filter(|least| *least > Bitrate(0));
        let most = most.filter(|most| *most < Bitrate(u64::MAX));
        LiveView {
            change,
            stream: live.stream().map(|stream| stream.0),
            source: wish.source.to_string().into(),
            title: spec.title.as_str().into(),
            width: spec.width,
            height: spec.height,
            rate: spec.rate,
            quality: wish.quality,
            least_bps: least.map(|Bitrate(bps)| bps),
            most_bps: most.map(|Bitrate(bps)| bps),
            is_fixed: wish.fit == Fit::Fixed,
            transport: spec.transport,
            is_udp_only: wish.stays_on_udp,
        }
    }
}

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
pub(crate) struct Watched {
    pub(crate) stream: u32,
    pub(crate) frames: u64,
    pub(crate) frames_per_s: f64,
    pub(crate) bytes: u64,
    /// Bits of pictures each second.
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
pub(crate) struct Recorded {
    pub(crate) stream: u32,
    /// Its files, in order: another one begins when the pictures change their size.
    pub(crate) files: Vec<Text>,
    /// The exact time of each frame, comma-separated; `null` when there was none.
    pub(crate) times: Option<Text>,
    pub(crate) frames: u64,
    /// Frames that are in none of them.
    pub(crate) left_out: u64,
    pub(crate) bytes: u64,
    #[serde(rename = "length_s")]
    pub(crate) seconds: f64,
}

impl Recorded {
    /// Of a stream that gave no picture.
    pub(crate) fn nothing(stream: StreamId) -> Recorded {
        Recorded {
            stream: stream.0,
            files: Vec::new(),
            times: None,
            frames: 0,
            left_out: 0,
            bytes: 0,
            seconds: 0.0,
        }
    }
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
pub(crate) struct LinkView {
    /// `up`, `lost`, `left` or `closed`.
    pub(crate) state: &'static str,
    pub(crate) attempt: Option<u32>,
    #[serde(rename = "retry_in_ms", serialize_with = "millis")]
    pub(crate) retry_in: Option<Duration>,
    pub(crate) message: Option<Text>,
}

fn millis<S: Serializer>(span: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    span.map(|span| span.as_millis() as u64).serialize(serializer)
}

#[derive(Debug, Serialize)]
pub(crate) struct Device {
    /// What `--source` takes.
    pub(crate) source: Text,
    pub(crate) name: Text,
    pub(crate) formats: Vec<DeviceFormat>,
}

#[derive(Debug, Serialize)]
pub(crate) struct DeviceFormat {
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) rate: f32,
}

#[derive(Debug, Serialize)]
pub(crate) struct KnownRoom {
    pub(crate) name: Text,
    pub(crate) address: Text,
    /// Its other addresses.
    pub(crate) also_at: Vec<Text>,
    /// The identity that its host had.
    pub(crate) fingerprint: String,
    pub(crate) last_seen_unix_ms: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Error {
    /// As in the exit codes.
    pub(crate) code: &'static str,
    pub(crate) message: Text,
}
