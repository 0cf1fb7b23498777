//! Ann hosts a room, Ben joins it and says a word: `cargo run -p netcore --example chat`.

use std::error::Error;

use netcore::proto::chat::{Body, Event};
use netcore::{Folders, HostOptions, JoinOptions, Room, RoomEvent};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let home = tempfile::tempdir()?;
    let mut options = HostOptions::new(Folders::at(home.path().join("ann"))?, "Ann");
    options.loopback_only = true;
    let ann = Room::host(options).await?;
    let mut events = ann.events();

    let address = ann.info().address.parse()?;
    let folders = Folders::at(home.path().join("ben"))?;
    let ben = Room::join(JoinOptions::new(folders, "Ben", address)).await?;
    ben.say("Hello, Ann.").await?;

    loop {
        if let RoomEvent::Chat(Event::Entry(entry)) = events.recv().await?
            && let Body::Text { text } = entry.body
        {
            println!("{}: {text}", entry.name);
            break;
        }
    }
    ben.close().await;
    ann.close().await;
    Ok(())
}
