//! Where a session's keys come from: the first from the handshake, each later one from the one before (RFC 8446, section 7.2).

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use rustls::ConnectionTrafficSecrets;
use rustls::client::ClientConnectionData;
use rustls::kernel::KernelConnection;
use rustls::server::ServerConnectionData;

use crate::net::record::invalid;
use crate::net::seal::Key;

/// What rustls keeps of a session.
pub(crate) enum Kernel {
    Client(KernelConnection<ClientConnectionData>),
    Server(KernelConnection<ServerConnectionData>),
}

/// The keys that come next. Both halves of a connection have it; neither needs it but for a new key.
pub(super) struct NextKeys {
    kernel: Mutex<Kernel>,
    /// The other end asks for a new key of ours.
    is_asked: AtomicBool,
}

impl NextKeys {
    pub(super) fn new(kernel: Kernel) -> NextKeys {
        NextKeys {
            kernel: Mutex::new(kernel),
            is_asked: AtomicBool::new(false),
        }
    }

    /// The next key that we seal with.
    pub(super) fn ours(&self) -> io::Result<Key> {
        let next = match &mut *self.kernel.lock() {
            Kernel::Client(kernel) => kernel.update_tx_secret(),
            Kernel::Server(kernel) => kernel.update_tx_secret(),
        };
        key(&next.map_err(io::Error::other)?.1)
    }

    /// The next key that the other end seals with.
    pub(super) fn theirs(&self) -> io::Result<Key> {
        let next = match &mut *self.kernel.lock() {
            Kernel::Client(kernel) => kernel.update_rx_secret(),
            Kernel::Server(kernel) => kernel.update_rx_secret(),
        };
        key(&next.map_err(io::Error::other)?.1)
    }

    /// The other end asks for a new key of ours. It comes before the next that we say; one answers any number of requests.
    pub(super) fn ask(&self) {
        self.is_asked.store(true, Ordering::Relaxed);
    }

    /// Whether the other end has asked, since this was last looked at.
    pub(super) fn take_asked(&self) -> bool {
        // Nearly always there is nothing to take, and a look costs less.
        self.is_asked.load(Ordering::Relaxed) && self.is_asked.swap(false, Ordering::Relaxed)
    }
}

/// # Errors
/// The secrets are another cipher's than ours.
pub(super) fn key(secrets: &ConnectionTrafficSecrets) -> io::Result<Key> {
    let ConnectionTrafficSecrets::Aes128Gcm { key, iv } = secrets else {
        return Err(io::Error::other(
            "the other end has chosen another cipher than ours",
        ));
    };
    let (key, iv) = (key.as_ref().first_chunk(), iv.as_ref().first_chunk());
    key.zip(iv)
        .map(|(key, iv)| Key::new(key, *iv))
        .ok_or_else(|| invalid("keys of another length than AES-128-GCM's"))
}
