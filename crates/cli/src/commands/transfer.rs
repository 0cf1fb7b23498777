//! One transfer, followed to its end.

use std::time::Duration;

use app::files::view::{FileView, FilesEvent};
use netcore::proto::files::FileInfo;
use netcore::{FileError, Room, TransferState};
use tokio::time::{Instant, interval};

use crate::output::{Report, Screen};

/// A progress bar moves this often.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);
/// Programs get a report this often.
const REPORT_INTERVAL: Duration = Duration::from_millis(500);

/// Shows how `file` moves, and returns how it is in the end.
///
/// # Errors
/// The transfer's own.
pub(super) async fn follow(room: &Room, file: &FileInfo, screen: &Screen) -> Result<FileView, FileError> {
    let bar = screen.bar(&file.name, file.size);
    let mut look = interval(LOOK_INTERVAL);
    let mut reported = Instant::now();
    loop {
        look.tick().await;
        let Some(view) = room.transfer(file.id) else {
            continue;
        };
        match &view.state {
            TransferState::Done { .. } => return Ok(FileView::of(file, Some(&view), room.info().me)),
            TransferState::Failed { error, .. } => return Err(error.clone()),
            TransferState::Cancelled => return Err(FileError::Cancelled),
            TransferState::Running { done, .. }
            | TransferState::Paused { done }
            | TransferState::Interrupted { done } => bar.set(*done),
        }
        if screen.is_json() && reported.elapsed() >= REPORT_INTERVAL {
            reported = Instant::now();
            let file = FileView::of(file, Some(&view), room.info().me);
            screen.show(&Report::event(FilesEvent::File { file }));
        }
    }
}
