//! Files: the host keeps what members send and hands it on while it still comes; members fetch what they accept.
//!
//! Each transfer is a task of its own over a connection of its own. One that breaks keeps what it has and goes on when the
//! connection to the host is back.

mod context;
mod fetch;
mod original;
mod record;
mod remembered;
mod runs;
mod scavenger;
mod send;
mod spool;
mod transfer;
pub(crate) mod view;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use netcore_proto::files::{Event, FileInfo, FileState, Offer};
use netcore_proto::session::{Refusal, RefusalCode};
use netcore_proto::wire::Direction;
use netcore_proto::{CommandError, FileId, MemberId};
use parking_lot::Mutex;
use tokio::sync::{oneshot, watch};

use crate::error::FileError;
use crate::event::RoomEvent;
use crate::peer::Peer;
use crate::shared::Shared;
use crate::store::disk::{self, SharedFolder};
use context::TransferContext;
use original::Original;
pub(crate) use spool::Served;
use transfer::{End, Transfer};
pub use view::{TransferState, TransferView};

/// The files of a room on this computer.
pub(crate) struct FilePlane {
    shared: Arc<Shared>,
    known: Mutex<BTreeMap<FileId, FileInfo>>,
    transfers: Mutex<BTreeMap<FileId, Arc<Transfer>>>,
    /// Our own offers, by our own numbers.
    offers: Mutex<HashMap<u64, OwnOffer>>,
    context: Arc<TransferContext>,
    /// Keeps other copies of the program from taking our files for left behind.
    _spool: SharedFolder,
}

/// What we offer. The node may make an offer again, in a room begun anew or to a member who comes later.
struct OwnOffer {
    original: Arc<Original>,
    /// The one who waits for the first answer.
    answer: Option<oneshot::Sender<Result<FileInfo, Refusal>>>,
    /// The file's numbers in the present room.
    ids: Vec<FileId>,
}

impl FilePlane {
    /// For the room at `address`. Removes what killed programs left behind.
    pub(crate) fn new(shared: Arc<Shared>, address: &str) -> Arc<FilePlane> {
        let downloads = shared.downloads.clone();
        shared.spawn_transfer(async move {
            let _ = tokio::task::spawn_blocking(move || disk::sweep(&downloads)).await;
        });
        Arc::new(FilePlane {
            context: Arc::new(TransferContext {
                shared: shared.clone(),
                spools: Mutex::default(),
                welcomes: watch::Sender::new(0),
                origin: format!("roomwire://{address}"),
            }),
            _spool: SharedFolder::enter(&shared.spool),
            shared,
            known: Mutex::default(),
            transfers: Mutex::default(),
            offers: Mutex::default(),
        })
    }

    fn is_host(&self) -> bool {
        self.shared.dialer.is_none()
    }

    /// Takes note of what happened, notifies of it, and then does what follows from it: a listener learns of a file before
    /// anything of its transfer.
    pub(crate) fn handle_event(self: &Arc<Self>, event: Event) {
        let mut is_ours = true;
        if let Event::Accepted { file, .. } | Event::Offered(file) | Event::Changed(file) = &event {
            remembered::note(&mut self.known.lock(), file);
            // A host knows of every file, and keeps it. What is not for it concerns nobody here.
            is_ours = !self.is_host() || file.is_for(MemberId::HOST);
        }
        if event == Event::Reset {
            // Before it is notified, as long as listeners still know what the files' numbers mean.
            self.leave_room();
        }
        if is_ours {
            self.shared.event(RoomEvent::Files(event.clone()));
        }
        match event {
            Event::Accepted { local, file } => {
                let Some((original, answer)) = self.offers.lock().get_mut(&local).map(|offer| {
                    offer.ids.push(file.id);
                    (offer.original.clone(), offer.answer.take())
                }) else {
                    return;
                };
                self.start_sending(&file, original);
                if let Some(answer) = answer {
                    let _ = answer.send(Ok(file));
                }
            }
            Event::Refused { local, refusal } => {
                let answer = self.offers.lock().remove(&local).and_then(|offer| offer.answer);
                if let Some(answer) = answer {
                    let _ = answer.send(Err(refusal));
                }
            }
            Event::Offered(_) | Event::Reset => {}
            Event::Changed(file) => match &file.state {
                FileState::Failed { why } => self.end(file.id, Some(why)),
                FileState::Cancelled => self.end(file.id, None),
                FileState::Uploading | FileState::Stored { .. } => {}
            },
        }
    }

    /// The room's files are gone, and what is in progress can go no further.
    fn leave_room(&self) {
        self.known.lock().clear();
        for offer in self.offers.lock().values_mut() {
            offer.ids.clear();
        }
        let transfers = std::mem::take(&mut *self.transfers.lock());
        for (id, transfer) in transfers {
            transfer.run.lock().cancel();
            let (is_over, done) = {
                let state = transfer.state.lock();
                (state.is_over(), state.done())
            };
            if !is_over {
                let error = FileError::Gone(id);
                self.context
                    .set_state(&transfer, TransferState::Failed { done, error });
            }
        }
    }

    pub(crate) fn handle_welcomed(&self) {
        self.context.welcomes.send_modify(|count| *count += 1);
    }

