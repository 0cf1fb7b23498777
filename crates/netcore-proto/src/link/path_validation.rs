//! Where a peer's datagrams may be sent: an address is used once it has answered (RFC 9000, sections 8 and 9.3).

use std::net::{IpAddr, SocketAddr};

use crate::ground::{Deadline, DeadlineReason, Span, Time};

/// To an address that has not answered, at most this many times the bytes that came from it are sent (RFC 9000, section 8.1).
const MAX_AMPLIFICATION: u64 = 3;
/// A challenge without an answer is sent again after this long, and after twice as long each further time.
const AGAIN_AFTER: Span = Span::from_millis(100);
/// The pause between challenges doubles so many times.
const MAX_DOUBLINGS: u32 = 6;

/// Finds out where one peer's datagrams may be sent.
///
/// The peer's control connection shows its IP address: nobody completes a TCP handshake from an address that is not theirs.
/// A datagram from any other IP address moves nothing. Its port may differ and change, because NAT chooses it; a port is used
/// after the peer has returned, from there, a token that was sent there. Until then the port before is used, if any, and
/// what may be sent to the new one is bounded by what came from it. So neither a forged source nor a copy of a genuine datagram,
/// sent from elsewhere, turns a stream towards a victim.
#[derive(Debug)]
pub struct PathValidation {
    /// Of the control connection's peer.
    ip: IpAddr,
    confirmed: Option<SocketAddr>,
    candidate: Option<Candidate>,
    /// One more than the highest packet number that came: what was overtaken on its path shows no change.
    newest: u64,
}

/// A port that has not answered yet.
#[derive(Debug)]
struct Candidate {
    address: SocketAddr,
    token: u64,
    /// Bytes that may still be sent there.
    credit: u64,
    challenges: u32,
    /// When the next challenge may leave.
    next: Time,
}

/// What to send to an address, so that it shows that the peer is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Where.
    pub to: SocketAddr,
    /// To be returned from there.
    pub token: u64,
}

impl PathValidation {
    /// Nothing is known but the address of the control connection's peer, whose port is another than that of its datagrams.
    pub fn new(control: SocketAddr) -> PathValidation {
        PathValidation {
            ip: control.ip().to_canonical(),
            confirmed: None,
            candidate: None,
            newest: 0,
        }
    }

    /// The peer takes datagrams at the very port that we connected to.
    pub fn at(control: SocketAddr) -> PathValidation {
        PathValidation {
            confirmed: Some(control),
            ..PathValidation::new(control)
        }
    }

    /// The peer's IP address.
    pub fn ip(&self) -> IpAddr {
        self.ip
    }

    /// Where datagrams may be sent; `None` while no address has answered.
    pub fn address(&self) -> Option<SocketAddr> {
        self.confirmed
    }

    /// A genuine datagram came: the packet number, the source, its bytes, seal and all. `token` is random, and asked for when
    /// it is needed; without one nothing is asked. Returns whether it is the peer's newest, from the right IP address.
    pub fn handle_datagram(
        &mut self,
        packet: u64,
        from: SocketAddr,
        bytes: usize,
        now: Time,
        token: impl FnOnce() -> Option<u64>,
    ) -> bool {
        if from.ip().to_canonical() != self.ip {
            return false;
        }
        let is_newest = packet >= self.newest;
        self.newest = self.newest.max(packet.saturating_add(1));
        if self.confirmed == Some(from) {
            if is_newest {
                // It is where it was; whatever came from elsewhere was late, or a copy.
                self.candidate = None;
            }
            return is_newest;
        }
        let credit = (bytes as u64).saturating_mul(MAX_AMPLIFICATION);
        match &mut self.candidate {
            Some(candidate) if candidate.address == from => {
                candidate.credit = candidate.credit.saturating_add(credit);
            }
            candidate if is_newest => {
                *candidate = token().map(|token| Candidate {
                    address: from,
                    token,
                    credit,
                    challenges: 0,
                    next: now,
                });
            }
            _ => {}
        }
        is_newest
    }

