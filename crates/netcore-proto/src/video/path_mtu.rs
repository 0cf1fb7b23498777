//! How large a datagram may be on the way to a neighbour (RFC 8899, for any transport over UDP).

use crate::io::{Deadline, DeadlineReason};
use crate::{Span, Time};

/// Every path takes this much: 1,280 bytes, less what IPv6 and UDP add (RFC 8200, section 5).
pub const BASE_PAYLOAD: u16 = 1_232;
/// Payloads that are worth trying, each the most that some kind of link takes: tunnels, PPP over Ethernet, Ethernet with IPv6
/// and IPv4, jumbo frames with IPv6, Infiniband and NFS-like 16 KiB, loopback in halves and whole.
const SIZES: [u16; 9] = [1_352, 1_432, 1_452, 1_472, 8_952, 16_336, 32_720, 49_104, 65_487];
/// A size that this many probes running did not get through does not (section 5.1.2, `MAX_PROBES`).
const MAX_PROBES: u32 = 3;
/// A probe is lost after this long (section 5.1.1, `PROBE_TIMER`, is for paths of the whole Internet).
const PROBE_TIMER: Span = Span::from_secs(1);
/// Larger sizes are tried again after this long (section 5.1.1, `PMTU_RAISE_TIMER`).
const RAISE_TIMER: Span = Span::from_secs(600);
/// After a black hole the search begins anew after this long.
const REST: Span = Span::from_secs(10);
/// So many full datagrams lost running, and none that arrived, are a black hole (section 4.3): with one lost in ten by chance
/// that happens once in a million.
const BLACK_HOLE: u32 = 6;

