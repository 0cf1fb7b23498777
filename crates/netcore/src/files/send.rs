use std::io;
use std::path::{Path, PathBuf};

use netcore_proto::MemberId;
use netcore_proto::files::{FileHash, Progress, VERDICT_GOOD, abort_record, chunk_header, end_record};
use netcore_proto::wire::{Attachment, Direction};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::pace::Pace;
use super::{CHUNK_BYTES, FilePlane, Transfer};
use crate::clock;
use crate::error::FileError;
use crate::shared::DialError;

/// Why one attempt to send ended.
enum Attempt {
    /// For good.
    Failed(FileError),
    /// The connection broke.
    Broken,
}

/// A member sends its file to the host, as often as it takes.
pub(super) async fn upload(
    plane: &FilePlane,
    transfer: &Transfer,
) -> Result<(Option<PathBuf>, FileHash), FileError> {
    let mut done = 0;
    loop {
        let outcome = tokio::select! {
            outcome = attempt(plane, transfer, &mut done) => outcome,
            () = plane.host_lost() => Err(Attempt::Broken),
        };
        match outcome {
            Ok(hash) => return Ok((None, hash)),
            Err(Attempt::Failed(error)) => return Err(error),
            Err(Attempt::Broken) => plane.interrupted(transfer, done).await,
        }
    }
}

async fn attempt(plane: &FilePlane, transfer: &Transfer, done: &mut u64) -> Result<FileHash, Attempt> {
    let info = &transfer.info;
    let attachment = Attachment::File {
        file: info.id,
        direction: Direction::Up,
        offset: 0,
    };
    let (mut stream, offset) = plane.shared.dial(attachment).await?;
    let mut source = Source::open(&transfer.path, info.size).await?;
    source.skip(offset).await?;
    let mut progress = Progress::new(info.size, offset, clock::now());
    let mut chunk = vec![0; CHUNK_BYTES];
    let host = plane.shared.neighbour(MemberId::HOST).ok_or(Attempt::Broken)?;
    let mut pace = Pace::new(host.live.clone(), &stream);
    loop {
        let portion = pace.portion(CHUNK_BYTES);
        match source.read(&mut chunk[..portion]).await {
            Ok(0) => break,
            Ok(length) => {
                stream.write_all(&chunk_header(length)).await?;
                stream.write_all(&chunk[..length]).await?;
                pace.sent(length).await;
            }
            Err(error) => {
                stream.write_all(&abort_record(&error.for_others())).await?;
                stream.flush().await?;
                return Err(Attempt::Failed(error));
            }
        }
        *done = source.position;
        plane.progress(transfer, &mut progress, *done);
    }
    let hash = source.hash();
    stream.write_all(&end_record(hash)).await?;
    stream.flush().await?;
    if stream.read_u8().await? == VERDICT_GOOD {
        Ok(hash)
    } else {
        let why = "the host's checksum differs from ours".to_owned();
        Err(Attempt::Failed(FileError::Corrupt { why }))
    }
}

/// The host shares a file of its own: it stays where it is, and is read once to know its hash.
pub(super) async fn share(
    plane: &std::sync::Arc<FilePlane>,
    transfer: &Transfer,
) -> Result<(Option<PathBuf>, FileHash), FileError> {
    let info = &transfer.info;
    let id = info.id;
    let spool = plane.spool(id).await.ok_or(FileError::Gone(id))?;
    let mut progress = Progress::new(info.size, 0, clock::now());
    let mut chunk = vec![0; CHUNK_BYTES];
    let read = async {
        let mut source = Source::open(&transfer.path, info.size).await?;
        while source.read(&mut chunk).await? > 0 {
            spool.has(source.position);
            plane.progress(transfer, &mut progress, source.position);
        }
        Ok(source.hash())
    };
    match read.await {
        Ok(hash) => {
            spool.is_whole(hash);
            plane.shared.call(move |node, _| node.file_stored(id, hash)).await;
            Ok((None, hash))
        }
        Err(error) => {
            let why = FileError::for_others(&error);
            plane.shared.call(move |node, _| node.file_failed(id, why)).await;
            Err(error)
        }
    }
}

/// A file that is read once, front to back, and hashed on the way. It must stay as long as it was announced.
pub(super) struct Source {
    file: File,
    path: PathBuf,
    size: u64,
    position: u64,
    hasher: blake3::Hasher,
}

impl Source {
    async fn open(path: &Path, size: u64) -> Result<Source, FileError> {
        let file = File::open(path).await.map_err(|error| unreadable(path, &error))?;
        Ok(Source {
            file,
            path: path.to_owned(),
            size,
            position: 0,
            hasher: blake3::Hasher::new(),
        })
    }

    /// Reads what the other side already has, for the hash is of the whole.
    async fn skip(&mut self, offset: u64) -> Result<(), FileError> {
        let mut chunk = vec![0; CHUNK_BYTES];
        while self.position < offset.min(self.size) {
            let most = (offset - self.position).min(CHUNK_BYTES as u64) as usize;
            self.read(&mut chunk[..most]).await?;
        }
        Ok(())
    }

    /// Reads the next bytes; zero at the end.
    async fn read(&mut self, chunk: &mut [u8]) -> Result<usize, FileError> {
        let most = (self.size - self.position).min(chunk.len() as u64) as usize;
        if most == 0 {
            return Ok(0);
        }
        let length = self
            .file
            .read(&mut chunk[..most])
            .await
            .map_err(|error| unreadable(&self.path, &error))?;
        if length == 0 {
            let why = format!(
                "it became shorter while it was sent ({} of {} bytes)",
                self.position, self.size
            );
            return Err(FileError::Unreadable {
                path: self.path.clone(),
                why,
            });
        }
        self.hasher.update(&chunk[..length]);
        self.position += length as u64;
        Ok(length)
    }

    fn hash(&self) -> FileHash {
        FileHash(*self.hasher.finalize().as_bytes())
    }
}

fn unreadable(path: &Path, error: &io::Error) -> FileError {
    FileError::Unreadable {
        path: path.to_owned(),
        why: error.to_string(),
    }
}

impl From<io::Error> for Attempt {
    fn from(_: io::Error) -> Attempt {
        Attempt::Broken
    }
}

impl From<FileError> for Attempt {
    fn from(error: FileError) -> Attempt {
        Attempt::Failed(error)
    }
}

impl From<DialError> for Attempt {
    fn from(error: DialError) -> Attempt {
        match error {
            DialError::Io(_) => Attempt::Broken,
            DialError::Refused(refusal) => Attempt::Failed(FileError::Refused(refusal)),
        }
    }
}
