//! What the bytes on a connection look like before any capability reads them.
//!
//! Every TCP connection is TLS 1.3 with the application protocol [`ALPN`]. The side that connects first sends a
//! [`Preface`] that says which of three kinds of connection this is; then
//! * **control**: length-prefixed JSON in both directions ([`ControlDecoder`], [`encode_control`]);
//! * **file** and **video**: one control message that says who and what ([`Attach`]), one that answers
//!   ([`AttachReply`]), and then the capability's own binary records.

mod attach;
mod control;
mod preface;
mod received;

pub use crate::ground::MAX_EXACT;
pub use attach::{Attach, AttachReply, AttachToken, Attachment, Direction};
pub use control::{ControlDecoder, MAX_CONTROL_BYTES, encode_control};
pub use preface::{ConnectionKind, PREFACE_BYTES, Preface, VERSION};
pub use received::{MAX_UNIX_MS, Receive, Received};
pub(crate) use received::{at_most, moment};

/// The application protocol named in the TLS handshake (RFC 7301).
pub const ALPN: &[u8] = b"roomwire/1";

/// The port a room is opened on unless another is asked for, for TCP and UDP alike.
pub const DEFAULT_PORT: u16 = 27182;

/// Bytes that are not what the protocol says they must be. Nothing after them on that connection can be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The first four bytes are not Roomwire's.
    #[error("the other side does not speak Roomwire (it began with {0:02x?})")]
    Magic([u8; 4]),
    /// Another version of the protocol.
    #[error(
        "the other side speaks version {theirs} of the protocol, this side version {VERSION}: update the older one"
    )]
    Version {
        /// The version the other side named.
        theirs: u8,
    },
    /// A kind of connection that does not exist.
    #[error("connection kind {0} is not known")]
    Kind(u8),
    /// A message longer than anything legal.
    #[error("a message of {length} bytes was announced; at most {MAX_CONTROL_BYTES} are allowed")]
    Oversize {
        /// The announced length in bytes.
        length: u64,
    },
    /// A control message that is not UTF-8 text.
    #[error("a message is not valid UTF-8 at byte {at}")]
    Utf8 {
        /// Offset of the first bad byte.
        at: usize,
    },
    /// A control message that is not JSON or lacks what its type needs.
    #[error("a message could not be read: {0}")]
    Json(String),
    /// A number that nothing honest could mean.
    #[error("a message is impossible: its {field} is out of range")]
    Range {
        /// Which number.
        field: &'static str,
    },
    /// A binary record that contradicts itself.
    #[error("a {record} is malformed: {why}")]
    Record {
        /// Which record.
        record: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// Takes the first `N` bytes off `bytes`, or says which record ended early.
pub(crate) fn take<'a, const N: usize>(
    bytes: &mut &'a [u8],
    record: &'static str,
) -> Result<&'a [u8; N], WireError> {
    let (head, rest) = bytes.split_first_chunk::<N>().ok_or(WireError::Record {
        record,
        why: "it ends early",
    })?;
    *bytes = rest;
    Ok(head)
}
