//! What is measured of one link.

use netcore_proto::metrics::{Counters, Distributions, Figures, Point, SeriesPoint, TransportSummary};
use netcore_proto::video::FrameResult;
use netcore_proto::{MemberId, StreamId};

use crate::net::tcp_info::TcpInfo;

/// Which link: one stream between this computer and one peer, in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkKey {
    /// Which stream.
    pub stream: StreamId,
    /// Which peer.
    pub peer: MemberId,
    /// Whether we send.
    pub outbound: bool,
}

/// A link's figures as of the last second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// Which link.
    pub key: LinkKey,
    /// Measured here; on a link on which we receive, delay, loss and retransmissions are what the sending end reported, and on
    /// one on which we send, jitter is what the receiving end reported.
    pub figures: Figures,
    /// Bytes of a full datagram; `None` on a link on which we receive.
    pub datagram_bytes: Option<u32>,
    /// What the system knows of the TCP connection on which we send; `None` while frames do not go over TCP, and on a link on
    /// which we receive.
    pub tcp: Option<TcpInfo>,
    /// What the system granted our socket for datagrams that wait to be read, in bytes.
    pub receive_buffer: Option<u32>,
}

/// What happened on a link within one second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkPoint {
    /// Which link.
    pub key: LinkKey,
    /// What happened.
    pub point: Point,
    /// The end of that second, in milliseconds since 1970.
    pub at_unix_ms: u64,
}

/// What became of one frame on one of our outbound links.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkResult {
    /// Which stream.
    pub stream: StreamId,
    /// To whom.
    pub peer: MemberId,
    /// What.
    pub result: FrameResult,
}

/// What was measured of one link since it began.
#[derive(Clone, Debug)]
pub struct LinkHistory {
    /// Which link.
    pub key: LinkKey,
    /// On a link on which we send: what each transport did, and how that is distributed.
    pub sent: Vec<(TransportSummary, Distributions)>,
    /// On a link on which we receive: what was counted here, and how it is distributed.
    pub received: Option<(Counters, Distributions)>,
    /// From its beginning on, oldest first; times are on our clock.
    pub series: Vec<SeriesPoint>,
}
