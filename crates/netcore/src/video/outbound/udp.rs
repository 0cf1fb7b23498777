use super::unsent::Outbox;
use super::{Outbound, State};
use crate::clock;
use crate::net::udp::Sent;

impl Outbound {
    /// Sends what datagrams can be sent at once, on the caller's thread. Returns `false` when the socket takes no more.
    pub(super) fn send_datagrams_now(&self) -> bool {
        self.flush(&mut self.outbox.lock())
    }

    /// Sends datagrams until there is none, or the socket takes no more; then it returns `false`.
    fn flush(&self, outbox: &mut Outbox) -> bool {
        loop {
            if outbox.batch.is_empty() {
                self.fill(&mut self.state.lock(), outbox);
                if outbox.batch.is_empty() {
                    return true;
                }
            }
            let Some(to) = self.association.route() else {
                // Nothing has answered there yet; what is not sent will be asked for or given up.
                self.association.handle_sent(0);
                outbox.batch.clear();
                continue;
            };
            let sent = self.endpoint.send(&outbox.batch, to);
            let size = match sent {
                Sent::Whole => outbox.batch.segment(),
                Sent::Later => return false,
                _ => 0,
            };
            self.association.handle_sent(size);
            match sent {
                Sent::Whole | Sent::Later => {}
                // What was lost by it is requested again, in smaller fragments from the next frame on.
                Sent::TooLarge => self.association.handle_too_large(outbox.batch.segment()),
                Sent::LocalGone => self.association.handle_local_gone(),
                Sent::Failed(error) => {
                    tracing::debug!(%error, %to, stream = %self.key.stream, "datagrams were not sent");
                }
            }
            outbox.batch.clear();
        }
    }

    /// Seals as many datagrams as go out in one batch.
    fn fill(&self, state: &mut State, outbox: &mut Outbox) {
        let now = clock::now();
        while let Some(datagram) = outbox
            .held_back
            .take()
            .or_else(|| state.sender.poll_datagram(now))
        {
            let length = datagram.encoded_length();
            let (endpoint, association) = (&self.endpoint, &self.association);
            let fits = endpoint.append(&mut outbox.batch, association, length, |out| datagram.encode(out));
            if !fits {
                outbox.held_back = Some(datagram);
                return;
            }
        }
    }
}
