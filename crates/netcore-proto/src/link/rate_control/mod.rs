//! How much the path to a peer takes, and how much to send: one answer for TCP and UDP, from acknowledged frames.
//!
//! Three things are known of each acknowledged frame. *When its first byte got through*: less the least such time lately, that
//! is how long it queued; the two clocks' offset cancels (RFC 6817, section 2; the window bounds their drift). *How long it
//! took to come in*: a frame is a train of packets, which the bottleneck stretches to its own rate (Dovrolis,
//! "Packet-dispersion techniques", 2004). *What of it was lost.* From these:
//!
//! - Two consecutive frames that queued for over [`QUEUE`] without the queue shrinking mean congestion: the target falls to 85 % of
//!   what gets through, as Google's congestion control does (draft-ietf-rmcat-gcc-02, section 6).
//! - The target never stays above the rate to which the path stretches trains.
//! - Otherwise it grows, by the same for every stream, so that streams in one bottleneck come to equal shares (Chiu and
//!   Jain, 1989): slowly after a cut, and faster the longer nothing speaks against it, as CUBIC does (RFC 9438, section 4.1),
//!   but never beyond twice of what has been shown to get through.
//! - Loss alone is no congestion until it is high: on radio it is the weather.

mod measure;

use std::collections::VecDeque;

use super::sliding_min::SlidingMin;
use crate::ground::arithmetic::Grow;
use crate::ground::{Bitrate, Span, Time};

/// A frame that queued for longer shows congestion. Computers that are busy delay one by 1 to 5 ms, and another stream's
/// frame ahead of it in a bottleneck by its own length, which at equal shares is half a frame interval.
const QUEUE: Span = Span::from_millis(20);
/// The least delays are believed for this long: routes change, clocks drift (50 ppm make half a millisecond of it).
const BASE_WINDOW: Span = Span::from_secs(10);
/// What gets through is counted over this long: several frames of a slow stream, and short beside the five seconds in which
/// a wider path is to be filled.
const DELIVERED_WINDOW: Span = Span::from_millis(500);
/// A train that took longer than this shows how slow the path is; a shorter one may have been held up by a busy computer.
const LONG_TRAIN: Span = Span::from_millis(10);
/// A cut leaves this share of what gets through, so that the queue drains.
const CUT: f64 = 0.85;
/// More loss than this is congestion, even without delay: a queue too short to be seen. Twice what is called a bad network.
const HIGH_LOSS: f64 = 0.2;
/// More loss than this together with stretched trains is a short queue that overflows.
const SOME_LOSS: f64 = 0.05;
/// So many consecutive cuts that did not make the queue short mean that it is not ours, and the base is taken anew.
const CUTS_IN_VAIN: u32 = 3;
/// Growth just after a cut, in bits per second each second, and for how long it stays at that.
const GENTLE_GROWTH: (f64, Span) = (1e6, Span::from_millis(750));
/// After that it doubles this often: a path that became ten times as wide is filled in three seconds.
const DOUBLES_EVERY: Span = Span::from_millis(400);
/// It is never more than this share of the target each second, and a fifth of it while it is gentle.
const MAX_GROWTH: f64 = 1.5;
/// Where the target begins: 720p in fair quality. The first frames' trains correct it at once.
const FIRST_TARGET: Bitrate = Bitrate(10_000_000);
/// A paced frame shows only that the path takes its pace. This often one leaves this much faster.
const LOOK_EVERY: Span = Span::from_secs(1);
const LOOK: f64 = 1.6;
/// The most acknowledgements that are remembered.
const MAX_DELIVERED: usize = 4_096;

/// Whether a stream's rate follows the path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RateMode {
    /// The target follows what the path takes.
    #[default]
    Adaptive,
    /// The target is the ceiling, whatever happens. The path is still measured.
    Fixed,
}

