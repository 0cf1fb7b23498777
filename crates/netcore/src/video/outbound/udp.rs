use std::sync::Arc;

use netcore_proto::video::Fragment;

use super::{Outbound, State};
use crate::clock;
use crate::lock::lock;
use crate::udp::{Batch, Sent, sleep_until};

/// Datagrams on their way to the socket.
#[derive(Default)]
pub(super) struct Outbox {
    batch: Batch,
    /// What did not fit into the batch.
    held_back: Option<Fragment>,
}

impl Outbound {
    /// Sends what can be sent at once, on the caller's thread. What the socket does not take now, and what is to be done
    /// later, is left to the link's task.
    pub(super) fn send_datagrams_now(&self) {
        let mut outbox = lock(&self.outbox);
        let is_stuck = !self.flush(&mut outbox);
        drop(outbox);
        let mut state = lock(&self.state);
        let due = state.sender.poll_timeout().map(|deadline| deadline.at);
        let is_earlier = due.is_some_and(|due| state.alarm.is_none_or(|alarm| due < alarm));
        if is_earlier {
            state.alarm = due;
        }
        drop(state);
        if is_stuck || is_earlier {
            self.udp_wake.notify_one();
        }
    }

    /// Watches over the link's datagrams until the link is over.
    pub(super) async fn keep_sending(self: Arc<Self>) {
        lock(&self.state).sender.set_fragment_bytes(self.fragment_bytes());
        loop {
            let is_done = self.flush(&mut lock(&self.outbox));
            let alarm = {
                let mut state = lock(&self.state);
                state.alarm = state.sender.poll_timeout().map(|deadline| deadline.at);
                state.alarm
            };
            tokio::select! {
                () = self.cancel.cancelled() => return,
                () = self.udp_wake.notified() => {}
                () = self.endpoint.writable(), if !is_done => {}
                () = sleep_until(alarm) => {
                    let mut state = lock(&self.state);
                    state.sender.handle_timeout(clock::now());
                    // The other side's address may have become known, or changed.
                    state.sender.set_fragment_bytes(self.fragment_bytes());
                    self.record_results(&mut state);
                }
            }
        }
    }

    /// Sends fragments until there is none, or the socket takes no more; then it returns `false`.
    fn flush(&self, outbox: &mut Outbox) -> bool {
        loop {
            if outbox.batch.is_empty() {
                self.fill(&mut lock(&self.state), outbox);
                if outbox.batch.is_empty() {
                    return true;
                }
            }
            let Some(to) = self.association.peer_address() else {
                // Nothing has been heard from there yet; what is not sent will be asked for or given up.
                outbox.batch.clear();
                continue;
            };
            match self.endpoint.send(&outbox.batch, to) {
                Sent::Whole => {}
                Sent::Later => return false,
                Sent::Failed(error) => {
                    tracing::debug!(%error, %to, stream = %self.key.stream, "datagrams were not sent");
                }
            }
            outbox.batch.clear();
        }
    }

    /// Seals as many fragments as go out in one batch.
    fn fill(&self, state: &mut State, outbox: &mut Outbox) {
        let now = clock::now();
        while let Some(fragment) = outbox
            .held_back
            .take()
            .or_else(|| state.sender.poll_fragment(now))
        {
            let length = Fragment::HEADER_BYTES + fragment.data.len();
            let sealer = self.association.sealer();
            let fits = self
                .endpoint
                .append(&mut outbox.batch, sealer, length, |out| fragment.encode(out));
            if !fits {
                outbox.held_back = Some(fragment);
                return;
            }
        }
    }
}
