//! How a file yields to live frames that go to the same peer.

use std::sync::Arc;

use netcore_proto::files::ScavengerRate;

use crate::clock;
use crate::net::connection::Connection;
use crate::net::live_queue::LiveQueue;

/// Keeps a file's bytes from holding up live frames that go to the same peer.
pub(super) struct Scavenger {
    rate: ScavengerRate,
    live_queue: Arc<LiveQueue>,
}

impl Scavenger {
    /// For a file that goes over `connection`.
    pub(super) fn new(live_queue: Arc<LiveQueue>, connection: &Connection) -> Scavenger {
        connection.carry_file();
        Scavenger {
            rate: ScavengerRate::default(),
            live_queue,
        }
    }

    /// How many bytes to send next, `most` at most.
    pub(super) fn portion(&self, most: usize) -> usize {
        self.rate.portion(most)
    }

    /// So many bytes were sent. Returns when the next may be.
    pub(super) async fn sent(&mut self, bytes: usize) {
        let now = clock::now();
        let next = self.rate.handle_sent(bytes, self.live_queue.queueing(now), now);
        if next > now {
            clock::sleep_until(Some(next)).await;
        }
    }
}
