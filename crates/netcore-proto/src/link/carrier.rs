//! Whether datagrams get through to a peer, and what carries frames while they do not.

use crate::ground::{Deadline, DeadlineReason, Span, Time, Transport};

/// Frames that are answered by nothing for so long go over TCP.
const SILENCE: Span = Span::from_secs(2);
/// Whether datagrams get through again is asked after this long; after each question in vain, and each return that did not
/// last, twice as long, up to the second.
const ASK_AFTER: (Span, Span) = (Span::from_secs(10), Span::from_secs(60));
/// A return that has lasted for so long is a good one: the next pause is the shortest again.
const LASTING: Span = Span::from_secs(60);

/// Decides what carries frames to one peer that are meant to go by UDP.
///
/// Networks of schools and firms often let no UDP through, or cease to. Datagrams that bring no answer at all, of whatever kind,
/// for [two seconds](SILENCE) mean that; loss means nothing as long as anything is answered. Then frames go by TCP, and now and
/// then a datagram asks whether it is still so. Any answer brings them back, at once if they had got through for long; where small
/// datagrams pass and frames do not, they come back ever more rarely.
#[derive(Debug)]
pub struct Carrier {
    state: State,
    /// The pause before the next question, once datagrams do not get through.
    pause: Span,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Datagrams get through, as far as is known.
    Udp {
        /// Since when frames have left without any answer.
        unanswered: Option<Time>,
        /// Since when they do again, if they ever did not.
        back: Option<Time>,
    },
    /// They do not.
    Tcp {
        /// When to ask again.
        ask_at: Time,
        /// An answer before then brings them not back.
        earliest: Time,
    },
}

impl Carrier {
    /// Datagrams are taken to get through at first.
    pub fn new() -> Carrier {
        Carrier {
            state: State::Udp {
                unanswered: None,
                back: None,
            },
            pause: ASK_AFTER.0,
        }
    }

    /// What carries frames that are meant to go by UDP.
    pub fn transport(&self) -> Transport {
        match self.state {
            State::Udp { .. } => Transport::Udp,
            State::Tcp { .. } => Transport::Tcp,
        }
    }

    /// A frame's datagrams leave.
    pub fn handle_sent(&mut self, now: Time) {
        if let State::Udp { unanswered, .. } = &mut self.state {
            unanswered.get_or_insert(now);
        }
    }

    /// A datagram came that answers one of ours. Returns whether frames go by UDP again because of that.
    pub fn handle_answered(&mut self, now: Time) -> bool {
        match &mut self.state {
            State::Udp { unanswered, .. } => {
                *unanswered = None;
                false
            }
            State::Tcp { earliest, .. } if *earliest <= now => {
                self.state = State::Udp {
                    unanswered: None,
                    back: Some(now),
                };
                true
            }
            State::Tcp { .. } => false,
        }
    }

    /// When to call [`handle_timeout`](Carrier::handle_timeout).
    pub fn poll_timeout(&self) -> Option<Deadline> {
        let at = match self.state {
            State::Udp { unanswered, .. } => unanswered? + SILENCE,
            State::Tcp { ask_at, .. } => ask_at,
        };
        Some(Deadline {
            at,
            reason: DeadlineReason::Silence,
        })
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Time) -> Option<CarrierAction> {
        match self.state {
            State::Udp {
                unanswered: Some(sent),
                back,
            } if sent + SILENCE <= now => {
                let has_lasted = back.is_none_or(|back| sent.since(back) >= LASTING);
                if has_lasted {
                    self.pause = ASK_AFTER.0;
                }
                let ask_at = now + self.take_pause();
                let earliest = if has_lasted { now } else { ask_at };
                self.state = State::Tcp { ask_at, earliest };
                Some(CarrierAction::FallBack)
            }
            State::Tcp { ask_at, earliest } if ask_at <= now => {
                let ask_at = now + self.take_pause();
                self.state = State::Tcp { ask_at, earliest };
                Some(CarrierAction::SendHello)
            }
            _ => None,
        }
    }

    /// The pause before the next question. The one after that is longer.
    fn take_pause(&mut self) -> Span {
        let longer = self.pause.times(2).min(ASK_AFTER.1);
        std::mem::replace(&mut self.pause, longer)
    }
}

impl Default for Carrier {
    fn default() -> Carrier {
        Carrier::new()
    }
}

