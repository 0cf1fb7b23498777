//! Transmission: how a frame leaves for the first time, once the window and the bottleneck allow, at the pacer's rate, with parity
//! behind it. What is sent again goes first.

use bytes::Bytes;

use super::bottleneck::Departure;
use super::in_flight::InFlight;
use super::retransmission::Retransmission;
use super::{Sender, Waiting};
use crate::ground::arithmetic::Grow;
use crate::ground::{Time, Transport};
use crate::video::{Fragment, Frame, Parity, StreamDatagram};

impl Sender {
    /// The next datagram to send, [`StreamDatagram::Fragment`] or [`StreamDatagram::Parity`]; fragments that were requested come first.
    pub fn poll_datagram(&mut self, now: Time) -> Option<StreamDatagram> {
        self.paced_datagram(self.acks.adds_parity(), now)
    }

    /// The next fragment to send in a datagram, for who cannot send parity: frames that leave by this get none.
    pub fn poll_fragment(&mut self, now: Time) -> Option<Fragment> {
        loop {
            if let StreamDatagram::Fragment(fragment) = self.paced_datagram(false, now)? {
                return Some(fragment);
            }
        }
    }

    fn paced_datagram(&mut self, adds_parity: bool, now: Time) -> Option<StreamDatagram> {
        if let Err(when) = self.pacer.check(now) {
            let has_more = !self.resend.is_empty() || self.in_flight.iter().any(InFlight::is_leaving);
            self.paced_until = has_more.then_some(when);
            return None;
        }
        let datagram = self.next_datagram(adds_parity, now)?;
        let bytes = match &datagram {
            StreamDatagram::Fragment(fragment) => Fragment::HEADER_BYTES.saturating_add(fragment.data.len()),
            StreamDatagram::Parity(parity) => Parity::HEADER_BYTES.saturating_add(parity.data.len()),
            _ => 0,
        };
        self.pacer.handle_sent(bytes as u64, now);
        Some(datagram)
    }

    fn next_datagram(&mut self, adds_parity: bool, now: Time) -> Option<StreamDatagram> {
        let answers_requests = self.acks.answers_requests();
        let stream = self.stream;
        if let Some(fragment) = self.next_retransmission(now) {
            return Some(StreamDatagram::Fragment(fragment));
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
            StreamDatagram::Fragment(sent.fragment(stream, index, 0, answers_requests)?)
        } else {
            let parity = sent.parity_fragment(stream, sent.next_parity)?;
            sent.next_parity.grow_by(1);
            StreamDatagram::Parity(parity)
        };
        if !sent.is_leaving() {
            sent.last_out = Some(now);
            sent.retransmission.active = now;
        }
        Some(datagram)
    }

    /// Puts the waiting frame in flight if the window has a place and the bottleneck would not make it queue.
    pub(super) fn promote(&mut self, adds_parity: bool, now: Time) -> Option<&mut InFlight> {
        self.room_at = None;
        if self.waiting.is_none() || self.in_flight.len() >= self.window.frames() {
            return None;
        }
        match self.departure(now) {
            Departure::Now => {}
            Departure::At(at) => {
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
            self.pacer
                .begin(u64::from(length), self.bottleneck.interval(), limit);
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
            retransmission: Retransmission::new(fragments, now),
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

    fn departure(&self, now: Time) -> Departure {
        let known = self.control.capacity().zip(self.control.least_round_trip());
        let Some((capacity, least_round_trip)) = known.filter(|_| self.window.is_adaptive()) else {
            return Departure::Now;
        };
        let in_flight = self
            .in_flight
            .iter()
            .filter(|sent| sent.transport == self.transport)
            .filter_map(|sent| {
                Some((
                    sent.first_out?,
                    sent.frame.bytes().len() as u32,
                    sent.retransmission.requested > 0,
                ))
            });
        self.bottleneck
            .departure(in_flight, capacity, least_round_trip, now)
    }
}
