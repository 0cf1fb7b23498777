//! A frame in flight: what of it has left, and its datagrams.

use bytes::Bytes;

use super::retransmission::Retransmission;
use crate::ground::{StreamId, Time, Transport};
use crate::video::{Fragment, Frame, Parity};

/// A frame of which something has been sent, or is about to be, and that has no result yet.
#[derive(Debug)]
pub(super) struct InFlight {
    /// The sender's own number for it, never given twice. The publisher's may come again.
    pub(super) serial: u64,
    pub(super) frame: Frame,
    pub(super) offered: Time,
    pub(super) transport: Transport,
    pub(super) first_out: Option<Time>,
    pub(super) last_out: Option<Time>,
    pub(super) size: u16,
    pub(super) next_fragment: u32,
    /// When the last of its own fragments was first sent; parity follows.
    pub(super) fragments_out: Option<Time>,
    pub(super) parity: Vec<Bytes>,
    pub(super) next_parity: usize,
    pub(super) fragments: u32,
    /// What was requested of it and sent again.
    pub(super) retransmission: Retransmission,
}

impl InFlight {
    /// Whether datagrams of it have not been sent for the first time.
    pub(super) fn is_leaving(&self) -> bool {
        self.transport == Transport::Udp
            && (self.next_fragment < self.fragments || self.next_parity < self.parity.len())
    }

    /// Fragment number `index` of `stream`'s frame; `None` when the frame has not so many.
    pub(super) fn fragment(
        &self,
        stream: StreamId,
        index: u16,
        attempt: u8,
        answers_requests: bool,
    ) -> Option<Fragment> {
        let size = usize::from(self.size);
        let from = usize::from(index).saturating_mul(size);
        let to = from.saturating_add(size).min(self.frame.bytes().len());
        if from >= to {
            return None;
        }
        Some(Fragment {
            stream,
            frame: self.frame.header().frame,
            frame_length: self.frame.bytes().len() as u32,
            size: self.size,
            index,
            attempt,
            parity: self.parity.len() as u8,
            answers_requests,
            data: self.frame.bytes().slice(from..to),
        })
    }

    /// A parity fragment of `stream`'s frame; `None` when there are not so many.
    pub(super) fn parity_fragment(&self, stream: StreamId, index: usize) -> Option<Parity> {
        Some(Parity {
            stream,
            frame: self.frame.header().frame,
            frame_length: self.frame.bytes().len() as u32,
            size: self.size,
            count: self.parity.len() as u8,
            index: index as u8,
            data: self.parity.get(index)?.clone(),
        })
    }
}
