//! A host whose program ended and began anew on its port: the same address and identity, another room.

use std::path::Path;
use std::time::Duration;

use loopback_tests::{PATIENCE, Party, file, host_options, offered, pattern};
use netcore::proto::chat::Body;
use netcore::proto::files::{self, FileState};
use netcore::proto::{FileId, StreamId, Transport};
use netcore::{FileError, JoinError, OpenError, Publisher, Room, RoomEvent, Snapshot, TransferState, clock};
use tempfile::TempDir;

/// Ends the host without a goodbye, as a crash does, and opens another room in its place.
async fn begin_anew(host: Party) -> Party {
    let port = host.port();
    let Party { room, events, home } = host;
    drop((room, events));
    open_on(port, home).await
}

/// Opens a room on a port that another one is leaving, with the identity that is in `home`.
async fn open_on(port: u16, home: TempDir) -> Party {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        match Room::host(host_options(home.path(), port)).await {
            Ok(room) => {
                let events = room.events();
                return Party { room, events, home };
            }
            // The old room's tasks let go of the port a moment later.
            Err(OpenError::PortInUse { .. }) if tokio::time::Instant::now() < deadline => {
                tokio::task::yield_now().await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

fn id_of(snapshot: &Snapshot, name: &str) -> Option<netcore::proto::MemberId> {
    let mut people = snapshot.people.iter();
    people
        .find(|person| person.profile.name == name)
        .map(|person| person.id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_is_who_the_present_welcome_says() {
    let host = Party::host(0).await.unwrap();
    let ben = Party::join("Ben", host.port()).await.unwrap();
    let cai = Party::join("Cai", host.port()).await.unwrap();
    let before = cai.room.info();
    assert_eq!(id_of(&cai.room.snapshot().await, "Cai"), Some(before.me));
    ben.room.close().await;
    let host = begin_anew(host).await;
    // Alone in the new room, Cai has Ben's old number; who comes next has hers.
    cai.until("Cai is back", |snapshot| snapshot.info.room != before.room)
        .await;
    let dan = Party::join("Dan", host.port()).await.unwrap();
    assert_eq!(dan.room.info().me, before.me, "Dan has Cai's old number");
    let now = cai
        .until("Dan is here", |snapshot| id_of(snapshot, "Dan").is_some())
        .await;
    assert_eq!(id_of(&now, "Cai"), Some(now.info.me));
    assert_eq!(cai.room.info().me, now.info.me);
    assert_ne!(now.info.me, before.me);

    // What is filtered by the number follows it: a file for Dan is not Cai's.
    let (path, _) = file(host.home.path(), "for-dan.txt", 10);
    host.room
        .offer_file(&path, vec![dan.room.info().me])
        .await
        .unwrap();
    dan.until("Dan is offered the file", |snapshot| snapshot.files.len() == 1)
        .await;
    host.room.say("the end").await.unwrap();
    let is_end = |body: &Body| matches!(body, Body::Text { text } if text == "the end");
    let now = cai
        .until("Cai has heard what came after", |snapshot| {
            snapshot.chat.iter().any(|entry| is_end(&entry.body))
        })
        .await;
    assert!(now.files.is_empty(), "{:?}", now.files);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_still_offered_is_offered_to_the_new_room_by_itself() {
    let host = Party::host(0).await.unwrap();
    let mut ben = Party::join("Ben", host.port()).await.unwrap();
    let (path, content) = file(ben.home.path(), "slides.bin", 300_000);
    ben.room.offer_file(&path, vec![]).await.unwrap();
    host.until("the host has it", |snapshot| {
        let stored = |state: &FileState| matches!(state, FileState::Stored { .. });
        snapshot.files.iter().any(|(file, _)| stored(&file.state))
    })
    .await;
    let host = begin_anew(host).await;
    let is_reset = |event| matches!(event, RoomEvent::Files(files::Event::Reset)).then_some(());
    ben.expect("the files are reset", is_reset).await;
    let offered = host
        .until("it is offered again", |snapshot| snapshot.files.len() == 1)
        .await;
    let (info, _) = &offered.files[0];
    assert_eq!(
        (info.name.as_str(), info.owner),
        ("slides.bin", ben.room.info().me)
    );
    host.room.fetch_file(info.id, None).await.unwrap();
    let received = |snapshot: &Snapshot| match &snapshot.files[0].1.as_ref()?.state {
        TransferState::Done { path, .. } => path.clone(),
        _ => None,
    };
    let done = host.until("the host has it whole", |snapshot| received(snapshot).is_some());
    let path = received(&done.await).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), content);
}

/// More than the system keeps of a connection that nobody reads, so that a transfer can be caught in the middle.
const LARGE: usize = 60_000_000;

/// Begins to fetch a file of the host's, and returns when some of it has come.
async fn in_the_middle(host: &Party, member: &mut Party) -> FileId {
    let (path, _) = file(host.home.path(), "large.bin", LARGE);
    let info = host.room.offer_file(&path, vec![]).await.expect("it is offered");
    offered(member).await;
    let begun = member.room.fetch_file(info.id, None).await;
    begun.expect("it begins to come");
    let has_begun = |_: &Snapshot| {
        let state = member.room.transfer(info.id).map(|view| view.state);
        assert!(
            !matches!(state, Some(TransferState::Done { .. })),
            "too fast to be caught"
        );
        matches!(state, Some(TransferState::Running { done, .. }) if done > 0)
    };
    member.until("some has come", has_begun).await;
    info.id
}

/// Waits for the failure of a transfer, whole or not at all.
async fn failed(member: &mut Party, id: FileId) -> FileError {
    let failure = |event| match event {
        RoomEvent::Transfer(view) if view.file == id => match view.state {
            TransferState::Failed { error, .. } => Some(error),
            TransferState::Done { .. } => panic!("it cannot be whole"),
            _ => None,
        },
        _ => None,
    };
    member.expect("the failure", failure).await
}

fn left_in(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_from_a_room_that_is_gone_ends_in_words_and_its_number_means_another_file() {
    let host = Party::host(0).await.unwrap();
    let mut ben = Party::join("Ben", host.port()).await.unwrap();
    let id = in_the_middle(&host, &mut ben).await;
    let host = begin_anew(host).await;
    // Before Ben is back, a file of the same length has the number that his had.
    let (path, content) = file(host.home.path(), "another.bin", LARGE);
    let another = host.room.offer_file(&path, vec![]).await.unwrap();
    assert_eq!(another.id, id);
    let error = failed(&mut ben, id).await;
    assert!(error.to_string().contains("not on offer"), "{error}");
    let downloads = ben.home.path().join("downloads");
    ben.until("nothing of it is left", |_| left_in(&downloads) == 0)
        .await;
    let is_offered = |now: &Snapshot| now.files.iter().any(|(file, _)| file.name == "another.bin");
    ben.until("the other one is on offer", is_offered).await;
    ben.room.fetch_file(id, None).await.unwrap();
    let path = downloads.join("another.bin");
    ben.until("it is whole", |_| path.exists()).await;
    assert!(std::fs::read(path).unwrap() == content);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_host_at_the_address_is_not_gone_on_with() {
    let host = Party::host(0).await.unwrap();
    let mut ben = Party::join("Ben", host.port()).await.unwrap();
    let id = in_the_middle(&host, &mut ben).await;
    let port = host.port();
    let stranger = tempfile::tempdir().unwrap();
    drop(host);
    let other = open_on(port, stranger).await;
    let why = ben
        .expect("the end of the room", |event| match event {
            RoomEvent::Closed(why) => why,
            _ => None,
        })
        .await;
    assert!(matches!(why, JoinError::IdentityChanged { .. }), "{why}");
    assert!(why.to_string().contains("identity"), "{why}");
    let state = ben.room.transfer(id).map(|view| view.state);
    assert!(!matches!(state, Some(TransferState::Done { .. })), "{state:?}");
    assert_eq!(other.room.snapshot().await.people.len(), 1, "nobody came in");
    let downloads = ben.home.path().join("downloads");
    assert!(!downloads.join("large.bin").exists());
    // What has come is gone with the room.
    drop(ben.room);
    let gone = async {
        while left_in(&downloads) > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone)
        .await
        .expect("nothing of it is left");
}

/// Sends pictures until `seen` has one of them.
async fn shows(publisher: &Publisher, viewer: &Party, stream: StreamId) {
    let mut frames = viewer.room.frames(stream).expect("the stream is known");
    let sending = async {
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        loop {
            pace.tick().await;
            publisher.send(&[0xab; 20_000], 640, 480, clock::now(), clock::now());
        }
    };
    tokio::select! {
        shown = tokio::time::timeout(PATIENCE, frames.newer_than(None)) => {
            assert!(shown.is_ok_and(|shown| shown.is_some()), "no frame came");
        }
        () = sending => unreachable!("there is always another picture"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_members_video_goes_on_in_the_new_room_and_the_hosts_old_one_is_over() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let host = Party::host(0).await.unwrap();
        let ben = Party::join("Ben", host.port()).await.unwrap();
        let publisher = ben.room.publish(pattern(transport)).await.unwrap();
        shows(&publisher, &host, host.stream().await).await;
        let of_host = host.room.publish(pattern(transport)).await.unwrap();
        ben.until("both are live", |now| now.streams.len() == 2).await;
        shows(&of_host, &ben, of_host.stream().unwrap()).await;
        drop(of_host);
        let host = begin_anew(host).await;
        let stream = host.stream().await;
        shows(&publisher, &host, stream).await;
        let only_own = |now: &Snapshot| now.streams.len() == 1 && now.streams[0].id == stream;
        ben.until("the old one is over", only_own).await;
    }
}
