//! Reaching a host: from what a person typed to a TCP connection.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::error::JoinError;
use crate::net::address::Address;
use crate::net::cards;
use crate::net::socket_options::keep_segments_small;

/// The next address is tried beside the earlier ones after so long without an answer (RFC 8305, section 5).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
/// How long connecting to one address may take. The system asks three times meanwhile, at 0, 1 and 3 s.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// How long a name's addresses may take to be found.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);
/// The most bytes of a segment: with the headers of IPv6 and TCP it is the 1,280 bytes that every path of IPv6 takes (RFC 8200,
/// section 5). Some paths swallow larger packets and say so to nobody, so that a connection is made and nothing passes.
const SEGMENT_BYTES: u32 = 1_220;
/// The most addresses of one name that are tried, so that the whole takes less than 8 s.
const MAX_ADDRESSES: usize = 16;

/// Connects to the first of the host's addresses that answers.
///
/// # Errors
/// A [`JoinError`] that names what prevented it, at each address.
pub(crate) async fn reach(address: &Address) -> Result<TcpStream, JoinError> {
    let found = resolve(address).await?;
    let outcome = race(in_turn(found), connect).await;
    outcome.map_err(|failures| unreachable(address, &failures))
}

/// Connects to the very address that `address` was reached at before.
///
/// # Errors
/// As [`reach`].
pub(crate) async fn reach_again(address: &Address, at: SocketAddr) -> Result<TcpStream, JoinError> {
    let outcome = connect(at).await;
    outcome.map_err(|error| unreachable(address, &[(at, error)]))
}

async fn connect(to: SocketAddr) -> io::Result<TcpStream> {
    let socket = if to.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // Within this computer nothing is swallowed, and segments of 64 KiB cost a quarter less.
    let is_far = !to.ip().is_loopback() && !cards::has(to.ip());
    if is_far {
        keep_segments_small(&SockRef::from(&socket), SEGMENT_BYTES);
    }
    let connected = timeout(CONNECT_TIMEOUT, socket.connect(to)).await;
    let stream = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
    // Apple's systems take a size only now, and for what is sent.
    #[cfg(target_vendor = "apple")]
    if is_far {
        keep_segments_small(&SockRef::from(&stream), SEGMENT_BYTES);
    }
    Ok(stream)
}

/// Every address that `address` stands for.
async fn resolve(address: &Address) -> Result<Vec<SocketAddr>, JoinError> {
    if let Some(ip) = address.ip() {
        let scope = match (ip, address.card()) {
            (IpAddr::V6(v6), card) if v6.is_unicast_link_local() => {
                let number = card.and_then(cards::number);
                number.ok_or_else(|| JoinError::NoCard {
                    address: address.clone(),
                    cards: cards::with_link_local(),
                })?
            }
            _ => 0,
        };
        return Ok(vec![match ip {
            IpAddr::V6(v6) => SocketAddrV6::new(v6, address.port(), 0, scope).into(),
            v4 => SocketAddr::new(v4, address.port()),
        }]);
    }
    let unreachable = |why: String| JoinError::Unreachable {
        address: address.clone(),
        why,
    };
    let lookup = tokio::net::lookup_host((address.host(), address.port()));
    let found = timeout(LOOKUP_TIMEOUT, lookup).await;
    let found = found.map_err(|_| unreachable("looking up the name takes too long".to_owned()))?;
    let found: Vec<SocketAddr> = found.map_err(|error| unreachable(error.to_string()))?.collect();
    if found.is_empty() {
        return Err(unreachable("the name has no address".to_owned()));
    }
    Ok(found)
}

/// The order in which addresses are tried: IPv6 and IPv4 in turn, IPv6 first, each once (RFC 8305, section 4).
fn in_turn(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let (mut v6, mut v4): (VecDeque<SocketAddr>, VecDeque<SocketAddr>) =
        found.into_iter().partition(SocketAddr::is_ipv6);
    let mut ordered: Vec<SocketAddr> = Vec::new();
    while !v6.is_empty() || !v4.is_empty() {
        for next in [v6.pop_front(), v4.pop_front()].into_iter().flatten() {
            if !ordered.contains(&next) {
                ordered.push(next);
            }
        }
    }
    ordered.truncate(MAX_ADDRESSES);
    ordered
}

/// Attempts each candidate [`ATTEMPT_DELAY`] after the one before, or at once when an attempt fails. Returns the first success,
/// or every failure in the order in which they came.
async fn race<T, F>(
    candidates: Vec<SocketAddr>,
    attempt: impl Fn(SocketAddr) -> F,
) -> Result<T, Vec<(SocketAddr, io::Error)>>
where
    T: Send + 'static,
    F: Future<Output = io::Result<T>> + Send + 'static,
{
    let mut candidates = candidates.into_iter().peekable();
    let mut attempts = JoinSet::new();
    let mut failures = Vec::new();
    loop {
        if let Some(candidate) = candidates.next() {
            let attempt = attempt(candidate);
            attempts.spawn(async move { (candidate, attempt.await) });
        }
        tokio::select! {
            ended = attempts.join_next() => match ended {
                Some(Ok((_, Ok(success)))) => return Ok(success),
                Some(Ok((candidate, Err(error)))) => failures.push((candidate, error)),
                // The runtime ends.
                Some(Err(_)) => {}
                None => return Err(failures),
            },
            () = tokio::time::sleep(ATTEMPT_DELAY), if candidates.peek().is_some() => {}
        }
    }
}

