//! Being in a room: as its host or as a member, with a line to type on. Rooms may follow one another.

mod act;
mod desktop;
mod events;
mod recordings;
mod seen;
mod session;
mod state;

use app::Event;
use app::session::view::{Role, RoomView};
use netcore::proto::video::WindowMode;
use netcore::{Address, HostOptions, JoinOptions, ListenOn, Room};
use tokio::sync::broadcast::Receiver;

use crate::exit::{Code, Failure, Result};
use crate::input::{Input, Inputs};
use crate::output::Report;
use crate::results::Files;
use crate::signals::{Signals, interrupted};
use crate::typed_line::{self, TypedLine};
use session::{After, Session};
pub(crate) use state::{Talk, TalkOptions};

/// Where a room comes from.
#[derive(Clone, Debug)]
pub(crate) enum RoomSource {
    /// A room of our own.
    Host {
        room: String,
        port: u16,
        loopback: bool,
        listen: Vec<ListenOn>,
    },
    /// Another's room.
    Join(Address),
}

/// A room that the application has entered.
struct Entered {
    room: Room,
    /// As it was then.
    now: RoomView,
    /// What is notified since.
    events: Receiver<Event>,
}

impl Talk {
    /// Enters the room of `source`, and those that follow, until the person leaves.
    ///
    /// # Errors
    /// When the first room cannot be entered, or, where no person sits who could choose another one, when a room is lost.
    pub(crate) async fn run(mut self, source: RoomSource) -> Result<()> {
        self.files = Files::claim(&self.options.talk.results)?;
        let ended = self.follow(source).await;
        ended.and(self.files.check())
    }

    async fn follow(&mut self, mut source: RoomSource) -> Result<()> {
        let mut signals = Signals::listen(&self.screen)?;
        let mut room = self.open(&source, &mut signals).await.map(Some)?;
        let mut inputs = Inputs::start(&self.screen, "> ", &[]);
        if inputs.is_person() {
            self.screen
                .note("Type to talk; /help shows what else can be typed.");
        }
        loop {
            let after = match room.take() {
                Some(entered) => {
                    let session = Session::new(entered.room, self, entered.events);
                    session.run(entered.now, &mut inputs, &mut signals).await?
                }
                None => After::Lobby,
            };
            let next = match after {
                After::Quit => return Ok(()),
                After::Lobby => self.lobby(&source, &mut inputs, &mut signals).await?,
                After::Line(line) => self.next_source(&line, &source)?,
            };
            let Some(next) = next else { return Ok(()) };
            match self.open(&next, &mut signals).await {
                Ok(opened) => (room, source) = (Some(opened), next),
                Err(failure) if failure.code == Code::Interrupted => return Err(failure),
                Err(failure) => self.screen.failure(&failure),
            }
        }
    }

    /// Opens or joins, and says so.
    async fn open(&self, source: &RoomSource, signals: &mut Signals) -> Result<Entered> {
        let opening = async {
            match source {
                RoomSource::Host {
                    room,
                    port,
                    loopback,
                    listen,
                } => self.host(room, *port, *loopback, listen).await,
                RoomSource::Join(address) => self.join(address).await,
            }
        };
        let room = tokio::select! {
            room = opening => room?,
            signal = signals.next() => return Err(signal),
        };
        let events = self.events.subscribe();
        let now = self.core.enter(room.clone()).await;
        let (port, view) = (room.info().port, now.clone());
        self.screen.show(&match now.role {
            Role::Host => Report::Opened { port, room: view },
            Role::Member => Report::Joined { room: view },
        });
        Ok(Entered { room, now, events })
    }

    async fn host(&self, room: &str, port: u16, loopback_only: bool, listen: &[ListenOn]) -> Result<Room> {
        let options = HostOptions {
            folders: self.me.folders.clone(),
            profile: self.me.profile.clone(),
            room_name: room.to_owned(),
            port,
            downloads: self.downloads(),
            loopback_only,
            listen: listen.to_vec(),
            window: WindowMode::Adaptive,
        };
        Ok(Room::host(options).await?)
    }

    async fn join(&self, address: &Address) -> Result<Room> {
        let options = JoinOptions {
            folders: self.me.folders.clone(),
            profile: self.me.profile.clone(),
            address: address.clone(),
            downloads: self.downloads(),
            watch_streams: false,
            window: WindowMode::Adaptive,
        };
        Ok(Room::join(options).await?)
    }

    fn downloads(&self) -> std::path::PathBuf {
        let chosen = self.options.talk.downloads.clone();
        chosen.unwrap_or_else(|| self.me.folders.downloads().to_owned())
    }

    /// In no room: waits for a line that leads to one, or out.
    async fn lobby(
        &mut self,
        before: &RoomSource,
        inputs: &mut Inputs,
        signals: &mut Signals,
    ) -> Result<Option<RoomSource>> {
        self.screen
            .note("You are in no room: /open opens one, /join ADDRESS joins one, /leave ends.");
        loop {
            let input = tokio::select! {
                input = inputs.next() => input,
                signal = signals.next() => return Err(signal),
            };
            let text = match input {
                Input::Line(text) => text,
                Input::Key(_) => continue,
                Input::Interrupt => return Err(interrupted()),
                Input::End => return Ok(None),
            };
            match typed_line::parse(&text) {
                Ok(TypedLine::Nothing) => {}
                Ok(TypedLine::Leave) => return Ok(None),
                Ok(TypedLine::Help) => self.screen.notes(typed_line::HELP.lines()),
                Ok(TypedLine::Name(name)) => self.me.profile.name = name,
                Ok(TypedLine::About(about)) => self.me.profile.about = about,
                Ok(line @ (TypedLine::Open(_) | TypedLine::Join(_))) => match self.next_source(&line, before)
                {
                    Ok(source) => return Ok(source),
                    Err(failure) => self.screen.failure(&failure),
                },
                Ok(_) => self
                    .screen
                    .note("That needs a room: /open opens one, /join ADDRESS joins one."),
                Err(words) => self.screen.failure(&Failure::new(Code::Usage, words)),
            }
        }
    }

    /// Where `line` leads, `before` being where we were.
    fn next_source(&self, line: &TypedLine, before: &RoomSource) -> Result<Option<RoomSource>> {
        Ok(Some(match (line, before) {
            (
                TypedLine::Open(port),
                RoomSource::Host {
                    room,
                    port: before,
                    loopback,
                    listen,
                },
            ) => RoomSource::Host {
                room: room.clone(),
                port: port.unwrap_or(*before),
                loopback: *loopback,
                listen: listen.clone(),
            },
            (TypedLine::Open(port), RoomSource::Join(_)) => RoomSource::Host {
                room: room_name(&self.me.profile.name),
                port: port.unwrap_or(netcore::proto::wire::DEFAULT_PORT),
                loopback: false,
                listen: Vec::new(),
            },
            (TypedLine::Join(Some(address)), _) => RoomSource::Join(
                address
                    .parse()
                    .map_err(|error| Failure::new(Code::Usage, error))?,
            ),
            (TypedLine::Join(None), RoomSource::Join(address)) => RoomSource::Join(address.clone()),
            (TypedLine::Join(None), RoomSource::Host { .. }) => {
                return Err(Failure::new(Code::Usage, "write /join and an address"));
            }
            _ => return Ok(None),
        }))
    }
}

/// A room's name when none is given.
pub(crate) fn room_name(person: &str) -> String {
    format!("{person}'s room")
}
