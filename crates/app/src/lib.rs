//! The application that every face of Roomwire shows: what a person can ask for, what they are shown, and what is
//! remembered meanwhile.
//!
//! `contract.rs` is the one table of what a face may ask; `dispatch.rs` makes of it [`answer`], through which every command
//! goes, and `bindings.rs` the interface's types. Each capability's folder has its commands, its state and its views: what a
//! face is given. `core.rs` has the only state; what it wants of the desktop goes through `desktop.rs`, so that every command
//! is tested without a window.
//!
//! What is deliberately absent: windows, terminals and browsers (those are the faces'), sockets, cameras and clocks (those are
//! netcore's and media's), and rules of the protocol.

mod bindings;
pub mod chat;
mod closing;
mod core;
pub mod desktop;
mod dispatch;
mod error;
pub mod files;
mod local_time;
pub mod metrics;
mod picks;
pub mod session;
mod settings;
#[cfg(test)]
mod testing;
pub mod video;

pub use bindings::contract_ts;
pub use closing::CloseDecision;
pub use core::{Core, Options, RecentLog};
pub use dispatch::{Answer, CAPABILITIES, Event, answer};
pub use error::{ErrorCode, IpcError};
pub use settings::{SettingsFile, WindowSize};
