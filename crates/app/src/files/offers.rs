//! The files as this window's person sees them: what the room knows, what we do about it, and what they decided.

use std::collections::BTreeMap;
use std::path::PathBuf;

use netcore::proto::files::{FileInfo, FileState as Shared, MAX_FILES};
use netcore::proto::{FileId, MemberId, Span, Time};
use netcore::{TransferState, TransferView};

use super::view::{FileState, FileView};
use crate::error::{ErrorCode, IpcError};

/// A progress bar that moves ten times a second moves smoothly.
const PROGRESS_INTERVAL: Span = Span::from_millis(100);

/// The most offers remembered: as many as a room has at a time, and as many that are over and still in sight.
pub(super) const MAX_REMEMBERED: usize = 2 * MAX_FILES;

/// What is known of the files of a room.
#[derive(Default)]
pub(crate) struct Offers(BTreeMap<FileId, Item>);

struct Item {
    info: FileInfo,
    transfer: Option<TransferView>,
    is_declined: bool,
    /// Where it came from, when it was offered in this window.
    source: Option<PathBuf>,
    preview: Preview,
    notified: Option<Time>,
}

enum Preview {
    Unknown,
    /// Being made, or not to be had.
    Tried,
    Made(String),
}

impl FileView {
    /// A file of which `info` and our own `transfer` are all that is known, as `me` sees it.
    pub fn of(info: &FileInfo, transfer: Option<&TransferView>, me: MemberId) -> FileView {
        let item = Item {
            transfer: transfer.cloned(),
            ..Item::new(info.clone())
        };
        item.view(me)
    }
}

impl Offers {
    pub(crate) fn of(files: &[(FileInfo, Option<TransferView>)]) -> Offers {
        let mut offers = Offers::default();
        offers.replace(files);
        offers
    }

    /// Takes what the room knows of a file; the one that is forgotten for it, if one is.
    pub(crate) fn put(&mut self, info: FileInfo) -> Option<FileId> {
        match self.0.get_mut(&info.id) {
            Some(item) => {
                item.info = info;
                None
            }
            None => self.put_new(info),
        }
    }

    /// Takes what is known of a file of which nothing is known yet; the one that is forgotten for it, if one is.
    #[must_use]
    pub(crate) fn put_new(&mut self, info: FileInfo) -> Option<FileId> {
        if self.0.contains_key(&info.id) {
            return None;
        }
        let forgotten = self.make_room();
        self.0.insert(info.id, Item::new(info));
        forgotten
    }

    /// Forgets the oldest offer when there is room for no more: one that is over, as long as there is any.
    fn make_room(&mut self) -> Option<FileId> {
        if self.0.len() < MAX_REMEMBERED {
            return None;
        }
        let is_over = |item: &Item| matches!(item.info.state, Shared::Cancelled | Shared::Failed { .. });
        let over = self.0.iter().find(|(_, item)| is_over(item));
        let oldest = over.or_else(|| self.0.first_key_value()).map(|(id, _)| *id)?;
        self.0.remove(&oldest);
        Some(oldest)
    }

    /// Takes how far a transfer is. Whether the face is to be notified: of mere progress ten times a second at most.
    pub(crate) fn set_transfer(&mut self, transfer: TransferView, now: Time) -> bool {
        let Some(item) = self.0.get_mut(&transfer.file) else {
            return false;
        };
        let is_running = |transfer: &TransferView| matches!(transfer.state, TransferState::Running { .. });
        let is_progress = is_running(&transfer) && item.transfer.as_ref().is_some_and(is_running);
        item.transfer = Some(transfer);
        if is_progress
            && item
                .notified
                .is_some_and(|notified| now.since(notified) < PROGRESS_INTERVAL)
        {
            return false;
        }
        item.notified = Some(now);
        true
    }

    /// Takes `files` for all there are, and returns those that were and are not.
    pub(crate) fn replace(&mut self, files: &[(FileInfo, Option<TransferView>)]) -> Vec<FileId> {
        let is_there = |id: &FileId| files.iter().any(|(info, _)| info.id == *id);
        let mut gone: Vec<FileId> = self.0.keys().copied().filter(|id| !is_there(id)).collect();
        gone.iter().for_each(|id| drop(self.0.remove(id)));
        for (info, transfer) in files {
            gone.extend(self.put(info.clone()));
            if let Some(item) = self.0.get_mut(&info.id) {
                item.transfer.clone_from(transfer);
            }
        }
        gone
    }

    /// Forgets all, and returns what was there.
    pub(crate) fn clear(&mut self) -> Vec<FileId> {
        std::mem::take(&mut self.0).into_keys().collect()
    }

    pub(crate) fn set_source(&mut self, id: FileId, source: PathBuf) {
        if let Some(item) = self.0.get_mut(&id) {
            item.source = Some(source);
        }
    }

