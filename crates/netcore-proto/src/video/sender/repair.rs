//! What is sent again: fragments on request, and prompts for answers that do not come.

use super::Sender;
use super::in_flight::InFlight;
use crate::ground::arithmetic::Grow;
use crate::ground::{Deadline, DeadlineReason, Span, Time, Transport};
use crate::video::Nack;
use crate::video::result::{FrameOutcome, LossReason};

/// How often a frame without any answer is prompted for before it counts as lost.
const MAX_PROMPTS: u32 = 6;
/// So many prompts follow each other at the same distance: they are small, and a lost one holds the window up.
const QUICK_PROMPTS: u32 = 2;
/// A frame over UDP that has no acknowledgement after this long, and four round trips, is lost.
const EXPIRY: Span = Span::from_secs(1);
/// A frame over UDP that is still leaving after this long is lost: its receiver waits for no frame beyond 2 s.
const LONGEST_LEAVE: Span = Span::from_secs(3);
/// Added to the round trip before prompting: a receiver may be busy.
const PROMPT_SLACK: Span = Span::from_millis(10);
/// Until a round trip is known.
const ASSUMED_ROUND_TRIP: Span = Span::from_millis(50);
/// A frame's fragments are sent again at most this many times as often as it has fragments, whatever is asked for.
pub(super) const MAX_RESENDS_PER_FRAGMENT: u32 = 3;

/// What is sent again: fragments that are asked for, and prompts for answers that do not come.
impl Sender {
    /// The receiver asks for fragments again.
    pub fn handle_nack(&mut self, nack: &Nack, now: Time) {
        let at = self.position(nack.frame, Transport::Udp);
        let Some(sent) = at.and_then(|at| self.in_flight.get_mut(at)) else {
            return;
        };
        if !self.acks.answers_requests() || !sent.is_new_request(nack.serial) {
            return;
        }
        // The receiver is there, so it need not be prompted yet.
        sent.prompted = now;
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
                if !sent.take_resend() {
                    return;
                }
                self.resend.push_back((serial, index as u16));
            }
        }
        let end = self.resend.len();
        sent.asked.grow_by(end.saturating_sub(before) as u32);
        // Copies of what a full path has lost would fill it more.
        let spare_copies = if self.control.has_room(now) {
            sent.spare_copies()
        } else {
            0
        };
        for _ in 0..spare_copies {
            for at in before..end {
                let Some(fragment) = self.resend.get(at).copied() else {
                    return;
                };
                if !sent.take_resend() {
                    return;
                }
                self.resend.push_back(fragment);
            }
        }
    }

    /// When to prompt for an answer or give a frame up.
    pub(super) fn prompt_deadline(&self) -> Option<Deadline> {
        let at = self
            .in_flight
            .iter()
            .filter(|sent| sent.transport == Transport::Udp)
            .map(|sent| match sent.last_out {
                Some(_) => (sent.prompted + self.patience(sent.prompts)).min(self.expires(sent)),
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
        // A frame of which fragments are missing cannot be mended without requests, so only a lost answer is worth prompting for.
        let most = if self.acks.answers_requests() {
            MAX_PROMPTS
        } else {
            QUICK_PROMPTS
        };
        let mut at = 0;
        while let Some(sent) = self.in_flight.get(at) {
            let is_udp = sent.transport == Transport::Udp;
            let is_due =
                is_udp && sent.last_out.is_some() && sent.prompted + self.patience(sent.prompts) <= now;
            if is_udp && self.expires(sent) <= now || is_due && sent.prompts >= most {
                self.finish(at, FrameOutcome::Lost(LossReason::Unanswered), None, now);
                continue;
            }
            if is_due && let Some(sent) = self.in_flight.get_mut(at) {
                sent.prompts.grow_by(1);
                sent.prompted = now;
                let last = sent.fragments.saturating_sub(1);
                self.resend.push_back((sent.serial, last as u16));
            }
            at = at.saturating_add(1);
        }
    }

    /// When a frame over UDP without an answer, or that does not get out, is lost.
    fn expires(&self, sent: &InFlight) -> Time {
        match sent.last_out {
            Some(last_out) => last_out + EXPIRY + self.assumed_round_trip().times(4),
            None => sent.first_out.unwrap_or(sent.prompted) + LONGEST_LEAVE,
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
