//! The receiving end of a stream: what is acknowledged when, what is requested, and what is given up.
//!
//! ```text
//! datagrams                     Receiver                                      TCP connection
//!   fragment, parity ──> handle_fragment, handle_parity      handle_frame <── whole frame
//!                                │                                │           (acknowledged there)
//!                      incomplete frames (6 at most)              │
//!          whole ────────────────┼────────────────────────────────┤
//!            │                   │ gaps that are due              │ newer than all before
//!            v                   v                                v
//!      acknowledgement        request                         poll_arrival ──> window, recorder, viewers
//! ```
//!
//! **What is acknowledged when.** A frame from datagrams is acknowledged as soon as it is whole, before anything looks inside, whether its
//! fragments came or were computed from parity. Over TCP the connection acknowledges it before it comes here. A fragment that was sent
//! again and belongs to a frame that is here, or was given up, means that the sender has heard nothing: the acknowledgement is repeated,
//! at most every 5 ms.
//!
//! **What is requested.** Fragments that later ones have overtaken, or that the end of the frame leaves open, and again what is still
//! missing a round trip later: [`fragment_requests`] has the whole rule. What answers it is the sender's
//! [`retransmission`](super::sender).
//!
//! **What is given up.** Every incomplete frame older than one that is whole: the newest frame wins. Else one of which nothing has come for
//! three frame intervals, at least 150 ms and at most 2 s. And the oldest, when a new frame needs its place or its memory. Nothing is sent
//! about it: the next acknowledgement lacks its bit.
//!
//! **What comes out.** Whole frames, each newer than the one before, in [`poll_arrival`](Receiver::poll_arrival).

mod acknowledgements;
mod fragment_requests;
mod incomplete_frame;
mod request_timing;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use self::acknowledgements::{Acknowledgements, WholeFrame};
use self::incomplete_frame::{Effect, IncompleteFrame, Shape};
use self::request_timing::RequestTiming;
use super::{Fragment, Frame, FrameBuffers, Nack, Parity, StreamDatagram, parity};
use crate::ground::arithmetic::Grow;
use crate::ground::{Deadline, DeadlineReason, FrameNumber, Span, StreamId, Time, Transport};

/// The most frames that may be incomplete at a time.
const MAX_INCOMPLETE: usize = 6;
/// The most bytes that incomplete frames may take.
const MAX_INCOMPLETE_BYTES: usize = 2 * super::MAX_FRAME_BYTES;
/// A frame of which nothing more comes is waited for at least and at most this long, and three frame intervals in between.
/// One that still grows is not given up, however slow the link: there is nothing newer to show.
const EXPIRY: (Span, Span) = (Span::from_millis(150), Span::from_secs(2));

/// The receiving end of one stream from one peer, over both transports.
///
/// Feed it with [`handle_fragment`](Receiver::handle_fragment) and [`handle_frame`](Receiver::handle_frame); after each,
/// and whenever [`poll_timeout`](Receiver::poll_timeout) has come, empty [`poll_datagram`](Receiver::poll_datagram) and
/// [`poll_arrival`](Receiver::poll_arrival).
#[derive(Debug)]
pub struct Receiver {
    stream: StreamId,
    newest: Option<FrameNumber>,
    acks: Acknowledgements,
    incomplete: Vec<IncompleteFrame>,
    /// The most bytes that incomplete frames may take.
    memory: usize,
    buffers: FrameBuffers,
    outgoing: VecDeque<Outgoing>,
    arrivals: VecDeque<Arrival>,
    timing: RequestTiming,
    interval: Option<Span>,
    newest_at: Time,
    counts: ReceiverCounts,
}

#[derive(Debug)]
enum Outgoing {
    Ack(WholeFrame),
    Nack(Nack),
}

/// A frame that has arrived whole and is newer than all before it.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The frame.
    pub frame: Frame,
    /// What carried it.
    pub transport: Transport,
    /// When its first fragment came; for TCP the same as `whole`.
    pub first: Time,
    /// When it was whole.
    pub whole: Time,
    /// How many of its fragments were computed from parity.
    pub repaired: u32,
}

/// What a receiver has seen so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiverCounts {
    /// Whole frames that were shown to be the newest.
    pub frames: u64,
    /// Their bytes, headers included.
    pub bytes: u64,
    /// Whole frames that came after a newer one.
    pub late: u64,
    /// Frames of which only fragments came.
    pub incomplete: u64,
    /// Fragments that were here already, or contradicted what was.
    pub useless_fragments: u64,
    /// Fragments asked for again.
    pub asked_again: u64,
    /// Fragments computed from parity.
    pub repaired: u64,
}

impl Receiver {
    /// A receiver of `stream`.
    pub fn new(stream: StreamId) -> Receiver {
        Receiver {
            stream,
            newest: None,
            acks: Acknowledgements::default(),
            incomplete: Vec::new(),
            memory: MAX_INCOMPLETE_BYTES,
            buffers: FrameBuffers::new(),
            outgoing: VecDeque::new(),
            arrivals: VecDeque::new(),
            timing: RequestTiming::new(),
            interval: None,
            newest_at: Time::ZERO,
            counts: ReceiverCounts::default(),
        }
    }

