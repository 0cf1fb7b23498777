//! Retransmission at the receiver: which fragments of an incomplete frame are requested, and when each is requested again.
//!
//! | a fragment is missing | it is requested |
//! |---|---|
//! | three later ones of its frame have come | once it has had the time that [late fragments](RequestTiming) lately took |
//! | fewer have, and the frame's last has | 1 ms after the latest, and that time |
//! | nothing of its frame has come behind it: the tail | after two of the frame's longest pauses, at least 4 ms, and that time; sooner when three fragments of newer frames have come |
//! | parity that is still to come may make up for it | when the tail is, not before |
//! | it was requested and has not come | a round trip and a quarter later, and so on |
//! | the sender answers no requests | never |
//!
//! One request names many runs of fragments. It is sent three times, 2 ms apart, under one serial number, in case it is lost. A frame that is
//! [given up](super) ends its requests. What is sent in answer is the [sender's](super::super::sender) to decide.

use std::collections::VecDeque;

use super::request_timing::RequestTiming;
use crate::ground::arithmetic::Grow;
use crate::ground::{Span, Time};
use crate::video::MAX_NACK_RANGES;

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

/// The fragments of one frame that are missing, and the requests for them.
#[derive(Debug)]
pub(super) struct FragmentRequests {
    /// How many fragments the frame has.
    count: u32,
    missing: u32,
    /// Every fragment from here on is still to come.
    next: u32,
    /// Runs of fragments before `next` that are not here, in order. Kept as runs, so that the work for a fragment does not grow with
    /// the frame.
    gaps: Vec<Gap>,
    /// When the latest fragment came of those that were not overtaken.
    last_at: Time,
    /// How many fragments of newer frames have come, up to [`REORDERING`], and when the last of those did.
    overtaken: (u32, Time),
    are_answered: bool,
    /// How many parity fragments the frame has, and whether no more of them are to be expected.
    parity: u32,
    parity_is_over: bool,
    /// The next request's number.
    serial: u16,
    /// The latest requests, while they are to be repeated.
    repeats: VecDeque<Request>,
    /// The least time from a fragment's only request until it came.
    pub(super) answered_in: Option<Span>,
    /// The longest pause between two fragments that came the first time they were sent.
    pub(super) longest_pause: Span,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Gap {
    first: u32,
    /// The fragment after the last.
    end: u32,
    noticed: Time,
    requested: Option<Time>,
    /// How often it was requested.
    requests: u32,
}

/// Fragments to request.
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

/// How a fragment came that was missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrived {
    /// Behind all others, or because it was requested.
    Expected,
    /// This late after one that was sent behind it.
    Late(Span),
}

impl Request {
    pub(super) fn is_first_copy(&self) -> bool {
        self.copies_left == REQUEST_COPIES - 1
    }
}

impl Gap {
    /// Fragments not requested yet, noticed now.
    fn new(first: u32, end: u32, now: Time) -> Gap {
        Gap {
            first,
            end,
            noticed: now,
            requested: None,
            requests: 0,
        }
    }

    /// First and count, as a request says it. A frame has at most 65,536 fragments, and one of them is here.
    fn run(&self) -> (u16, u16) {
        let narrow = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
        (narrow(self.first), narrow(self.end.saturating_sub(self.first)))
    }
}

impl FragmentRequests {
    /// For a frame of `count` fragments, none of which is here.
    pub(super) fn new(count: u32, now: Time) -> FragmentRequests {
        FragmentRequests {
            count,
            missing: count,
            next: 0,
            gaps: Vec::new(),
            last_at: now,
            overtaken: (0, now),
            are_answered: true,
            parity: 0,
            parity_is_over: false,
            serial: 0,
            repeats: VecDeque::new(),
            answered_in: None,
            longest_pause: Span::ZERO,
        }
    }

    /// How many fragments the frame has.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// How many of them are not here.
    pub(super) fn missing(&self) -> u32 {
        self.missing
    }

    /// Whether the sender answers requests for this frame.
    pub(super) fn set_answered(&mut self, are_answered: bool) {
        self.are_answered = are_answered;
    }

    /// How many parity fragments the frame has.
    pub(super) fn set_parity(&mut self, fragments: u8) {
        self.parity = u32::from(fragments);
    }

