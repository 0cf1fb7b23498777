//! What closing the window would end, and the question whether it may.

use std::sync::Arc;

use netcore::proto::{Span, Time};

use parking_lot::Mutex;

use crate::core::{Core, OpenRoom};
use crate::files::view::FileState;
use crate::session::view::SessionEvent;

/// A second request to close that comes no sooner than this after the first closes without an answer, so that a page that does
/// not answer keeps no window open. Two clicks of one hand are quicker.
const INSISTS_AFTER: Span = Span::from_millis(2_000);

/// When a person was asked and has not answered yet.
#[derive(Default)]
pub(crate) struct Closing(Mutex<Option<Time>>);

/// What becomes of a request to close the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseDecision {
    /// No room is open: the window may go.
    Granted,
    /// The room is left first; nobody else loses anything by that.
    Leaves,
    /// The person is asked in the window, which stays until the answer.
    Asked,
}

impl Core {
    /// The window is to be closed, at `now`. Asks its person where others would lose a room by it, or a file is on the move.
    pub fn request_close(&self, now: Time) -> CloseDecision {
        let Ok(open) = self.room() else {
            return CloseDecision::Granted;
        };
        let (others, moving) = (open.others_if_hosting(), open.files_on_the_move());
        if others == 0 && moving == 0 {
            return CloseDecision::Leaves;
        }
        let mut asked = self.closing.0.lock();
        if asked.is_some_and(|at| now.since(at) >= INSISTS_AFTER) {
            return CloseDecision::Leaves;
        }
        asked.get_or_insert(now);
        drop(asked);
        self.notify(SessionEvent::CloseAsked { others, moving });
        CloseDecision::Asked
    }

    /// The person's answer: the window stays, or leaves the room and goes.
    pub(crate) async fn answer_close(self: &Arc<Core>, close: bool) {
        *self.closing.0.lock() = None;
        if close {
            self.leave().await;
            self.desktop.end();
        }
    }
}

impl OpenRoom {
    /// How many others are in a room that ends with this window.
    fn others_if_hosting(&self) -> u32 {
        if self.room.info().role == netcore::Role::Host {
            self.people.others(self.me())
        } else {
            0
        }
    }

    /// How many files this window sends or receives.
    fn files_on_the_move(&self) -> u32 {
        let files = self.files.lock().views(self.me());
        let moving = files
            .iter()
            .filter(|file| matches!(file.state, FileState::Transferring { .. }));
        u32::try_from(moving.count()).unwrap_or(u32::MAX)
    }
}
