//! The desktop of a terminal: it hands on what the application notifies, and has no dialogs and no windows.

use std::io;
use std::path::{Path, PathBuf};

use app::desktop::{Choice, Desktop};
use app::session::view::Theme;
use app::{Event, IpcError};
use tokio::sync::{broadcast, oneshot};

/// Events that wait to be shown: as many as a room has for a listener. One that is further behind shows what is now the case.
const MAX_EVENTS: usize = 4_096;

/// The events of the application, for who shows them.
#[derive(Clone)]
pub(super) struct Events(broadcast::Sender<Event>);

impl Events {
    pub(super) fn new() -> Events {
        Events(broadcast::Sender::new(MAX_EVENTS))
    }

    /// What is notified from now on.
    pub(super) fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.0.subscribe()
    }
}

/// What a terminal has of a desktop.
pub(super) struct Terminal(pub(super) Events);

impl Desktop for Terminal {
    fn notify(&self, event: Event) {
        // Between two rooms nobody listens.
        let _ = self.0.0.send(event);
    }

    fn choose(&self, _: Choice) -> oneshot::Receiver<Vec<PathBuf>> {
        // Its sender is gone: nothing is chosen.
        oneshot::channel().1
    }

    fn open(&self, _: &Path) -> Result<(), IpcError> {
        Err(IpcError::internal("a terminal opens no programs"))
    }

    fn show(&self, _: &Path) -> Result<(), IpcError> {
        Err(IpcError::internal("a terminal shows no folders"))
    }

    fn set_theme(&self, _: Theme) {}

    fn start_beside(&self, _: &[String]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn end(&self) {}
}
