//! The socket itself, with what the system offers for many datagrams at once, or without.

use std::io::{self, IoSliceMut};

use quinn_udp::{RecvMeta, Transmit, UdpSocketState};
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// A socket for datagrams that never waits.
pub(super) struct Socket {
    socket: UdpSocket,
    /// Many datagrams in one call, the address that each came to and is to leave from, no fragments. Without it the socket
    /// does what sockets do everywhere: one datagram a call, from the address that the system chooses.
    means: Option<UdpSocketState>,
}

impl Socket {
    /// Takes over `socket`. A system that refuses the further means keeps nobody from datagrams: Wine does for IPv4, and
    /// network software between Windows and its programs may.
    ///
    /// # Errors
    /// The system's, when the socket cannot be waited for.
    pub(super) fn new(socket: std::net::UdpSocket) -> io::Result<Socket> {
        socket.set_nonblocking(true)?;
        let socket = UdpSocket::from_std(socket)?;
        let means = UdpSocketState::new((&socket).into());
        let means = means.inspect_err(|error| {
            tracing::warn!(%error, "datagrams go one by one: the system refuses means to send and receive many");
        });
        Ok(Socket {
            socket,
            means: means.ok(),
        })
    }

    /// The same, as where the system refuses the further means.
    #[cfg(test)]
    pub(super) fn plain(socket: std::net::UdpSocket) -> io::Result<Socket> {
        let means = None;
        Ok(Socket {
            means,
            ..Socket::new(socket)?
        })
    }

    /// How many datagrams of one size can be sent by one call.
    pub(super) fn most_segments(&self) -> usize {
        self.means.as_ref().map_or(1, UdpSocketState::max_gso_segments)
    }

    /// Asks the system for a receive buffer of `bytes`.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn set_receive_buffer(&self, bytes: usize) -> io::Result<()> {
        socket2::SockRef::from(&self.socket).set_recv_buffer_size(bytes)
    }

    /// Asks the system for a send buffer of `bytes`.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn set_send_buffer(&self, bytes: usize) -> io::Result<()> {
        socket2::SockRef::from(&self.socket).set_send_buffer_size(bytes)
    }

    /// The receive buffer that the system granted, in bytes.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn receive_buffer(&self) -> io::Result<usize> {
        socket2::SockRef::from(&self.socket).recv_buffer_size()
    }

    /// Sends now or not at all.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when the socket takes nothing now, and the system's.
    pub(super) fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let Some(means) = &self.means else {
            let sent = self.socket.try_send_to(transmit.contents, transmit.destination);
            return sent.map(drop);
        };
        self.socket.try_io(Interest::WRITABLE, || {
            means.try_send((&self.socket).into(), transmit)
        })
    }

    /// Receives what is there into `slices`, and says in `metas` what it is. Returns how many of both were used.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when there is nothing, and the system's.
    pub(super) fn try_receive(
        &self,
        slices: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> io::Result<usize> {
        let Some(means) = &self.means else {
            let (Some(slice), Some(meta)) = (slices.first_mut(), metas.first_mut()) else {
                return Ok(0);
            };
            let (length, address) = self.socket.try_recv_from(slice)?;
            *meta = RecvMeta::default();
            (meta.len, meta.stride, meta.addr) = (length, length, address);
            return Ok(1);
        };
        self.socket.try_io(Interest::READABLE, || {
            means.recv((&self.socket).into(), slices, metas)
        })
    }

    /// Returns when there may be something to receive.
    ///
    /// # Errors
    /// When the socket cannot be waited for.
    pub(super) async fn readable(&self) -> io::Result<()> {
        self.socket.readable().await
    }

    /// Returns when the socket may take more.
    ///
    /// # Errors
    /// When the socket cannot be waited for.
    pub(super) async fn writable(&self) -> io::Result<()> {
        self.socket.writable().await
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn on_loopback() -> std::net::UdpSocket {
        std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has free ports")
    }

    #[tokio::test]
    async fn without_further_means_datagrams_go_and_come_one_by_one() {
        let (one, other) = (on_loopback(), on_loopback());
        let (from, to) = (one.local_addr().unwrap(), other.local_addr().unwrap());
        let (one, other) = (Socket::plain(one).unwrap(), Socket::plain(other).unwrap());
        assert_eq!(one.most_segments(), 1);
        for contents in [&b"first"[..], b"second, longer"] {
            let transmit = Transmit {
                destination: to,
                ecn: None,
                contents,
                segment_size: None,
                src_ip: Some(from.ip()),
            };
            one.writable().await.unwrap();
            one.try_send(&transmit).unwrap();
        }
        let mut buffers = [[0; 64]; 2];
        for expected in [&b"first"[..], b"second, longer"] {
            let mut metas = [RecvMeta::default(); 2];
            let count = loop {
                other.readable().await.unwrap();
                let mut slices: Vec<_> = buffers.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
                match other.try_receive(&mut slices, &mut metas) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    outcome => break outcome.unwrap(),
                }
            };
            assert_eq!((count, metas[0].addr, metas[0].stride), (1, from, expected.len()));
            assert_eq!(&buffers[0][..metas[0].len], expected);
        }
    }
}
