//! What of a link's frames the system has not taken yet, for each transport.

use netcore_proto::video::{Frame, StreamDatagram};

use crate::net::connection::Writer;
use crate::net::udp::Batch;

/// A TCP connection that carries a link's frames, and what of a frame is still to be written.
pub(super) struct Pipe {
    pub(super) writer: Writer,
    /// The frame being written and how many of its bytes the connection has taken.
    pub(super) writing: Option<(Frame, usize)>,
}

/// Datagrams that the socket is given next.
#[derive(Default)]
pub(super) struct Outbox {
    pub(super) batch: Batch,
    /// What did not fit into the batch.
    pub(super) held_back: Option<StreamDatagram>,
}