/// What prevented it.
fn unreachable(address: &Address, failures: &[(SocketAddr, io::Error)]) -> JoinError {
    let address = address.clone();
    let all = |is_it: fn(io::ErrorKind) -> bool| failures.iter().all(|(_, error)| is_it(error.kind()));
    if all(|kind| kind == io::ErrorKind::ConnectionRefused) {
        return JoinError::Refused { address };
    }
    if all(is_silence) {
        return JoinError::TimedOut {
            address,
            is_connected: false,
        };
    }
    let why = match failures {
        [(_, error)] => in_words(error),
        several => {
            let each = several
                .iter()
                .map(|(at, error)| format!("{}: {}", at.ip(), in_words(error)));
            each.collect::<Vec<_>>().join("; ")
        }
    };
    JoinError::Unreachable { address, why }
}

/// Whether nothing came back: of the host, or, within one network, even of its card when it was asked for.
fn is_silence(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::TimedOut | io::ErrorKind::HostUnreachable)
}

fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "nothing listens there".to_owned(),
        io::ErrorKind::TimedOut => format!("no answer within {} s", CONNECT_TIMEOUT.as_secs()),
        io::ErrorKind::ConnectionReset => "the connection was reset".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn both_families_are_tried_in_turn_and_nothing_twice() {
        let found = [
            "1.1.1.1:1",
            "1.1.1.1:1",
            "2.2.2.2:1",
            "3.3.3.3:1",
            "[::1]:1",
            "[::2]:1",
        ];
        let ordered = in_turn(found.map(at).to_vec());
        assert_eq!(
            ordered,
            ["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "3.3.3.3:1"].map(at)
        );
        let many = (0..100).map(|last| SocketAddr::new([10, 0, 0, last].into(), 1));
        assert_eq!(in_turn(many.collect()).len(), MAX_ADDRESSES);
    }

    #[tokio::test]
    async fn a_dead_address_delays_the_next_by_a_quarter_of_a_second() {
        let dead = at("192.0.2.1:1");
        let attempt = move |to| async move {
            if to == dead {
                std::future::pending().await
            } else {
                Ok(to)
            }
        };
        let began = crate::clock::now();
        let good = at("192.0.2.2:1");
        assert_eq!(race(vec![dead, good], attempt).await.unwrap(), good);
        let took = Duration::from_micros(crate::clock::now().since(began).as_micros());
        assert!(took >= ATTEMPT_DELAY && took < CONNECT_TIMEOUT / 2, "{took:?}");
    }

    #[tokio::test]
    async fn each_failure_is_named_and_the_next_address_follows_at_once() {
        let attempt = |to: SocketAddr| async move {
            Err::<(), _>(io::Error::from(match to.port() {
                1 => io::ErrorKind::ConnectionRefused,
                _ => io::ErrorKind::TimedOut,
            }))
        };
        let candidates = vec![at("192.0.2.1:1"), at("[2001:db8::1]:2")];
        let failures = race(candidates, attempt).await.unwrap_err();
        let error = unreachable(&"lab".parse().unwrap(), &failures).to_string();
        assert!(
            error.contains("192.0.2.1: nothing listens there; 2001:db8::1: no answer within 4 s"),
            "{error}"
        );
    }

    #[test]
    fn failures_of_one_kind_are_said_as_one() {
        let lab: Address = "lab".parse().unwrap();
        let both = |kind: io::ErrorKind| [(at("1.1.1.1:1"), kind.into()), (at("[::1]:1"), kind.into())];
        let refused = unreachable(&lab, &both(io::ErrorKind::ConnectionRefused));
        assert!(matches!(refused, JoinError::Refused { .. }), "{refused}");
        for kind in [io::ErrorKind::TimedOut, io::ErrorKind::HostUnreachable] {
            let silent = unreachable(&lab, &both(kind));
            assert!(!silent.to_string().contains("firewall"), "none was seen");
            assert!(
                matches!(
                    silent,
                    JoinError::TimedOut {
                        is_connected: false,
                        ..
                    }
                ),
                "{silent}"
            );
            assert!(silent.may_be_loss());
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn an_address_that_swallows_connections_does_not_hold_up_the_next() {
        // With its queue of one full, a listener answers nobody.
        let silent = TcpSocket::new_v4().unwrap();
        silent.bind(at("127.0.0.1:0")).unwrap();
        let silent = silent.listen(0).unwrap();
        let silent_at = silent.local_addr().unwrap();
        let _waiting = TcpStream::connect(silent_at).await.unwrap();
        let good = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good_at = good.local_addr().unwrap();
        let began = crate::clock::now();
        let stream = race(vec![silent_at, good_at], connect).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), good_at);
        let took = Duration::from_micros(crate::clock::now().since(began).as_micros());
        assert!(took >= ATTEMPT_DELAY && took < CONNECT_TIMEOUT / 2, "{took:?}");
        let failures = race(vec![silent_at], connect).await.unwrap_err();
        assert_eq!(failures[0].1.kind(), io::ErrorKind::TimedOut);
    }
}
