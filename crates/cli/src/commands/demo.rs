//! Everything at work on one computer: a host and two members in this one process, over loopback, and every claim checked.

mod cast;
mod steps;
mod video;

use std::path::{Path, PathBuf};

use app::files::view::FileState;
use netcore::Room;
use netcore::proto::chat::Body;
use netcore::proto::files::FileInfo;

use super::env::Env;
use super::say::say;
use super::transfer::follow;
use super::visit::settled;
use crate::args::DemoArgs;
use crate::exit::Result;
use crate::output::{Screen, bytes};
use crate::signals::Signals;
use cast::{Cast, wait_for};
use steps::{Steps, broken};

/// Size of the file that is sent: large enough for many records, small enough for a demonstration.
const FILE_BYTES: usize = 12_345_678;

/// Plays the demonstration.
///
/// # Errors
/// As soon as anything is not as it should be.
pub(super) async fn run(env: &Env, args: &DemoArgs) -> Result<()> {
    let mut signals = Signals::listen(&env.screen)?;
    tokio::select! {
        played = play(&env.screen, args) => played,
        signal = signals.next() => Err(signal),
    }
}

async fn play(screen: &Screen, args: &DemoArgs) -> Result<()> {
    let steps = Steps::new(screen);
    steps.title("A room on this computer");
    let cast = Cast::gather(&steps).await?;
    steps.title("Chat");
    chat(&cast, &steps).await?;
    steps.title("A file");
    file(&cast, &steps).await?;
    steps.title("Live video");
    let rows = video::play(&cast, args.seconds, &steps).await?;
    steps.title("What was measured");
    screen.show(&crate::output::Report::Summary { rows });
    steps.title("Goodbye");
    cast.part(&steps).await?;
    steps.done("All of it worked. Open a room of your own: roomwire host");
    Ok(())
}

async fn chat(cast: &Cast, steps: &Steps) -> Result<()> {
    for (room, name, text) in [
        (&cast.host, "Ada", "Welcome, both of you."),
        (&cast.ben, "Ben", "Good morning! 大家好"),
        (&cast.cleo, "Cleo", "Hello — the measurements follow 📈"),
    ] {
        let entry = say(room, text).await?;
        steps.done(&format!("{name} ({}): {text}", entry.address));
    }
    let expected = texts(&cast.host).await;
    for (room, name) in [(&cast.ben, "Ben"), (&cast.cleo, "Cleo")] {
        wait_for(&format!("{name} to have every word"), async || {
            texts(room).await.len() >= expected.len()
        })
        .await?;
        if texts(room).await != expected {
            return Err(broken(format!(
                "{name} has other words, or another order, than the host"
            )));
        }
    }
    steps.done("All three have the same words in the same order, each with its receipt.");
    Ok(())
}

/// What was said, with its numbers.
async fn texts(room: &Room) -> Vec<(u64, String)> {
    let said = room
        .snapshot()
        .await
        .chat
        .into_iter()
        .filter_map(|entry| match entry.body {
            Body::Text { text } => Some((entry.seq, text)),
            _ => None,
        });
    said.collect()
}

async fn file(cast: &Cast, steps: &Steps) -> Result<()> {
    let path = cast.folder.path().join("measurements.bin");
    let content = content(FILE_BYTES);
    let hash = blake3::hash(&content);
    std::fs::write(&path, content).map_err(|error| broken(format!("{}: {error}", path.display())))?;
    let offered = cast.ben.offer_file(&path, Vec::new()).await?;
    steps.done(&format!("Ben offers {} ({}).", offered.name, bytes(offered.size)));
    follow(&cast.ben, &offered, steps.screen()).await?;
    for (room, name) in [(&cast.host, "Ada"), (&cast.cleo, "Cleo")] {
        let file = when_offered(room, &offered).await?;
        room.fetch_file(file.id, None).await?;
        let transfer = follow(room, &file, steps.screen()).await?;
        let FileState::Done { path: Some(path), .. } = transfer.state else {
            return Err(broken(format!("{name}'s file has no place")));
        };
        if hash_of(path.as_ref())? != hash {
            return Err(broken(format!("{name}'s copy differs from Ben's file")));
        }
        steps.done(&format!(
            "{name} has it, and its BLAKE3 is Ben's: {}…",
            &hash.to_hex()[..16]
        ));
    }
    Ok(())
}

/// Bytes that do not repeat, the same in every run.
fn content(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new_derive_key("roomwire demonstration")
        .finalize_xof()
        .fill(&mut bytes);
    bytes
}

fn hash_of(path: &Path) -> Result<blake3::Hash> {
    let content =
        std::fs::read(path).map_err(|error| broken(format!("{}: {error}", PathBuf::from(path).display())))?;
    Ok(blake3::hash(&content))
}

async fn when_offered(room: &Room, wanted: &FileInfo) -> Result<FileInfo> {
    settled(room).await;
    let found = async || {
        room.snapshot()
            .await
            .files
            .into_iter()
            .find(|(file, _)| file.id == wanted.id)
    };
    wait_for("the file to be on offer", async || found().await.is_some()).await?;
    found()
        .await
        .map(|(file, _)| file)
        .ok_or_else(|| broken("the file is not on offer any more"))
}
