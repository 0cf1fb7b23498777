//! What can go wrong, in words for people: what happened, to what, what was kept, what to do next.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use netcore_proto::session::{Fingerprint, Refusal, RefusalCode};
use netcore_proto::{FileId, StreamId};

use crate::address::{Address, AddressError};
use crate::identity::IdentityError;

/// A room cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another program, or another copy of this one, has the port.
    #[error("port {port} is in use by another program: choose another port, or 0 for any free one")]
    PortInUse {
        /// As asked for.
        port: u16,
    },
    /// The system reserves the port.
    #[error("the system does not let you open port {port}: choose one from 1024 on")]
    PortForbidden {
        /// As asked for.
        port: u16,
    },
    /// The certificate.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Anything else.
    #[error("the room cannot be opened: {0}")]
    Other(#[from] io::Error),
}

/// A room cannot be joined, or is over.
#[derive(Clone, Debug, thiserror::Error)]
pub enum JoinError {
    /// Not an address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The name is unknown, or there is no way there.
    #[error(
        "{address} cannot be reached ({why}): check the address and that both computers are on one network"
    )]
    Unreachable {
        /// Where.
        address: Address,
        /// The system's words.
        why: String,
    },
    /// The computer is there, but nothing listens on that port.
    #[error("nothing listens at {address}: has the room been opened, and on this port?")]
    Refused {
        /// Where.
        address: Address,
    },
    /// Something else answers there.
    #[error("what answers at {address} is not a Roomwire room")]
    NotARoom {
        /// Where.
        address: Address,
    },
    /// The room's own no.
    #[error("the room says: {0}")]
    RoomRefused(Refusal),
    /// The address showed another certificate before.
    #[error(
        "{address} shows another identity than before ({got} instead of {expected}): if its Roomwire was set up anew, \
         forget the known room and join again"
    )]
    IdentityChanged {
        /// Where.
        address: Address,
        /// As pinned.
        expected: Fingerprint,
        /// As shown.
        got: Fingerprint,
    },
    /// The connection ended.
    #[error("the connection to {address} is lost ({why})")]
    HostGone {
        /// Where.
        address: Address,
        /// What was seen.
        why: String,
    },
    /// No answer.
    #[error("{address} does not answer: check the address, and that no firewall keeps the port")]
    TimedOut {
        /// Where.
        address: Address,
    },
    /// The certificate.
    #[error(transparent)]
    Identity(Arc<IdentityError>),
    /// The system.
    #[error("the network cannot be used: {0}")]
    Network(Arc<io::Error>),
}

impl JoinError {
    /// Whether the two sides speak different versions.
    pub fn is_version_mismatch(&self) -> bool {
        matches!(self, JoinError::RoomRefused(refusal) if refusal.code == RefusalCode::VersionMismatch)
    }

    /// Whether trying again by itself makes sense: the way may come back, a no will not become a yes.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            JoinError::Unreachable { .. }
            | JoinError::Refused { .. }
            | JoinError::HostGone { .. }
            | JoinError::TimedOut { .. }
            | JoinError::Network(_) => true,
            JoinError::RoomRefused(refusal) => {
                matches!(refusal.code, RefusalCode::Silent | RefusalCode::TooSlow)
            }
            JoinError::Address(_)
            | JoinError::NotARoom { .. }
            | JoinError::IdentityChanged { .. }
            | JoinError::Identity(_) => false,
        }
    }
}

/// A file cannot be offered or fetched.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FileError {
    /// The file on offer.
    #[error("{} cannot be read: {why}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// No room.
    #[error("the disk is full: {kept} bytes are kept in {}; make room or choose another folder, then resume", path.display())]
    DiskFull {
        /// The unfinished file.
        path: PathBuf,
        /// Its bytes.
        kept: u64,
    },
    /// The folder or the unfinished file.
    #[error("{} cannot be written: {why}", path.display())]
    Unwritable {
        /// Which.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// Nobody offers it (any more).
    #[error("file {0} is not on offer (any more)")]
    Gone(FileId),
    /// Size or checksum.
    #[error("the file is damaged: {why}; nothing was kept, fetch it again")]
    Corrupt {
        /// What does not agree.
        why: String,
    },
    /// The other side gave up.
    #[error("the other side gave up: {why}")]
    SenderFailed {
        /// Its words.
        why: String,
    },
    /// Taken back, or stopped by the user.
    #[error("the transfer was cancelled")]
    Cancelled,
    /// No connection to the host.
    #[error("there is no connection to the host right now")]
    NotConnected,
    /// The host's no.
    #[error("the host does not take the file: {0}")]
    Refused(Refusal),
    /// The connection broke; what came is kept.
    #[error("the connection broke; what came is kept, and the transfer goes on when it is back")]
    Interrupted,
}

impl FileError {
    /// Whether what has come is of no use any more: trying again begins anew, if it can at all.
    pub(crate) fn is_final(&self) -> bool {
        matches!(
            self,
            FileError::Corrupt { .. } | FileError::SenderFailed { .. } | FileError::Gone(_)
        )
    }

    /// What others are told of it: where things are on this computer is nobody else's business.
    pub(crate) fn for_others(&self) -> String {
        match self {
            FileError::Unreadable { why, .. } => format!("the file cannot be read: {why}"),
            FileError::Unwritable { why, .. } => format!("the file cannot be written: {why}"),
            FileError::DiskFull { .. } => "the disk is full".to_owned(),
            error => error.to_string(),
        }
    }
}

/// A stream cannot be published or watched.
#[derive(Clone, Debug, thiserror::Error)]
pub enum VideoError {
    /// The host's no.
    #[error("the host does not take the stream: {0}")]
    Refused(Refusal),
    /// No connection to the host.
    #[error("there is no connection to the host right now: the stream waits for it")]
    NotConnected,
    /// Over.
    #[error("stream {0} is over")]
    Gone(StreamId),
}
