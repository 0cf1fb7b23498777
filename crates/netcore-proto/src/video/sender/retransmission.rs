//! Retransmission at the sender: what of a frame is sent again, how often, and when the frame is given up.
//!
//! | what happens | what is sent again |
//! |---|---|
//! | the receiver [requests](super::super::receiver) fragments | those, before any new one: twice, three times when more than a twentieth of the frame was requested, once when more than a quarter was or the path is full |
//! | a request comes once more | nothing: each counts once |
//! | a frame that has left is answered by nothing for a round trip and its variation | its last fragment, as a prompt: the receiver repeats a lost acknowledgement, or requests what it lacks (RFC 9002, section 6.2) |
//! | nothing still | another prompt, the first three at the same distance, then each after twice the time |
//! | fragments were sent again three times as often as the frame has fragments | nothing |
//!
//! A frame over UDP is given up, as [`LossReason::Unanswered`], after six prompts in vain (two when requests are not answered), a second and
//! four round trips after its last byte left, or when it has been leaving for 3 s. Before that an acknowledgement of a newer frame may show
//! that the receiver has [given it up](Sender::handle_ack). Over TCP nothing is sent again here.

use super::Sender;
use super::in_flight::InFlight;
use crate::ground::arithmetic::Grow;
use crate::ground::{Deadline, DeadlineReason, Span, Time, Transport};
use crate::video::result::{FrameOutcome, LossReason};
use crate::video::{Fragment, Nack};

/// How often a frame without any answer is prompted for before it counts as lost.
const MAX_PROMPTS: u32 = 6;
/// So many prompts follow each other at the same distance: they are small, and a lost one holds the window up.
const QUICK_PROMPTS: u32 = 2;
/// A frame over UDP that has no acknowledgement after this long, and four round trips, is lost.
const EXPIRY: Span = Span::from_secs(1);
/// A frame over UDP that is still leaving after this long is lost: its receiver waits for no frame beyond 2 s.
const LONGEST_DEPARTURE: Span = Span::from_secs(3);
/// Added to the round trip before prompting: a receiver may be busy.
const PROMPT_SLACK: Span = Span::from_millis(10);
/// Until a round trip is known.
const ASSUMED_ROUND_TRIP: Span = Span::from_millis(50);
/// A frame's fragments are sent again at most this many times as often as it has fragments, whatever is requested.
const MAX_RESENDS_PER_FRAGMENT: u32 = 3;
/// A fragment that is requested is sent twice at once, and three times when more than one fragment in the first number was
/// requested: a copy lost again would cost the frame another round trip. Beyond one fragment in the second number the path is rather
/// full than bad, and spare copies would make it worse.
const SPARE_COPIES: [u32; 2] = [20, 4];

/// What was requested of one frame, and what was sent again of it.
#[derive(Debug)]
pub(super) struct Retransmission {
    /// Fragments that may still be sent again.
    left: u32,
    /// How many fragments were sent again.
    pub(super) count: u32,
    /// How many fragments were requested.
    pub(super) requested: u32,
    /// Which requests were answered: bit *i* is that with the serial number `request` − *i*.
    request: u16,
    answered: u64,
    prompts: u32,
    /// When anything of the frame was last sent, or requested: the next prompt waits from then on.
    pub(super) active: Time,
}

impl Retransmission {
    /// For a frame of so many fragments, of which none was sent.
    pub(super) fn new(fragments: u32, now: Time) -> Retransmission {
        Retransmission {
            left: fragments.saturating_mul(MAX_RESENDS_PER_FRAGMENT),
            count: 0,
            requested: 0,
            request: 0,
            answered: 0,
            prompts: 0,
            active: now,
        }
    }

    /// How many more copies of a fragment are sent when it is requested, of a frame of so many fragments.
    fn spare_copies(&self, fragments: u32) -> u32 {
        let [few, many] = SPARE_COPIES;
        match self.requested {
            0 | 1 => 1,
            requested if requested.saturating_mul(few) <= fragments => 1,
            requested if requested.saturating_mul(many) <= fragments => 2,
            _ => 0,
        }
    }

    /// Takes one from the fragments that may still be sent again. Returns whether there was one.
    fn take_resend(&mut self) -> bool {
        let left = self.left.checked_sub(1);
        self.left = left.unwrap_or(0);
        left.is_some()
    }

    /// Notes a request by its serial number. Returns whether it is one that was not answered yet.
    fn is_new_request(&mut self, serial: u16) -> bool {
        let ahead = serial.wrapping_sub(self.request);
        if ahead < 1 << 15 {
            self.answered = self.answered.checked_shl(u32::from(ahead)).unwrap_or(0);
            self.request = serial;
        }
        let behind = self.request.wrapping_sub(serial);
        let bit = 1_u64.checked_shl(u32::from(behind)).unwrap_or(0);
        // One too old to be remembered was requested again since, if its fragments are still missing.
        let is_new = bit != 0 && self.answered & bit == 0;
        self.answered |= bit;
        is_new
    }
}