/// What is to be done when a time has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CarrierAction {
    /// Nothing was answered for too long: send frames by TCP from now on.
    FallBack,
    /// Ask by a hello whether datagrams get through again.
    SendHello,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time::ZERO + Span::from_millis(ms)
    }

    /// Sends a frame every 33 ms in this stretch; those times are answered that `is_answered` says. Returns when frames left UDP
    /// and when it was asked.
    fn drive(
        carrier: &mut Carrier,
        ms: std::ops::Range<u64>,
        is_answered: impl Fn(u64) -> bool,
    ) -> (Vec<u64>, Vec<u64>) {
        let (mut fallbacks, mut hellos) = (Vec::new(), Vec::new());
        for ms in ms {
            let due = carrier
                .poll_timeout()
                .is_some_and(|deadline| deadline.at <= at(ms));
            let action = carrier.handle_timeout(at(ms));
            assert_eq!(due, action.is_some(), "it is called in time");
            let is_sent = ms % 33 == 0 && carrier.transport() == Transport::Udp;
            if is_sent {
                carrier.handle_sent(at(ms));
            }
            if (is_sent || action == Some(CarrierAction::SendHello)) && is_answered(ms) {
                carrier.handle_answered(at(ms));
            }
            match action {
                Some(CarrierAction::FallBack) => fallbacks.push(ms),
                Some(CarrierAction::SendHello) => hellos.push(ms),
                None => {}
            }
        }
        (fallbacks, hellos)
    }

    #[test]
    fn two_seconds_without_an_answer_end_it_and_an_answer_brings_it_back() {
        let mut carrier = Carrier::new();
        let blocked = |ms| (1_000..25_000).contains(&ms);
        let (fallbacks, hellos) = drive(&mut carrier, 0..40_000, |ms| !blocked(ms));
        assert_eq!(
            fallbacks,
            [1_023 + 2_000],
            "the first unanswered frame left at 1,023"
        );
        assert_eq!(hellos, [13_023, 33_023]);
        assert_eq!(carrier.transport(), Transport::Udp);
    }

    #[test]
    fn questions_become_rare_and_a_return_that_does_not_last_makes_them_no_more_frequent() {
        let mut carrier = Carrier::new();
        let (fallbacks, hellos) = drive(&mut carrier, 0..300_000, |_| false);
        assert_eq!(fallbacks, [2_000]);
        assert_eq!(hellos, [12_000, 32_000, 72_000, 132_000, 192_000, 252_000]);
    }

    #[test]
    fn where_only_small_datagrams_pass_frames_come_back_ever_more_rarely() {
        let mut carrier = Carrier::new();
        let mut fallbacks = Vec::new();
        for ms in 0..300_000 {
            if carrier.handle_timeout(at(ms)) == Some(CarrierAction::FallBack) {
                fallbacks.push(ms);
            }
            match carrier.transport() {
                Transport::Udp => carrier.handle_sent(at(ms)),
                // The peer says hello twice a second, and is answered.
                Transport::Tcp if ms % 500 == 0 => drop(carrier.handle_answered(at(ms))),
                Transport::Tcp => {}
            }
        }
        let pauses: Vec<u64> = fallbacks
            .windows(2)
            .map(|pair| (pair[1] - pair[0]) / 1_000)
            .collect();
        assert_eq!(pauses, [2, 22, 62, 62, 62, 62], "{fallbacks:?}");
    }

    #[test]
    fn a_good_return_forgets_how_long_it_took() {
        let mut carrier = Carrier::new();
        drive(&mut carrier, 0..200_000, |_| false);
        drive(&mut carrier, 200_000..400_000, |_| true);
        assert_eq!(carrier.transport(), Transport::Udp);
        let (fallbacks, hellos) = drive(&mut carrier, 400_000..420_000, |_| false);
        assert_eq!((fallbacks.len(), hellos[0] - fallbacks[0]), (1, 10_000));
    }

    #[test]
    fn loss_and_an_idle_stream_mean_nothing() {
        let mut carrier = Carrier::new();
        // Nine in ten frames bring no answer.
        let (fallbacks, _) = drive(&mut carrier, 0..60_000, |ms| ms % 330 == 0);
        assert!(fallbacks.is_empty());
        carrier.handle_answered(at(60_000));
        assert_eq!(
            carrier.poll_timeout(),
            None,
            "nothing is sent, nothing is waited for"
        );
        assert_eq!(carrier.handle_timeout(at(1_000_000)), None);
    }
}
