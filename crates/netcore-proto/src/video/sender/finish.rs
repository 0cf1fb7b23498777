//! How frames end, each with exactly one result, and what the path is learnt to be from that.

use super::in_flight::InFlight;
use super::reported::Reported;
use super::{Sender, Waiting};
use crate::ground::{Span, Time, Transport};
use crate::link::{Acked, RoundTrip};
use crate::video::result::{DropReason, FrameOutcome, FrameResult, LossReason};

/// Results that are not taken are forgotten from the oldest on.
const MAX_RESULTS: usize = 4_096;

/// How frames end, and what is learnt from that.
impl Sender {
    pub(super) fn acked(&mut self, at: usize, reported: Reported, now: Time) {
        let Some(sent) = self.in_flight.get(at) else {
            return;
        };
        let (first_out, last_out) = (sent.first_out.unwrap_or(now), sent.last_out.unwrap_or(now));
        let delay = now.since(first_out).saturating_sub(reported.hold);
        let sample = now.since(last_out).saturating_sub(reported.hold);
        // A frame that needed a fragment again was whole later than its path is long (Karn's algorithm). A prompt in vain changes
        // nothing: the answer to it says how long the frame has been there.
        if reported.lost == 0 || self.round_trip.is_none_or(|known| sample < known.smoothed) {
            self.round_trip = Some(RoundTrip::after(self.round_trip, sample));
        }
        if sent.transport == self.transport {
            let acked = Acked {
                bytes: sent.frame.bytes().len() as u32,
                fragments: sent.fragments,
                lost: u32::from(reported.lost),
                first_out,
                last_out: sent.fragments_out.unwrap_or(last_out),
                whole: reported.whole,
                hold: reported.hold,
                spread: Span::from_micros(u64::from(reported.spread_us)),
                train: Span::from_micros(u64::from(reported.train_us)),
            };
            self.control.handle_acked(&acked, now);
            self.note_passed(now - reported.hold);
        }
        let queueing = self.control.queueing().unwrap_or_default();
        self.window.handle_delay(delay, queueing, now);
        self.finish(
            at,
            FrameOutcome::Acked {
                delay,
                hold: reported.hold.min(now.since(first_out)),
            },
            Some(reported),
            now,
        );
    }

    pub(super) fn finish(&mut self, at: usize, outcome: FrameOutcome, reported: Option<Reported>, now: Time) {
        let Some(sent) = self.in_flight.remove(at) else {
            return;
        };
        if sent.transport == self.transport && sent.transport == Transport::Udp {
            match outcome {
                FrameOutcome::Delivered => self.note_passed(now),
                FrameOutcome::Lost(LossReason::Overtaken) => {
                    let share = f64::from(sent.asked.min(sent.fragments)) / f64::from(sent.fragments);
                    self.control.handle_lost(share, now);
                }
                FrameOutcome::Lost(LossReason::Unanswered) => self.control.handle_lost(1.0, now),
                _ => {}
            }
        }
        self.conclude(&sent, outcome, reported, now);
    }

    /// Ends frames of which nothing more is to be expected. It is no evidence of a full path, so the target stays what it is.
    pub(super) fn give_up(&mut self, is_hopeless: impl Fn(&InFlight) -> bool, now: Time) {
        while let Some(at) = self.in_flight.iter().position(&is_hopeless) {
            if let Some(sent) = self.in_flight.remove(at) {
                self.conclude(&sent, FrameOutcome::Lost(LossReason::Unanswered), None, now);
            }
        }
    }

    fn conclude(&mut self, sent: &InFlight, outcome: FrameOutcome, reported: Option<Reported>, now: Time) {
        let header = sent.frame.header();
        self.push_result(FrameResult {
            frame: header.frame,
            bytes: sent.frame.bytes().len() as u32,
            transport: sent.transport,
            captured: header.captured,
            encode_us: header.encode_us,
            offered: sent.offered,
            first_out: sent.first_out,
            last_out: sent.last_out,
            received_whole: reported.map(|reported| reported.whole),
            spread_us: reported.map(|reported| reported.spread_us),
            finished: now,
            retransmits: sent.retransmits,
            outcome,
        });
    }

    pub(super) fn drop_waiting(&mut self, waiting: &Waiting, reason: DropReason, now: Time) {
        let header = waiting.frame.header();
        self.push_result(FrameResult {
            frame: header.frame,
            bytes: waiting.frame.bytes().len() as u32,
            transport: self.transport,
            captured: header.captured,
            encode_us: header.encode_us,
            offered: waiting.offered,
            first_out: None,
            last_out: None,
            received_whole: None,
            spread_us: None,
            finished: now,
            retransmits: 0,
            outcome: FrameOutcome::Dropped(reason),
        });
    }

    fn push_result(&mut self, result: FrameResult) {
        if self.results.len() >= MAX_RESULTS {
            self.results.pop_front();
        }
        self.results.push_back(result);
    }

    /// A frame and all before it are known to have arrived.
    pub(super) fn note_passed(&mut self, heard: Time) {
        if let Some(least) = self.control.least_round_trip() {
            self.gate.handle_passed(heard, least);
        }
    }
}
