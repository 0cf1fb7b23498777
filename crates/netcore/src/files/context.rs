//! What every run of a transfer needs of the room, and what it reports.

use std::collections::HashMap;
use std::sync::Arc;

use netcore_proto::files::{FileState, Progress};
use netcore_proto::{FileId, MemberId, Node};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::spool::Spool;
use super::transfer::Transfer;
use super::view::TransferState;
use crate::clock;
use crate::event::RoomEvent;
use crate::shared::Shared;

pub(super) struct TransferContext {
    pub(super) shared: Arc<Shared>,
    /// What the host keeps of files for others.
    pub(super) spools: Mutex<HashMap<FileId, Arc<Spool>>>,
    /// Counts welcomes: those who wait for the connection wait for it to grow.
    pub(super) welcomes: watch::Sender<u64>,
    /// Where received files are said to come from: `roomwire://` and the room's address.
    pub(super) origin: String,
}

impl TransferContext {
    /// Where the host keeps a file; made when it is first needed.
    pub(super) async fn spool(&self, id: FileId) -> Option<Arc<Spool>> {
        if let Some(spool) = self.spools.lock().get(&id) {
            return Some(spool.clone());
        }
        let find = move |node: &mut Node, _| node.files().into_iter().find(|file| file.id == id).cloned();
        let info = self.shared.call(find).await??;
        if info.state != FileState::Uploading {
            return None;
        }
        let mut spools = self.spools.lock();
        Some(
            spools
                .entry(id)
                .or_insert_with(|| Spool::empty(info, self.shared.clone()))
                .clone(),
        )
    }

    pub(super) fn set_state(&self, transfer: &Transfer, state: TransferState) {
        *transfer.state.lock() = state;
        self.shared.event(RoomEvent::Transfer(transfer.view()));
    }

    /// Bytes have moved; shown twice a second.
    pub(super) fn progress(&self, transfer: &Transfer, progress: &mut Progress, done: u64) {
        let is_worth_showing = progress.handle_done(done, clock::now());
        let state = TransferState::Running {
            done,
            rate: progress.rate(),
            remaining: progress.remaining(),
        };
        self.advance(transfer, state, is_worth_showing);
    }

    /// A run has something to report of itself, which does not count once it has been ended from outside.
    fn advance(&self, transfer: &Transfer, state: TransferState, is_worth_showing: bool) {
        {
            let mut present = transfer.state.lock();
            if transfer.run.lock().is_cancelled() {
                return;
            }
            *present = state;
        }
        if is_worth_showing {
            self.shared.event(RoomEvent::Transfer(transfer.view()));
        }
    }

    /// The connection to the host broke: waits until it is back.
    pub(super) async fn interrupted(&self, transfer: &Transfer, done: u64) {
        let mut welcomes = self.welcomes.subscribe();
        welcomes.mark_unchanged();
        self.advance(transfer, TransferState::Interrupted { done }, true);
        if self.shared.peer(MemberId::HOST).is_some() {
            // Only the transfer's own connection broke. Trying again at once would only heat the room.
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            return;
        }
        // The sender lives as long as this, which the caller holds.
        let _ = welcomes.changed().await;
    }

    /// Returns when the connection to the host is lost, so that nobody waits for bytes that cannot come.
    pub(super) async fn host_lost(&self) {
        if let Some(host) = self.shared.peer(MemberId::HOST) {
            host.cancel.cancelled().await;
        }
    }
}
