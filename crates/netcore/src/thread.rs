//! The thread that works for one room.
//!
//! What must be quick — words, datagrams, a stream's connections — happens on one thread with a runtime of its own, so that
//! a frame's path through this computer wakes one thread, once. A pool of workers would wake further ones to share the load,
//! which on a sleeping processor costs more than the frame does. Files, which may take a processor for themselves, stay on
//! the runtime that opened the room.

use std::io;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long tasks that do not end are waited for once the room is over.
const LINGER: Duration = Duration::from_secs(5);

/// Begins a thread that works until `cancel` is cancelled and `tasks` have ended.
///
/// # Errors
/// The system has no thread, or nothing to wait for sockets with.
pub(crate) fn begin(cancel: CancellationToken, tasks: TaskTracker) -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    std::thread::Builder::new()
        .name("roomwire-room".to_owned())
        .spawn(move || {
            runtime.block_on(async {
                cancel.cancelled().await;
                tasks.close();
                let _ = tokio::time::timeout(LINGER, tasks.wait()).await;
            });
        })?;
    Ok(handle)
}
