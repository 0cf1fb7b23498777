//! An incomplete frame: its fragments, its gaps, and when to ask for them.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::path_view::PathView;
use super::{Announced, Fragment, Frame, MAX_NACK_RANGES, Parity, parity};
use crate::ground::arithmetic::Grow;
use crate::ground::{FrameNumber, Span, StreamId, Time};

/// Fragments overtaken by fewer later ones than this may merely be late (RFC 9002, section 6.1.1 uses the same number).
const REORDERING: u32 = 3;
/// A request for missing fragments is sent this often, in case it is lost. On a network that loses one datagram in ten a frame
/// takes about ten requests, and each one lost for good costs another round trip, which is more than the next frame leaves.
const REQUEST_COPIES: u32 = 3;
/// The time between two copies: long enough to outlast a short burst of losses.
const REPEAT_AFTER: Span = Span::from_millis(2);
/// How long fragments may take that only the frame's last few have overtaken: nothing more follows that would show late from lost.
const END_PATIENCE: Span = Span::from_millis(1);
/// The most requests that wait to be repeated; the others are sent once.
const MAX_REPEATS: usize = 32;

/// A frame of which some fragments have arrived.
#[derive(Debug)]
pub(super) struct Partial {
    pub(super) frame: FrameNumber,
    pub(super) first_at: Time,
    /// When the latest fragment came of those that were not overtaken.
    last_at: Time,
    /// When anything useful last came.
    pub(super) progress_at: Time,
    /// When the latest fragment came that was not sent again.
    train_end: Time,
    /// How many fragments came the first time they were sent.
    first_time: u32,
    size: u16,
    bytes: BytesMut,
    /// How many parity fragments the frame has, those of them that came, and whether no more are to be expected.
    parity_count: u8,
    parity: Vec<(u8, Bytes)>,
    parity_is_over: bool,
    /// How many fragments were computed.
    pub(super) repaired: u32,
    answers_requests: bool,
    count: u32,
    missing: u32,
    /// Every fragment from here on is still to come.
    next: u32,
    /// Runs of fragments before `next` that are not here, in order. Kept as runs, so that the work for a fragment does not grow with
    /// the frame.
    gaps: Vec<Gap>,
    /// The latest requests, while they are to be repeated.
    repeats: VecDeque<Request>,
    requests: u16,
    /// The least time from a fragment's only request until it came.
    pub(super) answered_in: Option<Span>,
    /// The longest pause between two fragments that came the first time they were sent.
    pub(super) longest_pause: Span,
    /// How many fragments of newer frames have come, up to [`REORDERING`], and when the last of those did.
    overtaken: (u32, Time),
}

/// What a datagram announces of its frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) frame: FrameNumber,
    pub(super) frame_length: u32,
    pub(super) size: u16,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Gap {
    first: u32,
    /// The fragment after the last.
    end: u32,
    noticed: Time,
    asked: Option<Time>,
    /// How often it was asked for.
    asks: u32,
}

/// Fragments to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) serial: u16,
    /// Runs, first and count.
    pub(super) missing: Vec<(u16, u16)>,
    /// When it was last sent.
    sent: Time,
    /// How many more times it is to be sent.
    copies_left: u32,
}

/// What a fragment did to its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It was here already, or contradicts what is.
    Useless,
    /// More are missing.
    Progress,
    /// It came this late after one that was sent behind it; more are missing.
    Late(Span),
    /// The frame is whole.
    Whole,
}

impl Request {
    pub(super) fn is_first_copy(&self) -> bool {
        self.copies_left == REQUEST_COPIES - 1
    }
}

impl Gap {
    /// Fragments not asked for yet, noticed now.
    fn new(first: u32, end: u32, now: Time) -> Gap {
        Gap {
            first,
            end,
            noticed: now,
            asked: None,
            asks: 0,
        }
    }

    /// First and count, as a request says it. A frame has at most 65,536 fragments, and one of them is here.
    fn run(&self) -> (u16, u16) {
        let narrow = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
        (narrow(self.first), narrow(self.end.saturating_sub(self.first)))
    }
}

impl Partial {
    /// Begins a frame with the shape that its first-come datagram announces; that itself is still to be added. `buffer` is as
    /// long as the frame; all of it is written before the frame is whole.
    pub(super) fn new(shape: Shape, buffer: BytesMut, now: Time) -> Partial {
        let count = Fragment::count(shape.frame_length, shape.size);
        Partial {
            frame: shape.frame,
            first_at: now,
            last_at: now,
            progress_at: now,
            train_end: now,
            first_time: 0,
            size: shape.size,
            bytes: buffer,
            parity_count: 0,
            parity: Vec::new(),
            parity_is_over: false,
            repaired: 0,
            answers_requests: true,
            count,
            missing: count,
            next: 0,
            gaps: Vec::new(),
            repeats: VecDeque::new(),
            requests: 0,
            answered_in: None,
            longest_pause: Span::ZERO,
            overtaken: (0, now),
        }
    }

