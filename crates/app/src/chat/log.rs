//! The chat as this window knows it: every line under a key of its own, from the moment it is typed.
//!
//! It outlives the room on the host: when the host begins anew, what was said before stays above a line that says so. What
//! it remembers is bounded as the room's own log is.

use std::collections::{BTreeMap, HashMap};

use netcore::proto::MemberId;
use netcore::proto::chat::{Entry, MAX_LOG_BYTES, MAX_LOG_ENTRIES};
use netcore::proto::session::Person;

use super::view::{ChatBody, ChatEntry, ChatState};
use crate::error::IpcError;

/// The latest lines, and how to find one by the host's number and by our own.
#[derive(Default)]
pub(crate) struct Log {
    lines: BTreeMap<u64, Line>,
    /// Bytes of all lines.
    bytes: usize,
    /// How many rooms there were before the present one at this address.
    era: u32,
    /// Keys in the order of the rooms and their own numbers.
    numbered: BTreeMap<(u32, u64), u64>,
    by_local: HashMap<u64, u64>,
    last_key: u64,
}

/// A line, and our own number for it when it is ours.
struct Line {
    entry: ChatEntry,
    local: Option<u64>,
}

impl Log {
    /// A log that begins with what the room has.
    pub(crate) fn of(entries: &[Entry], me: MemberId) -> Log {
        let mut log = Log::default();
        entries.iter().for_each(|entry| drop(log.put(entry, me)));
        log
    }

    /// All lines in their order: by the rooms' own numbers, unsent ones last.
    pub(crate) fn all(&self) -> Vec<ChatEntry> {
        let mut all: Vec<_> = self.lines.values().map(|line| line.entry.clone()).collect();
        all.sort_by_key(|entry| (entry.era, entry.seq.unwrap_or(u64::MAX), entry.key));
        all
    }

    /// Whether an entry follows the last one that is known.
    pub(crate) fn is_next(&self, entry: &Entry) -> bool {
        let last = self.numbered.last_key_value().map(|(place, _)| *place);
        last.is_some_and(|(era, seq)| era == self.era && seq.saturating_add(1) == entry.seq)
    }

    /// Takes a numbered line; `None` when it is known already.
    pub(crate) fn put(&mut self, entry: &Entry, me: MemberId) -> Option<ChatEntry> {
        let own = entry.local.filter(|_| entry.from == me);
        if let Some(key) = self.numbered.get(&(self.era, entry.seq)).copied() {
            self.link(own, key);
            return None;
        }
        let waiting = own.and_then(|local| self.by_local.get(&local).copied());
        let key = waiting.unwrap_or_else(|| self.new_key());
        self.numbered.insert((self.era, entry.seq), key);
        let line = ChatEntry {
            key,
            era: self.era,
            ..ChatEntry::of(entry, me)
        };
        self.insert(line.clone(), own);
        Some(line)
    }

    /// Takes the host's receipt for our number `local`, which may come before we know that it was sent.
    pub(crate) fn receipt(&mut self, local: u64, entry: &Entry, me: MemberId) -> Option<ChatEntry> {
        let entry = Entry {
            local: Some(local),
            from: me,
            ..entry.clone()
        };
        self.put(&entry, me)
    }

    /// Takes the host's no; `None` when it is about nothing of ours.
    pub(crate) fn refused(&mut self, local: u64, error: IpcError) -> Option<ChatEntry> {
        let line = self.lines.get_mut(self.by_local.get(&local)?)?;
        line.entry.state = ChatState::Failed;
        line.entry.error = Some(error);
        Some(line.entry.clone())
    }

