//! A short stay in a room, for one purpose.

use std::path::PathBuf;
use std::time::Duration;

use netcore::proto::session::{self, RETURN_TIMEOUT};
use netcore::proto::video::WindowMode;
use netcore::{Address, JoinOptions, LinkState, Room, RoomEvent};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until, timeout};

use crate::exit::{Failure, Result};
use crate::me::Me;
use crate::output::Screen;
use crate::signals::Signals;

/// Saying goodbye may take so long.
const LONGEST_GOODBYE: Duration = Duration::from_secs(5);
/// A host that closes a connection says why beforehand; what it said is known within this time.
const LONGEST_VERDICT: Duration = Duration::from_secs(1);
/// A host that has not sent everything by then is not waited for any longer.
const LONGEST_CATCH_UP: Duration = Duration::from_secs(30);

/// A room we are in for a while.
pub(super) struct Visit {
    pub(super) room: Room,
    pub(super) signals: Signals,
    screen: Screen,
}

impl Visit {
    /// Joins the room at `address`.
    pub(super) async fn begin(
        me: &Me,
        address: &Address,
        downloads: Option<PathBuf>,
        window: WindowMode,
        screen: &Screen,
    ) -> Result<Visit> {
        let mut signals = Signals::listen(screen)?;
        let options = JoinOptions {
            folders: me.folders.clone(),
            profile: me.profile.clone(),
            address: address.clone(),
            downloads: downloads.unwrap_or_else(|| me.folders.downloads().to_owned()),
            watch_streams: false,
            window,
        };
        let room = tokio::select! {
            room = Room::join(options) => room?,
            signal = signals.next() => return Err(signal),
        };
        Ok(Visit {
            room,
            signals,
            screen: screen.clone(),
        })
    }

    /// Does `work`, unless the room is lost for good or we are asked to end.
    pub(super) async fn during<T>(&mut self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let events = self.room.events();
        if let Some(reason) = self.room.lost_because() {
            return Err(Failure::lost(reason));
        }
        let lost = lost(events, &self.screen);
        let done = tokio::select! {
            done = work => done,
            failure = lost => Err(failure),
            signal = self.signals.next() => Err(signal),
        };
        self.explained(done).await
    }

    /// What failed because the room was lost for good at the same moment failed for the room's reason.
    pub(super) async fn explained<T>(&self, done: Result<T>) -> Result<T> {
        if done.is_ok() {
            return done;
        }
        let mut events = self.room.events();
        if self.room.lost_because().is_none() && !matches!(self.room.link(), LinkState::Up) {
            let verdict = async {
                while !matches!(
                    events.recv().await,
                    Ok(RoomEvent::Closed(_)) | Err(RecvError::Closed)
                ) {}
            };
            // Without a verdict what failed speaks for itself.
            let _ = timeout(LONGEST_VERDICT, verdict).await;
        }
        match self.room.lost_because() {
            Some(reason) => Err(Failure::lost(reason)),
            None => done,
        }
    }

    /// Says goodbye.
    pub(super) async fn end(self) {
        if timeout(LONGEST_GOODBYE, self.room.close()).await.is_err() {
            tracing::warn!("the room was not left in time");
        }
    }
}

/// Waits until the room is lost: closed, or without a connection for as long as the host keeps our place.
async fn lost(mut events: Receiver<RoomEvent>, screen: &Screen) -> Failure {
    let patience = Duration::from_micros(RETURN_TIMEOUT.as_micros());
    let mut give_up_at = None;
    loop {
        let given_up = async {
            match give_up_at {
                Some(moment) => sleep_until(moment).await,
                None => std::future::pending().await,
            }
        };
        let event = tokio::select! {
            event = events.recv() => event,
            () = given_up => return Failure::lost("the connection is lost and did not come back"),
        };
        match event {
            Ok(RoomEvent::Closed(Some(reason))) => return Failure::lost(reason),
            Ok(RoomEvent::Closed(None)) | Err(RecvError::Closed) => std::future::pending().await,
            Ok(RoomEvent::Link(LinkState::Lost { reason, .. })) if give_up_at.is_none() => {
                screen.note(&format!("{reason}; trying again."));
                give_up_at = Some(Instant::now() + patience);
            }
            Ok(RoomEvent::Link(LinkState::Up)) => give_up_at = None,
            _ => {}
        }
    }
}

/// Waits until the host has sent everything that was there before we came. In a room that is lost for good nothing is settled
/// any more.
pub(super) async fn settled(room: &Room) {
    let mut events = room.events();
    let snapshot = room.snapshot().await;
    if room.lost_because().is_some() {
        return std::future::pending().await;
    }
    if snapshot.is_up_to_date {
        return;
    }
    let up_to_date = async {
        loop {
            match events.recv().await {
                Ok(RoomEvent::Session(session::Event::UpToDate)) | Err(RecvError::Closed) => return,
                // What was missed may have been it.
                Err(RecvError::Lagged(_)) if room.snapshot().await.is_up_to_date => return,
                _ => {}
            }
        }
    };
    if timeout(LONGEST_CATCH_UP, up_to_date).await.is_err() {
        tracing::warn!("the host took long to send what is here");
    }
}