    /// The challenge to send now, if one is due and its `bytes`, seal and all, may be sent.
    pub fn poll_challenge(&mut self, bytes: usize, now: Time) -> Option<Challenge> {
        let candidate = self.candidate.as_mut().filter(|it| it.next <= now)?;
        candidate.credit = candidate.credit.checked_sub(bytes as u64)?;
        candidate.next = now + AGAIN_AFTER.times(1 << candidate.challenges.min(MAX_DOUBLINGS));
        candidate.challenges = candidate.challenges.saturating_add(1);
        Some(Challenge {
            to: candidate.address,
            token: candidate.token,
        })
    }

    /// Whether an answer of `bytes` bytes, seal and all, may be sent to `to`; if so, it is taken to be.
    pub fn may_answer(&mut self, to: SocketAddr, bytes: usize) -> bool {
        if self.confirmed == Some(to) {
            return true;
        }
        let candidate = self.candidate.as_mut().filter(|it| it.address == to);
        let left = candidate.and_then(|it| Some((it.credit.checked_sub(bytes as u64)?, it)));
        left.map(|(credit, candidate)| candidate.credit = credit)
            .is_some()
    }

    /// A token came back from `from`. Returns whether datagrams go there from now on that went elsewhere, or nowhere, before.
    pub fn handle_answer(&mut self, token: u64, from: SocketAddr) -> bool {
        let is_it = |it: &mut Candidate| it.challenges > 0 && it.token == token && it.address == from;
        match self.candidate.take_if(is_it) {
            Some(candidate) => {
                self.confirmed = Some(candidate.address);
                true
            }
            None => false,
        }
    }

