//! Facts for the control plane, and a connection as its loop sees it.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use bytes::{Bytes, BytesMut};
use netcore_proto::{ConnId, MemberId, Node, PeerInfo, Time};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::net::tls::DatagramKeys;

/// Facts that may wait for the loop.
pub(crate) const INPUT_QUEUE: usize = 1_024;

/// Something done to the node by the holder of a handle.
pub(crate) type Act = Box<dyn FnOnce(&mut Node, Time) + Send>;

/// A fact for the control plane.
pub(crate) enum Input {
    /// A control connection is there.
    Connected {
        connection: ControlConnection,
        peer: PeerInfo,
        keys: DatagramKeys,
        /// On a host: the connection's place among those that are beginning, which it has until its hello.
        beginning: Option<OwnedSemaphorePermit>,
    },
    /// Bytes came on one.
    Bytes { conn: ConnId, bytes: BytesMut },
    /// Everything that waited for one has left.
    Drained { conn: ConnId },
    /// One ended on its own.
    Closed { conn: ConnId, why: String },
    /// Work for a peer panicked: it is disconnected.
    Fault { peer: MemberId },
    /// The holder of a handle wants something done.
    Act(Act),
    /// The room is to be left or closed; the answer comes when every goodbye has been sent.
    Leave(oneshot::Sender<()>),
}

impl Input {
    /// The connection that it is of, if it is of one.
    pub(super) fn conn(&self) -> Option<ConnId> {
        match self {
            Input::Connected { connection, .. } => Some(connection.conn),
            Input::Bytes { conn, .. } | Input::Drained { conn } | Input::Closed { conn, .. } => Some(*conn),
            Input::Fault { .. } | Input::Act(_) | Input::Leave(_) => None,
        }
    }
}

/// One control connection, as the loop sees it.
pub(crate) struct ControlConnection {
    pub(crate) conn: ConnId,
    /// Bounded by `queued`.
    pub(super) queue: mpsc::UnboundedSender<Queued>,
    pub(super) queued: Arc<AtomicUsize>,
    /// Our own address on it.
    pub(crate) local: Option<IpAddr>,
    /// Cancelled when it has ended, or to cut it off.
    pub(crate) done: CancellationToken,
}

/// What waits to be written to a connection.
pub(super) enum Queued {
    Message(Bytes),
    /// The node wants to know when everything before has left.
    Mark,
}
