//! Ours: a host in another process, a member in this one that publishes and measures.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use netcore::proto::Transport;
use netcore::proto::session::Profile;
use netcore::proto::video::{FrameOutcome, SourceKind, StreamDescription, WindowMode};
use netcore::{Folders, HostOptions, JoinOptions, LinkResult, Publisher, Room, clock};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::broadcast::Receiver;

use crate::Outcome;
use crate::exchange::Exchange;
use crate::process::Part;

/// Bytes that may be in flight when the rate is measured: what fits into a processor's cache.
const WINDOW_BYTES: usize = 1_000_000;
/// And frames at most.
const MAX_WINDOW: usize = 16;

/// A frame goes to a host in another process, its acknowledgement comes back.
pub(crate) struct Link {
    runtime: Runtime,
    results: Receiver<LinkResult>,
    publisher: Option<Publisher>,
    room: Room,
    picture: Vec<u8>,
    _host: Part,
    _homes: [TempDir; 2],
}

impl Link {
    pub(crate) fn open(transport: Transport, bytes: usize) -> Outcome<Link> {
        Link::with_window(transport, bytes, WindowMode::Adaptive)
    }

    fn with_window(transport: Transport, bytes: usize, window: WindowMode) -> Outcome<Link> {
        let homes = [tempfile::tempdir()?, tempfile::tempdir()?];
        let mut host = Part::start(&["host", &homes[0].path().to_string_lossy()])?;
        let port = host.line()?.parse()?;
        let runtime = Runtime::new()?;
        let (room, publisher) = runtime.block_on(async {
            let options = JoinOptions {
                window,
                ..member(homes[1].path(), port, false)?
            };
            let room = Room::join(options).await?;
            let publisher = room.publish(spec(transport)).await?;
            Ok::<_, Box<dyn std::error::Error>>((room, publisher))
        })?;
        let results = room.results();
        let mut link = Link {
            runtime,
            results,
            publisher: Some(publisher),
            room,
            picture: vec![0xab; bytes],
            _host: host,
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
}

impl Exchange for Link {
    fn once(&mut self) -> Outcome<Option<u64>> {
        self.send();
        let result = self.runtime.block_on(self.results.recv())?.result;
        if result.delay().is_none() {
            eprintln!("bench: a frame was not acknowledged: {:?}", result.outcome);
        }
        Ok(result.delay().map(|delay| delay.as_micros() * 1_000))
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.publisher.take();
        self.runtime.block_on(self.room.close());
    }
}

/// A link that has several frames in flight.
pub(crate) struct WindowedLink {
    link: Link,
    window: usize,
    /// Frames whose result is still to come.
    unfinished: usize,
}

impl WindowedLink {
    pub(crate) fn open(transport: Transport, bytes: usize) -> Outcome<WindowedLink> {
        let window = (WINDOW_BYTES / bytes).clamp(2, MAX_WINDOW);
        Ok(WindowedLink {
            link: Link::with_window(transport, bytes, WindowMode::Fixed(window))?,
            window,
            unfinished: 0,
        })
    }

    /// Sends for as long as is said, as fast as it goes. Returns how many were acknowledged and how many seconds it took.
    pub(crate) fn run(&mut self, lasts: Duration) -> Outcome<(usize, f64)> {
        let mut acked = 0;
        let began = Instant::now();
        while began.elapsed() < lasts {
            // The window and the one frame that may wait.
            while self.unfinished <= self.window {
                self.link.send();
                self.unfinished += 1;
            }
            acked += self.results()?;
        }
        while self.unfinished > 0 {
            acked += self.results()?;
        }
        Ok((acked, began.elapsed().as_secs_f64()))
    }

    /// Waits for a result, and takes those that are there as well. Returns how many frames were acknowledged.
    fn results(&mut self) -> Outcome<usize> {
        let Link { runtime, results, .. } = &mut self.link;
        let mut result = Some(runtime.block_on(results.recv())?);
        let mut acked = 0;
        while let Some(LinkResult { result: finished, .. }) = result {
            self.unfinished = self.unfinished.saturating_sub(1);
            acked += usize::from(matches!(
                finished.outcome,
                FrameOutcome::Acked { .. } | FrameOutcome::Delivered
            ));
            result = results.try_recv().ok();
        }
        Ok(acked)
    }
}

/// What a host of the bench is like.
pub(crate) fn host_options(home: &Path) -> Outcome<HostOptions> {
    Ok(HostOptions {
        folders: Folders::at(home)?,
        profile: profile("host"),
        room_name: "bench".into(),
        port: 0,
        downloads: home.into(),
        loopback_only: true,
        listen: Vec::new(),
        window: WindowMode::Adaptive,
    })
}

/// What a member of the bench is like.
pub(crate) fn member(home: &Path, port: u16, watch_streams: bool) -> Outcome<JoinOptions> {
    Ok(JoinOptions {
        folders: Folders::at(home)?,
        profile: profile("bench"),
        address: format!("127.0.0.1:{port}").parse()?,
        downloads: home.into(),
        watch_streams,
        window: WindowMode::Adaptive,
    })
}

/// What a stream of the bench is like.
pub(crate) fn spec(transport: Transport) -> StreamDescription {
    StreamDescription {
        source: SourceKind::Pattern,
        title: "bench".to_owned(),
        width: 1280,
        height: 720,
        rate: 30.0,
        transport,
    }
}

fn profile(name: &str) -> Profile {
    Profile {
        name: name.to_owned(),
        ..Profile::default()
    }
}

/// The other process: a host that prints its port and lives as long as its input.
pub(crate) fn host(home: &str) -> Outcome<()> {
    Runtime::new()?.block_on(async {
        let room = Room::host(host_options(home.as_ref())?).await?;
        println!("{}", room.info().port);
        std::io::stdout().flush()?;
        tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await??;
        room.close().await;
        Ok(())
    })
}
