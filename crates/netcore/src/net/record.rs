//! One direction of a connection: records sealed and opened, whatever they come over and go into.

use std::io;

use super::seal::{Key, TAG_BYTES};

/// The most bytes of content in one record (RFC 8446, section 5.1).
pub(crate) const MAX_CONTENT: usize = 1 << 14;
/// Kind, version and length.
pub(crate) const HEADER_BYTES: usize = 5;
/// The most bytes that a record's header announces: content, its true kind and the cipher's tag, and padding up to what
/// RFC 8446, section 5.2 allows.
pub(crate) const MAX_SEALED: usize = MAX_CONTENT + 256;
/// How many records one key seals: AES-GCM is safe for 2^24.5 (RFC 8446, section 5.5).
pub(crate) const RECORDS_PER_KEY: u64 = 1 << 24;
/// Consecutive records without content that are taken. Honest ones are rare: a new key, a ticket in a few fragments.
pub(crate) const MAX_WITHOUT_CONTENT: u32 = 32;
/// The most bytes of a handshake message after the handshake: a ticket with all that its lengths allow is not much more.
const MAX_MESSAGE: usize = 1 << 17;

/// The kinds of content (RFC 8446, section 5.1). Every record under a key shows the last one.
pub(crate) const ALERT: u8 = 21;
pub(crate) const HANDSHAKE: u8 = 22;
pub(crate) const APPLICATION_DATA: u8 = 23;
/// Messages after the handshake (RFC 8446, section 4.6).
const NEW_SESSION_TICKET: u8 = 4;
const KEY_UPDATE: u8 = 24;
/// Alerts that are no errors (RFC 8446, section 6.1).
const CLOSE_NOTIFY: u8 = 0;
const USER_CANCELED: u8 = 90;

/// Seals one direction of a connection.
pub(crate) struct Sealer {
    key: Key,
    next: u64,
    limit: u64,
}

impl Sealer {
    /// The first record has the number `next`; a key is worn after `limit` records.
    pub(crate) fn new(key: Key, next: u64, limit: u64) -> Sealer {
        Sealer { key, next, limit }
    }

    /// Appends `content`, at most [`MAX_CONTENT`] bytes, to `out` as one record.
    pub(crate) fn seal(&mut self, content: &[u8], out: &mut Vec<u8>) {
        self.seal_as(APPLICATION_DATA, content, out);
    }

    /// Appends the record after which the other end hears nothing more.
    pub(crate) fn seal_close(&mut self, out: &mut Vec<u8>) {
        const WARNING: u8 = 1;
        self.seal_as(ALERT, &[WARNING, CLOSE_NOTIFY], out);
    }

    /// Whether the key has sealed as much as it may, but for one record: the one that says so.
    pub(crate) fn is_worn(&self) -> bool {
        self.next + 1 >= self.limit
    }

    #[cfg(test)]
    pub(crate) fn set_limit(&mut self, limit: u64) {
        self.limit = limit;
    }

    /// Appends the record that announces the next key, and takes that (RFC 8446, section 4.6.3). The other end is not asked
    /// for a new one of its own.
    pub(crate) fn seal_key_update(&mut self, key: Key, out: &mut Vec<u8>) {
        self.seal_as(HANDSHAKE, &[KEY_UPDATE, 0, 0, 1, 0], out);
        (self.key, self.next) = (key, 0);
    }

    pub(crate) fn seal_as(&mut self, kind: u8, content: &[u8], out: &mut Vec<u8>) {
        let sealed = content.len() + 1 + TAG_BYTES;
        let header = header(u16::try_from(sealed).expect("content is at most 2^14 bytes"));
        let from = out.len() + HEADER_BYTES;
        out.reserve(HEADER_BYTES + sealed);
        out.extend_from_slice(&header);
        out.extend_from_slice(content);
        out.push(kind);
        let tag = self.key.seal(self.next, &header, &mut out[from..]);
        out.extend_from_slice(&tag);
        self.next += 1;
    }
}

/// What a record had in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opened {
    /// So many bytes of content, which stand behind the header.
    Content(usize),
    /// Nothing for the application.
    Nothing,
    /// The other end's next record is under its next key: [`Opener::set_key`] must be given it.
    KeyUpdate {
        /// The other end asks for a new key of ours as well.
        is_asked: bool,
    },
    /// The other end says nothing more.
    Closed,
}

/// Opens one direction of a connection.
pub(crate) struct Opener {
    key: Key,
    next: u64,
    /// Only a server gives tickets.
    is_client: bool,
    /// The beginning of a handshake message whose rest is in later records.
    message: Vec<u8>,
    /// Consecutive records without content.
    without_content: u32,
}

