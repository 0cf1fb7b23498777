//! Peers come and go: what belongs to each, and what a round trip to it says.

use std::sync::Arc;

use netcore_proto::session::ClockOffset;
use netcore_proto::{MemberId, Span};

use crate::peer::Peer;
use crate::shared::Shared;
use crate::video;

/// Data connections and datagrams of `peer` are welcome from now on.
pub(crate) fn add_peer(shared: &Arc<Shared>, peer: Peer) {
    let Some(endpoint) = shared.endpoint() else { return };
    let peer = Arc::new(peer);
    endpoint.add(peer.association.clone());
    shared.peers.lock().insert(peer.id, peer.clone());
    {
        let (shared_by_all, peer) = (shared.clone(), peer.clone());
        shared.spawn(async move {
            tokio::select! {
                () = shared_by_all.cancel.cancelled() => {}
                () = peer.cancel.cancelled() => {}
                () = peer.association.failed() => shared_by_all.blame(peer.id),
            }
        });
    }
    {
        let (cancel, endpoint, peer) = (shared.cancel.clone(), endpoint.clone(), peer.clone());
        shared.spawn_for(peer.id, "path search", async move {
            tokio::select! {
                () = cancel.cancelled() => {}
                () = endpoint.keep_path(&peer.association, peer.cancel.clone()) => {}
            }
        });
    }
    if shared.dialer.is_some() {
        let cancel = shared.cancel.clone();
        shared.spawn_for(peer.id, "hello", async move {
            tokio::select! {
                () = cancel.cancelled() => {}
                () = endpoint.keep_known(&peer.association, peer.cancel.clone()) => {}
            }
        });
    }
}

/// The control connection of a peer is gone, and with it all that belonged to it.
pub(crate) fn remove_peer(shared: &Shared, video: &video::Plane, id: MemberId) {
    let Some(peer) = shared.peers.lock().remove(&id) else {
        return;
    };
    peer.cancel.cancel();
    if let Some(endpoint) = shared.endpoint() {
        endpoint.remove(peer.association.connection());
    }
    video.handle_detached(id);
}

/// A ping was answered: the streams that come from there know how long a request takes, and when their pictures were taken.
pub(crate) fn handle_round_trip(
    shared: &Shared,
    video: &video::Plane,
    from: MemberId,
    round_trip: Span,
    clock: ClockOffset,
) {
    if let Some(peer) = shared.peer(from) {
        peer.set_clock(clock);
    }
    for stream in video.streams() {
        if let Some(inbound) = stream.inbound().filter(|inbound| inbound.key().peer == from) {
            inbound.set_round_trip(round_trip);
        }
    }
}
