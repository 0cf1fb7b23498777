//! Who we are directly connected with: what the data plane must know of them, as long as their control connection lasts.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::net::live::Live;
use crate::net::tls::DatagramKeys;
use crate::net::udp::Association;
use crate::shared::Shared;
use crate::video;
use netcore_proto::session::{ClockOffset, Fingerprint, Welcome};
use netcore_proto::wire::AttachToken;
use netcore_proto::{MemberId, Peer, Span};
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// The most data connections of one member at a time: one for each stream a room may have, and as many for files.
const MAX_DATA_CONNECTIONS: usize = 2 * netcore_proto::video::MAX_STREAMS;

/// Somebody we are directly connected with: on a host each member, on a member the host.
pub(crate) struct Neighbour {
    /// Who it is.
    pub(crate) id: MemberId,
    /// Who the member of the two is: the neighbour on a host, we on a member.
    pub(crate) member: MemberId,
    pub(crate) token: AttachToken,
    pub(crate) fingerprint: Fingerprint,
    /// Where its end of the control connection is.
    pub(crate) address: SocketAddr,
    pub(crate) association: Arc<Association>,
    /// How live pictures to them fare.
    pub(crate) live: Arc<Live>,
    /// On a host: how many more data connections the member may have.
    pub(crate) data_connections: Semaphore,
    /// Their clock as it relates to ours, once it is known.
    clock: Mutex<Option<ClockOffset>>,
    /// Cancelled when the control connection is gone.
    pub(crate) cancel: CancellationToken,
}

impl Neighbour {
    /// A member, as the host has just let it in.
    pub(crate) fn member(
        id: MemberId,
        token: AttachToken,
        datagrams: u32,
        peer: &Peer,
        keys: &DatagramKeys,
    ) -> Neighbour {
        Neighbour {
            id,
            member: id,
            token,
            fingerprint: peer.fingerprint,
            address: peer.address,
            association: Association::on_host(datagrams, keys, peer.address),
            live: Arc::default(),
            data_connections: Semaphore::new(MAX_DATA_CONNECTIONS),
            clock: Mutex::default(),
            cancel: CancellationToken::new(),
        }
    }

    /// The host, as it has just let us in on a connection from our address `local`.
    pub(crate) fn host(
        welcome: &Welcome,
        peer: &Peer,
        local: Option<IpAddr>,
        keys: &DatagramKeys,
    ) -> Neighbour {
        Neighbour {
            id: MemberId::HOST,
            member: welcome.me,
            token: welcome.token,
            fingerprint: peer.fingerprint,
            address: peer.address,
            association: Association::on_member(welcome.datagrams, keys, peer.address, local),
            live: Arc::default(),
            data_connections: Semaphore::new(MAX_DATA_CONNECTIONS),
            clock: Mutex::default(),
            cancel: CancellationToken::new(),
        }
    }

    /// Their clock as it relates to ours, once it is known.
    pub(crate) fn clock(&self) -> Option<ClockOffset> {
        *self.clock.lock()
    }
}

/// Data connections and datagrams of `neighbour` are welcome from now on.
pub(crate) fn add_neighbour(shared: &Arc<Shared>, neighbour: Neighbour) {
    let Some(endpoint) = shared.endpoint() else { return };
    let neighbour = Arc::new(neighbour);
    endpoint.add(neighbour.association.clone());
    shared.neighbours.lock().insert(neighbour.id, neighbour.clone());
    {
        let (shared_by_all, neighbour) = (shared.clone(), neighbour.clone());
        shared.spawn(async move {
            tokio::select! {
                () = shared_by_all.cancel.cancelled() => {}
                () = neighbour.cancel.cancelled() => {}
                () = neighbour.association.failed() => shared_by_all.blame(neighbour.id),
            }
        });
    }
    {
        let (cancel, endpoint, neighbour) = (shared.cancel.clone(), endpoint.clone(), neighbour.clone());
        shared.spawn_for(neighbour.id, "path search", async move {
            tokio::select! {
                () = cancel.cancelled() => {}
                () = endpoint.keep_path(&neighbour.association, neighbour.cancel.clone()) => {}
            }
        });
    }
    if shared.dialer.is_some() {
        let cancel = shared.cancel.clone();
        shared.spawn_for(neighbour.id, "hello", async move {
            tokio::select! {
                () = cancel.cancelled() => {}
                () = endpoint.keep_known(&neighbour.association, neighbour.cancel.clone()) => {}
            }
        });
    }
}

/// The control connection of a neighbour is gone, and with it all that belonged to it.
pub(crate) fn remove_neighbour(shared: &Shared, video: &video::Plane, id: MemberId) {
    let Some(neighbour) = shared.neighbours.lock().remove(&id) else {
        return;
    };
    neighbour.cancel.cancel();
    if let Some(endpoint) = shared.endpoint() {
        endpoint.remove(neighbour.association.connection());
    }
    video.handle_detached(id);
}

/// A ping was answered: the streams that come from there know how long asking again takes, and when their pictures were taken.
pub(crate) fn handle_round_trip(
    shared: &Shared,
    video: &video::Plane,
    from: MemberId,
    round_trip: Span,
    clock: ClockOffset,
) {
    if let Some(neighbour) = shared.neighbour(from) {
        *neighbour.clock.lock() = Some(clock);
    }
    for stream in video.streams() {
        if let Some(inbound) = stream.inbound().filter(|inbound| inbound.key().peer == from) {
            inbound.set_round_trip(round_trip);
        }
    }
}
