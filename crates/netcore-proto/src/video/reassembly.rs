use bytes::BytesMut;

use super::{Fragment, Frame, MAX_NACK_RANGES};
use crate::units::FrameNumber;
use crate::{Span, Time};

/// Fragments overtaken by fewer later ones than this may merely be late (RFC 9002, section 6.1.1 uses the same number).
const REORDERING: u32 = 3;

/// How long the tail of a frame may take after its last part before it counts as missing.
const TAIL_PATIENCE: Span = Span::from_millis(4);

/// A frame of which some parts have arrived.
#[derive(Debug)]
pub(super) struct Partial {
    pub(super) frame: FrameNumber,
    pub(super) first_at: Time,
    last_at: Time,
    size: u16,
    bytes: BytesMut,
    parts: Vec<Part>,
    missing: u32,
    highest: u32,
    /// A newer frame has begun to arrive, so this one's tail is overdue.
    is_overtaken: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Missing,
    Asked(Time),
    Here,
}

/// What a fragment did to its frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It was here already, or contradicts what is.
    Useless,
    /// More are missing.
    Progress,
    /// The frame is whole.
    Whole,
}

impl Partial {
    /// Begins a frame with the geometry its first-come fragment announces; the fragment itself is still to be added.
    pub(super) fn new(fragment: &Fragment<impl AsRef<[u8]>>, now: Time) -> Partial {
        let count = Fragment::count(fragment.frame_length, fragment.size);
        Partial {
            frame: fragment.frame,
            first_at: now,
            last_at: now,
            size: fragment.size,
            bytes: BytesMut::zeroed(fragment.frame_length as usize),
            parts: vec![Part::Missing; count as usize],
            missing: count,
            highest: 0,
            is_overtaken: false,
        }
    }

