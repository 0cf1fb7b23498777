//! Live video: streams, the links that carry them, and those who watch.
//!
//! Frames of a live [stream](stream::Stream) come into its [hub](hub::Hub) from our own source or from an [inbound](inbound::Inbound) link; it keeps the
//! newest for those who look, and offers each to the [outbound](outbound::Outbound) links, one for each peer that wants them. Nothing is decoded
//! or copied on the path.

mod budget;
mod hub;
mod inbound;
mod outbound;
mod own;
mod plane;
mod publisher;
pub(crate) mod stream;

pub use hub::ShownFrame;
pub(crate) use plane::Plane;
pub use publisher::Publisher;
pub use stream::FrameReceiver;
