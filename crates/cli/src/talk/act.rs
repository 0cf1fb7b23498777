//! What the person asks for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use app::chat::view::ChatState;
use app::metrics::view::{LogEntryView, MetricsEvent};
use app::session::people;
use app::video::{EncodingMode, PublishOptions, live_options};
use app::{ErrorCode, IpcError};
use netcore::proto::{FileId, MemberId, StreamId, Transport};
use netcore::{LinkState, Role};

use super::recordings::RecordingTask;
use super::session::{After, Session};
use crate::exit::{Code, Failure, Result};
use crate::names::{bearers, id_of};
use crate::output::Report;
use crate::recording::{LONGEST_WAIT, recording_name, take_snapshot};
use crate::results::summary;
use crate::spec;
use crate::typed_line::{self, TypedLine};
use crate::watching::Watching;

/// How often it is shown what arrives of a stream that is watched.
const WATCH_INTERVAL: Duration = Duration::from_secs(5);
/// How many of the latest entries of the event log `/log` shows.
const ENTRIES_SHOWN: usize = 20;

impl Session<'_> {
    /// Does what a line asks for; `Some` when that leads out of the room.
    pub(super) async fn act(&mut self, line: TypedLine) -> Option<After> {
        match line {
            TypedLine::Nothing => {}
            TypedLine::Say(text) => self.say(&text).await,
            TypedLine::People => self.screen.show(&Report::People {
                people: people(&self.talk.core),
            }),
            TypedLine::File { path, more } => self.offer_all(path, &more).await,
            TypedLine::Addresses => self.show_addresses(),
            TypedLine::Get(file) => self.fetch(file).await,
            TypedLine::Cancel(file) => self.room.cancel_file(file).await,
            TypedLine::Files => self.screen.show(&Report::Offers {
                files: app::files::all(&self.talk.core),
            }),
            TypedLine::Video { source, size } => {
                let live = live_options(&self.talk.core).await;
                let mut options = live.unwrap_or_else(|| self.default_options());
                if let Some(source) = source {
                    options.source = source;
                }
                if let Some(size) = size {
                    (options.width, options.height) = (size.width, size.height);
                    options.rate = size.rate.unwrap_or(options.rate);
                }
                self.go_live(options).await;
            }
            TypedLine::Transport { transport, only } => self.switch(transport, only).await,
            TypedLine::Stop if !self.seen.is_live() => self.refuse("you are not live"),
            TypedLine::Stop => self.stop_video().await,
            TypedLine::Watch { stream, folder } => self.toggle_watch(stream, folder),
            TypedLine::Record { stream, file } => self.toggle_recording(stream, file),
            TypedLine::Snapshot { stream, file } => self.snapshot(stream, file),
            TypedLine::Quality(quality) => self.set_quality(quality).await,
            TypedLine::Bitrate(encoding) => self.set_encoding(encoding).await,
            TypedLine::Name(name) => {
                self.talk.me.profile.name = name;
                self.set_profile().await;
            }
            TypedLine::About(about) => {
                self.talk.me.profile.about = about;
                self.set_profile().await;
            }
            TypedLine::Log(None) => self.show_log(),
            TypedLine::Log(Some(on)) => self.follow_log(on),
            TypedLine::Stats => {
                let rows = summary(&self.room, |_| true).await;
                self.screen.show(&Report::Summary { rows });
            }
            TypedLine::Help => self.screen.notes(typed_line::HELP.lines()),
            TypedLine::Close => return Some(After::Lobby),
            TypedLine::Open(None) if self.room.info().role == Role::Host => {
                self.refuse("the room is open already");
            }
            line @ (TypedLine::Open(_) | TypedLine::Join(_)) => return Some(After::Line(line)),
            TypedLine::Leave => return Some(After::Quit),
        }
        None
    }

    async fn say(&mut self, text: &str) {
        match app::chat::say(&self.talk.core, text.to_owned()).await {
            Ok(entry) if entry.state == ChatState::Waiting => {
                self.waiting.insert(entry.key);
                if matches!(self.room.link(), LinkState::Lost { .. }) {
                    self.screen
                        .note(&format!("… waits for the connection to come back: {text}"));
                }
            }
            // It is shown in its place, as its event comes.
            Ok(_) => {}
            Err(error) => self.screen.show(&Report::NotSent { error }),
        }
    }

    /// Offers the file at `path`, and those among `more`, to the people named there. Each goes whatever becomes of the others.
    async fn offer_all(&mut self, path: PathBuf, more: &[String]) {
        let here = people(&self.talk.core);
        let people: Vec<(MemberId, &str)> = here
            .iter()
            .map(|person| (MemberId(person.id), person.profile.name.as_str()))
            .collect();
        match apart(more, &people, Path::exists) {
            Ok((paths, to)) => {
                for path in std::iter::once(path).chain(paths) {
                    self.offer(&path, &to).await;
                }
            }
            Err(failure) => self.screen.failure(&failure),
        }
    }

    async fn offer(&mut self, path: &Path, to: &[MemberId]) {
        let offered = self.room.offer_file(path, to.to_vec()).await;
        match offered.map_err(Failure::from) {
            Ok(file) => {
                self.moving.insert(file.id.0);
                self.screen
                    .note(&format!("You offer file {} · {}.", file.id, file.name));
            }
            Err(failure) => self.screen.failure(&failure),
        }
    }

    pub(super) async fn fetch(&mut self, file: FileId) {
        match self.room.fetch_file(file, None).await {
            Ok(()) => drop(self.moving.insert(file.0)),
            Err(error) => self.screen.failure(&error.into()),
        }
    }

    fn default_options(&self) -> PublishOptions {
        let talk = &self.talk.options.talk;
        talk.video
            .options(talk.source.clone().unwrap_or(media::SourceId::Pattern))
    }

    /// Goes live, or goes live differently.
    pub(super) async fn go_live(&mut self, options: PublishOptions) {
        self.stop_video().await;
        self.show_failure(app::video::go_live(&self.talk.core, options).await);
    }

    pub(super) async fn stop_video(&self) {
        self.show_failure(app::video::stop_video(&self.talk.core).await);
    }

    async fn switch(&mut self, transport: Transport, only: bool) {
        let video = &mut self.talk.options.talk.video;
        (video.tcp, video.udp) = (transport == Transport::Tcp, transport == Transport::Udp);
        video.udp_only = only;
        let change =
            |options: &mut PublishOptions| (options.transport, options.stays_on_udp) = (transport, only);
        if !self.change(change).await {
            self.screen.note(&match only {
                true => format!("Your next video goes over {transport} only."),
                false => format!("Your next video begins over {transport}."),
            });
        }
    }

    async fn set_quality(&mut self, quality: u8) {
        self.talk.options.talk.video.quality = quality;
        if !self.change(|options| options.quality = quality).await {
            self.screen
                .note(&format!("Your next video has quality {quality}."));
        }
    }

    async fn set_encoding(&mut self, encoding: EncodingMode) {
        let video = &mut self.talk.options.talk.video;
        (video.bitrate, video.fixed) = match encoding {
            EncodingMode::Adaptive(least, most) => (Some((least, most)), false),
            EncodingMode::Fixed => (None, true),
        };
        let whose = match self.change(|options| options.encoding = encoding).await {
            true => "Your video",
            false => "Your next video",
        };
        self.screen
            .note(&format!("{whose} {}.", spec::words_of(encoding)));
    }

    /// Makes our video another one without ending its stream; whether it is live.
    async fn change(&self, change: impl FnOnce(&mut PublishOptions)) -> bool {
        match app::video::change_live(&self.talk.core, change).await {
            Err(error) if error.code == ErrorCode::NotLive => false,
            changed => {
                self.show_failure(changed);
                true
            }
        }
    }

    /// Shows why a video is not what it is to be; what it is, its event says.
    fn show_failure<T>(&self, done: std::result::Result<T, IpcError>) {
        if let Err(error) = done {
            self.screen.failure(&Failure::new(Code::Video, error));
        }
    }

    fn toggle_watch(&mut self, stream: StreamId, folder: Option<PathBuf>) {
        self.watches.retain(|_, task| !task.is_finished());
        if let Some(task) = self.watches.remove(&stream) {
            task.abort();
            return self.screen.note(&format!("You no longer watch stream {stream}."));
        }
        let (room, viewers, screen) = (self.room.clone(), self.viewers.clone(), self.screen.clone());
        let watching = Watching {
            stream,
            folder,
            recording: None,
            overwrite: self.may_overwrite(),
            every: WATCH_INTERVAL,
        };
        let task = async move {
            match watching
                .run(&room, &viewers, &screen, std::future::pending())
                .await
            {
                Ok(watched) => screen.show(&Report::Watched(watched)),
                Err(failure) => screen.failure(&failure),
            }
        };
        self.watches.insert(stream, tokio::spawn(task));
    }

    fn toggle_recording(&mut self, stream: StreamId, file: Option<PathBuf>) {
        self.recordings
            .retain(|_, recording| !recording.task.is_finished());
        if let Some(recording) = self.recordings.get_mut(&stream) {
            // Its summary is shown once the file is whole.
            return recording.stop();
        }
        let path = file.unwrap_or_else(|| recording_name(stream));
        self.screen.note(&format!(
            "Stream {stream} is recorded into {}; /record {stream} ends it.",
            path.display()
        ));
        let overwrite = self.may_overwrite();
        let recording =
            RecordingTask::start(&self.room, &self.viewers, &self.screen, stream, path, overwrite);
        self.recordings.insert(stream, recording);
    }

    fn snapshot(&self, stream: StreamId, file: Option<PathBuf>) {
        let (room, viewers, screen) = (self.room.clone(), self.viewers.clone(), self.screen.clone());
        let overwrite = self.may_overwrite();
        tokio::spawn(async move {
            match take_snapshot(&room, &viewers, stream, file, overwrite, LONGEST_WAIT).await {
                Ok(snapshot) => screen.show(&Report::Snapshot(snapshot)),
                Err(failure) => screen.failure(&failure),
            }
        });
    }

    fn show_addresses(&self) {
        let info = self.room.info();
        match info.role {
            Role::Host => self.screen.show(&Report::Addresses {
                addresses: app::session::addresses(&self.talk.core),
            }),
            Role::Member => self.refuse(&format!(
                "the host knows how it is reached: you are here by {}",
                info.address
            )),
        }
    }

    fn may_overwrite(&self) -> bool {
        self.talk.options.talk.results.replace.overwrite
    }

    async fn set_profile(&mut self) {
        self.talk.me.profile = self.talk.me.profile.sanitized();
        self.room.set_profile(self.talk.me.profile.clone()).await;
    }

    fn show_log(&self) {
        let log = self.talk.me.log.event_log().recent();
        for entry in log.iter().skip(log.len().saturating_sub(ENTRIES_SHOWN)) {
            let entry = LogEntryView::of(entry);
            self.screen.show(&Report::event(MetricsEvent::Logged { entry }));
        }
    }

    pub(super) fn follow_log(&mut self, on: bool) {
        if let Some(task) = self.log.take() {
            task.abort();
        }
        if on {
            let coming = self.talk.me.log.event_log().subscribe();
            let follow = app::metrics::follow_log(self.talk.core.clone(), coming);
            self.log = Some(tokio::spawn(follow));
        }
    }

    fn refuse(&self, words: &str) {
        self.screen.failure(&Failure::new(Code::Usage, words));
    }
}

