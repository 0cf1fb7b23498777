//! What an acknowledgement reports of its frame, whichever transport brought it.

use crate::ground::{Span, Time};
use crate::video::{Ack, TcpAck};

#[derive(Clone, Copy, Debug)]
pub(super) struct AckReport {
    /// When the frame was whole, on the receiver's clock.
    pub(super) whole: Time,
    pub(super) hold: Span,
    pub(super) spread_us: u32,
    pub(super) train_us: u32,
    /// Fragments that did not arrive the first time.
    pub(super) lost: u16,
}

impl From<&TcpAck> for AckReport {
    fn from(ack: &TcpAck) -> AckReport {
        AckReport {
            whole: ack.whole,
            hold: Span::from_micros(u64::from(ack.hold_us)),
            spread_us: ack.spread_us,
            train_us: ack.spread_us,
            lost: 0,
        }
    }
}

impl From<&Ack> for AckReport {
    fn from(ack: &Ack) -> AckReport {
        AckReport {
            whole: ack.whole,
            hold: Span::from_micros(u64::from(ack.hold_us)),
            spread_us: ack.spread_us,
            train_us: ack.train_us,
            lost: ack.lost,
        }
    }
}
