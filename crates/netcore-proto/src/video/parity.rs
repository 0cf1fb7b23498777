//! Parity: fragments from which lost ones can be computed, so that a loss need not cost a round trip.

use bytes::{Bytes, BytesMut};
use reed_solomon_simd::{ReedSolomonDecoder, ReedSolomonEncoder};

use super::Fragment;

/// Frames of more fragments or bytes get no parity: what computing takes stays bounded, at four times the bytes.
const MAX_FRAGMENTS: u32 = 2_048;
const MAX_BYTES: u32 = 2 * 1024 * 1024;
/// Parity begins when more than the first share of fragments is lost, and ends when less than the second is.
const LOSS: [f64; 2] = [0.005, 0.002];
/// Parity is at least and at most this share of a frame's fragments.
const SHARE: (f64, f64) = (0.05, 0.5);

/// Whether a frame of this shape can have parity. Both ends judge alike.
pub(super) fn is_possible(frame_length: u32, size: u16) -> bool {
    size.is_multiple_of(2)
        && frame_length <= MAX_BYTES
        && Fragment::count(frame_length, size) <= MAX_FRAGMENTS
}

/// Decides how much parity frames get, and computes it.
#[derive(Default)]
pub(super) struct ParityMaker {
    is_on: bool,
    /// Kept for its working space.
    encoder: Option<ReedSolomonEncoder>,
}

impl ParityMaker {
    /// How many parity fragments a frame of so many fragments gets, when this share of fragments is lost.
    ///
    /// As many as are lost of such a frame on average, and two and a half times the spread of that number: of 160 frames one
    /// loses more.
    pub(super) fn count(&mut self, fragments: u32, loss: f64) -> u8 {
        let [on, off] = LOSS;
        self.is_on = loss > if self.is_on { off } else { on };
        if !self.is_on {
            return 0;
        }
        let fragments = f64::from(fragments);
        // Parity fragments are lost like others.
        let lost = fragments * loss / (1.0 - loss).max(0.1);
        let (least, most) = SHARE;
        let count = lost + 2.5 * lost.sqrt() + 1.0;
        count
            .clamp(fragments * least, (fragments * most).max(1.0))
            .ceil()
            .min(255.0) as u8
    }

    /// The parity fragments of a frame; none when its shape does not allow for any.
    pub(super) fn make(&mut self, frame: &Bytes, size: u16, count: u8) -> Vec<Bytes> {
        let length = frame.len() as u32;
        if count == 0 || !is_possible(length, size) {
            return Vec::new();
        }
        self.encode(
            frame,
            Fragment::count(length, size) as usize,
            size.into(),
            count.into(),
        )
        .unwrap_or_default()
    }

    fn encode(
        &mut self,
        frame: &Bytes,
        fragments: usize,
        size: usize,
        count: usize,
    ) -> Result<Vec<Bytes>, reed_solomon_simd::Error> {
        let encoder = match &mut self.encoder {
            Some(encoder) => {
                encoder.reset(fragments, count, size)?;
                encoder
            }
            none => none.insert(ReedSolomonEncoder::new(fragments, count, size)?),
        };
        for fragment in frame.chunks_exact(size) {
            encoder.add_original_shard(fragment)?;
        }
        let rest = frame.chunks_exact(size).remainder();
        if !rest.is_empty() {
            encoder.add_original_shard(filled_up(rest, size))?;
        }
        let made = encoder.encode()?;
        let mut slab = BytesMut::with_capacity(count.saturating_mul(size));
        made.recovery_iter()
            .for_each(|fragment| slab.extend_from_slice(fragment));
        let mut slab = slab.freeze();
        Ok((0..count).map(|_| slab.split_to(size)).collect())
    }
}

impl std::fmt::Debug for ParityMaker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParityMaker")
            .field("is_on", &self.is_on)
            .finish_non_exhaustive()
    }
}

