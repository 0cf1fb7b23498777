//! The only state of the application: who its person is, and the room that is open, if one is.

use std::sync::Arc;

use netcore::event_log::LogEntry;
use netcore::proto::MemberId;
use netcore::proto::session::Person;
use netcore::{Folders, Room, RoomEvent, Snapshot};
use parking_lot::Mutex;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::closing::Closing;
use crate::desktop::Desktop;
use crate::dispatch::Event;
use crate::error::IpcError;
use crate::picks::Picks;
use crate::session::People;
use crate::session::view::{Language, RoomView, Settings, Theme};
use crate::settings::SettingsFile;
use crate::{chat, files, metrics, session, video};

/// Gives the latest entries of the event log, oldest first.
pub type RecentLog = Box<dyn Fn() -> Vec<LogEntry> + Send + Sync>;

/// How a face was started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The profile's name: each profile has an identity, folders and settings of its own.
    pub profile: Option<String>,
    /// The address of a room to join at once.
    pub join: Option<String>,
    /// The link to a room that was opened. A page may have written it: it is shown, and joined when asked.
    pub link: Option<String>,
    /// The language until settings are saved; otherwise the settings'.
    pub language: Option<Language>,
    /// The theme until settings are saved; otherwise the settings'.
    pub theme: Option<Theme>,
    /// Whether the face shows no pictures: then no previews are made.
    pub has_no_pictures: bool,
}

/// What every command works on.
pub struct Core {
    pub(crate) options: Options,
    pub(crate) folders: Folders,
    pub(crate) settings_file: SettingsFile,
    pub(crate) desktop: Box<dyn Desktop>,
    pub(crate) recent_log: RecentLog,
    /// What a person picked on this computer.
    pub(crate) picks: Picks,
    /// Cameras that the face was given: it can name no other.
    pub(crate) cameras: Mutex<Vec<String>>,
    /// Held while a room is opened or left, so that two requests cannot both succeed.
    pub(crate) turn: tokio::sync::Mutex<()>,
    /// Language and theme of the command line, until settings are saved.
    said: Mutex<(Option<Language>, Option<Theme>)>,
    pub(crate) closing: Closing,
    room: Mutex<Option<Arc<OpenRoom>>>,
}

/// A room, and what each capability keeps about it.
pub(crate) struct OpenRoom {
    pub(crate) room: Room,
    place: Mutex<Place>,
    pub(crate) people: People,
    pub(crate) chat: Mutex<chat::log::Log>,
    pub(crate) files: Mutex<files::Offers>,
    pub(crate) streams: Mutex<video::streams::Streams>,
    pub(crate) recordings: Mutex<video::recording::Recordings>,
    pub(crate) conditions: Mutex<Option<metrics::view::ConditionsView>>,
    pub(crate) comparison: Mutex<metrics::compare::Comparison>,
    pub(crate) round_trips: metrics::round_trips::RoundTrips,
    /// Held while my video is started, changed or stopped.
    pub(crate) live: tokio::sync::Mutex<Option<video::my_video::MyVideo>>,
}

/// Where this window stands by the events so far: it moves on with them, as everything that the face is notified of does.
#[derive(Clone, Copy)]
struct Place {
    /// The room's own number; none between two rooms at one address.
    room: Option<u64>,
    me: MemberId,
}

impl Core {
    /// A core without a room.
    pub fn new(options: Options, folders: Folders, desktop: Box<dyn Desktop>, recent_log: RecentLog) -> Core {
        let settings_file = SettingsFile::load(&folders, options.profile.as_deref());
        Core {
            said: Mutex::new((options.language, options.theme)),
            options,
            folders,
            settings_file,
            desktop,
            recent_log,
            picks: Picks::default(),
            cameras: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            closing: Closing::default(),
            room: Mutex::default(),
        }
    }

    /// The name of the profile, unless it is the usual one.
    pub fn profile_name(&self) -> Option<&str> {
        self.options.profile.as_deref()
    }

    /// The settings, and all else that is stored from start to start.
    pub fn settings_file(&self) -> &SettingsFile {
        &self.settings_file
    }

    /// The settings as this window has them: what the command line said of language and theme holds until they are saved.
    pub fn settings(&self) -> Settings {
        let saved = self.settings_file.settings();
        let (language, theme) = *self.said.lock();
        Settings {
            language: language.unwrap_or(saved.language),
            theme: theme.unwrap_or(saved.theme),
            ..saved
        }
    }

    /// Keeps settings.
    ///
    /// # Errors
    /// As [`SettingsFile::save_settings`].
    pub(crate) fn save_settings(&self, settings: Settings) -> Result<Settings, IpcError> {
        let saved = self.settings_file.save_settings(settings)?;
        *self.said.lock() = (None, None);
        Ok(saved)
    }

    /// The room that is open.
    ///
    /// # Errors
    /// When none is.
    pub(crate) fn room(&self) -> Result<Arc<OpenRoom>, IpcError> {
        self.room.lock().clone().ok_or_else(IpcError::no_room)
    }

    /// Takes the room away; who gets it ends it.
    pub(crate) fn take_room(&self) -> Option<Arc<OpenRoom>> {
        self.room.lock().take()
    }