/// Separates the people named in `words` from the files.
///
/// # Errors
/// For a word that is neither, or a name that two bear. It may be meant for a person who has just left, so then nobody is
/// given anything.
fn apart(
    words: &[String],
    people: &[(MemberId, &str)],
    is_there: impl Fn(&Path) -> bool,
) -> Result<(Vec<PathBuf>, Vec<MemberId>)> {
    let (mut paths, mut to) = (Vec::new(), Vec::new());
    for word in words {
        let path = typed_line::at_home(word);
        let is_person = bearers(word, people).next().is_some();
        match (is_person, is_there(&path)) {
            (true, _) => to.push(id_of(word, people)?),
            (false, true) => paths.push(path),
            (false, false) => {
                let words = format!(
                    "nobody here is called {word}, and there is no file of that name: nothing is offered"
                );
                return Err(Failure::new(Code::Usage, words));
            }
        }
    }
    Ok((paths, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_file_is_more_files_or_people_and_in_doubt_nothing_is_given() {
        let people = [(MemberId(0), "Ada"), (MemberId(1), "Ben")];
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let is_there = |path: &Path| path == Path::new("b.log");
        let separated = apart(&words(&["b.log", "ben"]), &people, is_there).unwrap();
        assert_eq!(separated, (vec!["b.log".into()], vec![MemberId(1)]));
        assert!(apart(&words(&["b.log", "Cleo"]), &people, is_there).is_err());
    }
}
