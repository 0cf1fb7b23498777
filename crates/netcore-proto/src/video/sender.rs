use std::collections::VecDeque;

use super::in_flight::InFlight;
use super::result::{DropReason, FrameOutcome, FrameResult, LossReason};
use super::window::{Window, WindowMode};
use super::{Ack, Fragment, Frame, Nack, TcpAck};
use crate::io::{Deadline, DeadlineReason};
use crate::units::{FrameNumber, Transport};
use crate::{Span, Time};

/// How often a frame without any answer is prompted for before it counts as lost.
const MAX_PROMPTS: u32 = 6;
/// So many prompts follow each other at the same distance: they are small, and a lost one holds the window up.
const QUICK_PROMPTS: u32 = 2;
/// A frame over UDP that has no acknowledgement after this long, and four round trips, is lost.
const EXPIRY: Span = Span::from_secs(1);
/// Added to the round trip before prompting: a receiver may be busy.
const PROMPT_SLACK: Span = Span::from_millis(10);
/// Until a round trip is known.
const ASSUMED_ROUND_TRIP: Span = Span::from_millis(50);
/// A frame's parts are sent again at most this many times as often as it has parts, whatever is asked for.
const MAX_RESENDS_PER_PART: u32 = 3;
/// Results nobody has taken are forgotten from the oldest on.
const MAX_RESULTS: usize = 4_096;

/// How a [`Sender`] works.
#[derive(Clone, Copy, Debug)]
pub struct SenderConfig {
    /// What carries the frames at first.
    pub transport: Transport,
    /// How many unacknowledged frames may be on their way.
    pub window: WindowMode,
    /// Bytes of a frame in one datagram.
    pub fragment_bytes: u16,
}

/// The sending end of one stream to one neighbour, over both transports.
///
/// A frame goes *offered → waiting → in flight → finished*. Only one frame waits: a newer one takes its place. What became
/// of each frame comes out of [`poll_result`](Sender::poll_result), exactly once.
#[derive(Debug)]
pub struct Sender {
    transport: Transport,
    fragment_bytes: u16,
    window: Window,
    waiting: Option<Waiting>,
    /// Oldest first.
    in_flight: VecDeque<InFlight>,
    /// Parts asked for again, frame and index.
    resend: VecDeque<(FrameNumber, u16)>,
    round_trip: Option<Span>,
    /// The latest frame put on its way, over either transport.
    newest: Option<FrameNumber>,
    results: VecDeque<FrameResult>,
}

/// What an acknowledgement tells of its frame, whichever transport brought it.
#[derive(Clone, Copy, Debug)]
struct Told {
    whole: Time,
    hold: Span,
    spread_us: u32,
}

#[derive(Debug)]
struct Waiting {
    frame: Frame,
    offered: Time,
}

impl Default for SenderConfig {
    /// UDP in datagrams that any path takes, with an adaptive window.
    fn default() -> SenderConfig {
        SenderConfig {
            transport: Transport::Udp,
            window: WindowMode::Adaptive,
            fragment_bytes: 1_150,
        }
    }
}

impl Sender {
    /// A sender with nothing to send.
    pub fn new(config: SenderConfig) -> Sender {
        Sender {
            transport: config.transport,
            fragment_bytes: config.fragment_bytes.max(Fragment::MIN_SIZE),
            window: Window::new(config.window),
            waiting: None,
            in_flight: VecDeque::new(),
            resend: VecDeque::new(),
            round_trip: None,
            newest: None,
            results: VecDeque::new(),
        }
    }

    /// What carries the frames that are not on their way yet.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// The smoothed round trip, last byte out to acknowledgement; unknown at first.
    pub fn round_trip(&self) -> Option<Span> {
        self.round_trip
    }

    /// Frames on their way without an acknowledgement.
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// From the next frame on, use this transport. Frames on their way are still acknowledged over the other.
    pub fn set_transport(&mut self, transport: Transport) {
        self.transport = transport;
    }

    /// From the next frame on, put this many bytes of a frame into one datagram.
    pub fn set_fragment_bytes(&mut self, bytes: u16) {
        self.fragment_bytes = bytes.max(Fragment::MIN_SIZE);
    }

    /// A new frame. One that still waited is dropped for it.
    pub fn handle_frame(&mut self, frame: Frame, now: Time) {
        if let Some(older) = self.waiting.replace(Waiting { frame, offered: now }) {
            self.window.handle_limited();
            self.drop_waiting(&older, DropReason::Superseded, now);
        }
    }

    /// The frame to write to the TCP connection now, if there is one and the window is open. Call it when the socket can
    /// take bytes, and [`handle_written`](Sender::handle_written) when the last of the frame's are in it.
    pub fn poll_frame(&mut self, now: Time) -> Option<Frame> {
        if self.transport != Transport::Tcp {
            return None;
        }
        let sent = self.promote(now)?;
        sent.first_out = Some(now);
        Some(sent.frame.clone())
    }

