//! What became of a frame: exactly one result for each.

use crate::ground::{Bitrate, FrameNumber, Span, Time, Transport};

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameResult {
    /// Which frame.
    pub frame: FrameNumber,
    /// Its bytes, header included.
    pub bytes: u32,
    /// What carried it; for a dropped frame, what would have.
    pub transport: Transport,
    /// When its picture was taken, on the publisher's clock.
    pub captured: Time,
    /// How long encoding took, in microseconds.
    pub encode_us: u32,
    /// When it was offered to this sender, on this computer's clock like all that follow.
    pub offered: Time,
    /// When its first byte was given to the system.
    pub first_out: Option<Time>,
    /// When its last byte was.
    pub last_out: Option<Time>,
    /// When the receiver had it whole, on the receiver's clock, as its acknowledgement reported.
    pub received_whole: Option<Time>,
    /// How long its bytes took to come in there, in microseconds, as its acknowledgement reported.
    pub spread_us: Option<u32>,
    /// When this result was known.
    pub finished: Time,
    /// How many of its fragments were sent again.
    pub retransmits: u32,
    /// What became of it.
    pub outcome: FrameOutcome,
}

/// How a frame ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameOutcome {
    /// It was acknowledged.
    Acked {
        /// First byte out to acknowledgement, the receiver's hold time taken off.
        delay: Span,
        /// The receiver's hold time.
        hold: Span,
    },
    /// It arrived, but its acknowledgement did not: a later one reports it. How long it took is not known.
    Delivered,
    /// It did not arrive whole.
    Lost(LossReason),
    /// It was never sent.
    Dropped(DropReason),
}

/// Why a sent frame did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossReason {
    /// The receiver had a newer frame before this one was whole.
    Overtaken,
    /// No acknowledgement came in time, though the receiver was prompted.
    Unanswered,
    /// Its connection ended.
    Disconnected,
}

/// Why a frame was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// A newer frame came while it waited.
    Superseded,
    /// The stream ended while it waited.
    Stopped,
}

impl FrameResult {
    /// A frame that was offered and ended at `at`, and of which nothing was sent.
    pub fn unsent(
        frame: FrameNumber,
        bytes: u32,
        transport: Transport,
        at: Time,
        outcome: FrameOutcome,
    ) -> FrameResult {
        FrameResult {
            frame,
            bytes,
            transport,
            captured: at,
            encode_us: 0,
            offered: at,
            first_out: None,
            last_out: None,
            received_whole: None,
            spread_us: None,
            finished: at,
            retransmits: 0,
            outcome,
        }
    }

    /// The delay, when the frame was acknowledged.
    pub fn delay(&self) -> Option<Span> {
        match self.outcome {
            FrameOutcome::Acked { delay, .. } => Some(delay),
            _ => None,
        }
    }

    /// Bytes of the frame over its delay, as the classic lab computes the transfer rate.
    pub fn classic_rate(&self) -> Option<Bitrate> {
        Bitrate::of(u64::from(self.bytes), self.delay()?)
    }
}
