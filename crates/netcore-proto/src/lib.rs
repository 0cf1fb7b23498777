//! Roomwire's protocol.
pub mod time;
pub use time::{Span, Time};
