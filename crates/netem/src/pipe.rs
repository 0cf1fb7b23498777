//! A reliable byte stream over a path, as TCP makes one.

use bytes::Bytes;
use netcore_proto::{Span, Time};

use crate::{Chance, Path};

/// Bytes of content in one TCP segment on Ethernet.
const SEGMENT_BYTES: usize = 1_448;
/// What IP, TCP and Ethernet add to each segment.
const SEGMENT_OVERHEAD_BYTES: u64 = 66;

/// One direction of a reliable byte stream: everything arrives, once, in order, in portions that chance decides.
///
/// A lost segment arrives a round trip later, as after a fast retransmission, and all behind it wait for it.
#[derive(Clone, Debug, Default)]
pub struct Pipe {
    latest: Time,
}

impl Pipe {
    /// Sends `bytes` over `path` and returns the portions with their times of arrival.
    pub fn write(
        &mut self,
        bytes: &Bytes,
        path: &mut Path,
        round_trip: Span,
        now: Time,
        chance: &mut Chance,
    ) -> Vec<(Time, Bytes)> {
        let mut portions = Vec::with_capacity(bytes.len().div_ceil(SEGMENT_BYTES));
        let mut rest = bytes.clone();
        while !rest.is_empty() {
            // Now and then a portion ends anywhere, also inside a length prefix.
            let most = if chance.happens(0.1) {
                (chance.below(SEGMENT_BYTES as u64) as usize).saturating_add(1)
            } else {
                SEGMENT_BYTES
            };
            let portion = rest.split_to(most.min(rest.len()));
            let wire_bytes = SEGMENT_OVERHEAD_BYTES.saturating_add(portion.len() as u64);
            let at = path.send_reliably(wire_bytes, round_trip, now, chance);
            self.latest = self.latest.max(at);
            portions.push((self.latest, portion));
        }
        portions
    }

    /// When bytes arrive that nothing holds up any more but those before them.
    pub fn pass(&mut self, now: Time) -> Time {
        self.latest = self.latest.max(now);
        self.latest
    }

    /// When the end of the stream is seen that is closed at `now`: after everything in it.
    pub fn close(&mut self, path: &Path, now: Time) -> Time {
        self.latest = self.latest.max(now + path.conditions().delay);
        self.latest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Conditions;

    #[test]
    fn everything_arrives_in_order_however_it_is_cut_and_lost() {
        let mut path = Path::new(Conditions::delay_ms(5).jitter_ms(5).loss(0.2));
        let mut pipe = Pipe::default();
        let mut chance = Chance::new(1);
        let sent: Vec<u8> = (0..50_000_u32).map(|i| (i * 7 % 251) as u8).collect();
        let portions = pipe.write(
            &sent.clone().into(),
            &mut path,
            Span::from_millis(10),
            Time::ZERO,
            &mut chance,
        );
        assert!(portions.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        let arrived: Vec<u8> = portions.iter().flat_map(|(_, bytes)| bytes.to_vec()).collect();
        assert_eq!(arrived, sent);
        assert!(portions.len() > sent.len() / SEGMENT_BYTES);
        assert!(pipe.close(&path, Time::ZERO) >= portions.last().unwrap().0);
    }
}
