use std::path::PathBuf;

use netcore_proto::files::{FileHash, Progress, VERDICT_GOOD};
use netcore_proto::wire::{Attachment, Direction};
use tokio::io::AsyncWriteExt;

use super::context::TransferContext;
use super::record::{CHUNK_BYTES, Received, receive_record};
use super::transfer::{Attempt, Transfer};
use crate::clock;
use crate::error::FileError;
use crate::store::disk::{DescriptorWait, PartialFile, with_descriptors};

/// A member fetches a file from the host, as often as it takes.
pub(super) async fn from_host(
    context: &TransferContext,
    transfer: &Transfer,
) -> Result<(Option<PathBuf>, FileHash), FileError> {
    let mut slot = transfer.partial.lock().await;
    if slot.is_none() {
        *slot = Some(begin(transfer).await?);
    }
    loop {
        let Some(partial) = slot.as_mut() else {
            return Err(FileError::Gone(transfer.info.id));
        };
        // What is whole already has only its name to be given.
        if partial.is_whole() {
            return finish(context, transfer, &mut slot).await;
        }
        let outcome = tokio::select! {
            outcome = attempt(context, transfer, partial) => outcome,
            () = context.host_lost() => Err(Attempt::Broken),
        };
        match outcome {
            Ok(()) => {}
            Err(Attempt::Broken) => {
                let done = partial.received();
                context.interrupted(transfer, done).await;
            }
            Err(Attempt::Failed(error)) => return Err(error),
        }
    }
}

/// Begins the file that is fetched. What ends a run first cancels it and then clears what has come, so a run that finds
/// itself cancelled here, where what has come is in its hands, must not begin anything.
async fn begin(transfer: &Transfer) -> Result<PartialFile, FileError> {
    let begin = || {
        if transfer.run.lock().is_cancelled() {
            return Err(FileError::Cancelled);
        }
        PartialFile::begin(transfer.folder()?, transfer.info.size)
    };
    with_descriptors(|| std::future::ready(begin()), FileError::is_passing).await
}

/// Gives the whole file its name. Until it has one, what has come stays in the slot.
async fn finish(
    context: &TransferContext,
    transfer: &Transfer,
    slot: &mut Option<PartialFile>,
) -> Result<(Option<PathBuf>, FileHash), FileError> {
    let gone = || FileError::Gone(transfer.info.id);
    let partial = slot.as_mut().ok_or_else(gone)?;
    let hash = partial.checked().ok_or_else(gone)?;
    let name = &transfer.info.name;
    let mut descriptors = DescriptorWait::default();
    let path = loop {
        match partial
            .finish(name, &context.origin, &context.shared.unplaced)
            .await
        {
            Err(error) if error.is_passing() => descriptors.wait().await,
            placed => break placed?,
        }
    };
    slot.take();
    Ok((Some(path), hash))
}

async fn attempt(
    context: &TransferContext,
    transfer: &Transfer,
    partial: &mut PartialFile,
) -> Result<(), Attempt> {
    let offset = partial.received();
    let attachment = Attachment::File {
        file: transfer.info.id,
        direction: Direction::Down,
        offset,
    };
    let (mut stream, _) = context.shared.dial(attachment).await?;
    let mut progress = Progress::new(transfer.info.size, offset, clock::now());
    let mut chunk = Vec::with_capacity(CHUNK_BYTES);
    loop {
        match receive_record(&mut stream, &mut chunk)
            .await
            .map_err(|_| Attempt::Broken)?
        {
            Received::Chunk => {
                partial.write(&chunk).await.map_err(Attempt::Failed)?;
                context.progress(transfer, &mut progress, partial.received());
            }
            Received::End(announced) => {
                let verdict = partial.check(announced);
                let byte = if verdict.is_ok() { VERDICT_GOOD } else { 0 };
                // The verdict only informs the sender: what we have, we have.
                let _ = stream.write_all(&[byte]).await;
                let _ = stream.flush().await;
                return verdict.map(drop).map_err(Attempt::Failed);
            }
            Received::Abort(why) => return Err(Attempt::Failed(FileError::SenderFailed { why })),
        }
    }
}

/// The host takes a file that it keeps for others into its own downloads.
pub(super) async fn from_spool(
    context: &TransferContext,
    transfer: &Transfer,
) -> Result<(Option<PathBuf>, FileHash), FileError> {
    let id = transfer.info.id;
    let mut slot = transfer.partial.lock().await;
    if slot.as_ref().is_some_and(PartialFile::is_whole) {
        return finish(context, transfer, &mut slot).await;
    }
    let spool = context.spool(id).await.ok_or(FileError::Gone(id))?;
    let mut reader = spool.reader(0);
    // The spool is at hand, so a new run begins anew.
    let partial = slot.insert(begin(transfer).await?);
    let mut progress = Progress::new(transfer.info.size, 0, clock::now());
    let mut chunk = Vec::with_capacity(CHUNK_BYTES);
    let announced = loop {
        match reader.next(&mut chunk, CHUNK_BYTES).await? {
            Received::Chunk => {
                partial.write(&chunk).await?;
                context.progress(transfer, &mut progress, partial.received());
            }
            Received::End(hash) => break hash,
            Received::Abort(why) => return Err(FileError::SenderFailed { why }),
        }
    };
    partial.check(announced)?;
    finish(context, transfer, &mut slot).await
}
