//! A frame of which fragments have come: it is put together of them, or computed from its parity.

use bytes::{Bytes, BytesMut};

use super::fragment_requests::{Arrived, FragmentRequests};
use crate::ground::arithmetic::Grow;
use crate::ground::{FrameNumber, Span, StreamId, Time};
use crate::video::{Announced, Fragment, Frame, Parity, parity};

/// A frame of which some fragments have arrived.
#[derive(Debug)]
pub(super) struct IncompleteFrame {
    pub(super) frame: FrameNumber,
    pub(super) first_at: Time,
    /// When anything useful last came.
    pub(super) progress_at: Time,
    /// When the latest fragment came that was not sent again.
    train_end: Time,
    /// How many fragments came the first time they were sent.
    first_time: u32,
    size: u16,
    bytes: BytesMut,
    /// How many parity fragments the frame has, and those of them that came.
    parity_count: u8,
    parity: Vec<(u8, Bytes)>,
    /// How many fragments were computed.
    pub(super) repaired: u32,
    /// What is missing, and the requests for it.
    pub(super) requests: FragmentRequests,
}

/// What a datagram announces of its frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) frame: FrameNumber,
    pub(super) frame_length: u32,
    pub(super) size: u16,
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

impl IncompleteFrame {
    /// Begins a frame with the shape that its first-come datagram announces; that itself is still to be added. `buffer` is as
    /// long as the frame; all of it is written before the frame is whole.
    pub(super) fn new(shape: Shape, buffer: BytesMut, now: Time) -> IncompleteFrame {
        let count = Fragment::count(shape.frame_length, shape.size);
        IncompleteFrame {
            frame: shape.frame,
            first_at: now,
            progress_at: now,
            train_end: now,
            first_time: 0,
            size: shape.size,
            bytes: buffer,
            parity_count: 0,
            parity: Vec::new(),
            repaired: 0,
            requests: FragmentRequests::new(count, now),
        }
    }

    /// How long the fragments took to come that were not sent again.
    pub(super) fn train(&self) -> Span {
        self.train_end.since(self.first_at)
    }

    /// How many fragments did not come the first time they were sent.
    pub(super) fn lost(&self) -> u32 {
        self.requests.count().saturating_sub(self.first_time)
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
        self.requests.set_answered(fragment.answers_requests);
        if parity::is_possible(fragment.frame_length, fragment.size) {
            self.parity_count = self.parity_count.max(fragment.parity);
            self.requests.set_parity(self.parity_count);
        }
        let index = u32::from(fragment.index);
        let Some(arrived) = self.requests.handle_fragment(index, fragment.attempt, now) else {
            return Effect::Useless;
        };
        place.copy_from_slice(data);
        self.progress_at = now;
        if fragment.attempt == 0 {
            self.train_end = now;
            self.first_time.grow_by(1);
        }
        match arrived {
            _ if self.requests.missing() == 0 || self.repair() => Effect::Whole,
            Arrived::Late(late) => Effect::Late(late),
            Arrived::Expected => Effect::Progress,
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
        self.requests.set_parity(parity.count);
        let is_last = parity.index.checked_add(1) == Some(parity.count);
        self.requests.handle_parity(is_last, now);
        self.progress_at = now;
        self.parity
            .push((parity.index, Bytes::copy_from_slice(parity.data.as_ref())));
        if self.repair() {
            Effect::Whole
        } else {
            Effect::Progress
        }
    }

    /// Computes what is missing, if there is parity enough. Returns whether the frame is whole.
    fn repair(&mut self) -> bool {
        if self.parity.is_empty() || self.requests.missing() as usize > self.parity.len() {
            return false;
        }
        let missing = self.requests.missing_fragments();
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
        self.repaired = self.requests.missing();
        true
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
}