    /// Keeps what we said under our number `local` until its receipt comes. A line that failed before keeps its `key`.
    pub(crate) fn said(
        &mut self,
        local: u64,
        text: String,
        me: &Person,
        now_unix_ms: u64,
        key: Option<u64>,
    ) -> ChatEntry {
        let known = self.by_local.get(&local).and_then(|key| self.lines.get(key));
        if let Some(known) = known.map(|line| line.entry.clone()) {
            // The receipt was quicker; the failed line it stands for goes.
            if let Some(failed) = key.filter(|key| *key != known.key) {
                self.remove(failed);
            }
            return known;
        }
        let line = ChatEntry {
            key: key.unwrap_or_else(|| self.new_key()),
            era: self.era,
            seq: None,
            body: ChatBody::Text { text },
            from: me.id.0,
            name: me.profile.name.clone(),
            colour: me.profile.colour.clone(),
            address: me.address.to_string(),
            mine: true,
            at_ms: now_unix_ms,
            state: ChatState::Waiting,
            error: None,
        };
        self.insert(line.clone(), Some(local));
        line
    }

    /// The words of a line that failed.
    pub(crate) fn failed_text(&self, key: u64) -> Option<String> {
        match &self.lines.get(&key)?.entry {
            ChatEntry {
                state: ChatState::Failed,
                body: ChatBody::Text { text },
                ..
            } => Some(text.clone()),
            _ => None,
        }
    }

    /// The room is another one than before: a line says so below what was said there, and what is unsent waits below it.
    pub(crate) fn begin_anew(&mut self, now_unix_ms: u64) {
        self.era += 1;
        for line in self.lines.values_mut().filter(|line| line.entry.seq.is_none()) {
            line.entry.era = self.era;
        }
        // The new room's own entries count from one.
        let key = self.new_key();
        self.numbered.insert((self.era, 0), key);
        let line = ChatEntry {
            key,
            era: self.era,
            seq: Some(0),
            body: ChatBody::Anew,
            from: MemberId::HOST.0,
            name: String::new(),
            colour: String::new(),
            address: String::new(),
            mine: false,
            at_ms: now_unix_ms,
            state: ChatState::Delivered,
            error: None,
        };
        self.insert(line, None);
    }

    fn insert(&mut self, entry: ChatEntry, local: Option<u64>) {
        let key = entry.key;
        if let Some(before) = self.lines.get(&key) {
            self.bytes -= size(&before.entry);
        }
        self.bytes += size(&entry);
        self.lines.insert(key, Line { entry, local });
        self.link(local, key);
        while self.lines.len() > MAX_LOG_ENTRIES || self.bytes > MAX_LOG_BYTES {
            let oldest = self.numbered.first_key_value().map(|(_, key)| *key);
            let Some(oldest) = oldest.or_else(|| self.lines.first_key_value().map(|(key, _)| *key)) else {
                break;
            };
            self.remove(oldest);
        }
    }

    fn link(&mut self, local: Option<u64>, key: u64) {
        let Some((local, line)) = local.zip(self.lines.get_mut(&key)) else {
            return;
        };
        line.local = Some(local);
        self.by_local.insert(local, key);
    }

    fn remove(&mut self, key: u64) {
        let Some(Line { entry, local }) = self.lines.remove(&key) else {
            return;
        };
        self.bytes -= size(&entry);
        if let Some(seq) = entry.seq {
            self.numbered.remove(&(entry.era, seq));
        }
        if let Some(local) = local {
            self.by_local.remove(&local);
        }
    }

    fn new_key(&mut self) -> u64 {
        self.last_key += 1;
        self.last_key
    }
}

/// Bytes that a line takes.
fn size(entry: &ChatEntry) -> usize {
    let text = match &entry.body {
        ChatBody::Text { text } => text.len(),
        _ => 0,
    };
    size_of::<Line>() + entry.name.len() + entry.colour.len() + entry.address.len() + text
}

#[cfg(test)]
impl Log {
    /// How much it remembers: lines, bytes, numbers of the rooms and of our own.
    pub(super) fn extent(&self) -> (usize, usize, usize, usize) {
        (
            self.lines.len(),
            self.bytes,
            self.numbered.len(),
            self.by_local.len(),
        )
    }
}
