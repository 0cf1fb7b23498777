//! What is sent while it is measured: live video, pictures as fast as they are taken, and a file beside either.

use std::io::{Seek, SeekFrom, Write};
use std::sync::Arc;
use std::time::Duration;

use app::video::{Live, PublishOptions};
use media::{Capture, CaptureEvent, CaptureSpec, CapturedFrame};
use netcore::proto::StreamId;
use netcore::proto::video::{DropReason, FrameOutcome, SourceKind, StreamDescription};
use netcore::{LinkResult, Publisher, Room, TransferState, clock};
use parking_lot::Mutex;
use report::FileRate;
use tempfile::NamedTempFile;
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::exit::{Code, Failure, Result};
use crate::live::over;

/// So many different pictures are sent in turn at full speed.
const PICTURES: usize = 8;
/// At full speed a source gives its first pictures within this time, or none.
const PATIENCE: Duration = Duration::from_secs(10);
/// A picture more than there is room for is offered every so often: it shows an adaptive window that frames wait.
const EXTRA_EVERY: u64 = 16;
/// Long enough to be in transfer for a while, short enough for any disk.
const FILE_BYTES: u64 = 256 << 20;
/// A file's progress is looked at this often.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// What is sent.
pub(super) enum Load {
    Live(Box<Live>),
    FullSpeed(FullSpeed),
}

impl Load {
    pub(super) async fn start(room: &Room, options: PublishOptions, full_speed: bool) -> Result<Load> {
        if full_speed {
            return FullSpeed::start(room, options).await.map(Load::FullSpeed);
        }
        Ok(Load::Live(Box::new(Live::start(room, options).await?)))
    }

    pub(super) fn stream(&self) -> Option<StreamId> {
        match self {
            Load::Live(live) => live.stream(),
            Load::FullSpeed(full) => full.publisher.stream(),
        }
    }

    /// Waits until there is nothing more to send, and says why.
    pub(super) async fn over(&mut self) -> Failure {
        match self {
            Load::Live(live) => over(live).await,
            Load::FullSpeed(full) => {
                let _ = (&mut full.feeding).await;
                Failure::new(Code::Video, "The video is over.")
            }
        }
    }

    pub(super) async fn stop(self) {
        match self {
            Load::Live(live) => live.stop().await,
            Load::FullSpeed(full) => full.stop().await,
        }
    }
}

/// The source's first pictures again and again, each offered when there is room for it.
pub(super) struct FullSpeed {
    publisher: Arc<Publisher>,
    feeding: JoinHandle<()>,
}

impl FullSpeed {
    async fn start(room: &Room, options: PublishOptions) -> Result<FullSpeed> {
        let pictures = first_pictures(&options).await?;
        let spec = StreamDescription {
            source: SourceKind::Pattern,
            title: "full speed".into(),
            width: pictures[0].width,
            height: pictures[0].height,
            rate: 0.0,
            transport: options.transport,
        };
        let results = room.results();
        let publisher = Arc::new(room.publish(spec).await?);
        let feeding = tokio::spawn(feed(publisher.clone(), results, pictures));
        Ok(FullSpeed { publisher, feeding })
    }

    async fn stop(self) {
        self.feeding.abort();
        let _ = self.feeding.await;
        if let Ok(publisher) = Arc::try_unwrap(self.publisher) {
            publisher.stop().await;
        }
    }
}

/// Offers a picture for each that has come to an end, so that one always waits for its turn; two until one found no room.
async fn feed(
    publisher: Arc<Publisher>,
    mut results: broadcast::Receiver<LinkResult>,
    pictures: Vec<CapturedFrame>,
) {
    let mut next = pictures.iter().cycle();
    let mut offer = || {
        if let Some(picture) = next.next() {
            let now = clock::now();
            publisher.send(&picture.jpeg, picture.width, picture.height, now, now);
        }
    };
    let mut ended = 0_u64;
    // Whether there is room for no more, and whether a picture has shown so since the last extra one.
    let (mut is_full, mut was_shown) = (false, false);
    loop {
        match timeout(Duration::from_millis(100), results.recv()).await {
            Ok(Ok(LinkResult { stream, .. })) if publisher.stream() != Some(stream) => {}
            Ok(Ok(LinkResult { result, .. })) => {
                if result.outcome == FrameOutcome::Dropped(DropReason::Superseded) {
                    (is_full, was_shown) = (true, true);
                    continue;
                }
                ended += 1;
                offer();
                let is_time = ended.is_multiple_of(EXTRA_EVERY);
                if is_time || !is_full {
                    offer();
                }
                if is_time {
                    is_full = std::mem::take(&mut was_shown);
                }
            }
            Ok(Err(broadcast::error::RecvError::Closed)) => return,
            // Nothing is in transfer: in the beginning, or what would have said so was missed.
            Ok(Err(broadcast::error::RecvError::Lagged(_))) | Err(_) => offer(),
        }
    }
}

