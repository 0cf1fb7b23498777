//! Ann hosts a room and publishes a stream, Ben watches it: `cargo run -p netcore --example video`.

use std::error::Error;
use std::time::Duration;

use netcore::proto::Transport;
use netcore::proto::video::{Event, SourceKind, StreamDescription};
use netcore::{Folders, HostOptions, JoinOptions, Room, RoomEvent, clock};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let home = tempfile::tempdir()?;
    let mut options = HostOptions::new(Folders::at(home.path().join("ann"))?, "Ann");
    options.loopback_only = true;
    let ann = Room::host(options).await?;

    let address = ann.info().address.parse()?;
    let folders = Folders::at(home.path().join("ben"))?;
    let ben = Room::join(JoinOptions::new(folders, "Ben", address)).await?;
    let mut events = ben.events();

    let (source, title) = (SourceKind::Pattern, "nothing to see".to_owned());
    let (width, height, rate, transport) = (640, 480, 20.0, Transport::Udp);
    let spec = StreamDescription {
        source,
        title,
        width,
        height,
        rate,
        transport,
    };
    let publisher = ann.publish(spec).await?;
    tokio::spawn(async move {
        // The room passes frames on and does not look inside.
        let jpeg = [[0xff, 0xd8], [0xff, 0xd9]].concat();
        loop {
            let now = clock::now();
            publisher.send(&jpeg, width, height, now, now);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });

    let stream = loop {
        if let RoomEvent::Video(Event::Started(info)) = events.recv().await? {
            break info.id;
        }
    };
    let mut frames = ben.frames(stream).ok_or("the stream is over")?;
    let mut last = None;
    for _ in 0..20 {
        let shown = frames.newer_than(last).await.ok_or("the stream is over")?;
        let header = shown.frame.header();
        last = Some(header.frame);
        let carrier = shown
            .transport
            .map(|transport| transport.to_string())
            .unwrap_or_default();
        println!(
            "frame {} of {} bytes over {carrier}",
            header.frame.0,
            shown.frame.bytes().len()
        );
    }
    ben.close().await;
    ann.close().await;
    Ok(())
}
