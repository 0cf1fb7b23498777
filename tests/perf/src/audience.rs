//! Publishers at 720p30 and those who watch, each of whom counts what it sees.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use netcore::proto::Transport;
use netcore::proto::video::Event;
use netcore::{Publisher, Room, RoomEvent, clock};
use tempfile::TempDir;
use tokio::time::{Interval, interval};

use crate::process::Part;
use crate::{Outcome, SIZES, ours};

/// Bytes of a 720p picture.
pub(crate) const BYTES: usize = SIZES[1];
pub(crate) const FRAMES_A_SECOND: u32 = 30;
/// In which connections are opened and windows found.
const SETTLES: Duration = Duration::from_secs(3);

/// A host in a process of its own, and homes for its guests.
pub(crate) struct House {
    pub(crate) host: Part,
    port: u16,
    /// What the host's memory was with nobody there, in bytes.
    pub(crate) empty: u64,
    _home: TempDir,
    homes: Vec<TempDir>,
}

impl House {
    pub(crate) fn open(guests: usize) -> Outcome<House> {
        let home = tempfile::tempdir()?;
        let mut host = Part::start(&["host", &home.path().to_string_lossy()])?;
        Ok(House {
            port: host.line()?.parse()?,
            empty: host.process().memory().unwrap_or(0),
            host,
            _home: home,
            homes: (0..guests)
                .map(|_| tempfile::tempdir())
                .collect::<Result<_, _>>()?,
        })
    }

    /// The guest with this number joins, to watch what there is or not.
    pub(crate) async fn join(&self, guest: usize, watches: bool) -> Outcome<Room> {
        let home = self.homes.get(guest).ok_or("a guest without a home")?;
        Ok(Room::join(ours::member(home.path(), self.port, watches)?).await?)
    }
}

/// Publishers, and the pace they keep together.
pub(crate) struct Stage<'a> {
    publishers: Vec<&'a Publisher>,
    pace: Interval,
    picture: Vec<u8>,
}

impl<'a> Stage<'a> {
    /// Sends until windows have been found.
    pub(crate) async fn settled(publishers: Vec<&'a Publisher>) -> Stage<'a> {
        let mut stage = Stage {
            publishers,
            pace: interval(Duration::from_secs(1) / FRAMES_A_SECOND),
            picture: vec![0xab; BYTES],
        };
        stage.send_for(SETTLES).await;
        stage
    }

    /// Sends for as long as is said. Returns how many seconds it took.
    pub(crate) async fn send_for(&mut self, lasts: Duration) -> f64 {
        let began = Instant::now();
        while began.elapsed() < lasts {
            self.pace.tick().await;
            for publisher in &self.publishers {
                let now = clock::now();
                publisher.send(&self.picture, 1280, 720, now, now);
            }
        }
        began.elapsed().as_secs_f64()
    }
}

/// The frames that a viewer has seen.
pub(crate) type Count = Arc<AtomicU64>;

/// Counts the frames that a viewer sees of the first stream that begins from now on over `transport`.
pub(crate) fn count_frames(room: &Room, transport: Transport) -> Count {
    let count = Arc::new(AtomicU64::new(0));
    let (room, counted) = (room.clone(), count.clone());
    let mut events = room.events();
    tokio::spawn(async move {
        let stream = loop {
            match events.recv().await {
                Ok(RoomEvent::Video(Event::Started(info))) if info.spec.transport == transport => {
                    break info.id;
                }
                Ok(_) => {}
                Err(_) => return,
            }
        };
        let Some(mut frames) = room.frames(stream) else {
            return;
        };
        let mut after = None;
        while let Some(shown) = frames.newer_than(after).await {
            after = Some(shown.frame.header().frame);
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    count
}

/// What each viewer has seen so far.
pub(crate) fn read(counts: &[Count]) -> Vec<u64> {
    counts.iter().map(|count| count.load(Ordering::Relaxed)).collect()
}

/// How many frames each viewer got between two readings.
pub(crate) fn between(before: &[u64], after: &[u64]) -> Vec<u64> {
    before
        .iter()
        .zip(after)
        .map(|(before, after)| after - before)
        .collect()
}
