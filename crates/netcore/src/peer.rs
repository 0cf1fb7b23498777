//! A peer we are directly connected with: what the data plane must know of it, as long as its control connection lasts.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use netcore_proto::MemberId;
use netcore_proto::session::{ClockOffset, Fingerprint, Welcome};
use netcore_proto::wire::AttachToken;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::net::live_queue::LiveQueue;
use crate::net::tls::DatagramKeys;
use crate::net::udp::Association;

/// The most data connections of one member at a time: one for each stream a room may have, and as many for files.
const MAX_DATA_CONNECTIONS: usize = 2 * netcore_proto::video::MAX_STREAMS;

/// One that we are directly connected with: on a host each member, on a member the host.
pub(crate) struct Peer {
    /// Who it is.
    pub(crate) id: MemberId,
    /// Who the member of the two is: the peer on a host, we on a member.
    pub(crate) member: MemberId,
    pub(crate) token: AttachToken,
    pub(crate) fingerprint: Fingerprint,
    /// Where its end of the control connection is.
    pub(crate) address: SocketAddr,
    pub(crate) association: Arc<Association>,
    /// How live frames to them fare.
    pub(crate) live_queue: Arc<LiveQueue>,
    /// On a host: how many more data connections the member may have.
    pub(crate) data_connections: Semaphore,
    /// Their clock as it relates to ours, once it is known.
    clock: Mutex<Option<ClockOffset>>,
    /// Cancelled when the control connection is gone.
    pub(crate) cancel: CancellationToken,
}

impl Peer {
    /// A member, as the host has just let it in.
    pub(crate) fn member(
        id: MemberId,
        token: AttachToken,
        datagrams: u32,
        peer: &netcore_proto::PeerInfo,
        keys: &DatagramKeys,
    ) -> Peer {
        Peer {
            id,
            member: id,
            token,
            fingerprint: peer.fingerprint,
            address: peer.address,
            association: Association::on_host(datagrams, keys, peer.address),
            live_queue: Arc::default(),
            data_connections: Semaphore::new(MAX_DATA_CONNECTIONS),
            clock: Mutex::default(),
            cancel: CancellationToken::new(),
        }
    }

    /// The host, as it has just let us in on a connection from our address `local`.
    pub(crate) fn host(
        welcome: &Welcome,
        peer: &netcore_proto::PeerInfo,
        local: Option<IpAddr>,
        keys: &DatagramKeys,
    ) -> Peer {
        Peer {
            id: MemberId::HOST,
            member: welcome.me,
            token: welcome.token,
            fingerprint: peer.fingerprint,
            address: peer.address,
            association: Association::on_member(welcome.datagrams, keys, peer.address, local),
            live_queue: Arc::default(),
            data_connections: Semaphore::new(MAX_DATA_CONNECTIONS),
            clock: Mutex::default(),
            cancel: CancellationToken::new(),
        }
    }

    /// Their clock as it relates to ours, once it is known.
    pub(crate) fn clock(&self) -> Option<ClockOffset> {
        *self.clock.lock()
    }

    pub(crate) fn set_clock(&self, clock: ClockOffset) {
        *self.clock.lock() = Some(clock);
    }
}