    /// Offers a file; sending begins by itself.
    pub(crate) async fn offer(
        self: &Arc<Self>,
        path: &Path,
        to: Vec<MemberId>,
    ) -> Result<FileInfo, FileError> {
        // What cannot be read is found out now, not after everybody knows of the file.
        let original = Original::look_at(path, &self.shared.spool).await?;
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let mime = mime_guess::from_path(path)
            .first_or_octet_stream()
            .essence_str()
            .to_owned();
        let local = crate::local::next_local();
        let offer = Offer {
            local,
            name,
            size: original.size(),
            mime,
            to,
        };
        let (answer, expected) = oneshot::channel();
        self.offers.lock().insert(
            local,
            OwnOffer {
                original: Arc::new(original),
                answer: Some(answer),
                ids: Vec::new(),
            },
        );
        let asked = self.shared.call(move |node, now| node.offer(offer, now)).await;
        if !matches!(asked, Some(Ok(()))) {
            self.offers.lock().remove(&local);
            return Err(match asked {
                Some(Err(CommandError::Refused(refusal))) => FileError::Refused(refusal),
                _ => FileError::NotConnected,
            });
        }
        match expected.await {
            Ok(Ok(file)) => Ok(file),
            Ok(Err(refusal)) => Err(FileError::Refused(refusal)),
            Err(_) => Err(FileError::NotConnected),
        }
    }

    /// Fetches a file on offer into `folder`. Progress and end are notified by events.
    pub(crate) async fn fetch(self: &Arc<Self>, id: FileId, folder: &Path) -> Result<(), FileError> {
        let info = self.known.lock().get(&id).cloned().ok_or(FileError::Gone(id))?;
        if !info.is_for(self.me()) {
            return Err(FileError::Gone(id));
        }
        let begun = self.transfers.lock().get(&id).cloned();
        let begun = begun.filter(|transfer| !transfer.state.lock().is_over());
        let over = match &info.state {
            FileState::Uploading | FileState::Stored { .. } => None,
            FileState::Failed { why } => Some(FileError::SenderFailed { why: why.clone() }),
            FileState::Cancelled => Some(FileError::Gone(id)),
        };
        let mut partial = None;
        if let Some(transfer) = begun {
            if transfer.may_go_elsewhere(folder) {
                partial = transfer.take_whole(folder).await;
            } else if over.is_none() || transfer.is_whole().await {
                self.resume(id);
                return Ok(());
            }
        }
        // What is whole here needs nobody any more.
        if let Some(error) = over.filter(|_| partial.is_none()) {
            return Err(error);
        }
        let transfer = Transfer::new(info, End::Folder(folder.to_owned()), partial);
        {
            let mut transfers = self.transfers.lock();
            if !remembered::make_room(&mut transfers, |other| other.may_be_forgotten()) {
                return Err(FileError::TooManyOpen);
            }
            transfers.insert(id, transfer.clone());
        }
        self.start_run(transfer);
        Ok(())
    }

    pub(crate) fn pause(&self, id: FileId) {
        let Some(transfer) = self.transfers.lock().get(&id).cloned() else {
            return;
        };
        let done = match &*transfer.state.lock() {
            TransferState::Running { done, .. } | TransferState::Interrupted { done } => *done,
            _ => return,
        };
        transfer.run.lock().cancel();
        self.context.set_state(&transfer, TransferState::Paused { done });
    }

    pub(crate) fn resume(self: &Arc<Self>, id: FileId) {
        let Some(transfer) = self.transfers.lock().get(&id).cloned() else {
            return;
        };
        let done = match &*transfer.state.lock() {
            TransferState::Paused { done } | TransferState::Failed { done, .. } => *done,
            _ => return,
        };
        self.context.set_state(
            &transfer,
            TransferState::Running {
                done,
                rate: None,
                remaining: None,
            },
        );
        self.start_run(transfer);
    }

    /// Ends our transfer of a file; an owner's, and a host's of whatever file, is ended for everybody by the node.
    pub(crate) async fn cancel(&self, id: FileId) {
        self.offers.lock().retain(|_, offer| !offer.ids.contains(&id));
        let transfer = self.transfers.lock().get(&id).cloned();
        let is_fetch = transfer
            .as_ref()
            .is_some_and(|transfer| transfer.direction == Direction::Down);
        if let Some(transfer) = transfer {
            transfer.run.lock().cancel();
            transfer.partial.lock().await.take();
            if !transfer.state.lock().is_over() {
                self.context.set_state(&transfer, TransferState::Cancelled);
            }
        }
        if !is_fetch {
            // Without a connection the host finds out by itself that nothing comes.
            let _ = self.shared.call(move |node, _| node.cancel_file(id)).await;
        }
    }

    pub(crate) fn view(&self, id: FileId) -> Option<TransferView> {
        self.transfers.lock().get(&id).map(|transfer| transfer.view())
    }

    /// On a host: serves a member's file connection.
    pub(crate) async fn serve(
        self: &Arc<Self>,
        peer: &Peer,
        id: FileId,
        direction: Direction,
        offset: u64,
    ) -> Result<Served, Refusal> {
        let gone = || {
            let state = self.known.lock().get(&id).map(|file| file.state.clone());
            let words = match state {
                Some(FileState::Failed { why }) => format!("file {id} is not on offer any more: {why}"),
                _ => format!("file {id} is not on offer (any more)"),
            };
            Refusal::new(RefusalCode::NotFound, words)
        };
        let spool = self.context.spool(id).await.ok_or_else(gone)?;
        match direction {
            Direction::Up if spool.info().owner == peer.id => spool.accept_upload().await,
            Direction::Down if spool.info().is_for(peer.id) => {
                spool.accept_download(offset, peer.live_queue.clone())
            }
            _ => Err(gone()),
        }
    }

    fn me(&self) -> MemberId {
        self.shared.admission().me
    }
}
