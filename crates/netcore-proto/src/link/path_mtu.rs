//! How large a datagram may be on the path to a peer (RFC 8899, for any transport over UDP).

use crate::ground::{Deadline, DeadlineReason, Span, Time};

/// Every path takes this much: 1,280 bytes, less what IPv6 and UDP add (RFC 8200, section 5).
pub const BASE_PAYLOAD: u16 = 1_232;
/// Payloads that are worth trying, each the most that some kind of link takes: tunnels, PPP over Ethernet, Ethernet with IPv6
/// and IPv4, jumbo frames with IPv6, Infiniband and NFS-like 16 KiB, loopback in halves and whole.
const SIZES: [u16; 9] = [1_352, 1_432, 1_452, 1_472, 8_952, 16_336, 32_720, 49_104, 65_487];
/// A size that this many consecutive probes did not get through does not (section 5.1.2, `MAX_PROBES`).
const MAX_PROBES: u32 = 3;
/// A probe is lost after this long (section 5.1.1, `PROBE_TIMER`, is for paths of the whole Internet).
const PROBE_TIMER: Span = Span::from_secs(1);
/// Larger sizes are tried again after this long (section 5.1.1, `PMTU_RAISE_TIMER`).
const RAISE_TIMER: Span = Span::from_secs(600);
/// After a black hole the search begins anew after this long.
const REST: Span = Span::from_secs(10);
/// Large datagrams of which nothing has been heard for this long, and one and a half round trips, may be swallowed.
const DOUBT_AFTER: Span = Span::from_millis(50);
/// Then pairs of probes leave, one of the size in doubt and a small one right behind it, this far apart.
const PAIR_EVERY: Span = Span::from_millis(20);
/// So many at a time.
const MAX_PAIRS: usize = 8;
/// A large probe that is not answered so long after the small one behind it was is taken to be swallowed.
const OVERTAKEN: Span = Span::from_millis(20);
/// So many swallowed, and none that arrived, are a black hole (section 4.3). With one packet in twenty lost by chance, that happens
/// once in ten thousand doubts, and there is doubt only when no full datagram has arrived for a while.
const BLACK_HOLE: usize = 4;
/// Until a round trip is known.
const ASSUMED_ROUND_TRIP: Span = Span::from_millis(50);

/// Finds the size of datagrams on the path to one peer.
///
/// It begins with what every path takes. Send the probes that [`poll_probe`](PathMtu::poll_probe) names, and report whether they
/// were answered, or could not be sent. In the meantime [`payload`](PathMtu::payload) bytes may be sent in one datagram. Sizes
/// are those of a UDP datagram's payload, seal and all.
///
/// A path may cease to take what it took: another route, a tunnel. Small datagrams, requests and acknowledgements among them,
/// pass as ever, so only frames show it. When nothing is heard of full datagrams, it is asked in pairs which sizes still arrive;
/// if small ones do and large ones do not, only what every path takes is sent from then on, and the search begins anew later.
#[derive(Debug)]
pub struct PathMtu {
    /// No size above this is tried.
    ceiling: u16,
    /// What has been shown to arrive.
    confirmed: u16,
    search: Search,
    doubt: Doubt,
    /// The latest, of a probe and its answer.
    round_trip: Option<Span>,
    /// The next probe's token.
    next: u64,
}

/// A probe to send now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeOut {
    /// Bytes of the datagram, seal and all.
    pub size: u16,
    /// To be returned in the answer.
    pub token: u64,
}

/// Whether large datagrams still arrive.
#[derive(Debug)]
enum Doubt {
    None,
    /// One of this size left then, and neither it nor a larger one is known to have arrived since.
    Unheard {
        size: u16,
        since: Time,
    },
    /// It is being asked whether this size arrives.
    Asking {
        size: u16,
        pairs: Vec<Pair>,
    },
}

/// A large probe and the small one right behind it.
#[derive(Clone, Copy, Debug)]
struct Pair {
    at: Time,
    /// The tokens, once the probe has left.
    large: Option<u64>,
    small: Option<u64>,
    small_answered: Option<Time>,
}

