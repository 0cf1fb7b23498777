//! What is done for a peer's datagrams while it is here: showing and asking for addresses, and finding their size.

use std::time::Duration;

use netcore_proto::Time;
use netcore_proto::link::{Datagram, Probe, ProbeOut};
use tokio_util::sync::CancellationToken;

use super::{Association, Batch, Endpoint, Route, Sent};
use crate::clock;
use crate::net::seal;

/// How often a member shows its address until it has an answer: so many times, and less often afterwards.
const HELLO_INTERVAL: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(2));
const QUICK_HELLOS: u32 = 15;

impl Endpoint {
    /// Finds out, until `cancel`, where a peer's datagrams may be sent, how large they may be and whether they get through.
    pub(crate) async fn keep_path(&self, association: &Association, cancel: CancellationToken) {
        loop {
            // What changes meanwhile wakes us again.
            *association.alarm.lock() = None;
            let now = clock::now();
            let challenge_due = self.challenge(association, now);
            let (says_hello, silence_due) = association.handle_silence(now);
            if says_hello {
                let token = association.hello();
                self.send_now(association, |out| Datagram::Hello { token }.encode(out));
            }
            let probe_due = match association.route() {
                Some(to) => self.probe(association, to),
                // Once there is one, this task is woken.
                None => None,
            };
            let due = [challenge_due, probe_due, silence_due]
                .into_iter()
                .flatten()
                .min();
            *association.alarm.lock() = due;
            tokio::select! {
                () = cancel.cancelled() => return,
                () = association.path_changed.notified() => {}
                () = clock::sleep_until(due) => {}
            }
        }
    }

    /// Asks an address that has not answered, if it is time for that. Returns when the next question is due.
    fn challenge(&self, association: &Association, now: Time) -> Option<Time> {
        while let Some((to, token)) = association.poll_challenge(now) {
            self.send_now_to(to, association, |out| Datagram::Hello { token }.encode(out));
        }
        association.next_challenge()
    }

    /// Sends the probes that it is time for. Returns when the next are due.
    fn probe(&self, association: &Association, to: Route) -> Option<Time> {
        let now = clock::now();
        {
            let mut path = association.path.lock();
            if path.poll_timeout().is_some_and(|due| due.at <= now) {
                path.handle_timeout(now);
            }
        }
        while let Some(ProbeOut { size, token }) = { association.path.lock().poll_probe(now) } {
            let size_inside = size.saturating_sub((seal::HEADER_BYTES + seal::TAG_BYTES) as u16);
            let probe = Datagram::Probe(Probe {
                size: size_inside,
                token,
            });
            let mut batch = Batch::default();
            self.append(&mut batch, association, usize::from(size_inside), |out| {
                probe.encode(out);
            });
            match self.send(&batch, to) {
                Sent::TooLarge | Sent::Failed(_) => association.path.lock().handle_send_failed(size, now),
                Sent::LocalGone => association.handle_local_gone(),
                Sent::Whole | Sent::Later => {}
            }
        }
        association.path.lock().poll_timeout().map(|due| due.at)
    }

    /// On a member: shows the host our address until the room is over. Returns never before.
    pub(crate) async fn keep_known(&self, association: &Association, cancel: CancellationToken) {
        let (mut is_answered, mut unanswered) = (false, 0);
        loop {
            let token = association.hello();
            self.send_now(association, |out| Datagram::Hello { token }.encode(out));
            let patience = match unanswered < QUICK_HELLOS {
                true => HELLO_INTERVAL.0,
                false => HELLO_INTERVAL.1,
            };
            let is_known = tokio::select! {
                () = cancel.cancelled() => return,
                () = association.answered.notified() => true,
                () = tokio::time::sleep(patience) => false,
            };
            if is_known {
                unanswered = 0;
                if !std::mem::replace(&mut is_answered, true) {
                    tracing::info!(target: "roomwire::step", code = "datagrams_ready", "datagrams get through to the host");
                }
                tokio::select! {
                    () = cancel.cancelled() => return,
                    () = association.wait_for_quiet(clock::now()) => {}
                }
            } else {
                unanswered += u32::from(unanswered <= QUICK_HELLOS);
                if unanswered == QUICK_HELLOS && !is_answered {
                    tracing::warn!(target: "roomwire::step", code = "datagrams_blocked",
                        "datagrams do not get through to the host: a firewall may keep UDP; video goes over TCP");
                }
            }
        }
    }
}
