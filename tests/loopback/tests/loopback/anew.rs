//! A host whose program ended and began anew on its port: the same address and identity, another room.

use loopback_tests::{PATIENCE, Party, file, host_options};
use netcore::proto::chat::Body;
use netcore::proto::files::{self, FileState};
use netcore::{OpenError, Room, RoomEvent, Snapshot, TransferState};

/// Ends the host without a goodbye, as a crash does, and opens another room in its place.
async fn begin_anew(host: Party) -> Party {
    let port = host.port();
    let Party { room, events, home } = host;
    drop((room, events));
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
