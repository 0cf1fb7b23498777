use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::net::connection::Connection;
use netcore_proto::files::{FileHash, FileInfo, VERDICT_GOOD, abort_record, chunk_header, end_record};
use netcore_proto::session::{Refusal, RefusalCode};
use parking_lot::Mutex;
use tempfile::TempPath;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use tokio::sync::{OwnedMutexGuard, watch};

use super::original::Original;
use super::record::{CHUNK_BYTES, Received, receive_record};
use super::scavenger::Scavenger;
use crate::error::FileError;
use crate::net::live_queue::LiveQueue;
use crate::shared::Shared;
use crate::store::disk::{PartialFile, is_out_of_descriptors, with_descriptors};

/// How long an upload waits for a descriptor before its sender is asked to come again: less than a sender waits for an answer.
const DESCRIPTOR_PATIENCE: Duration = Duration::from_secs(3);

/// A file as the host keeps it for others: as far as it has come, readable by any number.
pub(crate) struct Spool {
    info: FileInfo,
    shared: Arc<Shared>,
    path: Mutex<Option<Place>>,
    has: watch::Sender<Has>,
    /// Held by the one upload.
    uploading: Arc<tokio::sync::Mutex<Option<PartialFile>>>,
}

/// Where the bytes are.
enum Place {
    /// A file of the host's own, which stays.
    Own(Arc<Original>),
    /// In the spool, while it comes.
    Coming(PathBuf),
    /// In the spool, whole; deleted when nobody needs it any more.
    Kept(TempPath),
}

/// What there is of a file.
#[derive(Clone, Debug, Default, PartialEq)]
struct Has {
    bytes: u64,
    outcome: Option<Result<FileHash, String>>,
}

/// A file connection that the host has agreed to serve.
pub(crate) enum Served {
    Upload {
        spool: Arc<Spool>,
        partial: OwnedMutexGuard<Option<PartialFile>>,
        offset: u64,
    },
    Download {
        spool: Arc<Spool>,
        offset: u64,
        live_queue: Arc<LiveQueue>,
    },
}

impl Spool {
    /// For a file that a member will send.
    pub(super) fn empty(info: FileInfo, shared: Arc<Shared>) -> Arc<Spool> {
        Spool::new(info, None, shared)
    }

    /// For a file of the host's own.
    pub(super) fn of_own_file(info: FileInfo, file: Arc<Original>, shared: Arc<Shared>) -> Arc<Spool> {
        Spool::new(info, Some(Place::Own(file)), shared)
    }

    fn new(info: FileInfo, place: Option<Place>, shared: Arc<Shared>) -> Arc<Spool> {
        Arc::new(Spool {
            info,
            shared,
            path: Mutex::new(place),
            has: watch::Sender::new(Has::default()),
            uploading: Arc::default(),
        })
    }

    pub(super) fn info(&self) -> &FileInfo {
        &self.info
    }

    pub(super) fn has(&self, bytes: u64) {
        self.has.send_modify(|has| has.bytes = bytes);
    }

    pub(super) fn is_whole(&self, hash: FileHash) {
        self.has.send_modify(|has| has.outcome = Some(Ok(hash)));
    }

    /// It will not be whole any more; those who wait for more are notified.
    pub(super) fn give_up(&self, why: &str) {
        self.has.send_if_modified(|has| {
            let is_news = has.outcome.is_none();
            if is_news {
                has.outcome = Some(Err(why.to_owned()));
            }
            is_news
        });
    }

    pub(super) async fn accept_upload(self: Arc<Self>) -> Result<Served, Refusal> {
        // An older connection that has not noticed its end yet still holds it; it will soon.
        let locked = tokio::time::timeout(
            crate::net::tcp::HANDSHAKE_TIMEOUT,
            self.uploading.clone().lock_owned(),
        );
        let busy = |_| {
            Refusal::new(
                RefusalCode::Limit,
                format!("file {} is already being sent", self.info.id),
            )
        };
        let mut partial = locked.await.map_err(busy)?;
        if self.has.borrow().outcome.is_some() {
            return Err(Refusal::new(
                RefusalCode::NotFound,
                format!("file {} is complete or over", self.info.id),
            ));
        }
        if partial.is_none() {
            let begin = with_descriptors(
                || std::future::ready(PartialFile::begin(&self.shared.spool, self.info.size)),
                FileError::is_passing,
            );
            let begun = tokio::time::timeout(DESCRIPTOR_PATIENCE, begin).await;
            match begun.unwrap_or(Err(FileError::TooManyOpen)) {
                Ok(begun) => {
                    *self.path.lock() = Some(Place::Coming(begun.path().to_owned()));
                    *partial = Some(begun);
                }
                Err(error @ FileError::TooManyOpen) => {
                    return Err(Refusal::new(RefusalCode::Busy, error.for_others()));
                }
                Err(error) => {
                    let why = not_kept(&error);
                    self.fail(why.clone()).await;
                    return Err(Refusal::new(RefusalCode::Limit, why));
                }
            }
        }
        let offset = partial.as_ref().map_or(0, PartialFile::received);
        Ok(Served::Upload {
            spool: self,
            partial,
            offset,
        })
    }