    /// How long the fragments took to come that were not sent again.
    pub(super) fn train(&self) -> Span {
        self.train_end.since(self.first_at)
    }

    /// How many fragments did not come the first time they were sent.
    pub(super) fn lost(&self) -> u32 {
        self.count.saturating_sub(self.first_time)
    }

    /// Bytes it takes, with those of its parity.
    pub(super) fn buffered(&self) -> usize {
        let parity = self.parity.len().saturating_mul(usize::from(self.size));
        self.bytes.len().saturating_add(parity)
    }

    pub(super) fn add<D: AsRef<[u8]>>(&mut self, fragment: &Fragment<D>, now: Time) -> Effect {
        if fragment.size != self.size || fragment.frame_length as usize != self.bytes.len() {
            return Effect::Useless;
        }
        let data = fragment.data.as_ref();
        let mut fragments = self.bytes.chunks_mut(usize::from(self.size).max(1));
        let place = fragments.nth(usize::from(fragment.index));
        let Some(place) = place.filter(|place| place.len() == data.len()) else {
            return Effect::Useless;
        };
        self.answers_requests = fragment.answers_requests;
        if parity::is_possible(fragment.frame_length, fragment.size) {
            self.parity_count = self.parity_count.max(fragment.parity);
        }
        let index = u32::from(fragment.index);
        let late = if index >= self.next {
            if index > self.next {
                self.gaps.push(Gap::new(self.next, index, now));
            }
            if self.missing < self.count && fragment.attempt == 0 {
                self.longest_pause = self.longest_pause.max(now.since(self.last_at));
            }
            self.next = index.saturating_add(1);
            self.last_at = now;
            None
        } else {
            let Some(gap) = fill(&mut self.gaps, index) else {
                return Effect::Useless;
            };
            if let (1.., 1, Some(asked)) = (fragment.attempt, gap.asks, gap.asked) {
                let took = now.since(asked);
                self.answered_in = Some(self.answered_in.map_or(took, |least| least.min(took)));
            }
            (fragment.attempt == 0).then(|| now.since(gap.noticed))
        };
        place.copy_from_slice(data);
        self.missing = self.missing.saturating_sub(1);
        self.progress_at = now;
        if fragment.attempt == 0 {
            self.train_end = now;
            self.first_time.grow_by(1);
        }
        match late {
            _ if self.missing == 0 || self.repair() => Effect::Whole,
            Some(late) => Effect::Late(late),
            None => Effect::Progress,
        }
    }

    /// Adds a parity fragment. The frame's own fragments have all been sent before it.
    pub(super) fn add_parity<D: AsRef<[u8]>>(&mut self, parity: &Parity<D>, now: Time) -> Effect {
        let is_known = |(index, _): &(u8, Bytes)| *index == parity.index;
        if parity.size != self.size
            || parity.frame_length as usize != self.bytes.len()
            || self.parity_count > 0 && parity.count != self.parity_count
            || !parity::is_possible(parity.frame_length, parity.size)
            || self.parity.iter().any(is_known)
        {
            return Effect::Useless;
        }
        self.parity_count = parity.count;
        self.notice_tail(now);
        self.last_at = now;
        self.progress_at = now;
        self.parity
            .push((parity.index, Bytes::copy_from_slice(parity.data.as_ref())));
        self.parity_is_over |= parity.index.checked_add(1) == Some(parity.count);
        if self.repair() {
            Effect::Whole
        } else {
            Effect::Progress
        }
    }

    /// Computes what is missing, if there is parity enough. Returns whether the frame is whole.
    fn repair(&mut self) -> bool {
        if self.parity.is_empty() || self.missing as usize > self.parity.len() {
            return false;
        }
        self.notice_tail(self.last_at);
        let missing: Vec<u32> = self.gaps.iter().flat_map(|gap| gap.first..gap.end).collect();
        if !parity::repair(
            &mut self.bytes,
            self.size,
            &missing,
            self.parity_count,
            &self.parity,
        ) {
            // It cannot be what it says it is; the fragments themselves are still to come.
            self.parity.clear();
            return false;
        }
        self.repaired = self.missing;
        self.missing = 0;
        true
    }

    /// All fragments have been sent: those from the next on are missing too.
    fn notice_tail(&mut self, now: Time) {
        if self.next < self.count {
            self.gaps.push(Gap::new(self.next, self.count, now));
            self.next = self.count;
        }
    }

