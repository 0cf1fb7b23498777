//! Datagrams under seal: AES-128-GCM with the packet number as nonce, and a window against replays.
//!
//! ```text
//! +------------+---------------------+-----------------------+----------------------------+--------------+
//! | u8 zero    | u32 connection id   | u64 packet number     | the datagram, encrypted    | 16-byte tag  |
//! +------------+---------------------+-----------------------+----------------------------+--------------+
//! |<------------- associated data, in the clear ------------>|
//! ```
//! The nonce is the packet number XORed into the nonce base, as TLS 1.3 does it (RFC 8446, section 5.3).

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// Bytes before the encrypted part.
pub(crate) const HEADER_BYTES: usize = 13;
/// Bytes after it.
pub(crate) const TAG_BYTES: usize = 16;

/// One direction's AES-128-GCM key. Every number is used once, as nonce (RFC 8446, section 5.3).
pub(crate) struct Key {
    key: LessSafeKey,
    nonce_base: [u8; NONCE_LEN],
}

/// Seals what leaves.
pub(crate) struct Sealer {
    key: Key,
    connection: u32,
    next: AtomicU64,
}

/// Opens what arrives, each packet number once.
pub(crate) struct Opener {
    key: Key,
    seen: Mutex<ReplayWindow>,
}

impl Key {
    pub(crate) fn new(key: &[u8; 16], nonce_base: [u8; NONCE_LEN]) -> Key {
        let key = UnboundKey::new(&AES_128_GCM, key).expect("an AES-128 key has 16 bytes");
        Key {
            key: LessSafeKey::new(key),
            nonce_base,
        }
    }

    /// From exported material: 16 bytes of key, 12 of nonce base.
    pub(crate) fn from_material(material: &[u8; 28]) -> Key {
        let (key, nonce_base) = material.split_at(16);
        let halves = (key.try_into(), nonce_base.try_into());
        let (Ok(key), Ok(nonce_base)) = halves else {
            unreachable!("28 bytes are 16 and 12")
        };
        Key::new(key, nonce_base)
    }

    /// Encrypts `content` where it is. Returns the tag.
    pub(crate) fn seal(&self, number: u64, header: &[u8], content: &mut [u8]) -> [u8; TAG_BYTES] {
        let outcome = self
            .key
            .seal_in_place_separate_tag(self.nonce(number), Aad::from(header), content);
        let tag = outcome.expect("a packet is far below the cipher's limit of 64 GiB");
        let mut bytes = [0; TAG_BYTES];
        bytes.copy_from_slice(tag.as_ref());
        bytes
    }

    /// Decrypts where it is what ends in its tag. `None` when it is not genuine.
    pub(crate) fn open<'a>(&self, number: u64, header: &[u8], sealed: &'a mut [u8]) -> Option<&'a mut [u8]> {
        self.key
            .open_in_place(self.nonce(number), Aad::from(header), sealed)
            .ok()
    }

    fn nonce(&self, packet: u64) -> Nonce {
        let mut nonce = self.nonce_base;
        nonce[4..]
            .iter_mut()
            .zip(packet.to_be_bytes())
            .for_each(|(byte, packet)| *byte ^= packet);
        Nonce::assume_unique_for_key(nonce)
    }
}

impl Sealer {
    pub(crate) fn new(key: Key, connection: u32) -> Sealer {
        Sealer {
            key,
            connection,
            next: AtomicU64::new(0),
        }
    }

    /// Appends one sealed datagram to `out`; `plain` writes its content.
    pub(crate) fn seal(&self, out: &mut Vec<u8>, plain: impl FnOnce(&mut Vec<u8>)) {
        let packet = self.next.fetch_add(1, Ordering::Relaxed);
        let from = out.len();
        out.push(0);
        out.extend_from_slice(&self.connection.to_be_bytes());
        out.extend_from_slice(&packet.to_be_bytes());
        plain(out);
        let (header, content) = out[from..].split_at_mut(HEADER_BYTES);
        let tag = self.key.seal(packet, header, content);
        out.extend_from_slice(&tag);
    }
}

impl Opener {
    pub(crate) fn new(key: Key) -> Opener {
        Opener {
            key,
            seen: Mutex::new(ReplayWindow::default()),
        }
    }

    /// The content of a sealed datagram and its packet number; `None` when the seal is broken or it came before.
    pub(crate) fn open<'a>(&self, datagram: &'a mut [u8]) -> Option<(u64, &'a [u8])> {
        let packet = packet_number(datagram)?;
        let (header, sealed) = datagram.split_at_mut(HEADER_BYTES);
        let plain = self.key.open(packet, header, sealed)?;
        // Only what is genuine may move the window.
        let is_new = self.seen.lock().is_ok_and(|mut seen| seen.accept(packet));
        is_new.then_some((packet, &*plain))
    }
}

/// The connection id a datagram bears.
pub(crate) fn connection_id(datagram: &[u8]) -> Option<u32> {
    let (kind, rest) = datagram.split_first()?;
    let id = rest
        .first_chunk::<4>()
        .filter(|_| *kind == 0 && datagram.len() > HEADER_BYTES + TAG_BYTES)?;
    Some(u32::from_be_bytes(*id))
}

fn packet_number(datagram: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(*datagram.get(5..HEADER_BYTES)?.first_chunk()?))
}

/// Which of the latest packet numbers came already (RFC 4303, appendix A2).
#[derive(Debug)]
struct ReplayWindow {
    /// The next number above all that came.
    top: u64,
    bits: [u64; ReplayWindow::WORDS],
}

impl Default for ReplayWindow {
    fn default() -> ReplayWindow {
        ReplayWindow {
            top: 0,
            bits: [0; ReplayWindow::WORDS],
        }
    }
}

impl ReplayWindow {
    const WORDS: usize = 64;
    /// How far behind the highest a number may be.
    const SIZE: u64 = 64 * ReplayWindow::WORDS as u64;

    fn accept(&mut self, packet: u64) -> bool {
        if packet == u64::MAX {
            return false;
        }
        if packet >= self.top {
            let ahead = packet + 1 - self.top;
            if ahead >= ReplayWindow::SIZE {
                self.bits = [0; ReplayWindow::WORDS];
            } else {
                (self.top..=packet).for_each(|number| self.clear(number));
            }
            self.top = packet + 1;
        } else if self.top - packet > ReplayWindow::SIZE {
            return false;
        }
        let (word, bit) = ReplayWindow::place(packet);
        let is_new = self.bits[word] & bit == 0;
        self.bits[word] |= bit;
        is_new
    }

    fn clear(&mut self, number: u64) {
        let (word, bit) = ReplayWindow::place(number);
        self.bits[word] &= !bit;
    }

    fn place(number: u64) -> (usize, u64) {
        let at = number % ReplayWindow::SIZE;
        ((at / 64) as usize, 1 << (at % 64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Sealer, Opener) {
        (
            Sealer::new(Key::from_material(&[7; 28]), 9),
            Opener::new(Key::from_material(&[7; 28])),
        )
    }

    fn sealed(sealer: &Sealer, content: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        sealer.seal(&mut out, |out| out.extend_from_slice(content));
        out
    }

    #[test]
    fn content_survives_and_is_not_readable_on_the_way() {
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
}
