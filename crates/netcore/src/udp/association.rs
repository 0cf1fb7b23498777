use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};

use netcore_proto::video::{PathMtu, Probe};
use netcore_proto::{StreamId, Time};
use quinn_udp::RecvMeta;
use tokio::sync::Notify;

use crate::clock;
use crate::lock::lock;
use crate::seal::{self, Limits, Opener, SECRET_BYTES, Sealer};
use crate::tls::DatagramKeys;
use crate::video::{Inbound, Outbound};

/// The most that a datagram over IPv6 or IPv4 carries, within what is received at once.
const MOST_PAYLOAD: u16 = 65_487;

/// Between which two addresses datagrams travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// The other side's.
    pub(crate) peer: SocketAddr,
    /// Ours; `None` leaves the choice to the system's routing table.
    pub(crate) local: Option<IpAddr>,
}

impl Route {
    /// Back to where a datagram came from.
    pub(super) fn of(received: &RecvMeta) -> Route {
        // A link-local address belongs to a card, which the peer's scope names; the system then has only one to choose from.
        let is_link_local = |ip: &IpAddr| matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
        Route {
            peer: received.addr,
            local: received.dst_ip.filter(|ip| !is_link_local(ip)),
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.peer.fmt(f)
    }
}

/// What belongs to one control connection's datagrams.
pub(crate) struct Association {
    pub(super) connection: u32,
    sealer: Sealer,
    /// Every packet number is used up, and it was said.
    is_used_up: AtomicBool,
    pub(super) opener: Opener,
    answers_from: AnswersFrom,
    peer: Mutex<Peer>,
    inbound: Mutex<HashMap<StreamId, Arc<Inbound>>>,
    /// Held by their streams. A link holds its association, so the association must not hold the link.
    outbound: Mutex<HashMap<StreamId, Weak<Outbound>>>,
    pub(super) answered: Notify,
    /// How large datagrams there may be.
    pub(super) path: Mutex<PathMtu>,
    pub(super) path_changed: Notify,
}

/// Where the other side is: the source of the newest genuine datagram, so that a changed address is followed.
struct Peer {
    route: Option<Route>,
    newest: u64,
}

/// Which of our addresses datagrams leave from.
#[derive(Clone, Copy, PartialEq)]
enum AnswersFrom {
    /// The one that the peer writes to: a firewall or NAT in front of the peer lets nothing else in, and a host with two
    /// addresses in one network would otherwise answer from the one that the routing table prefers.
    WrittenTo,
    /// Any: a member begins the exchange, and its own address may change under it.
    Any,
}

impl Association {
    /// The host's end: it seals with the key for downward datagrams.
    pub(crate) fn on_host(connection: u32, keys: &DatagramKeys) -> Arc<Association> {
        Association::new(connection, &keys.down, &keys.up, AnswersFrom::WrittenTo, None)
    }

    /// A member's end, which knows where the host is.
    pub(crate) fn on_member(connection: u32, keys: &DatagramKeys, host: SocketAddr) -> Arc<Association> {
        let route = Route {
            peer: host,
            local: None,
        };
        Association::new(connection, &keys.up, &keys.down, AnswersFrom::Any, Some(route))
    }

    fn new(
        connection: u32,
        seal: &[u8; SECRET_BYTES],
        open: &[u8; SECRET_BYTES],
        answers_from: AnswersFrom,
        route: Option<Route>,
    ) -> Arc<Association> {
        Arc::new(Association {
            connection,
            is_used_up: AtomicBool::new(false),
            sealer: Sealer::new(*seal, connection, Limits::SAFE),
            opener: Opener::new(*open, Limits::SAFE),
            answers_from,
            peer: Mutex::new(Peer { route, newest: 0 }),
            inbound: Mutex::default(),
            outbound: Mutex::default(),
            answered: Notify::new(),
            path: Mutex::new(PathMtu::new(MOST_PAYLOAD, clock::now())),
            path_changed: Notify::new(),
        })
    }

    pub(crate) fn connection(&self) -> u32 {
        self.connection
    }

    /// Appends a sealed datagram to `out`; `plain` writes its content. Returns `false` when none can be sealed any more.
    pub(super) fn seal(&self, out: &mut Vec<u8>, plain: impl FnOnce(&mut Vec<u8>)) -> bool {
        let is_sealed = self.sealer.seal(out, plain);
        if !is_sealed && !self.is_used_up.swap(true, Ordering::Relaxed) {
            tracing::warn!(target: "roomwire::step", code = "datagrams_used_up",
                "this connection has numbered as many datagrams as it may: video goes on over TCP; leave and join again for UDP");
        }
        is_sealed
    }