/// How a sender finds its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateControlConfig {
    /// The target is never lower.
    pub floor: Bitrate,
    /// The target is never higher.
    pub ceiling: Bitrate,
    /// Whether it moves at all.
    pub mode: RateMode,
}

impl Default for RateControlConfig {
    /// From 300 kbit/s, a small picture a few times a second, to 2 Gbit/s.
    fn default() -> RateControlConfig {
        RateControlConfig {
            floor: Bitrate(300_000),
            ceiling: Bitrate(2_000_000_000),
            mode: RateMode::Adaptive,
        }
    }
}

/// An acknowledged frame. Times without a name are on this computer's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Acked {
    /// Bytes of the frame.
    pub(crate) bytes: u32,
    /// Fragments it was sent in, and how many did not arrive the first time.
    pub(crate) fragments: u32,
    pub(crate) lost: u32,
    pub(crate) first_out: Time,
    pub(crate) last_out: Time,
    /// On the receiver's clock.
    pub(crate) whole: Time,
    pub(crate) hold: Span,
    /// First fragment to last, and the same without those sent again.
    pub(crate) spread: Span,
    pub(crate) train: Span,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct RateControl {
    config: RateControlConfig,
    target: f64,
    /// The least of the times a first byte took: here to there, across the two clocks; and there and back, on ours.
    forward: SlidingMin,
    there_and_back: SlidingMin,
    /// How long the latest frame queued, and the one before it.
    queueing: Option<Span>,
    queueing_before: Option<Span>,
    /// Rates of the latest two trains, and those of them that the path stretched.
    trains: [Option<f64>; 2],
    stretched: [Option<f64>; 2],
    capacity: Option<f64>,
    /// Whether two consecutive trains were stretched and none since went through faster.
    is_limited: bool,
    /// When to look whether the path takes more.
    look_at: Time,
    delivered: VecDeque<(Time, u32)>,
    delivered_bytes: u64,
    loss: f64,
    cut_at: Option<Time>,
    /// The shortest queue since the latest cut, and how many consecutive cuts left none short.
    shortest: Option<Span>,
    cuts_in_vain: u32,
    acked_at: Option<Time>,
}

impl RateControl {
    pub(crate) fn new(config: RateControlConfig) -> RateControl {
        let mut control = RateControl {
            config,
            target: FIRST_TARGET.0 as f64,
            forward: SlidingMin::new(BASE_WINDOW),
            there_and_back: SlidingMin::new(BASE_WINDOW),
            queueing: None,
            queueing_before: None,
            trains: [None; 2],
            stretched: [None; 2],
            capacity: None,
            is_limited: false,
            look_at: Time::ZERO,
            delivered: VecDeque::new(),
            delivered_bytes: 0,
            loss: 0.0,
            cut_at: None,
            shortest: None,
            cuts_in_vain: 0,
            acked_at: None,
        };
        control.set_target(control.target);
        control
    }

    pub(crate) fn set_config(&mut self, config: RateControlConfig) {
        self.config = config;
        self.set_target(self.target);
    }

    /// What to send.
    pub(crate) fn target(&self) -> Bitrate {
        match self.config.mode {
            RateMode::Adaptive => Bitrate(self.target as u64),
            RateMode::Fixed => self.config.ceiling,
        }
    }

    /// How long the latest frame queued.
    pub(crate) fn queueing(&self) -> Option<Span> {
        self.queueing
    }

    /// What the path takes, as far as frames have shown: exact when they were stretched, else it takes at least this.
    pub(crate) fn capacity(&self) -> Option<Bitrate> {
        self.capacity.map(|capacity| Bitrate(capacity as u64))
    }

    /// What a frame that leaves now is paced by: what the path takes, when frames have shown that it takes no more. Now and then
    /// it is more than that, to see whether the path still takes no more.
    pub(crate) fn pacing_limit(&mut self, now: Time) -> Option<Bitrate> {
        let limit = self.capacity.filter(|_| self.is_limited)?;
        if self.look_at > now {
            return Some(Bitrate(limit as u64));
        }
        self.look_at = now + LOOK_EVERY;
        Some(Bitrate((limit * LOOK) as u64))
    }

