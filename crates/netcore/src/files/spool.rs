use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use crate::tcp::Secure;
use netcore_proto::files::{FileHash, FileInfo, VERDICT_GOOD, abort_record, chunk_header, end_record};
use netcore_proto::session::{Refusal, RefusalCode};
use tempfile::TempPath;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use tokio::sync::{OwnedMutexGuard, watch};

use super::CHUNK_BYTES;
use super::fetch::{Received, receive_record};
use super::pace::Pace;
use crate::disk::Partial;
use crate::error::FileError;
use crate::live::Live;
use crate::lock::lock;
use crate::shared::Shared;

/// A file as the host keeps it for others: as far as it has come, readable by any number.
pub(crate) struct Spool {
    info: FileInfo,
    shared: Arc<Shared>,
    path: Mutex<Option<Place>>,
    has: watch::Sender<Has>,
    /// Held by the one upload.
    uploading: Arc<tokio::sync::Mutex<Option<Partial>>>,
}

/// Where the bytes are.
enum Place {
    /// A file of the host's own, which stays.
    Own(PathBuf),
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
        partial: OwnedMutexGuard<Option<Partial>>,
        offset: u64,
    },
    Download {
        spool: Arc<Spool>,
        offset: u64,
        live: Arc<Live>,
    },
}

impl Spool {
    /// For a file that a member will send.
    pub(super) fn empty(info: FileInfo, shared: Arc<Shared>) -> Arc<Spool> {
        Spool::new(info, None, shared)
    }

    /// For a file of the host's own.
    pub(super) fn of_own_file(info: FileInfo, path: PathBuf, shared: Arc<Shared>) -> Arc<Spool> {
        Spool::new(info, Some(Place::Own(path)), shared)
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

    /// It will not be whole any more; whoever waits for more is told.
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
        let locked = tokio::time::timeout(crate::tcp::HANDSHAKE_TIMEOUT, self.uploading.clone().lock_owned());
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
            let begun = Partial::begin(&self.shared.spool, self.info.size);
            match begun {
                Ok(begun) => {
                    *lock(&self.path) = Some(Place::Coming(begun.path().to_owned()));
                    *partial = Some(begun);
                }
                Err(error) => {
                    let why = not_kept(&error);
                    self.fail(why.clone()).await;
                    return Err(Refusal::new(RefusalCode::Limit, why));
                }
            }
        }
        let offset = partial.as_ref().map_or(0, Partial::received);
        Ok(Served::Upload {
            spool: self,
            partial,
            offset,
        })
    }

    pub(super) fn accept_download(self: Arc<Self>, offset: u64, live: Arc<Live>) -> Result<Served, Refusal> {
        if offset > self.info.size {
            let words = format!("file {} has only {} bytes", self.info.id, self.info.size);
            return Err(Refusal::new(RefusalCode::BadMessage, words));
        }
        Ok(Served::Download {
            spool: self,
            offset,
            live,
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

    async fn fail(&self, why: String) {
        let id = self.info.id;
        self.give_up(&why);
        self.shared.call(move |node, _| node.file_failed(id, why)).await;
    }

    /// Takes what the owner sends. An error of the connection leaves what came for the next attempt.
    async fn take(&self, stream: &mut Secure, slot: &mut Option<Partial>) -> io::Result<()> {
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
        stream: &mut Secure,
        slot: &mut Option<Partial>,
        announced: FileHash,
    ) -> io::Result<()> {
        let Some(partial) = slot.take() else { return Ok(()) };
        let kept = match partial.receiver().handle_end(announced) {
            Ok(hash) => partial
                .keep()
                .await
                .map(|path| (path, hash))
                .map_err(|error| not_kept(&error)),
            Err(error) => Err(error.to_string()),
        };
        match kept {
            Ok((path, hash)) => {
                *lock(&self.path) = Some(Place::Kept(path));
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

/// What members are told when a file cannot be kept for them.
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
                Some(Ok(hash)) => return Ok(Received::End(hash)),
                // The sender lives in the spool, which we hold.
                None => drop(self.has.changed().await),
            }
        }
    }

    async fn read(&mut self, chunk: &mut Vec<u8>, available: u64, most: usize) -> Result<(), FileError> {
        let (path, position) = (self.spool.place()?, self.position);
        let read = async {
            let file = match &mut self.file {
                Some(file) => file,
                None => {
                    let mut file = File::open(&path).await?;
                    file.seek(io::SeekFrom::Start(position)).await?;
                    self.file.insert(file)
                }
            };
            let most = (available - position).min(most as u64) as usize;
            chunk.resize(most, 0);
            file.read_exact(chunk).await.map(drop)
        };
        read.await.map_err(|error: io::Error| FileError::Unreadable {
            path,
            why: error.to_string(),
        })?;
        self.position += chunk.len() as u64;
        Ok(())
    }
}

impl Spool {
    fn place(&self) -> Result<PathBuf, FileError> {
        match &*lock(&self.path) {
            Some(Place::Own(path) | Place::Coming(path)) => Ok(path.clone()),
            Some(Place::Kept(path)) => Ok(path.to_path_buf()),
            None => Err(FileError::Gone(self.info.id)),
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
    pub(crate) async fn run(self, mut stream: Secure) -> io::Result<()> {
        match self {
            Served::Upload {
                spool, mut partial, ..
            } => spool.take(&mut stream, &mut partial).await,
            Served::Download { spool, offset, live } => {
                let pace = Pace::new(live, &stream);
                give(spool.reader(offset), pace, &mut stream).await
            }
        }
    }
}

/// Sends what there is, as it comes, and how it ends.
async fn give(mut reader: SpoolReader, mut pace: Pace, stream: &mut Secure) -> io::Result<()> {
    let mut chunk = Vec::with_capacity(CHUNK_BYTES);
    loop {
        match reader.next(&mut chunk, pace.portion(CHUNK_BYTES)).await {
            Ok(Received::Chunk) => {
                stream.write_all(&chunk_header(chunk.len())).await?;
                stream.write_all(&chunk).await?;
                pace.sent(chunk.len()).await;
            }
            Ok(Received::End(hash)) => {
                stream.write_all(&end_record(hash)).await?;
                stream.flush().await?;
                stream.read_u8().await?;
                return Ok(());
            }
            Ok(Received::Abort(why)) => {
                stream.write_all(&abort_record(&why)).await?;
                return stream.flush().await;
            }
            Err(error) => {
                stream.write_all(&abort_record(&error.for_others())).await?;
                return stream.flush().await;
            }
        }
    }
}
