//! Roomwire's protocol: who is here, what is said, what is offered, and how live frames travel, as pure state machines.
//!
//! Nothing here opens a socket, reads a clock or asks for randomness. Time ([`Time`]), chance (tokens, room numbers) and
//! bytes are arguments, so that a whole conversation can be run, and run again, in a simulated network.
//!
//! # The one calling rule
//!
//! **After every `handle_*`, empty every `poll_*`.** A driver's loop is: hand one fact to the machine with the present
//! time; take outputs until there are none; sleep until [`poll_timeout`](Node::poll_timeout) or the next fact.
//!
//! ```
//! use netcore_proto::{ConnId, HostConfig, Node, Output, PeerInfo, Time, session::{Fingerprint, Profile}, wire::AttachToken};
//!
//! let profile = |name: &str| Profile { name: name.into(), ..Profile::default() };
//! let peer = |id: u8| PeerInfo {
//!     fingerprint: Fingerprint([id; 32]),
//!     address: ([127, 0, 0, 1], 27182).into(),
//!     token: AttachToken([id; 16]),
//! };
//! let mut host = Node::host(
//!     HostConfig {
//!         room_name: "Lab".into(),
//!         room: 1,
//!         profile: profile("Ada"),
//!         identity: Fingerprint([0; 32]),
//!         address: ([127, 0, 0, 1], 27182).into(),
//!         epoch_unix_ms: 0,
//!     },
//!     Time::ZERO,
//! );
//! let mut member = Node::member(&profile("Ben"));
//! host.handle_connected(ConnId(1), peer(1), Time::ZERO);
//! member.handle_connected(ConnId(1), peer(0), Time::ZERO);
//! member.say(1, "hello", Time::ZERO)?; // it waits for the welcome
//!
//! // The wire: what one side transmits, the other is given.
//! loop {
//!     let mut is_quiet = true;
//!     while let Some(output) = member.poll_output() {
//!         if let Output::Transmit { bytes, .. } = output {
//!             host.handle_bytes(ConnId(1), &bytes, Time::ZERO);
//!             is_quiet = false;
//!         }
//!     }
//!     while let Some(output) = host.poll_output() {
//!         match output {
//!             Output::Transmit { bytes, .. } => member.handle_bytes(ConnId(1), &bytes, Time::ZERO),
//!             Output::AwaitDrain { conn } => host.handle_drained(conn), // all before it has left
//!             Output::Close { .. } | Output::Event(_) => continue,
//!         }
//!         is_quiet = false;
//!     }
//!     if is_quiet { break }
//! }
//! assert_eq!(host.chat().last_seq(), member.chat().last_seq());
//! # Ok::<(), netcore_proto::CommandError>(())
//! ```
//!
//! # Panic policy
//!
//! Bad input is an error, wherever it came from. A broken invariant of this crate is a panic that names the invariant.

// Numbers arrive from others: neither computing with them nor looking something up by them may panic or wrap.
#![warn(clippy::arithmetic_side_effects)]
#![warn(clippy::indexing_slicing)]
#![warn(clippy::integer_division)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        clippy::integer_division
    )
)]

pub mod chat;
pub mod files;
mod ground;
mod io;
pub mod link;
pub mod metrics;
mod node;
pub mod session;
pub mod video;
pub mod wire;

pub use ground::{
    Bitrate, ConnId, Deadline, DeadlineReason, FileId, FrameNumber, MemberId, Span, StreamId, Time, Transport,
};
pub use io::{Event, Notice, Output, Request};
pub use node::{CommandError, HostConfig, Node};
pub use session::PeerInfo;
