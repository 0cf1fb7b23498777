//! What is offered: files by name, size, kind and owner; their bytes travel on connections of their own.
//!
//! A file on the host goes through these states:
//!
//! | state | ends with |
//! |---|---|
//! | `Uploading` | all bytes there and the hash right → `Stored`; owner or disk gives up → `Failed`; taken back → `Cancelled` |
//! | `Stored` | taken back → `Cancelled`; the host finds that it is not what it was → `Failed` |
//! | `Failed`, `Cancelled` | nothing |
//!
//! Receivers fetch it while it is still being uploaded, as far as it has come.

mod host;
mod member;
mod message;
mod name;
mod scavenger;
mod transfer;

pub(crate) use host::Host;
pub(crate) use member::Member;
pub use message::{FileHash, FileInfo, FileState, Notice, Offer, Request};
pub use name::{MAX_FILE_NAME_BYTES, safe_name, safe_name_within};
pub use scavenger::ScavengerRate;
pub use transfer::{
    HASH_BYTES, MAX_ABORT_BYTES, MAX_CHUNK_BYTES, Progress, Receiver, RecordHeader, TransferError,
    VERDICT_GOOD, abort_record, chunk_header, end_record,
};

/// The most files on offer in one room at a time.
pub const MAX_FILES: usize = 1_000;
/// The most people who are remembered to have a file; over a long day more may come and go than are ever here at a time.
const MAX_RECEIVERS: usize = 1_000;

/// What happens to what is offered.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// On the owner: its offer has a number now, and its bytes may be sent.
    Accepted {
        /// The owner's own number for the offer.
        local: u64,
        /// The file.
        file: FileInfo,
    },
    /// On the owner: the host does not take the offer.
    Refused {
        /// The owner's own number for the offer.
        local: u64,
        /// Why.
        refusal: crate::ground::Refusal,
    },
    /// A file was offered to us.
    Offered(FileInfo),
    /// A file's state, or who has it, changed.
    Changed(FileInfo),
    /// The room is another one than before: its files are gone. What we offered is offered again by itself: to everybody, or to
    /// each of those it was for, by their identity, as soon as they are here.
    Reset,
}
