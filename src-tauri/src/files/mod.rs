//! What is offered.

pub(crate) mod commands;
mod harmless;
mod preview;
pub(crate) mod shelf;
#[cfg(test)]
mod tests;
pub(crate) mod view;

use std::path::PathBuf;
use std::sync::Arc;

use netcore::proto::FileId;
use netcore::proto::files::Event;
use netcore::{Snapshot, TransferView};
use tauri::plugin::{Builder, TauriPlugin};
use tauri::{AppHandle, DragDropEvent, Manager, Runtime, WindowEvent};

use crate::core::{Core, OpenRoom, lock};
use view::{DragView, FilesEvent};

/// The capability's commands.
pub(crate) fn plugin<R: Runtime>() -> TauriPlugin<R> {
    Builder::new("files")
        .invoke_handler(crate::bridge::files::handler())
        .build()
}

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
                .for_each(|id| core.tell("files", &FilesEvent::Removed { id: id.0 }));
        }
    }
}

/// Tells the interface of files that are dragged over the window.
pub(crate) fn handle_window<R: Runtime>(app: &AppHandle<R>, event: &WindowEvent) {
    if let (WindowEvent::DragDrop(event), Some(core)) = (event, app.try_state::<Arc<Core>>()) {
        handle_drag(&core, event);
    }
}

fn handle_drag(core: &Core, event: &DragDropEvent) {
    let drag = match event {
        // Words and pictures are dragged as well; only files have paths.
        DragDropEvent::Enter { paths, .. } if !paths.is_empty() => DragView::Over,
        DragDropEvent::Drop { paths, .. } if !paths.is_empty() => DragView::Dropped {
            picks: paths.iter().map(|path| core.picks.give(path.clone())).collect(),
        },
        DragDropEvent::Leave | DragDropEvent::Drop { .. } => DragView::Away,
        _ => return,
    };
    core.tell("files", &FilesEvent::Drag { drag });
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
        .for_each(|id| core.tell("files", &FilesEvent::Removed { id: id.0 }));
    snapshot
        .files
        .iter()
        .for_each(|(file, _)| tell(core, open, file.id));
}

/// Tells the interface how one file is now, and looks for a preview once it is on this computer.
fn tell(core: &Arc<Core>, open: &Arc<OpenRoom>, id: FileId) {
    let mut shelf = lock(&open.files);
    if let Some(file) = shelf.view(id, open.me()) {
        core.tell("files", &FilesEvent::File { file });
    }
    if let Some(picture) = shelf.picture_to_preview(id) {
        drop(shelf);
        tokio::spawn(make_preview(core.clone(), open.clone(), id, picture));
    }
}

async fn make_preview(core: Arc<Core>, open: Arc<OpenRoom>, id: FileId, picture: PathBuf) {
    let made = tokio::task::spawn_blocking(move || preview::of(&picture)).await;
    let Ok(Some(preview)) = made else { return };
    lock(&open.files).set_preview(id, preview);
    if let Some(file) = lock(&open.files).view(id, open.me()) {
        core.tell("files", &FilesEvent::File { file });
    }
}
