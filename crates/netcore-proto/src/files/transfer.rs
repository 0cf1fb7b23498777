//! The bytes of a file on its own connection: chunks, a hash at the end, and a verdict.

use super::FileHash;
use crate::ground::{Span, Time};
use crate::wire::WireError;

/// The most bytes of content in one record.
pub const MAX_CHUNK_BYTES: usize = 1024 * 1024;
/// Bytes of the hash that ends a file.
pub const HASH_BYTES: usize = 32;
/// The most bytes of words in an abort record.
pub const MAX_ABORT_BYTES: usize = 1_024;
/// What the receiver answers, one byte, after the end record when size and hash agree; anything else is a no.
pub const VERDICT_GOOD: u8 = 1;

const ABORT: u32 = u32::MAX;

/// What the four bytes before each record of a file connection announce.
///
/// ```text
/// +----------------+---------------------------------------------+
/// | u32 length     | then                                        |
/// +----------------+---------------------------------------------+
/// | 1 … 1,048,576  | that many bytes of content                  |
/// | 0              | 32 bytes: BLAKE3 of the whole content; end  |
/// | 0xffffffff     | u16 length, UTF-8 words: the sender gives up|
/// +----------------+---------------------------------------------+
/// ```
/// Numbers are in network byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordHeader {
    /// Content of this many bytes.
    Chunk(usize),
    /// The hash.
    End,
    /// The reason for giving up.
    Abort,
}

impl RecordHeader {
    /// Reads a record's first four bytes.
    ///
    /// # Errors
    /// [`WireError::Record`] for a chunk over [`MAX_CHUNK_BYTES`].
    pub fn decode(bytes: [u8; 4]) -> Result<RecordHeader, WireError> {
        match u32::from_be_bytes(bytes) {
            0 => Ok(RecordHeader::End),
            ABORT => Ok(RecordHeader::Abort),
            length if length as usize <= MAX_CHUNK_BYTES => Ok(RecordHeader::Chunk(length as usize)),
            _ => Err(WireError::Record {
                record: "file chunk",
                why: "it is longer than 1 MiB",
            }),
        }
    }
}

/// The four bytes before `length` bytes of content.
///
/// # Panics
/// When `length` is zero or over [`MAX_CHUNK_BYTES`]: the caller cuts the file.
pub fn chunk_header(length: usize) -> [u8; 4] {
    assert!(
        (1..=MAX_CHUNK_BYTES).contains(&length),
        "a chunk has 1 to {MAX_CHUNK_BYTES} bytes, not {length}"
    );
    (length as u32).to_be_bytes()
}

/// The record that ends a file.
pub fn end_record(hash: FileHash) -> [u8; 4 + HASH_BYTES] {
    let mut record = [0; 4 + HASH_BYTES];
    record[4..].copy_from_slice(&hash.0);
    record
}

/// The record by which a sender gives up, with its reason in words, cut at [`MAX_ABORT_BYTES`].
pub fn abort_record(why: &str) -> Vec<u8> {
    let (why, _) = why.split_at(why.floor_char_boundary(MAX_ABORT_BYTES));
    let mut record = ABORT.to_be_bytes().to_vec();
    record.extend_from_slice(&(why.len() as u16).to_be_bytes());
    record.extend_from_slice(why.as_bytes());
    record
}

/// Why a file did not arrive whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {
    /// The sender sends more than it announced.
    #[error("more than the announced {size} bytes came")]
    TooLong {
        /// As announced, in bytes.
        size: u64,
    },
    /// The sender ended early.
    #[error("the file ended after {got} of {size} bytes")]
    TooShort {
        /// How many came.
        got: u64,
        /// As announced, in bytes.
        size: u64,
    },
    /// The content is not what the sender hashed.
    #[error(
        "the content does not match its checksum: it was damaged in transit or changed while it was sent"
    )]
    Corrupt,
}

/// The receiving end of one file: counts, hashes, judges. Bytes already on disk are given to it first.
#[derive(Clone, Debug)]
pub struct Receiver {
    size: u64,
    received: u64,
    hasher: blake3::Hasher,
}

impl Receiver {
    /// For a file announced with `size` bytes.
    pub fn new(size: u64) -> Receiver {
        Receiver {
            size,
            received: 0,
            hasher: blake3::Hasher::new(),
        }
    }

    /// How many bytes it has.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Content, in order.
    ///
    /// # Errors
    /// [`TransferError::TooLong`] before a byte over the announced size is taken.
    pub fn handle_content(&mut self, content: &[u8]) -> Result<(), TransferError> {
        let received = self.received.saturating_add(content.len() as u64);
        if received > self.size {
            return Err(TransferError::TooLong { size: self.size });
        }
        self.hasher.update(content);
        self.received = received;
        Ok(())
    }