    /// What it has seen so far.
    pub fn counts(&self) -> ReceiverCounts {
        self.counts
    }

    /// Bytes that incomplete frames take at present; never more than twice [`MAX_FRAME_BYTES`](super::MAX_FRAME_BYTES).
    pub fn incomplete_bytes(&self) -> usize {
        self.incomplete.iter().map(IncompleteFrame::buffered).sum()
    }

    /// From now on incomplete frames may take so many bytes, at most twice [`MAX_FRAME_BYTES`](super::MAX_FRAME_BYTES). Frames
    /// longer than that are not received.
    pub fn set_memory(&mut self, bytes: usize) {
        self.memory = bytes.min(MAX_INCOMPLETE_BYTES);
    }

    /// Sets the round trip to the peer, which decides when to request a fragment again.
    pub fn set_round_trip(&mut self, round_trip: Span) {
        self.timing.round_trip = round_trip;
    }

    /// A fragment of a frame, from a datagram.
    pub fn handle_fragment(&mut self, fragment: &Fragment<impl AsRef<[u8]>>, now: Time) {
        if self.is_past(fragment.frame) {
            self.counts.useless_fragments.grow_by(1);
            if fragment.attempt > 0 {
                let again = self.acks.repeat(fragment.frame, now);
                self.outgoing.extend(again.map(Outgoing::Ack));
            }
            return;
        }
        let shape = Shape {
            frame: fragment.frame,
            frame_length: fragment.frame_length,
            size: fragment.size,
        };
        let Some(at) = self.place_of(shape, now) else {
            self.counts.useless_fragments.grow_by(1);
            return;
        };
        if let Some(incomplete) = self.incomplete.get_mut(at) {
            let effect = incomplete.add(fragment, now);
            self.take_effect(at, effect, now);
            self.note_overtaken(fragment.frame, now);
        }
    }

    /// A fragment from which missing ones can be computed, from a datagram.
    pub fn handle_parity(&mut self, parity: &Parity<impl AsRef<[u8]>>, now: Time) {
        // A frame too long for parity must not begin by it: of such a one a request could not name every fragment.
        if self.is_past(parity.frame) || !parity::is_possible(parity.frame_length, parity.size) {
            return;
        }
        let shape = Shape {
            frame: parity.frame,
            frame_length: parity.frame_length,
            size: parity.size,
        };
        let Some(at) = self.place_of(shape, now) else {
            return;
        };
        if !self.has_room(usize::from(parity.size)) {
            return;
        }
        if let Some(incomplete) = self.incomplete.get_mut(at) {
            let effect = incomplete.add_parity(parity, now);
            self.take_effect(at, effect, now);
            self.note_overtaken(parity.frame, now);
        }
    }

    /// Whether a newer frame is here, or this one.
    fn is_past(&self, frame: FrameNumber) -> bool {
        self.newest.is_some_and(|newest| !frame.is_newer_than(newest))
    }

    /// The place of an incomplete frame, which begins now if it has not; `None` for one longer than there is memory.
    fn place_of(&mut self, shape: Shape, now: Time) -> Option<usize> {
        let known = self
            .incomplete
            .iter()
            .position(|incomplete| incomplete.frame == shape.frame);
        match known {
            Some(at) => Some(at),
            None if shape.frame_length as usize > self.memory => None,
            None => Some(self.begin(shape, now)),
        }
    }

    fn note_overtaken(&mut self, by: FrameNumber, now: Time) {
        for older in &mut self.incomplete {
            if by.is_newer_than(older.frame) {
                older.requests.handle_overtaken(now);
            }
        }
    }

    fn take_effect(&mut self, at: usize, effect: Effect, now: Time) {
        match effect {
            Effect::Useless => self.counts.useless_fragments.grow_by(1),
            Effect::Progress => {}
            Effect::Late(late) => self.timing.handle_late(late),
            Effect::Whole => {
                let incomplete = self.incomplete.swap_remove(at);
                let (first, train, lost) = (incomplete.first_at, incomplete.train(), incomplete.lost());
                let repaired = incomplete.repaired;
                let requests = &incomplete.requests;
                self.timing.learn(requests.answered_in, requests.longest_pause);
                // A frame whose own header contradicts it is dropped like one that never came.
                match incomplete.into_frame(self.stream) {
                    Some(frame) => {
                        self.buffers.keep(&frame);
                        let whole = WholeFrame {
                            frame: frame.header().frame,
                            at: now,
                            spread: now.since(first),
                            train,
                            lost,
                            acked: now,
                        };
                        self.counts.repaired.grow_by(u64::from(repaired));
                        self.complete(frame, Transport::Udp, first, repaired, whole);
                        self.outgoing.push_back(Outgoing::Ack(whole));
                    }
                    None => self.counts.incomplete.grow_by(1),
                }
            }
        }
    }

