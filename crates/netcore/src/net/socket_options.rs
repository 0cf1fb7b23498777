//! What the systems' sockets have different words for: a function for each option, which does nothing where a system needs
//! none, and one for each kind of error.

use std::io;

use socket2::SockRef;

/// What a socket's buffers for datagrams are asked to be: a tenth of a second at 640 Mbit/s.
const BUFFER_BYTES: usize = 8 * 1024 * 1024;
/// Less is not asked for: systems give so much by themselves.
const LEAST_BUFFER_BYTES: usize = 256 * 1024;

/// Lets a closed room's port be opened again at once, and never lets two programs have the same port.
///
/// # Errors
/// The system's own.
pub(crate) fn claim_listener(socket: &SockRef<'_>) -> io::Result<()> {
    // On Windows this option takes a port that is in use; what it is for elsewhere needs none there.
    #[cfg(not(windows))]
    return socket.set_reuse_address(true);
    #[cfg(windows)]
    return windows::claim(socket);
}

/// Never lets two programs have the same port for datagrams.
///
/// # Errors
/// The system's own.
pub(crate) fn claim_datagrams(socket: &SockRef<'_>) -> io::Result<()> {
    #[cfg(windows)]
    windows::claim(socket)?;
    let _ = socket;
    Ok(())
}

/// Has a socket for many peers' datagrams not fail when one of them is gone. Only Windows reports that to a socket that is
/// connected with nobody, in place of a datagram of another.
pub(crate) fn ignore_unreachable(socket: &SockRef<'_>) {
    #[cfg(windows)]
    if let Err(error) = windows::ignore_unreachable(socket) {
        tracing::debug!(%error, "the socket fails when a peer is gone");
    }
    let _ = socket;
}

/// Keeps the system from queueing more than `most_unsent` bytes of what is written to a connection.
///
/// Linux takes no more than that. Apple's systems take it until their buffer is full, and from then on only report that there is
/// room once less is unsent. Windows keeps about as much as the path needs, by itself (its "ideal send backlog").
pub(crate) fn keep_queue_short(socket: &SockRef<'_>, most_unsent: u32) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let outcome = socket.set_tcp_notsent_lowat(most_unsent);
    #[cfg(target_vendor = "apple")]
    let outcome = apple::set_notsent_low_water(socket, most_unsent);
    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    let outcome = {
        let _ = (socket, most_unsent);
        io::Result::Ok(())
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "the system does not bound what waits in a socket");
    }
}

/// Keeps the segments of a connection that begins to so many bytes. Linux says the size in its first segment, so that it holds
/// for both directions. Where it cannot be set, the system's choice stays.
pub(crate) fn keep_segments_small(socket: &SockRef<'_>, bytes: u32) {
    #[cfg(unix)]
    if let Err(error) = socket.set_tcp_mss(bytes) {
        tracing::debug!(%error, "the system chooses the size of segments");
    }
    #[cfg(not(unix))]
    let _ = (socket, bytes);
}

/// Asks for the largest buffer that `set` takes. Linux and Windows take any size and grant what they may; macOS refuses what is
/// more than it may grant, and would stay at a tenth of it.
pub(crate) fn ask_for_room(set: impl Fn(usize) -> io::Result<()>) {
    let sizes = std::iter::successors(Some(BUFFER_BYTES), |bytes| Some(bytes / 2));
    let taken = sizes
        .take_while(|bytes| *bytes >= LEAST_BUFFER_BYTES)
        .find(|bytes| set(*bytes).is_ok());
    if taken.is_none() {
        tracing::debug!("the system does not let the socket's buffers be larger");
    }
}

/// Whether no datagram of this size leaves here.
pub(crate) fn is_too_large(error: &io::Error) -> bool {
    #[cfg(unix)]
    let code = libc::EMSGSIZE;
    #[cfg(windows)]
    let code = windows_sys::Win32::Networking::WinSock::WSAEMSGSIZE;
    error.raw_os_error() == Some(code)
}

