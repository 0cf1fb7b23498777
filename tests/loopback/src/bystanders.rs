//! People in a room who mind their own business: what they notice of another's doings must be nothing.

use std::path::{Path, PathBuf};
use std::time::Duration;

use netcore::proto::chat::Body;
use netcore::proto::files::{self, FileInfo};
use netcore::proto::{FileId, FrameNumber, MemberId, StreamId, Transport, video};
use netcore::{FrameReceiver, LinkState, RoomEvent, TransferState, clock};
use tokio::sync::broadcast;
use tokio::task::AbortHandle;

use crate::{PATIENCE, Party, pattern};

/// A host, Ben, who publishes a stream, and Cai, who watches it.
pub struct Bystanders {
    /// Watches too.
    pub host: Party,
    /// Publishes.
    pub ben: Party,
    /// Watches.
    pub cai: Party,
    /// Ben's stream.
    pub stream: StreamId,
    at_host: FrameReceiver,
    at_cai: FrameReceiver,
    publishing: AbortHandle,
    words: u32,
    watched: [broadcast::Receiver<RoomEvent>; 3],
}

impl Bystanders {
    /// Opens a room in which a stream is live over `transport`.
    ///
    /// # Panics
    /// When that does not work even without anybody else.
    pub async fn gather(transport: Transport) -> Bystanders {
        let host = Party::host(0).await.expect("a room opens");
        let ben = Party::join("Ben", host.port()).await.expect("Ben joins");
        let cai = Party::join("Cai", host.port()).await.expect("Cai joins");
        let publisher = ben
            .room
            .publish(pattern(transport))
            .await
            .expect("a stream begins");
        let stream = publisher.stream().expect("it is live");
        let publishing = tokio::spawn(async move {
            let mut picture = vec![0x5a; 16_600];
            let mut pace = tokio::time::interval(Duration::from_millis(20));
            for number in 0_u64.. {
                pace.tick().await;
                picture[..8].copy_from_slice(&number.to_be_bytes());
                publisher.send(&picture, 640, 480, clock::now(), clock::now());
            }
        })
        .abort_handle();
        let is_live = |snapshot: &netcore::Snapshot| !snapshot.streams.is_empty();
        host.until("the stream is live", is_live).await;
        cai.until("the stream is live", is_live).await;
        let frames = |party: &Party| party.room.frames(stream).expect("it is live");
        let mut bystanders = Bystanders {
            at_host: frames(&host),
            at_cai: frames(&cai),
            watched: [host.room.events(), ben.room.events(), cai.room.events()],
            host,
            ben,
            cai,
            stream,
            publishing,
            words: 0,
        };
        bystanders.notice_nothing("nothing").await;
        bystanders
    }

    /// The room's port.
    pub fn port(&self) -> u16 {
        self.host.port()
    }

    /// Frames keep coming, a word and a file still pass, and nobody's connection or stream ended.
    ///
    /// # Panics
    /// When something of that is not so, naming `after`.
    pub async fn notice_nothing(&mut self, after: &str) {
        for frames in [&mut self.at_host, &mut self.at_cai] {
            for _ in 0..2 {
                let newest = tokio::time::timeout(PATIENCE, frames.newer_than(None)).await;
                let newest: FrameNumber = newest
                    .ok()
                    .flatten()
                    .unwrap_or_else(|| panic!("the stream ended after {after}"))
                    .frame
                    .header()
                    .frame;
                let next = tokio::time::timeout(PATIENCE, frames.newer_than(Some(newest))).await;
                assert!(matches!(next, Ok(Some(_))), "the stream stalled after {after}");
            }
        }
        self.words += 1;
        let words = format!("word {}", self.words);
        self.cai.room.say(&words).await.expect("Cai can speak");
        let is_heard = |snapshot: &netcore::Snapshot| {
            let is_it = |body: &Body| matches!(body, Body::Text { text } if *text == words);
            snapshot.chat.iter().any(|entry| is_it(&entry.body))
        };
        self.ben
            .until(&format!("Ben hears Cai after {after}"), is_heard)
            .await;
        self.pass_a_file(after).await;
        for events in &mut self.watched {
            while let Ok(event) = events.try_recv() {
                let ended = match &event {
                    RoomEvent::Link(LinkState::Lost { .. }) | RoomEvent::Closed(_) => true,
                    RoomEvent::Video(video::Event::Stopped(info)) => info.id == self.stream,
                    _ => false,
                };
                assert!(!ended, "{event:?} after {after}");
            }
        }
    }

    async fn pass_a_file(&self, after: &str) {
        let (path, content) = file(self.ben.home.path(), &format!("{}.bin", self.words), 70_001);
        let to = vec![self.cai.room.info().me];
        let info = self
            .ben
            .room
            .offer_file(&path, to)
            .await
            .expect("a file is offered");
        let is_offered =
            |snapshot: &netcore::Snapshot| snapshot.files.iter().any(|(file, _)| file.id == info.id);
        self.cai.until("the file is offered", is_offered).await;
        self.cai
            .room
            .fetch_file(info.id, None)
            .await
            .expect("it is on offer");
        let is_done = |snapshot: &netcore::Snapshot| transfer(snapshot, info.id).is_some();
        let snapshot = self
            .cai
            .until(&format!("a file passes after {after}"), is_done)
            .await;
        let got = transfer(&snapshot, info.id).expect("it is done");
        assert!(
            std::fs::read(got).expect("it is there") == content,
            "the file differs after {after}"
        );
    }

    /// Waits until nobody called `name` is here any more, as everybody sees it.
    ///
    /// # Panics
    /// When it does not become so.
    pub async fn see_gone(&self, name: &str) {
        let is_gone =
            |snapshot: &netcore::Snapshot| !snapshot.people.iter().any(|person| person.profile.name == name);
        for party in [&self.host, &self.ben, &self.cai] {
            party.until(&format!("{name} is gone"), is_gone).await;
        }
    }

    /// The number of the person called `name`.
    ///
    /// # Panics
    /// When nobody is.
    pub async fn number_of(&self, name: &str) -> MemberId {
        let people = self.host.room.snapshot().await.people;
        let person = people.into_iter().find(|person| person.profile.name == name);
        person.unwrap_or_else(|| panic!("nobody is called {name}")).id
    }
}

impl Drop for Bystanders {
    fn drop(&mut self) {
        self.publishing.abort();
    }
}

fn transfer(snapshot: &netcore::Snapshot, id: FileId) -> Option<PathBuf> {
    let (_, transfer) = snapshot.files.iter().find(|(file, _)| file.id == id)?;
    match &transfer.as_ref()?.state {
        TransferState::Done { path, .. } => path.clone(),
        _ => None,
    }
}

/// Makes a file in `folder` whose every piece differs from every other.
///
/// # Panics
/// When it cannot be written.
pub fn file(folder: &Path, name: &str, bytes: usize) -> (PathBuf, Vec<u8>) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let content: Vec<u8> = (0..bytes)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        })
        .collect();
    let path = folder.join(name);
    std::fs::write(&path, &content).expect("a file can be written");
    (path, content)
}

/// The next file offered to `party`.
pub async fn offered(party: &mut Party) -> FileInfo {
    party
        .expect("an offer", |event| match event {
            RoomEvent::Files(files::Event::Offered(file)) => Some(file),
            _ => None,
        })
        .await
}
