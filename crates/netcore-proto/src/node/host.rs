//! The host's half of a node: who a request is from, and what a departure changes.

use std::collections::BTreeMap;

use super::catch_up::CatchUp;
use super::machines::HostMachines;
use super::outbox::{HostOutbox, HostOutput};
use crate::ground::{ConnId, LeaveReason, MemberId, Refusal, RefusalCode, Time};
use crate::io::{Event, Request};
use crate::wire::{ControlDecoder, Received, WireError};
use crate::{chat, session};

/// The host's machines, and the connections that they are reached by.
#[derive(Debug)]
pub(super) struct HostNode {
    pub(super) epoch_unix_ms: u64,
    pub(super) decoders: BTreeMap<ConnId, ControlDecoder>,
    /// Newcomers that are still being brought up to date.
    pub(super) catching_up: BTreeMap<ConnId, CatchUp>,
    pub(super) session: session::Host,
    pub(super) machines: HostMachines,
}

impl HostNode {
    pub(super) fn unix_ms(&self, now: Time) -> u64 {
        self.epoch_unix_ms.saturating_add(now.as_millis())
    }

    pub(super) fn note(&mut self, member: MemberId, body: chat::Body, now: Time, out: &mut HostOutbox) {
        let unix_ms = self.unix_ms(now);
        if let Some(person) = self.session.person(member) {
            self.machines.chat.note(person, body, unix_ms, out);
        }
    }

    pub(super) fn handle_request(
        &mut self,
        conn: ConnId,
        request: Received<Request>,
        now: Time,
        out: &mut HostOutbox,
    ) {
        let unix_ms = self.unix_ms(now);
        let person = self
            .session
            .member_of(conn)
            .and_then(|member| self.session.person(member));
        match (request.into_inner(), person) {
            (Request::Session(session::Request::Leave), Some(person)) => {
                let member = person.id;
                self.depart(member, LeaveReason::Left, None, now, out);
            }
            (Request::Session(session::Request::Hello { .. }), Some(person)) => {
                let member = person.id;
                self.depart(
                    member,
                    LeaveReason::Removed,
                    Some(session::second_hello()),
                    now,
                    out,
                );
            }
            (Request::Session(request), _) => {
                if let Some(arrival) = self.session.handle_request(conn, request, now, out) {
                    self.handle_arrival(&arrival, now, out);
                }
            }
            (request, Some(person)) => self.machines.handle_request(person, request, unix_ms, out),
            (_, None) => {
                let words = "a connection begins with a hello";
                self.session
                    .refuse(conn, Refusal::new(RefusalCode::BadMessage, words), out);
            }
        }
    }

    pub(super) fn handle_arrival(&mut self, arrival: &session::Arrival, now: Time, out: &mut HostOutbox) {
        // An older connection of the same member may just have been replaced.
        self.machines.handle_detached(arrival.member, out);
        self.catching_up.insert(arrival.conn, CatchUp::new(arrival));
        if arrival.is_new {
            self.note(arrival.member, chat::Body::Joined, now, out);
        }
        // What was said before this came is on the page; what comes after it is not.
        out.entries.push(HostOutput::Page(arrival.conn));
    }

    /// Bytes that are no message: their sender is refused.
    pub(super) fn handle_bad_message(
        &mut self,
        conn: ConnId,
        error: &WireError,
        now: Time,
        out: &mut HostOutbox,
    ) {
        let refusal = Refusal::new(RefusalCode::BadMessage, error.to_string());
        match self.session.member_of(conn) {
            Some(member) => self.depart(member, LeaveReason::Removed, Some(refusal), now, out),
            None => self.session.refuse(conn, refusal, out),
        }
        self.forget(conn);
    }

    /// Nothing more is read from `conn`, or paged to it.
    pub(super) fn forget(&mut self, conn: ConnId) {
        self.decoders.remove(&conn);
        self.catching_up.remove(&conn);
    }

    pub(super) fn depart(
        &mut self,
        member: MemberId,
        reason: LeaveReason,
        refusal: Option<Refusal>,
        now: Time,
        out: &mut HostOutbox,
    ) {
        self.machines.handle_detached(member, out);
        if let Some(departure) = self.session.leave(member, reason, refusal, out) {
            self.handle_departure(&departure, now, out);
        }
    }

    pub(super) fn handle_departure(
        &mut self,
        departure: &session::Departure,
        now: Time,
        out: &mut HostOutbox,
    ) {
        self.machines.handle_departure(departure.person.id, out);
        let unix_ms = self.unix_ms(now);
        self.machines.chat.note(
            &departure.person,
            chat::Body::Left {
                reason: departure.reason,
            },
            unix_ms,
            out,
        );
    }

    pub(super) fn handle_closed(&mut self, conn: ConnId, now: Time, out: &mut HostOutbox) {
        self.forget(conn);
        self.session.handle_closed(conn, now, out);
        self.handle_detached(out);
    }

    /// Every machine learns which members lost their connection in what just happened.
    pub(super) fn handle_detached(&mut self, out: &mut HostOutbox) {
        let detached = out.entries.iter().filter_map(|entry| match entry {
            HostOutput::Event(Event::Session(session::Event::Detached { member })) => Some(*member),
            _ => None,
        });
        for member in detached.collect::<Vec<_>>() {
            self.machines.handle_detached(member, out);
        }
    }

    pub(super) fn forget_closed(&mut self, out: &HostOutbox) {
        for entry in &out.entries {
            if let HostOutput::Close(conn, _) = entry {
                self.forget(*conn);
            }
        }
    }
}
