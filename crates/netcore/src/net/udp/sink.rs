//! What datagrams of a stream are delivered to. Who carries a stream registers it with the [`Association`](super::Association)
//! of the peer at its other end; what a stream's datagrams say is read and decided there.

use netcore_proto::{StreamId, Time};

/// Sends one datagram, whose plain bytes are written by what it is called with.
pub(crate) type SendDatagram<'a> = dyn FnMut(&dyn Fn(&mut Vec<u8>)) + 'a;

/// Takes what a peer sends of one stream.
pub(crate) trait StreamReceiver: Send + Sync {
    /// Which stream.
    fn stream(&self) -> StreamId;

    /// A datagram of the stream came. Returns whether it has to do with what the peer sends.
    fn handle_datagram(&self, datagram: &[u8], now: Time) -> bool;

    /// Calls `send` for each datagram that is to be answered now.
    fn answer(&self, send: &mut SendDatagram<'_>);

    /// Every answer has left: what is whole may be handed on.
    fn hand_on(&self);

    /// When there is something to do though nothing comes.
    fn deadline(&self) -> Option<Time>;

    /// The deadline has come, or another one's has.
    fn handle_timeout(&self, now: Time);
}

/// Takes what a peer answers to what we send of one stream.
pub(crate) trait StreamSender: Send + Sync {
    /// A datagram of the stream came. Returns whether it answers what we send.
    fn handle_datagram(&self, datagram: &[u8], now: Time) -> bool;

    /// What carries frames to this peer may have changed.
    fn follow(&self);
}
