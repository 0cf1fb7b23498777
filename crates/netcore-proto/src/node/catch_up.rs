//! How far a newcomer has been brought up to date.

use crate::ground::MemberId;
use crate::session;

/// How far a newcomer is.
#[derive(Debug)]
pub(super) struct CatchUp {
    pub(super) member: MemberId,
    /// The last entry of the log that it has; zero for none.
    pub(super) last_seq: u64,
    pub(super) section: Section,
    /// The first number of that section that has not been sent.
    pub(super) next: u64,
}

/// What a newcomer is sent, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    People,
    Files,
    Streams,
    Chat,
}

impl CatchUp {
    pub(super) fn new(arrival: &session::Arrival) -> CatchUp {
        CatchUp {
            member: arrival.member,
            last_seq: arrival.last_seq.unwrap_or(0),
            section: Section::People,
            next: arrival.introduced,
        }
    }
}
