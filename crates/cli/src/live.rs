//! Our own video, in this terminal's words.

use app::video::view::{LiveView, VideoEvent};
use app::video::{Live, LiveError};

use crate::exit::{Code, Failure};
use crate::output::{Before, Notified, Report};

/// Waits until the source gives no more, and says why.
pub(crate) async fn over(live: &mut Live) -> Failure {
    match live.over().await {
        Some(error) => error.into(),
        None => Failure::new(Code::Video, "The video is over."),
    }
}

/// What our video is now, and was before.
pub(crate) fn live_report(before: Option<LiveView>, live: &Live) -> Report {
    let event = VideoEvent::Live {
        live: Some(live.view()),
        error: None,
    };
    Report::Event(Notified {
        event: event.into(),
        before: Before {
            live: before,
            ..Before::default()
        },
    })
}

impl From<LiveError> for Failure {
    fn from(error: LiveError) -> Failure {
        Failure::new(Code::Video, error)
    }
}
