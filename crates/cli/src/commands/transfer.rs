//! One transfer, followed to its end.

use std::time::Duration;

use netcore::proto::files::FileInfo;
use netcore::{FileError, Room, TransferState};
use tokio::time::{Instant, interval};

use crate::output::{Report, Screen, Transfer};

/// A progress bar moves this often.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);
/// Programs get a report this often.
const REPORT_INTERVAL: Duration = Duration::from_millis(500);

/// Shows how `file` moves, and returns how it ended.
///
/// # Errors
/// The transfer's own.
pub(super) async fn follow(room: &Room, file: &FileInfo, screen: &Screen) -> Result<Transfer, FileError> {
    let bar = screen.bar(&file.name, file.size);
    let mut look = interval(LOOK_INTERVAL);
    let mut reported = Instant::now();
    loop {
        look.tick().await;
        let Some(view) = room.transfer(file.id) else {
            continue;
        };
        let transfer = Transfer::new(&view, &file.name);
        bar.set(transfer.done_bytes);
        match view.state {
            TransferState::Done { .. } => return Ok(transfer),
            TransferState::Failed { error, .. } => return Err(error),
            TransferState::Cancelled => return Err(FileError::Cancelled),
            TransferState::Running { .. }
            | TransferState::Paused { .. }
            | TransferState::Interrupted { .. } => {}
        }
        if screen.is_json() && reported.elapsed() >= REPORT_INTERVAL {
            reported = Instant::now();
            screen.show(&Report::Transfer(transfer));
        }
    }
}
