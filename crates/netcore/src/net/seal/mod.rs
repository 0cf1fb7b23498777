//! Datagrams under seal: AES-128-GCM with the packet number as nonce, keys that change, and a window against replays.
//!
//! ```text
//! +------------+---------------------+-----------------------+----------------------------+--------------+
//! | u8 kind: 8 | u32 connection id   | u64 packet number     | the datagram, encrypted    | 16-byte tag  |
//! +------------+---------------------+-----------------------+----------------------------+--------------+
//! |<------------- associated data, in the clear ------------>|
//!
//!  0 1 2 3 4 5 6 7
//! +-+-+-+-+-+-+-+-+
//! |0 0 0 0|1|  v  |   the kind: v is the version of this layout, 0
//! +-+-+-+-+-+-+-+-+
//! ```
//! The first byte is one of those from 4 to 15, which no protocol claims that may share a port with others: STUN has 0 to 3, ZRTP
//! 16 to 19, DTLS 20 to 63, TURN 64 to 79, RTP 128 to 191 and QUIC the rest (RFC 7983, section 7; RFC 9443, section 3). So datagrams
//! of all these can be distinguished on one port by their first byte. One of any other kind is dropped before anything else is
//! looked at.
//!
//! The nonce is the packet number XORed into the nonce base, as TLS 1.3 does it (RFC 8446, section 5.3).
//!
//! A key seals [`Limits::packets_per_key`] packets; then the next one, derived from the same secret, takes its place, as in QUIC
//! (RFC 9001, section 6). QUIC needs a bit of the first byte for that. Here the packet number is whole, so it says by itself which
//! key is meant, and no bit can contradict it.

mod keys;
mod replay_window;

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use self::keys::Keys;
pub(crate) use self::keys::{Key, Limits};
use self::replay_window::ReplayWindow;

/// The first byte of each datagram: sealed, by version 0 of the layout.
pub(crate) const KIND: u8 = 0b0000_1000;
/// Bytes before the encrypted part.
pub(crate) const HEADER_BYTES: usize = 13;
/// Bytes after it.
pub(crate) const TAG_BYTES: usize = 16;
/// Bytes of the secret that the keys of one direction come from.
pub(crate) const SECRET_BYTES: usize = 32;

/// Seals what leaves.
pub(crate) struct Sealer {
    keys: Keys,
    connection: u32,
    next: AtomicU64,
}

/// Opens what arrives, each packet number once.
pub(crate) struct Opener {
    keys: Keys,
    seen: Mutex<ReplayWindow>,
}

impl Sealer {
    pub(crate) fn new(secret: [u8; SECRET_BYTES], connection: u32, limits: Limits) -> Sealer {
        Sealer {
            keys: Keys::new(secret, limits),
            connection,
            next: AtomicU64::new(0),
        }
    }

    /// Appends one sealed datagram to `out`; `plain` writes its content. Returns `false` without appending anything when every
    /// packet number is used up: none is used twice.
    #[must_use]
    pub(crate) fn seal(&self, out: &mut Vec<u8>, plain: impl FnOnce(&mut Vec<u8>)) -> bool {
        let most = self.keys.limits.packets;
        let following = |packet: u64| (packet < most).then_some(packet + 1);
        let next = || {
            let taken = self
                .next
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, following);
            taken.ok()
        };
        let sealed = self.keys.with(next, |packet, key| {
            let from = out.len();
            out.push(KIND);
            out.extend_from_slice(&self.connection.to_be_bytes());
            out.extend_from_slice(&packet.to_be_bytes());
            plain(out);
            let (header, content) = out.get_mut(from..)?.split_at_mut_checked(HEADER_BYTES)?;
            let tag = key.seal(packet, header, content);
            out.extend_from_slice(&tag);
            Some(())
        });
        sealed.is_some()
    }
}

