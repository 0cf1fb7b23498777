//! Peers come and go: what belongs to each, and what a round trip to it says.

use std::sync::Arc;

use netcore_proto::session::ClockOffset;
use netcore_proto::{MemberId, Span};

use crate::peer::Neighbour;
use crate::shared::Shared;
use crate::video;

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
        neighbour.set_clock(clock);
    }
    for stream in video.streams() {
        if let Some(inbound) = stream.inbound().filter(|inbound| inbound.key().peer == from) {
            inbound.set_round_trip(round_trip);
        }
    }
}
