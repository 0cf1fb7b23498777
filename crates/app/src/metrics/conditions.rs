//! The link conditioner: what the network is made like on purpose, as a person sets it.

use netcore::netem::{Bottleneck, Burst, Conditions, PathCounts, Reordering};
use netcore::proto::{Bitrate, Span};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The most of each kind of loss, and of reordering, in percent: beyond it the room itself would not stay together.
const MAX_PCT: f64 = 50.0;
const MAX_DELAY_MS: u32 = 2_000;
const MAX_JITTER_MS: u32 = 500;
/// In kbit/s.
const RATES_KBPS: std::ops::RangeInclusive<u32> = 64..=1_000_000;
/// Packets of a burst of loss, on average.
const BURST_PACKETS: f64 = 8.0;
/// A packet that is overtaken is held back for so long.
const HELD_BACK: Span = Span::from_millis(10);
/// What waits before a bottleneck at most: so long at its rate, as in a usual router, and room for some full datagrams.
const QUEUE_MS: u64 = 250;
const LEAST_QUEUE_BYTES: u64 = 32 * 1024;

/// What the network is made like, in each direction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConditionsView {
    /// Packets lost independently, in percent.
    pub loss_pct: f64,
    /// Packets lost in bursts of eight on average, in percent.
    pub burst_pct: f64,
    /// Everything comes this much later.
    pub delay_ms: u32,
    /// And up to this much later still.
    pub jitter_ms: u32,
    /// Packets that are overtaken by others, in percent.
    pub reorder_pct: f64,
    /// The narrowest place; `null`: no limit.
    pub rate_kbps: Option<u32>,
    /// Equal seeds draw equal chances.
    pub seed: u32,
}

/// What became of packets out and in since the conditions were set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConditionedView {
    /// Packets in all.
    pub packets: u64,
    /// Those that were lost, or found the queue full.
    pub lost: u64,
}

impl ConditionsView {
    /// The same within what can be.
    pub(crate) fn sanitized(self) -> ConditionsView {
        let pct = |pct: f64| {
            if pct.is_finite() {
                pct.clamp(0.0, MAX_PCT)
            } else {
                0.0
            }
        };
        ConditionsView {
            loss_pct: pct(self.loss_pct),
            burst_pct: pct(self.burst_pct),
            delay_ms: self.delay_ms.min(MAX_DELAY_MS),
            jitter_ms: self.jitter_ms.min(MAX_JITTER_MS),
            reorder_pct: pct(self.reorder_pct),
            rate_kbps: self
                .rate_kbps
                .map(|rate| rate.clamp(*RATES_KBPS.start(), *RATES_KBPS.end())),
            seed: self.seed,
        }
    }

    /// In the network's own terms.
    pub(crate) fn conditions(&self) -> Conditions {
        let share = self.burst_pct / 100.0;
        Conditions {
            bottleneck: self.rate_kbps.map(|rate_kbps| {
                let bits = u64::from(rate_kbps) * 1_000;
                Bottleneck {
                    rate: Bitrate(bits),
                    queue_bytes: (bits / 8 * QUEUE_MS / 1_000).max(LEAST_QUEUE_BYTES),
                }
            }),
            loss: self.loss_pct / 100.0,
            // Of the packets outside bursts, so many begin one that this share is inside.
            burst: (share > 0.0).then(|| Burst {
                begins: share / (BURST_PACKETS * (1.0 - share)),
                length: BURST_PACKETS,
            }),
            delay: Span::from_millis(self.delay_ms.into()),
            jitter: Span::from_millis(self.jitter_ms.into()),
            reordering: (self.reorder_pct > 0.0).then(|| Reordering {
                probability: self.reorder_pct / 100.0,
                by: HELD_BACK,
            }),
            ..Conditions::default()
        }
    }
}

impl ConditionedView {
    /// Both directions together.
    pub(crate) fn of(counts: &[PathCounts; 2]) -> ConditionedView {
        ConditionedView {
            packets: counts.iter().map(|direction| direction.packets).sum(),
            lost: counts
                .iter()
                .map(|direction| direction.lost + direction.overflowed)
                .sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use netcore::netem::{Chance, Path};
    use netcore::proto::Time;

    use super::*;

    fn lossy(loss_pct: f64, burst_pct: f64) -> ConditionsView {
        ConditionsView {
            loss_pct,
            burst_pct,
            delay_ms: 0,
            jitter_ms: 0,
            reorder_pct: 0.0,
            rate_kbps: None,
            seed: 7,
        }
    }

    #[test]
    fn what_is_set_is_kept_within_what_can_be() {
        let wild = ConditionsView {
            loss_pct: 400.0,
            burst_pct: f64::NAN,
            delay_ms: 99_999,
            jitter_ms: 99_999,
            reorder_pct: -3.0,
            rate_kbps: Some(0),
            seed: 7,
        };
        let sanitized = wild.sanitized();
        assert_eq!(
            (sanitized.loss_pct, sanitized.burst_pct, sanitized.reorder_pct),
            (50.0, 0.0, 0.0)
        );
        assert_eq!(
            (sanitized.delay_ms, sanitized.jitter_ms, sanitized.rate_kbps),
            (2_000, 500, Some(64))
        );
    }

    #[test]
    fn as_many_packets_are_lost_in_bursts_as_was_asked() {
        let mut path = Path::new(lossy(0.0, 20.0).conditions());
        let mut chance = Chance::new(7);
        for at in 0..100_000 {
            path.send(1_000, Time::from_micros(at), &mut chance);
        }
        let lost = path.counts().lost;
        assert!((18_000..22_000).contains(&lost), "{lost} of 100,000");
    }

    #[test]
    fn a_bottleneck_has_a_queue_of_a_quarter_of_a_second() {
        let rate = |kbps| {
            let view = ConditionsView {
                rate_kbps: Some(kbps),
                ..lossy(0.0, 0.0)
            };
            view.conditions().bottleneck.unwrap()
        };
        assert_eq!(rate(8_000).queue_bytes, 250_000);
        assert_eq!((rate(64).rate, rate(64).queue_bytes), (Bitrate(64_000), 32_768));
        assert_eq!(lossy(0.0, 0.0).conditions(), Conditions::default());
    }
}
