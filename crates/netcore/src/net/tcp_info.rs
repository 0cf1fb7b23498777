//! What the operating system knows of a TCP connection, each system asked by its own call.
//!
//! No kept crate wraps these three calls, so they are made here; what they answer is taken apart without `unsafe`.

use tokio::net::TcpStream;

/// A TCP connection as the operating system sees it. What a system does not report is `None`.
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

/// What the system reports of `stream` now; `None` when it does not.
pub(crate) fn read(stream: &TcpStream) -> Option<TcpInfo> {
    system::read(stream)
}

/// Numbers in the structure that a system has filled, in its own byte order. What it did not fill is `None`.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple", test))]
struct Fields<'a>(&'a [u8]);

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple", test))]
impl Fields<'_> {
    fn u32_at(&self, at: usize) -> Option<u64> {
        let bytes = self.0.get(at..at + 4)?.try_into().ok()?;
        Some(u64::from(u32::from_ne_bytes(bytes)))
    }

    fn u64_at(&self, at: usize) -> Option<u64> {
        let bytes = self.0.get(at..at + 8)?.try_into().ok()?;
        Some(u64::from_ne_bytes(bytes))
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use std::os::fd::AsRawFd;

    use super::{Fields, TcpInfo, TcpStream};

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
        let fields = Fields(bytes);
        let segment_bytes = fields.u32_at(16);
        TcpInfo {
            round_trip_us: fields.u32_at(68),
            round_trip_variation_us: fields.u32_at(72),
            // All ones until one was measured.
            least_round_trip_us: fields.u32_at(148).filter(|least| *least != u64::from(u32::MAX)),
            window_bytes: fields
                .u32_at(80)
                .zip(segment_bytes)
                .map(|(segments, bytes)| segments.saturating_mul(bytes)),
            retransmitted_bytes: fields.u64_at(208),
            unsent_bytes: fields.u32_at(144),
            delivery_rate_bps: fields.u64_at(160).map(|bytes| bytes.saturating_mul(8)),
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

        /// `struct tcp_info` of linux/tcp.h: rtt, rttvar, snd_cwnd, snd_mss, notsent_bytes, min_rtt, delivery_rate, bytes_retrans.
        #[test]
        fn each_field_is_read_where_it_is() {
            let offsets = (0..60_u32).flat_map(|word| (4 * word).to_ne_bytes());
            let info = parse(&offsets.collect::<Vec<u8>>());
            let two_words = |at: u32| {
                let [low, high] = [at, at + 4].map(u32::to_ne_bytes);
                u64::from_ne_bytes([low, high].concat().try_into().unwrap())
            };
            let expected = TcpInfo {
                round_trip_us: Some(68),
                round_trip_variation_us: Some(72),
                window_bytes: Some(80 * 16),
                segment_bytes: Some(16),
                unsent_bytes: Some(144),
                least_round_trip_us: Some(148),
                delivery_rate_bps: Some(two_words(160).saturating_mul(8)),
                retransmitted_bytes: Some(two_words(208)),
            };
            assert_eq!(info, expected);
        }

        #[test]
        fn an_older_kernel_reports_less() {
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

    use super::{TcpInfo, TcpStream, apple};

    #[allow(unsafe_code)]
    pub(super) fn read(stream: &TcpStream) -> Option<TcpInfo> {
        let mut bytes = [0_u8; apple::LENGTH];
        let mut length = apple::LENGTH as libc::socklen_t;
        // SAFETY: the descriptor is open while `stream` is borrowed, and the system writes at most `length` bytes, all of
        // which are in `bytes`.
        let outcome = unsafe {
            libc::getsockopt(
                stream.as_raw_fd(),
                libc::IPPROTO_TCP,
                libc::TCP_CONNECTION_INFO,
                bytes.as_mut_ptr().cast(),
                &raw mut length,
            )
        };
        (outcome == 0).then(|| apple::parse(bytes.get(..length as usize).unwrap_or_default()))
    }
}

/// What macOS and its kin answer, taken apart wherever there are tests.
#[cfg(any(target_vendor = "apple", test))]
mod apple {
    use super::{Fields, TcpInfo};

    /// Bytes of `struct tcp_connection_info` (`netinet/tcp.h`). `libc` has a structure of this name, but with a whole number for
    /// each of the flags that are bits of one, so that all that follows them would be read from the wrong place.
    pub(super) const LENGTH: usize = 112;

    pub(super) fn parse(bytes: &[u8]) -> TcpInfo {
        let fields = Fields(bytes);
        // In whole milliseconds, so that nought says only that it is less.
        let milliseconds_at = |at| Some(fields.u32_at(at)?.saturating_mul(1_000)).filter(|us| *us > 0);
        let round_trip_us = milliseconds_at(44);
        TcpInfo {
            round_trip_us,
            round_trip_variation_us: round_trip_us.and_then(|_| milliseconds_at(48)),
            least_round_trip_us: None,
            window_bytes: fields.u32_at(24),
            retransmitted_bytes: fields.u64_at(72),
            // It reports what is in the socket with what was sent of it and not yet acknowledged.
            unsent_bytes: None,
            delivery_rate_bps: None,
            segment_bytes: fields.u32_at(16),
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn info_of(fields: &[(usize, &[u8])]) -> TcpInfo {
            let mut bytes = [0_u8; LENGTH];
            for (at, field) in fields {
                bytes[*at..*at + field.len()].copy_from_slice(field);
            }
            parse(&bytes)
        }

        #[test]
        fn a_connection_on_macos_is_taken_apart() {
            let info = info_of(&[
                (16, &1_448_u32.to_ne_bytes()),
                (24, &14_480_u32.to_ne_bytes()),
                // In the socket, sent or not.
                (32, &99_u32.to_ne_bytes()),
                (44, &12_u32.to_ne_bytes()),
                (48, &3_u32.to_ne_bytes()),
                // Flags, then packets and bytes that were sent.
                (52, &u32::MAX.to_ne_bytes()),
                (56, &70_u64.to_ne_bytes()),
                (64, &100_000_u64.to_ne_bytes()),
                (72, &2_896_u64.to_ne_bytes()),
                (104, &2_u64.to_ne_bytes()),
            ]);
            let expected = TcpInfo {
                round_trip_us: Some(12_000),
                round_trip_variation_us: Some(3_000),
                window_bytes: Some(14_480),
                retransmitted_bytes: Some(2_896),
                segment_bytes: Some(1_448),
                ..TcpInfo::default()
            };
            assert_eq!(info, expected);
        }

        #[test]
        fn less_than_a_millisecond_is_not_known() {
            let info = info_of(&[(48, &1_u32.to_ne_bytes())]);
            assert_eq!((info.round_trip_us, info.round_trip_variation_us), (None, None));
        }
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
        // SAFETY: the socket is open while `stream` is borrowed; in and out are of the sizes that are info_of, and nothing is
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
        (outcome == 0).then(|| info_of(&info))
    }

    fn info_of(info: &TCP_INFO_v0) -> TcpInfo {
        // Before anything was measured there is nought or, as the least, the greatest number.
        let measured = |us: u32| Some(u64::from(us)).filter(|_| us != 0 && us != u32::MAX);
        TcpInfo {
            round_trip_us: measured(info.RttUs),
            round_trip_variation_us: None,
            least_round_trip_us: measured(info.MinRttUs),
            window_bytes: Some(u64::from(info.Cwnd)),
            retransmitted_bytes: Some(u64::from(info.BytesRetrans)),
            unsent_bytes: None,
            delivery_rate_bps: None,
            segment_bytes: Some(u64::from(info.Mss)),
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn what_was_not_measured_is_not_known() {
            let mut info = TCP_INFO_v0 {
                Mss: 1_460,
                MinRttUs: u32::MAX,
                Cwnd: 14_600,
                BytesRetrans: 2_920,
                ..TCP_INFO_v0::default()
            };
            let before = info_of(&info);
            assert_eq!((before.round_trip_us, before.least_round_trip_us), (None, None));
            (info.RttUs, info.MinRttUs) = (450, 300);
            let expected = TcpInfo {
                round_trip_us: Some(450),
                least_round_trip_us: Some(300),
                window_bytes: Some(14_600),
                retransmitted_bytes: Some(2_920),
                segment_bytes: Some(1_460),
                ..TcpInfo::default()
            };
            assert_eq!(info_of(&info), expected);
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple", windows)))]
mod system {
    use super::{TcpInfo, TcpStream};

    pub(super) fn read(_stream: &TcpStream) -> Option<TcpInfo> {
        None
    }
}