    pub(super) fn buffered(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn add(&mut self, fragment: &Fragment<impl AsRef<[u8]>>, now: Time) -> Effect {
        if fragment.size != self.size || fragment.frame_length as usize != self.bytes.len() {
            return Effect::Useless;
        }
        let index = usize::from(fragment.index);
        match self.parts.get(index) {
            None | Some(Part::Here) => return Effect::Useless,
            Some(Part::Missing | Part::Asked(_)) => {}
        }
        let offset = index * usize::from(self.size);
        let data = fragment.data.as_ref();
        self.bytes[offset..offset + data.len()].copy_from_slice(data);
        self.parts[index] = Part::Here;
        self.highest = self.highest.max(u32::from(fragment.index));
        self.last_at = now;
        self.missing -= 1;
        if self.missing == 0 {
            Effect::Whole
        } else {
            Effect::Progress
        }
    }

    pub(super) fn overtaken(&mut self) {
        self.is_overtaken = true;
    }

    /// The whole frame. `None` when its own header contradicts it.
    pub(super) fn into_frame(self) -> Option<Frame> {
        Frame::from_bytes(self.bytes.freeze()).ok()
    }

    /// When parts will have to be asked for (again).
    pub(super) fn ask_at(&self, round_trip: Span) -> Option<Time> {
        let tail_at = if self.is_overtaken {
            self.last_at
        } else {
            self.last_at + TAIL_PATIENCE
        };
        let limit = self.asked_below(false);
        let parts = self.parts.iter().enumerate();
        let when = parts.filter_map(|(index, part)| match part {
            Part::Here => None,
            Part::Missing if (index as u32) < limit => Some(self.last_at),
            Part::Missing => Some(tail_at),
            Part::Asked(at) => Some(*at + retry_after(round_trip)),
        });
        when.min()
    }

    /// The runs of parts to ask for now, noted as asked.
    pub(super) fn ask(&mut self, round_trip: Span, now: Time) -> Vec<(u16, u16)> {
        let is_tail_due = self.is_overtaken || self.last_at + TAIL_PATIENCE <= now;
        let limit = self.asked_below(is_tail_due);
        let mut runs: Vec<(u16, u16)> = Vec::new();
        for (index, part) in self.parts.iter_mut().enumerate() {
            let is_due = match part {
                Part::Here => false,
                Part::Missing => (index as u32) < limit,
                Part::Asked(at) => *at + retry_after(round_trip) <= now,
            };
            if !is_due {
                continue;
            }
            let is_full = runs.len() == MAX_NACK_RANGES;
            match runs.last_mut() {
                Some((first, count)) if usize::from(*first) + usize::from(*count) == index => *count += 1,
                _ if is_full => break,
                _ => runs.push((index as u16, 1)),
            }
            *part = Part::Asked(now);
        }
        runs
    }

    /// Parts below this index have been overtaken by enough others, or by time.
    fn asked_below(&self, is_tail_due: bool) -> u32 {
        if is_tail_due {
            self.parts.len() as u32
        } else {
            self.highest.saturating_sub(REORDERING - 1)
        }
    }
}

/// A round trip, a quarter for its variation, and two milliseconds for a computer that is busy.
fn retry_after(round_trip: Span) -> Span {
    Span::from_micros(round_trip.as_micros() * 5 / 4) + Span::from_millis(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::StreamId;
    use crate::video::FrameHeader;
    use bytes::Bytes;

    fn fragments(jpeg_bytes: usize) -> (Frame, Vec<Fragment>) {
        let header = FrameHeader {
            stream: StreamId(1),
            frame: FrameNumber(7),
            length: 0,
            width: 8,
            height: 8,
            captured: Time::ZERO,
            encode_us: 0,
        };
        let jpeg: Vec<u8> = (0..jpeg_bytes).map(|i| i as u8).collect();
        let frame = Frame::new(header, &jpeg).unwrap();
        let parts = frame
            .bytes()
            .chunks(1_000)
            .enumerate()
            .map(|(index, data)| Fragment {
                stream: StreamId(1),
                frame: FrameNumber(7),
                frame_length: frame.bytes().len() as u32,
                size: 1_000,
                index: index as u16,
                attempt: 0,
                data: Bytes::copy_from_slice(data),
            });
        (frame.clone(), parts.collect())
    }

    #[test]
    fn parts_in_any_order_make_the_frame() {
        let (frame, mut parts) = fragments(9_500);
        parts.reverse();
        let mut partial = Partial::new(&parts[0], Time::ZERO);
        let last = parts.pop().unwrap();
        for part in &parts {
            assert_eq!(partial.add(part, Time::ZERO), Effect::Progress);
            assert_eq!(partial.add(part, Time::ZERO), Effect::Useless);
        }
        assert_eq!(partial.add(&last, Time::ZERO), Effect::Whole);
        assert_eq!(partial.into_frame(), Some(frame));
    }

    #[test]
    fn a_part_of_another_geometry_is_useless() {
        let (_, parts) = fragments(9_500);
        let mut partial = Partial::new(&parts[0], Time::ZERO);
        let other = Fragment {
            frame_length: parts[1].frame_length + 1,
            ..parts[1].clone()
        };
        assert_eq!(partial.add(&other, Time::ZERO), Effect::Useless);
    }

    #[test]
    fn a_gap_is_asked_for_once_a_round_trip() {
        let (_, parts) = fragments(9_500);
        let round_trip = Span::from_millis(20);
        let mut partial = Partial::new(&parts[0], Time::ZERO);
        let at = |ms| Time::ZERO + Span::from_millis(ms);
        for index in [0, 1, 3, 4] {
            partial.add(&parts[index], at(1));
        }
        assert!(
            partial.ask(round_trip, at(1)).is_empty(),
            "two later parts may have overtaken it"
        );
        partial.add(&parts[5], at(1));
        assert_eq!(partial.ask_at(round_trip), Some(at(1)));
        assert_eq!(partial.ask(round_trip, at(1)), [(2, 1)]);
        assert!(partial.ask(round_trip, at(2)).is_empty());
        assert_eq!(partial.ask(round_trip, at(5)), [(6, 4)], "the tail is overdue");
        assert_eq!(partial.ask_at(round_trip), Some(at(28)));
        assert_eq!(partial.ask(round_trip, at(28)), [(2, 1)]);
    }
}
