use std::path::PathBuf;

use netcore::Room;
use netcore::proto::MemberId;
use netcore::proto::video::WindowMode;

use super::Env;
use super::transfer::follow;
use super::visit::{Visit, settled};
use crate::args::SendArgs;
use crate::exit::{Code, Failure, Result};
use crate::output::{Report, Screen};
use crate::talk::id_of;

/// Gives files to the room; each counts as given when the host has it whole and checked.
pub(super) async fn run(env: &Env, args: SendArgs) -> Result<()> {
    // A slip in a path is better told before anybody sees us come.
    for path in &args.files {
        let is_file = std::fs::metadata(path).map(|found| found.is_file());
        match is_file {
            Ok(true) => {}
            Ok(false) => return Err(Failure::new(Code::File, format!("{} is no file", path.display()))),
            Err(error) => {
                return Err(Failure::new(
                    Code::File,
                    format!("{} cannot be read: {error}", path.display()),
                ));
            }
        }
    }
    let mut visit = Visit::begin(&env.me()?, &args.address, None, WindowMode::Adaptive, &env.screen).await?;
    let room = visit.room.clone();
    let sent = visit
        .during(send(&room, &args.files, &args.to, &env.screen))
        .await;
    visit.end().await;
    sent
}

async fn send(room: &Room, paths: &[PathBuf], to: &[String], screen: &Screen) -> Result<()> {
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
        let file = room.offer_file(path, to.clone()).await?;
        let transfer = follow(room, &file, screen).await?;
        screen.tell(&Report::Transfer(transfer));
    }
    Ok(())
}
