//! What the next record of a file connection brings.

use std::io;

use netcore_proto::files::{FileHash, HASH_BYTES, MAX_ABORT_BYTES, MAX_CHUNK_BYTES, RecordHeader};
use tokio::io::AsyncReadExt;

/// Bytes of content read and sent at a time.
pub(super) const CHUNK_BYTES: usize = MAX_CHUNK_BYTES / 4;

/// What the next record of a file connection brought.
pub(super) enum Received {
    Chunk,
    End(FileHash),
    Abort(String),
}

/// Reads one record; content goes into `chunk`.
pub(super) async fn receive_record(
    stream: &mut (impl AsyncReadExt + Unpin),
    chunk: &mut Vec<u8>,
) -> io::Result<Received> {
    let mut header = [0; 4];
    stream.read_exact(&mut header).await?;
    let invalid = |error| io::Error::new(io::ErrorKind::InvalidData, error);
    match RecordHeader::decode(header).map_err(invalid)? {
        RecordHeader::Chunk(length) => {
            chunk.resize(length, 0);
            stream.read_exact(chunk).await?;
            Ok(Received::Chunk)
        }
        RecordHeader::End => {
            let mut hash = [0; HASH_BYTES];
            stream.read_exact(&mut hash).await?;
            Ok(Received::End(FileHash(hash)))
        }
        RecordHeader::Abort => {
            let length = usize::from(stream.read_u16().await?).min(MAX_ABORT_BYTES);
            let mut words = vec![0; length];
            stream.read_exact(&mut words).await?;
            let words = String::from_utf8_lossy(&words);
            Ok(Received::Abort(
                words.chars().filter(|c| !c.is_control()).collect(),
            ))
        }
    }
}
