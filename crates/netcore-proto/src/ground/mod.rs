//! The ground that everything stands on: time, units, people, refusals, deadlines and text, as every part of the protocol
//! names them. Nothing here knows the wire, the link or a capability.

pub(crate) mod arithmetic;
mod clock_offset;
mod deadline;
pub(crate) mod hex;
pub(crate) mod machine;
pub(crate) mod person;
pub(crate) mod refusal;
pub(crate) mod sink;
pub(crate) mod text;
mod time;
mod units;

pub use clock_offset::ClockOffset;
pub use deadline::{Deadline, DeadlineReason};
pub use person::{Fingerprint, LeaveReason, Person, Presence, Profile};
pub use refusal::{Refusal, RefusalCode};
pub use time::{Span, Time};
pub use units::{Bitrate, ConnId, FileId, FrameNumber, MAX_EXACT, MemberId, StreamId, Transport};