/// Computes the missing fragments of a frame in place. Returns whether that worked.
///
/// `missing` says which fragments are not in `frame`; `parity` has those of `count` parity fragments that came, at least as many.
pub(super) fn repair(
    frame: &mut BytesMut,
    size: u16,
    missing: &[u32],
    count: u8,
    parity: &[(u8, Bytes)],
) -> bool {
    let fragments = Fragment::count(frame.len() as u32, size) as usize;
    let size = usize::from(size);
    let mut work = || -> Result<(), reed_solomon_simd::Error> {
        let mut decoder = ReedSolomonDecoder::new(fragments, count.into(), size)?;
        let mut gaps = missing.iter().map(|fragment| *fragment as usize).peekable();
        for (at, fragment) in frame.chunks(size).enumerate() {
            if gaps.next_if_eq(&at).is_some() {
                continue;
            }
            if fragment.len() == size {
                decoder.add_original_shard(at, fragment)?;
            } else {
                decoder.add_original_shard(at, filled_up(fragment, size))?;
            }
        }
        for (at, fragment) in parity.iter().take(missing.len()) {
            decoder.add_recovery_shard((*at).into(), fragment)?;
        }
        let restored = decoder.decode()?;
        for (at, fragment) in restored.restored_original_iter() {
            if let Some(place) = frame.chunks_mut(size).nth(at) {
                // The last fragment is shorter than what it was filled up to.
                place
                    .iter_mut()
                    .zip(fragment)
                    .for_each(|(place, byte)| *place = *byte);
            }
        }
        Ok(())
    };
    work().is_ok()
}

fn filled_up(fragment: &[u8], size: usize) -> Vec<u8> {
    let mut fragment = fragment.to_vec();
    fragment.resize(size, 0);
    fragment
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(bytes: usize) -> Bytes {
        (0..bytes).map(|at| (at * 7 % 251) as u8).collect()
    }

    #[test]
    fn as_many_fragments_are_computed_as_there_is_parity() {
        for (bytes, size, count) in [
            (10_000, 1_000, 3),
            (9_500, 1_000, 3),
            (120_032, 1_150, 20),
            (300, 256, 1),
        ] {
            let whole = frame(bytes);
            let parity = ParityMaker::default().make(&whole, size, count);
            assert_eq!(parity.len(), usize::from(count));
            let fragments = Fragment::count(bytes as u32, size);
            let missing: Vec<u32> = (fragments - u32::from(count).min(fragments)..fragments).collect();
            let mut holed = BytesMut::from(&whole[..]);
            holed[missing[0] as usize * usize::from(size)..].fill(0xee);
            let parity: Vec<(u8, Bytes)> = (0..).zip(parity).collect();
            assert!(repair(&mut holed, size, &missing, count, &parity));
            assert_eq!(holed, whole, "{bytes} bytes in fragments of {size}");
        }
    }

    #[test]
    fn what_does_not_suffice_or_fit_repairs_nothing() {
        let whole = frame(10_000);
        let parity = ParityMaker::default().make(&whole, 1_000, 2);
        let mut holed = BytesMut::from(&whole[..]);
        let one = [(0, parity[0].clone())];
        assert!(!repair(&mut holed, 1_000, &[3, 4], 2, &one));
        let short = [(0, parity[0].slice(..500))];
        assert!(!repair(&mut holed, 1_000, &[3], 2, &short));
        let beyond = [(7, parity[0].clone())];
        assert!(!repair(&mut holed, 1_000, &[3], 2, &beyond));
        assert!(ParityMaker::default().make(&whole, 1_001, 2).is_empty());
        assert!(ParityMaker::default().make(&frame(3 << 20), 1_000, 2).is_empty());
    }

    #[test]
    fn loss_switches_it_on_and_calm_off() {
        let mut maker = ParityMaker::default();
        assert_eq!(maker.count(100, 0.004), 0);
        assert_eq!(maker.count(100, 0.02), 7);
        assert_eq!(maker.count(100, 0.1), 21);
        assert_eq!(maker.count(100, 1.0), 50);
        assert_eq!(maker.count(100, 0.003), 5, "not off at once");
        assert_eq!(maker.count(100, 0.001), 0);
        assert_eq!(maker.count(100, 0.003), 0, "nor on");
        assert_eq!(maker.count(1, 0.1), 1);
        assert_eq!(maker.count(10_000, 0.5), 255);
    }
}