    pub(super) fn accept_download(
        self: Arc<Self>,
        offset: u64,
        live_queue: Arc<LiveQueue>,
    ) -> Result<Served, Refusal> {
        if offset > self.info.size {
            let words = format!("file {} has only {} bytes", self.info.id, self.info.size);
            return Err(Refusal::new(RefusalCode::BadMessage, words));
        }
        Ok(Served::Download {
            spool: self,
            offset,
            live_queue,
        })
    }

    /// Reads from `offset` on, waiting for what has not come yet.
    pub(super) fn reader(self: &Arc<Self>, offset: u64) -> SpoolReader {
        SpoolReader {
            spool: self.clone(),
            has: self.has.subscribe(),
            file: None,
            position: offset,
        }
    }

    /// It is on offer no more, also when it was whole.
    async fn fail(&self, why: String) {
        let id = self.info.id;
        self.has.send_modify(|has| has.outcome = Some(Err(why.clone())));
        self.shared.call(move |node, _| node.file_failed(id, why)).await;
    }

    /// Takes what the owner sends. An error of the connection leaves what came for the next attempt.
    async fn take(&self, stream: &mut Connection, slot: &mut Option<PartialFile>) -> io::Result<()> {
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        loop {
            let Some(partial) = slot.as_mut() else {
                return Ok(());
            };
            match receive_record(stream, &mut chunk).await? {
                Received::Chunk => {
                    if let Err(error) = partial.write(&chunk).await {
                        self.fail(not_kept(&error)).await;
                        slot.take();
                        return Ok(());
                    }
                    self.has(partial.received());
                }
                Received::End(announced) => return self.judge(stream, slot, announced).await,
                Received::Abort(why) => {
                    self.fail(why).await;
                    slot.take();
                    return Ok(());
                }
            }
        }
    }

    async fn judge(
        &self,
        stream: &mut Connection,
        slot: &mut Option<PartialFile>,
        announced: FileHash,
    ) -> io::Result<()> {
        let Some(mut partial) = slot.take() else {
            return Ok(());
        };
        let kept = match partial.check(announced) {
            Ok(hash) => partial
                .keep()
                .await
                .map(|path| (path, hash))
                .map_err(|error| not_kept(&error)),
            Err(FileError::Corrupt { why }) => Err(why),
            Err(error) => Err(error.for_others()),
        };
        match kept {
            Ok((path, hash)) => {
                *self.path.lock() = Some(Place::Kept(path));
                self.is_whole(hash);
                let id = self.info.id;
                self.shared.call(move |node, _| node.file_stored(id, hash)).await;
                stream.write_all(&[VERDICT_GOOD]).await?;
            }
            Err(why) => {
                self.fail(why).await;
                stream.write_all(&[0]).await?;
            }
        }
        stream.flush().await
    }
}

/// The words for members when a file cannot be kept for them.
fn not_kept(error: &FileError) -> String {
    format!("the host cannot keep it: {}", error.for_others())
}

/// Reads a spooled file front to back.
pub(super) struct SpoolReader {
    spool: Arc<Spool>,
    has: watch::Receiver<Has>,
    file: Option<File>,
    position: u64,
}

impl SpoolReader {
    /// The next content into `chunk`, at most `most` bytes, or how it ends.
    pub(super) async fn next(&mut self, chunk: &mut Vec<u8>, most: usize) -> Result<Received, FileError> {
        loop {
            let has = self.has.borrow_and_update().clone();
            match has.outcome {
                // The rest of what will never be whole is of no use.
                Some(Err(why)) => return Ok(Received::Abort(why)),
                _ if self.position < has.bytes => {
                    let read = self.read(chunk, has.bytes, most).await;
                    // A file that is given up is deleted, maybe just now.
                    let given_up = self.has.borrow().outcome.clone().and_then(Result::err);
                    return match (read, given_up) {
                        (Ok(()), _) => Ok(Received::Chunk),
                        (Err(_), Some(why)) => Ok(Received::Abort(why)),
                        (Err(error), None) => Err(error),
                    };
                }
                Some(Ok(hash)) => {
                    self.check(hash).await?;
                    return Ok(Received::End(hash));
                }
                // The sender lives in the spool, which we hold.
                None => drop(self.has.changed().await),
            }
        }
    }