    pub(crate) fn set_declined(&mut self, id: FileId, is_declined: bool) {
        if let Some(item) = self.0.get_mut(&id) {
            item.is_declined = is_declined;
        }
    }

    pub(crate) fn set_preview(&mut self, id: FileId, preview: String) {
        if let Some(item) = self.0.get_mut(&id) {
            item.preview = Preview::Made(preview);
        }
    }

    /// Where a file is on this computer, whole.
    pub(crate) fn path(&self, id: FileId) -> Option<PathBuf> {
        self.0.get(&id)?.path()
    }

    /// A picture that is on this computer and has no preview yet; it is returned once.
    pub(crate) fn picture_to_preview(&mut self, id: FileId) -> Option<PathBuf> {
        let item = self.0.get_mut(&id)?;
        if !item.info.mime.starts_with("image/") || !matches!(item.preview, Preview::Unknown) {
            return None;
        }
        let path = item.path()?;
        item.preview = Preview::Tried;
        Some(path)
    }

    pub(crate) fn view(&self, id: FileId, me: MemberId) -> Option<FileView> {
        self.0.get(&id).map(|item| item.view(me))
    }

    pub(crate) fn views(&self, me: MemberId) -> Vec<FileView> {
        self.0.values().map(|item| item.view(me)).collect()
    }
}

impl Item {
    fn new(info: FileInfo) -> Item {
        Item {
            info,
            transfer: None,
            is_declined: false,
            source: None,
            preview: Preview::Unknown,
            notified: None,
        }
    }

    fn path(&self) -> Option<PathBuf> {
        match &self.transfer {
            Some(TransferView {
                state: TransferState::Done { path: Some(path), .. },
                ..
            }) => Some(path.clone()),
            _ => self.source.clone(),
        }
    }

    fn view(&self, me: MemberId) -> FileView {
        let info = &self.info;
        FileView {
            id: info.id.0,
            name: info.name.clone(),
            size: info.size,
            mime: info.mime.clone(),
            owner: info.owner.0,
            owner_name: info.owner_name.clone(),
            mine: info.owner == me,
            to: info.to.iter().map(|to| to.0).collect(),
            received_by: info.received_by.iter().map(|by| by.0).collect(),
            blake3: self.hash(),
            at_ms: info.at_unix_ms,
            state: self.state(me),
            preview: match &self.preview {
                Preview::Made(url) => Some(url.clone()),
                Preview::Unknown | Preview::Tried => None,
            },
        }
    }

    fn hash(&self) -> Option<String> {
        match (&self.transfer, &self.info.state) {
            (
                Some(TransferView {
                    state: TransferState::Done { hash, .. },
                    ..
                }),
                _,
            )
            | (_, Shared::Stored { hash }) => Some(hash.to_string()),
            _ => None,
        }
    }

    fn state(&self, me: MemberId) -> FileState {
        let is_mine = self.info.owner == me;
        let over = match &self.info.state {
            Shared::Cancelled => Some(FileState::Cancelled),
            Shared::Failed { why } => Some(FileState::Failed {
                done: 0,
                error: IpcError::new(ErrorCode::FileGone, why),
            }),
            Shared::Stored { .. } if is_mine => Some(self.done()),
            Shared::Stored { .. } | Shared::Uploading => None,
        };
        match (&self.transfer, over) {
            // What has arrived here stays here, whatever becomes of the offer.
            (
                Some(TransferView {
                    state: TransferState::Done { .. },
                    ..
                }),
                _,
            ) => self.done(),
            (_, Some(over)) => over,
            (Some(transfer), None) => of_transfer(&transfer.state, self.is_declined),
            (None, None) if self.info.received_by.contains(&me) => self.done(),
            (None, None) if self.is_declined => FileState::Declined,
            (None, None) => FileState::Offered,
        }
    }

    fn done(&self) -> FileState {
        FileState::Done {
            path: self.path().map(|path| path.to_string_lossy().into_owned()),
            checked: true,
        }
    }
}

fn of_transfer(state: &TransferState, is_declined: bool) -> FileState {
    match state {
        TransferState::Running {
            done,
            rate,
            remaining,
        } => FileState::Transferring {
            done: *done,
            rate: *rate,
            seconds_left: remaining.map(Span::as_secs_f64),
        },
        TransferState::Paused { done } => FileState::Paused {
            done: *done,
            is_interrupted: false,
        },
        // It can be asked to go on, too.
        TransferState::Interrupted { done } => FileState::Paused {
            done: *done,
            is_interrupted: true,
        },
        TransferState::Done { path, .. } => FileState::Done {
            path: path.as_ref().map(|path| path.to_string_lossy().into_owned()),
            checked: true,
        },
        TransferState::Failed { done, error } => FileState::Failed {
            done: *done,
            error: error.clone().into(),
        },
        TransferState::Cancelled if is_declined => FileState::Declined,
        TransferState::Cancelled => FileState::Cancelled,
    }
}
