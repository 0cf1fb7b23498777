//! The host's side of chat: it numbers what is said, once for each message.

use super::{Body, Entry, Event, Log, Notice, Request, sanitized_text};
use crate::ground::machine::HostMachine;
use crate::ground::sink::{HostSink, Recipients};
use crate::ground::{MemberId, Person, Refusal, RefusalCode};

/// The most encoded bytes of the log that a newcomer is brought up to date with; the oldest beyond that are left out.
const MAX_LISTED_BYTES: usize = 4 * 1024 * 1024;

/// The host's side: it gives every entry its number.
#[derive(Debug, Default)]
pub(crate) struct Host {
    log: Log,
}

impl HostMachine for Host {
    type Request = Request;
    type Notice = Notice;
    type Event = Event;

    fn handle_request(
        &mut self,
        from: &Person,
        request: Request,
        unix_ms: u64,
        out: &mut impl HostSink<Notice, Event>,
    ) {
        let Request::Say { local, text } = request;
        let to_sender = Recipients::One(from.id);
        if let Some(known) = self.log.find(from.id, local) {
            out.notice(to_sender, Notice::Receipt(known.clone()));
            return;
        }
        let text = match sanitized_text(&text) {
            Ok(text) => text,
            Err(error) => {
                let refusal = Refusal::new(RefusalCode::Limit, error.to_string());
                out.notice(to_sender, Notice::Refused { local, refusal });
                return;
            }
        };
        let entry = self.append(from, Some(local), Body::Text { text }, unix_ms);
        out.notice(to_sender, Notice::Receipt(entry.clone()));
        out.notice(Recipients::AllBut(from.id), Notice::Entry(entry.clone()));
        out.event(Event::Entry(entry));
    }

    /// The log is sent after `last_seq`, as many of the latest entries as [`MAX_LISTED_BYTES`] hold.
    fn first_to_list(&self, _newcomer: MemberId, last_seq: u64) -> u64 {
        let mut bytes = 0_usize;
        let fits = |entry: &&Entry| {
            bytes = bytes.saturating_add(entry.encoded_bytes());
            bytes <= MAX_LISTED_BYTES
        };
        let missed = self.log.entries().rev().take_while(|entry| entry.seq > last_seq);
        let oldest = missed.take_while(fits).last();
        oldest.map_or_else(|| self.log.last_seq().saturating_add(1), |entry| entry.seq)
    }

    fn next_to_list(&self, _newcomer: MemberId, from: u64) -> Option<(u64, Notice)> {
        let entry = self.log.after(from.saturating_sub(1)).next()?;
        Some((entry.seq, Notice::Entry(entry.clone())))
    }
}

impl Host {
    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    /// Something happened that belongs in the log.
    pub(crate) fn note(
        &mut self,
        person: &Person,
        body: Body,
        unix_ms: u64,
        out: &mut impl HostSink<Notice, Event>,
    ) {
        let entry = self.append(person, None, body, unix_ms);
        out.notice(Recipients::All, Notice::Entry(entry.clone()));
        out.event(Event::Entry(entry));
    }

    /// The host itself says something; its receipt is immediate.
    pub(crate) fn say(
        &mut self,
        host: &Person,
        local: u64,
        text: String,
        unix_ms: u64,
        out: &mut impl HostSink<Notice, Event>,
    ) -> Entry {
        let entry = self.append(host, Some(local), Body::Text { text }, unix_ms);
        out.notice(Recipients::All, Notice::Entry(entry.clone()));
        out.event(Event::Entry(entry.clone()));
        entry
    }

    fn append(&mut self, from: &Person, local: Option<u64>, body: Body, unix_ms: u64) -> Entry {
        let entry = Entry {
            seq: self.log.last_seq().saturating_add(1),
            from: from.id,
            name: from.profile.name.clone(),
            colour: from.profile.colour.clone(),
            address: from.address,
            at_unix_ms: unix_ms,
            local,
            body,
        };
        self.log.push(entry.clone());
        entry
    }
}
