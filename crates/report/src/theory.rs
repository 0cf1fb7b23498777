//! What stop-and-wait can reach.

use netcore::proto::video::{FrameOutcome, FrameResult, stop_and_wait_rate};
use netcore::proto::{Bitrate, Span};

/// The rate in bits per second that stop-and-wait reaches with frames of `bytes` bytes. Without a rate of the path the frame
/// takes no time on it, which is the most there can be.
pub(super) fn stop_and_wait_bps(bytes: u64, path: Option<Bitrate>, round_trip: Span) -> Option<u64> {
    match path {
        Some(path) => Some(stop_and_wait_rate(bytes, path, round_trip).0),
        None => Bitrate::of(bytes, round_trip).map(|rate| rate.0),
    }
}

/// The rate of the path as the frames' own dispersion at the receiver shows it: the median of bytes over the time from the first
/// to the last of them (packet-train dispersion). `None` when no frame reported its spread.
pub(super) fn path_rate(results: &[FrameResult]) -> Option<Bitrate> {
    let mut rates: Vec<Bitrate> = results
        .iter()
        .filter(|result| matches!(result.outcome, FrameOutcome::Acked { .. }))
        .filter_map(|result| {
            let spread = Span::from_micros(u64::from(result.spread_us?));
            Bitrate::of(u64::from(result.bytes), spread)
        })
        .collect();
    let middle = rates.len() / 2;
    (!rates.is_empty()).then(|| *rates.select_nth_unstable(middle).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_halves_what_stop_and_wait_reaches() {
        // 12,500 bytes take a millisecond at 100 Mbit/s; the round trip another one.
        let path = Some(Bitrate(100_000_000));
        assert_eq!(
            stop_and_wait_bps(12_500, path, Span::from_millis(1)),
            Some(50_000_000)
        );
        assert_eq!(
            stop_and_wait_bps(12_500, None, Span::from_millis(1)),
            Some(100_000_000)
        );
        assert_eq!(stop_and_wait_bps(12_500, None, Span::ZERO), None);
    }

    #[test]
    fn nothing_reported_is_nothing_known() {
        assert_eq!(path_rate(&[]), None);
    }
}
