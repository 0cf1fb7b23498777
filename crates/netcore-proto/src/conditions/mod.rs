//! What a network does to packets, one effect per file: pure, with time and chance as arguments. Simulated networks are made
//! of it, and so are the worse ones that a room makes of its own sockets to see what they do to live pictures.
//!
//! A [`Path`] is one direction of a link. It applies its effects in the order in which a real path does: the bottleneck's
//! queue first, then what happens on the way.
//!
//! ```text
//! packet ─▶ rate and queue ─▶ loss ─▶ burst loss ─▶ delay ─▶ jitter ─▶ reordering ─▶ duplication ─▶ 0, 1 or 2 arrivals
//! ```

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
