use std::path::PathBuf;
use std::sync::Arc;

use netcore_proto::MemberId;
use netcore_proto::files::{FileHash, Progress, VERDICT_GOOD, abort_record, chunk_header, end_record};
use netcore_proto::wire::{Attachment, Direction};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::context::TransferContext;
use super::original::Original;
use super::record::CHUNK_BYTES;
use super::scavenger::Scavenger;
use super::transfer::{Attempt, Transfer};
use crate::clock;
use crate::error::FileError;
use crate::net::connection::Connection;

/// A member sends its file to the host, as often as it takes.
pub(super) async fn upload(
    context: &TransferContext,
    transfer: &Transfer,
) -> Result<(Option<PathBuf>, FileHash), FileError> {
    let mut done = 0;
    loop {
        let outcome = tokio::select! {
            outcome = attempt(context, transfer, &mut done) => outcome,
            () = context.host_lost() => Err(Attempt::Broken),
        };
        match outcome {
            Ok(hash) => return Ok((None, hash)),
            Err(Attempt::Failed(error)) => return Err(error),
            Err(Attempt::Broken) => context.interrupted(transfer, done).await,
        }
    }
}

async fn attempt(
    context: &TransferContext,
    transfer: &Transfer,
    done: &mut u64,
) -> Result<FileHash, Attempt> {
    let attachment = Attachment::File {
        file: transfer.info.id,
        direction: Direction::Up,
        offset: 0,
    };
    let (mut stream, offset) = context.shared.dial(attachment).await?;
    match send(context, transfer, &mut stream, offset, done).await {
        Err(Attempt::Failed(error)) => {
            // The host ends the offer for these words.
            stream.write_all(&abort_record(&error.for_others())).await?;
            stream.flush().await?;
            Err(Attempt::Failed(error))
        }
        Ok(hash) if stream.read_u8().await? == VERDICT_GOOD => Ok(hash),
        Ok(_) => {
            let why = "the host's checksum differs from ours; offer it again".to_owned();
            Err(Attempt::Failed(FileError::OfferEnded { why }))
        }
        Err(broken) => Err(broken),
    }
}

/// Sends what the host does not have yet, and the hash of the whole.
async fn send(
    context: &TransferContext,
    transfer: &Transfer,
    stream: &mut Connection,
    offset: u64,
    done: &mut u64,
) -> Result<FileHash, Attempt> {
    let host = context.shared.peer(MemberId::HOST).ok_or(Attempt::Broken)?;
    let mut source = Source::open(transfer.original()?).await?;
    source.skip(offset).await?;
    let mut progress = Progress::new(transfer.info.size, offset, clock::now());
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut scavenger = Scavenger::new(host.live_queue.clone(), stream);
    loop {
        let portion = scavenger.portion(CHUNK_BYTES);
        let length = source.read(&mut chunk[..portion]).await?;
        if length == 0 {
            break;
        }
        stream.write_all(&chunk_header(length)).await?;
        stream.write_all(&chunk[..length]).await?;
        scavenger.sent(length).await;
        *done = source.position;
        context.progress(transfer, &mut progress, *done);
    }
    let hash = source.hash().await?;
    stream.write_all(&end_record(hash)).await?;
    stream.flush().await?;
    Ok(hash)
}

/// The host shares a file of its own: it stays where it is, and is read once to know its hash.
pub(super) async fn share(
    context: &TransferContext,
    transfer: &Transfer,
) -> Result<(Option<PathBuf>, FileHash), FileError> {
    let info = &transfer.info;
    let id = info.id;
    let spool = context.spool(id).await.ok_or(FileError::Gone(id))?;
    let mut progress = Progress::new(info.size, 0, clock::now());
    let mut chunk = vec![0; CHUNK_BYTES];
    let read = async {
        let mut source = Source::open(transfer.original()?).await?;
        while source.read(&mut chunk).await? > 0 {
            spool.has(source.position);
            context.progress(transfer, &mut progress, source.position);
        }
        source.hash().await
    };
    match read.await {
        Ok(hash) => {
            spool.is_whole(hash);
            context
                .shared
                .call(move |node, _| node.file_stored(id, hash))
                .await;
            Ok((None, hash))
        }
        Err(error) => {
            let why = FileError::for_others(&error);
            context
                .shared
                .call(move |node, _| node.file_failed(id, why))
                .await;
            Err(error)
        }
    }
}

/// A file that is read once, front to back, and hashed while it is read. It must stay what it was when it was offered.
struct Source {
    original: Arc<Original>,
    file: File,
    position: u64,
    hasher: blake3::Hasher,
}

impl Source {
    async fn open(original: Arc<Original>) -> Result<Source, FileError> {
        Ok(Source {
            file: original.open(None).await?,
            original,
            position: 0,
            hasher: blake3::Hasher::new(),
        })
    }

    /// Reads what the other side already has, for the hash is of the whole.
    async fn skip(&mut self, offset: u64) -> Result<(), FileError> {
        let mut chunk = vec![0; CHUNK_BYTES];
        while self.position < offset.min(self.original.size()) {
            let most = (offset - self.position).min(CHUNK_BYTES as u64) as usize;
            self.read(&mut chunk[..most]).await?;
        }
        Ok(())
    }

    /// Reads the next bytes; zero at the end.
    async fn read(&mut self, chunk: &mut [u8]) -> Result<usize, FileError> {
        let rest = self.original.size() - self.position;
        let most = rest.min(chunk.len() as u64) as usize;
        if most == 0 {
            return Ok(0);
        }
        let length = self.file.read(&mut chunk[..most]).await;
        let length = length.map_err(|error| self.original.failed(&error))?;
        if length == 0 {
            return Err(self.original.changed());
        }
        self.hasher.update(&chunk[..length]);
        self.position += length as u64;
        Ok(length)
    }

    /// The hash of what was read.
    ///
    /// # Errors
    /// [`FileError::Changed`] when the file was not the same from beginning to end.
    async fn hash(&self) -> Result<FileHash, FileError> {
        let hash = FileHash(*self.hasher.finalize().as_bytes());
        self.original.check(&self.file, Some(hash)).await?;
        Ok(hash)
    }
}
