//! What happens in the room, as reports.

use netcore::proto::session::Presence;
use netcore::proto::video::StreamInfo;
use netcore::proto::{MemberId, chat, files, session, video};
use netcore::{RoomEvent, TransferState, TransferView};
use tokio::time::{Duration, Instant};

use super::session::Session;
use crate::output::{Change, Chat, FileView, PersonView, Report, StreamView, Transfer};

/// A transfer's progress is shown this often at most.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(2);

impl Session<'_> {
    /// Shows what is the case: when we come, and when too much happened at once.
    pub(super) async fn catch_up(&mut self) {
        let now = self.room.snapshot().await;
        self.people.replace(&now.people);
        self.offers.replace(&now.files);
        for entry in &now.chat {
            self.show_entry(entry);
        }
        if now.files.iter().any(|(file, _)| file.owner != self.my_id) {
            let files = now.files.iter().map(|(file, _)| FileView::new(file, self.my_id));
            self.screen.show(&Report::Files {
                files: files.collect(),
            });
        }
        let streams: Vec<StreamView> = now
            .streams
            .iter()
            .map(|stream| self.stream_view(stream))
            .collect();
        if !streams.is_empty() {
            self.screen.show(&Report::Streams { streams });
        }
    }

    pub(super) async fn handle_event(&mut self, event: RoomEvent) {
        match event {
            RoomEvent::Session(event) => self.handle_session(event),
            RoomEvent::Chat(event) => self.handle_chat(event),
            RoomEvent::Files(event) => self.handle_files(event).await,
            RoomEvent::Video(event) => self.handle_video(event),
            RoomEvent::Transfer(view) => self.handle_transfer(&view),
            RoomEvent::Link(state) => self.handle_link(&state),
            _ => {}
        }
    }

    fn handle_session(&mut self, event: session::Event) {
        match event {
            session::Event::Welcomed(welcome) => {
                self.my_id = welcome.me;
                self.people.replace(&welcome.people);
            }
            session::Event::Joined(person) => self.people.put(person),
            session::Event::Changed(person) => {
                let before = self.people.get(person.id);
                self.people.put(person.clone());
                let is_news = before.is_none_or(|before| {
                    before.presence != person.presence || before.profile != person.profile
                });
                if is_news && (person.id != self.my_id || person.presence == Presence::Here) {
                    let person = PersonView::new(&person, self.my_id);
                    self.screen.show(&Report::Person { person });
                }
            }
            session::Event::Left { person, .. } => self.people.leave(&person),
            session::Event::UpToDate => self.is_settled = true,
            _ => {}
        }
    }

    fn handle_chat(&mut self, event: chat::Event) {
        match event {
            chat::Event::Entry(entry) => self.show_entry(&entry),
            chat::Event::Receipt { entry, .. } => {
                self.unconfirmed = self.unconfirmed.saturating_sub(1);
                self.show_entry(&entry);
            }
            chat::Event::Refused { refusal, .. } => {
                self.unconfirmed = self.unconfirmed.saturating_sub(1);
                self.screen.show(&Report::NotSent {
                    message: refusal.to_string().into(),
                });
            }
            chat::Event::Reset => {
                self.last_seq = 0;
                let room = self.room.info().name;
                self.screen.show(&Report::RoomAnew { room });
            }
        }
    }

    fn show_entry(&mut self, entry: &chat::Entry) {
        if entry.seq <= self.last_seq {
            return;
        }
        self.last_seq = entry.seq;
        // The address distinguishes this arrival from earlier ones of ours.
        let me = self.people.get(self.my_id);
        let is_mine = entry.from == self.my_id && me.is_some_and(|me| me.address == entry.address);
        if is_mine && entry.body == chat::Body::Joined {
            self.is_settled = true;
        }
        let count = self.is_settled.then(|| self.people.here().len());
        self.screen
            .show(&Report::Chat(Chat::new(entry, self.my_id, count)));
    }

    async fn handle_files(&mut self, event: files::Event) {
        let (file, is_offered) = match event {
            files::Event::Offered(file) => (file, true),
            files::Event::Accepted { file, .. } | files::Event::Changed(file) => (file, false),
            files::Event::Refused { refusal, .. } => {
                return self.screen.show(&Report::NotSent {
                    message: refusal.to_string().into(),
                });
            }
            files::Event::Reset => {
                self.offers.clear();
                return;
            }
        };
        self.offers.put(file.clone());
        let is_first = is_offered && file.owner != self.my_id;
        let view = FileView::new(&file, self.my_id);
        let is_shown = match view.state {
            "stored" => is_offered || view.mine,
            "failed" => !self.is_shown_by_transfer(&file),
            _ => true,
        };
        if is_shown || self.screen.is_json() {
            self.screen.show(&Report::File { file: view });
        }
        if is_first && self.talk.options.talk.accept_files {
            self.fetch(file.id).await;
        }
    }

    /// Whether the end of a file on offer is the end of a transfer of ours, which says it in words of its own.
    fn is_shown_by_transfer(&self, file: &files::FileInfo) -> bool {
        let transfer = self.room.transfer(file.id);
        let is_received = |view: &TransferView| matches!(view.state, TransferState::Done { .. });
        transfer.is_some_and(|view| file.owner == self.my_id || !is_received(&view))
    }

    fn handle_video(&mut self, event: video::Event) {
        let (change, stream) = match event {
            video::Event::Published { stream, .. } => return self.results.own().set(Some(stream.id)),
            video::Event::Started(stream) => (Change::Started, stream),
            video::Event::Changed(stream) => (Change::Changed, stream),
            video::Event::Stopped(stream) => (Change::Stopped, stream),
            // A refusal of ours is the answer to the command that asked for it.
            video::Event::Refused { .. } | video::Event::Watching { .. } => return,
        };
        let stream = self.stream_view(&stream);
        self.screen.show(&Report::Stream { change, stream });
    }

    fn handle_transfer(&mut self, view: &TransferView) {
        let is_over = matches!(
            view.state,
            TransferState::Done { .. } | TransferState::Failed { .. } | TransferState::Cancelled
        );
        if is_over {
            self.moving.remove(&view.file);
        } else {
            self.moving.insert(view.file);
        }
        if matches!(view.state, TransferState::Running { .. }) {
            // The first line about a transfer comes after a while, too: a small file needs none.
            let shown = self.progress_shown.entry(view.file).or_insert_with(Instant::now);
            if shown.elapsed() < PROGRESS_INTERVAL {
                return;
            }
            *shown = Instant::now();
        } else if is_over {
            self.progress_shown.remove(&view.file);
        }
        let name = self.offers.name(view.file).unwrap_or_default();
        self.screen.show(&Report::Transfer(Transfer::new(view, name)));
    }

    pub(super) fn stream_view(&self, stream: &StreamInfo) -> StreamView {
        StreamView::new(stream, &self.name_of(stream.owner), self.my_id)
    }

    fn name_of(&self, id: MemberId) -> String {
        let person = self.people.get(id);
        person.map_or_else(|| format!("#{id}"), |person| person.profile.name)
    }
}
