//! What a network does to packets, one effect per file. It is pure: time and chance are arguments. The simulator is made of it,
//! and so is the link conditioner, which impairs a room's own sockets to show what a worse network does to live video.
//!
//! A [`Path`] is one direction of a link. It applies its effects in the order in which a real path does: the bottleneck's
//! queue first, then what happens on the path.
//!
//! ```text
//! packet ─▶ rate and queue ─▶ loss ─▶ burst loss ─▶ delay ─▶ jitter ─▶ reordering ─▶ duplication ─▶ 0, 1 or 2 arrivals
//! ```

// Numbers may be chosen by a person: computing with them may neither panic nor wrap.
#![warn(clippy::arithmetic_side_effects)]
#![warn(clippy::integer_division)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::integer_division))]

mod burst;
mod chance;
mod duplicate;
mod jitter;
mod loss;
mod path;
mod pipe;
mod rate;
mod reorder;

pub use burst::{Burst, BurstLoss};
pub use chance::Chance;
pub use duplicate::Duplicate;
pub use jitter::Jitter;
pub use loss::Loss;
pub use path::{Conditions, Passage, Path, PathCounts};
pub use pipe::Pipe;
pub use rate::{Bottleneck, Rate};
pub use reorder::{Reorder, Reordering};
