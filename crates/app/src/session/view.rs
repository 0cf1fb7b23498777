//! What a face is given of who is here.

use netcore::proto::{MemberId, session};
use netcore::{JoinError, KnownRoom, RoomInfo, Snapshot};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::chat::view::ChatEntry;
use crate::core::OpenRoom;
use crate::error::IpcError;
use crate::files::view::FileView;
use crate::video::view::{LiveView, SourceFormat, StreamView, Transport};

/// What a person says about themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Profile {
    /// The name others see.
    pub name: String,
    /// Whatever the person adds.
    pub about: String,
    /// "#rrggbb"
    pub colour: String,
    /// The computer's name.
    pub device: String,
}

/// Whether a person can be reached right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Connected.
    Here,
    /// The connection was lost a moment ago.
    Reconnecting,
}

/// A person in the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// 0 is the host.
    pub id: u32,
    /// What they say about themselves.
    pub profile: Profile,
    /// The address the host sees them at, such as "192.168.1.31:53412".
    pub address: String,
    /// 64 hexadecimal digits of the certificate's SHA-256.
    pub fingerprint: String,
    /// Whether they host the room.
    pub is_host: bool,
    /// Whether it is this window's person.
    pub is_me: bool,
    /// Whether they can be reached right now.
    pub presence: Presence,
}

/// Server or client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// This computer hosts the room.
    Host,
    /// This computer joined it.
    Member,
}

/// State of this computer's connection to the room. A host's is always up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum LinkState {
    /// Connected.
    Up,
    /// Lost, and tried again by itself.
    Lost {
        /// How often it has been tried.
        attempt: u32,
        /// Until the next attempt, in milliseconds.
        retry_in_ms: u64,
        /// When it was lost, in milliseconds since 1970.
        at_ms: u64,
        /// Why.
        reason: IpcError,
    },
}

/// An address that others may reach this computer at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct ReachableAt {
    /// With the port, such as "192.168.1.24:27182".
    pub address: String,
    /// The network interface's name, such as "wlan0".
    pub network: String,
    /// Whether only this computer can reach it.
    pub loopback: bool,
}

/// The whole room, when it is entered or looked at anew.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RoomView {
    /// Server or client.
    pub role: Role,
    /// The room's name.
    pub name: String,
    /// As joined, or for a host the first address that others can reach.
    pub address: String,
    /// For a host; empty for a member.
    pub reachable_at: Vec<ReachableAt>,
    /// The host's identity.
    pub fingerprint: String,
    /// This window's person.
    pub me: u32,
    /// State of the connection to the host.
    pub link: LinkState,
    /// Who is here.
    pub people: Vec<Person>,
    /// What was said.
    pub chat: Vec<ChatEntry>,
    /// What is offered.
    pub files: Vec<FileView>,
    /// What is live.
    pub streams: Vec<StreamView>,
    /// This window's own video.
    pub live: Option<LiveView>,
}

/// A room joined before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RecentRoom {
    /// The room's name.
    pub name: String,
    /// Where it was.
    pub address: String,
    /// The host's identity.
    pub fingerprint: String,
    /// Its other addresses.
    pub also_at: Vec<String>,
    /// In milliseconds since 1970.
    pub last_seen_ms: u64,
}

/// The interface's languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    En,
    /// 简体中文.
    Zh,
}

/// Light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system has it.
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Language {
    /// Each language with its word.
    pub const WORDS: [(&'static str, Language); 2] = [("en", Language::En), ("zh", Language::Zh)];
}

impl Theme {
    /// Each theme with its word.
    pub const WORDS: [(&'static str, Theme); 3] = [
        ("auto", Theme::Auto),
        ("light", Theme::Light),
        ("dark", Theme::Dark),
    ];
}

/// What a person chose, stored from start to start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// The interface's language.
    pub language: Language,
    /// Light or dark.
    pub theme: Theme,
    /// The port a room is opened on.
    pub port: u16,
    /// What my video starts with.
    pub transport: Transport,
    /// The folder that received files go to.
    pub downloads: String,
    /// JPEG quality, 1 to 100: the most, unless it is fixed.
    pub quality: u8,
    /// The least JPEG quality when the network does not take more.
    #[serde(default = "default_least_quality")]
    pub least_quality: u8,
    /// The least bitrate that is aimed at whatever the network takes; `null`: as the network has it.
    #[serde(default)]
    pub least_kbps: Option<u32>,
    /// The most; `null`: as the network has it.
    #[serde(default)]
    pub most_kbps: Option<u32>,
    /// Whether the pictures stay as they are asked for, whatever the network takes.
    #[serde(default)]
    pub is_fixed: bool,
    /// Whether my video over UDP stays there though nothing answers; otherwise it goes over TCP meanwhile.
    #[serde(default)]
    pub stays_on_udp: bool,
}

/// What was used last, to begin with the next time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct LastUsed {
    /// The name of the room that was hosted; empty: none was.
    pub room_name: String,
    /// The camera or pattern that was live; empty: none was.
    pub source: String,
    /// The size and rate it was asked for.
    pub format: Option<SourceFormat>,
}

/// What settings of an older version stand for.
pub fn default_least_quality() -> u8 {
    30
}

/// What the start screen shows.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct StartView {
    /// Who I am.
    pub profile: Profile,
    /// The name given by `--profile`.
    pub profile_name: Option<String>,
    /// What was chosen.
    pub settings: Settings,
    /// What was used last.
    pub last: LastUsed,
    /// This computer's addresses, with the settings' port.
    pub addresses: Vec<ReachableAt>,
    /// Rooms joined before, the latest first.
    pub recent: Vec<RecentRoom>,
    /// This program's version.
    pub version: String,
    /// Free room where downloads go, in bytes.
    pub downloads_free: Option<u64>,
    /// Whether the name has never been confirmed yet.
    pub first_run: bool,
    /// An address to join at once.
    pub auto_join: Option<String>,
    /// An address that a link names, to be joined when the person asks; what is none is as it was.
    pub linked: Option<String>,
}

