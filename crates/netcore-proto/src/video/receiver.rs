//! The receiving end of a stream: what is acknowledged when, what is asked for, and what is given up.
//!
//! ```text
//! datagrams                     Receiver                                      TCP connection
//!   fragment, parity ──> handle_fragment, handle_parity      handle_frame <── whole frame
//!                                │                                │           (acknowledged there)
//!                      partial frames (6 at most)                 │
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
//! **What is asked for.** Fragments that three later ones have overtaken, or that the end of the frame leaves open, once late ones have had
//! the time that late ones lately took (see [`reassembly`](super::reassembly)). A request names runs of them and is sent three times,
//! 2 ms apart, under one serial number. What is still missing a round trip later is asked for anew. While parity may still make up for
//! the loss, nothing is asked for; and never when the sender says that it answers no requests.
//!
//! **What is given up.** Every incomplete frame older than one that is whole: the newest frame wins. Else one of which nothing has come for
//! three frame intervals, at least 150 ms and at most 2 s. And the oldest, when a new frame needs its place or its memory. Nothing is sent
//! about it: the next acknowledgement lacks its bit.
//!
//! **What comes out.** Whole frames, each newer than the one before, in [`poll_arrival`](Receiver::poll_arrival).

use std::collections::VecDeque;

use super::path_view::PathView;
use super::reassembly::{Effect, Partial, Shape};
use super::{Ack, Datagram, Fragment, Frame, FrameBuffers, Nack, Parity, parity};
use crate::ground::arithmetic::Grow;
use crate::ground::{Deadline, DeadlineReason, FrameNumber, Span, StreamId, Time, Transport};

/// The most frames that may be incomplete at a time.
const MAX_PARTIALS: usize = 6;
/// The most bytes that incomplete frames may take.
const MAX_PARTIAL_BYTES: usize = 2 * super::MAX_FRAME_BYTES;
/// How many whole frames are remembered: enough for the 32 before any of the latest 32.
const REMEMBERED: usize = 64;
/// Until a round trip is known.
const ASSUMED_ROUND_TRIP: Span = Span::from_millis(10);
/// Until a frame has shown how far apart fragments come.
const ASSUMED_PAUSE: Span = Span::from_millis(10);
/// Reordering over a longer time than this is taken for loss.
const MAX_LATENESS: Span = Span::from_millis(50);
/// A frame's acknowledgement is repeated at most this often, however many of its fragments come once more.
const ACK_INTERVAL: Span = Span::from_millis(5);
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
    /// The latest whole frames, the newest last.
    whole: VecDeque<Whole>,
    partials: Vec<Partial>,
    /// The most bytes that incomplete frames may take.
    memory: usize,
    buffers: FrameBuffers,
    outgoing: VecDeque<Outgoing>,
    arrivals: VecDeque<Arrival>,
    path: PathView,
    interval: Option<Span>,
    newest_at: Time,
    counts: ReceiverCounts,
}

#[derive(Clone, Copy, Debug)]
struct Whole {
    frame: FrameNumber,
    at: Time,
    spread: Span,
    /// The spread of the fragments that were not sent again, and how many were.
    train: Span,
    lost: u32,
    /// When it was last acknowledged in a datagram.
    acked: Time,
}