    /// When to poll for a challenge of `bytes` bytes again; `None` while no more may be sent.
    pub fn poll_timeout(&self, bytes: usize) -> Option<Deadline> {
        let candidate = self.candidate.as_ref()?;
        (candidate.credit >= bytes as u64).then_some(Deadline {
            at: candidate.next,
            reason: DeadlineReason::Challenge,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of a sealed challenge.
    const CHALLENGE: usize = 38;

    fn at(ms: u64) -> Time {
        Time::ZERO + Span::from_millis(ms)
    }

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, 2], port))
    }

    /// A host's view of a member that has shown its port.
    fn known(port: u16) -> PathValidation {
        let mut path = PathValidation::new(address(40_000));
        path.handle_datagram(0, address(port), CHALLENGE, at(0), || Some(7));
        let challenge = path.poll_challenge(CHALLENGE, at(0)).unwrap();
        assert_eq!((challenge.to, challenge.token), (address(port), 7));
        assert_eq!(path.address(), None, "nothing is sent there before it answers");
        assert!(path.handle_answer(7, address(port)));
        path
    }

    #[test]
    fn a_port_is_used_after_its_answer() {
        let path = known(5_000);
        assert_eq!(path.address(), Some(address(5_000)));
        assert_eq!(path.poll_timeout(CHALLENGE), None);
        assert_eq!(PathValidation::at(address(1)).address(), Some(address(1)));
    }

    #[test]
    fn a_changed_port_is_followed_within_one_round_trip_and_the_old_one_used_until_then() {
        let mut path = known(5_000);
        path.handle_datagram(1, address(6_000), 100, at(500), || Some(8));
        assert_eq!(path.address(), Some(address(5_000)));
        let challenge = path.poll_challenge(CHALLENGE, at(500)).unwrap();
        assert_eq!(challenge.to, address(6_000));
        assert!(path.handle_answer(challenge.token, address(6_000)));
        assert_eq!(path.address(), Some(address(6_000)));
    }

    #[test]
    fn another_ip_moves_nothing_and_is_sent_nothing() {
        let mut path = known(5_000);
        let elsewhere = SocketAddr::from(([10, 0, 0, 3], 5_000));
        path.handle_datagram(1, elsewhere, 1_400, at(1), || panic!("no token is wasted on it"));
        assert_eq!(path.poll_challenge(CHALLENGE, at(1)), None);
        assert!(!path.may_answer(elsewhere, 1));
        assert!(!path.handle_answer(7, elsewhere));
        assert_eq!(path.address(), Some(address(5_000)));
    }

    #[test]
    fn an_ipv4_address_is_the_same_in_its_ipv6_form() {
        let mapped = SocketAddr::from(([0, 0, 0, 0, 0, 0xffff, 0x0a00, 0x0002], 5_000));
        let mut path = PathValidation::new(address(40_000));
        path.handle_datagram(0, mapped, CHALLENGE, at(0), || Some(7));
        assert_eq!(
            path.poll_challenge(CHALLENGE, at(0)).map(|it| it.to),
            Some(mapped)
        );
        assert!(path.handle_answer(7, mapped));
    }

    #[test]
    fn wrong_tokens_and_answers_from_elsewhere_confirm_nothing() {
        let mut path = known(5_000);
        path.handle_datagram(1, address(6_000), 100, at(1), || Some(8));
        assert!(!path.handle_answer(8, address(6_000)), "nobody was asked yet");
        path.poll_challenge(CHALLENGE, at(1));
        assert!(!path.handle_answer(9, address(6_000)));
        assert!(!path.handle_answer(8, address(6_001)));
        assert!(!path.handle_answer(8, address(5_000)));
        assert_eq!(path.address(), Some(address(5_000)));
        assert!(path.handle_answer(8, address(6_000)));
        assert!(!path.handle_answer(8, address(6_000)), "it is used up");
    }

    #[test]
    fn at_most_three_times_what_came_is_sent() {
        for came in [30, 38, 76, 1_472] {
            let mut path = PathValidation::new(address(40_000));
            path.handle_datagram(0, address(5_000), came, at(0), || Some(7));
            let mut sent = 0;
            for ms in 0..100_000 {
                if path.poll_challenge(CHALLENGE, at(ms)).is_some() {
                    sent += CHALLENGE;
                }
                if ms % 10 == 0 && path.may_answer(address(5_000), 20) {
                    sent += 20;
                }
            }
            assert!(
                sent <= 3 * came && sent + CHALLENGE > 3 * came,
                "{sent} for {came}"
            );
            assert_eq!(path.poll_timeout(CHALLENGE), None, "and nothing is waited for");
            // More comes, more may be sent.
            path.handle_datagram(1, address(5_000), came, at(100_000), || unreachable!());
            assert!(path.poll_challenge(CHALLENGE, at(100_000)).is_some());
        }
    }

    #[test]
    fn a_challenge_is_repeated_at_growing_intervals() {
        let mut path = PathValidation::new(address(40_000));
        path.handle_datagram(0, address(5_000), 60_000, at(0), || Some(7));
        let mut sent = Vec::new();
        for ms in 0..3_200 {
            assert_eq!(
                path.poll_timeout(CHALLENGE).unwrap().at <= at(ms),
                path.poll_challenge(CHALLENGE, at(ms)).is_some_and(|_| {
                    sent.push(ms);
                    true
                })
            );
        }
        assert_eq!(sent, [0, 100, 300, 700, 1_500, 3_100]);
    }

    #[test]
    fn a_copy_that_overtakes_and_what_is_overtaken_turn_nothing() {
        let mut path = known(5_000);
        path.handle_datagram(1, address(6_000), 100, at(1), || Some(8));
        path.poll_challenge(CHALLENGE, at(1));
        path.handle_datagram(2, address(5_000), 100, at(2), || unreachable!());
        assert!(
            !path.handle_answer(8, address(6_000)),
            "it is where it was, which is newer"
        );
        path.handle_datagram(1, address(6_000), 100, at(3), || panic!("it is old"));
        assert_eq!(path.poll_challenge(CHALLENGE, at(3)), None);
        path.handle_datagram(u64::MAX, address(6_000), usize::MAX, at(4), || None);
        assert_eq!(
            path.poll_challenge(CHALLENGE, at(4)),
            None,
            "no chance, no question"
        );
    }
}