/// What happens to who is here.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SessionEvent {
    /// A person came.
    Joined {
        /// Who.
        person: Person,
    },
    /// A person left.
    Left {
        /// Who it was.
        person: Person,
        /// Why.
        reason: LeaveReason,
    },
    /// A person's profile, address or presence changed.
    PersonChanged {
        /// As they are now.
        person: Person,
    },
    /// The connection to the host was lost, tried again, or is back.
    LinkChanged {
        /// As it is now.
        link: LinkState,
    },
    /// Others reach the room that is open here at other addresses than before.
    AddressesChanged {
        /// All there are, the likeliest first.
        addresses: Vec<ReachableAt>,
    },
    /// The window was to be closed, which would end what others or this computer still need.
    CloseAsked {
        /// How many others lose their room by it: 0 on a member's computer.
        others: u32,
        /// How many files are on the move here.
        moving: u32,
    },
    /// The room is over for this computer.
    Closed {
        /// `null` when this window's person ended it.
        reason: Option<IpcError>,
    },
}

/// Why a person is no longer here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LeaveReason {
    /// They chose to.
    Left,
    /// Their connection was lost and did not come back in time.
    Lost,
    /// They broke the protocol's rules or fell too far behind.
    Removed,
}

impl Person {
    /// `person` as seen by `me`.
    pub fn of(person: &session::Person, me: MemberId) -> Person {
        Person {
            id: person.id.0,
            profile: person.profile.clone().into(),
            address: person.address.to_string(),
            fingerprint: person.fingerprint.to_string(),
            is_host: person.id == MemberId::HOST,
            is_me: person.id == me,
            presence: match person.presence {
                session::Presence::Here => Presence::Here,
                session::Presence::Reconnecting => Presence::Reconnecting,
            },
        }
    }
}

impl LinkState {
    /// The connection's state in the interface's words.
    pub fn of(link: &netcore::LinkState) -> LinkState {
        match link {
            netcore::LinkState::Up => LinkState::Up,
            netcore::LinkState::Lost {
                attempt,
                retry_in,
                since_unix_ms,
                reason,
            } => LinkState::Lost {
                attempt: *attempt,
                retry_in_ms: u64::try_from(retry_in.as_millis()).unwrap_or(u64::MAX),
                at_ms: *since_unix_ms,
                reason: reason.clone().into(),
            },
        }
    }
}

impl SessionEvent {
    /// The end of a room.
    pub fn closed(reason: Option<JoinError>) -> SessionEvent {
        SessionEvent::Closed {
            reason: reason.map(IpcError::from),
        }
    }
}

impl RoomView {
    /// A snapshot in the interface's words, with what each capability has of the room.
    pub(crate) fn of(snapshot: &Snapshot, open: &OpenRoom, live: Option<LiveView>) -> RoomView {
        let RoomInfo {
            role,
            name,
            address,
            reachable_at,
            fingerprint,
            me,
            ..
        } = snapshot.info.clone();
        RoomView {
            role: match role {
                netcore::Role::Host => Role::Host,
                netcore::Role::Member => Role::Member,
            },
            name,
            address,
            reachable_at: reachable_at.into_iter().map(Into::into).collect(),
            fingerprint: fingerprint.to_string(),
            me: me.0,
            link: LinkState::of(&snapshot.link),
            people: snapshot
                .people
                .iter()
                .map(|person| Person::of(person, me))
                .collect(),
            chat: open.chat.lock().all(),
            files: open.files.lock().views(me),
            streams: open.stream_views(),
            live,
        }
    }
}

impl From<session::Profile> for Profile {
    fn from(profile: session::Profile) -> Profile {
        let session::Profile {
            name,
            about,
            colour,
            device,
        } = profile;
        Profile {
            name,
            about,
            colour,
            device,
        }
    }
}

impl From<Profile> for session::Profile {
    fn from(profile: Profile) -> session::Profile {
        let Profile {
            name,
            about,
            colour,
            device,
        } = profile;
        session::Profile {
            name,
            about,
            colour,
            device,
        }
    }
}

impl From<session::LeaveReason> for LeaveReason {
    fn from(reason: session::LeaveReason) -> LeaveReason {
        match reason {
            session::LeaveReason::Left => LeaveReason::Left,
            session::LeaveReason::Lost => LeaveReason::Lost,
            session::LeaveReason::Removed => LeaveReason::Removed,
        }
    }
}

impl From<netcore::ReachableAt> for ReachableAt {
    fn from(at: netcore::ReachableAt) -> ReachableAt {
        let netcore::ReachableAt {
            address,
            network,
            loopback,
        } = at;
        ReachableAt {
            address,
            network,
            loopback,
        }
    }
}

impl From<KnownRoom> for RecentRoom {
    fn from(room: KnownRoom) -> RecentRoom {
        RecentRoom {
            name: room.name,
            address: room.address,
            fingerprint: room.fingerprint.to_string(),
            also_at: room.also_at,
            last_seen_ms: room.last_seen_unix_ms,
        }
    }
}