    /// Whether frames queue on the path.
    pub(crate) fn is_queueing(&self) -> bool {
        self.queueing > Some(QUEUE)
    }

    /// Whether the path has room for more than what is sent now.
    pub(crate) fn has_room(&self, now: Time) -> bool {
        let used = self.delivered_rate(now);
        !self.is_queueing() && self.capacity.is_none_or(|capacity| used < 0.7 * capacity)
    }

    /// The share of fragments that have to be sent again, lately.
    pub(crate) fn loss(&self) -> f64 {
        self.loss
    }

    /// The time there and back without a queue and without a frame's own length.
    pub(crate) fn least_round_trip(&self) -> Option<Span> {
        self.there_and_back
            .get()
            .map(|us| Span::from_micros(us.max(0) as u64))
    }

    /// The path is another one: a different transport, or a new address.
    pub(crate) fn handle_new_path(&mut self) {
        self.forward = SlidingMin::new(BASE_WINDOW);
        self.there_and_back = SlidingMin::new(BASE_WINDOW);
        (self.queueing, self.queueing_before) = (None, None);
    }

    /// A frame was acknowledged.
    pub(crate) fn handle_acked(&mut self, acked: &Acked, now: Time) {
        self.measure_queue(acked, now);
        let stretched = self.measure_train(acked);
        self.note_loss(f64::from(acked.lost.min(acked.fragments)) / f64::from(acked.fragments.max(1)));
        self.note_delivered(acked.bytes, now);
        self.cap(stretched, now);
        // Frames that left before a cut are evidence of the time before it.
        let is_news = self.cut_at.is_none_or(|cut_at| acked.first_out >= cut_at);
        if is_news && let Some(queueing) = self.queueing {
            self.shortest = Some(self.shortest.map_or(queueing, |shortest| shortest.min(queueing)));
        }
        if is_news && self.is_congested() {
            self.cut(now);
        } else if self.loss > HIGH_LOSS {
            self.heed_loss(now);
        } else if self.queueing.is_some_and(|queueing| queueing <= QUEUE) {
            self.grow(stretched, now);
        }
        self.acked_at = Some(now);
    }

    /// A frame that was sent did not arrive whole: this share of it was lost, as far as is known.
    pub(crate) fn handle_lost(&mut self, share: f64, now: Time) {
        self.note_loss(share);
        self.heed_loss(now);
    }

    /// Cuts the target when loss is high, now and then.
    fn heed_loss(&mut self, now: Time) {
        if self.loss > HIGH_LOSS && self.cut_at.is_none_or(|at| at + DELIVERED_WINDOW <= now) {
            self.cut_at = Some(now);
            self.set_target(self.target * (1.0 - self.loss / 2.0));
        }
    }

    /// Holds the target below the rate to which two consecutive trains were stretched, the better one of them: when a queue or
    /// loss show that the path is full, or the difference is more than jitter makes.
    fn cap(&mut self, stretched: Option<f64>, now: Time) {
        let [_, before] = self.stretched;
        self.stretched = [before, stretched];
        let (Some(before), Some(rate)) = (before, stretched) else {
            return;
        };
        self.is_limited = true;
        let rate = before.max(rate);
        let most = if self.is_congested() {
            rate * CUT
        } else if rate < self.target * 0.6 || self.loss > SOME_LOSS {
            rate * 0.95
        } else {
            return;
        };
        if most < self.target * 0.9 {
            self.cut_at = Some(now);
            self.shortest = None;
        }
        self.set_target(self.target.min(most));
    }

    fn is_congested(&self) -> bool {
        let (Some(before), Some(queueing)) = (self.queueing_before, self.queueing) else {
            return false;
        };
        before > QUEUE && queueing > QUEUE && queueing + Span::from_millis(1) >= before
    }

