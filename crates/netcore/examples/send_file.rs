//! Ben offers a file, and Ann, who hosts the room, takes it: `cargo run -p netcore --example send_file`.

use std::error::Error;

use netcore::proto::files::Event;
use netcore::{Folders, HostOptions, JoinOptions, Room, RoomEvent, TransferState};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let home = tempfile::tempdir()?;
    let mut options = HostOptions::new(Folders::at(home.path().join("ann"))?, "Ann");
    options.loopback_only = true;
    options.downloads = home.path().join("downloads");
    let ann = Room::host(options).await?;
    let mut events = ann.events();

    let address = ann.info().address.parse()?;
    let folders = Folders::at(home.path().join("ben"))?;
    let ben = Room::join(JoinOptions::new(folders, "Ben", address)).await?;
    let file = home.path().join("words.txt");
    std::fs::write(&file, "Ben's words.\n".repeat(100_000))?;
    ben.offer_file(&file, Vec::new()).await?;

    loop {
        match events.recv().await? {
            RoomEvent::Files(Event::Offered(file)) => ann.fetch_file(file.id, None).await?,
            RoomEvent::Transfer(transfer) => match transfer.state {
                TransferState::Running { done, .. } => println!("{done} of {} bytes", transfer.size),
                TransferState::Done { path: Some(path), .. } => break println!("it is {}", path.display()),
                state => println!("{state:?}"),
            },
            _ => {}
        }
    }
    ben.close().await;
    ann.close().await;
    Ok(())
}