    /// A fragment of the frame has come, sent for the first time when `attempt` is zero. `None` when it is here already.
    pub(super) fn handle_fragment(&mut self, index: u32, attempt: u8, now: Time) -> Option<Arrived> {
        let arrived = if index >= self.next {
            if index > self.next {
                self.gaps.push(Gap::new(self.next, index, now));
            }
            if self.missing < self.count && attempt == 0 {
                self.longest_pause = self.longest_pause.max(now.since(self.last_at));
            }
            self.next = index.saturating_add(1);
            self.last_at = now;
            Arrived::Expected
        } else {
            let gap = fill(&mut self.gaps, index)?;
            if let (1.., 1, Some(requested)) = (attempt, gap.requests, gap.requested) {
                let took = now.since(requested);
                self.answered_in = Some(self.answered_in.map_or(took, |least| least.min(took)));
            }
            match attempt {
                0 => Arrived::Late(now.since(gap.noticed)),
                _ => Arrived::Expected,
            }
        };
        self.missing = self.missing.saturating_sub(1);
        Some(arrived)
    }

    /// A parity fragment has come, the last of them or not. The frame's own fragments have all been sent before it.
    pub(super) fn handle_parity(&mut self, is_last: bool, now: Time) {
        self.notice_tail(now);
        self.last_at = now;
        self.parity_is_over |= is_last;
    }

    /// A fragment of a newer frame has come: after a few of them this frame's tail is overdue.
    pub(super) fn handle_overtaken(&mut self, now: Time) {
        let (fragments, _) = self.overtaken;
        if fragments < REORDERING {
            self.overtaken = (fragments.saturating_add(1), now);
        }
    }

    /// The fragments that are missing, when parity has come, and so all of them have been sent.
    pub(super) fn missing_fragments(&mut self) -> Vec<u32> {
        self.notice_tail(self.last_at);
        self.gaps.iter().flat_map(|gap| gap.first..gap.end).collect()
    }

    /// When [`poll_request`](FragmentRequests::poll_request) has something to send.
    pub(super) fn poll_timeout(&self, timing: &RequestTiming) -> Option<Time> {
        if !self.are_answered {
            return None;
        }
        let tail = (self.next < self.count).then(|| self.tail_due_at(timing));
        let gaps = self.gaps.iter().map(|gap| self.due_at(gap, timing));
        let repeat = self.repeats.front().map(|request| request.sent + REPEAT_AFTER);
        gaps.chain(tail).chain(repeat).min()
    }

    /// What to request now: fragments that are due, noted as requested, or a request made a moment ago, repeated under its old
    /// number.
    pub(super) fn poll_request(&mut self, timing: &RequestTiming, now: Time) -> Option<Request> {
        if !self.are_answered {
            return None;
        }
        if self.next < self.count && self.tail_due_at(timing) <= now {
            self.notice_tail(now);
        }
        let gaps = self.gaps.iter().enumerate();
        let due = gaps.filter(|(_, gap)| self.due_at(gap, timing) <= now);
        let due: Vec<usize> = due.map(|(at, _)| at).take(MAX_NACK_RANGES).collect();
        if due.is_empty() {
            let again = self
                .repeats
                .pop_front_if(|request| request.sent + REPEAT_AFTER <= now)?;
            return Some(self.note_sent(again, now));
        }
        let requested = due.into_iter().filter_map(|at| {
            let gap = self.gaps.get_mut(at)?;
            gap.requested = Some(now);
            gap.requests.grow_by(1);
            Some(gap.run())
        });
        let missing: Vec<(u16, u16)> = requested.collect();
        let serial = self.serial;
        self.serial = self.serial.wrapping_add(1);
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
        self.parity > 0 && !self.parity_is_over && behind <= self.parity
    }

    /// A gap is due once enough fragments have overtaken it and it has had the time that late fragments lately took, or when the tail
    /// is; and again a round trip after it was requested.
    fn due_at(&self, gap: &Gap, timing: &RequestTiming) -> Time {
        match gap.requested {
            Some(requested) => requested + timing.retry_after(),
            None if self.awaits_parity() => self.tail_due_at(timing).max(gap.noticed),
            None if self.next.saturating_sub(gap.end) >= REORDERING => gap.noticed + timing.patience(),
            None if self.next == self.count => {
                let end = self.last_at + END_PATIENCE + timing.patience();
                end.min(self.tail_due_at(timing)).max(gap.noticed)
            }
            None => self.tail_due_at(timing),
        }
    }

    fn tail_due_at(&self, timing: &RequestTiming) -> Time {
        let in_time = self.last_at + timing.tail_patience();
        match self.overtaken {
            (REORDERING.., at) => in_time.min(at + timing.lateness),
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