#[derive(Debug)]
enum Outgoing {
    Ack(Whole),
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
            whole: VecDeque::new(),
            partials: Vec::new(),
            memory: MAX_PARTIAL_BYTES,
            buffers: FrameBuffers::new(),
            outgoing: VecDeque::new(),
            arrivals: VecDeque::new(),
            path: PathView {
                round_trip: ASSUMED_ROUND_TRIP,
                answer: None,
                pause: ASSUMED_PAUSE,
                lateness: Span::ZERO,
            },
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
        self.partials.iter().map(Partial::buffered).sum()
    }

    /// From now on incomplete frames may take so many bytes, at most twice [`MAX_FRAME_BYTES`](super::MAX_FRAME_BYTES). Frames
    /// longer than that are not received.
    pub fn set_memory(&mut self, bytes: usize) {
        self.memory = bytes.min(MAX_PARTIAL_BYTES);
    }

    /// Sets the round trip to the peer, which decides when to ask again.
    pub fn set_round_trip(&mut self, round_trip: Span) {
        self.path.round_trip = round_trip;
    }

    /// A fragment of a frame, from a datagram.
    pub fn handle_fragment(&mut self, fragment: &Fragment<impl AsRef<[u8]>>, now: Time) {
        if self.is_past(fragment.frame) {
            self.counts.useless_fragments.grow_by(1);
            if fragment.attempt > 0 {
                self.repeat_ack(fragment.frame, now);
            }
            return;
        }
        let shape = Shape {
            frame: fragment.frame,
            frame_length: fragment.frame_length,
            size: fragment.size,
        };
        let Some(at) = self.partial_of(shape, now) else {
            self.counts.useless_fragments.grow_by(1);
            return;
        };
        if let Some(partial) = self.partials.get_mut(at) {
            let effect = partial.add(fragment, now);
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
        let Some(at) = self.partial_of(shape, now) else {
            return;
        };
        if !self.has_room(usize::from(parity.size)) {
            return;
        }
        if let Some(partial) = self.partials.get_mut(at) {
            let effect = partial.add_parity(parity, now);
            self.take_effect(at, effect, now);
            self.note_overtaken(parity.frame, now);
        }
    }

    /// Whether a newer frame is here, or this one.
    fn is_past(&self, frame: FrameNumber) -> bool {
        self.newest.is_some_and(|newest| !frame.is_newer_than(newest))
    }

    /// The place of an incomplete frame, which begins now if it has not; `None` for one longer than there is memory.
    fn partial_of(&mut self, shape: Shape, now: Time) -> Option<usize> {
        let known = self
            .partials
            .iter()
            .position(|partial| partial.frame == shape.frame);
        match known {
            Some(at) => Some(at),
            None if shape.frame_length as usize > self.memory => None,
            None => Some(self.begin(shape, now)),
        }
    }

    fn note_overtaken(&mut self, by: FrameNumber, now: Time) {
        for older in &mut self.partials {
            if by.is_newer_than(older.frame) {
                older.overtaken(now);
            }
        }
    }

    fn take_effect(&mut self, at: usize, effect: Effect, now: Time) {
        match effect {
            Effect::Useless => self.counts.useless_fragments.grow_by(1),
            Effect::Progress => {}
            Effect::Late(late) => self.path.lateness = self.path.lateness.max(late).min(MAX_LATENESS),
            Effect::Whole => {
                let partial = self.partials.swap_remove(at);
                let (first, train, lost) = (partial.first_at, partial.train(), partial.lost());
                let repaired = partial.repaired;
                self.path.learn(partial.answered_in, partial.longest_pause);
                // A frame whose own header contradicts it is dropped like one that never came.
                match partial.into_frame(self.stream) {
                    Some(frame) => {
                        self.buffers.keep(&frame);
                        let whole = Whole {
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
        let whole = Whole {
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
    pub fn poll_datagram(&mut self, now: Time) -> Option<Datagram> {
        Some(match self.outgoing.pop_front()? {
            Outgoing::Nack(nack) => Datagram::Nack(nack),
            Outgoing::Ack(whole) => Datagram::Ack(Ack {
                stream: self.stream,
                frame: whole.frame,
                lost: u16::try_from(whole.lost).unwrap_or(u16::MAX),
                hold_us: saturating_us(now.since(whole.at)),
                spread_us: saturating_us(whole.spread),
                train_us: saturating_us(whole.train),
                recent: self.recent_before(whole.frame),
                whole: whole.at,
            }),
        })
    }

    /// The next frame that is whole and the newest.
    pub fn poll_arrival(&mut self) -> Option<Arrival> {
        self.arrivals.pop_front()
    }

    /// When to call [`handle_timeout`](Receiver::handle_timeout).
    pub fn poll_timeout(&self) -> Option<Deadline> {
        let deadlines = self.partials.iter().flat_map(|partial| {
            let ask = partial.ask_at(&self.path).map(|at| Deadline {
                at,
                reason: DeadlineReason::Retransmission,
            });
            let expiry = Deadline {
                at: partial.progress_at + self.expiry(),
                reason: DeadlineReason::Expiry,
            };
            ask.into_iter().chain([expiry])
        });
        deadlines.min()
    }

    /// Asks for what is missing, and gives up frames whose time is over.
    pub fn handle_timeout(&mut self, now: Time) {
        let expiry = self.expiry();
        self.give_up_unless(|partial| partial.progress_at + expiry > now);
        for partial in &mut self.partials {
            let Some(request) = partial.ask(&self.path, now) else {
                continue;
            };
            if request.is_first_copy() {
                let fragments = request.missing.iter().map(|(_, count)| u64::from(*count));
                self.counts.asked_again.grow_by(fragments.sum());
            }
            self.outgoing.push_back(Outgoing::Nack(Nack {
                stream: self.stream,
                frame: partial.frame,
                serial: request.serial,
                missing: request.missing,
            }));
        }
    }

    /// Makes room for a new incomplete frame, the oldest going first, and returns its place.
    fn begin(&mut self, shape: Shape, now: Time) -> usize {
        let length = shape.frame_length as usize;
        while self.partials.len() >= MAX_PARTIALS || !self.has_room(length) {
            let partials = self.partials.iter().enumerate();
            let Some((oldest, _)) = partials.min_by_key(|(_, partial)| partial.first_at) else {
                break;
            };
            self.partials.swap_remove(oldest);
            self.counts.incomplete.grow_by(1);
        }
        let buffer = self.buffers.take(length);
        let at = self.partials.len();
        self.partials.push(Partial::new(shape, buffer, now));
        at
    }

    /// Whether incomplete frames may take so many more bytes.
    fn has_room(&self, bytes: usize) -> bool {
        self.incomplete_bytes().saturating_add(bytes) <= self.memory
    }

    /// Drops the incomplete frames that are not worth waiting for.
    fn give_up_unless(&mut self, is_worth_it: impl Fn(&Partial) -> bool) {
        let before = self.partials.len();
        self.partials.retain(is_worth_it);
        let given_up = before.saturating_sub(self.partials.len());
        self.counts.incomplete.grow_by(given_up as u64);
    }

    fn complete(&mut self, frame: Frame, transport: Transport, first: Time, repaired: u32, whole: Whole) {
        let (number, now) = (whole.frame, whole.at);
        if let Some(newest) = self.newest {
            let frames = u64::from(number.since(newest));
            let interval = now.since(self.newest_at).divided_among(frames);
            let smooth = |before: Span| before.smoothed::<8>(interval);
            self.interval = Some(self.interval.map_or(interval, smooth));
        }
        self.newest = Some(number);
        self.newest_at = now;
        self.give_up_unless(|partial| partial.frame.is_newer_than(number));
        self.counts.frames.grow_by(1);
        self.counts.bytes.grow_by(frame.bytes().len() as u64);
        self.whole.push_back(whole);
        if self.whole.len() > REMEMBERED {
            self.whole.pop_front();
        }
        self.arrivals.push_back(Arrival {
            frame,
            transport,
            first,
            whole: now,
            repaired,
        });
    }

    /// The sender repeats a fragment of a frame that is here: its acknowledgement may have been lost. For a frame that was given
    /// up the newest answers, which reports it.
    fn repeat_ack(&mut self, frame: FrameNumber, now: Time) {
        let known = self.whole.iter().rposition(|whole| whole.frame == frame);
        let at = known.or(self.whole.len().checked_sub(1));
        let Some(whole) = at.and_then(|at| self.whole.get_mut(at)) else {
            return;
        };
        if whole.acked + ACK_INTERVAL <= now {
            whole.acked = now;
            self.outgoing.push_back(Outgoing::Ack(*whole));
        }
    }

    /// [`Ack::recent`] as seen from `frame`.
    fn recent_before(&self, frame: FrameNumber) -> u32 {
        let whole = self.whole.iter().map(|whole| whole.frame);
        whole
            .filter_map(|whole| frame.recent_bit(whole))
            .fold(0, |recent, bit| recent | bit)
    }

    fn expiry(&self) -> Span {
        let (least, most) = EXPIRY;
        self.interval
            .map_or(least, |interval| interval.times(3).clamp(least, most))
    }
}

fn saturating_us(span: Span) -> u32 {
    u32::try_from(span.as_micros()).unwrap_or(u32::MAX)
}
