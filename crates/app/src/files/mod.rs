//! What is offered.

pub(crate) mod commands;
mod harmless;
pub(crate) mod offers;
mod preview;
#[cfg(test)]
mod tests;
pub mod view;

use std::path::PathBuf;
use std::sync::Arc;

use netcore::proto::FileId;
use netcore::proto::files::Event;
use netcore::{Snapshot, TransferView};

use crate::core::{Core, OpenRoom, lock};
use view::{DragView, FilesEvent};

/// Tells the interface what happened to what is offered.
pub(crate) fn handle(core: &Arc<Core>, open: &Arc<OpenRoom>, event: Event) {
    match event {
        Event::Accepted { file, .. } | Event::Offered(file) | Event::Changed(file) => {
            let id = file.id;
            lock(&open.files).put(file);
            tell(core, open, id);
        }
        // Whoever offered it is waiting for this answer.
        Event::Refused { .. } => {}
        Event::Reset => {
            let gone = lock(&open.files).clear();
            gone.iter()
                .for_each(|id| core.notify("files", &FilesEvent::Removed { id: id.0 }));
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
    core.notify("files", &FilesEvent::Drag { drag });
}

/// Tells the interface how far a transfer of ours is.
pub(crate) fn handle_transfer(core: &Arc<Core>, open: &Arc<OpenRoom>, transfer: TransferView) {
    let id = transfer.file;
    if lock(&open.files).set_transfer(transfer, netcore::clock::now()) {
        tell(core, open, id);
    }
}

/// Tells the interface what is offered now and was not, or is no longer.
pub(crate) fn resynchronise(core: &Arc<Core>, open: &Arc<OpenRoom>, snapshot: &Snapshot) {
    let gone = lock(&open.files).replace(&snapshot.files);
    gone.iter()
        .for_each(|id| core.notify("files", &FilesEvent::Removed { id: id.0 }));
    snapshot
        .files
        .iter()
        .for_each(|(file, _)| tell(core, open, file.id));
}

/// Tells the interface how one file is now, and looks for a preview once it is on this computer.
fn tell(core: &Arc<Core>, open: &Arc<OpenRoom>, id: FileId) {
    let mut offers = lock(&open.files);
    if let Some(file) = offers.view(id, open.me()) {
        core.notify("files", &FilesEvent::File { file });
    }
    if let Some(picture) = offers.picture_to_preview(id) {
        drop(offers);
        tokio::spawn(make_preview(core.clone(), open.clone(), id, picture));
    }
}

async fn make_preview(core: Arc<Core>, open: Arc<OpenRoom>, id: FileId, picture: PathBuf) {
    let made = tokio::task::spawn_blocking(move || preview::of(&picture)).await;
    let Ok(Some(preview)) = made else { return };
    lock(&open.files).set_preview(id, preview);
    if let Some(file) = lock(&open.files).view(id, open.me()) {
        core.notify("files", &FilesEvent::File { file });
    }
}
