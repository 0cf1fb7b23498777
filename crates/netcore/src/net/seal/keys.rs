//! The keys of one direction: each seals so many packets, and then the next one is derived.

use parking_lot::RwLock;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf;

use super::{SECRET_BYTES, TAG_BYTES};

/// How much is sealed under one key, and under all of one secret.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The next key is taken after so many packets.
    pub(crate) packets_per_key: u64,
    /// Nothing is sealed after so many.
    pub(crate) packets: u64,
}

impl Limits {
    /// 2^23 packets for a key (RFC 9001, section 6.6), and 2^62 in all, as many as QUIC numbers (RFC 9000, section 12.3).
    pub(crate) const SAFE: Limits = Limits {
        packets_per_key: 1 << 23,
        packets: 1 << 62,
    };
}

/// One direction's AES-128-GCM key. Every number is used once, as nonce (RFC 8446, section 5.3).
pub(crate) struct Key {
    key: LessSafeKey,
    nonce_base: [u8; NONCE_LEN],
}

impl Key {
    pub(crate) fn new(key: &[u8; 16], nonce_base: [u8; NONCE_LEN]) -> Key {
        let key = UnboundKey::new(&AES_128_GCM, key).expect("an AES-128 key has 16 bytes");
        Key {
            key: LessSafeKey::new(key),
            nonce_base,
        }
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

/// The secret of one generation of keys. It gives that generation's key and the secret of the next (RFC 5869, section 2.3).
pub(super) struct Secret(pub(super) [u8; SECRET_BYTES]);

impl Secret {
    pub(super) fn key(&self) -> Key {
        Key::new(&self.expand(b"roomwire key"), self.expand(b"roomwire iv"))
    }

    pub(super) fn next(&self) -> Secret {
        Secret(self.expand(b"roomwire next"))
    }

    fn expand<const LENGTH: usize>(&self, label: &[u8]) -> [u8; LENGTH] {
        struct Length(usize);
        impl hkdf::KeyType for Length {
            fn len(&self) -> usize {
                self.0
            }
        }
        let mut out = [0; LENGTH];
        hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, &self.0)
            .expand(&[label], Length(LENGTH))
            .and_then(|key| key.fill(&mut out))
            .expect("a key is far below the 8,160 bytes that HKDF gives");
        out
    }
}

/// The present key, the one before for what comes late, and the one after for what comes first of its generation: it is
/// there beforehand, so that no forgery costs a derivation (RFC 9001, section 6.3).
struct Generations {
    /// The number of the present one.
    present: u64,
    keys: [Option<Key>; 3],
    /// Of the generation after those.
    secret: Secret,
}

impl Generations {
    fn new(secret: &Secret) -> Generations {
        let second = secret.next();
        Generations {
            present: 0,
            keys: [None, Some(secret.key()), Some(second.key())],
            secret: second.next(),
        }
    }

    fn key(&self, generation: u64) -> Option<&Key> {
        let at = generation.checked_add(1)?.checked_sub(self.present)?;
        self.keys.get(usize::try_from(at).ok()?)?.as_ref()
    }

    /// The next generation is the present one, and the one before the last is forgotten.
    fn step(&mut self) {
        let [_, present, after] = &mut self.keys;
        self.keys = [present.take(), after.take(), Some(self.secret.key())];
        self.secret = self.secret.next();
        self.present += 1;
    }
}

/// The keys of one direction.
pub(super) struct Keys {
    generations: RwLock<Generations>,
    pub(super) limits: Limits,
}

impl Keys {
    pub(super) fn new(secret: [u8; SECRET_BYTES], limits: Limits) -> Keys {
        Keys {
            generations: RwLock::new(Generations::new(&Secret(secret))),
            limits,
        }
    }

    /// Calls `act` with the number that `packet` gives and its key. The packet is genuine if something is returned: then its
    /// generation is the present one from now on, if it is newer. `None` without a key: the packet is two generations away, or
    /// beyond all.
    pub(super) fn with<R>(
        &self,
        packet: impl FnOnce() -> Option<u64>,
        act: impl FnOnce(u64, &Key) -> Option<R>,
    ) -> Option<R> {
        let (result, generation, present) = {
            // Numbers are given while this is held, so that the keys do not move on between a number and its use.
            let generations = self.generations.read();
            let packet = packet().filter(|packet| *packet < self.limits.packets)?;
            let generation = packet.checked_div(self.limits.packets_per_key)?;
            let result = act(packet, generations.key(generation)?)?;
            (result, generation, generations.present)
        };
        if generation > present {
            let mut generations = self.generations.write();
            // Another thread may have been here first.
            if generation > generations.present {
                generations.step();
            }
        }
        Some(result)
    }
}
