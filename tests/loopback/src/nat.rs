//! A router with address translation between one member and a host: connections and datagrams pass it, as it likes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::UdpSocket;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::Proxy;

/// Passes one member's TCP connections and datagrams on to a host.
pub struct Nat {
    /// Where the member joins, on this computer.
    pub port: u16,
    _connections: Proxy,
    state: Arc<State>,
    passing: AbortHandle,
}

struct State {
    /// Longer datagrams are dropped.
    most_bytes: AtomicUsize,
    rebind: Notify,
}

impl Nat {
    /// Begins to pass everything on to the host at `port`.
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn to(port: u16) -> Nat {
        let connections = Proxy::to(port).await;
        let own = connections.port;
        let near = UdpSocket::bind(("127.0.0.1", own))
            .await
            .expect("the port is free");
        let state = Arc::new(State {
            most_bytes: AtomicUsize::new(usize::MAX),
            rebind: Notify::new(),
        });
        Nat {
            port: own,
            _connections: connections,
            passing: tokio::spawn(pass(near, port, state.clone())).abort_handle(),
            state,
        }
    }

    /// From now on the host sees the member's datagrams come from another port, and the port before is dead.
    pub fn rebind(&self) {
        self.state.rebind.notify_one();
    }

    /// From now on datagrams of more bytes than this are dropped, in both directions; with none, all are.
    pub fn let_through(&self, most_bytes: usize) {
        self.state.most_bytes.store(most_bytes, Ordering::Relaxed);
    }
}

impl Drop for Nat {
    fn drop(&mut self) {
        self.passing.abort();
    }
}

async fn far(port: u16) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port is free");
    socket
        .connect(("127.0.0.1", port))
        .await
        .expect("it is on this computer");
    socket
}

async fn pass(near: UdpSocket, port: u16, state: Arc<State>) {
    let mut upstream = far(port).await;
    let mut member = None;
    let (mut up, mut down) = (vec![0; 65_536], vec![0; 65_536]);
    let passes = |bytes: usize| bytes <= state.most_bytes.load(Ordering::Relaxed);
    loop {
        // A full buffer or a dead port loses a datagram, as elsewhere.
        tokio::select! {
            () = state.rebind.notified() => upstream = far(port).await,
            Ok((bytes, from)) = near.recv_from(&mut up) => {
                member = Some(from);
                if passes(bytes) {
                    let _ = upstream.send(&up[..bytes]).await;
                }
            }
            Ok(bytes) = upstream.recv(&mut down) => {
                if let Some(member) = member.filter(|_| passes(bytes)) {
                    let _ = near.send_to(&down[..bytes], member).await;
                }
            }
        }
    }
}
