use std::path::PathBuf;
use std::time::Duration;

use netcore_proto::session::{self, Presence, Profile};
use netcore_proto::video::{SourceKind, StreamDescription, WindowMode};
use netcore_proto::{MemberId, Transport};
use tempfile::TempDir;
use tokio::sync::broadcast;

use super::*;
use crate::{Address, Folders, HostOptions, JoinOptions, Room, RoomEvent, Snapshot, clock};

const PATIENCE: Duration = Duration::from_secs(60);

/// One in a room, with a home that goes with them.
struct Party {
    room: Room,
    _home: TempDir,
}

fn profile(name: &str) -> Profile {
    Profile {
        name: name.into(),
        ..Profile::default()
    }
}

fn home() -> (TempDir, Folders, PathBuf) {
    let home = TempDir::new().unwrap();
    let folders = Folders::at(home.path()).unwrap();
    let downloads = home.path().join("downloads");
    (home, folders, downloads)
}

impl Party {
    async fn host() -> Party {
        let (home, folders, downloads) = home();
        let options = HostOptions {
            folders,
            profile: profile("Host"),
            room_name: "Lab".into(),
            port: 0,
            downloads,
            loopback_only: true,
            listen: Vec::new(),
            window: WindowMode::Adaptive,
        };
        let room = Room::host(options).await.unwrap();
        Party { room, _home: home }
    }

    async fn join(name: &str, port: u16) -> Party {
        let (home, folders, downloads) = home();
        let options = JoinOptions {
            folders,
            profile: profile(name),
            address: format!("127.0.0.1:{port}").parse::<Address>().unwrap(),
            downloads,
            watch_streams: true,
            window: WindowMode::Adaptive,
        };
        let room = Room::join(options).await.unwrap();
        Party { room, _home: home }
    }

    async fn until(&self, what: &str, mut is_so: impl FnMut(&Snapshot) -> bool) {
        let wait = async {
            let mut events = self.room.events();
            while !is_so(&self.room.snapshot().await) {
                tokio::select! {
                    _ = events.recv() => {}
                    () = tokio::time::sleep(Duration::from_millis(50)) => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, wait)
            .await
            .unwrap_or_else(|_| panic!("{what} did not become so"));
    }

    /// The member's number at the host.
    async fn number_of(&self, name: &str) -> MemberId {
        let people = self.room.snapshot().await.people;
        people
            .iter()
            .find(|person| person.profile.name == name)
            .unwrap()
            .id
    }

    /// Another one's words reach us.
    async fn hears(&self, speaker: &Party, words: &str) {
        speaker.room.say(words).await.unwrap();
        self.until(words, |now| {
            let is_it = |body: &netcore_proto::chat::Body| {
                matches!(body, netcore_proto::chat::Body::Text { text } if text == words)
            };
            now.chat.iter().any(|entry| is_it(&entry.body))
        })
        .await;
    }
}

/// A stream of Ben's is live and watched by the others. Frames keep coming while the returned task lives.
async fn go_live(ben: &Party) -> tokio::task::JoinHandle<()> {
    let spec = StreamDescription {
        source: SourceKind::Pattern,
        title: "Pattern".into(),
        width: 64,
        height: 64,
        rate: 50.0,
        transport: Transport::Udp,
    };
    let publisher = ben.room.publish(spec).await.unwrap();
    tokio::spawn(async move {
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        loop {
            pace.tick().await;
            publisher.send(&[0x5a; 3_000], 64, 64, clock::now(), clock::now());
        }
    })
}

async fn sees_frames(party: &Party) {
    party
        .until("a stream is live", |now| !now.streams.is_empty())
        .await;
    let stream = party.room.snapshot().await.streams[0].id;
    let mut frames = party.room.frames(stream).unwrap();
    let newest = tokio::time::timeout(PATIENCE, frames.newer_than(None))
        .await
        .unwrap()
        .unwrap();
    let number = newest.frame.header().frame;
    tokio::time::timeout(PATIENCE, frames.newer_than(Some(number)))
        .await
        .unwrap()
        .unwrap();
}

/// The one at fault is disconnected, and comes back by itself; nobody leaves.
async fn is_cut_off_and_returns(host: &Party, events: &mut broadcast::Receiver<RoomEvent>, who: MemberId) {
    let cut = async {
        loop {
            match events.recv().await {
                Ok(RoomEvent::Session(session::Event::Detached { member })) => {
                    assert_eq!(member, who, "only the one at fault is disconnected");
                    return;
                }
                Ok(RoomEvent::Session(session::Event::Left { person, reason })) => {
                    panic!("{} left: {reason:?}", person.profile.name)
                }
                _ => {}
            }
        }
    };
    tokio::time::timeout(PATIENCE, cut)
        .await
        .expect("the one at fault is disconnected");
    host.until("the one at fault is back", |now| {
        now.people
            .iter()
            .any(|person| person.id == who && person.presence == Presence::Here)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_costs_one_peer_its_connection_and_the_room_goes_on() {
    let host = Party::host().await;
    let port = host.room.info().port;
    let ben = Party::join("Ben", port).await;
    let cai = Party::join("Cai", port).await;
    let mallory = Party::join("Mallory", port).await;
    let who = host.number_of("Mallory").await;
    let bens = go_live(&ben).await;
    for party in [&host, &cai, &mallory] {
        sees_frames(party).await;
    }
    let mallorys = go_live(&mallory).await;
    let mut events = host.room.events();
    // A datagram of Mallory's, a frame of Ben's that goes to Mallory, a task of its link, the words on its connection.
    for what in ["datagram", "frame", "link", "connection"] {
        let peer = host.room.shared().peer(who).expect("Mallory is here");
        let of = match what {
            "datagram" | "frame" => peer.association.connection().into(),
            "link" => who.0.into(),
            // Connections are numbered as they come; Mallory's is the newest.
            _ => {
                host.room
                    .shared()
                    .call(move |node, _| node.conn_of(who))
                    .await
                    .flatten()
                    .unwrap()
                    .0
            }
        };
        faults::arm(what, of);
        is_cut_off_and_returns(&host, &mut events, who).await;
        for party in [&host, &cai] {
            sees_frames(party).await;
        }
        cai.hears(&ben, &format!("still here after a fault at a {what}"))
            .await;
        host.hears(&cai, &format!("so am I, after a fault at a {what}"))
            .await;
    }
    bens.abort();
    mallorys.abort();
}

#[test]
fn a_fault_is_an_error_and_what_was_not_armed_is_done() {
    faults::arm("test", 1);
    assert!(confined("test", 1, || ()).is_err());
    assert_eq!(confined("test", 1, || 7).ok(), Some(7));
}