impl Opener {
    pub(crate) fn new(secret: [u8; SECRET_BYTES], limits: Limits) -> Opener {
        Opener {
            keys: Keys::new(secret, limits),
            seen: Mutex::new(ReplayWindow::default()),
        }
    }

    /// The content of a sealed datagram and its packet number; `None` when the seal is broken or it came before.
    pub(crate) fn open<'a>(&self, datagram: &'a mut [u8]) -> Option<(u64, &'a [u8])> {
        let packet = packet_number(datagram)?;
        let (header, sealed) = datagram.split_at_mut_checked(HEADER_BYTES)?;
        // Only what is genuine may move the keys or the window.
        let plain = self
            .keys
            .with(|| Some(packet), |packet, key| key.open(packet, header, sealed))?;
        let mut seen = self.seen.lock();
        seen.accept(packet).then_some((packet, &*plain))
    }
}

/// The connection id a datagram bears; `None` when it is of another kind or too short to be sealed.
pub(crate) fn connection_id(datagram: &[u8]) -> Option<u32> {
    let (kind, rest) = datagram.split_first()?;
    let id = rest
        .first_chunk::<4>()
        .filter(|_| *kind == KIND && datagram.len() > HEADER_BYTES + TAG_BYTES)?;
    Some(u32::from_be_bytes(*id))
}

