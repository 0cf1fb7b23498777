//! A file connection's records, read as a receiver does, and the figures shown while it runs.

use netcore_proto::files::{
    FileHash, HASH_BYTES, MAX_ABORT_BYTES, MAX_CHUNK_BYTES, Progress, Receiver, RecordHeader, abort_record,
};
use netcore_proto::{Span, Time};

pub(crate) fn run(bytes: &[u8]) {
    let Some((size, mut rest)) = bytes.split_first_chunk::<4>() else {
        return;
    };
    // Sizes of all magnitudes, since a stranger announces what it likes.
    let size = u64::from(u32::from_be_bytes(*size)).rotate_left(u32::from(size[3]));
    let mut receiver = Receiver::new(size);
    let mut now = Time::ZERO;
    let mut progress = Progress::new(size, 0, now);
    while let Some((head, body)) = rest.split_first_chunk::<4>() {
        let Ok(header) = RecordHeader::decode(*head) else {
            break;
        };
        let length = match header {
            RecordHeader::Chunk(length) => length.min(body.len()),
            RecordHeader::End => {
                if let Some(hash) = body.first_chunk::<HASH_BYTES>() {
                    let verdict = receiver.handle_end(FileHash(*hash));
                    assert!(verdict.is_err() || receiver.received() == size);
                }
                break;
            }
            RecordHeader::Abort => {
                let record = abort_record(&String::from_utf8_lossy(body));
                assert!(record.len() <= 6 + MAX_ABORT_BYTES);
                assert!(
                    std::str::from_utf8(&record[6..]).is_ok(),
                    "words are cut between characters"
                );
                break;
            }
        };
        assert!(length <= MAX_CHUNK_BYTES);
        let before = receiver.received();
        let is_taken = receiver.handle_content(&body[..length]).is_ok();
        assert_eq!(
            receiver.received() - before,
            if is_taken { length as u64 } else { 0 }
        );
        assert!(
            receiver.received() <= size,
            "no byte more than announced is taken"
        );
        now += Span::from_micros(u64::from(u32::from_be_bytes(*head)) * 10);
        progress.handle_done(receiver.received(), now);
        assert!(progress.rate().is_none_or(|rate| rate.is_finite() && rate >= 0.0));
        let _ = progress.remaining();
        rest = &body[length..];
    }
}