    /// A whole frame, from a TCP connection. It was acknowledged there, by a [`TcpAck`](super::TcpAck), before this. One of
    /// another stream, or that is not newer than what is here, is only counted.
    pub fn handle_frame(&mut self, frame: Frame, first: Time, now: Time) {
        if frame.header().stream != self.stream || self.is_past(frame.header().frame) {
            self.counts.late.grow_by(1);
            return;
        }
        let whole = WholeFrame {
            frame: frame.header().frame,
            at: now,
            spread: now.since(first),
            train: now.since(first),
            lost: 0,
            acked: now,
        };
        self.complete(frame, Transport::Tcp, first, 0, whole);
    }

    /// The next datagram to send back.
    pub fn poll_datagram(&mut self, now: Time) -> Option<StreamDatagram> {
        Some(match self.outgoing.pop_front()? {
            Outgoing::Nack(nack) => StreamDatagram::Nack(nack),
            Outgoing::Ack(whole) => StreamDatagram::Ack(self.acks.of(&whole, self.stream, now)),
        })
    }

    /// The next frame that is whole and the newest.
    pub fn poll_arrival(&mut self) -> Option<Arrival> {
        self.arrivals.pop_front()
    }

    /// When to call [`handle_timeout`](Receiver::handle_timeout).
    pub fn poll_timeout(&self) -> Option<Deadline> {
        let deadlines = self.incomplete.iter().flat_map(|incomplete| {
            let request = incomplete.requests.poll_timeout(&self.timing).map(|at| Deadline {
                at,
                reason: DeadlineReason::Retransmission,
            });
            let expiry = Deadline {
                at: incomplete.progress_at + self.expiry(),
                reason: DeadlineReason::Expiry,
            };
            request.into_iter().chain([expiry])
        });
        deadlines.min()
    }

    /// Requests what is missing, and gives up frames whose time is over.
    pub fn handle_timeout(&mut self, now: Time) {
        let expiry = self.expiry();
        self.give_up_unless(|incomplete| incomplete.progress_at + expiry > now);
        for incomplete in &mut self.incomplete {
            let Some(request) = incomplete.requests.poll_request(&self.timing, now) else {
                continue;
            };
            if request.is_first_copy() {
                let fragments = request.missing.iter().map(|(_, count)| u64::from(*count));
                self.counts.asked_again.grow_by(fragments.sum());
            }
            self.outgoing.push_back(Outgoing::Nack(Nack {
                stream: self.stream,
                frame: incomplete.frame,
                serial: request.serial,
                missing: request.missing,
            }));
        }
    }

    /// Makes room for a new incomplete frame, the oldest going first, and returns its place.
    fn begin(&mut self, shape: Shape, now: Time) -> usize {
        let length = shape.frame_length as usize;
        while self.incomplete.len() >= MAX_INCOMPLETE || !self.has_room(length) {
            let frames = self.incomplete.iter().enumerate();
            let Some((oldest, _)) = frames.min_by_key(|(_, frame)| frame.first_at) else {
                break;
            };
            self.incomplete.swap_remove(oldest);
            self.counts.incomplete.grow_by(1);
        }
        let buffer = self.buffers.take(length);
        let at = self.incomplete.len();
        self.incomplete.push(IncompleteFrame::new(shape, buffer, now));
        at
    }

    /// Whether incomplete frames may take so many more bytes.
    fn has_room(&self, bytes: usize) -> bool {
        self.incomplete_bytes().saturating_add(bytes) <= self.memory
    }

    /// Drops the incomplete frames that are not worth waiting for.
    fn give_up_unless(&mut self, is_worth_it: impl Fn(&IncompleteFrame) -> bool) {
        let before = self.incomplete.len();
        self.incomplete.retain(is_worth_it);
        let given_up = before.saturating_sub(self.incomplete.len());
        self.counts.incomplete.grow_by(given_up as u64);
    }

    fn complete(
        &mut self,
        frame: Frame,
        transport: Transport,
        first: Time,
        repaired: u32,
        whole: WholeFrame,
    ) {
        let (number, now) = (whole.frame, whole.at);
        if let Some(newest) = self.newest {
            let frames = u64::from(number.since(newest));
            let interval = now.since(self.newest_at).divided_among(frames);
            let smooth = |before: Span| before.smoothed::<8>(interval);
            self.interval = Some(self.interval.map_or(interval, smooth));
        }
        self.newest = Some(number);
        self.newest_at = now;
        self.give_up_unless(|incomplete| incomplete.frame.is_newer_than(number));
        self.counts.frames.grow_by(1);
        self.counts.bytes.grow_by(frame.bytes().len() as u64);
        self.acks.remember(whole);
        self.arrivals.push_back(Arrival {
            frame,
            transport,
            first,
            whole: now,
            repaired,
        });
    }

    fn expiry(&self) -> Span {
        let (least, most) = EXPIRY;
        self.interval
            .map_or(least, |interval| interval.times(3).clamp(least, most))
    }
}