async fn first_pictures(options: &PublishOptions) -> Result<Vec<CapturedFrame>> {
    let (sender, mut events) = mpsc::channel(2 * PICTURES);
    let spec = CaptureSpec {
        source: options.source.clone(),
        width: options.width,
        height: options.height,
        rate: options.rate,
        quality: options.quality,
    };
    // What comes after the first pictures is of no use.
    let sink = move |event| drop(sender.try_send(event));
    let capture = Capture::start(spec, clock::clock(), sink);
    let taken = timeout(PATIENCE, async {
        let mut pictures = Vec::new();
        while pictures.len() < PICTURES {
            match events.recv().await {
                Some(CaptureEvent::Frame(frame)) => pictures.push(frame),
                Some(CaptureEvent::Failed(error)) => return Err(error.into()),
                Some(CaptureEvent::Ended) | None => break,
                Some(_) => {}
            }
        }
        Ok(pictures)
    })
    .await;
    let _ = tokio::task::spawn_blocking(move || capture.stop()).await;
    let no_picture = || Failure::new(Code::Video, "the source gives no pictures");
    let pictures = taken.unwrap_or_else(|_| Err(no_picture()))?;
    if pictures.is_empty() {
        return Err(no_picture());
    }
    Ok(pictures)
}

/// Files in transfer to the host, one after the other, until it is enough. Each is taken back when it is there.
pub(super) struct FileLoad {
    moving: JoinHandle<Result<()>>,
    moved: Arc<Mutex<Moved>>,
    began: Instant,
}

#[derive(Default)]
struct Moved {
    /// Bytes of the files that are there, and of the one that moves.
    whole: u64,
    partly: u64,
}

impl Moved {
    fn bytes(&self) -> u64 {
        self.whole + self.partly
    }
}

impl FileLoad {
    /// Begins, and returns when the first bytes have been sent.
    pub(super) async fn start(room: &Room) -> Result<FileLoad> {
        let moved = Arc::<Mutex<Moved>>::default();
        let mut moving = tokio::spawn(keep_moving(room.clone(), moved.clone()));
        let begun = async {
            while moved.lock().bytes() == 0 {
                sleep(LOOK_INTERVAL).await;
            }
        };
        tokio::select! {
            () = begun => {}
            ended = &mut moving => ended.map_err(|error| Failure::new(Code::Failed, error))??,
        }
        *moved.lock() = Moved::default();
        Ok(FileLoad {
            moving,
            moved,
            began: Instant::now(),
        })
    }

    /// How it has moved so far.
    pub(super) fn rate(&self) -> FileRate {
        FileRate {
            bytes: self.moved.lock().bytes(),
            seconds: self.began.elapsed().as_secs_f64(),
        }
    }

    /// Waits until no more files can be sent, and says why.
    pub(super) async fn over(&mut self) -> Failure {
        match (&mut self.moving).await {
            Ok(Err(failure)) => failure,
            _ => Failure::new(Code::File, "the file beside the video is over"),
        }
    }

    pub(super) async fn stop(self, room: &Room) {
        self.moving.abort();
        let _ = self.moving.await;
        // What was on offer when it was stopped is taken back as well.
        let snapshot = room.snapshot().await;
        for (file, _) in snapshot.files {
            if file.owner == snapshot.info.me && file.name == NAME {
                room.cancel_file(file.id).await;
            }
        }
    }
}

/// What the file beside the video is called in the room.
const NAME: &str = "roomwire-measurement.bin";

async fn keep_moving(room: Room, moved: Arc<Mutex<Moved>>) -> Result<()> {
    let failed = |error: std::io::Error| Failure::new(Code::File, format!("a file to send: {error}"));
    let folder = tempfile::tempdir().map_err(failed)?;
    let file = NamedTempFile::new_in(&folder).map_err(failed)?;
    let path = folder.path().join(NAME);
    file.as_file().set_len(FILE_BYTES).map_err(failed)?;
    let mut file = file.persist(&path).map_err(|error| failed(error.error))?;
    for round in 0_u64.. {
        // Another content each time: what the host has already would not be sent.
        let head = [clock::unix_ms().to_be_bytes(), round.to_be_bytes()].concat();
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        file.write_all(&head).map_err(failed)?;
        let offered = room.offer_file(&path, Vec::new()).await?;
        let mut before = 0;
        loop {
            sleep(LOOK_INTERVAL).await;
            match room.transfer(offered.id).map(|view| view.state) {
                Some(TransferState::Running { done, .. }) => {
                    let mut moved = moved.lock();
                    moved.partly += done.saturating_sub(before);
                    before = done;
                }
                Some(TransferState::Done { .. }) => break,
                Some(TransferState::Failed { error, .. }) => return Err(error.into()),
                Some(TransferState::Cancelled) => return Err(netcore::FileError::Cancelled.into()),
                Some(TransferState::Paused { .. } | TransferState::Interrupted { .. }) | None => {}
            }
        }
        {
            let mut moved = moved.lock();
            moved.whole += moved.partly + FILE_BYTES.saturating_sub(before);
            moved.partly = 0;
        }
        room.cancel_file(offered.id).await;
    }
    Ok(())
}
