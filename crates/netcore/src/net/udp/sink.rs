//! What datagrams of a stream are delivered to. Who carries a stream registers it with the [`Association`](super::Association)
//! of the peer at its other end; what a stream's datagrams mean is decided there.

use netcore_proto::video::{Ack, Datagram, Fragment, Nack, Parity};
use netcore_proto::{StreamId, Time};

/// Takes what a peer sends of one stream.
pub(crate) trait StreamReceiver: Send + Sync {
    /// Which stream.
    fn stream(&self) -> StreamId;

    /// A fragment of a frame came.
    fn handle_fragment(&self, fragment: &Fragment<&[u8]>, now: Time);

    /// A parity fragment came.
    fn handle_parity(&self, parity: &Parity<&[u8]>, now: Time);

    /// What is to be answered now. It is asked until there is nothing more.
    fn poll_datagram(&self) -> Option<Datagram>;

    /// Every answer has left: what is whole may be handed on.
    fn hand_on(&self);

    /// When there is something to do though nothing comes.
    fn deadline(&self) -> Option<Time>;

    /// The deadline has come, or another one's has.
    fn handle_timeout(&self, now: Time);
}

/// Takes what a peer answers to what we send of one stream.
pub(crate) trait StreamSender: Send + Sync {
    /// A frame was acknowledged.
    fn handle_ack(&self, ack: &Ack, now: Time);

    /// Missing fragments are requested.
    fn handle_nack(&self, nack: &Nack, now: Time);

    /// What carries frames to this peer may have changed.
    fn follow(&self);
}