    fn cut(&mut self, now: Time) {
        let shortest = self.shortest.take().unwrap_or_default();
        self.cuts_in_vain = if shortest > QUEUE {
            self.cuts_in_vain.saturating_add(1)
        } else {
            0
        };
        if self.cuts_in_vain > CUTS_IN_VAIN {
            self.rebase(shortest, now);
            return;
        }
        self.cut_at = Some(now);
        // A source that uses little of its target is cut from what it uses, with room to move.
        let used = self.delivered_rate(now) * 1.5;
        self.set_target(self.target.min(used) * CUT);
    }

    /// The queue is another flow's, or the path has become longer: what it takes now is the new least.
    fn rebase(&mut self, queueing: Span, now: Time) {
        let least = self.forward.get().unwrap_or(0);
        let least = least.saturating_add(queueing.as_signed_micros());
        self.forward.restart(least, now);
        self.cuts_in_vain = 0;
        (self.queueing, self.queueing_before) = (Some(Span::ZERO), None);
    }

    fn grow(&mut self, stretched: Option<f64>, now: Time) {
        let passed = self
            .acked_at
            .map_or(0.0, |at| now.since(at).as_secs_f64().min(0.2));
        let shown = self.delivered_rate(now) * 2.0;
        let mut target = self.target;
        match self.cut_at {
            // At first the trains decide. Until now nothing has ever queued for long.
            None => {
                target += target * MAX_GROWTH * passed;
                if let [Some(one), Some(other)] = self.trains {
                    self.set_target(self.target.max(one.min(other) / 2.0));
                }
            }
            Some(cut_at) => {
                let (gentle, lasts) = GENTLE_GROWTH;
                let later = now.since(cut_at).saturating_sub(lasts).as_secs_f64();
                let slow = gentle.min(target * 0.2) * passed;
                let faster = (later / DOUBLES_EVERY.as_secs_f64()).min(40.0).exp2();
                let fast = (gentle * faster).min(target * MAX_GROWTH) * passed;
                // Near the rate to which the path stretches a train there is little left to find.
                let near = stretched.map_or(f64::MAX, |rate| rate * 0.9);
                target += if later > 0.0 {
                    fast.min((near - target).max(slow))
                } else {
                    slow
                };
            }
        }
        // Nothing shows that more gets through than did, twice over; but what was allowed once is not taken back.
        self.set_target(target.min(shown).max(self.target));
    }

    fn note_loss(&mut self, share: f64) {
        self.loss += (share - self.loss) / 16.0;
    }

    fn note_delivered(&mut self, bytes: u32, now: Time) {
        self.delivered.push_back((now, bytes));
        self.delivered_bytes.grow_by(u64::from(bytes));
        while let Some((at, bytes)) = self.delivered.front() {
            if *at + DELIVERED_WINDOW > now && self.delivered.len() <= MAX_DELIVERED {
                break;
            }
            self.delivered_bytes = self.delivered_bytes.saturating_sub(u64::from(*bytes));
            self.delivered.pop_front();
        }
    }

    /// What was acknowledged lately, in bits per second, on our own clock, which no peer can set.
    fn delivered_rate(&self, now: Time) -> f64 {
        let Some((oldest, bytes)) = self.delivered.front() else {
            return 0.0;
        };
        // The oldest one's bytes came before the time that is counted, unless it is the only one.
        match now.since(*oldest).as_secs_f64() {
            0.0 => self.delivered_bytes as f64 * 8.0 / DELIVERED_WINDOW.as_secs_f64(),
            passed => self.delivered_bytes.saturating_sub(u64::from(*bytes)) as f64 * 8.0 / passed,
        }
    }

    fn set_target(&mut self, target: f64) {
        let (floor, ceiling) = (self.config.floor.0 as f64, self.config.ceiling.0 as f64);
        self.target = target.min(ceiling).max(floor);
    }
}

#[cfg(test)]
mod tests;
