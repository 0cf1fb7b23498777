//! What stop-and-wait can reach.

use netcore::proto::video::{FrameOutcome, FrameResult};

/// Frames over this many microseconds of coming in are a train whose spread tells the rate of the way.
const LEAST_SPREAD_US: u32 = 1;

/// The rate that stop-and-wait reaches with frames of `bytes` bytes on a way of `rate_bps` bits per second and a round trip
/// of `round_trip_us` microseconds: frame / (frame / rate + RTT), in bits per second. Without a rate the frame takes no
/// time on the way, which is the most there can be.
pub(super) fn stop_and_wait_bps(bytes: f64, rate_bps: Option<f64>, round_trip_us: f64) -> f64 {
    let bits = bytes * 8.0;
    let on_the_way_s = rate_bps.map_or(0.0, |rate| bits / rate);
    bits / (on_the_way_s + round_trip_us / 1e6)
}

/// The rate of the way as the frames' own spread at the receiver shows it: the median of bytes over the time from the first
/// to the last of them (packet-train dispersion). `None` when no frame told its spread.
pub(super) fn rate_of_the_way_bps(results: &[FrameResult]) -> Option<f64> {
    let mut rates: Vec<f64> = results
        .iter()
        .filter(|result| matches!(result.outcome, FrameOutcome::Acked { .. }))
        .filter_map(|result| {
            let spread = result.spread_us.filter(|spread| *spread >= LEAST_SPREAD_US)?;
            Some(f64::from(result.bytes) * 8e6 / f64::from(spread))
        })
        .collect();
    let middle = rates.len() / 2;
    (!rates.is_empty()).then(|| *rates.select_nth_unstable_by(middle, f64::total_cmp).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_way_halves_what_stop_and_wait_reaches() {
        // 12,500 bytes take a millisecond at 100 Mbit/s; the round trip another one.
        let reached = stop_and_wait_bps(12_500.0, Some(100e6), 1_000.0);
        assert!((reached - 50e6).abs() < 1.0, "{reached}");
        let without_rate = stop_and_wait_bps(12_500.0, None, 1_000.0);
        assert!((without_rate - 100e6).abs() < 1.0, "{without_rate}");
    }

    #[test]
    fn nothing_told_is_nothing_known() {
        assert_eq!(rate_of_the_way_bps(&[]), None);
    }
}
