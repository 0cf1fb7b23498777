//! What can go wrong, in words for people: what happened, to what, what was kept, what to do next.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use netcore_proto::session::{Fingerprint, Refusal, RefusalCode};
use netcore_proto::{FileId, StreamId};

use crate::net::address::{Address, AddressError};
use crate::net::listen::ListenOn;
use crate::store::identity::IdentityError;
use crate::store::known::KnownRoomsError;

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
    /// Nothing of what was to be listened on is there.
    #[error("this computer has neither an address nor a network card {}: it has {}", listed(wanted), present.join(", "))]
    NoSuchAddress {
        /// As asked for.
        wanted: Vec<ListenOn>,
        /// The cards and addresses that there are.
        present: Vec<String>,
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
    /// The name is unknown, or there is no path to it.
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
    #[error("what answers at {address} is not a Roomwire room ({why})")]
    NotARoom {
        /// Where.
        address: Address,
        /// What TLS makes of its answer.
        why: String,
    },
    /// A link-local address, without a card of this computer that reaches it.
    #[error("{}", no_card(address, cards))]
    NoCard {
        /// Where.
        address: Address,
        /// The cards that there are.
        cards: Vec<String>,
    },
    /// The connection ended before it was secured.
    #[error(
        "{address} took the connection and broke it off ({why}): another program may listen there, or the room is closing; \
         try again"
    )]
    BrokenOff {
        /// Where.
        address: Address,
        /// The system's words.
        why: String,
    },
    /// The room's own no.
    #[error("the room says: {0}")]
    RoomRefused(Refusal),
    /// Another room was met at the address before.
    #[error(
        "{address} shows another identity than \"{room}\" did ({got} instead of {expected}), so it was not joined: if its \
         Roomwire was set up anew, forget the known room and join again"
    )]
    IdentityChanged {
        /// Where.
        address: Address,
        /// The name of the room that was met there.
        room: String,
        /// As pinned.
        expected: Fingerprint,
        /// As shown.
        got: Fingerprint,
    },
    /// Whom one has met before is not known.
    #[error(transparent)]
    KnownRooms(#[from] KnownRoomsError),
    /// The connection ended.
    #[error("the connection to {address} is lost ({why})")]
    HostGone {
        /// Where.
        address: Address,
        /// What was seen.
        why: String,
    },
    /// No answer.
    #[error("{}", silence(address, *is_connected))]
    TimedOut {
        /// Where.
        address: Address,
        /// Whether the system there took the connection, so that only the program is silent.
        is_connected: bool,
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

    /// Whether packets that were lost may be all that is wrong, so that a second try at once makes sense.
    pub(crate) fn may_be_loss(&self) -> bool {
        match self {
            JoinError::TimedOut { .. } | JoinError::BrokenOff { .. } | JoinError::HostGone { .. } => true,
            // Our hello did not get there in time.
            JoinError::RoomRefused(refusal) => refusal.code == RefusalCode::Silent,
            _ => false,
        }
    }

    /// Whether trying again by itself makes sense: the path may come back, a no will not become a yes.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            JoinError::Unreachable { .. }
            | JoinError::Refused { .. }
            | JoinError::HostGone { .. }
            | JoinError::TimedOut { .. }
            | JoinError::BrokenOff { .. }
            | JoinError::NoCard { .. }
            | JoinError::Network(_) => true,
            JoinError::RoomRefused(refusal) => {
                matches!(
                    refusal.code,
                    RefusalCode::Silent
                        | RefusalCode::TooSlow
                        | RefusalCode::Fault
                        | RefusalCode::Limit
                        | RefusalCode::Busy
                )
            }
            JoinError::Address(_)
            | JoinError::NotARoom { .. }
            | JoinError::IdentityChanged { .. }
            | JoinError::KnownRooms(_)
            | JoinError::Identity(_) => false,
        }
    }
}

fn listed(wanted: &[ListenOn]) -> String {
    let wanted = wanted.iter().map(ToString::to_string);
    wanted.collect::<Vec<_>>().join(" or ")
}

fn silence(address: &Address, is_connected: bool) -> String {
    if is_connected {
        format!(
            "{address} took the connection and then did not answer: the path may lose much, or no Roomwire room is there; try again"
        )
    } else {
        format!(
            "{address} does not answer: check the address, and that its computer is on and in a network that this one reaches"
        )
    }
}

