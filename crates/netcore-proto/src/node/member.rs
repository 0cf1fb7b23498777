//! A member's half of a node: its connection to the host, and what a welcome changes.

use super::machines::MemberMachines;
use super::outbox::MemberOutbox;
use crate::ground::{ConnId, Refusal, RefusalCode, Time};
use crate::io::Notice;
use crate::session;
use crate::wire::{ControlDecoder, Received};

/// A member's machines, and the connection that they are reached by.
#[derive(Debug)]
pub(super) struct MemberNode {
    pub(super) conn: Option<(ConnId, ControlDecoder)>,
    pub(super) session: session::Member,
    pub(super) machines: MemberMachines,
}

impl MemberNode {
    /// Returns why the connection must be closed, if it must.
    pub(super) fn handle_bytes(
        &mut self,
        conn: ConnId,
        bytes: &[u8],
        now: Time,
        out: &mut MemberOutbox,
    ) -> Option<Refusal> {
        let (_, decoder) = self.conn.as_mut().filter(|(own, _)| *own == conn)?;
        decoder.feed(bytes);
        self.session.handle_heard(now);
        loop {
            let (_, decoder) = self.conn.as_mut()?;
            match decoder.next_message::<Notice>() {
                Ok(Some(notice)) => self.handle_notice(notice, now, out),
                Ok(None) => return None,
                Err(error) => {
                    self.handle_closed(out);
                    return Some(Refusal::new(RefusalCode::BadMessage, error.to_string()));
                }
            }
        }
    }

    fn handle_notice(&mut self, notice: Received<Notice>, now: Time, out: &mut MemberOutbox) {
        match notice.into_inner() {
            Notice::Session(notice) => {
                let newcomer = match &notice {
                    session::Notice::Joined(person) | session::Notice::Changed(person) => Some(person.id),
                    _ => None,
                };
                if let Some(is_another_room) = self.session.handle_notice(notice, now, out) {
                    if is_another_room {
                        self.leave_room(out);
                    }
                    self.machines.handle_welcome(out);
                    for person in self.session.people() {
                        self.machines.handle_present(person, out);
                    }
                }
                if let Some(person) = newcomer.and_then(|id| self.session.person(id)) {
                    self.machines.handle_present(person, out);
                }
            }
            notice => self.machines.handle_notice(notice, self.session.me(), out),
        }
    }

    /// The earlier room's end is reported before the welcome of the next, so that no number is taken for one of the other room.
    fn leave_room(&mut self, out: &mut MemberOutbox) {
        let welcomed = out.events.pop();
        self.machines.leave_room(out);
        out.events.extend(welcomed);
    }

    pub(super) fn handle_closed(&mut self, out: &mut MemberOutbox) {
        self.conn = None;
        self.session.handle_closed();
        self.machines.handle_closed(out);
    }
}
