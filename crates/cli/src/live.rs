//! Our own video, in this terminal's words.

use app::video::{Live, LiveError};

use crate::exit::{Code, Failure};

/// Waits until the source gives no more, and says why.
pub(crate) async fn over(live: &mut Live) -> Failure {
    match live.over().await {
        Some(error) => error.into(),
        None => Failure::new(Code::Video, "The video is over."),
    }
}

/// The video that is live, if one is: waits for its end.
pub(crate) async fn over_if_live(live: &mut Option<Live>) -> Failure {
    match live {
        Some(live) => over(live).await,
        None => std::future::pending().await,
    }
}

impl From<LiveError> for Failure {
    fn from(error: LiveError) -> Failure {
        Failure::new(Code::Video, error)
    }
}
