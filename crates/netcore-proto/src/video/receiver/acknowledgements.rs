//! What is acknowledged of the frames that are whole, and when an acknowledgement is repeated.

use std::collections::VecDeque;

use crate::ground::{FrameNumber, Span, StreamId, Time};
use crate::video::Ack;

/// How many whole frames are remembered: enough for the 32 before any of the latest 32.
const REMEMBERED: usize = 64;
/// A frame's acknowledgement is repeated at most this often, however many of its fragments come once more.
const ACK_INTERVAL: Span = Span::from_millis(5);

/// The latest whole frames, the newest last.
#[derive(Debug, Default)]
pub(super) struct Acknowledgements {
    whole: VecDeque<WholeFrame>,
}

/// How a frame came to be whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct WholeFrame {
    pub(super) frame: FrameNumber,
    pub(super) at: Time,
    pub(super) spread: Span,
    /// The spread of the fragments that were not sent again, and how many were.
    pub(super) train: Span,
    pub(super) lost: u32,
    /// When it was last acknowledged in a datagram.
    pub(super) acked: Time,
}

impl Acknowledgements {
    /// A frame is whole and newer than all before it.
    pub(super) fn remember(&mut self, whole: WholeFrame) {
        self.whole.push_back(whole);
        if self.whole.len() > REMEMBERED {
            self.whole.pop_front();
        }
    }

    /// The sender repeats a fragment of a frame that is here: its acknowledgement may have been lost. Returns what to acknowledge
    /// again. For a frame that was given up that is the newest, which reports it.
    pub(super) fn repeat(&mut self, frame: FrameNumber, now: Time) -> Option<WholeFrame> {
        let known = self.whole.iter().rposition(|whole| whole.frame == frame);
        let at = known.or(self.whole.len().checked_sub(1))?;
        let whole = self.whole.get_mut(at)?;
        if whole.acked + ACK_INTERVAL > now {
            return None;
        }
        whole.acked = now;
        Some(*whole)
    }

    /// The acknowledgement of a whole frame of `stream`.
    pub(super) fn of(&self, whole: &WholeFrame, stream: StreamId, now: Time) -> Ack {
        Ack {
            stream,
            frame: whole.frame,
            lost: u16::try_from(whole.lost).unwrap_or(u16::MAX),
            hold_us: saturating_us(now.since(whole.at)),
            spread_us: saturating_us(whole.spread),
            train_us: saturating_us(whole.train),
            recent: self.recent_before(whole.frame),
            whole: whole.at,
        }
    }

    /// [`Ack::recent`] as seen from `frame`.
    fn recent_before(&self, frame: FrameNumber) -> u32 {
        let whole = self.whole.iter().map(|whole| whole.frame);
        whole
            .filter_map(|whole| frame.recent_bit(whole))
            .fold(0, |recent, bit| recent | bit)
    }
}

fn saturating_us(span: Span) -> u32 {
    u32::try_from(span.as_micros()).unwrap_or(u32::MAX)
}