    /// Takes `room` and notifies the face of what happens in it from now on.
    pub async fn enter(self: &Arc<Core>, room: Room) -> RoomView {
        let events = room.events();
        let snapshot = room.snapshot().await;
        let open = Arc::new(OpenRoom::of(room, &snapshot));
        *self.room.lock() = Some(open.clone());
        tokio::spawn(pump(self.clone(), open.clone(), events));
        open.view(&snapshot).await
    }

    /// Notifies the face something unasked.
    pub(crate) fn notify(&self, event: impl Into<Event>) {
        self.desktop.notify(event.into());
    }

    /// Leaves or closes the room, if one is open, with everything of ours in it.
    pub async fn leave(&self) {
        let _turn = self.turn.lock().await;
        if let Some(open) = self.take_room() {
            metrics::compare::stop(self, &open);
            video::my_video::end(self, &open, None).await;
            video::recording::end_all(&open).await;
            open.room.close().await;
        }
    }
}

impl OpenRoom {
    fn of(room: Room, snapshot: &Snapshot) -> OpenRoom {
        let me = snapshot.info.me;
        OpenRoom {
            room,
            place: Mutex::new(Place {
                room: Some(snapshot.info.room),
                me,
            }),
            people: People::of(&snapshot.people),
            chat: Mutex::new(chat::log::Log::of(&snapshot.chat, me)),
            files: Mutex::new(files::Offers::of(&snapshot.files)),
            streams: Mutex::new(video::streams::Streams::of(&snapshot.streams)),
            recordings: Mutex::default(),
            conditions: Mutex::default(),
            comparison: Mutex::default(),
            round_trips: metrics::round_trips::RoundTrips::default(),
            live: tokio::sync::Mutex::default(),
        }
    }

    /// This window's person, by the welcome that was handed on last: a host that begins anew may give another number.
    pub(crate) fn me(&self) -> MemberId {
        self.place.lock().me
    }

    /// The room on the host is over, and the next has not welcomed us yet.
    fn leave_place(&self) {
        self.place.lock().room = None;
    }

    /// Takes the place that `snapshot` was taken at. Returns whether the end of an earlier room was missed.
    fn take_place(&self, snapshot: &Snapshot) -> bool {
        let now = Place {
            room: Some(snapshot.info.room),
            me: snapshot.info.me,
        };
        let before = std::mem::replace(&mut *self.place.lock(), now);
        before.room.is_some_and(|room| now.room != Some(room))
    }

    /// This window's person, as the room knows them.
    pub(crate) fn myself(&self) -> Option<Person> {
        self.people.get(self.me())
    }

    /// The whole room as the interface is given it.
    pub(crate) async fn view(&self, snapshot: &Snapshot) -> RoomView {
        let live = self
            .live
            .lock()
            .await
            .as_ref()
            .map(video::my_video::MyVideo::view);
        RoomView::of(snapshot, self, live)
    }
}

/// Hands on what happens in a room until it is over.
async fn pump(core: Arc<Core>, open: Arc<OpenRoom>, mut events: broadcast::Receiver<RoomEvent>) {
    loop {
        match events.recv().await {
            Ok(RoomEvent::Closed(reason)) => {
                session::closed(&core, &open, reason);
                metrics::compare::stop(&core, &open);
                video::my_video::end(&core, &open, None).await;
                return;
            }
            Ok(event) => hand_on(&core, &open, event).await,
            Err(RecvError::Lagged(missed)) => {
                tracing::warn!(missed, "the window fell behind and looks at the room anew");
                resynchronise(&core, &open).await;
            }
            Err(RecvError::Closed) => return,
        }
    }
}

async fn hand_on(core: &Arc<Core>, open: &Arc<OpenRoom>, event: RoomEvent) {
    match event {
        RoomEvent::Chat(netcore::proto::chat::Event::Reset) => {
            open.leave_place();
            chat::handle(core, open, netcore::proto::chat::Event::Reset);
        }
        RoomEvent::Session(netcore::proto::session::Event::Welcomed(_)) => resynchronise(core, open).await,
        RoomEvent::Session(event) => session::handle(core, open, event),
        RoomEvent::Chat(event) => chat::handle(core, open, event),
        RoomEvent::Files(event) => files::handle(core, open, event),
        RoomEvent::Transfer(transfer) => files::handle_transfer(core, open, transfer),
        RoomEvent::Video(event) => video::handle(core, open, event),
        RoomEvent::Link(link) => session::handle_link(core, &link),
        RoomEvent::Addresses(addresses) => session::handle_addresses(core, addresses),
        RoomEvent::Metrics { points, links } => {
            metrics::handle(core, open, &points, &links);
            video::my_video::notify_made(core, open);
        }
        RoomEvent::Closed(_) => {}
    }
}

/// Compares what the face was notified of with what is, and notifies it of the difference.
pub(crate) async fn resynchronise(core: &Arc<Core>, open: &Arc<OpenRoom>) {
    let snapshot = open.room.snapshot().await;
    if open.take_place(&snapshot) {
        chat::handle(core, open, netcore::proto::chat::Event::Reset);
        files::handle(core, open, netcore::proto::files::Event::Reset);
    }
    session::resynchronise(core, open, &snapshot);
    chat::resynchronise(core, open, &snapshot);
    files::resynchronise(core, open, &snapshot);
    video::resynchronise(core, open, &snapshot);
}
