//! The control plane of one computer in one room. It routes each input to one machine and merges what comes out; the rules
//! are the machines' own.

mod catch_up;
mod commands;
mod deliver;
mod host;
mod inputs;
mod machines;
mod member;
mod outbox;
mod pages;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use crate::ground::{Fingerprint, MemberId, Person, Profile, Refusal, Time};
use crate::io::Output;
use crate::{chat, files, session, video};
use host::HostNode;
use machines::{HostMachines, MemberMachines};
use member::MemberNode;
use outbox::HostOutbox;

/// What a host must know to open a room.
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// The room's name.
    pub room_name: String,
    /// A random number that no other room has.
    pub room: u64,
    /// The host's own profile.
    pub profile: Profile,
    /// The host's certificate.
    pub identity: Fingerprint,
    /// The address the host shows as its own.
    pub address: SocketAddr,
    /// The calendar's milliseconds since 1970 at [`Time::ZERO`], until [`Node::set_epoch`] says otherwise.
    pub epoch_unix_ms: u64,
}

/// Why something cannot be said or offered right now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The text itself.
    #[error(transparent)]
    Text(#[from] chat::TextError),
    /// Too much waits for the connection to come back.
    #[error("1,000 messages, or 3 MiB of them, already wait to be received: wait until they are")]
    TooManyWaiting,
    /// A limit of the room.
    #[error("{0}")]
    Refused(Refusal),
    /// There is no connection to the host right now.
    #[error("there is no connection to the host right now")]
    NotConnected,
}

/// A host or a member of a room: see the crate's documentation for how to drive it.
#[derive(Debug)]
pub struct Node {
    role: Role,
    outputs: VecDeque<Output>,
}

// One node exists per room, so the size of its larger role costs nothing.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
enum Role {
    Host(HostNode),
    Member(MemberNode),
}

impl Node {
    /// Opens a room.
    pub fn host(config: HostConfig, now: Time) -> Node {
        let HostConfig {
            room_name,
            room,
            profile,
            identity,
            address,
            epoch_unix_ms,
        } = config;
        let mut host = HostNode {
            epoch_unix_ms,
            decoders: BTreeMap::new(),
            catching_up: BTreeMap::new(),
            session: session::Host::new(room_name, room, &profile, identity, address),
            machines: HostMachines::default(),
        };
        let mut out = HostOutbox::default();
        host.note(MemberId::HOST, chat::Body::Opened, now, &mut out);
        let mut node = Node {
            role: Role::Host(host),
            outputs: VecDeque::new(),
        };
        node.deliver(out);
        node
    }

    /// A member-to-be of a room.
    pub fn member(profile: &Profile) -> Node {
        let member = MemberNode {
            conn: None,
            session: session::Member::new(profile),
            machines: MemberMachines::default(),
        };
        Node {
            role: Role::Member(member),
            outputs: VecDeque::new(),
        }
    }

    /// Our number in the room; a member has none before its first welcome.
    pub fn me(&self) -> Option<MemberId> {
        match &self.role {
            Role::Host(_) => Some(MemberId::HOST),
            Role::Member(member) => member.session.me(),
        }
    }

    /// The room's name; a member knows none before its first welcome.
    pub fn room_name(&self) -> Option<&str> {
        match &self.role {
            Role::Host(host) => Some(host.session.room_name()),
            Role::Member(member) => member.session.room_name(),
        }
    }

    /// Whether we know everything that was there when we came; a host always does.
    pub fn is_up_to_date(&self) -> bool {
        match &self.role {
            Role::Host(_) => true,
            Role::Member(member) => member.session.is_up_to_date(),
        }
    }

    /// Who is here.
    pub fn people(&self) -> Vec<&Person> {
        match &self.role {
            Role::Host(host) => host.session.people().collect(),
            Role::Member(member) => member.session.people().collect(),
        }
    }

    /// What was said.
    pub fn chat(&self) -> &chat::Log {
        match &self.role {
            Role::Host(host) => host.machines.chat.log(),
            Role::Member(member) => member.machines.chat.log(),
        }
    }

    /// What is on offer; a host knows also of files that are not for it.
    pub fn files(&self) -> Vec<&files::FileInfo> {
        match &self.role {
            Role::Host(host) => host.machines.files.files().collect(),
            Role::Member(member) => member.machines.files.files().collect(),
        }
    }

    /// Which streams are live.
    pub fn streams(&self) -> Vec<&video::StreamInfo> {
        match &self.role {
            Role::Host(host) => host.machines.video.streams().collect(),
            Role::Member(member) => member.machines.video.streams().collect(),
        }
    }

    /// The calendar was set, or the computer slept: what happens from now on is stamped by a calendar that showed these
    /// milliseconds since 1970 at [`Time::ZERO`]. The room's order stays that of its numbers. A member stamps nothing.
    pub fn set_epoch(&mut self, epoch_unix_ms: u64) {
        if let Role::Host(host) = &mut self.role {
            host.epoch_unix_ms = epoch_unix_ms;
        }
    }
}

#[cfg(test)]
mod tests;
