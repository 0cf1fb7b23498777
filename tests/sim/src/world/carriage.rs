//! What carries frames while datagrams are not answered, as an association of the network around the protocol decides it: here
//! each hop has one of its own.

use netcore_proto::link::{Carrier, CarrierAction, Datagram};
use netcore_proto::{Time, Transport};

use super::World;

/// The sending end's part of it.
#[derive(Debug, Default)]
pub(super) struct Carriage {
    carrier: Carrier,
    /// What the frames are meant to go by.
    pub(super) wish: Transport,
    stays_on_udp: bool,
}

impl Carriage {
    pub(super) fn new(wish: Transport) -> Carriage {
        Carriage {
            wish,
            ..Carriage::default()
        }
    }

    /// What carries the frames.
    fn carried(&self) -> Transport {
        match self.wish {
            Transport::Udp if !self.stays_on_udp => self.carrier.transport(),
            wish => wish,
        }
    }
}

impl World {
    /// From now on frames whose datagrams nothing answers go over TCP.
    pub fn mind_silence(&mut self) {
        self.minds_silence = true;
    }

    /// No datagram gets to or from a person from now on, or they do again; everything else passes.
    pub fn block_datagrams(&mut self, name: &str, are_blocked: bool) {
        let who = self.who(name);
        self.people[who].are_datagrams_blocked = are_blocked;
    }

    /// A person insists on UDP from now on, or no longer.
    pub fn stay_on_udp(&mut self, name: &str, stays: bool) {
        let who = self.who(name);
        for at in 0..self.hops.len() {
            if self.hops[at].from == who {
                self.hops[at].carriage.stays_on_udp = stays;
                self.follow(at);
            }
        }
    }

    /// A fragment of a frame leaves in a datagram.
    pub(super) fn mind_sent(&mut self, at: usize) {
        let hop = &mut self.hops[at];
        if self.minds_silence {
            let clock = self.people[hop.from].clock(self.now);
            hop.carriage.carrier.handle_sent(clock);
        }
    }

    /// A datagram came back to the sending end.
    pub(super) fn mind_answer(&mut self, at: usize) {
        let hop = &mut self.hops[at];
        let clock = self.people[hop.from].clock(self.now);
        if hop.carriage.carrier.handle_answered(clock) {
            self.follow(at);
        }
    }

    /// Does what is due.
    pub(super) fn mind_time(&mut self, at: usize) {
        let hop = &mut self.hops[at];
        let clock = self.people[hop.from].clock(self.now);
        match hop.carriage.carrier.handle_timeout(clock) {
            None => {}
            Some(CarrierAction::FallBack) => self.follow(at),
            Some(CarrierAction::SendHello) => self.send_hello(at, true, Datagram::Hello { token: 1 }),
        }
    }

    /// When something is due, by the simulation's time.
    pub(super) fn minds_time_at(&self, at: usize) -> Option<Time> {
        let hop = &self.hops[at];
        let due = hop.carriage.carrier.poll_timeout()?;
        Some(self.people[hop.from].moment(due.at).max(self.now))
    }

    /// What carries the frames may have changed.
    pub(super) fn follow(&mut self, at: usize) {
        let hop = &mut self.hops[at];
        let transport = hop.carriage.carried();
        if hop.is_stopped || transport == hop.sender.transport() {
            return;
        }
        hop.switches.push((self.now, transport));
        hop.sender.set_transport(transport);
        hop.meter.set_transport(transport);
        if transport != hop.carriage.wish {
            let clock = self.people[hop.from].clock(self.now);
            hop.sender.handle_datagrams_blocked(clock);
        }
        self.serve_sender(at);
    }
}
