//! Sealed datagrams that are changed, cut, repeated and put out of order in flight.

use std::collections::BTreeSet;

use arbitrary::{Arbitrary, Unstructured};

use self::sealing::{HEADER_BYTES, Limits, Opener, Sealer, TAG_BYTES, connection_id};

// The driver keeps its seal to itself, so its folder is compiled here once more.
#[path = "../../../../crates/netcore/src/net/seal/mod.rs"]
pub(super) mod sealing;

const CONNECTION: u32 = 9;
/// So many datagrams are remembered to be sent again.
const MAX_SENT: usize = 64;
/// At most so many are lost at a time: more than the window is wide.
const MAX_LOST: u16 = 5_000;
/// A datagram so far behind the newest is refused even if it is new.
const WINDOW: u64 = 4_096;
const SECRET: [u8; 32] = [7; 32];
/// Keys that change often, and numbers that come to an end.
const LIMITS: Limits = Limits {
    packets_per_key: 3_000,
    packets: 60_000,
};
const _: () = assert!(LIMITS.packets_per_key < Limits::SAFE.packets_per_key);

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
    let mut path = Path {
        sealer: Sealer::new(SECRET, CONNECTION, LIMITS),
        opener: Opener::new(SECRET, LIMITS),
        sent: Vec::new(),
        opened: BTreeSet::new(),
        next: 0,
    };
    while !input.is_empty()
        && let Ok(op) = Op::arbitrary(&mut input)
    {
        path.apply(&op);
    }
}

struct Path {
    sealer: Sealer,
    opener: Opener,
    /// Sealed, and what is inside.
    sent: Vec<(Vec<u8>, Vec<u8>)>,
    opened: BTreeSet<u64>,
    /// The next number.
    next: u64,
}

impl Path {
    fn apply(&mut self, op: &Op<'_>) {
        match *op {
            Op::Send(content) => {
                let Some(sealed) = self.seal(content) else { return };
                assert_eq!(
                    connection_id(&sealed),
                    (!content.is_empty()).then_some(CONNECTION)
                );
                let is_due = self.has_key(number(&sealed));
                assert_eq!(
                    self.open(&sealed, content),
                    is_due,
                    "the newest is genuine and new"
                );
            }
            Op::Lose(count) => {
                for _ in 0..count % MAX_LOST {
                    let is_left = self.next < LIMITS.packets;
                    assert_eq!(self.sealer.seal(&mut Vec::new(), |_| {}), is_left);
                    self.next += u64::from(is_left);
                }
            }
            Op::Keep(content) => drop(self.seal(content)),
            Op::Come(which) => {
                if let Some((sealed, content)) = self.sent(which) {
                    let number = number(&sealed);
                    let newest = self.opened.last().copied().unwrap_or_default();
                    let is_due = !self.opened.contains(&number)
                        && newest.saturating_sub(number) < WINDOW
                        && self.has_key(number);
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

    /// Whether the receiving end has a packet's key: it does unless it heard nothing of two generations, or much of a newer.
    fn has_key(&self, number: u64) -> bool {
        let generation = |number: u64| number / LIMITS.packets_per_key;
        let present = self.opened.last().copied().map_or(0, generation);
        generation(number).abs_diff(present) <= 1
    }

    /// The next one under seal; `None` once every number is used up.
    fn seal(&mut self, content: &[u8]) -> Option<Vec<u8>> {
        let mut sealed = Vec::new();
        let is_sealed = self
            .sealer
            .seal(&mut sealed, |out| out.extend_from_slice(content));
        assert_eq!(is_sealed, self.next < LIMITS.packets);
        if !is_sealed {
            assert!(sealed.is_empty());
            return None;
        }
        assert_eq!(number(&sealed), self.next, "no number is used twice");
        self.next += 1;
        assert_eq!(sealed.len(), HEADER_BYTES + content.len() + TAG_BYTES);
        if self.sent.len() >= MAX_SENT {
            self.sent.remove(0);
        }
        self.sent.push((sealed.clone(), content.to_vec()));
        Some(sealed)
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