impl Pair {
    fn new(at: Time) -> Pair {
        Pair {
            at,
            large: None,
            small: None,
            small_answered: None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Search {
    /// This size is to be probed from then on, for the so-manieth time.
    Due { size: u16, attempt: u32, at: Time },
    /// A probe of this size is in flight; its token.
    Sent {
        size: u16,
        attempt: u32,
        at: Time,
        token: u64,
    },
    /// Nothing larger gets through, or is allowed; look again then.
    Done { again: Option<Time> },
}

impl PathMtu {
    /// A search that begins at `now` and goes no further than `ceiling`.
    pub fn new(ceiling: u16, now: Time) -> PathMtu {
        let mut path = PathMtu {
            ceiling,
            confirmed: BASE_PAYLOAD,
            search: Search::Done { again: None },
            doubt: Doubt::None,
            round_trip: None,
            next: 0,
        };
        path.search_above(BASE_PAYLOAD, now);
        path
    }

    /// Bytes that may be sent in one datagram now.
    pub fn payload(&self) -> u16 {
        self.confirmed
    }

    /// Whether a larger size is being looked for.
    pub fn is_searching(&self) -> bool {
        !matches!(self.search, Search::Done { .. })
    }

    /// A probe to send now. Poll until there is none.
    pub fn poll_probe(&mut self, now: Time) -> Option<ProbeOut> {
        let token = self.next;
        let probe = if let Doubt::Asking { size, pairs } = &mut self.doubt
            && let Some(pair) = pairs.last_mut().filter(|it| it.at <= now && it.small.is_none())
        {
            // The large one leaves first: what overtakes it is not late.
            let (slot, size) = match pair.large {
                None => (&mut pair.large, *size),
                Some(_) => (&mut pair.small, BASE_PAYLOAD),
            };
            *slot = Some(token);
            ProbeOut { size, token }
        } else if let Search::Due { size, attempt, at } = self.search
            && at <= now
        {
            self.search = Search::Sent {
                size,
                attempt,
                at: now,
                token,
            };
            ProbeOut { size, token }
        } else {
            return None;
        };
        self.next = self.next.wrapping_add(1);
        Some(probe)
    }

    /// A probe was answered.
    pub fn handle_probe_acked(&mut self, token: u64, now: Time) {
        if let Doubt::Asking { pairs, .. } = &mut self.doubt
            && let Some(pair) = pairs
                .iter_mut()
                .find(|it| it.large == Some(token) || it.small == Some(token))
        {
            self.round_trip = Some(now.since(pair.at));
            if pair.large == Some(token) {
                self.doubt = Doubt::None;
            } else {
                pair.small_answered.get_or_insert(now);
            }
            return;
        }
        match self.search {
            // An answer that comes after its probe was given up is to a question that is no longer asked.
            Search::Sent {
                size,
                at,
                token: asked,
                ..
            } if asked == token => {
                self.round_trip = Some(now.since(at));
                self.confirmed = size;
                self.doubt = Doubt::None;
                self.search_above(size, now);
            }
            _ => {}
        }
    }

    /// The system refused to send a datagram of this size.
    pub fn handle_send_failed(&mut self, size: u16, now: Time) {
        match self.search {
            Search::Sent { size: sent, .. } if sent == size => self.give_up(now),
            _ if size == self.confirmed => self.fall(now),
            _ => {}
        }
    }

    /// Part of a frame leaves in a datagram of `size` bytes.
    pub fn handle_sent(&mut self, size: u16, now: Time) {
        let is_larger = match self.doubt {
            Doubt::None => size > BASE_PAYLOAD,
            Doubt::Unheard { size: before, .. } => size > before,
            Doubt::Asking { .. } => false,
        };
        if is_larger && self.confirmed > BASE_PAYLOAD {
            self.doubt = Doubt::Unheard { size, since: now };
        }
    }

    /// A datagram of `size` bytes is known to have arrived, by the acknowledgement of its frame.
    pub fn handle_arrived(&mut self, size: u16) {
        if let Doubt::Unheard { size: sent, .. } | Doubt::Asking { size: sent, .. } = self.doubt
            && size >= sent
        {
            self.doubt = Doubt::None;
        }
    }

    /// When to call [`handle_timeout`](PathMtu::handle_timeout), and to poll for probes afterwards.
    pub fn poll_timeout(&self) -> Option<Deadline> {
        let searching = match self.search {
            Search::Due { at, .. } => Some(at),
            Search::Sent { at, .. } => Some(at + PROBE_TIMER),
            Search::Done { again } => again,
        };
        let at = searching.into_iter().chain(self.doubtful()).min()?;
        Some(Deadline {
            at,
            reason: DeadlineReason::Probe,
        })
    }

    /// When something is to be done about a doubt.
    fn doubtful(&self) -> Option<Time> {
        match &self.doubt {
            Doubt::None => None,
            Doubt::Unheard { since, .. } => Some(*since + self.patience()),
            Doubt::Asking { pairs, .. } => {
                let judged = self.judged_at();
                let last = pairs.last()?;
                let next = match (last.small, pairs.len() < MAX_PAIRS) {
                    (None, _) => last.at,
                    (Some(_), true) => last.at + PAIR_EVERY,
                    (Some(_), false) => last.at + PROBE_TIMER,
                };
                Some(judged.map_or(next, |judged| judged.min(next)))
            }
        }
    }

    fn patience(&self) -> Span {
        let round_trip = self.round_trip.unwrap_or(ASSUMED_ROUND_TRIP);
        DOUBT_AFTER + round_trip.fraction::<3, 2>()
    }

    /// When enough large probes are taken to be swallowed, if none of them arrives before.
    fn judged_at(&self) -> Option<Time> {
        let Doubt::Asking { pairs, .. } = &self.doubt else {
            return None;
        };
        let mut answered: Vec<Time> = pairs.iter().filter_map(|pair| pair.small_answered).collect();
        answered.sort_unstable();
        Some(*answered.get(BLACK_HOLE - 1)? + OVERTAKEN)
    }

    /// Takes note of probes that were not answered, or begins to look again. Poll for probes afterwards.
    pub fn handle_timeout(&mut self, now: Time) {
        match self.search {
            Search::Sent {
                size, attempt, at, ..
            } if at + PROBE_TIMER <= now => {
                let attempt = attempt.saturating_add(1);
                if attempt >= MAX_PROBES {
                    self.give_up(now);
                } else {
                    self.search = Search::Due {
                        size,
                        attempt,
                        at: now,
                    };
                }
            }
            Search::Done { again: Some(again) } if again <= now => self.search_above(self.confirmed, now),
            _ => {}
        }
        if self.judged_at().is_some_and(|at| at <= now) {
            self.fall(now);
            return;
        }
        let patience = self.patience();
        match &mut self.doubt {
            Doubt::Unheard { size, since } if *since + patience <= now => {
                self.doubt = Doubt::Asking {
                    size: *size,
                    pairs: vec![Pair::new(now)],
                };
            }
            Doubt::Asking { pairs, .. } => match pairs.last() {
                Some(last) if last.small.is_none() => {}
                Some(last) if pairs.len() < MAX_PAIRS && last.at + PAIR_EVERY <= now => {
                    pairs.push(Pair::new(now));
                }
                // Too little was answered to decide: that is loss, or the peer is gone.
                Some(last) if pairs.len() >= MAX_PAIRS && last.at + PROBE_TIMER <= now => {
                    self.doubt = Doubt::None;
                }
                _ => {}
            },
            Doubt::None | Doubt::Unheard { .. } => {}
        }
    }

    fn search_above(&mut self, size: u16, now: Time) {
        let next = SIZES.into_iter().find(|next| *next > size);
        self.search = match next.filter(|next| *next <= self.ceiling) {
            Some(size) => Search::Due {
                size,
                attempt: 0,
                at: now,
            },
            // The ceiling itself is tried too, where it lies between two sizes.
            None if self.ceiling > size => Search::Due {
                size: self.ceiling,
                attempt: 0,
                at: now,
            },
            None => Search::Done { again: None },
        };
    }

    fn give_up(&mut self, now: Time) {
        self.search = Search::Done {
            again: Some(now + RAISE_TIMER),
        };
    }

    /// What arrived before does not any more.
    fn fall(&mut self, now: Time) {
        self.doubt = Doubt::None;
        if self.confirmed > BASE_PAYLOAD {
            self.confirmed = BASE_PAYLOAD;
            self.search = Search::Done {
                again: Some(now + REST),
            };
        }
    }
}

#[cfg(test)]
mod tests;