    async fn read(&mut self, chunk: &mut Vec<u8>, available: u64, most: usize) -> Result<(), FileError> {
        let position = self.position;
        if self.file.is_none() {
            let mut file = self.spool.open().await?;
            let sought = file.seek(io::SeekFrom::Start(position)).await;
            sought.map_err(|error| self.spool.unreadable(&error))?;
            self.file = Some(file);
        }
        let Some(file) = &mut self.file else {
            return Err(FileError::Gone(self.spool.info.id));
        };
        let most = (available - position).min(most as u64) as usize;
        chunk.resize(most, 0);
        let read = file.read_exact(chunk).await;
        read.map_err(|error| self.spool.unreadable(&error))?;
        self.position += chunk.len() as u64;
        Ok(())
    }

    /// Whether what was read is still what it was, when the file is not in our hands alone.
    async fn check(&mut self, hash: FileHash) -> Result<(), FileError> {
        let Some(original) = self.spool.own_file() else {
            return Ok(());
        };
        match &self.file {
            Some(file) => original.check(file, Some(hash)).await,
            // Nothing of it was read: it is empty, or the receiver has it all.
            None => original.open(Some(hash)).await.map(drop),
        }
    }
}

impl Spool {
    /// Opens what there is of the file.
    async fn open(&self) -> Result<File, FileError> {
        let path = match &*self.path.lock() {
            Some(Place::Own(_)) => None,
            Some(Place::Coming(path)) => Some(path.clone()),
            Some(Place::Kept(path)) => Some(path.to_path_buf()),
            None => return Err(FileError::Gone(self.info.id)),
        };
        let Some(path) = path else {
            let hash = self.has.borrow().outcome.clone().and_then(Result::ok);
            let original = self.own_file().ok_or(FileError::Gone(self.info.id))?;
            return original.open(hash).await;
        };
        let opened = with_descriptors(|| File::open(&path), is_out_of_descriptors).await;
        opened.map_err(|error| self.unreadable(&error))
    }

    /// The host's own file, when it is one.
    fn own_file(&self) -> Option<Arc<Original>> {
        match &*self.path.lock() {
            Some(Place::Own(original)) => Some(original.clone()),
            _ => None,
        }
    }

    fn unreadable(&self, error: &io::Error) -> FileError {
        match &*self.path.lock() {
            // It became shorter while it was read.
            Some(Place::Own(original)) if error.kind() == io::ErrorKind::UnexpectedEof => original.changed(),
            Some(Place::Own(original)) => original.failed(error),
            Some(Place::Coming(path)) => FileError::Unreadable {
                path: path.clone(),
                why: error.to_string(),
            },
            Some(Place::Kept(path)) => FileError::Unreadable {
                path: path.to_path_buf(),
                why: error.to_string(),
            },
            None => FileError::Gone(self.info.id),
        }
    }

    /// A receiver says that what it got is not what was announced. When that is because a file of ours was changed without its
    /// looking so, the offer ends.
    async fn handle_bad_verdict(&self) {
        let hash = self.has.borrow().outcome.clone().and_then(Result::ok);
        let (Some(original), Some(hash)) = (self.own_file(), hash) else {
            return;
        };
        if !original.content_is(hash).await.unwrap_or(false) {
            self.fail(original.changed().for_others()).await;
        }
    }
}

impl Served {
    /// Where the bytes begin.
    pub(crate) fn offset(&self) -> u64 {
        match self {
            Served::Upload { offset, .. } | Served::Download { offset, .. } => *offset,
        }
    }

    /// Moves the bytes.
    pub(crate) async fn run(self, mut stream: Connection) -> io::Result<()> {
        match self {
            Served::Upload {
                spool, mut partial, ..
            } => spool.take(&mut stream, &mut partial).await,
            Served::Download {
                spool,
                offset,
                live_queue,
            } => {
                let scavenger = Scavenger::new(live_queue, &stream);
                give(&spool, offset, scavenger, &mut stream).await
            }
        }
    }
}

/// Sends what there is, as it comes, and how it ends.
async fn give(
    spool: &Arc<Spool>,
    offset: u64,
    mut scavenger: Scavenger,
    stream: &mut Connection,
) -> io::Result<()> {
    let mut reader = spool.reader(offset);
    let mut chunk = Vec::with_capacity(CHUNK_BYTES);
    loop {
        match reader.next(&mut chunk, scavenger.portion(CHUNK_BYTES)).await {
            Ok(Received::Chunk) => {
                stream.write_all(&chunk_header(chunk.len())).await?;
                stream.write_all(&chunk).await?;
                scavenger.sent(chunk.len()).await;
            }
            Ok(Received::End(hash)) => {
                stream.write_all(&end_record(hash)).await?;
                stream.flush().await?;
                if stream.read_u8().await? != VERDICT_GOOD {
                    spool.handle_bad_verdict().await;
                }
                return Ok(());
            }
            Ok(Received::Abort(why)) => {
                stream.write_all(&abort_record(&why)).await?;
                return stream.flush().await;
            }
            Err(error) => {
                // What cannot be read any more can be given to nobody else either.
                spool.fail(error.for_others()).await;
                stream.write_all(&abort_record(&error.for_others())).await?;
                return stream.flush().await;
            }
        }
    }
}
