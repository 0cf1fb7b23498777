use std::collections::{HashMap, HashSet};
use std::time::Duration;

use app::files::Offers;
use app::session::People;
use app::video::Live;
use netcore::proto::{FileId, MemberId, StreamId};
use netcore::{LinkState, Role, Room, RoomEvent};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval, sleep_until};

use super::addresses::Addresses;
use super::recordings::RecordingTask;
use super::{RoomSource, Talk};
use crate::exit::{Code, Failure, Result};
use crate::input::{ESC, Input, Inputs};
use crate::line::{self, Line};
use crate::live::over_if_live;
use crate::output::{Change, LinkView, LiveView, Report, Screen, Text};
use crate::results::ResultLog;
use crate::signals::{Signals, interrupted};
use crate::viewers::Viewers;

/// Closing a room says goodbye to everybody; one who does not listen cannot hold that up for longer.
const LONGEST_GOODBYE: Duration = Duration::from_secs(5);

/// A host looks this often whether its addresses are others: soon after a cable is plugged in, at next to no cost.
const ADDRESS_INTERVAL: Duration = Duration::from_secs(3);

/// What follows a room.
pub(super) enum After {
    /// The end of the program.
    Quit,
    /// Waiting for the person to say where to go.
    Lobby,
    /// Where this line leads.
    Line(Line),
}

/// One room while we are in it.
pub(super) struct Session<'a> {
    pub(super) room: Room,
    pub(super) my_id: MemberId,
    pub(super) talk: &'a mut Talk,
    pub(super) screen: Screen,
    /// Where others can reach us, if the room is ours.
    pub(super) addresses: Option<Addresses>,
    pub(super) people: People,
    pub(super) last_seq: u64,
    /// Whether we know what happened before we came, so that what comes now is news.
    pub(super) is_settled: bool,
    pub(super) offers: Offers,
    /// When a transfer's progress was last shown.
    pub(super) progress_shown: HashMap<FileId, Instant>,
    pub(super) live: Option<Live>,
    pub(super) results: ResultLog,
    pub(super) viewers: Viewers,
    pub(super) watches: HashMap<StreamId, JoinHandle<()>>,
    pub(super) recordings: HashMap<StreamId, RecordingTask>,
    pub(super) steps: Option<JoinHandle<()>>,
    /// Own messages without a receipt.
    pub(super) unconfirmed: u64,
    /// Transfers of ours that are not over.
    pub(super) moving: HashSet<FileId>,
    /// When to give up, while the connection is lost.
    give_up_at: Option<Instant>,
    /// Standard input is over, and we leave when everything is delivered.
    is_leaving: bool,
}

