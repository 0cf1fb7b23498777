//! Requests to end that come from outside the room.

use crate::exit::{Code, Failure};

/// Listens from the moment it is made, so that nothing is missed while a room is being opened.
pub(crate) struct Signals(system::Signals);

impl Signals {
    /// Begins to listen.
    pub(crate) fn listen() -> std::io::Result<Signals> {
        system::Signals::listen().map(Signals)
    }

    /// The next request to end.
    pub(crate) async fn next(&mut self) -> Failure {
        self.0.next().await
    }
}

#[cfg(unix)]
mod system {
    use tokio::signal::unix::{Signal, SignalKind, signal};

    use super::{Failure, interrupted, terminated};

    pub(super) struct Signals {
        interrupt: Signal,
        terminate: Signal,
        hang_up: Signal,
    }

    impl Signals {
        pub(super) fn listen() -> std::io::Result<Signals> {
            Ok(Signals {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
                hang_up: signal(SignalKind::hangup())?,
            })
        }

        pub(super) async fn next(&mut self) -> Failure {
            tokio::select! {
                _ = self.interrupt.recv() => interrupted(),
                _ = self.terminate.recv() => terminated(),
                _ = self.hang_up.recv() => terminated(),
            }
        }
    }
}

#[cfg(windows)]
mod system {
    use tokio::signal::windows::{
        CtrlBreak, CtrlC, CtrlClose, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown,
    };

    use super::{Failure, interrupted, terminated};

    pub(super) struct Signals {
        interrupt: CtrlC,
        /// What another program can send to this one alone.
        terminate: CtrlBreak,
        /// The console's window is closed; the system waits some seconds for the program to end.
        close: CtrlClose,
        shut_down: CtrlShutdown,
    }

    impl Signals {
        pub(super) fn listen() -> std::io::Result<Signals> {
            Ok(Signals {
                interrupt: ctrl_c()?,
                terminate: ctrl_break()?,
                close: ctrl_close()?,
                shut_down: ctrl_shutdown()?,
            })
        }

        pub(super) async fn next(&mut self) -> Failure {
            tokio::select! {
                _ = self.interrupt.recv() => interrupted(),
                _ = self.terminate.recv() => terminated(),
                _ = self.close.recv() => terminated(),
                _ = self.shut_down.recv() => terminated(),
            }
        }
    }
}

/// Ctrl-C, also when the line editor sees it as a key.
pub(crate) fn interrupted() -> Failure {
    Failure::new(Code::Interrupted, "Interrupted.")
}

fn terminated() -> Failure {
    Failure::new(Code::Terminated, "Asked to end.")
}