fn no_card(address: &Address, cards: &[String]) -> String {
    let (example, cards) = match cards {
        [] => ("eth0", "no card of this computer has such addresses".to_owned()),
        [first, ..] => (first.as_str(), format!("this computer has {}", cards.join(", "))),
    };
    let number = address.ip().map(|ip| ip.to_string()).unwrap_or_default();
    let missing = match address.card() {
        Some(card) => {
            format!("this computer has no network card {card:?}, which {address} is to be reached through")
        }
        None => format!("{address} is a link-local address, which needs the network card that reaches it"),
    };
    format!("{missing}: add % and a card's name, as in {number}%{example} ({cards})")
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
    /// There is not enough room for it, known beforehand.
    #[error(
        "the disk of {} has no room for it: it has {size} bytes, and {available} may be used; make room or choose another \
         folder, then resume", folder.display()
    )]
    NoRoom {
        /// Where it would go.
        folder: PathBuf,
        /// Its bytes.
        size: u64,
        /// Bytes that are free beside what the system is left and other files were promised.
        available: u64,
    },
    /// The file system has no files as long as that.
    #[error("files on the disk of {} cannot be longer than {}: choose a folder on another disk, then fetch it again",
        folder.display(), limit_in_words(*longest))]
    TooLong {
        /// Where it would go.
        folder: PathBuf,
        /// The longest file there, in bytes, when that is known.
        longest: Option<u64>,
    },
    /// This program may write no file as long as that.
    #[error(
        "this program may write no file longer than {longest} bytes (ulimit -f): start it with a higher limit, then fetch the file again"
    )]
    LengthLimit {
        /// The longest one, in bytes.
        longest: u64,
    },
    /// It is whole and right, and cannot be given its name in the folder it was fetched into.
    #[error(
        "the file is whole and stays as {}: it cannot be put into {} ({why}); it will be when you resume, without being fetched \
         again", kept.display(), folder.display()
    )]
    NotPlaced {
        /// Where it is.
        kept: PathBuf,
        /// Where it belongs.
        folder: PathBuf,
        /// The system's words.
        why: String,
    },
    /// No more files can be opened for now.
    #[error("too many files are open right now: close some, then resume")]
    TooManyOpen,
    /// A file of ours is not what it was when it was offered.
    #[error("{} {why} and is no longer on offer: offer it again", path.display())]
    Changed {
        /// Which.
        path: PathBuf,
        /// What happened to it.
        why: &'static str,
    },
    /// An offer of ours came to an end after it had been taken.
    #[error("the offer has ended: {why}")]
    OfferEnded {
        /// Why.
        why: String,
    },
    /// The disk was filled meanwhile.
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
            FileError::Corrupt { .. }
                | FileError::SenderFailed { .. }
                | FileError::Gone(_)
                | FileError::Changed { .. }
                | FileError::OfferEnded { .. }
                | FileError::TooLong { .. }
                | FileError::LengthLimit { .. }
        )
    }

    /// Whether it may be otherwise soon, by itself.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, FileError::TooManyOpen)
    }

    /// The words for others about it: where things are on this computer is nobody else's business.
    pub(crate) fn for_others(&self) -> String {
        match self {
            FileError::Unreadable { why, .. } => format!("the file cannot be read: {why}"),
            FileError::Unwritable { why, .. } => format!("the file cannot be written: {why}"),
            FileError::DiskFull { .. } => "the disk is full".to_owned(),
            FileError::NoRoom { .. } => "the disk has no room for it".to_owned(),
            FileError::TooLong { longest, .. } => {
                format!(
                    "files on its disk cannot be longer than {}",
                    limit_in_words(*longest)
                )
            }
            FileError::LengthLimit { longest } => format!("its files cannot be longer than {longest} bytes"),
            FileError::Changed { why, .. } => format!("the file {why}"),
            error => error.to_string(),
        }
    }
}

/// As people know it: FAT32's is a byte less than 4 GiB.
fn limit_in_words(longest: Option<u64>) -> String {
    const GIB: u64 = 1 << 30;
    match longest {
        Some(bytes) if bytes >= GIB => format!("{} GiB", bytes.div_ceil(GIB)),
        Some(bytes) => format!("{bytes} bytes"),
        None => "the system allows".to_owned(),
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
