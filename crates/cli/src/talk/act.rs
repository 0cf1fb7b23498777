//! What the person asks for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use app::video::{Fit, Live, Wish};
use netcore::proto::{FileId, MemberId, StreamId, Transport};
use netcore::{LinkState, Role};

use super::addresses::Addresses;
use super::recordings::RecordingTask;
use super::session::{After, Session};
use crate::exit::{Code, Failure, Result};
use crate::line::{self, Line};
use crate::output::{Change, FileView, LiveView, PersonView, Report};
use crate::recording::{LONGEST_WAIT, recording_name, take_snapshot};
use crate::results::summary;
use crate::spec;
use crate::watching::Watching;

/// How often it is shown what arrives of a stream that is watched.
const WATCH_INTERVAL: Duration = Duration::from_secs(5);
/// How many of the latest steps `/steps` shows.
const STEPS_SHOWN: usize = 20;

impl Session<'_> {
    /// Does what a line asks for; `Some` when that leads out of the room.
    pub(super) async fn act(&mut self, line: Line) -> Option<After> {
        match line {
            Line::Nothing => {}
            Line::Say(text) => self.say(&text).await,
            Line::People => self.show_people().await,
            Line::File { path, more } => self.offer_all(path, &more).await,
            Line::Addresses => self.show_addresses(),
            Line::Get(file) => self.fetch(file).await,
            Line::Cancel(file) => self.room.cancel_file(file).await,
            Line::Files => self.show_files().await,
            Line::Video { source, size } => {
                let mut wish = self
                    .live
                    .as_ref()
                    .map_or_else(|| self.default_wish(), |live| live.wish().clone());
                if let Some(source) = source {
                    wish.source = source;
                }
                if let Some(size) = size {
                    (wish.width, wish.height) = (size.width, size.height);
                    wish.rate = size.rate.unwrap_or(wish.rate);
                }
                self.go_live(wish).await;
            }
            Line::Transport { transport, only } => self.switch(transport, only).await,
            Line::Stop if self.live.is_none() => self.refuse("you are not live"),
            Line::Stop => self.stop_video().await,
            Line::Watch { stream, folder } => self.toggle_watch(stream, folder),
            Line::Record { stream, file } => self.toggle_recording(stream, file),
            Line::Snapshot { stream, file } => self.snapshot(stream, file),
            Line::Quality(quality) => self.set_quality(quality).await,
            Line::Fit(fit) => self.set_fit(fit).await,
            Line::Name(name) => {
                self.talk.me.profile.name = name;
                self.set_profile().await;
            }
            Line::About(about) => {
                self.talk.me.profile.about = about;
                self.set_profile().await;
            }
            Line::Steps(None) => self.show_steps(),
            Line::Steps(Some(on)) => self.follow_steps(on),
            Line::Stats => {
                let rows = summary(&self.room, |_| true).await;
                self.screen.show(&Report::Summary { rows });
            }
            Line::Help => self.screen.notes(line::HELP.lines()),
            Line::Close => {
                self.link("closed", None);
                return Some(After::Lobby);
            }
            Line::Open(None) if self.room.info().role == Role::Host => {
                self.refuse("the room is open already");
            }
            line @ (Line::Open(_) | Line::Join(_)) => return Some(After::Line(line)),
            Line::Leave => return Some(After::Quit),
        }
        None
    }

    async fn say(&mut self, text: &str) {
        match self.room.say(text).await {
            Ok(said) if said.entry.is_none() => {
                self.unconfirmed += 1;
                if matches!(self.room.snapshot().await.link, LinkState::Lost { .. }) {
                    self.screen
                        .note(&format!("… waits for the connection to come back: {text}"));
                }
            }
            Ok(_) => {}
            Err(error) => self.screen.show(&Report::NotSent {
                message: error.to_string().into(),
            }),
        }
    }

    async fn show_people(&self) {
        let people = self.room.snapshot().await.people;
        let people: Vec<PersonView> = people
            .iter()
            .map(|person| PersonView::new(person, self.my_id))
            .collect();
        self.screen.show(&Report::People {
            count: people.len(),
            people,
        });
    }

    async fn show_files(&self) {
        let files = self.room.snapshot().await.files;
        let files = files
            .iter()
            .map(|(file, _)| FileView::new(file, self.my_id))
            .collect();
        self.screen.show(&Report::Files { files });
    }

    /// Offers the file at `path`, and those among `more`, to the people named there. Each goes whatever becomes of the others.
    async fn offer_all(&mut self, path: PathBuf, more: &[String]) {
        let here = self.people.here();
        let people: Vec<(MemberId, &str)> = here
            .iter()
            .map(|person| (person.id, person.profile.name.as_str()))
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
                self.moving.insert(file.id);
                self.screen
                    .note(&format!("You offer file {} · {}.", file.id, file.name));
                self.offers.put(file);
            }
            Err(failure) => self.screen.failure(&failure),
        }
    }

    pub(super) async fn fetch(&mut self, file: FileId) {
        match self.room.fetch_file(file, None).await {
            Ok(()) => drop(self.moving.insert(file)),
            Err(error) => self.screen.failure(&error.into()),
        }
    }

    fn default_wish(&self) -> Wish {
        let talk = &self.talk.options.talk;
        talk.video
            .wish(talk.source.clone().unwrap_or(media::SourceId::Pattern))
    }

    /// Goes live, or goes live differently.
    pub(super) async fn go_live(&mut self, wish: Wish) {
        self.stop_video().await;
        match Live::start(&self.room, wish).await {
            Ok(live) => {
                self.results.own().set(live.stream());
                self.screen
                    .show(&Report::Live(LiveView::new(&live, Change::Started)));
                self.screen
                    .note("/tcp, /udp and /udp only switch; /stop or Esc ends it.");
                self.live = Some(live);
            }
            Err(error) => self.screen.failure(&error.into()),
        }
    }

    async fn switch(&mut self, transport: Transport, only: bool) {
        let video = &mut self.talk.options.talk.video;
        (video.tcp, video.udp) = (transport == Transport::Tcp, transport == Transport::Udp);
        video.udp_only = only;
        let Some(live) = &mut self.live else {
            let words = match only {
                true => format!("Your next video goes over {transport} only."),
                false => format!("Your next video begins over {transport}."),
            };
            return self.screen.note(&words);
        };
        match live.set_transport(transport).await {
            Ok(()) => {
                live.set_stays_on_udp(&self.room, only);
                self.screen
                    .show(&Report::Live(LiveView::new(live, Change::Changed)));
            }
            Err(error) => self.screen.failure(&error.into()),
        }
    }

    async fn set_quality(&mut self, quality: u8) {
        self.talk.options.talk.video.quality = quality;
        match &self.live {
            Some(live) => {
                let wish = Wish {
                    quality,
                    ..live.wish().clone()
                };
                self.change(wish).await;
            }
            None => self
                .screen
                .note(&format!("Your next video has quality {quality}.")),
        }
    }

    async fn set_fit(&mut self, fit: Fit) {
        let video = &mut self.talk.options.talk.video;
        (video.bitrate, video.fixed) = match fit {
            Fit::Within(least, most) => (Some((least, most)), false),
            Fit::Fixed => (None, true),
        };
        match &self.live {
            Some(live) => {
                let wish = Wish {
                    fit,
                    ..live.wish().clone()
                };
                self.change(wish).await;
                self.screen.note(&format!("Your video {}.", spec::words_of(fit)));
            }
            None => self
                .screen
                .note(&format!("Your next video {}.", spec::words_of(fit))),
        }
    }

    /// Makes our video another one without ending its stream.
    async fn change(&mut self, wish: Wish) {
        let Some(live) = &mut self.live else { return };
        match live.change(wish).await {
            Ok(()) => self
                .screen
                .show(&Report::Live(LiveView::new(live, Change::Changed))),
            Err(error) => self.screen.failure(&error.into()),
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
        match self.addresses.as_ref().map(Addresses::now) {
            Some(now) => self.screen.show(&Report::Addresses(now)),
            None => {
                let address = self.room.info().address;
                self.refuse(&format!(
                    "the host knows how it is reached: you are here by {address}"
                ));
            }
        }
    }

    fn may_overwrite(&self) -> bool {
        self.talk.options.talk.results.replace.overwrite
    }

    async fn set_profile(&mut self) {
        self.talk.me.profile = self.talk.me.profile.sanitized();
        self.room.set_profile(self.talk.me.profile.clone()).await;
    }

    fn show_steps(&self) {
        let steps = self.talk.me.log.event_log().recent();
        for step in steps.iter().skip(steps.len().saturating_sub(STEPS_SHOWN)) {
            self.screen.show(&step_report(step));
        }
    }

    pub(super) fn follow_steps(&mut self, on: bool) {
        if let Some(task) = self.steps.take() {
            task.abort();
        }
        if !on {
            return;
        }
        let (mut steps, screen) = (self.talk.me.log.event_log().subscribe(), self.screen.clone());
        self.steps = Some(tokio::spawn(async move {
            use tokio::sync::broadcast::error::RecvError;
            loop {
                match steps.recv().await {
                    Ok(step) => screen.show(&step_report(&step)),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                }
            }
        }));
    }

    fn refuse(&self, words: &str) {
        self.screen.failure(&Failure::new(Code::Usage, words));
    }
}