/// Finds the size of datagrams on the way to one neighbour.
///
/// It begins with what every path takes. Send a probe of the size that [`poll_probe`](PathMtu::poll_probe) names, and tell
/// whether it was answered, or could not be sent. In the meantime [`payload`](PathMtu::payload) bytes may be sent in one
/// datagram. Sizes are those of a UDP datagram's payload, seal and all.
#[derive(Debug)]
pub struct PathMtu {
    /// No size above this is tried.
    ceiling: u16,
    /// What has been shown to arrive.
    confirmed: u16,
    search: Search,
    /// Full datagrams lost since the last that arrived.
    lost: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Search {
    /// This size is to be probed from then on, for the so-manieth time.
    Due { size: u16, attempt: u32, at: Time },
    /// A probe of this size is on its way.
    Sent { size: u16, attempt: u32, at: Time },
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
            lost: 0,
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

    /// The size of a probe to send now.
    pub fn poll_probe(&mut self, now: Time) -> Option<u16> {
        match self.search {
            Search::Due { size, attempt, at } if at <= now => {
                self.search = Search::Sent {
                    size,
                    attempt,
                    at: now,
                };
                Some(size)
            }
            _ => None,
        }
    }

    /// A probe of this size was answered.
    pub fn handle_probe_acked(&mut self, size: u16, now: Time) {
        match self.search {
            Search::Sent { size: sent, .. }
            | Search::Due {
                size: sent,
                attempt: 1..,
                ..
            } if sent == size => {
                self.confirmed = size;
                self.lost = 0;
                self.search_above(size, now);
            }
            // An answer to a question that nobody asked says nothing.
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

    /// A full datagram is known to have arrived.
    pub fn handle_arrived_full_size(&mut self) {
        self.lost = 0;
    }

    /// A full datagram was lost, and nothing shows that others of its size arrive: count a frame of which none did as one.
    pub fn handle_lost_full_size(&mut self, now: Time) {
        self.lost += 1;
        if self.lost >= BLACK_HOLE {
            self.fall(now);
        }
    }

    /// The neighbour has another address: nothing is known of the way there.
    pub fn handle_new_path(&mut self, ceiling: u16, now: Time) {
        *self = PathMtu::new(ceiling, now);
    }

    /// When to call [`handle_timeout`](PathMtu::handle_timeout), or to poll for a probe.
    pub fn poll_timeout(&self) -> Option<Deadline> {
        let at = match self.search {
            Search::Due { at, .. } => at,
            Search::Sent { at, .. } => at + PROBE_TIMER,
            Search::Done { again } => again?,
        };
        Some(Deadline {
            at,
            reason: DeadlineReason::Probe,
        })
    }

    /// Takes note of a probe that was not answered, or begins to look again. Poll for a probe afterwards.
    pub fn handle_timeout(&mut self, now: Time) {
        match self.search {
            Search::Sent { size, attempt, at } if at + PROBE_TIMER <= now => {
                let attempt = attempt + 1;
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
        self.lost = 0;
        if self.confirmed > BASE_PAYLOAD {
            self.confirmed = BASE_PAYLOAD;
            self.search = Search::Done {
                again: Some(now + REST),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conditions::{Chance, Conditions, Path};

    /// Drives a search over a path for so long, full datagrams being sent a hundred times a second. Returns how many of
    /// those were lost.
    fn drive(mtu: &mut PathMtu, path: &mut Path, now: &mut Time, span: Span) -> u32 {
        drive_seeded(7, mtu, path, now, span)
    }

    fn drive_seeded(seed: u64, mtu: &mut PathMtu, path: &mut Path, now: &mut Time, span: Span) -> u32 {
        let mut chance = Chance::new(seed);
        let until = *now + span;
        let mut lost = 0;
        while *now < until {
            let mut arrives = |size: u16| path.send(u64::from(size) + 28, *now, &mut chance).first.is_some();
            if mtu.poll_timeout().is_some_and(|deadline| deadline.at <= *now) {
                mtu.handle_timeout(*now);
            }
            if let Some(size) = mtu.poll_probe(*now)
                && arrives(size)
            {
                mtu.handle_probe_acked(size, *now);
            }
            if arrives(mtu.payload()) {
                mtu.handle_arrived_full_size();
            } else {
                lost += 1;
                mtu.handle_lost_full_size(*now);
            }
            *now += Span::from_millis(10);
        }
        lost
    }

    /// A path that loses packets of more bytes than this, IP and UDP headers included.
    fn path(mtu: u32) -> Path {
        Path::new(Conditions {
            mtu: Some(mtu),
            ..Conditions::default()
        })
    }

    #[test]
    fn it_finds_what_a_path_takes_and_loses_nothing_by_it() {
        for (bytes, payload) in [
            (1_280, BASE_PAYLOAD),
            (1_400, 1_352),
            (1_492, 1_452),
            (1_500, 1_472),
            (9_000, 8_952),
            (65_535, 65_487),
        ] {
            let (mut mtu, mut now) = (PathMtu::new(65_487, Time::ZERO), Time::ZERO);
            let lost = drive(&mut mtu, &mut path(bytes), &mut now, Span::from_secs(10));
            assert_eq!((mtu.payload(), lost), (payload, 0), "a path of {bytes} bytes");
            assert!(!mtu.is_searching());
        }
    }

    #[test]
    fn loss_does_not_end_the_search_too_early() {
        let found = (0..50).filter(|seed| {
            let mut lossy = Path::new(Conditions {
                mtu: Some(1_500),
                ..Conditions::default().loss(0.2)
            });
            let (mut mtu, mut now) = (PathMtu::new(65_487, Time::ZERO), Time::ZERO);
            drive_seeded(*seed, &mut mtu, &mut lossy, &mut now, Span::from_secs(15));
            mtu.payload() == 1_472
        });
        // One in five is lost: a size is given up by mistake once in 125 times, and four are tried.
        assert!(found.count() >= 45);
    }

    #[test]
    fn a_path_that_becomes_narrower_is_noticed_and_a_wider_one_found_later() {
        let (mut mtu, mut now) = (PathMtu::new(9_216, Time::ZERO), Time::ZERO);
        drive(&mut mtu, &mut path(9_000), &mut now, Span::from_secs(10));
        assert_eq!(mtu.payload(), 8_952);
        let lost = drive(&mut mtu, &mut path(1_500), &mut now, Span::from_secs(5));
        assert_eq!((mtu.payload(), lost), (BASE_PAYLOAD, BLACK_HOLE));
        drive(&mut mtu, &mut path(1_500), &mut now, Span::from_secs(15));
        assert_eq!(mtu.payload(), 1_472);
        drive(&mut mtu, &mut path(9_000), &mut now, Span::from_secs(601));
        assert_eq!(mtu.payload(), 9_216 - 264, "8,952: the path takes no more");
    }

    #[test]
    fn the_ceiling_is_kept_and_a_refusal_ends_the_search() {
        let (mut mtu, mut now) = (PathMtu::new(2_000, Time::ZERO), Time::ZERO);
        drive(&mut mtu, &mut path(65_535), &mut now, Span::from_secs(1));
        assert_eq!(mtu.payload(), 2_000);
        let mut mtu = PathMtu::new(65_487, Time::ZERO);
        let first = mtu.poll_probe(Time::ZERO);
        assert_eq!(first, Some(1_352));
        assert_eq!(mtu.poll_probe(Time::ZERO), None, "one at a time");
        mtu.handle_send_failed(1_352, Time::ZERO);
        assert_eq!((mtu.payload(), mtu.is_searching()), (BASE_PAYLOAD, false));
        assert_eq!(
            mtu.poll_timeout().map(|deadline| deadline.at),
            Some(Time::ZERO + RAISE_TIMER)
        );
    }

    #[test]
    fn answers_to_questions_nobody_asked_say_nothing() {
        let mut mtu = PathMtu::new(65_487, Time::ZERO);
        mtu.handle_probe_acked(1_352, Time::ZERO);
        mtu.handle_probe_acked(65_000, Time::ZERO);
        assert_eq!(mtu.payload(), BASE_PAYLOAD);
        mtu.poll_probe(Time::ZERO);
        mtu.handle_probe_acked(65_000, Time::ZERO);
        assert_eq!(mtu.payload(), BASE_PAYLOAD);
        mtu.handle_probe_acked(1_352, Time::ZERO);
        assert_eq!(mtu.payload(), 1_352);
        mtu.handle_new_path(65_487, Time::ZERO);
        assert_eq!(mtu.payload(), BASE_PAYLOAD);
    }
}