/// Whether the system knows the address not (any more) that a datagram was to leave from: Linux says `EINVAL`, others
/// `EADDRNOTAVAIL`.
pub(crate) fn is_about_our_address(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::AddrNotAvailable
    )
}

/// Whether what one peer's computer or a router on the path to it has said is all that is wrong.
pub(crate) fn is_about_one_peer(error: &io::Error) -> bool {
    // A datagram's time to live ran out on its path; the standard library has no kind for it.
    #[cfg(windows)]
    if error.raw_os_error() == Some(windows_sys::Win32::Networking::WinSock::WSAENETRESET) {
        return true;
    }
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
    )
}

#[cfg(windows)]
#[allow(unsafe_code)]
mod windows {
    use std::io;
    use std::os::windows::io::AsRawSocket;
    use std::ptr::null_mut;

    use socket2::SockRef;
    use windows_sys::Win32::Networking::WinSock::{
        SIO_UDP_CONNRESET, SIO_UDP_NETRESET, SO_EXCLUSIVEADDRUSE, SOCKET, SOCKET_ERROR, SOL_SOCKET,
        WSAGetLastError, WSAIoctl, setsockopt,
    };

    /// Keeps other programs from binding the same port: `SO_REUSEADDR` of theirs would be enough to take it.
    pub(super) fn claim(socket: &SockRef<'_>) -> io::Result<()> {
        let yes = 1_i32.to_ne_bytes();
        // SAFETY: the socket is open, and the value lives through the call with the length that is given.
        result(unsafe {
            setsockopt(
                socket.as_raw_socket() as SOCKET,
                SOL_SOCKET,
                SO_EXCLUSIVEADDRUSE,
                yes.as_ptr(),
                yes.len() as i32,
            )
        })
    }

    /// What routers and computers answer to a datagram (ICMP "port unreachable" and "time exceeded") is no error of a socket's.
    pub(super) fn ignore_unreachable(socket: &SockRef<'_>) -> io::Result<()> {
        let no = 0_u32;
        for report in [SIO_UDP_CONNRESET, SIO_UDP_NETRESET] {
            let mut written = 0;
            // SAFETY: the socket is open; what goes in is as long as is said, nothing comes out, and nothing is done after the
            // call returns, for there is no overlapped structure.
            result(unsafe {
                WSAIoctl(
                    socket.as_raw_socket() as SOCKET,
                    report,
                    (&raw const no).cast(),
                    size_of::<u32>() as u32,
                    null_mut(),
                    0,
                    &raw mut written,
                    null_mut(),
                    None,
                )
            })?;
        }
        Ok(())
    }

    fn result(outcome: i32) -> io::Result<()> {
        if outcome == SOCKET_ERROR {
            // SAFETY: it reads this thread's last error and touches no memory of ours.
            return Err(io::Error::from_raw_os_error(unsafe { WSAGetLastError() }));
        }
        Ok(())
    }
}

#[cfg(target_vendor = "apple")]
mod apple {
    use std::io;
    use std::os::fd::AsRawFd;

    use socket2::SockRef;

    /// `TCP_NOTSENT_LOWAT` of Apple's `netinet/tcp.h`, which the crate `libc` does not have.
    const TCP_NOTSENT_LOWAT: libc::c_int = 0x201;

