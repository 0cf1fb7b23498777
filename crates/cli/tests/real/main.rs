//! The real program, several at a time, over real sockets on this computer.

// Helpers outside #[test] functions fail a test like the test itself.
#![allow(clippy::unwrap_used)]

mod batches;
mod blocked;
mod hostile;
mod limits;
mod measuring;
mod outputs;
mod program;
mod rooms;
mod service;
mod transfers;
mod trouble;
mod videos;
