//! Several things to do, of which each is done whatever becomes of the others.

use crate::exit::{Code, Failure, Result};
use crate::output::Screen;

/// Which of several things failed.
pub(super) struct Batch<'a> {
    screen: &'a Screen,
    /// What is done to them, as in "2 of 3 files could not be sent".
    done: &'static str,
    count: usize,
    failed: Vec<Failure>,
}

impl<'a> Batch<'a> {
    /// None of `count` files has been `done` yet.
    pub(super) fn new(screen: &'a Screen, done: &'static str, count: usize) -> Batch<'a> {
        Batch {
            screen,
            done,
            count,
            failed: Vec::new(),
        }
    }

    /// One of them failed, which is shown at once where others follow.
    pub(super) fn fail(&mut self, failure: Failure) {
        if self.count > 1 {
            self.screen.failure(&failure);
        }
        self.failed.push(failure);
    }

    /// Whether there is nothing left that could go right.
    pub(super) fn is_lost(&self) -> bool {
        self.failed.len() >= self.count && self.count > 0
    }

    /// What has become of all.
    ///
    /// # Errors
    /// When any failed: that one's failure where it was the only thing to do.
    pub(super) fn finish(self) -> Result<()> {
        let Some(first) = self.failed.first() else {
            return Ok(());
        };
        if self.count == 1 {
            return Err(first.clone());
        }
        // One reason in common is the reason of all; files that failed for several are files that failed.
        let is_common = self.failed.iter().all(|failure| failure.code == first.code);
        let code = if is_common { first.code } else { Code::File };
        let words = format!(
            "{} of {} files could not be {}",
            self.failed.len(),
            self.count,
            self.done
        );
        Err(Failure::new(code, words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_batch_says_how_many_failed() {
        let screen = Screen::new(true);
        Batch::new(&screen, "sent", 3).finish().unwrap();
        let mut batch = Batch::new(&screen, "sent", 3);
        batch.fail(Failure::new(Code::File, "b is no file"));
        assert!(!batch.is_lost());
        let failure = batch.finish().unwrap_err();
        assert_eq!(
            (failure.code, failure.message.as_str()),
            (Code::File, "1 of 3 files could not be sent")
        );
    }

    #[test]
    fn a_single_failure_speaks_for_itself() {
        let screen = Screen::new(true);
        let mut batch = Batch::new(&screen, "sent", 1);
        batch.fail(Failure::new(Code::RoomLost, "gone"));
        assert!(batch.is_lost());
        assert_eq!(batch.finish().unwrap_err(), Failure::new(Code::RoomLost, "gone"));
    }
}
