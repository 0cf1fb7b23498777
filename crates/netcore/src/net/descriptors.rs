//! How many files and connections this process may have open: more are asked for, and the last few are not given to strangers.

use tokio::net::TcpStream;

/// Descriptors that no accepted connection takes: for the files, settings and logs of those who are here, and for saying no.
#[cfg(unix)]
const RESERVE: u64 = 32;
/// More than this is not asked for: a child process may go through all of them.
#[cfg(unix)]
const ENOUGH: u64 = 65_536;
/// What macOS grants when its hard limit is "unlimited" (`OPEN_MAX`).
#[cfg(unix)]
const OPEN_MAX: u64 = 10_240;

/// How many descriptors this process may have, where the system says so.
pub(crate) fn limit() -> Option<u64> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit};
        getrlimit(Resource::Nofile).current
    }
    #[cfg(not(unix))]
    None
}

/// Raises the limit as far as the system lets this user, within reason.
pub(crate) fn raise_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        for wanted in [ENOUGH, OPEN_MAX].map(|most| maximum.map_or(most, |hard| hard.min(most))) {
            if current.is_none_or(|current| current >= wanted) {
                return;
            }
            let raised = Rlimit {
                current: Some(wanted),
                maximum,
            };
            if setrlimit(Resource::Nofile, raised).is_ok() {
                tracing::debug!(wanted, "more files may be open");
                return;
            }
        }
    }
}

/// Whether a connection that was just accepted took one of the last descriptors.
pub(crate) fn is_reserved(accepted: &TcpStream) -> bool {
    #[cfg(unix)]
    {
        use std::os::fd::AsRawFd;
        // A new descriptor has the lowest free number (POSIX.1-2017, section 2.14), so that nearly all below are taken.
        let number = u64::try_from(accepted.as_raw_fd()).unwrap_or_default();
        limit().is_some_and(|limit| number >= first_reserved(limit))
    }
    #[cfg(not(unix))]
    {
        let _ = accepted;
        false
    }
}

/// The lowest of the last few descriptors: at most a quarter of few.
#[cfg(unix)]
fn first_reserved(limit: u64) -> u64 {
    limit - RESERVE.min(limit / 4)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_last_few_descriptors_are_reserved() {
        assert_eq!(first_reserved(1_024), 992);
        assert_eq!(first_reserved(64), 48);
        assert_eq!(first_reserved(0), 0);
    }
}
