//! Deadlines: when a machine is to be called, and what for.

use super::time::Time;

/// When a machine wants to be called though nothing happened, and what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    /// When.
    pub at: Time,
    /// What for.
    pub reason: DeadlineReason,
}

/// What a [`Deadline`] is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeadlineReason {
    /// A new connection must say hello by then.
    Hello,
    /// Time to ask whether the other side is there.
    Ping,
    /// The other side has been silent for too long.
    Silence,
    /// A lost member's place is given up.
    Return,
    /// Fragments are missing: ask for them again.
    Retransmission,
    /// A frame's time is over.
    Expiry,
    /// A frame was not acknowledged.
    Acknowledgement,
    /// The path has room for the frame that waits.
    Room,
    /// The next of a frame's fragments may leave.
    Pacing,
    /// A question about the size of datagrams is due, or its answer is.
    Probe,
    /// An address that has not answered is to be asked again.
    Challenge,
}

impl Deadline {
    /// The earlier of two deadlines that may not exist.
    pub fn earlier(a: Option<Deadline>, b: Option<Deadline>) -> Option<Deadline> {
        match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}
