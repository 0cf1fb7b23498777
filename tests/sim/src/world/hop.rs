//! One hop of a stream: a sender, a receiver, and what they measured.

use bytes::{Bytes, BytesMut};
use netcore_proto::metrics::{ArrivalMeter, LinkMeter};
use netcore_proto::video::{Arrival, FrameOutcome, FrameResult, Receiver, Sender, SenderConfig};
use netcore_proto::{Bitrate, FrameNumber, Span, StreamId, Time, Transport};

use super::carriage::Carriage;
use crate::Pipe;

/// One stream between two peers: a sender and a receiver, datagrams and a byte stream between them.
#[derive(Debug)]
pub struct Hop {
    /// Which stream.
    pub stream: StreamId,
    /// Who sends, as `World` numbers people.
    pub(super) from: usize,
    /// Who receives.
    pub(super) to: usize,
    /// The sending end.
    pub sender: Sender,
    /// The receiving end.
    pub receiver: Receiver,
    /// How many frames the sender was given.
    pub offered: u64,
    /// What became of them, in the order in which it was known.
    pub results: Vec<FrameResult>,
    /// What the receiver showed, in order.
    pub shown: Vec<Shown>,
    /// What the sending end thought whenever its camera took a picture, and what was so.
    pub looks: Vec<Look>,
    /// The sending end's measurements.
    pub meter: LinkMeter,
    /// The receiving end's.
    pub arrival_meter: ArrivalMeter,
    /// What carries its frames, whenever that changed, in the simulation's time.
    pub switches: Vec<(Time, Transport)>,
    pub(super) carriage: Carriage,
    pub(super) is_stopped: bool,
    /// Counts TCP connections: what is in flight on an older one never arrives.
    pub(super) epoch: u32,
    pub(super) forth: Pipe,
    pub(super) back: Pipe,
    pub(super) writing: Option<Writing>,
    pub(super) incoming: BytesMut,
    pub(super) incoming_since: Option<Time>,
    pub(super) answers: BytesMut,
    pub(super) sender_turn: Option<Time>,
    pub(super) receiver_turn: Option<Time>,
}

#[derive(Debug)]
pub(super) struct Writing {
    pub(super) frame: FrameNumber,
    pub(super) rest: Bytes,
}

/// A frame a receiver showed. Times are the simulation's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Which.
    pub frame: FrameNumber,
    /// When it was whole.
    pub at: Time,
    /// When its picture was taken.
    pub captured: Time,
    /// What carried it.
    pub transport: Transport,
}

/// A look at a sender while its camera takes a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// When, in the simulation's time.
    pub at: Time,
    /// The sender's target.
    pub target: Bitrate,
    /// How long what comes now would wait before the bottleneck: the truth.
    pub wait: Span,
    /// How long the latest frame queued, as the sender thinks.
    pub queueing: Option<Span>,
}

impl Shown {
    /// From the picture to the whole frame.
    pub fn age(&self) -> Span {
        self.at.since(self.captured)
    }
}

/// How many frames ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// Acknowledged.
    pub acked: u64,
    /// Arrived, as a later acknowledgement reported.
    pub delivered: u64,
    /// Sent in vain.
    pub lost: u64,
    /// Not sent.
    pub dropped: u64,
}

impl Hop {
    pub(super) fn new(stream: StreamId, from: usize, to: usize, config: SenderConfig) -> Hop {
        Hop {
            stream,
            from,
            to,
            sender: Sender::new(stream, config),
            receiver: Receiver::new(stream),
            offered: 0,
            results: Vec::new(),
            shown: Vec::new(),
            looks: Vec::new(),
            meter: LinkMeter::new(config.transport),
            arrival_meter: ArrivalMeter::new(config.transport),
            switches: Vec::new(),
            carriage: Carriage::new(config.transport),
            is_stopped: false,
            epoch: 0,
            forth: Pipe::default(),
            back: Pipe::default(),
            writing: None,
            incoming: BytesMut::new(),
            incoming_since: None,
            answers: BytesMut::new(),
            sender_turn: None,
            receiver_turn: None,
        }
    }

    /// How the frames ended.
    pub fn outcomes(&self) -> Outcomes {
        let mut outcomes = Outcomes::default();
        for result in &self.results {
            match result.outcome {
                FrameOutcome::Acked { .. } => outcomes.acked += 1,
                FrameOutcome::Delivered => outcomes.delivered += 1,
                FrameOutcome::Lost(_) => outcomes.lost += 1,
                FrameOutcome::Dropped(_) => outcomes.dropped += 1,
            }
        }
        outcomes
    }

    /// The share of the frames offered so far that were shown no later than `limit` after their picture.
    pub fn share_within(&self, limit: Span) -> f64 {
        let in_time = self.shown.iter().filter(|shown| shown.age() <= limit).count();
        in_time as f64 / self.offered as f64
    }

    /// The age below which this share of the shown frames were.
    ///
    /// # Panics
    /// When none was shown.
    pub fn age_quantile(&self, share: f64) -> Span {
        let mut ages: Vec<Span> = self.shown.iter().map(Shown::age).collect();
        ages.sort_unstable();
        let rank = (ages.len() as f64 * share).ceil() as usize;
        ages[rank.max(1) - 1]
    }

    /// The member's end of it.
    pub(super) fn member(&self) -> usize {
        self.from.max(self.to)
    }

    /// The frame of a new arrival, with the simulation's times.
    pub(super) fn note_shown(&mut self, arrival: &Arrival, now: Time, captured: Time) {
        self.arrival_meter.record(arrival);
        self.shown.push(Shown {
            frame: arrival.frame.header().frame,
            at: now,
            captured,
            transport: arrival.transport,
        });
    }
}
