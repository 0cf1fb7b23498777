//! What is offered.

pub(crate) mod commands;
mod harmless;
mod offers;
mod preview;
#[cfg(test)]
mod tests;
pub mod view;

use std::path::PathBuf;
use std::sync::Arc;

use netcore::proto::FileId;
use netcore::proto::files::Event;
use netcore::{Snapshot, TransferView};

use crate::core::{Core, OpenRoom};
pub(crate) use offers::Offers;
use view::{DragView, FileView, FilesEvent};

/// Every file that is known of the room, as its person sees it; nothing without a room.
pub fn all(core: &Core) -> Vec<FileView> {
    let open = core.room();
    open.map_or_else(|_| Vec::new(), |open| open.files.lock().views(open.me()))
}

/// Notifies the face what happened to what is offered.
pub(crate) fn handle(core: &Arc<Core>, open: &Arc<OpenRoom>, event: Event) {
    match event {
        Event::Accepted { file, .. } | Event::Offered(file) | Event::Changed(file) => {
            let id = file.id;
            let forgotten = open.files.lock().put(file);
            notify_removed(core, forgotten);
            notify(core, open, id);
        }
        // Who offered it is waiting for this answer.
        Event::Refused { .. } => {}
        Event::Reset => {
            let gone = open.files.lock().clear();
            notify_removed(core, gone);
        }
    }
}

/// What is dragged over the face. Words and pictures are dragged as well; only files have paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drag<'a> {
    /// These came over it.
    Over(&'a [PathBuf]),
    /// These were let go of over it.
    Dropped(&'a [PathBuf]),
    /// What was dragged went away.
    Away,
}

/// Notifies the face of files that are dragged over it, with a number for each path that was dropped.
pub fn handle_drag(core: &Core, drag: Drag<'_>) {
    let drag = match drag {
        Drag::Over([]) => return,
        Drag::Over(_) => DragView::Over,
        Drag::Dropped([]) | Drag::Away => DragView::Away,
        Drag::Dropped(paths) => DragView::Dropped {
            picks: paths.iter().map(|path| core.picks.give(path.clone())).collect(),
        },
    };
    core.notify(FilesEvent::Drag { drag });
}

/// Notifies the face how far a transfer of ours is.
pub(crate) fn handle_transfer(core: &Arc<Core>, open: &Arc<OpenRoom>, transfer: TransferView) {
    let id = transfer.file;
    if open.files.lock().set_transfer(transfer, netcore::clock::now()) {
        notify(core, open, id);
    }
}

/// Notifies the face what is offered now and was not, or is no longer.
pub(crate) fn resynchronise(core: &Arc<Core>, open: &Arc<OpenRoom>, snapshot: &Snapshot) {
    let gone = open.files.lock().replace(&snapshot.files);
    notify_removed(core, gone);
    snapshot
        .files
        .iter()
        .for_each(|(file, _)| notify(core, open, file.id));
}

/// Notifies the face of files that are no longer there.
fn notify_removed(core: &Core, gone: impl IntoIterator<Item = FileId>) {
    for FileId(id) in gone {
        core.notify(FilesEvent::Removed { id });
    }
}

/// Notifies the face how one file is now, and looks for a preview once it is on this computer.
fn notify(core: &Arc<Core>, open: &Arc<OpenRoom>, id: FileId) {
    let mut offers = open.files.lock();
    if let Some(file) = offers.view(id, open.me()) {
        core.notify(FilesEvent::File { file });
    }
    if core.options.has_no_pictures {
        return;
    }
    if let Some(picture) = offers.picture_to_preview(id) {
        drop(offers);
        tokio::spawn(make_preview(core.clone(), open.clone(), id, picture));
    }
}

async fn make_preview(core: Arc<Core>, open: Arc<OpenRoom>, id: FileId, picture: PathBuf) {
    let made = tokio::task::spawn_blocking(move || preview::of(&picture)).await;
    let Ok(Some(preview)) = made else { return };
    open.files.lock().set_preview(id, preview);
    if let Some(file) = open.files.lock().view(id, open.me()) {
        core.notify(FilesEvent::File { file });
    }
}
