//! How far a newcomer has been brought up to date.

use std::slice::Iter;

use super::machines::Section;
use crate::ground::MemberId;
use crate::session;

/// How far a newcomer is.
#[derive(Debug)]
pub(super) struct CatchUp {
    pub(super) member: MemberId,
    /// The last entry of the log that it has; zero for none.
    pub(super) last_seq: u64,
    /// What it is being sent; `None` while that is the people.
    pub(super) section: Option<Section>,
    /// What comes after that.
    pub(super) later: Iter<'static, Section>,
    /// The first number of the section that has not been sent.
    pub(super) next: u64,
}

impl CatchUp {
    pub(super) fn new(arrival: &session::Arrival) -> CatchUp {
        CatchUp {
            member: arrival.member,
            last_seq: arrival.last_seq.unwrap_or(0),
            section: None,
            later: Section::ALL.iter(),
            next: arrival.introduced,
        }
    }
}