fn packet_number(datagram: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(*datagram.get(5..HEADER_BYTES)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::keys::Secret;
    use super::*;

    const SECRET: [u8; SECRET_BYTES] = [7; SECRET_BYTES];

    fn pair_within(limits: Limits) -> (Sealer, Opener) {
        (Sealer::new(SECRET, 9, limits), Opener::new(SECRET, limits))
    }

    fn pair() -> (Sealer, Opener) {
        pair_within(Limits::SAFE)
    }

    fn sealed(sealer: &Sealer, content: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        assert!(sealer.seal(&mut out, |out| out.extend_from_slice(content)));
        out
    }

    #[test]
    fn content_survives_and_is_not_readable_on_the_path() {
        let (sealer, opener) = pair();
        let mut datagram = sealed(&sealer, b"a fragment");
        assert_eq!(datagram.len(), HEADER_BYTES + 10 + TAG_BYTES);
        assert!(!datagram.windows(4).any(|window| window == b"frag"));
        assert_eq!(connection_id(&datagram), Some(9));
        assert_eq!(opener.open(&mut datagram), Some((0, &b"a fragment"[..])));
    }

    #[test]
    fn one_changed_bit_anywhere_breaks_the_seal() {
        let (sealer, opener) = pair();
        let datagram = sealed(&sealer, b"x");
        for at in 0..datagram.len() * 8 {
            let mut changed = datagram.clone();
            changed[at / 8] ^= 1 << (at % 8);
            assert_eq!(opener.open(&mut changed), None, "bit {at}");
        }
        assert!(opener.open(&mut datagram.clone()).is_some());
        assert_eq!(opener.open(&mut [0; 20]), None);
        assert_eq!(connection_id(&[0; 29]), None);
    }

    #[test]
    fn the_first_byte_is_no_other_protocols_and_no_other_is_ours() {
        const { assert!(matches!(KIND, 4..=15), "RFC 7983, section 7; RFC 9443, section 3") };
        let (sealer, _) = pair();
        let datagram = sealed(&sealer, b"x");
        for kind in 0..=u8::MAX {
            let mut other = datagram.clone();
            other[0] = kind;
            assert_eq!(connection_id(&other), (kind == KIND).then_some(9), "{kind}");
        }
    }

    #[test]
    fn a_datagram_is_opened_once() {
        let (sealer, opener) = pair();
        let datagrams: Vec<Vec<u8>> = (0..5_000).map(|_| sealed(&sealer, b"x")).collect();
        for index in [3, 1, 2, 4_999, 904, 905] {
            assert!(opener.open(&mut datagrams[index].clone()).is_some(), "{index}");
            assert_eq!(opener.open(&mut datagrams[index].clone()), None, "{index} again");
        }
        assert_eq!(
            opener.open(&mut datagrams[903].clone()),
            None,
            "too far behind to know"
        );
    }

    /// Keys that last for ten packets each.
    const SHORT: Limits = Limits {
        packets_per_key: 10,
        packets: 35,
    };

    #[test]
    fn a_key_seals_so_many_packets_and_none_of_another_generation() {
        const { assert!(Limits::SAFE.packets_per_key <= 1 << 23, "RFC 9001, section 6.6") };
        let keys = [
            Secret(SECRET),
            Secret(SECRET).next(),
            Secret(SECRET).next().next(),
        ]
        .map(|it| it.key());
        let (sealer, _) = pair_within(SHORT);
        for number in 0..30_u64 {
            let datagram = sealed(&sealer, b"x");
            for (generation, key) in (0..).zip(&keys) {
                let (header, rest) = datagram.split_at(HEADER_BYTES);
                let is_its = key.open(number, header, &mut rest.to_vec()).is_some();
                assert_eq!(
                    is_its,
                    generation == number / 10,
                    "{number} under key {generation}"
                );
            }
        }
    }

    #[test]
    fn the_key_changes_in_the_midst_of_loss_and_reordering() {
        let (sealer, opener) = pair_within(SHORT);
        let datagrams: Vec<Vec<u8>> = (0..30).map(|_| sealed(&sealer, b"x")).collect();
        let opens = |number: usize| opener.open(&mut datagrams[number].clone()).is_some();
        // The last of the first key come after the first of the second, whose own first is lost.
        for number in [0, 7, 11, 9, 8, 19, 10, 20, 18, 29, 12] {
            assert!(opens(number), "{number}");
            assert!(!opens(number), "{number} again");
        }
        assert!(!opens(6), "its key is forgotten");
        // A whole key's packets lost at once: the one after the next is not derived for any stranger.
        let (_, opener) = pair_within(SHORT);
        assert!(opener.open(&mut datagrams[20].clone()).is_none());
        assert!(opener.open(&mut datagrams[10].clone()).is_some());
        assert!(opener.open(&mut datagrams[20].clone()).is_some());
    }

    #[test]
    fn a_forged_number_moves_no_key() {
        let (sealer, opener) = pair_within(SHORT);
        let genuine = sealed(&sealer, b"x");
        for number in [10_u64, 11, 20, 34, 35, 1 << 40, u64::MAX - 1, u64::MAX] {
            let mut forged = genuine.clone();
            forged[5..HEADER_BYTES].copy_from_slice(&number.to_be_bytes());
            assert_eq!(opener.open(&mut forged), None, "{number}");
        }
        assert!(opener.open(&mut genuine.clone()).is_some());
    }

    #[test]
    fn used_up_numbers_seal_nothing_more() {
        let (sealer, opener) = pair_within(SHORT);
        let last = (0..35)
            .map(|_| sealed(&sealer, b"x"))
            .fold(None, |_, mut datagram| {
                opener.open(&mut datagram).map(|(number, _)| number)
            });
        assert_eq!(last, Some(34));
        for _ in 0..3 {
            let mut out = vec![1];
            assert!(!sealer.seal(&mut out, |out| out.push(2)));
            assert_eq!(out, [1], "nothing is appended");
        }
    }

    #[test]
    fn threads_that_seal_at_once_change_the_key_once() {
        let limits = Limits {
            packets_per_key: 64,
            ..Limits::SAFE
        };
        let (sealer, opener) = pair_within(limits);
        let mut all = Vec::new();
        std::thread::scope(|scope| {
            let seals = || (0..500).map(|_| sealed(&sealer, b"x")).collect::<Vec<_>>();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(seals)).collect();
            for thread in threads {
                all.extend(thread.join().unwrap());
            }
        });
        all.sort_by_key(|datagram| packet_number(datagram));
        assert!(all.iter_mut().all(|datagram| opener.open(datagram).is_some()));
    }
}
