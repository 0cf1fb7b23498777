use super::{Body, Entry, Event, Log, Notice, Request, tidy_text};
use crate::io::{HostOutbox, Recipients};
use crate::session::{Person, Refusal, RefusalCode};

/// The most bytes of text that somebody who joins is brought up to date with.
const MAX_CATCH_UP_BYTES: usize = 2 * 1024 * 1024;

/// The host's side: it gives every entry its number.
#[derive(Debug, Default)]
pub(crate) struct Host {
    log: Log,
}

impl Host {
    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    /// Something happened that belongs in the log.
    pub(crate) fn note(&mut self, person: &Person, body: Body, unix_ms: u64, out: &mut HostOutbox) {
        let entry = self.append(person, None, body, unix_ms);
        out.notice(Recipients::All, crate::Notice::Chat(Notice::Entry(entry.clone())));
        out.event(crate::Event::Chat(Event::Entry(entry)));
    }

    pub(crate) fn handle_request(
        &mut self,
        from: &Person,
        request: Request,
        unix_ms: u64,
        out: &mut HostOutbox,
    ) {
        let Request::Say { local, text } = request;
        let to_sender = Recipients::One(from.id);
        if let Some(known) = self.log.find(from.id, local) {
            out.notice(to_sender, crate::Notice::Chat(Notice::Receipt(known.clone())));
            return;
        }
        let text = match tidy_text(&text) {
            Ok(text) => text,
            Err(error) => {
                let refusal = Refusal::new(RefusalCode::Limit, error.to_string());
                out.notice(to_sender, crate::Notice::Chat(Notice::Refused { local, refusal }));
                return;
            }
        };
        let entry = self.append(from, Some(local), Body::Text { text }, unix_ms);
        out.notice(to_sender, crate::Notice::Chat(Notice::Receipt(entry.clone())));
        out.notice(
            Recipients::AllBut(from.id),
            crate::Notice::Chat(Notice::Entry(entry.clone())),
        );
        out.event(crate::Event::Chat(Event::Entry(entry)));
    }

    /// The host itself says something; its receipt is immediate.
    pub(crate) fn say(
        &mut self,
        host: &Person,
        local: u64,
        text: String,
        unix_ms: u64,
        out: &mut HostOutbox,
    ) -> Entry {
        let entry = self.append(host, Some(local), Body::Text { text }, unix_ms);
        out.notice(Recipients::All, crate::Notice::Chat(Notice::Entry(entry.clone())));
        out.event(crate::Event::Chat(Event::Entry(entry.clone())));
        entry
    }

    /// Brings somebody who has just come up to date: everything after `last_seq`, or as much as is remembered and reasonable.
    pub(crate) fn catch_up(&self, member: crate::MemberId, last_seq: u64, out: &mut HostOutbox) {
        let mut budget = MAX_CATCH_UP_BYTES;
        let fits = |entry: &&Entry| {
            let Body::Text { text } = &entry.body else {
                return true;
            };
            let fits = text.len() <= budget;
            budget = budget.saturating_sub(text.len());
            fits
        };
        let missed: Vec<&Entry> = self
            .log
            .entries()
            .rev()
            .take_while(|entry| entry.seq > last_seq)
            .take_while(fits)
            .collect();
        for entry in missed.into_iter().rev() {
            out.notice(
                Recipients::One(member),
                crate::Notice::Chat(Notice::Entry(entry.clone())),
            );
        }
    }

    fn append(&mut self, from: &Person, local: Option<u64>, body: Body, unix_ms: u64) -> Entry {
        let entry = Entry {
            seq: self.log.last_seq() + 1,
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
