//! A path to a host that can be cut, as when a cable is pulled and plugged in again.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use crate::PATIENCE;

/// Passes TCP connections on to a host until it is to cut them.
pub struct Proxy {
    /// Where it listens, on this computer.
    pub port: u16,
    passing: Arc<Mutex<Vec<AbortHandle>>>,
    accepting: AbortHandle,
}

impl Proxy {
    /// Begins to pass connections on to the host at `port`.
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn to(port: u16) -> Proxy {
        Proxy::at(0, port).await
    }

    /// The same at a port of one's choice.
    ///
    /// # Panics
    /// When it is not to be had within [`PATIENCE`].
    pub async fn at(own: u16, port: u16) -> Proxy {
        let bound = async {
            loop {
                match TcpListener::bind(("127.0.0.1", own)).await {
                    Ok(listener) => return listener,
                    Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
        };
        let listener = tokio::time::timeout(PATIENCE, bound)
            .await
            .expect("a port is free");
        let own = listener.local_addr().expect("it is bound").port();
        let passing: Arc<Mutex<Vec<AbortHandle>>> = Arc::default();
        let handles = passing.clone();
        let accept = async move {
            while let Ok((near, _)) = listener.accept().await {
                let pass = tokio::spawn(pass(near, port));
                let mut handles = handles.lock();
                handles.retain(|handle| !handle.is_finished());
                handles.push(pass.abort_handle());
            }
        };
        Proxy {
            port: own,
            passing,
            accepting: tokio::spawn(accept).abort_handle(),
        }
    }

    /// Cuts every connection. New ones are passed on.
    pub fn cut(&self) {
        let mut passing = self.passing.lock();
        for handle in passing.drain(..) {
            handle.abort();
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn pass(mut near: TcpStream, port: u16) {
    let Ok(mut far) = TcpStream::connect(("127.0.0.1", port)).await else {
        return;
    };
    // How it ends is for the two ends to judge.
    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
}
