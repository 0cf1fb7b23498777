//! A member's half of a node: which machine a notice is for.

use super::outbox::MemberQueue;
use crate::ground::{ConnId, MemberId, Refusal, RefusalCode, Time};
use crate::io::{Event, Notice};
use crate::wire::{ControlDecoder, Received};
use crate::{chat, files, session, video};

/// A member's machines, and which of them a notice is for.
#[derive(Debug)]
pub(super) struct MemberNode {
    pub(super) conn: Option<(ConnId, ControlDecoder)>,
    pub(super) session: session::Member,
    pub(super) chat: chat::Member,
    pub(super) files: files::Member,
    pub(super) video: video::Member,
}

impl MemberNode {
    /// Returns why the connection must be closed, if it must.
    pub(super) fn handle_bytes(
        &mut self,
        conn: ConnId,
        bytes: &[u8],
        now: Time,
        out: &mut MemberQueue,
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

    fn handle_notice(&mut self, notice: Received<Notice>, now: Time, out: &mut MemberQueue) {
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
                    self.chat.handle_welcome(out);
                    self.files.handle_welcome(self.session.people(), out);
                }
                if let Some(person) = newcomer.and_then(|id| self.session.person(id)) {
                    self.files.handle_present(person, out);
                }
            }
            Notice::Chat(notice) => self.chat.handle_notice(notice, self.session.me(), out),
            Notice::Files(notice) => self.files.handle_notice(notice, out),
            Notice::Video(notice) => self.video.handle_notice(notice, self.session.me(), out),
            Notice::Metrics(report) => out.events.push(Event::Metrics(MemberId::HOST, report)),
        }
    }

    /// The earlier room's end is reported before the welcome of the next, so that no number is taken for one of the other room.
    fn leave_room(&mut self, out: &mut MemberQueue) {
        let welcomed = out.events.pop();
        self.chat.leave_room(out);
        self.files.leave_room(out);
        out.events.extend(welcomed);
    }

    pub(super) fn handle_closed(&mut self, out: &mut MemberQueue) {
        self.conn = None;
        self.session.handle_closed();
        self.video.handle_closed(out);
    }
}
