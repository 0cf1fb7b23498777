//! A host in a process of its own, for tests that kill it. Its folder is its argument; the room's port is its first line.
//! After `say TEXT` on its input it says that; it runs until its input ends. Warnings of its event log follow as further lines.

use std::io::{BufRead, Write};
use std::path::PathBuf;

use loopback_tests::host_options;
use netcore::Room;
use tokio::sync::mpsc;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let home: PathBuf = std::env::args_os().nth(1).ok_or("which folder?")?.into();
    let options = host_options(&home, 0);
    let log = netcore::steps::init_logging(&options.folders, false);
    let mut steps = log.steps().subscribe();
    let room = Room::host(options).await?;
    println!("{}", room.info().port);
    std::io::stdout().flush()?;
    tokio::spawn(async move {
        while let Ok(step) = steps.recv().await {
            if step.is_warning {
                println!("{}", step.words);
            }
        }
    });
    let (input, mut lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if input.blocking_send(line).is_err() {
                break;
            }
        }
    });
    while let Some(line) = lines.recv().await {
        if let Some(text) = line.strip_prefix("say ") {
            room.say(text).await?;
        }
    }
    room.close().await;
    Ok(())
}