    #[allow(unsafe_code)]
    pub(super) fn set_notsent_low_water(socket: &SockRef<'_>, bytes: u32) -> io::Result<()> {
        // SAFETY: the descriptor is open, and the value lives through the call with the length that is given.
        let outcome = unsafe {
            libc::setsockopt(
                socket.as_raw_fd(),
                libc::IPPROTO_TCP,
                TCP_NOTSENT_LOWAT,
                (&raw const bytes).cast(),
                size_of::<u32>() as libc::socklen_t,
            )
        };
        if outcome == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
    use std::time::Duration;

    use socket2::{Domain, Socket, Type};

    use super::*;

    fn loopback(port: u16) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, port).into()
    }

    fn datagrams() -> UdpSocket {
        let socket = UdpSocket::bind(loopback(0)).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        socket
    }

    #[test]
    fn a_port_of_ours_is_not_taken_even_by_one_who_insists() {
        for kind in [Type::STREAM, Type::DGRAM] {
            let ours = Socket::new(Domain::IPV4, kind, None).unwrap();
            match kind {
                Type::STREAM => claim_listener(&SockRef::from(&ours)).unwrap(),
                _ => claim_datagrams(&SockRef::from(&ours)).unwrap(),
            }
            ours.bind(&loopback(0).into()).unwrap();
            if kind == Type::STREAM {
                ours.listen(1).unwrap();
            }
            let theirs = Socket::new(Domain::IPV4, kind, None).unwrap();
            theirs.set_reuse_address(true).unwrap();
            let taken = theirs.bind(&ours.local_addr().unwrap());
            assert!(taken.is_err(), "{kind:?}");
        }
    }

    #[test]
    fn a_peer_who_is_gone_is_no_error_of_the_socket_for_all() {
        let (ours, friend, gone) = (datagrams(), datagrams(), datagrams());
        ignore_unreachable(&SockRef::from(&ours));
        let nobody = gone.local_addr().unwrap();
        drop(gone);
        for _ in 0..3 {
            ours.send_to(b"?", nobody).unwrap();
        }
        friend.send_to(b"here", ours.local_addr().unwrap()).unwrap();
        let mut bytes = [0; 16];
        let (length, from) = ours.recv_from(&mut bytes).unwrap();
        assert_eq!(
            (&bytes[..length], from),
            (&b"here"[..], friend.local_addr().unwrap())
        );
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[test]
    fn what_waits_and_how_long_segments_are_is_set() {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let socket = SockRef::from(&socket);
        keep_queue_short(&socket, 131_072);
        keep_segments_small(&socket, 1_220);
        assert_eq!(socket.tcp_notsent_lowat().unwrap(), 131_072);
        assert_eq!(socket.tcp_mss().unwrap(), 1_220);
    }

    #[test]
    fn a_system_that_refuses_a_large_buffer_is_asked_for_less() {
        let asked = RefCell::new(Vec::new());
        let up_to = |most: usize| {
            asked.take();
            ask_for_room(|bytes| {
                asked.borrow_mut().push(bytes);
                if bytes > most {
                    Err(io::ErrorKind::InvalidInput.into())
                } else {
                    Ok(())
                }
            });
            asked.take()
        };
        const MIB: usize = 1024 * 1024;
        assert_eq!(up_to(usize::MAX), [BUFFER_BYTES]);
        assert_eq!(up_to(3 * MIB), [8 * MIB, 4 * MIB, 2 * MIB]);
        assert_eq!(up_to(0).last(), Some(&LEAST_BUFFER_BYTES));
    }

    #[test]
    fn what_is_wrong_with_one_peer_or_one_datagram_is_not_the_sockets() {
        #[cfg(unix)]
        let (gone, expired, too_large, no_socket) = (
            libc::ECONNREFUSED,
            libc::EHOSTUNREACH,
            libc::EMSGSIZE,
            libc::ENOTSOCK,
        );
        #[cfg(windows)]
        let (gone, expired, too_large, no_socket) = {
            use windows_sys::Win32::Networking::WinSock;
            (
                WinSock::WSAECONNRESET,
                WinSock::WSAENETRESET,
                WinSock::WSAEMSGSIZE,
                WinSock::WSAENOTSOCK,
            )
        };
        let error = io::Error::from_raw_os_error;
        assert!(is_about_one_peer(&error(gone)) && is_about_one_peer(&error(expired)));
        assert!(!is_about_one_peer(&error(no_socket)) && !is_about_one_peer(&error(too_large)));
        assert!(is_too_large(&error(too_large)) && !is_too_large(&error(gone)));
        assert!(is_about_our_address(&io::ErrorKind::AddrNotAvailable.into()));
    }
}
