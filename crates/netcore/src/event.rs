//! What comes out of a room: its events, and what is known of it at one moment.

use std::sync::Arc;
use std::time::Duration;

use netcore_proto::chat::Entry;
use netcore_proto::files::FileInfo;
use netcore_proto::session::{Fingerprint, Person};
use netcore_proto::video::StreamInfo;
use netcore_proto::{MemberId, chat, files, session, video};

use crate::error::JoinError;
use crate::files::view::TransferView;
use crate::metrics::link_figures::{Link, LinkPoint};
use crate::net::cards::ReachableAt;
use crate::store::known::KnownRoom;

/// Which side of the room this computer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Server mode.
    Host,
    /// Client mode.
    Member,
}

/// What is known of a room itself at one moment.
#[derive(Clone, Debug)]
pub struct RoomInfo {
    /// Which side we are.
    pub role: Role,
    /// The room's name, by the present welcome.
    pub name: String,
    /// The room's own random number, by the present welcome: a host that begins anew has another.
    pub room: u64,
    /// On a host the first address others can reach it at; on a member the address it was joined at.
    pub address: String,
    /// On a host, every address, as it was last looked at; see [`RoomEvent::Addresses`].
    pub reachable_at: Vec<ReachableAt>,
    /// The host's identity.
    pub fingerprint: Fingerprint,
    /// On a member: what was known of the host before it was joined; `None` when it was met for the first time.
    pub known: Option<KnownRoom>,
    /// Our number, by the present welcome: a host that begins anew may give another.
    pub me: MemberId,
    /// For TCP and UDP.
    pub port: u16,
}

/// What a room was entered with. A host's addresses are looked at again; nothing else of it changes.
#[derive(Clone, Debug)]
pub(crate) struct Fixed {
    pub(crate) role: Role,
    pub(crate) address: String,
    pub(crate) reachable_at: Vec<ReachableAt>,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) known: Option<KnownRoom>,
    pub(crate) port: u16,
}

/// What the present welcome says; a host's own never changes.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    pub(crate) room: u64,
    pub(crate) name: String,
    pub(crate) me: MemberId,
}

impl Default for Admission {
    /// Before the first welcome: nobody has this number.
    fn default() -> Admission {
        Admission {
            room: 0,
            name: String::new(),
            me: MemberId(u32::MAX),
        }
    }
}

/// How the connection to the room is. A host's is always up.
#[derive(Clone, Debug)]
pub enum LinkState {
    /// It is there.
    Up,
    /// It is lost, and will be tried again.
    Lost {
        /// Which try comes next, from one.
        attempt: u32,
        /// When it comes.
        retry_in: Duration,
        /// Since when it is lost, in milliseconds since 1970.
        since_unix_ms: u64,
        /// Why the last try failed.
        reason: JoinError,
    },
}

/// Something that happened in a room.
#[derive(Clone, Debug)]
pub enum RoomEvent {
    /// To who is here.
    Session(session::Event),
    /// To what is said.
    Chat(chat::Event),
    /// To what is offered.
    Files(files::Event),
    /// To which streams exist.
    Video(video::Event),
    /// To a transfer of ours: it moved or ended.
    Transfer(TransferView),
    /// To a member's connection.
    Link(LinkState),
    /// To the addresses that others reach this host at: these are they now.
    Addresses(Vec<ReachableAt>),
    /// A second has passed.
    Metrics {
        /// What happened in it, link by link.
        points: Arc<Vec<LinkPoint>>,
        /// The figures as of now.
        links: Arc<Vec<Link>>,
    },
    /// The room is over for us, for this reason; `None` when it was our own doing.
    Closed(Option<JoinError>),
}

/// Everything there is to know about a room at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The room itself.
    pub info: RoomInfo,
    /// The connection.
    pub link: LinkState,
    /// Who is here.
    pub people: Vec<Person>,
    /// What was said, oldest first.
    pub chat: Vec<Entry>,
    /// What is on offer to us, and what we are doing about it.
    pub files: Vec<(FileInfo, Option<TransferView>)>,
    /// Which streams are live.
    pub streams: Vec<StreamInfo>,
    /// Whether this is everything: a member that has just come is sent it page by page, until
    /// [`session::Event::UpToDate`](netcore_proto::session::Event::UpToDate).
    pub is_up_to_date: bool,
}

impl Snapshot {
    /// After the room is over.
    pub(crate) fn nothing(info: RoomInfo, link: LinkState) -> Snapshot {
        Snapshot {
            info,
            link,
            people: Vec::new(),
            chat: Vec::new(),
            files: Vec::new(),
            streams: Vec::new(),
            is_up_to_date: false,
        }
    }
}
