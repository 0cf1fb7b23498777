//! Requests to end that come from the system, and the one reason of the program's own: that nothing can be shown any more.

use crate::exit::{Code, Failure, Result};
use crate::output::Screen;

/// Listens from the moment it is made, so that nothing is missed while a room is being opened.
pub(crate) struct Signals {
    system: system::Signals,
    screen: Screen,
}

impl Signals {
    /// Begins to listen. A hang-up or termination that was ignored when this program was started stays ignored, as under
    /// `nohup`. An interrupt never does: a shell has whatever a script runs in the background ignore it, and the script could
    /// not end the program by the signal that scripts use for that.
    ///
    /// # Errors
    /// When the system does not let us.
    pub(crate) fn listen(screen: &Screen) -> Result<Signals> {
        let system = system::Signals::listen().map_err(|error| Failure::new(Code::Failed, error))?;
        Ok(Signals {
            system,
            screen: screen.clone(),
        })
    }

    /// The next request to end, or that standard output takes no more.
    pub(crate) async fn next(&mut self) -> Failure {
        tokio::select! {
            failure = self.system.next() => failure,
            failure = self.screen.unwritable() => failure,
        }
    }
}

#[cfg(unix)]
mod system {
    use tokio::signal::unix::{Signal, SignalKind, signal};

    use super::{Failure, interrupted, terminated};

    /// `None` for a signal that is ignored.
    pub(super) struct Signals {
        interrupt: Signal,
        terminate: Option<Signal>,
        hang_up: Option<Signal>,
    }

    impl Signals {
        pub(super) fn listen() -> std::io::Result<Signals> {
            Ok(Signals {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: unless_ignored(SignalKind::terminate())?,
                hang_up: unless_ignored(SignalKind::hangup())?,
            })
        }

        pub(super) async fn next(&mut self) -> Failure {
            tokio::select! {
                _ = self.interrupt.recv() => interrupted(),
                () = received(&mut self.terminate) => terminated(),
                () = received(&mut self.hang_up) => terminated(),
            }
        }
    }

    async fn received(signal: &mut Option<Signal>) {
        let is_received = match signal {
            Some(signal) => signal.recv().await.is_some(),
            None => false,
        };
        if !is_received {
            std::future::pending::<()>().await;
        }
    }

    fn unless_ignored(kind: SignalKind) -> std::io::Result<Option<Signal>> {
        match is_ignored(kind.as_raw_value())? {
            true => Ok(None),
            false => signal(kind).map(Some),
        }
    }

    /// Whether the program was started with this signal ignored: nothing in it ignores one of these itself.
    #[allow(unsafe_code)]
    fn is_ignored(signal: libc::c_int) -> std::io::Result<bool> {
        let mut now = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: without a new action nothing is changed, and the system writes no more than the structure it is given.
        let outcome = unsafe { libc::sigaction(signal, std::ptr::null(), now.as_mut_ptr()) };
        if outcome != 0 {
            return Err(std::io::Error::last_os_error());
        }
        // SAFETY: it is all zeros or what the system wrote, and both are valid.
        let now = unsafe { now.assume_init() };
        Ok(now.sa_sigaction == libc::SIG_IGN)
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
