//! How the runs of transfers begin, and what becomes of a transfer when one ends.

use std::path::PathBuf;
use std::sync::Arc;

use netcore_proto::FileId;
use netcore_proto::files::{FileHash, FileInfo};
use netcore_proto::wire::Direction;

use super::original::Original;
use super::spool::Spool;
use super::transfer::{End, Transfer};
use super::{FilePlane, TransferState, fetch, remembered, send};
use crate::error::FileError;
use crate::store::disk::PartialFile;

impl FilePlane {
    /// The room has taken our offer: what fetches it is given the file's bytes.
    pub(super) fn start_sending(self: &Arc<Self>, info: &FileInfo, original: Arc<Original>) {
        if self.is_host() {
            let spool = Spool::of_own_file(info.clone(), original.clone(), self.shared.clone());
            self.context.spools.lock().insert(info.id, spool);
        }
        let transfer = Transfer::new(info.clone(), End::File(original), None);
        {
            let mut transfers = self.transfers.lock();
            // There are no more of these than may be on offer.
            remembered::make_room(&mut transfers, |other| other.may_be_forgotten());
            transfers.insert(info.id, transfer.clone());
        }
        self.start_run(transfer);
    }

    /// Begins, or begins again, to move a transfer's bytes.
    pub(super) fn start_run(self: &Arc<Self>, transfer: Arc<Transfer>) {
        let run = self.shared.cancel.child_token();
        *transfer.run.lock() = run.clone();
        let plane = self.clone();
        self.shared.spawn_transfer(async move {
            let move_bytes = async {
                match transfer.direction {
                    Direction::Up if plane.is_host() => send::share(&plane.context, &transfer).await,
                    Direction::Up => send::upload(&plane.context, &transfer).await,
                    Direction::Down if plane.is_host() => fetch::from_spool(&plane.context, &transfer).await,
                    Direction::Down => fetch::from_host(&plane.context, &transfer).await,
                }
            };
            tokio::select! {
                () = run.cancelled() => {}
                outcome = move_bytes => if outcome.is_ok() || !run.is_cancelled() {
                    plane.finish(&transfer, outcome).await;
                },
            }
        });
    }

    async fn finish(&self, transfer: &Transfer, outcome: Result<(Option<PathBuf>, FileHash), FileError>) {
        let id = transfer.info.id;
        match outcome {
            Ok((path, hash)) => {
                tracing::info!(target: "roomwire::step", code = "file_done", file = id.0, name = %transfer.info.name,
                    "file {id}, \"{}\", was received completely, and its checksum agrees", transfer.info.name);
                self.context
                    .set_state(transfer, TransferState::Done { path, hash });
                if transfer.direction == Direction::Down {
                    let _ = self.shared.call(move |node, _| node.file_received(id)).await;
                }
            }
            Err(FileError::Cancelled) => self.context.set_state(transfer, TransferState::Cancelled),
            Err(error) => {
                tracing::warn!(target: "roomwire::step", code = "file_failed", file = id.0, name = %transfer.info.name, %error,
                    "file {id}, \"{}\": {error}", transfer.info.name);
                if error.is_final() {
                    // Gone before anybody is notified that it is.
                    transfer.partial.lock().await.take();
                }
                let done = transfer.state.lock().done();
                self.context
                    .set_state(transfer, TransferState::Failed { done, error });
            }
        }
    }

    /// The room says that a file will not be whole any more.
    pub(super) fn end(self: &Arc<Self>, id: FileId, why: Option<&str>) {
        self.offers.lock().retain(|_, offer| !offer.ids.contains(&id));
        if let Some(spool) = self.context.spools.lock().remove(&id) {
            spool.give_up(why.unwrap_or("it was taken back"));
        }
        let Some(transfer) = self.transfers.lock().get(&id).cloned() else {
            return;
        };
        let state = transfer.state.lock().clone();
        if let (TransferState::Done { .. }, Direction::Up, Some(why)) = (&state, transfer.direction, why) {
            // A host's own file, which is on offer for as long as it stays what it was.
            let error = FileError::OfferEnded { why: why.to_owned() };
            let done = transfer.info.size;
            tracing::warn!(target: "roomwire::step", code = "file_failed", file = id.0, name = %transfer.info.name, %error,
                "file {id}, \"{}\": {error}", transfer.info.name);
            return self
                .context
                .set_state(&transfer, TransferState::Failed { done, error });
        }
        if state.is_over() {
            return;
        }
        transfer.run.lock().cancel();
        let why = why.map(str::to_owned);
        let plane = self.clone();
        self.shared.spawn_transfer(async move {
            // What came of it is of no use to anybody, and is gone before anybody is notified. A run that is ending may hold it.
            // What is whole waits for a place only.
            let mut partial = transfer.partial.lock().await;
            if transfer.state.lock().is_over() || partial.as_ref().is_some_and(PartialFile::is_whole) {
                return;
            }
            partial.take();
            let done = transfer.state.lock().done();
            let state = match why {
                Some(why) => TransferState::Failed {
                    done,
                    error: FileError::SenderFailed { why },
                },
                None => TransferState::Cancelled,
            };
            plane.context.set_state(&transfer, state);
        });
    }
}
