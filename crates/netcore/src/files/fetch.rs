use std::io;
use std::path::PathBuf;

use netcore_proto::files::{FileHash, HASH_BYTES, MAX_ABORT_BYTES, Progress, RecordHeader, VERDICT_GOOD};
use netcore_proto::wire::{Attachment, Direction};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{CHUNK_BYTES, FilePlane, Transfer};
use crate::clock;
use crate::disk::Partial;
use crate::error::FileError;
use crate::lock::lock;
use crate::shared::DialError;

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

/// A member fetches a file from the host, as often as it takes.
pub(super) async fn from_host(
    plane: &FilePlane,
    transfer: &Transfer,
) -> Result<(Option<PathBuf>, FileHash), FileError> {
    let mut slot = transfer.partial.lock().await;
    if slot.is_none() {
        *slot = Some(begin(transfer)?);
    }
    loop {
        let Some(partial) = slot.as_mut() else {
            return Err(FileError::Gone(transfer.info.id));
        };
        let outcome = tokio::select! {
            outcome = attempt(plane, transfer, partial) => outcome,
            () = plane.host_lost() => Err(Attempt::Broken),
        };
        match outcome {
            Ok(hash) => {
                let Some(partial) = slot.take() else {
                    return Err(FileError::Gone(transfer.info.id));
                };
                return Ok((Some(partial.finish(&transfer.info.name).await?), hash));
            }
            Err(Attempt::Broken) => {
                let done = partial.received();
                plane.interrupted(transfer, done).await;
            }
            Err(Attempt::Failed(error)) => return Err(error),
        }
    }
}

/// Begins the file that is fetched. Whoever ends a run first cancels it and then clears what has come, so a run that finds
/// itself cancelled here, where what has come is in its hands, must not begin anything.
fn begin(transfer: &Transfer) -> Result<Partial, FileError> {
    if lock(&transfer.run).is_cancelled() {
        return Err(FileError::Cancelled);
    }
    Partial::begin(&transfer.path, transfer.info.size)
}

enum Attempt {
    Failed(FileError),
    Broken,
}

async fn attempt(plane: &FilePlane, transfer: &Transfer, partial: &mut Partial) -> Result<FileHash, Attempt> {
    let offset = partial.received();
    let attachment = Attachment::File {
        file: transfer.info.id,
        direction: Direction::Down,
        offset,
    };
    let (mut stream, _) = match plane.shared.dial(attachment).await {
        Ok(dialed) => dialed,
        Err(DialError::Io(_)) => return Err(Attempt::Broken),
        Err(DialError::Refused(refusal)) => return Err(Attempt::Failed(FileError::Refused(refusal))),
    };
    let mut progress = Progress::new(transfer.info.size, offset, clock::now());
    let mut chunk = Vec::with_capacity(CHUNK_BYTES);
    loop {
        match receive_record(&mut stream, &mut chunk)
            .await
            .map_err(|_| Attempt::Broken)?
        {
            Received::Chunk => {
                partial.write(&chunk).await.map_err(Attempt::Failed)?;
                plane.progress(transfer, &mut progress, partial.received());
            }
            Received::End(announced) => {
                let verdict = partial.receiver().handle_end(announced);
                let byte = if verdict.is_ok() { VERDICT_GOOD } else { 0 };
                // The verdict is a courtesy: what we have, we have.
                let _ = stream.write_all(&[byte]).await;
                let _ = stream.flush().await;
                return verdict.map_err(|error| {
                    Attempt::Failed(FileError::Corrupt {
                        why: error.to_string(),
                    })
                });
            }
            Received::Abort(why) => return Err(Attempt::Failed(FileError::SenderFailed { why })),
        }
    }
}

/// The host takes a file that it keeps for others into its own downloads.
pub(super) async fn from_spool(
    plane: &std::sync::Arc<FilePlane>,
    transfer: &Transfer,
) -> Result<(Option<PathBuf>, FileHash), FileError> {
    let id = transfer.info.id;
    let spool = plane.spool(id).await.ok_or(FileError::Gone(id))?;
    let mut reader = spool.reader(0);
    let mut slot = transfer.partial.lock().await;
    // The spool is at hand, so a new run begins anew.
    let partial = slot.insert(begin(transfer)?);
    let mut progress = Progress::new(transfer.info.size, 0, clock::now());
    let mut chunk = Vec::with_capacity(CHUNK_BYTES);
    let announced = loop {
        match reader.next(&mut chunk, CHUNK_BYTES).await? {
            Received::Chunk => {
                partial.write(&chunk).await?;
                plane.progress(transfer, &mut progress, partial.received());
            }
            Received::End(hash) => break hash,
            Received::Abort(why) => return Err(FileError::SenderFailed { why }),
        }
    };
    let verdict = partial.receiver().handle_end(announced);
    let hash = verdict.map_err(|error| FileError::Corrupt {
        why: error.to_string(),
    })?;
    let Some(partial) = slot.take() else {
        return Err(FileError::Gone(id));
    };
    Ok((Some(partial.finish(&transfer.info.name).await?), hash))
}