    /// The last byte of a frame from [`poll_frame`](Sender::poll_frame) has been written.
    pub fn handle_written(&mut self, frame: FrameNumber, now: Time) {
        if let Some(sent) = self
            .in_flight
            .iter_mut()
            .find(|sent| sent.frame.header().frame == frame)
        {
            sent.last_out = Some(now);
        }
    }

    /// The next fragment to send in a datagram, those asked for again first.
    pub fn poll_fragment(&mut self, now: Time) -> Option<Fragment> {
        while let Some((frame, index)) = self.resend.pop_front() {
            let sent = self
                .in_flight
                .iter_mut()
                .find(|sent| sent.frame.header().frame == frame);
            if let Some(sent) = sent {
                sent.retransmits += 1;
                sent.prompted = now;
                return Some(sent.fragment(index, sent.retransmits.min(255) as u8));
            }
        }
        let is_unfinished = |sent: &InFlight| sent.transport == Transport::Udp && sent.next_part < sent.parts;
        let sent = match self.in_flight.iter().position(is_unfinished) {
            Some(at) => self.in_flight.get_mut(at)?,
            None if self.transport == Transport::Udp => self.promote(now)?,
            None => return None,
        };
        let index = sent.next_part as u16;
        sent.next_part += 1;
        sent.first_out.get_or_insert(now);
        if sent.next_part == sent.parts {
            sent.last_out = Some(now);
            sent.prompted = now;
        }
        Some(sent.fragment(index, 0))
    }

    /// An acknowledgement from a TCP connection.
    pub fn handle_tcp_ack(&mut self, ack: &TcpAck, now: Time) {
        if let Some(at) = self.position(ack.frame, Transport::Tcp) {
            let told = Told {
                whole: ack.whole,
                hold: Span::from_micros(u64::from(ack.hold_us)),
                spread_us: ack.spread_us,
            };
            self.acked(at, told, now);
        }
    }

    /// An acknowledgement from a datagram. Frames before it that the receiver does not have are lost.
    pub fn handle_ack(&mut self, ack: &Ack, now: Time) {
        // What was never sent cannot have arrived, whatever the other side says.
        if self.newest.is_none_or(|newest| ack.frame.is_newer_than(newest)) {
            return;
        }
        if let Some(at) = self.position(ack.frame, Transport::Udp) {
            let told = Told {
                whole: ack.whole,
                hold: Span::from_micros(u64::from(ack.hold_us)),
                spread_us: ack.spread_us,
            };
            self.acked(at, told, now);
        }
        let mut at = 0;
        while at < self.in_flight.len() {
            let sent = &self.in_flight[at];
            let number = sent.frame.header().frame;
            if sent.transport != Transport::Udp || !ack.frame.is_newer_than(number) {
                at += 1;
                continue;
            }
            let is_there = match ack.frame.since(number) {
                behind @ 1..=32 => ack.recent >> (behind - 1) & 1 == 1,
                _ => false,
            };
            let outcome = if is_there {
                FrameOutcome::Delivered
            } else {
                FrameOutcome::Lost(LossReason::Overtaken)
            };
            self.finish(at, outcome, None, now);
        }
    }

    /// The receiver asks for parts again.
    pub fn handle_nack(&mut self, nack: &Nack, now: Time) {
        let Some(at) = self.position(nack.frame, Transport::Udp) else {
            return;
        };
        let sent = &mut self.in_flight[at];
        if !sent.is_new_request(nack.serial) {
            return;
        }
        // The receiver is there, so it need not be prompted yet.
        sent.prompted = now;
        let before = self.resend.len();
        let mut from = 0;
        for (first, count) in &nack.missing {
            // Runs come in order, and only what has been sent can be missing.
            let run =
                u32::from(*first).max(from)..(u32::from(*first) + u32::from(*count)).min(sent.next_part);
            from = from.max(run.end);
            for index in run {
                if sent.resends_left == 0 {
                    return;
                }
                sent.resends_left -= 1;
                self.resend.push_back((nack.frame, index as u16));
            }
        }
        let asked = self.resend.len() - before;
        sent.asked += asked as u32;
        for _ in 0..sent.spare_copies() {
            for at in before..before + asked {
                if sent.resends_left == 0 {
                    return;
                }
                sent.resends_left -= 1;
                self.resend.push_back(self.resend[at]);
            }
        }
    }

    /// The TCP connection has ended: what was on its way over it is lost.
    pub fn handle_disconnected(&mut self, now: Time) {
        while let Some(at) = self
            .in_flight
            .iter()
            .position(|sent| sent.transport == Transport::Tcp)
        {
            self.finish(at, FrameOutcome::Lost(LossReason::Disconnected), None, now);
        }
    }

    /// The stream is over: everything unfinished gets its result.
    pub fn handle_stopped(&mut self, now: Time) {
        if let Some(waiting) = self.waiting.take() {
            self.drop_waiting(&waiting, DropReason::Stopped, now);
        }
        while !self.in_flight.is_empty() {
            self.finish(0, FrameOutcome::Lost(LossReason::Disconnected), None, now);
        }
    }

    /// What became of the next frame.
    pub fn poll_result(&mut self) -> Option<FrameResult> {
        self.results.pop_front()
    }

