//! A host in a process of its own, for tests that kill it. Its folder is its argument; the room's port is its first line.
//! After `say TEXT` on its input it says that, after `exhaust N` it can open N descriptors more until `release`; it lives until its
//! input ends. Warnings of its event log follow as further lines.

use std::io::{BufRead, Write};
use std::path::PathBuf;

use loopback_tests::host_options;
use netcore::Room;
use tokio::sync::mpsc;

fn answer() -> std::io::Result<()> {
    println!("done");
    std::io::stdout().flush()
}

/// Takes every descriptor there is, of not too many.
fn exhaust() -> Vec<std::fs::File> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let maximum = getrlimit(Resource::Nofile).maximum;
        let limit = Rlimit {
            current: Some(256),
            maximum,
        };
        let _ = setrlimit(Resource::Nofile, limit);
    }
    std::iter::from_fn(|| std::fs::File::open(std::env::args_os().next()?).ok()).collect()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    netcore::survive_length_limit();
    let home: PathBuf = std::env::args_os().nth(1).ok_or("which folder?")?.into();
    let options = host_options(&home, 0);
    let log = netcore::event_log::init_logging(&options.folders, false);
    let mut entries = log.event_log().subscribe();
    let room = Room::host(options).await?;
    println!("{}", room.info().port);
    std::io::stdout().flush()?;
    tokio::spawn(async move {
        while let Ok(entry) = entries.recv().await {
            if entry.is_warning {
                println!("{}", entry.words);
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
    let mut held = Vec::new();
    while let Some(line) = lines.recv().await {
        match line.split_once(' ').unwrap_or((&line, "")) {
            ("say", text) => drop(room.say(text).await?),
            ("exhaust", left) => {
                held = exhaust();
                held.truncate(held.len().saturating_sub(left.parse()?));
                answer()?;
            }
            ("release", _) => {
                held.clear();
                answer()?;
            }
            _ => {}
        }
    }
    room.close().await;
    Ok(())
}
