//! What is said: one log, numbered by the host, the same for everybody.
//!
//! A message goes `waiting → delivered` when the host's receipt brings its number. Sending again what was already received is
//! harmless: the host knows a message by its sender and the sender's own number for it.

mod host;
mod log;
mod member;
mod message;

pub(crate) use host::Host;
pub use log::Log;
pub(crate) use member::Member;
pub use message::{Body, Entry, MAX_TEXT_BYTES, Notice, Request, TextError, sanitized_text};

/// The most entries a log remembers.
pub const MAX_LOG_ENTRIES: usize = 10_000;
/// The most bytes of text a log remembers.
pub const MAX_LOG_BYTES: usize = 16 * 1024 * 1024;

/// What happens to what is said.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A numbered entry, in order.
    Entry(Entry),
    /// One of our own messages got its number.
    Receipt {
        /// Our number for it.
        local: u64,
        /// The entry, as everybody has it.
        entry: Entry,
    },
    /// The host would not take one of our messages.
    Refused {
        /// Our number for it.
        local: u64,
        /// Why.
        refusal: crate::ground::Refusal,
    },
    /// The room is another one than before: its log begins anew.
    Reset,
}