impl<'a> Session<'a> {
    pub(super) fn new(room: Room, talk: &'a mut Talk, source: &RoomSource) -> Session<'a> {
        let info = room.info();
        let screen = talk.screen.clone();
        let results = ResultLog::start(&room, std::mem::take(&mut talk.files), &screen);
        Session {
            my_id: info.me,
            is_settled: info.role == Role::Host,
            addresses: match source {
                RoomSource::Host { loopback, .. } => {
                    Some(Addresses::new(info.port, info.reachable_at, *loopback))
                }
                RoomSource::Join(_) => None,
            },
            room,
            screen,
            talk,
            people: People::default(),
            last_seq: 0,
            offers: Offers::default(),
            progress_shown: HashMap::new(),
            live: None,
            results,
            viewers: Viewers::default(),
            watches: HashMap::new(),
            recordings: HashMap::new(),
            steps: None,
            unconfirmed: 0,
            moving: HashSet::new(),
            give_up_at: None,
            is_leaving: false,
        }
    }

    /// Stays until the person or the room ends it; in every case the room is left cleanly and the camera let go of.
    pub(super) async fn run(mut self, inputs: &mut Inputs, signals: &mut Signals) -> Result<After> {
        let after = self.stay(inputs, signals).await;
        self.stop_video().await;
        for (_, task) in self.watches.drain() {
            task.abort();
        }
        RecordingTask::stop_all(self.recordings.drain().map(|(_, recording)| recording)).await;
        if let Some(task) = self.steps.take() {
            task.abort();
        }
        if tokio::time::timeout(LONGEST_GOODBYE, self.room.close())
            .await
            .is_err()
        {
            tracing::warn!("the room did not close in time");
        }
        if matches!(after, Ok(After::Quit) | Err(_)) {
            inputs.finish();
        }
        if !matches!(after, Ok(After::Lobby)) {
            self.link("left", None);
        }
        // The next room's results go on where this one's end.
        self.talk.files = self.results.finish().await;
        after
    }

    async fn stay(&mut self, inputs: &mut Inputs, signals: &mut Signals) -> Result<After> {
        let mut events = self.room.events();
        if let Some(reason) = self.room.lost_because() {
            return self.closed(Some(reason), inputs.is_person());
        }
        self.catch_up().await;
        if self.talk.options.talk.steps {
            self.follow_steps(true);
        }
        if let Some(source) = self.talk.options.talk.source.clone() {
            let wish = self.talk.options.talk.video.wish(source);
            self.go_live(wish).await;
        }
        let mut look = interval(ADDRESS_INTERVAL);
        loop {
            if self.is_leaving && self.unconfirmed == 0 && self.moving.is_empty() {
                return Ok(After::Quit);
            }
            let give_up_at = self.give_up_at;
            tokio::select! {
                event = events.recv() => match event {
                    Ok(RoomEvent::Closed(reason)) => return self.closed(reason, inputs.is_person()),
                    Ok(event) => self.handle_event(event).await,
                    // Too much happened at once: what is now the case is shown instead.
                    Err(RecvError::Lagged(_)) => self.catch_up().await,
                    Err(RecvError::Closed) => return self.closed(None, inputs.is_person()),
                },
                input = inputs.next() => if let Some(after) = self.handle_input(input, inputs.is_person()).await? {
                    return Ok(after);
                },
                failure = over_if_live(&mut self.live) => {
                    self.screen.failure(&failure);
                    self.stop_video().await;
                }
                signal = signals.next() => return Err(signal),
                _ = look.tick(), if self.addresses.is_some() => self.look_at_addresses(),
                () = until(give_up_at) => {
                    return Err(Failure::lost("the connection did not come back: giving up"));
                }
            }
        }
    }

    fn closed(&self, reason: Option<netcore::JoinError>, is_person: bool) -> Result<After> {
        let Some(reason) = reason else {
            return Ok(After::Lobby);
        };
        let failure = Failure::lost(reason);
        if !is_person {
            return Err(failure);
        }
        self.link("closed", Some(&failure.message));
        Ok(After::Lobby)
    }

    async fn handle_input(&mut self, input: Input, is_person: bool) -> Result<Option<After>> {
        match input {
            Input::Line(text) => match line::parse(&text) {
                Ok(line) => return Ok(self.act(line).await),
                Err(words) => self.screen.failure(&Failure::new(Code::Usage, words)),
            },
            Input::Key(ESC) if self.live.is_some() => self.stop_video().await,
            Input::Key(_) => {}
            Input::Interrupt => return Err(interrupted()),
            // A person's end of input is Ctrl-D, which means goodbye.
            Input::End => self.is_leaving = is_person || !self.talk.options.stay,
        }
        Ok(None)
    }

    pub(super) fn handle_link(&mut self, state: &LinkState) {
        match state {
            LinkState::Up => {
                self.give_up_at = None;
                self.link("up", None);
            }
            LinkState::Lost {
                attempt,
                retry_in,
                reason,
                ..
            } => {
                if self.give_up_at.is_none() {
                    self.give_up_at = self.talk.options.give_up.map(|limit| Instant::now() + limit);
                }
                self.screen.show(&Report::Link(LinkView {
                    state: "lost",
                    attempt: Some(*attempt),
                    retry_in: Some(*retry_in),
                    message: Some(reason.to_string().into()),
                }));
            }
        }
    }

    fn look_at_addresses(&mut self) {
        if let Some(now) = self.addresses.as_mut().and_then(Addresses::changed) {
            self.screen.show(&Report::Addresses(now));
        }
    }

    pub(super) fn link(&self, state: &'static str, message: Option<&str>) {
        self.screen.show(&Report::Link(LinkView {
            state,
            attempt: None,
            retry_in: None,
            message: message.map(Text::from),
        }));
    }

    pub(super) async fn stop_video(&mut self) {
        let Some(live) = self.live.take() else { return };
        let view = LiveView::new(&live, Change::Stopped);
        self.results.own().set(None);
        live.stop().await;
        self.screen.show(&Report::Live(view));
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
