//! How frames ended at either end of a link, counted.

use serde::Serialize;

use crate::ground::arithmetic::Grow;
use crate::video::{DropReason, FrameOutcome, FrameResult, LossReason, ReceiverCounts};

/// Something that is counted of a link. The order is that of a table: what arrived, what was lost, what was not sent, and
/// what it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Count {
    /// Frames that were acknowledged.
    Acked,
    /// Frames that arrived, though their own acknowledgement did not.
    Delivered,
    /// Frames that the receiver had no use for any more: it had a newer one first.
    LostOvertaken,
    /// Frames without an answer in time.
    LostUnanswered,
    /// Frames whose connection ended.
    LostDisconnected,
    /// Frames not sent because a newer one came while they waited.
    DroppedSuperseded,
    /// Frames not sent because the stream ended.
    DroppedStopped,
    /// Fragments sent again.
    Resent,
    /// At the receiver: whole frames, each newer than all before it.
    Received,
    /// At the receiver: numbers left out between the frames that came.
    Missed,
    /// At the receiver: whole frames that came after a newer one.
    Late,
    /// At the receiver: frames of which only some fragments came.
    Incomplete,
    /// At the receiver: fragments asked for again.
    AskedAgain,
    /// At the receiver: fragments computed from parity instead of being asked for.
    Repaired,
    /// At the receiver: fragments that were there already, or contradicted what was.
    Useless,
}

/// The counts of one link; those that its end cannot know are unknown, not zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counters {
    counts: [Option<u64>; Count::ALL.len()],
}

impl Count {
    /// Every count there is, in the order of a table.
    pub const ALL: [Count; 15] = [
        Count::Acked,
        Count::Delivered,
        Count::LostOvertaken,
        Count::LostUnanswered,
        Count::LostDisconnected,
        Count::DroppedSuperseded,
        Count::DroppedStopped,
        Count::Resent,
        Count::Received,
        Count::Missed,
        Count::Late,
        Count::Incomplete,
        Count::AskedAgain,
        Count::Repaired,
        Count::Useless,
    ];
    const AT_THE_SENDER: [Count; 8] = [
        Count::Acked,
        Count::Delivered,
        Count::LostOvertaken,
        Count::LostUnanswered,
        Count::LostDisconnected,
        Count::DroppedSuperseded,
        Count::DroppedStopped,
        Count::Resent,
    ];

    /// Where a frame with this end is counted: the one place that knows.
    pub fn of(outcome: FrameOutcome) -> Count {
        match outcome {
            FrameOutcome::Acked { .. } => Count::Acked,
            FrameOutcome::Delivered => Count::Delivered,
            FrameOutcome::Lost(LossReason::Overtaken) => Count::LostOvertaken,
            FrameOutcome::Lost(LossReason::Unanswered) => Count::LostUnanswered,
            FrameOutcome::Lost(LossReason::Disconnected) => Count::LostDisconnected,
            FrameOutcome::Dropped(DropReason::Superseded) => Count::DroppedSuperseded,
            FrameOutcome::Dropped(DropReason::Stopped) => Count::DroppedStopped,
        }
    }

    /// Its name in files of results.
    pub fn word(self) -> &'static str {
        match self {
            Count::Acked => "acked",
            Count::Delivered => "delivered",
            Count::LostOvertaken => "lost-overtaken",
            Count::LostUnanswered => "lost-unanswered",
            Count::LostDisconnected => "lost-disconnected",
            Count::DroppedSuperseded => "dropped-superseded",
            Count::DroppedStopped => "dropped-stopped",
            Count::Resent => "resent",
            Count::Received => "received",
            Count::Missed => "missed",
            Count::Late => "late",
            Count::Incomplete => "incomplete",
            Count::AskedAgain => "asked-again",
            Count::Repaired => "repaired",
            Count::Useless => "useless",
        }
    }

    /// What it counts, in a few English words.
    pub fn meaning(self) -> &'static str {
        match self {
            Count::Acked => "frames acknowledged",
            Count::Delivered => "frames arrived, their own acknowledgement lost",
            Count::LostOvertaken => "frames lost: a newer one was whole first",
            Count::LostUnanswered => "frames lost: no answer in time",
            Count::LostDisconnected => "frames lost: the connection ended",
            Count::DroppedSuperseded => "frames not sent: a newer one came while they waited",
            Count::DroppedStopped => "frames not sent: the stream ended",
            Count::Resent => "fragments sent again",
            Count::Received => "frames received whole, each the newest",
            Count::Missed => "frames missing between those received",
            Count::Late => "frames received after a newer one",
            Count::Incomplete => "frames of which only some fragments came",
            Count::AskedAgain => "fragments asked for again",
            Count::Repaired => "fragments computed from parity",
            Count::Useless => "fragments that were there already or contradicted it",
        }
    }

    fn place(self) -> usize {
        self as usize
    }
}

