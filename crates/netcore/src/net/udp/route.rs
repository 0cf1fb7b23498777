//! Where datagrams go, and from which of our addresses: a peer's address is used once it has answered there.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use netcore_proto::Time;
use netcore_proto::link::{Datagram, PathValidation};
use quinn_udp::RecvMeta;

use crate::net::seal;

/// Bytes of a sealed hello, and of the answer to one.
pub(super) const HELLO_BYTES: usize = Datagram::HELLO_BYTES + seal::HEADER_BYTES + seal::TAG_BYTES;

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
        Route {
            peer: received.addr,
            local: received.dst_ip.filter(may_be_named),
        }
    }
}

/// Whether datagrams may be asked to leave from this address of ours. A link-local one belongs to a card, which the peer's scope
/// names; the system then has only one to choose from.
fn may_be_named(ip: &IpAddr) -> bool {
    !matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local())
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.peer.fmt(f)
    }
}

/// The path to one peer: where it is, and where datagrams to it leave from.
pub(super) struct PeerPath {
    validation: PathValidation,
    /// Our address that datagrams leave from.
    local: Option<IpAddr>,
    answers_from: AnswersFrom,
}

/// Which of our addresses datagrams leave from.
#[derive(Clone, Copy, PartialEq)]
enum AnswersFrom {
    /// The one that the peer writes to: a firewall or NAT in front of the peer lets nothing else in, and a host with two
    /// addresses in one network would otherwise answer from the one that the routing table prefers.
    WrittenTo,
    /// The one that our control connection leaves from, as long as this computer has it: the host believes no other. The system
    /// may prefer another by now, as it does each day where IPv6 addresses change for privacy.
    Connection,
}

impl PeerPath {
    /// To a member whose control connection comes from `member`.
    pub(super) fn to_member(member: SocketAddr) -> PeerPath {
        PeerPath {
            validation: PathValidation::new(member),
            local: None,
            answers_from: AnswersFrom::WrittenTo,
        }
    }

    /// To the host at `host`; `local` is our address on the control connection.
    pub(super) fn to_host(host: SocketAddr, local: Option<IpAddr>) -> PeerPath {
        PeerPath {
            validation: PathValidation::at(host),
            local: local.filter(may_be_named),
            answers_from: AnswersFrom::Connection,
        }
    }

    /// Where datagrams go; `None` until something has answered there.
    pub(super) fn route(&self) -> Option<Route> {
        Some(Route {
            peer: self.validation.address()?,
            local: self.local,
        })
    }

    /// The peer's IP address.
    pub(super) fn ip(&self) -> IpAddr {
        self.validation.ip()
    }

    /// Our address that the peer wrote to is gone: the system chooses one until the peer writes again.
    pub(super) fn handle_local_gone(&mut self) {
        self.local = None;
    }

    /// A genuine datagram came from there. Returns whether an address is to be asked to answer.
    pub(super) fn handle_arrival(&mut self, packet: u64, from: Route, bytes: usize, now: Time) -> bool {
        let is_newest = self
            .validation
            .handle_datagram(packet, from.peer, bytes, now, random);
        if is_newest && self.answers_from == AnswersFrom::WrittenTo {
            self.local = from.local;
        }
        self.next_challenge().is_some_and(|due| due <= now)
    }

    /// Where to say hello with which token, so that an address shows that the peer is there.
    pub(super) fn poll_challenge(&mut self, now: Time) -> Option<(Route, u64)> {
        let challenge = self.validation.poll_challenge(HELLO_BYTES, now)?;
        let to = Route {
            peer: challenge.to,
            local: self.local,
        };
        Some((to, challenge.token))
    }

    /// When the next challenge is due.
    pub(super) fn next_challenge(&self) -> Option<Time> {
        let next = self.validation.poll_timeout(HELLO_BYTES);
        next.map(|deadline| deadline.at)
    }

    /// Whether a hello from there may be answered there.
    pub(super) fn may_answer_hello(&mut self, from: Route) -> bool {
        self.validation.may_answer(from.peer, HELLO_BYTES)
    }

    /// A token came back from there. Returns whether datagrams go there from now on, and did not before.
    pub(super) fn handle_answer(&mut self, token: u64, from: Route) -> bool {
        self.validation.handle_answer(token, from.peer)
    }
}

/// A number that nobody guesses; `None` when the system has none.
pub(super) fn random() -> Option<u64> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).ok()?;
    Some(u64::from_be_bytes(bytes))
}