    /// Where datagrams go; `None` until something was heard from there.
    pub(crate) fn route(&self) -> Option<Route> {
        lock(&self.peer).route
    }

    /// Our address that the peer wrote to is gone: the system chooses one until the peer writes again.
    pub(crate) fn handle_local_gone(&self) {
        if let Some(route) = &mut lock(&self.peer).route {
            route.local = None;
        }
    }

    pub(crate) fn add_inbound(&self, stream: StreamId, inbound: Arc<Inbound>) {
        lock(&self.inbound).insert(stream, inbound);
    }

    pub(crate) fn add_outbound(&self, stream: StreamId, outbound: &Arc<Outbound>) {
        lock(&self.outbound).insert(stream, Arc::downgrade(outbound));
    }

    /// Bytes that may be sent there in one datagram.
    pub(crate) fn payload(&self) -> u16 {
        lock(&self.path).payload()
    }

    /// The system does not send datagrams of this size there.
    pub(crate) fn handle_too_large(&self, size: usize) {
        let size = u16::try_from(size).unwrap_or(u16::MAX);
        lock(&self.path).handle_send_failed(size, clock::now());
        self.path_changed.notify_one();
    }

    /// Full datagrams have arrived there.
    pub(crate) fn handle_arrived(&self) {
        lock(&self.path).handle_arrived_full_size();
    }

    /// Nothing was heard of a frame that went there.
    pub(crate) fn handle_unanswered(&self) {
        lock(&self.path).handle_lost_full_size(clock::now());
        self.path_changed.notify_one();
    }

    pub(super) fn handle_probe_acked(&self, probe: Probe, now: Time) {
        let size = probe
            .size
            .saturating_add((seal::HEADER_BYTES + seal::TAG_BYTES) as u16);
        lock(&self.path).handle_probe_acked(size, now);
        self.path_changed.notify_one();
    }

    pub(super) fn inbound(&self, stream: StreamId) -> Option<Arc<Inbound>> {
        lock(&self.inbound).get(&stream).cloned()
    }

    pub(super) fn outbound(&self, stream: StreamId) -> Option<Arc<Outbound>> {
        lock(&self.outbound).get(&stream).and_then(Weak::upgrade)
    }

    /// A stream is over, or no longer wanted.
    pub(crate) fn remove(&self, stream: StreamId) {
        lock(&self.inbound).remove(&stream);
        lock(&self.outbound).remove(&stream);
    }

    /// Nothing of a stream is sent there any more.
    pub(crate) fn remove_outbound(&self, stream: StreamId) {
        lock(&self.outbound).remove(&stream);
    }

    pub(super) fn heard(&self, packet: u64, mut from: Route) {
        if self.answers_from == AnswersFrom::Any {
            from.local = None;
        }
        let mut peer = lock(&self.peer);
        if packet < peer.newest {
            return;
        }
        let before = peer.route.replace(from);
        peer.newest = packet;
        drop(peer);
        if before != Some(from) {
            // Nothing is known of the path to a new address.
            lock(&self.path).handle_new_path(MOST_PAYLOAD, clock::now());
            self.path_changed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> DatagramKeys {
        DatagramKeys {
            up: [1; SECRET_BYTES],
            down: [2; SECRET_BYTES],
        }
    }

    fn route(peer: u8, local: u8) -> Route {
        let ip = |last| IpAddr::from([10, 77, 0, last]);
        Route {
            peer: SocketAddr::new(ip(peer), 5_000),
            local: Some(ip(local)),
        }
    }

    #[test]
    fn a_host_answers_from_the_address_that_was_written_to() {
        let host = Association::on_host(1, &keys());
        assert_eq!(host.route(), None);
        host.heard(5, route(9, 2));
        assert_eq!(host.route(), Some(route(9, 2)));
        // What was overtaken on its path does not turn the answers round.
        host.heard(4, route(9, 1));
        assert_eq!(host.route(), Some(route(9, 2)));
        host.heard(6, route(9, 1));
        assert_eq!(host.route(), Some(route(9, 1)));
        host.handle_local_gone();
        let anywhere = Route {
            local: None,
            ..route(9, 1)
        };
        assert_eq!(host.route(), Some(anywhere));
    }

    #[test]
    fn a_members_own_address_is_the_systems_choice() {
        let at = route(2, 9);
        let member = Association::on_member(1, &keys(), at.peer);
        member.heard(1, at);
        assert_eq!(member.route(), Some(Route { local: None, ..at }));
    }
}