impl Opener {
    /// The first record has the number `next`.
    pub(crate) fn new(key: Key, next: u64, is_client: bool) -> Opener {
        Opener {
            key,
            next,
            is_client,
            message: Vec::new(),
            without_content: 0,
        }
    }

    /// Opens one whole record, header and all, where it is.
    ///
    /// # Errors
    /// It is not genuine, or not what may come after a handshake. The connection is over then.
    pub(crate) fn open(&mut self, record: &mut [u8]) -> io::Result<Opened> {
        let number = self.next;
        self.next = number.checked_add(1).ok_or_else(|| invalid("the last record"))?;
        let Some((header, sealed)) = record.split_first_chunk_mut::<HEADER_BYTES>() else {
            return Err(invalid("a record without a header"));
        };
        let plain = self.key.open(number, header, sealed);
        let plain = plain.ok_or_else(|| invalid("a record's seal is broken"))?;
        // Behind the content stand its kind and any number of zeros (RFC 8446, section 5.4).
        let kind_at = plain.iter().rposition(|byte| *byte != 0);
        let kind_at = kind_at.ok_or_else(|| invalid("a record without a kind"))?;
        if kind_at > MAX_CONTENT {
            return Err(invalid("a record with too much content"));
        }
        let (kind, content) = (plain[kind_at], &plain[..kind_at]);
        if kind != HANDSHAKE && !self.message.is_empty() {
            return Err(invalid("a handshake message is interrupted"));
        }
        if kind == APPLICATION_DATA && !content.is_empty() {
            self.without_content = 0;
            return Ok(Opened::Content(kind_at));
        }
        self.without_content += 1;
        if self.without_content > MAX_WITHOUT_CONTENT {
            return Err(invalid("too many consecutive records without content"));
        }
        match kind {
            APPLICATION_DATA => Ok(Opened::Nothing),
            ALERT => alert(content),
            HANDSHAKE => self.open_messages(content),
            kind => Err(invalid(format!("a record of kind {kind} after the handshake"))),
        }
    }

    /// The other end's next record is the first under this key.
    pub(crate) fn set_key(&mut self, key: Key) {
        (self.key, self.next) = (key, 0);
    }

    /// Reads handshake messages; the last may go on in the next record.
    fn open_messages(&mut self, content: &[u8]) -> io::Result<Opened> {
        if content.is_empty() {
            return Err(invalid("an empty fragment of a handshake message"));
        }
        self.message.extend_from_slice(content);
        let mut at = 0;
        while let Some([kind, length @ ..]) = self.message[at..].first_chunk::<4>() {
            let [high, middle, low] = *length;
            let length = u32::from_be_bytes([0, high, middle, low]) as usize;
            if length > MAX_MESSAGE {
                return Err(invalid("a handshake message that is too long"));
            }
            let Some(body) = self.message[at + 4..].get(..length) else {
                break;
            };
            let end = at + 4 + length;
            match (*kind, body) {
                (KEY_UPDATE, [asked @ (0 | 1)]) => {
                    let is_asked = *asked == 1;
                    // What follows would be under the old key (RFC 8446, section 5.1).
                    if end < self.message.len() {
                        return Err(invalid("more behind the last message under a key"));
                    }
                    self.message.clear();
                    return Ok(Opened::KeyUpdate { is_asked });
                }
                // Nobody resumes.
                (NEW_SESSION_TICKET, _) if self.is_client => {}
                (kind, _) => {
                    return Err(invalid(format!(
                        "a handshake message of kind {kind} that cannot be here"
                    )));
                }
            }
            at = end;
        }
        self.message.drain(..at);
        Ok(Opened::Nothing)
    }
}

fn alert(content: &[u8]) -> io::Result<Opened> {
    match content {
        [_, CLOSE_NOTIFY] => Ok(Opened::Closed),
        [_, USER_CANCELED] => Ok(Opened::Nothing),
        [_, alert] => Err(invalid(format!(
            "the other side ended the connection with TLS alert {alert}"
        ))),
        _ => Err(invalid("an alert of another length than two bytes")),
    }
}

pub(crate) fn header(sealed: u16) -> [u8; HEADER_BYTES] {
    let [high, low] = sealed.to_be_bytes();
    [APPLICATION_DATA, 3, 3, high, low]
}

/// The length of the first record in `bytes`, header and all; `None` while its header is not whole.
pub(crate) fn record_length(bytes: &[u8]) -> Option<usize> {
    let header = bytes.first_chunk::<HEADER_BYTES>()?;
    Some(HEADER_BYTES + usize::from(u16::from_be_bytes([header[3], header[4]])))
}

pub(crate) fn invalid(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