impl Sender {
    /// The receiver requests fragments again.
    pub fn handle_nack(&mut self, nack: &Nack, now: Time) {
        let at = self.position(nack.frame, Transport::Udp);
        let Some(sent) = at.and_then(|at| self.in_flight.get_mut(at)) else {
            return;
        };
        if !self.acks.answers_requests() || !sent.retransmission.is_new_request(nack.serial) {
            return;
        }
        // The receiver is there, so it need not be prompted yet.
        sent.retransmission.active = now;
        let serial = sent.serial;
        let before = self.resend.len();
        let mut from = 0;
        for (first, count) in &nack.missing {
            // Runs come in order, and only what has been sent can be missing.
            let first = u32::from(*first);
            let end = first.saturating_add(u32::from(*count)).min(sent.next_fragment);
            let run = first.max(from)..end;
            from = from.max(end);
            for index in run {
                if !sent.retransmission.take_resend() {
                    return;
                }
                self.resend.push_back((serial, index as u16));
            }
        }
        let end = self.resend.len();
        sent.retransmission
            .requested
            .grow_by(end.saturating_sub(before) as u32);
        // Copies of what a full path has lost would fill it more.
        let spare_copies = if self.control.has_room(now) {
            sent.retransmission.spare_copies(sent.fragments)
        } else {
            0
        };
        for _ in 0..spare_copies {
            for at in before..end {
                let Some(fragment) = self.resend.get(at).copied() else {
                    return;
                };
                if !sent.retransmission.take_resend() {
                    return;
                }
                self.resend.push_back(fragment);
            }
        }
    }

    /// The next fragment to send again, if any is to be.
    pub(super) fn next_retransmission(&mut self, now: Time) -> Option<Fragment> {
        let answers_requests = self.acks.answers_requests();
        while let Some((serial, index)) = self.resend.pop_front() {
            // A frame that has its result since is not sent again.
            let Some(sent) = self.in_flight.iter_mut().find(|sent| sent.serial == serial) else {
                continue;
            };
            let attempt = sent.retransmission.count.saturating_add(1).min(255) as u8;
            if let Some(fragment) = sent.fragment(self.stream, index, attempt, answers_requests) {
                sent.retransmission.count.grow_by(1);
                sent.retransmission.active = now;
                return Some(fragment);
            }
        }
        None
    }

    /// When to prompt for an answer or give a frame up.
    pub(super) fn prompt_deadline(&self) -> Option<Deadline> {
        let at = self
            .in_flight
            .iter()
            .filter(|sent| sent.transport == Transport::Udp)
            .map(|sent| match sent.last_out {
                Some(_) => self.next_prompt(sent).min(self.expires(sent)),
                None => self.expires(sent),
            })
            .min()?;
        Some(Deadline {
            at,
            reason: DeadlineReason::Acknowledgement,
        })
    }

    /// Prompts the receiver of frames that have no answer, by sending their last fragment again, and gives up the oldest.
    pub(super) fn prompt(&mut self, now: Time) {
        // A frame of which fragments are missing cannot be completed without requests, so only a lost answer is worth prompting for.
        let most = if self.acks.answers_requests() {
            MAX_PROMPTS
        } else {
            QUICK_PROMPTS
        };
        let mut at = 0;
        while let Some(sent) = self.in_flight.get(at) {
            let is_udp = sent.transport == Transport::Udp;
            let is_due = is_udp && sent.last_out.is_some() && self.next_prompt(sent) <= now;
            if is_udp && self.expires(sent) <= now || is_due && sent.retransmission.prompts >= most {
                self.finish(at, FrameOutcome::Lost(LossReason::Unanswered), None, now);
                continue;
            }
            if is_due && let Some(sent) = self.in_flight.get_mut(at) {
                sent.retransmission.prompts.grow_by(1);
                sent.retransmission.active = now;
                let last = sent.fragments.saturating_sub(1);
                self.resend.push_back((sent.serial, last as u16));
            }
            at = at.saturating_add(1);
        }
    }

    /// When to prompt for an answer to a frame that has left.
    fn next_prompt(&self, sent: &InFlight) -> Time {
        sent.retransmission.active + self.patience(sent.retransmission.prompts)
    }

    /// Ends frames of which nothing more is to be expected. It is no evidence of a full path, so the target stays what it is.
    pub(super) fn give_up(&mut self, is_hopeless: impl Fn(&InFlight) -> bool, now: Time) {
        while let Some(at) = self.in_flight.iter().position(&is_hopeless) {
            if let Some(sent) = self.in_flight.remove(at) {
                self.conclude(&sent, FrameOutcome::Lost(LossReason::Unanswered), None, now);
            }
        }
    }

    /// When a frame over UDP without an answer, or that does not get out, is lost.
    fn expires(&self, sent: &InFlight) -> Time {
        match sent.last_out {
            Some(last_out) => last_out + EXPIRY + self.assumed_round_trip().times(4),
            None => sent.first_out.unwrap_or(sent.retransmission.active) + LONGEST_DEPARTURE,
        }
    }

    fn assumed_round_trip(&self) -> Span {
        self.round_trip().unwrap_or(ASSUMED_ROUND_TRIP)
    }

    /// How long to wait for an answer after so many prompts: doubling in the end (RFC 9002, section 6.2.1).
    fn patience(&self, prompts: u32) -> Span {
        let variation = self.round_trip.map_or(Span::ZERO, |known| known.variation);
        let round_trip = self.assumed_round_trip().fraction::<3, 2>();
        let once = round_trip.max(self.assumed_round_trip() + variation.times(4)) + PROMPT_SLACK;
        once.times(1 << prompts.min(MAX_PROMPTS).saturating_sub(QUICK_PROMPTS))
    }
}
