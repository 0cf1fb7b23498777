//! A frame in flight: what of it has left, what was asked for, and how much may still be sent again.

use bytes::Bytes;

use crate::ground::{StreamId, Time, Transport};
use crate::video::{Fragment, Frame, Parity};

/// A fragment that is asked for is sent twice at once, and three times when more than one fragment in the first number was asked
/// for: a copy lost again would cost the frame another round trip. Beyond one fragment in the second number the path is rather
/// full than bad, and spare copies would make it worse.
const SPARE_COPIES: [u32; 2] = [20, 4];
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
    pub(super) retransmits: u32,
    /// Fragments that may still be sent again on request.
    pub(super) resends_left: u32,
    /// How many fragments were asked for.
    pub(super) asked: u32,
    /// Which requests were answered: bit *i* is that with the serial number `request` − *i*.
    pub(super) request: u16,
    pub(super) answered: u64,
    pub(super) prompts: u32,
    /// When anything of it was last sent.
    pub(super) prompted: Time,
}

impl InFlight {
    /// Whether datagrams of it have not been sent for the first time.
    pub(super) fn is_leaving(&self) -> bool {
        self.transport == Transport::Udp
            && (self.next_fragment < self.fragments || self.next_parity < self.parity.len())
    }

    /// How many more copies of a fragment are sent when it is asked for.
    pub(super) fn spare_copies(&self) -> u32 {
        let [few, many] = SPARE_COPIES;
        match self.asked {
            0 | 1 => 1,
            asked if asked.saturating_mul(few) <= self.fragments => 1,
            asked if asked.saturating_mul(many) <= self.fragments => 2,
            _ => 0,
        }
    }

    /// Takes one from the fragments that may still be sent again. Returns whether there was one.
    pub(super) fn take_resend(&mut self) -> bool {
        let left = self.resends_left.checked_sub(1);
        self.resends_left = left.unwrap_or(0);
        left.is_some()
    }

    /// Notes a request by its serial number. Returns whether it is one that was not answered yet.
    pub(super) fn is_new_request(&mut self, serial: u16) -> bool {
        let ahead = serial.wrapping_sub(self.request);
        if ahead < 1 << 15 {
            self.answered = self.answered.checked_shl(u32::from(ahead)).unwrap_or(0);
            self.request = serial;
        }
        let behind = self.request.wrapping_sub(serial);
        let bit = 1_u64.checked_shl(u32::from(behind)).unwrap_or(0);
        // One too old to be remembered was asked again since, if its fragments are still missing.
        let is_new = bit != 0 && self.answered & bit == 0;
        self.answered |= bit;
        is_new
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
