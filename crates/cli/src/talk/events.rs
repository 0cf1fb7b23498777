//! What happens in the room, as it is shown.

use app::Event;
use app::chat::view::{ChatBody, ChatEntry, ChatEvent, ChatState};
use app::files::view::{FileState, FileView, FilesEvent};
use app::metrics::view::MetricsEvent;
use app::session::people;
use app::session::view::{LinkState, Presence, RoomView, SessionEvent};
use app::video::view::VideoEvent;
use netcore::proto::{FileId, StreamId};
use tokio::time::Instant;

use super::session::Session;
use crate::output::{Before, Notified, Report};

impl Session<'_> {
    /// Shows what is the case: when we come, and when too much happened at once.
    pub(super) fn catch_up(&mut self, now: RoomView) {
        for entry in now.chat {
            if self.shown_until.is_none_or(|until| place_of(&entry) > until) {
                self.handle_chat(ChatEvent::Entry { entry });
            }
        }
        self.seen.take_all(&now.files, &now.streams);
        for file in &now.files {
            self.note_moving(file);
        }
        if now.files.iter().any(|file| !file.mine) {
            self.screen.show(&Report::Offers { files: now.files });
        }
        if !now.streams.is_empty() {
            self.screen.show(&Report::Streams { streams: now.streams });
        }
    }

    /// Shows what the application notifies, and does what follows from it.
    pub(super) async fn handle(&mut self, event: Event) {
        match event {
            Event::ChatEvent(event) => self.handle_chat(event),
            Event::FilesEvent(FilesEvent::File { file }) => self.handle_file(file).await,
            // Figures of each second are asked for, by `/stats`.
            Event::MetricsEvent(MetricsEvent::Points { .. }) => {}
            Event::SessionEvent(SessionEvent::PersonChanged { person })
                if person.is_me && person.presence == Presence::Reconnecting => {}
            event => {
                if let Event::SessionEvent(SessionEvent::LinkChanged { link }) = &event {
                    self.note_link(link);
                }
                if let Event::VideoEvent(VideoEvent::Live { live, .. }) = &event {
                    let stream = live.as_ref().map(|live| StreamId(live.stream));
                    self.results.own().set(stream);
                }
                let was_live = self.seen.is_live();
                self.show(event);
                if self.seen.is_live() && !was_live {
                    self.screen
                        .note("/tcp, /udp and /udp only switch; /stop or Esc ends it.");
                }
            }
        }
    }

    /// Shows an event, unless it is mere progress.
    fn show(&mut self, event: Event) {
        if let Some(before) = self.seen.take(&event) {
            self.screen.show(&Report::Event(Notified { event, before }));
        }
    }

    fn handle_chat(&mut self, event: ChatEvent) {
        let mut before = Before::default();
        match &event {
            ChatEvent::Entry { entry } => {
                if entry.state != ChatState::Waiting {
                    self.waiting.remove(&entry.key);
                }
                self.shown_until = self.shown_until.max(Some(place_of(entry)));
                let is_change = matches!(entry.body, ChatBody::Joined | ChatBody::Left { .. });
                if is_change {
                    let here = people(&self.talk.core);
                    // The address distinguishes this arrival from earlier ones of ours.
                    let me = here.iter().find(|person| person.is_me);
                    let is_now = entry.mine && me.is_some_and(|me| me.address == entry.address);
                    self.is_settled |= is_now && entry.body == ChatBody::Joined;
                    before.people = self.is_settled.then_some(here.len());
                }
            }
            ChatEvent::Replaced { entries } => {
                self.shown_until = entries.iter().map(place_of).max();
            }
        }
        let event = event.into();
        self.screen.show(&Report::Event(Notified { event, before }));
    }

    async fn handle_file(&mut self, file: FileView) {
        self.note_moving(&file);
        let (id, is_offered) = (file.id, matches!(file.state, FileState::Offered));
        let is_first = is_offered && !file.mine && !self.seen.has_file(id);
        self.show(FilesEvent::File { file }.into());
        if is_first && self.talk.options.talk.accept_files {
            self.fetch(FileId(id)).await;
        }
    }

    /// Takes note whether a file of ours, or one that we fetch, is still on the move.
    fn note_moving(&mut self, file: &FileView) {
        match file.state {
            FileState::Transferring { .. } | FileState::Paused { .. } => drop(self.moving.insert(file.id)),
            FileState::Done { .. } | FileState::Failed { .. } | FileState::Cancelled => {
                self.moving.remove(&file.id);
            }
            FileState::Offered | FileState::Declined => {}
        }
    }

    fn note_link(&mut self, link: &LinkState) {
        match link {
            LinkState::Up => self.give_up_at = None,
            LinkState::Lost { .. } if self.give_up_at.is_none() => {
                self.give_up_at = self.talk.options.give_up.map(|limit| Instant::now() + limit);
            }
            LinkState::Lost { .. } => {}
        }
    }
}

/// Where an entry stands in the log; what is unsent stands last.
fn place_of(entry: &ChatEntry) -> (u32, u64) {
    (entry.era, entry.seq.unwrap_or(0))
}