    /// When to call [`handle_timeout`](Sender::handle_timeout).
    pub fn poll_timeout(&self) -> Option<Deadline> {
        let waits = |sent: &&InFlight| sent.transport == Transport::Udp && sent.last_out.is_some();
        let at = self
            .in_flight
            .iter()
            .filter(waits)
            .map(|sent| (sent.prompted + self.patience(sent.prompts)).min(self.expires(sent)))
            .min()?;
        Some(Deadline {
            at,
            reason: DeadlineReason::Acknowledgement,
        })
    }

    /// Prompts the receiver of frames that have no answer, by sending their last part again, and gives up the oldest.
    pub fn handle_timeout(&mut self, now: Time) {
        let mut at = 0;
        while at < self.in_flight.len() {
            let patience = self.patience(self.in_flight[at].prompts);
            let expires = self.expires(&self.in_flight[at]);
            let sent = &mut self.in_flight[at];
            if sent.transport != Transport::Udp || sent.last_out.is_none() {
                at += 1;
                continue;
            }
            if expires <= now || sent.prompts >= MAX_PROMPTS && sent.prompted + patience <= now {
                self.finish(at, FrameOutcome::Lost(LossReason::Unanswered), None, now);
                continue;
            }
            if sent.prompted + patience <= now {
                sent.prompts += 1;
                sent.prompted = now;
                self.resend
                    .push_back((sent.frame.header().frame, (sent.parts - 1) as u16));
            }
            at += 1;
        }
    }

    /// Puts the waiting frame on its way if the window is open.
    fn promote(&mut self, now: Time) -> Option<&mut InFlight> {
        if self.in_flight.len() >= self.window.frames() {
            return None;
        }
        let Waiting { frame, offered } = self.waiting.take()?;
        self.newest = Some(frame.header().frame);
        let mut size = self.fragment_bytes;
        let length = frame.bytes().len() as u32;
        // A part's number has 16 bits.
        if Fragment::count(length, size) > 1 << 16 {
            size = length.div_ceil(1 << 16) as u16;
        }
        let parts = Fragment::count(length, size);
        self.in_flight.push_back(InFlight {
            parts,
            resends_left: parts * MAX_RESENDS_PER_PART,
            asked: 0,
            request: 0,
            answered: 0,
            frame,
            offered,
            transport: self.transport,
            first_out: None,
            last_out: None,
            size,
            next_part: 0,
            retransmits: 0,
            prompts: 0,
            prompted: now,
        });
        self.in_flight.back_mut()
    }

    fn position(&self, frame: FrameNumber, transport: Transport) -> Option<usize> {
        let is_it = |sent: &InFlight| sent.frame.header().frame == frame && sent.transport == transport;
        // A frame that has not left cannot have been received, whatever the other side says.
        self.in_flight
            .iter()
            .position(|sent| is_it(sent) && sent.first_out.is_some())
    }

    fn acked(&mut self, at: usize, told: Told, now: Time) {
        let sent = &self.in_flight[at];
        let hold = told.hold;
        let delay = now.since(sent.first_out.unwrap_or(now)).saturating_sub(hold);
        let sample = now.since(sent.last_out.unwrap_or(now)).saturating_sub(hold);
        self.round_trip = Some(match self.round_trip {
            // Which copy was acknowledged is not known, so the time is an upper bound (Karn's algorithm, with its use).
            Some(before) if sent.retransmits > 0 => before.min(sample),
            Some(before) => Span::from_micros((before.as_micros() * 7 + sample.as_micros()) / 8),
            None => sample,
        });
        self.window.handle_delay(delay, now);
        self.finish(
            at,
            FrameOutcome::Acked {
                delay,
                hold: hold.min(now.since(sent.first_out.unwrap_or(now))),
            },
            Some(told),
            now,
        );
    }

    fn finish(&mut self, at: usize, outcome: FrameOutcome, told: Option<Told>, now: Time) {
        let Some(sent) = self.in_flight.remove(at) else {
            return;
        };
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
            received_whole: told.map(|told| told.whole),
            spread_us: told.map(|told| told.spread_us),
            finished: now,
            retransmits: sent.retransmits,
            outcome,
        });
    }

    fn drop_waiting(&mut self, waiting: &Waiting, reason: DropReason, now: Time) {
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

    /// When a frame over UDP that nobody answers for is lost.
    fn expires(&self, sent: &InFlight) -> Time {
        sent.last_out.unwrap_or(sent.prompted) + EXPIRY + self.assumed_round_trip().times(4)
    }

    fn assumed_round_trip(&self) -> Span {
        self.round_trip.unwrap_or(ASSUMED_ROUND_TRIP)
    }

    /// How long to wait for an answer after so many prompts: doubling in the end (RFC 9002, section 6.2.1).
    fn patience(&self, prompts: u32) -> Span {
        let once = Span::from_micros(self.assumed_round_trip().as_micros() * 3 / 2) + PROMPT_SLACK;
        once.times(1 << prompts.min(MAX_PROMPTS).saturating_sub(QUICK_PROMPTS))
    }
}
