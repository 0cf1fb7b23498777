//! One frame after the other: when the next one is due, which are left out, and which number each has.

use netcore_proto::Time;

use super::control::Control;
use super::tempo::{Schedule, Thinner};
use crate::clock::Clock;
use crate::error::CaptureError;
use crate::feed::{Feed, Shape, Tempo};
use crate::source::SourceId;

/// So many pictures in a row may be unusable before the source is given up.
const MAX_BAD_IN_A_ROW: u32 = 100;

/// The pictures so far: which number comes next, whether it is due, and whether too many were bad.
pub(super) struct Sequence {
    shape: Shape,
    schedule: Schedule,
    thinner: Thinner,
    /// Of the next frame.
    number: u32,
    bad_in_a_row: u32,
    since_rewind: u64,
}

impl Sequence {
    pub(super) fn new(shape: Shape) -> Sequence {
        Sequence {
            shape,
            schedule: Schedule::default(),
            thinner: Thinner::default(),
            number: 0,
            bad_in_a_row: 0,
            since_rewind: 0,
        }
    }

    /// Waits until it is time for the next picture; `false` when it is time to stop.
    pub(super) fn wait(&mut self, clock: &Clock, control: &Control) -> bool {
        let own = self.shape.rate;
        match self.shape.tempo {
            Tempo::Source => !control.is_stopped(),
            Tempo::File { steps_per_s } => self.schedule.wait(|| steps_per_s, clock, control),
            Tempo::Requested => self
                .schedule
                .wait(|| control.rate().unwrap_or(own), clock, control),
        }
    }

    /// The file shows nothing new for `steps`, the first of which has been waited for.
    pub(super) fn pass(&mut self, steps: u32) {
        if let Tempo::File { steps_per_s } = self.shape.tempo {
            self.schedule.pass(steps.saturating_sub(1), steps_per_s);
        }
    }

    /// A picture was taken from the source.
    pub(super) fn count_taken(&mut self) {
        self.since_rewind = self.since_rewind.saturating_add(1);
    }

    /// Whether the picture is one to send at the rate that is asked for.
    pub(super) fn wants(&mut self, captured: Time, control: &Control) -> bool {
        match (self.shape.tempo, control.rate()) {
            (Tempo::Requested, _) | (_, None) => true,
            (_, Some(asked)) => self.thinner.takes(captured, asked, self.shape.rate),
        }
    }

    /// The number of the next frame.
    pub(super) fn next_number(&mut self) -> u32 {
        self.bad_in_a_row = 0;
        let number = self.number;
        self.number = number.wrapping_add(1);
        number
    }

    /// Leaves out a picture that is damaged, as cameras give them now and then; many in a row are an error.
    pub(super) fn leave_out(&mut self, source: &SourceId, error: &CaptureError) -> Result<(), CaptureError> {
        self.bad_in_a_row = self.bad_in_a_row.saturating_add(1);
        tracing::debug!(%source, %error, "a picture is left out");
        if self.bad_in_a_row < MAX_BAD_IN_A_ROW {
            return Ok(());
        }
        Err(CaptureError::FormatUnsupported {
            what: source.to_string(),
            reason: error.to_string(),
        })
    }

    /// Goes back to the beginning of a source that is over.
    pub(super) fn rewind(&mut self, source: &SourceId, feed: &mut dyn Feed) -> Result<(), CaptureError> {
        if self.since_rewind == 0 {
            let reason = "there is no picture in it".to_owned();
            return Err(CaptureError::Unreadable {
                path: source.to_string(),
                reason,
            });
        }
        self.since_rewind = 0;
        feed.rewind()?;
        // A file may be another one by now.
        self.shape = feed.shape();
        Ok(())
    }
}
