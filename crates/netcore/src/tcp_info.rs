//! What the operating system knows of a TCP connection, each system asked by its own call.
//!
//! No kept crate wraps these three calls, so they are made here; what they answer is taken apart without `unsafe`.

use tokio::net::TcpStream;

/// A TCP connection as the operating system sees it. What a system does not tell is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpInfo {
    /// Smoothed round trip, in microseconds.
    pub round_trip_us: Option<u64>,
    /// How much it varies, in microseconds (RFC 6298).
    pub round_trip_variation_us: Option<u64>,
    /// The shortest seen, in microseconds.
    pub least_round_trip_us: Option<u64>,
    /// The congestion window, in bytes.
    pub window_bytes: Option<u64>,
    /// Bytes sent again since the connection began.
    pub retransmitted_bytes: Option<u64>,
    /// Bytes in the socket that have not been sent.
    pub unsent_bytes: Option<u64>,
    /// How fast the receiver's acknowledgements say that bytes arrive, in bits per second.
    pub delivery_rate_bps: Option<u64>,
    /// Bytes in a full segment.
    pub segment_bytes: Option<u64>,
}

/// What the system tells of `stream` now; `None` when it does not.
pub(crate) fn read(stream: &TcpStream) -> Option<TcpInfo> {
    system::read(stream)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use std::os::fd::AsRawFd;

    use super::{TcpInfo, TcpStream};

    /// As much of `struct tcp_info` (`linux/tcp.h`) as is read here. Its layout only ever grows at the end; an older kernel
    /// fills less.
    const LENGTH: usize = 216;

    #[allow(unsafe_code)]
    pub(super) fn read(stream: &TcpStream) -> Option<TcpInfo> {
        let mut bytes = [0_u8; LENGTH];
        let mut length = LENGTH as libc::socklen_t;
        // SAFETY: the descriptor is open while `stream` is borrowed, and the system writes at most `length` bytes, all of
        // which are in `bytes`.
        let outcome = unsafe {
            libc::getsockopt(
                stream.as_raw_fd(),
                libc::IPPROTO_TCP,
                libc::TCP_INFO,
                bytes.as_mut_ptr().cast(),
                &raw mut length,
            )
        };
        (outcome == 0).then(|| parse(bytes.get(..length as usize).unwrap_or_default()))
    }

    fn parse(bytes: &[u8]) -> TcpInfo {
        let u32_at = |at: usize| {
            let bytes = bytes.get(at..at + 4)?.try_into().ok()?;
            Some(u64::from(u32::from_ne_bytes(bytes)))
        };
        let u64_at = |at: usize| {
            let bytes = bytes.get(at..at + 8)?.try_into().ok()?;
            Some(u64::from_ne_bytes(bytes))
        };
        let segment_bytes = u32_at(16);
        TcpInfo {
            round_trip_us: u32_at(68),
            round_trip_variation_us: u32_at(72),
            // All ones until one was measured.
            least_round_trip_us: u32_at(148).filter(|least| *least != u64::from(u32::MAX)),
            window_bytes: u32_at(80)
                .zip(segment_bytes)
                .map(|(segments, bytes)| segments.saturating_mul(bytes)),
            retransmitted_bytes: u64_at(208),
            unsent_bytes: u32_at(144),
            delivery_rate_bps: u64_at(160).map(|bytes| bytes.saturating_mul(8)),
            segment_bytes,
        }
    }

    #[cfg(test)]
    mod tests {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};

        use super::*;

        #[tokio::test]
        async fn a_connection_that_was_used_has_a_round_trip() {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let mut near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (mut far, _) = listener.accept().await.unwrap();
            near.write_all(&[7; 100_000]).await.unwrap();
            far.read_exact(&mut [0; 100_000]).await.unwrap();
            far.write_all(b"ack").await.unwrap();
            near.read_exact(&mut [0; 3]).await.unwrap();
            let info = read(&near).unwrap();
            let socket = socket2::SockRef::from(&near);
            assert_eq!(info.segment_bytes, Some(u64::from(socket.tcp_mss().unwrap())));
            assert!((1..1_000_000).contains(&info.round_trip_us.unwrap()), "{info:?}");
            assert!(info.least_round_trip_us <= info.round_trip_us, "{info:?}");
            assert!(info.window_bytes >= info.segment_bytes, "{info:?}");
            assert_eq!((info.unsent_bytes, info.retransmitted_bytes), (Some(0), Some(0)));
            assert!(info.delivery_rate_bps.unwrap() > 0, "{info:?}");
        }

        #[test]
        fn an_older_kernel_tells_less() {
            let info = parse(&[1; 104]);
            assert!(info.round_trip_us.is_some() && info.window_bytes.is_some());
            assert_eq!((info.least_round_trip_us, info.retransmitted_bytes), (None, None));
            assert_eq!(parse(&[]), TcpInfo::default());
        }
    }
}

