//! How a frame leaves: through the window, the gate and the pacer, with parity behind it.

use bytes::Bytes;

use super::gate::Leave;
use super::in_flight::InFlight;
use super::{Sender, Waiting, repair};
use crate::ground::arithmetic::Grow;
use crate::ground::{Time, Transport};
use crate::video::{Datagram, Fragment, Frame, Parity};

/// How frames leave.
impl Sender {
    /// The next datagram to send, [`Datagram::Fragment`] or [`Datagram::Parity`]; fragments that were asked for again come first.
    pub fn poll_datagram(&mut self, now: Time) -> Option<Datagram> {
        self.paced_datagram(self.acks.adds_parity(), now)
    }

    /// The next fragment to send in a datagram, for who cannot send parity: frames that leave by this get none.
    pub fn poll_fragment(&mut self, now: Time) -> Option<Fragment> {
        loop {
            if let Datagram::Fragment(fragment) = self.paced_datagram(false, now)? {
                return Some(fragment);
            }
        }
    }

    fn paced_datagram(&mut self, adds_parity: bool, now: Time) -> Option<Datagram> {
        if let Err(when) = self.pacer.check(now) {
            let has_more = !self.resend.is_empty() || self.in_flight.iter().any(InFlight::is_leaving);
            self.paced_until = has_more.then_some(when);
            return None;
        }
        let datagram = self.next_datagram(adds_parity, now)?;
        let bytes = match &datagram {
            Datagram::Fragment(fragment) => Fragment::HEADER_BYTES.saturating_add(fragment.data.len()),
            Datagram::Parity(parity) => Parity::HEADER_BYTES.saturating_add(parity.data.len()),
            _ => 0,
        };
        self.pacer.handle_sent(bytes as u64, now);
        Some(datagram)
    }

    fn next_datagram(&mut self, adds_parity: bool, now: Time) -> Option<Datagram> {
        let answers_requests = self.acks.answers_requests();
        let stream = self.stream;
        while let Some((serial, index)) = self.resend.pop_front() {
            // A frame that has its result since is not sent again.
            let Some(sent) = self.in_flight.iter_mut().find(|sent| sent.serial == serial) else {
                continue;
            };
            let attempt = sent.retransmits.saturating_add(1).min(255) as u8;
            if let Some(fragment) = sent.fragment(stream, index, attempt, answers_requests) {
                sent.retransmits = sent.retransmits.saturating_add(1);
                sent.prompted = now;
                return Some(Datagram::Fragment(fragment));
            }
        }
        let sent = match self.in_flight.iter().position(InFlight::is_leaving) {
            Some(at) => self.in_flight.get_mut(at)?,
            None if self.transport == Transport::Udp => self.promote(adds_parity, now)?,
            None => return None,
        };
        sent.first_out.get_or_insert(now);
        let datagram = if sent.next_fragment < sent.fragments {
            let index = sent.next_fragment as u16;
            sent.next_fragment.grow_by(1);
            sent.fragments_out = (sent.next_fragment == sent.fragments).then_some(now);
            Datagram::Fragment(sent.fragment(stream, index, 0, answers_requests)?)
        } else {
            let parity = sent.parity_fragment(stream, sent.next_parity)?;
            sent.next_parity.grow_by(1);
            Datagram::Parity(parity)
        };
        if !sent.is_leaving() {
            sent.last_out = Some(now);
            sent.prompted = now;
        }
        Some(datagram)
    }

    /// Puts the waiting frame in flight if the window and the gate are open.
    pub(super) fn promote(&mut self, adds_parity: bool, now: Time) -> Option<&mut InFlight> {
        self.room_at = None;
        if self.waiting.is_none() || self.in_flight.len() >= self.window.frames() {
            return None;
        }
        match self.may_leave(now) {
            Leave::Now => {}
            Leave::At(at) => {
                self.room_at = Some(at);
                return None;
            }
        }
        let Waiting { frame, offered } = self.waiting.take()?;
        self.newest = Some(frame.header().frame);
        // Parity is computed over fragments of an even size.
        let mut size = self.fragment_bytes & !1;
        let length = frame.bytes().len() as u32;
        // A fragment's number has 16 bits.
        if Fragment::count(length, size) > 1 << 16 {
            size = (length.div_ceil(1 << 16) as u16).next_multiple_of(2);
        }
        let fragments = Fragment::count(length, size);
        if self.transport == Transport::Udp && self.window.is_adaptive() {
            let limit = self.control.pacing_limit(now);
            self.pacer.begin(u64::from(length), self.gate.interval(), limit);
        }
        let parity = if adds_parity {
            self.parity_of(&frame, size, fragments)
        } else {
            Vec::new()
        };
        self.parity_share = parity.len() as f64 / f64::from(fragments);
        self.serials = self.serials.wrapping_add(1);
        self.in_flight.push_back(InFlight {
            serial: self.serials,
            fragments,
            resends_left: fragments.saturating_mul(repair::MAX_RESENDS_PER_FRAGMENT),
            asked: 0,
            request: 0,
            answered: 0,
            frame,
            offered,
            transport: self.transport,
            first_out: None,
            last_out: None,
            size,
            next_fragment: 0,
            parity,
            next_parity: 0,
            fragments_out: None,
            retransmits: 0,
            prompts: 0,
            prompted: now,
        });
        self.in_flight.back_mut()
    }

    /// As much parity as loss calls for, unless the path is full: then it would lose more.
    fn parity_of(&mut self, frame: &Frame, size: u16, fragments: u32) -> Vec<Bytes> {
        let count = self.parity.count(fragments, self.control.loss());
        if self.control.is_queueing() {
            return Vec::new();
        }
        self.parity.make(frame.bytes(), size, count)
    }

    fn may_leave(&self, now: Time) -> Leave {
        let known = self.control.capacity().zip(self.control.least_round_trip());
        let Some((capacity, least_round_trip)) = known.filter(|_| self.window.is_adaptive()) else {
            return Leave::Now;
        };
        let in_flight = self
            .in_flight
            .iter()
            .filter(|sent| sent.transport == self.transport)
            .filter_map(|sent| Some((sent.first_out?, sent.frame.bytes().len() as u32, sent.asked > 0)));
        self.gate.leave(in_flight, capacity, least_round_trip, now)
    }
}
