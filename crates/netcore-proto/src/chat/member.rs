//! A member's side of chat: it repeats what has no receipt until it has one.

use std::collections::VecDeque;

use super::{Entry, Event, Log, Notice, Request};
use crate::ground::MemberId;
use crate::ground::machine::MemberMachine;
use crate::ground::sink::MemberSink;

/// The most messages that wait for a receipt.
const MAX_WAITING: usize = 1_000;
/// The most bytes of text that wait for a receipt. All of it is sent at once when the connection is back, at most doubled by
/// JSON, and must not be more than a driver keeps for a connection.
const MAX_WAITING_BYTES: usize = 3 * 1024 * 1024;

/// A member's side: what is known of the log, and what has no receipt yet.
#[derive(Debug, Default)]
pub(crate) struct Member {
    log: Log,
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    local: u64,
    text: String,
}

impl MemberMachine for Member {
    type Request = Request;
    type Notice = Notice;
    type Event = Event;

    /// The other room has a log of its own.
    fn leave_room(&mut self, out: &mut impl MemberSink<Request, Event>) {
        self.log.clear();
        out.event(Event::Reset);
    }

    /// What has no receipt is sent once more.
    fn handle_welcome(&mut self, out: &mut impl MemberSink<Request, Event>) {
        for Waiting { local, text } in &self.waiting {
            out.request(Request::Say {
                local: *local,
                text: text.clone(),
            });
        }
    }

    fn handle_notice(
        &mut self,
        notice: Notice,
        me: Option<MemberId>,
        out: &mut impl MemberSink<Request, Event>,
    ) {
        match notice {
            Notice::Entry(entry) => {
                let own = entry
                    .local
                    .filter(|_| Some(entry.from) == me)
                    .and_then(|local| self.confirm(local));
                match own {
                    Some(local) => self.receipt(local, entry, out),
                    None if self.log.push(entry.clone()) => {
                        out.event(Event::Entry(entry));
                    }
                    None => {}
                }
            }
            Notice::Receipt(entry) => {
                if let Some(local) = entry.local.and_then(|local| self.confirm(local)) {
                    self.receipt(local, entry, out);
                }
            }
            Notice::Refused { local, refusal } => {
                if self.confirm(local).is_some() {
                    out.event(Event::Refused { local, refusal });
                }
            }
        }
    }
}

impl Member {
    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    /// Sends `text` now, or as soon as there is a connection. Returns `false` when too much waits already.
    pub(crate) fn say(
        &mut self,
        local: u64,
        text: String,
        is_connected: bool,
        out: &mut impl MemberSink<Request, Event>,
    ) -> bool {
        let bytes: usize = self.waiting.iter().map(|waiting| waiting.text.len()).sum();
        if self.waiting.len() >= MAX_WAITING || bytes.saturating_add(text.len()) > MAX_WAITING_BYTES {
            return false;
        }
        if is_connected {
            out.request(Request::Say {
                local,
                text: text.clone(),
            });
        }
        self.waiting.push_back(Waiting { local, text });
        true
    }

    fn receipt(&mut self, local: u64, entry: Entry, out: &mut impl MemberSink<Request, Event>) {
        self.log.push(entry.clone());
        out.event(Event::Receipt { local, entry });
    }

    /// Takes a message off the waiting ones, if it is one.
    fn confirm(&mut self, local: u64) -> Option<u64> {
        let at = self.waiting.iter().position(|waiting| waiting.local == local)?;
        self.waiting.remove(at).map(|waiting| waiting.local)
    }
}