impl Counters {
    /// A sending end's, all zero.
    pub(super) fn of_sender() -> Counters {
        Counters {
            counts: Count::ALL.map(|count| Count::AT_THE_SENDER.contains(&count).then_some(0)),
        }
    }

    /// A receiving end's: what it has seen, and the numbers left out.
    pub(super) fn of_receiver(seen: &ReceiverCounts, missed: u64) -> Counters {
        Counters {
            counts: Count::ALL.map(|count| match count {
                Count::Received => Some(seen.frames),
                Count::Missed => Some(missed),
                Count::Late => Some(seen.late),
                Count::Incomplete => Some(seen.incomplete),
                Count::AskedAgain => Some(seen.asked_again),
                Count::Repaired => Some(seen.repaired),
                Count::Useless => Some(seen.useless_fragments),
                _ => None,
            }),
        }
    }

    /// What became of a frame.
    pub(super) fn record(&mut self, result: &FrameResult) {
        self.add(Count::of(result.outcome), 1);
        self.add(Count::Resent, u64::from(result.retransmits));
    }

    fn add(&mut self, count: Count, more: u64) {
        if let Some(place) = self.counts.get_mut(count.place()) {
            place.get_or_insert(0).grow_by(more);
        }
    }

    /// How many; `None` when this end cannot know.
    pub fn get(&self, count: Count) -> Option<u64> {
        self.counts.get(count.place()).copied().flatten()
    }

    /// With what the link's other end has counted.
    #[must_use]
    pub fn with(self, other: &Counters) -> Counters {
        let mut counts = self.counts;
        for (ours, theirs) in counts.iter_mut().zip(other.counts) {
            *ours = ours.or(theirs);
        }
        Counters { counts }
    }

    /// What is known, in the order of a table.
    pub fn known(&self) -> impl Iterator<Item = (Count, u64)> + '_ {
        Count::ALL
            .into_iter()
            .filter_map(|count| Some((count, self.get(count)?)))
    }

    /// Frames that arrived, as the sending end knows it where it is known, or as the receiving end does.
    pub fn arrived(&self) -> u64 {
        match self.get(Count::Acked) {
            Some(_) => self.sum(&[Count::Acked, Count::Delivered]),
            None => self.sum(&[Count::Received]),
        }
    }

    /// Frames sent that did not arrive, by the same rule; to a receiving end, those missing.
    pub fn lost(&self) -> u64 {
        match self.get(Count::Acked) {
            Some(_) => self.sum(&[
                Count::LostOvertaken,
                Count::LostUnanswered,
                Count::LostDisconnected,
            ]),
            None => self.sum(&[Count::Missed]),
        }
    }

    /// Frames not sent.
    pub fn dropped(&self) -> u64 {
        self.sum(&[Count::DroppedSuperseded, Count::DroppedStopped])
    }

    /// Fragments sent again.
    pub fn resent(&self) -> u64 {
        self.sum(&[Count::Resent])
    }

    fn sum(&self, counts: &[Count]) -> u64 {
        let known = counts.iter().filter_map(|count| self.get(*count));
        known.fold(0, u64::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_stands_where_it_says() {
        for (place, count) in Count::ALL.into_iter().enumerate() {
            assert_eq!(count.place(), place, "{count:?}");
            assert_eq!(
                serde_json::to_value(count).unwrap(),
                count.word(),
                "one name in every file"
            );
        }
    }

    #[test]
    fn what_an_end_cannot_know_is_unknown() {
        let sender = Counters::of_sender();
        assert_eq!(
            (sender.get(Count::Acked), sender.get(Count::Late)),
            (Some(0), None)
        );
        let seen = ReceiverCounts {
            frames: 7,
            late: 1,
            ..ReceiverCounts::default()
        };
        let receiver = Counters::of_receiver(&seen, 2);
        assert_eq!((receiver.arrived(), receiver.lost()), (7, 2));
        assert_eq!(
            (receiver.get(Count::Late), receiver.get(Count::Acked)),
            (Some(1), None)
        );
        assert_eq!(receiver.known().count(), 7);
        let both = sender.with(&receiver);
        assert_eq!(
            both.known().count(),
            Count::ALL.len(),
            "together they know everything"
        );
    }
}
