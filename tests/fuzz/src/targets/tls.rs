//! TLS records after the handshake, from a peer that has the keys and does with them what it likes.

use self::record::{
    HEADER_BYTES, MAX_CONTENT, MAX_SEALED, MAX_WITHOUT_CONTENT, Opened, Opener, Sealer, record_length,
};
use self::seal::Key;
use super::seal::sealing as seal;

// The driver keeps it to itself, so the file is compiled here once more.
#[allow(dead_code, reason = "the driver also uses what this target does not")]
#[path = "../../../../crates/netcore/src/net/record.rs"]
mod record;

const RECORDS_PER_KEY: u64 = 5;
const HANDSHAKE: u8 = 22;

/// What the bytes say happens, one after the other.
enum Op<'a> {
    /// So many bytes of content come in one record. A worn key is replaced before.
    Say(u16),
    /// The peer takes its next key.
    UpdateKey { asks: bool },
    /// Anything of any kind comes under the right key. With kind zero it is padding, and the kind is in what comes before.
    Inner { kind: u8, content: &'a [u8] },
    /// Content comes with a byte changed.
    Changed { length: u8, at: u8, by: u8 },
    /// Anything comes.
    Raw(&'a [u8]),
}

impl<'a> Op<'a> {
    fn next(bytes: &mut &'a [u8]) -> Option<Op<'a>> {
        let [op, a, b, rest @ ..] = *bytes else {
            return None;
        };
        let mut take = |length: u8| {
            let (taken, after) = rest.split_at(usize::from(length).min(rest.len()));
            *bytes = after;
            taken
        };
        Some(match op % 5 {
            0 => {
                take(0);
                Op::Say(u16::from_be_bytes([*a, *b]))
            }
            1 => {
                take(0);
                Op::UpdateKey { asks: a % 2 == 1 }
            }
            2 => Op::Inner {
                kind: *a,
                content: take(*b),
            },
            3 => Op::Changed {
                length: *a,
                at: *b,
                by: take(1).first().copied().unwrap_or(1),
            },
            _ => Op::Raw(take(*a)),
        })
    }
}

pub(crate) fn run(mut bytes: &[u8]) {
    let mut ends = Ends {
        sealer: Sealer::new(key(0), 0, RECORDS_PER_KEY),
        opener: Opener::new(key(0), 0, true),
        generation: 0,
        without_content: 0,
    };
    while let Some(op) = Op::next(&mut bytes) {
        if !ends.apply(&op) {
            return;
        }
    }
}

fn key(generation: u8) -> Key {
    Key::new(&[generation; 16], [generation; 12])
}

struct Ends {
    sealer: Sealer,
    opener: Opener,
    generation: u8,
    without_content: u32,
}

impl Ends {
    /// Returns whether the connection goes on.
    fn apply(&mut self, op: &Op<'_>) -> bool {
        let mut record = Vec::new();
        match op {
            Op::Say(length) => {
                if self.sealer.is_worn() && !self.update_key(false) {
                    return false;
                }
                let content = vec![7; usize::from(*length).min(MAX_CONTENT)];
                self.sealer.seal(&content, &mut record);
                let opened = self.open(&mut record);
                let end = HEADER_BYTES + content.len();
                if let Some(Opened::Content(_)) = opened {
                    assert!(
                        record[HEADER_BYTES..end] == content,
                        "what was said is what is heard"
                    );
                }
                opened.is_some()
            }
            Op::UpdateKey { asks } => self.update_key(*asks),
            Op::Inner { kind, content } => {
                self.sealer.seal_as(*kind, content, &mut record);
                match self.open(&mut record) {
                    Some(Opened::KeyUpdate { .. }) => {
                        // The peer has said so by its own hand, and does it.
                        let next = self.next_key();
                        self.sealer = Sealer::new(next, 0, RECORDS_PER_KEY);
                        let next = key(self.generation);
                        self.opener.set_key(next);
                        true
                    }
                    opened => opened.is_some_and(|opened| opened != Opened::Closed),
                }
            }
            Op::Changed { length, at, by } => {
                self.sealer.seal(&vec![7; usize::from(*length)], &mut record);
                let at = usize::from(*at) % record.len();
                record[at] ^= by;
                assert!(
                    *by == 0 || self.open(&mut record).is_none(),
                    "byte {at} is under seal"
                );
                false
            }
            Op::Raw(bytes) => {
                let length = record_length(bytes);
                assert_eq!(length.is_some(), bytes.len() >= HEADER_BYTES);
                assert!(length.is_none_or(|length| length <= HEADER_BYTES + usize::from(u16::MAX)));
                assert!(self.open(&mut bytes.to_vec()).is_none(), "nobody guesses a seal");
                false
            }
        }
    }

    fn next_key(&mut self) -> Key {
        self.generation = self.generation.wrapping_add(1);
        key(self.generation)
    }

    /// The peer changes its key as it should, or so that it asks for one of ours.
    fn update_key(&mut self, asks: bool) -> bool {
        let mut record = Vec::new();
        if asks {
            self.sealer.seal_as(HANDSHAKE, &[24, 0, 0, 1, 1], &mut record);
            let next = self.next_key();
            self.sealer = Sealer::new(next, 0, RECORDS_PER_KEY);
        } else {
            let next = self.next_key();
            self.sealer.seal_key_update(next, &mut record);
        }
        match self.open(&mut record) {
            Some(Opened::KeyUpdate { is_asked }) => {
                assert_eq!(is_asked, asks);
                self.opener.set_key(key(self.generation));
                true
            }
            // Behind the beginning of another message it is a part of that.
            _ => false,
        }
    }

    /// `None` when the connection is over.
    fn open(&mut self, record: &mut [u8]) -> Option<Opened> {
        let opened = self.opener.open(record).ok()?;
        match opened {
            Opened::Content(length) => {
                assert!((1..=MAX_CONTENT).contains(&length));
                assert!(record.len() <= HEADER_BYTES + MAX_SEALED);
                self.without_content = 0;
            }
            _ => self.without_content += 1,
        }
        assert!(
            self.without_content <= MAX_WITHOUT_CONTENT,
            "work without content is bounded"
        );
        Some(opened)
    }
}
