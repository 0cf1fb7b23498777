use std::collections::{HashMap, HashSet};
use std::time::Duration;

use app::session::view::{RoomView, SessionEvent};
use app::{Event, IpcError};
use netcore::proto::StreamId;
use netcore::{Role, Room};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use super::recordings::RecordingTask;
use super::seen::Seen;
use super::state::Talk;
use crate::exit::{Code, Failure, Result};
use crate::input::{ESC, Input, Inputs};
use crate::output::{Before, Notified, Report, Screen};
use crate::results::ResultLog;
use crate::signals::{Signals, interrupted};
use crate::typed_line::{self, TypedLine};
use crate::viewers::Viewers;

/// Closing a room says goodbye to everybody; one who does not listen cannot hold that up for longer.
const LONGEST_GOODBYE: Duration = Duration::from_secs(5);

/// What follows a room.
pub(super) enum After {
    /// The end of the program.
    Quit,
    /// Waiting for the person to say where to go.
    Lobby,
    /// Where this line leads.
    Line(TypedLine),
}

/// One room while we are in it.
pub(super) struct Session<'a> {
    /// The network's own room, for what only a terminal asks of it.
    pub(super) room: Room,
    pub(super) talk: &'a mut Talk,
    pub(super) screen: Screen,
    events: Receiver<Event>,
    pub(super) seen: Seen,
    /// Era and number of the last entry of the log of chat that was shown.
    pub(super) shown_until: Option<(u32, u64)>,
    /// Whether we know what happened before we came, so that what comes now is news.
    pub(super) is_settled: bool,
    pub(super) results: ResultLog,
    pub(super) viewers: Viewers,
    pub(super) watches: HashMap<StreamId, JoinHandle<()>>,
    pub(super) recordings: HashMap<StreamId, RecordingTask>,
    pub(super) log: Option<JoinHandle<()>>,
    /// Own messages without a receipt, by their keys.
    pub(super) waiting: HashSet<u64>,
    /// Transfers of ours that are not over.
    pub(super) moving: HashSet<u32>,
    /// When to give up, while the connection is lost.
    pub(super) give_up_at: Option<Instant>,
    /// Standard input is over, and we leave when everything is delivered.
    is_leaving: bool,
    /// Whether the application has said that the room is over.
    is_over: bool,
}

impl<'a> Session<'a> {
    /// Takes on a room that the application has entered; `events` are what it notifies since.
    pub(super) fn new(room: Room, talk: &'a mut Talk, events: Receiver<Event>) -> Session<'a> {
        let screen = talk.screen.clone();
        let results = ResultLog::start(&room, std::mem::take(&mut talk.files), &screen);
        Session {
            is_settled: room.info().role == Role::Host,
            room,
            screen,
            talk,
            events,
            seen: Seen::default(),
            shown_until: None,
            results,
            viewers: Viewers::default(),
            watches: HashMap::new(),
            recordings: HashMap::new(),
            log: None,
            waiting: HashSet::new(),
            moving: HashSet::new(),
            give_up_at: None,
            is_leaving: false,
            is_over: false,
        }
    }

    /// Stays until the person or the room ends it; in every case the room is left cleanly and the camera let go of.
    pub(super) async fn run(
        mut self,
        now: RoomView,
        inputs: &mut Inputs,
        signals: &mut Signals,
    ) -> Result<After> {
        let after = self.stay(now, inputs, signals).await;
        for (_, task) in self.watches.drain() {
            task.abort();
        }
        RecordingTask::stop_all(self.recordings.drain().map(|(_, recording)| recording)).await;
        if let Some(task) = self.log.take() {
            task.abort();
        }
        if timeout(LONGEST_GOODBYE, self.talk.core.leave()).await.is_err() {
            tracing::warn!("the room did not close in time");
        }
        if matches!(after, Ok(After::Quit) | Err(_)) {
            inputs.finish();
        }
        if !self.is_over && timeout(LONGEST_GOODBYE, self.hear_the_end(&after)).await.is_err() {
            tracing::warn!("the end of the room was not notified in time");
        }
        // The next room's results go on where this one's end.
        self.talk.files = self.results.finish().await;
        after
    }

    async fn stay(&mut self, now: RoomView, inputs: &mut Inputs, signals: &mut Signals) -> Result<After> {
        if let Some(reason) = self.room.lost_because() {
            let reason = Some(IpcError::from(reason));
            return self.closed(SessionEvent::Closed { reason }, inputs.is_person());
        }
        self.catch_up(now);
        if self.talk.options.talk.log {
            self.follow_log(true);
        }
        if let Some(source) = self.talk.options.talk.source.clone() {
            let options = self.talk.options.talk.video.options(source);
            self.go_live(options).await;
        }
        loop {
            if self.is_leaving && self.waiting.is_empty() && self.moving.is_empty() {
                return Ok(After::Quit);
            }
            let give_up_at = self.give_up_at;
            tokio::select! {
                event = self.events.recv() => match event {
                    Ok(Event::SessionEvent(event @ SessionEvent::Closed { .. })) => {
                        return self.closed(event, inputs.is_person());
                    }
                    Ok(event) => self.handle(event).await,
                    // Too much happened at once: what is now the case is shown instead.
                    Err(_) => match app::session::room(&self.talk.core).await {
                        Ok(Some(now)) => self.catch_up(now),
                        _ => return self.closed(SessionEvent::Closed { reason: None }, inputs.is_person()),
                    },
                },
                input = inputs.next() => if let Some(after) = self.handle_input(input, inputs.is_person()).await? {
                    return Ok(after);
                },
                signal = signals.next() => return Err(signal),
                () = until(give_up_at) => {
                    return Err(Failure::lost("the connection did not come back: giving up"));
                }
            }
        }
    }

    /// The room is over, and this is how the application says so.
    fn closed(&mut self, event: SessionEvent, is_person: bool) -> Result<After> {
        self.is_over = true;
        let lost = match &event {
            SessionEvent::Closed { reason } => reason.as_ref().map(Failure::lost),
            _ => None,
        };
        // Where no person sits, the program ends and says why.
        if lost.is_none() || is_person || self.screen.is_json() {
            self.screen.show(&Report::event(event));
        }
        match lost {
            Some(failure) if !is_person => Err(failure),
            _ => Ok(After::Lobby),
        }
    }

    /// Waits for the last event of a room that was left, and shows it.
    async fn hear_the_end(&mut self, after: &Result<After>) {
        loop {
            match self.events.recv().await {
                Ok(event @ Event::SessionEvent(SessionEvent::Closed { .. })) => {
                    let before = Before {
                        is_goodbye: !matches!(after, Ok(After::Lobby)),
                        ..Before::default()
                    };
                    return self.screen.show(&Report::Event(Notified { event, before }));
                }
                Ok(event) => self.handle(event).await,
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }

    async fn handle_input(&mut self, input: Input, is_person: bool) -> Result<Option<After>> {
        match input {
            Input::Line(text) => match typed_line::parse(&text) {
                Ok(line) => return Ok(self.act(line).await),
                Err(words) => self.screen.failure(&Failure::new(Code::Usage, words)),
            },
            Input::Key(ESC) if self.seen.is_live() => self.stop_video().await,
            Input::Key(_) => {}
            Input::Interrupt => return Err(interrupted()),
            // A person's end of input is Ctrl-D, which means goodbye.
            Input::End => self.is_leaving = is_person || !self.talk.options.stay,
        }
        Ok(None)
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
