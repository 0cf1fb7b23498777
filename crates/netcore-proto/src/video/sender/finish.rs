//! How frames end, each with exactly one result, and what the path is learnt to be from that.

use super::ack_report::AckReport;
use super::in_flight::InFlight;
use super::{Sender, Waiting};
use crate::ground::{Span, Time, Transport};
use crate::link::{Acked, RoundTrip};
use crate::video::result::{DropReason, FrameOutcome, FrameResult, LossReason};

/// Results that are not taken are forgotten from the oldest on.
const MAX_RESULTS: usize = 4_096;

/// How frames end, and what is learnt from that.
impl Sender {
    pub(super) fn acked(&mut self, at: usize, report: AckReport, now: Time) {
        let Some(sent) = self.in_flight.get(at) else {
            return;
        };
        let (first_out, last_out) = (sent.first_out.unwrap_or(now), sent.last_out.unwrap_or(now));
        let delay = now.since(first_out).saturating_sub(report.hold);
        let sample = now.since(last_out).saturating_sub(report.hold);
        // A frame that needed a fragment again was whole later than its path is long (Karn's algorithm). A prompt in vain changes
        // nothing: the answer to it says how long the frame has been there.
        if report.lost == 0 || self.round_trip.is_none_or(|known| sample < known.smoothed) {
            self.round_trip = Some(RoundTrip::after(self.round_trip, sample));
        }
        if sent.transport == self.transport {
            let acked = Acked {
                bytes: sent.frame.bytes().len() as u32,
                fragments: sent.fragments,
                lost: u32::from(report.lost),
                first_out,
                last_out: sent.fragments_out.unwrap_or(last_out),
                whole: report.whole,
                hold: report.hold,
                spread: Span::from_micros(u64::from(report.spread_us)),
                train: Span::from_micros(u64::from(report.train_us)),
            };
            self.control.handle_acked(&acked, now);
            self.note_passed(now - report.hold);
        }
        let queueing = self.control.queueing().unwrap_or_default();
        self.window.handle_delay(delay, queueing, now);
        self.finish(
            at,
            FrameOutcome::Acked {
                delay,
                hold: report.hold.min(now.since(first_out)),
            },
            Some(report),
            now,
        );
    }

    pub(super) fn finish(&mut self, at: usize, outcome: FrameOutcome, report: Option<AckReport>, now: Time) {
        let Some(sent) = self.in_flight.remove(at) else {
            return;
        };
        if sent.transport == self.transport && sent.transport == Transport::Udp {
            match outcome {
                FrameOutcome::Delivered => self.note_passed(now),
                FrameOutcome::Lost(LossReason::Overtaken) => {
                    let share = f64::from(sent.retransmission.requested.min(sent.fragments))
                        / f64::from(sent.fragments);
                    self.control.handle_lost(share, now);
                }
                FrameOutcome::Lost(LossReason::Unanswered) => self.control.handle_lost(1.0, now),
                _ => {}
            }
        }
        self.conclude(&sent, outcome, report, now);
    }

    pub(super) fn conclude(
        &mut self,
        sent: &InFlight,
        outcome: FrameOutcome,
        report: Option<AckReport>,
        now: Time,
    ) {
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
            received_whole: report.map(|report| report.whole),
            spread_us: report.map(|report| report.spread_us),
            finished: now,
            retransmits: sent.retransmission.count,
            outcome,
        });
    }

    pub(super) fn drop_waiting(&mut self, waiting: &Waiting, reason: DropReason, now: Time) {
        let header = waiting.frame.header();
        let bytes = waiting.frame.bytes().len() as u32;
        let outcome = FrameOutcome::Dropped(reason);
        self.push_result(FrameResult {
            captured: header.captured,
            encode_us: header.encode_us,
            offered: waiting.offered,
            ..FrameResult::unsent(header.frame, bytes, self.transport, now, outcome)
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
            self.bottleneck.handle_passed(heard, least);
        }
    }
}
