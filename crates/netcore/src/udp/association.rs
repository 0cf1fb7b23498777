use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, Weak};

use netcore_proto::video::{PathMtu, Probe};
use netcore_proto::{StreamId, Time};
use tokio::sync::Notify;

use crate::clock;
use crate::lock::lock;
use crate::seal::{self, Key, Opener, Sealer};
use crate::tls::DatagramKeys;
use crate::video::{Inbound, Outbound};

/// The most that a datagram over IPv6 or IPv4 carries, within what is received at once.
const MOST_PAYLOAD: u16 = 65_487;

/// What belongs to one control connection's datagrams.
pub(crate) struct Association {
    pub(super) connection: u32,
    pub(super) sealer: Sealer,
    pub(super) opener: Opener,
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
    address: Option<SocketAddr>,
    newest: u64,
}

impl Association {
    /// The host's end: it seals with the key for downward datagrams.
    pub(crate) fn on_host(connection: u32, keys: &DatagramKeys) -> Arc<Association> {
        Association::new(connection, &keys.down, &keys.up, None)
    }

    /// A member's end, which knows where the host is.
    pub(crate) fn on_member(connection: u32, keys: &DatagramKeys, host: SocketAddr) -> Arc<Association> {
        Association::new(connection, &keys.up, &keys.down, Some(host))
    }

    fn new(
        connection: u32,
        seal: &[u8; 28],
        open: &[u8; 28],
        address: Option<SocketAddr>,
    ) -> Arc<Association> {
        Arc::new(Association {
            connection,
            sealer: Sealer::new(Key::from_material(seal), connection),
            opener: Opener::new(Key::from_material(open)),
            peer: Mutex::new(Peer { address, newest: 0 }),
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

    pub(crate) fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    pub(crate) fn peer_address(&self) -> Option<SocketAddr> {
        lock(&self.peer).address
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

    pub(super) fn heard(&self, packet: u64, from: SocketAddr) {
        let mut peer = lock(&self.peer);
        if packet < peer.newest {
            return;
        }
        let before = peer.address.replace(from);
        peer.newest = packet;
        drop(peer);
        if before != Some(from) {
            // Nothing is known of the way to a new address.
            lock(&self.path).handle_new_path(MOST_PAYLOAD, clock::now());
            self.path_changed.notify_one();
        }
    }
}
