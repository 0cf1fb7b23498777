//! Sealed datagrams that are changed, cut, repeated and put out of order on their way.

use std::collections::BTreeSet;

use arbitrary::{Arbitrary, Unstructured};

use self::sealing::{HEADER_BYTES, Key, Opener, Sealer, TAG_BYTES, connection_id};

// The driver keeps its seal to itself, so the file is compiled here once more.
#[path = "../../../../crates/netcore/src/seal.rs"]
mod sealing;

const CONNECTION: u32 = 9;
/// So many datagrams are remembered to be sent again.
const MAX_SENT: usize = 64;
/// At most so many are lost at a time: more than the window is wide.
const MAX_LOST: u16 = 5_000;
/// A datagram so far behind the newest is refused even if it is new.
const WINDOW: u64 = 4_096;

#[derive(Debug, Arbitrary)]
enum Op<'a> {
    /// The next one arrives as it was sent.
    Send(&'a [u8]),
    /// So many more are sent and lost.
    Lose(u16),
    /// The next one is sent and comes later.
    Keep(&'a [u8]),
    /// One sent before comes, perhaps not for the first time.
    Come(u8),
    /// One sent before comes with a byte changed.
    Changed { which: u8, at: u16, by: u8 },
    /// One sent before comes cut short.
    Cut { which: u8, length: u16 },
    /// Any bytes come.
    Forged(&'a [u8]),
}

pub(crate) fn run(bytes: &[u8]) {
    let mut input = Unstructured::new(bytes);
    let mut way = Way {
        sealer: Sealer::new(Key::from_material(&[7; 28]), CONNECTION),
        opener: Opener::new(Key::from_material(&[7; 28])),
        sent: Vec::new(),
        opened: BTreeSet::new(),
    };
    while !input.is_empty()
        && let Ok(op) = Op::arbitrary(&mut input)
    {
        way.apply(&op);
    }
}

struct Way {
    sealer: Sealer,
    opener: Opener,
    /// Sealed, and what is inside.
    sent: Vec<(Vec<u8>, Vec<u8>)>,
    opened: BTreeSet<u64>,
}

impl Way {
    fn apply(&mut self, op: &Op<'_>) {
        match *op {
            Op::Send(content) => {
                let sealed = self.seal(content);
                assert_eq!(
                    connection_id(&sealed),
                    (!content.is_empty()).then_some(CONNECTION)
                );
                assert!(self.open(&sealed, content), "the newest is genuine and new");
            }
            Op::Lose(count) => (0..count % MAX_LOST).for_each(|_| self.sealer.seal(&mut Vec::new(), |_| {})),
            Op::Keep(content) => drop(self.seal(content)),
            Op::Come(which) => {
                if let Some((sealed, content)) = self.sent(which) {
                    let number = number(&sealed);
                    let is_due = !self.opened.contains(&number)
                        && self
                            .opened
                            .last()
                            .is_none_or(|newest| newest.saturating_sub(number) < WINDOW);
                    assert_eq!(self.open(&sealed, &content), is_due, "each is opened once");
                }
            }
            Op::Changed { which, at, by } => {
                if let Some((mut sealed, _)) = self.sent(which)
                    && by != 0
                {
                    // Every byte before the tag's end is under seal.
                    let at = usize::from(at) % sealed.len();
                    sealed[at] ^= by;
                    assert!(
                        self.opener.open(&mut sealed).is_none(),
                        "byte {at} may not be changed"
                    );
                }
            }
            Op::Cut { which, length } => {
                if let Some((mut sealed, _)) = self.sent(which) {
                    sealed.truncate(usize::from(length) % sealed.len());
                    assert!(self.opener.open(&mut sealed).is_none());
                }
            }
            Op::Forged(bytes) => {
                let _ = connection_id(bytes);
                assert!(self.opener.open(&mut bytes.to_vec()).is_none());
            }
        }
    }

    fn seal(&mut self, content: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::new();
        self.sealer
            .seal(&mut sealed, |out| out.extend_from_slice(content));
        assert_eq!(sealed.len(), HEADER_BYTES + content.len() + TAG_BYTES);
        if self.sent.len() >= MAX_SENT {
            self.sent.remove(0);
        }
        self.sent.push((sealed.clone(), content.to_vec()));
        sealed
    }

    fn sent(&self, which: u8) -> Option<(Vec<u8>, Vec<u8>)> {
        let at = usize::from(which).checked_rem(self.sent.len())?;
        self.sent.get(at).cloned()
    }

    fn open(&mut self, sealed: &[u8], content: &[u8]) -> bool {
        let mut sealed = sealed.to_vec();
        let expected = number(&sealed);
        match self.opener.open(&mut sealed) {
            Some((number, plain)) => {
                assert_eq!((number, plain), (expected, content));
                assert!(self.opened.insert(number), "{number} was opened twice");
                true
            }
            None => false,
        }
    }
}

fn number(sealed: &[u8]) -> u64 {
    sealed[5..HEADER_BYTES]
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}
