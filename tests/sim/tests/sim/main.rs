//! Whole conversations in a simulated network, one module per capability.
#![allow(
    clippy::unwrap_used,
    reason = "a test that finds nothing where something must be has failed"
)]

mod chat;
mod files;
mod metrics;
mod session;
mod video;
