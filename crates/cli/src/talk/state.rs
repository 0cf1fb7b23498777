//! What is the same in every room of one run.

use std::sync::Arc;
use std::time::Duration;

use app::Core;

use super::desktop::{Events, Terminal};
use crate::args::TalkArgs;
use crate::me::Me;
use crate::output::Screen;
use crate::results::Files;

/// How a stay in rooms goes.
pub(crate) struct TalkOptions {
    pub(crate) talk: TalkArgs,
    /// What happens when standard input ends.
    pub(crate) stay: bool,
    /// How long to try again after the connection was lost.
    pub(crate) give_up: Option<Duration>,
}

/// What is the same in every room of one run.
pub(crate) struct Talk {
    pub(super) me: Me,
    pub(super) screen: Screen,
    pub(super) options: TalkOptions,
    /// The application, whose face this is.
    pub(super) core: Arc<Core>,
    /// What it notifies.
    pub(super) events: Events,
    /// Where results go.
    pub(super) files: Files,
}

impl Talk {
    /// In no room yet.
    pub(crate) fn new(me: Me, screen: Screen, options: TalkOptions) -> Talk {
        let (events, log) = (Events::new(), me.log.clone());
        let core = Core::new(
            app::Options {
                has_no_pictures: true,
                ..app::Options::default()
            },
            me.folders.clone(),
            Box::new(Terminal(events.clone())),
            Box::new(move || log.event_log().recent()),
        );
        Talk {
            me,
            screen,
            options,
            core: Arc::new(core),
            events,
            files: Files::default(),
        }
    }
}
