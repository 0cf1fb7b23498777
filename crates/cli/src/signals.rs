//! Requests to end that come from outside the room.

use crate::exit::{Code, Failure};

/// Listens from the moment it is made, so that nothing is missed while a room is being opened.
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    hang_up: tokio::signal::unix::Signal,
}

impl Signals {
    /// Begins to listen.
    #[cfg(unix)]
    pub(crate) fn listen() -> std::io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Begins to listen.
    #[cfg(not(unix))]
    pub(crate) fn listen() -> std::io::Result<Signals> {
        Ok(Signals {})
    }

    /// The next request to end.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) -> Failure {
        tokio::select! {
            _ = self.interrupt.recv() => interrupted(),
            _ = self.terminate.recv() => terminated(),
            _ = self.hang_up.recv() => terminated(),
        }
    }

    /// The next request to end.
    #[cfg(not(unix))]
    pub(crate) async fn next(&mut self) -> Failure {
        match tokio::signal::ctrl_c().await {
            Ok(()) => interrupted(),
            // Without a console there is nobody to press Ctrl-C.
            Err(_) => std::future::pending().await,
        }
    }
}

/// Ctrl-C, also when the line editor sees it as a key.
pub(crate) fn interrupted() -> Failure {
    Failure::new(Code::Interrupted, "Interrupted.")
}

#[cfg(unix)]
fn terminated() -> Failure {
    Failure::new(Code::Terminated, "Asked to end.")
}