#[cfg(target_vendor = "apple")]
mod system {
    use std::os::fd::AsRawFd;

    use super::{TcpInfo, TcpStream};

    #[allow(unsafe_code)]
    pub(super) fn read(stream: &TcpStream) -> Option<TcpInfo> {
        // SAFETY: the structure is made of numbers, for which zero is a value.
        let mut info: libc::tcp_connection_info = unsafe { std::mem::zeroed() };
        let mut length = size_of::<libc::tcp_connection_info>() as libc::socklen_t;
        // SAFETY: the descriptor is open while `stream` is borrowed, and the system writes at most `length` bytes, which is
        // the structure's size.
        let outcome = unsafe {
            libc::getsockopt(
                stream.as_raw_fd(),
                libc::IPPROTO_TCP,
                libc::TCP_CONNECTION_INFO,
                (&raw mut info).cast(),
                &raw mut length,
            )
        };
        // Its round trips are in milliseconds (`netinet/tcp.h`).
        (outcome == 0).then(|| TcpInfo {
            round_trip_us: Some(u64::from(info.tcpi_srtt) * 1_000),
            round_trip_variation_us: Some(u64::from(info.tcpi_rttvar) * 1_000),
            least_round_trip_us: None,
            window_bytes: Some(u64::from(info.tcpi_snd_cwnd)),
            retransmitted_bytes: Some(info.tcpi_txretransmitbytes),
            unsent_bytes: Some(u64::from(info.tcpi_snd_sbbytes)),
            delivery_rate_bps: None,
            segment_bytes: Some(u64::from(info.tcpi_maxseg)),
        })
    }
}

#[cfg(windows)]
mod system {
    use std::os::windows::io::AsRawSocket;
    use std::ptr::null_mut;

    use windows_sys::Win32::Networking::WinSock::{SIO_TCP_INFO, SOCKET, TCP_INFO_v0, WSAIoctl};

    use super::{TcpInfo, TcpStream};

    #[allow(unsafe_code)]
    pub(super) fn read(stream: &TcpStream) -> Option<TcpInfo> {
        let version: u32 = 0;
        let mut info = TCP_INFO_v0::default();
        let mut written = 0;
        // SAFETY: the socket is open while `stream` is borrowed; in and out are of the sizes that are told, and nothing is
        // done after the call returns, for there is no overlapped structure.
        let outcome = unsafe {
            WSAIoctl(
                stream.as_raw_socket() as SOCKET,
                SIO_TCP_INFO,
                (&raw const version).cast(),
                size_of::<u32>() as u32,
                (&raw mut info).cast(),
                size_of::<TCP_INFO_v0>() as u32,
                &raw mut written,
                null_mut(),
                None,
            )
        };
        (outcome == 0).then(|| TcpInfo {
            round_trip_us: Some(u64::from(info.RttUs)),
            round_trip_variation_us: None,
            least_round_trip_us: Some(u64::from(info.MinRttUs)),
            window_bytes: Some(u64::from(info.Cwnd)),
            retransmitted_bytes: Some(u64::from(info.BytesRetrans)),
            unsent_bytes: None,
            delivery_rate_bps: None,
            segment_bytes: Some(u64::from(info.Mss)),
        })
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple", windows)))]
mod system {
    use super::{TcpInfo, TcpStream};

    pub(super) fn read(_stream: &TcpStream) -> Option<TcpInfo> {
        None
    }
}