    /// Whether parity that is still to come may make up for what is missing so far.
    fn awaits_parity(&self) -> bool {
        let to_come = self.count.saturating_sub(self.next);
        let behind = self.missing.saturating_sub(to_come);
        self.parity_count > 0 && !self.parity_is_over && behind <= u32::from(self.parity_count)
    }

    /// A fragment of a newer frame has come: after a few of them this frame's tail is overdue.
    pub(super) fn overtaken(&mut self, now: Time) {
        let (fragments, _) = self.overtaken;
        if fragments < REORDERING {
            self.overtaken = (fragments.saturating_add(1), now);
        }
    }

    /// The whole frame, of `stream`. `None` when its own header contradicts what its datagrams announced.
    pub(super) fn into_frame(self, stream: StreamId) -> Option<Frame> {
        let announced = Announced {
            stream,
            frame: self.frame,
            length: self.bytes.len(),
        };
        Frame::received(self.bytes.freeze(), announced).ok()
    }

    /// When fragments will have to be asked for (again).
    pub(super) fn ask_at(&self, path: &PathView) -> Option<Time> {
        if !self.answers_requests {
            return None;
        }
        let tail = (self.next < self.count).then(|| self.tail_due_at(path));
        let gaps = self.gaps.iter().map(|gap| self.due_at(gap, path));
        let repeat = self.repeats.front().map(|request| request.sent + REPEAT_AFTER);
        gaps.chain(tail).chain(repeat).min()
    }

    /// What to ask for now: fragments that are due, noted as asked, or a request made a moment ago, repeated under its old
    /// number.
    pub(super) fn ask(&mut self, path: &PathView, now: Time) -> Option<Request> {
        if !self.answers_requests {
            return None;
        }
        if self.next < self.count && self.tail_due_at(path) <= now {
            self.notice_tail(now);
        }
        let gaps = self.gaps.iter().enumerate();
        let due = gaps.filter(|(_, gap)| self.due_at(gap, path) <= now);
        let due: Vec<usize> = due.map(|(at, _)| at).take(MAX_NACK_RANGES).collect();
        if due.is_empty() {
            let again = self
                .repeats
                .pop_front_if(|request| request.sent + REPEAT_AFTER <= now)?;
            return Some(self.note_sent(again, now));
        }
        let asked = due.into_iter().filter_map(|at| {
            let gap = self.gaps.get_mut(at)?;
            gap.asked = Some(now);
            gap.asks.grow_by(1);
            Some(gap.run())
        });
        let missing: Vec<(u16, u16)> = asked.collect();
        let serial = self.requests;
        self.requests = self.requests.wrapping_add(1);
        let request = Request {
            serial,
            missing,
            sent: now,
            copies_left: REQUEST_COPIES,
        };
        Some(self.note_sent(request, now))
    }

    fn note_sent(&mut self, request: Request, now: Time) -> Request {
        let sent = Request {
            sent: now,
            copies_left: request.copies_left.saturating_sub(1),
            ..request
        };
        if sent.copies_left > 0 && self.repeats.len() < MAX_REPEATS {
            self.repeats.push_back(sent.clone());
        }
        sent
    }

    /// A gap is due once enough fragments have overtaken it and it has had the time that late fragments lately took, or when the tail
    /// is; and again a round trip after it was asked for.
    fn due_at(&self, gap: &Gap, path: &PathView) -> Time {
        match gap.asked {
            Some(asked) => asked + path.retry_after(),
            None if self.awaits_parity() => self.tail_due_at(path).max(gap.noticed),
            None if self.next.saturating_sub(gap.end) >= REORDERING => gap.noticed + path.patience(),
            None if self.next == self.count => {
                let end = self.last_at + END_PATIENCE + path.patience();
                end.min(self.tail_due_at(path)).max(gap.noticed)
            }
            None => self.tail_due_at(path),
        }
    }

    fn tail_due_at(&self, path: &PathView) -> Time {
        let in_time = self.last_at + path.tail_patience();
        match self.overtaken {
            (REORDERING.., at) => in_time.min(at + path.lateness),
            _ => in_time,
        }
    }
}

/// Takes a fragment out of the gaps. Returns the gap it was in; `None` when it is here already.
fn fill(gaps: &mut Vec<Gap>, index: u32) -> Option<Gap> {
    let at = gaps.partition_point(|gap| gap.end <= index);
    let gap = gaps.get_mut(at).filter(|gap| gap.first <= index)?;
    let filled = *gap;
    let behind = Gap {
        first: index.saturating_add(1),
        ..filled
    };
    gap.end = index;
    match (gap.first < gap.end, behind.first < behind.end) {
        (false, false) => {
            gaps.remove(at);
        }
        (false, true) => *gap = behind,
        (true, false) => {}
        (true, true) => gaps.insert(at.saturating_add(1), behind),
    }
    Some(filled)
}

#[cfg(test)]
mod tests;
