//! The real program, several at a time, over real sockets on this computer.

// Helpers outside #[test] functions fail a test like the test itself.
#![allow(clippy::unwrap_used)]

mod measuring;
mod program;
mod rooms;
mod transfers;
mod trouble;
mod videos;
