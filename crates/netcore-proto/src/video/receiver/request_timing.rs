//! What the timing of requests rests on: how long answers take on the path, and how late fragments come.

use crate::ground::Span;

/// How long the tail of a frame may take after its last fragment, at least, before it counts as missing.
const TAIL_PATIENCE: Span = Span::from_millis(4);
/// Until a round trip is known.
const ASSUMED_ROUND_TRIP: Span = Span::from_millis(10);
/// Until a frame has shown how far apart fragments come.
const ASSUMED_PAUSE: Span = Span::from_millis(10);
/// Reordering over a longer time than this is taken for loss.
const MAX_LATENESS: Span = Span::from_millis(50);

/// What a receiver has learnt of the path its fragments take, as far as it decides when they are [requested](super::fragment_requests).
#[derive(Clone, Copy, Debug)]
pub(super) struct RequestTiming {
    /// There and back, as the control connection measured it.
    pub(super) round_trip: Span,
    /// The least time lately from a request to its answer.
    pub(super) answer: Option<Span>,
    /// The longest pause lately between two fragments that follow each other.
    pub(super) pause: Span,
    /// How late a fragment lately came that others had overtaken.
    pub(super) lateness: Span,
}

impl RequestTiming {
    /// Nothing is known of the path.
    pub(super) fn new() -> RequestTiming {
        RequestTiming {
            round_trip: ASSUMED_ROUND_TRIP,
            answer: None,
            pause: ASSUMED_PAUSE,
            lateness: Span::ZERO,
        }
    }

    /// A fragment came this late after one that was sent behind it.
    pub(super) fn handle_late(&mut self, late: Span) {
        self.lateness = self.lateness.max(late).min(MAX_LATENESS);
    }

    /// A frame is whole: what it showed counts, and what earlier ones did counts a little less.
    pub(super) fn learn(&mut self, answered_in: Option<Span>, longest_pause: Span) {
        // A path that becomes longer is believed within a few dozen frames.
        let grown = |span: Span| span + span.fraction::<1, 64>();
        let answers = [self.answer.map(grown), answered_in];
        self.answer = answers.into_iter().flatten().min();
        self.pause = longest_pause.max(self.pause.fraction::<7, 8>());
        self.lateness = self.lateness.fraction::<31, 32>();
    }

    /// A round trip, a quarter for its variation, two milliseconds for a computer that is busy, and what reordering adds.
    pub(super) fn retry_after(&self) -> Span {
        let round_trip = self
            .answer
            .map_or(self.round_trip, |answer| answer.min(self.round_trip));
        round_trip.fraction::<5, 4>() + Span::from_millis(2) + self.lateness
    }

    /// How long to wait for a fragment that others have overtaken: a little more than the latest lately took.
    pub(super) fn patience(&self) -> Span {
        self.lateness.fraction::<9, 8>()
    }

    /// On a slow link the fragments themselves are far apart.
    pub(super) fn tail_patience(&self) -> Span {
        TAIL_PATIENCE.max(self.pause.times(2)) + self.lateness
    }
}