fn step_report(step: &netcore::event_log::LogEntry) -> Report {
    Report::Step {
        at_unix_ms: step.at_unix_ms,
        code: step.code.clone(),
        words: step.words.as_str().into(),
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
        let path = line::at_home(word);
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

/// Who bears this name, in any case of letters; `#3` is the person numbered 3.
pub(crate) fn id_of(name: &str, people: &[(MemberId, &str)]) -> Result<MemberId> {
    let mut found = bearers(name, people);
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(id),
        (None, _) => Err(Failure::new(Code::Usage, format!("nobody here is called {name}"))),
        (Some(_), Some(_)) => {
            let words = format!("more than one here is called {name}: write #NUMBER instead");
            Err(Failure::new(Code::Usage, words))
        }
    }
}

fn bearers(name: &str, people: &[(MemberId, &str)]) -> impl Iterator<Item = MemberId> {
    let by_number = name
        .strip_prefix('#')
        .and_then(|number| number.parse().ok())
        .map(MemberId);
    let bears = move |(id, other): &&(MemberId, &str)| {
        Some(*id) == by_number || other.to_lowercase() == name.to_lowercase()
    };
    people.iter().filter(bears).map(|(id, _)| *id)
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

    #[test]
    fn a_name_must_mean_one_person() {
        let people = [(MemberId(0), "Ada"), (MemberId(1), "Ben"), (MemberId(2), "ben")];
        assert_eq!(id_of("ada", &people), Ok(MemberId(0)));
        assert!(
            id_of("Ben", &people)
                .unwrap_err()
                .message
                .contains("more than one")
        );
        assert_eq!(id_of("#2", &people), Ok(MemberId(2)));
        assert!(id_of("Cleo", &people).unwrap_err().message.contains("nobody"));
    }
}
