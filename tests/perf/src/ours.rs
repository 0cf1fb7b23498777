//! Ours: a host in another process, a member in this one that publishes and measures.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use netcore::proto::Transport;
use netcore::proto::session::Profile;
use netcore::proto::video::{FrameOutcome, SourceKind, StreamSpec, WindowMode};
use netcore::{Folders, HostOptions, JoinOptions, LinkResult, Publisher, Room, clock};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::broadcast::Receiver;

use crate::Outcome;

/// Unacknowledged frames when the rate is measured.
const WINDOW: usize = 16;
/// How long the rate is measured.
const RATE_FOR: Duration = Duration::from_secs(2);

/// A frame goes to a host in another process, its acknowledgement comes back.
pub(crate) struct Link {
    runtime: Runtime,
    results: Receiver<LinkResult>,
    publisher: Option<Publisher>,
    room: Room,
    picture: Vec<u8>,
    child: Child,
    _homes: [TempDir; 2],
}

impl Link {
    pub(crate) fn open(transport: Transport, bytes: usize) -> Outcome<Link> {
        Link::with_window(transport, bytes, WindowMode::Adaptive)
    }

    fn with_window(transport: Transport, bytes: usize, window: WindowMode) -> Outcome<Link> {
        let homes = [tempfile::tempdir()?, tempfile::tempdir()?];
        let mut child = Command::new(std::env::current_exe()?)
            .arg("host")
            .arg(homes[0].path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("the child has no output")?).read_line(&mut line)?;
        let runtime = Runtime::new()?;
        let (room, publisher) = runtime.block_on(async {
            let room = Room::join(JoinOptions {
                folders: Folders::at(homes[1].path())?,
                profile: Profile {
                    name: "bench".into(),
                    ..Profile::default()
                },
                address: format!("127.0.0.1:{}", line.trim()).parse()?,
                downloads: homes[1].path().to_owned(),
                watch_streams: false,
                window,
            })
            .await?;
            let title = "bench".to_owned();
            let spec = StreamSpec {
                source: SourceKind::Pattern,
                title,
                width: 1280,
                height: 720,
                rate: 30.0,
                transport,
            };
            let publisher = room.publish(spec).await?;
            Ok::<_, Box<dyn std::error::Error>>((room, publisher))
        })?;
        let results = room.results();
        let mut link = Link {
            runtime,
            results,
            publisher: Some(publisher),
            room,
            picture: vec![0xab; bytes],
            child,
            _homes: homes,
        };
        link.wait_until_it_flows()?;
        Ok(link)
    }

    /// Sends until the first acknowledgement: the stream's connection is opened beside the stream.
    fn wait_until_it_flows(&mut self) -> Outcome<()> {
        for _ in 0..200 {
            self.send();
            let answer = async { tokio::time::timeout(Duration::from_millis(50), self.results.recv()).await };
            if let Ok(Ok(LinkResult { result, .. })) = self.runtime.block_on(answer)
                && result.delay().is_some()
            {
                // Frames offered while there was no answer have theirs by now.
                std::thread::sleep(Duration::from_millis(100));
                while self.results.try_recv().is_ok() {}
                return Ok(());
            }
        }
        Err("no frame was acknowledged within ten seconds".into())
    }

    fn send(&self) {
        if let Some(publisher) = &self.publisher {
            let now = clock::now();
            publisher.send(&self.picture, 1280, 720, now, now);
        }
    }

    /// Sends `count` frames, each when the one before has been answered. Returns each one's delay, in nanoseconds.
    pub(crate) fn exchange(&mut self, count: usize, pause_ms: u64) -> Outcome<Vec<u64>> {
        let mut took = Vec::with_capacity(count);
        while took.len() < count {
            if pause_ms > 0 {
                std::thread::sleep(Duration::from_millis(pause_ms));
            }
            self.send();
            let result = self.runtime.block_on(self.results.recv())?.result;
            match result.outcome {
                FrameOutcome::Acked { delay, .. } => took.push(delay.as_micros() * 1_000),
                other => eprintln!("bench: a frame was not acknowledged: {other:?}"),
            }
        }
        Ok(took)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.publisher.take();
        self.runtime.block_on(self.room.close());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Frames acknowledged each second with a window, as fast as it goes.
pub(crate) fn frames_per_second(transport: Transport, bytes: usize) -> Outcome<f64> {
    let mut link = Link::with_window(transport, bytes, WindowMode::Fixed(WINDOW))?;
    link.exchange(200, 0)?;
    let mut unfinished = 0;
    let mut acked = 0_u64;
    let began = Instant::now();
    while began.elapsed() < RATE_FOR {
        // The window and the one frame that may wait.
        while unfinished <= WINDOW {
            link.send();
            unfinished += 1;
        }
        let mut result = Some(link.runtime.block_on(link.results.recv())?);
        while let Some(LinkResult { result: finished, .. }) = result {
            unfinished = unfinished.saturating_sub(1);
            acked += u64::from(matches!(
                finished.outcome,
                FrameOutcome::Acked { .. } | FrameOutcome::Delivered
            ));
            result = link.results.try_recv().ok();
        }
    }
    Ok(acked as f64 / began.elapsed().as_secs_f64())
}

/// The other process: a host that prints its port and lives as long as its input.
pub(crate) fn host(home: &str) -> Outcome<()> {
    Runtime::new()?.block_on(async {
        let room = Room::host(HostOptions {
            folders: Folders::at(home)?,
            profile: Profile {
                name: "host".into(),
                ..Profile::default()
            },
            room_name: "bench".into(),
            port: 0,
            downloads: home.into(),
            loopback_only: true,
            window: WindowMode::Adaptive,
        })
        .await?;
        println!("{}", room.info().port);
        std::io::stdout().flush()?;
        tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await??;
        room.close().await;
        Ok(())
    })
}
