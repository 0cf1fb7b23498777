//! The log of what was said, in the host's order and within bounds.

use std::collections::VecDeque;

use super::{Body, Entry, MAX_LOG_BYTES, MAX_LOG_ENTRIES};
use crate::ground::MemberId;

/// The latest entries of a room's log, oldest first, bounded by [`MAX_LOG_ENTRIES`] and [`MAX_LOG_BYTES`].
#[derive(Debug, Default)]
pub struct Log {
    entries: VecDeque<Entry>,
    bytes: usize,
}

impl Log {
    /// The entries it still has, oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        self.entries.iter()
    }

    /// The number of the latest entry; zero when there is none.
    pub fn last_seq(&self) -> u64 {
        self.entries.back().map_or(0, |entry| entry.seq)
    }

    /// The entries after number `seq`, oldest first.
    pub fn after(&self, seq: u64) -> impl Iterator<Item = &Entry> {
        let from = self.entries.partition_point(|entry| entry.seq <= seq);
        self.entries.range(from..)
    }

    /// A message by its sender's own number.
    pub fn find(&self, from: MemberId, local: u64) -> Option<&Entry> {
        self.entries
            .iter()
            .rev()
            .find(|entry| entry.from == from && entry.local == Some(local))
    }

    /// Adds an entry. Returns whether it was new: an entry that is not after the latest is already here.
    pub(super) fn push(&mut self, entry: Entry) -> bool {
        if entry.seq <= self.last_seq() {
            return false;
        }
        self.bytes = self.bytes.saturating_add(size(&entry));
        self.entries.push_back(entry);
        while self.entries.len() > MAX_LOG_ENTRIES || self.bytes > MAX_LOG_BYTES {
            let Some(oldest) = self.entries.pop_front() else {
                break;
            };
            self.bytes = self.bytes.saturating_sub(size(&oldest));
        }
        true
    }

    pub(super) fn clear(&mut self) {
        *self = Log::default();
    }
}

fn size(entry: &Entry) -> usize {
    let text = match &entry.body {
        Body::Text { text } => text.len(),
        _ => 0,
    };
    [entry.name.len(), entry.colour.len(), text]
        .into_iter()
        .fold(size_of::<Entry>(), usize::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(seq: u64, text: &str) -> Entry {
        Entry {
            seq,
            from: MemberId(1),
            name: "A".into(),
            colour: String::new(),
            address: ([127, 0, 0, 1], 1).into(),
            at_unix_ms: 0,
            local: Some(seq),
            body: Body::Text { text: text.into() },
        }
    }

    #[test]
    fn an_entry_is_taken_once_and_in_order() {
        let mut log = Log::default();
        assert!(log.push(entry(1, "a")));
        assert!(log.push(entry(2, "b")));
        assert!(!log.push(entry(2, "b")));
        assert_eq!(log.after(1).map(|entry| entry.seq).collect::<Vec<_>>(), [2]);
        assert_eq!(log.after(0).count(), 2);
        assert_eq!(log.find(MemberId(1), 2).unwrap().seq, 2);
        assert_eq!(log.find(MemberId(2), 2), None);
    }

    #[test]
    fn the_oldest_goes_when_there_is_too_much() {
        let mut log = Log::default();
        let long = "x".repeat(64 * 1024);
        for seq in 1..=400 {
            log.push(entry(seq, &long));
        }
        assert!(log.bytes <= MAX_LOG_BYTES);
        assert!(log.entries().len() < 400);
        assert_eq!(log.last_seq(), 400);
        let mut log = Log::default();
        for seq in 1..=MAX_LOG_ENTRIES as u64 + 5 {
            log.push(entry(seq, ""));
        }
        assert_eq!(log.entries().len(), MAX_LOG_ENTRIES);
    }
}
