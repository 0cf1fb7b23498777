//! Live video: which streams exist (control plane), and how their frames travel (data plane).
//!
//! The control plane is [`Request`], [`Notice`] and the two catalogues. The data plane is a pair of pure machines per stream
//! and peer, a [`Sender`] and a [`Receiver`], that do not care which transport carries a frame:
//!
//! ```text
//! publisher ── Sender ═══ TCP or UDP ═══ Receiver ── host ── Sender ═══ TCP or UDP ═══ Receiver ── viewer
//! ```
//!
//! Every frame is acknowledged when it has arrived whole, before anything looks inside. The newest frame wins everywhere: a
//! frame that waits is replaced by a newer one, and an incomplete frame is given up once a newer one is complete.

mod ack_mode;
mod adaptation;
mod buffers;
mod fragment_header;
mod frame;
mod host;
mod member;
mod message;
mod parity;
mod receiver;
mod result;
mod sender;
mod stream_datagram;

pub use ack_mode::{AckMode, stop_and_wait_rate};
pub use adaptation::{Adaptation, AdaptationConfig, EncodingTarget};
pub use buffers::FrameBuffers;
pub use fragment_header::{Fragment, Parity};
pub use frame::{
    Announced, FRAME_HEADER_BYTES, Frame, FrameHeader, MAX_FRAME_BYTES, MAX_PICTURE_SIDE, TCP_ACK_BYTES,
    TcpAck,
};
pub(crate) use host::Host;
pub(crate) use member::Member;
pub use message::{Notice, Request, SourceKind, StreamDescription, StreamInfo};
pub use receiver::{Arrival, Receiver, ReceiverCounts};
pub use result::{DropReason, FrameOutcome, FrameResult, LossReason};
pub use sender::{Sender, SenderConfig, WindowMode};
pub use stream_datagram::{Ack, MAX_NACK_RANGES, Nack, StreamDatagram};

/// The most streams one person publishes at a time.
pub const MAX_STREAMS_EACH: usize = 4;
/// The most streams in one room.
pub const MAX_STREAMS: usize = 64;

/// What happens to the streams.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// On the publisher: the stream has a number now, and its frames may flow.
    Published {
        /// The publisher's own number for it.
        local: u64,
        /// The stream.
        stream: StreamInfo,
    },
    /// On the publisher: the host does not take the stream.
    Refused {
        /// The publisher's own number for it.
        local: u64,
        /// Why.
        refusal: crate::ground::Refusal,
    },
    /// Another member's stream began.
    Started(StreamInfo),
    /// A stream's transport, size or rate changed.
    Changed(StreamInfo),
    /// A stream is over.
    Stopped(StreamInfo),
    /// On a host: a member begins or ceases to watch a stream.
    Watching {
        /// Who.
        member: crate::ground::MemberId,
        /// What.
        stream: crate::ground::StreamId,
        /// Begins or ceases.
        on: bool,
    },
}
