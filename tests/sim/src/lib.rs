//! A simulated network with a virtual clock, in which a host and members hold whole conversations.
//!
//! Four layers, each of use without the next:
//! * [`effects`]: what a network does to packets, pure and seeded; the very code with which a room makes its own network worse;
//! * [`World`]: people with their [`netcore_proto::Node`]s, links between them, control connections, and live video over
//!   datagrams and byte streams, with a relay at the host; each clock shows another time;
//! * [`Scenario`]: a conversation as a list of described [`Step`]s, which are printed when one fails;
//! * [`live`](mod@live): usual networks and a live stream over them, for tests and for the bench.
//!
//! A run depends on its scenario and its seed and on nothing else: the same seed gives the same [`Trace`].
//!
//! # Panic policy
//! This crate exists to fail loudly: a name no one has, or a protocol that lets time stand still, is a panic.

mod agenda;
pub mod live;
mod scenario;
mod trace;
mod world;

pub use agenda::Agenda;
pub use netem as effects;
pub use netem::Pipe;
pub use scenario::{Scenario, Step};
pub use trace::Trace;
pub use world::{Hop, LiveScenario, Look, Shown, World};
