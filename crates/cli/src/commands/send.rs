use std::path::{Path, PathBuf};

use app::files::view::{FileView, FilesEvent};
use netcore::proto::MemberId;
use netcore::proto::video::WindowMode;
use netcore::{FileError, Room};

use super::batch::Batch;
use super::env::Env;
use super::transfer::follow;
use super::visit::{Visit, settled};
use crate::args::SendArgs;
use crate::exit::{Code, Failure, Result};
use crate::names::id_of;
use crate::output::{Report, Screen};

/// Gives files to the room; each counts as given when the host has it whole and checked.
pub(super) async fn run(env: &Env, args: SendArgs) -> Result<()> {
    let mut batch = Batch::new(&env.screen, "sent", args.files.len());
    // A slip in a path is better reported before anybody sees us come.
    let mut files = Vec::new();
    for path in args.files {
        match refuse_other_than_files(&path) {
            Ok(()) => files.push(path),
            Err(failure) => batch.fail(failure),
        }
    }
    if batch.is_lost() {
        return batch.finish();
    }
    let mut visit = Visit::begin(&env.me()?, &args.address, None, WindowMode::Adaptive, &env.screen).await?;
    let room = visit.room.clone();
    let sent = visit
        .during(send(&room, &files, &args.to, &env.screen, &mut batch))
        .await;
    visit.end().await;
    sent.and(batch.finish())
}

fn refuse_other_than_files(path: &Path) -> Result<()> {
    let words = match std::fs::metadata(path).map(|found| found.is_file()) {
        Ok(true) => return Ok(()),
        Ok(false) => format!("{} is no file", path.display()),
        Err(error) => format!("{} cannot be read: {error}", path.display()),
    };
    Err(Failure::new(Code::File, words))
}

/// # Errors
/// When those whom the files are for are not here: then nobody is given any.
async fn send(
    room: &Room,
    paths: &[PathBuf],
    to: &[String],
    screen: &Screen,
    batch: &mut Batch<'_>,
) -> Result<()> {
    settled(room).await;
    let people = room.snapshot().await.people;
    let people: Vec<(MemberId, &str)> = people
        .iter()
        .map(|person| (person.id, person.profile.name.as_str()))
        .collect();
    let to: Vec<MemberId> = to
        .iter()
        .map(|name| id_of(name, &people))
        .collect::<Result<_>>()?;
    for path in paths {
        match send_one(room, path, &to, screen).await {
            Ok(file) => screen.show(&Report::event(FilesEvent::File { file })),
            Err(failure) => batch.fail(failure),
        }
    }
    Ok(())
}

async fn send_one(room: &Room, path: &Path, to: &[MemberId], screen: &Screen) -> Result<FileView> {
    // Whatever the reason, the words name the file.
    let named = |error: FileError| {
        let (words, path) = (error.to_string(), path.display().to_string());
        let words = if words.contains(&path) {
            words
        } else {
            format!("{path}: {words}")
        };
        Failure::new(Code::File, words)
    };
    let file = room.offer_file(path, to.to_vec()).await.map_err(named)?;
    follow(room, &file, screen).await.map_err(named)
}