    /// The end record's hash.
    ///
    /// # Errors
    /// [`TransferError::TooShort`] or [`TransferError::Corrupt`].
    pub fn handle_end(&self, announced: FileHash) -> Result<FileHash, TransferError> {
        if self.received < self.size {
            return Err(TransferError::TooShort {
                got: self.received,
                size: self.size,
            });
        }
        let own = FileHash(*self.hasher.finalize().as_bytes());
        if own == announced {
            Ok(own)
        } else {
            Err(TransferError::Corrupt)
        }
    }
}

/// How fast a transfer goes and how long it will still take.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    size: u64,
    done: u64,
    window_began: Time,
    window_done: u64,
    rate: Option<f64>,
}

impl Progress {
    /// Rates are taken over this long, smoothed by half.
    pub const WINDOW: Span = Span::from_millis(500);

    /// A transfer of `size` bytes that has `done` of them at `now`.
    pub fn new(size: u64, done: u64, now: Time) -> Progress {
        Progress {
            size,
            done,
            window_began: now,
            window_done: done,
            rate: None,
        }
    }

    /// It has got to `done` bytes. Returns whether a window has closed, so that it is worth showing.
    pub fn handle_done(&mut self, done: u64, now: Time) -> bool {
        self.done = done;
        let elapsed = now.since(self.window_began);
        if elapsed < Progress::WINDOW {
            return false;
        }
        let rate = done.saturating_sub(self.window_done) as f64 / elapsed.as_secs_f64();
        self.rate = Some(self.rate.map_or(rate, |before| (before + rate) / 2.0));
        self.window_began = now;
        self.window_done = done;
        true
    }

    /// Bytes done.
    pub fn done(&self) -> u64 {
        self.done
    }

    /// Bytes per second lately; unknown at first.
    pub fn rate(&self) -> Option<f64> {
        self.rate
    }

    /// How long the rest takes at that rate; unknown while nothing moves.
    pub fn remaining(&self) -> Option<Span> {
        let rate = self.rate.filter(|rate| *rate >= 1.0)?;
        let seconds = self.size.saturating_sub(self.done) as f64 / rate;
        Some(Span::from_micros((seconds * 1e6).min(1e15) as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(content: &[u8]) -> FileHash {
        FileHash(*blake3::hash(content).as_bytes())
    }

    #[test]
    fn each_record_is_recognized() {
        assert_eq!(
            RecordHeader::decode(chunk_header(MAX_CHUNK_BYTES)),
            Ok(RecordHeader::Chunk(MAX_CHUNK_BYTES))
        );
        assert!(RecordHeader::decode((MAX_CHUNK_BYTES as u32 + 1).to_be_bytes()).is_err());
        let end = end_record(hash(b""));
        assert_eq!(
            RecordHeader::decode(*end.first_chunk().unwrap()),
            Ok(RecordHeader::End)
        );
        let abort = abort_record(&"é".repeat(2_000));
        assert_eq!(
            RecordHeader::decode(*abort.first_chunk().unwrap()),
            Ok(RecordHeader::Abort)
        );
        assert_eq!(abort.len(), 4 + 2 + MAX_ABORT_BYTES);
    }

    #[test]
    fn a_file_is_good_only_when_every_byte_is() {
        let mut receiver = Receiver::new(5);
        receiver.handle_content(b"he").unwrap();
        assert_eq!(
            receiver.handle_end(hash(b"hello")),
            Err(TransferError::TooShort { got: 2, size: 5 })
        );
        receiver.handle_content(b"llo").unwrap();
        assert_eq!(receiver.handle_end(hash(b"hello")), Ok(hash(b"hello")));
        assert_eq!(receiver.handle_end(hash(b"jello")), Err(TransferError::Corrupt));
        assert_eq!(
            receiver.handle_content(b"!"),
            Err(TransferError::TooLong { size: 5 })
        );
        assert_eq!(Receiver::new(0).handle_end(hash(b"")), Ok(hash(b"")));
    }

    #[test]
    fn progress_knows_nothing_before_it_has_measured() {
        let mut progress = Progress::new(10_000, 0, Time::ZERO);
        assert!(!progress.handle_done(100, Time::from_micros(1_000)));
        assert_eq!((progress.rate(), progress.remaining()), (None, None));
        assert!(progress.handle_done(5_000, Time::from_micros(500_000)));
        assert_eq!(progress.rate(), Some(10_000.0));
        assert_eq!(progress.remaining(), Some(Span::from_millis(500)));
    }
}
