//! The chat as this window knows it: every line under a key of its own, from the moment it is typed.

use std::collections::{BTreeMap, HashMap};

use netcore::proto::MemberId;
use netcore::proto::chat::{Body, Entry};
use netcore::proto::session::Person;

use super::view::{ChatBody, ChatEntry, ChatState};
use crate::error::IpcError;

/// The lines, and how to find one by the host's number and by our own.
#[derive(Default)]
pub(crate) struct Log {
    entries: BTreeMap<u64, ChatEntry>,
    by_seq: HashMap<u64, u64>,
    by_local: HashMap<u64, u64>,
    last_key: u64,
}

impl Log {
    /// A log that begins with what the room has.
    pub(crate) fn of(entries: &[Entry], me: MemberId) -> Log {
        let mut log = Log::default();
        entries.iter().for_each(|entry| drop(log.put(entry, me)));
        log
    }

    /// All lines in their order: by the host's number, unsent ones last.
    pub(crate) fn all(&self) -> Vec<ChatEntry> {
        let mut all: Vec<_> = self.entries.values().cloned().collect();
        all.sort_by_key(|entry| (entry.seq.unwrap_or(u64::MAX), entry.key));
        all
    }

    /// Takes a numbered line; `None` when it is known already.
    pub(crate) fn put(&mut self, entry: &Entry, me: MemberId) -> Option<ChatEntry> {
        let own = entry.local.filter(|_| entry.from == me);
        if let Some(key) = self.by_seq.get(&entry.seq) {
            self.by_local.extend(own.map(|local| (local, *key)));
            return None;
        }
        let waiting = own.and_then(|local| self.by_local.get(&local).copied());
        let key = waiting.unwrap_or_else(|| self.new_key());
        if let Some(local) = own {
            self.by_local.insert(local, key);
        }
        self.by_seq.insert(entry.seq, key);
        let line = delivered(key, entry, me);
        self.entries.insert(key, line.clone());
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
        let line = self.entries.get_mut(self.by_local.get(&local)?)?;
        line.state = ChatState::Failed;
        line.error = Some(error);
        Some(line.clone())
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
        if let Some(known) = self
            .by_local
            .get(&local)
            .and_then(|key| self.entries.get(key))
            .cloned()
        {
            // The receipt was quicker; the failed line it stands for goes.
            if let Some(failed) = key.filter(|key| *key != known.key) {
                self.entries.remove(&failed);
            }
            return known;
        }
        let key = key.unwrap_or_else(|| self.new_key());
        self.by_local.insert(local, key);
        let line = ChatEntry {
            key,
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
        self.entries.insert(key, line.clone());
        line
    }

    /// The words of a line that failed.
    pub(crate) fn failed_text(&self, key: u64) -> Option<String> {
        match self.entries.get(&key)? {
            ChatEntry {
                state: ChatState::Failed,
                body: ChatBody::Text { text },
                ..
            } => Some(text.clone()),
            _ => None,
        }
    }

    /// The room is another one than before: what has a number there means nothing here.
    pub(crate) fn forget_delivered(&mut self) {
        self.entries.retain(|_, entry| entry.seq.is_none());
        self.by_seq.clear();
    }

    fn new_key(&mut self) -> u64 {
        self.last_key += 1;
        self.last_key
    }
}

fn delivered(key: u64, entry: &Entry, me: MemberId) -> ChatEntry {
    ChatEntry {
        key,
        seq: Some(entry.seq),
        body: match &entry.body {
            Body::Opened => ChatBody::Opened,
            Body::Joined => ChatBody::Joined,
            Body::Left { reason } => ChatBody::Left {
                reason: (*reason).into(),
            },
            Body::Text { text } => ChatBody::Text { text: text.clone() },
        },
        from: entry.from.0,
        name: entry.name.clone(),
        colour: entry.colour.clone(),
        address: entry.address.to_string(),
        mine: entry.from == me,
        at_ms: entry.at_unix_ms,
        state: ChatState::Delivered,
        error: None,
    }
}
