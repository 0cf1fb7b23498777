use loopback_tests::{PATIENCE, Party, host_options, join_options, profile};
use netcore::proto::chat::Body;
use netcore::proto::session::{Event, LeaveReason, RefusalCode};
use netcore::{Folders, JoinError, KnownRooms, KnownRoomsError, LinkState, OpenError, Room, RoomEvent};

#[tokio::test(flavor = "multi_thread")]
async fn joining_and_leaving_are_seen_by_everybody() {
    let mut host = Party::host(0).await.unwrap();
    let mut ben = Party::join("Ben", host.port()).await.unwrap();
    let mut cai = Party::join("Cai", host.port()).await.unwrap();
    let joined = |name: &'static str| {
        move |event| match event {
            RoomEvent::Session(Event::Joined(person)) if person.profile.name == name => Some(person.address),
            _ => None,
        }
    };
    let ben_at = host.expect("Ben joins", joined("Ben")).await;
    let cai_at = host.expect("Cai joins", joined("Cai")).await;
    assert!(
        ben_at.ip().is_loopback() && ben_at != cai_at,
        "two on one computer are distinguished"
    );
    assert_eq!(cai.room.snapshot().await.people.len(), 3);
    ben.room.close().await;
    let lost_or_over = |event| match event {
        RoomEvent::Link(LinkState::Lost { reason, .. }) => Some(Err(reason)),
        RoomEvent::Closed(reason) => Some(Ok(reason.is_none())),
        _ => None,
    };
    let ends = ben.expect("Ben's room is over", lost_or_over).await;
    assert!(matches!(ends, Ok(true)), "{ends:?}");
    let left = |event| match event {
        RoomEvent::Session(Event::Left { person, reason }) if person.profile.name == "Ben" => Some(reason),
        _ => None,
    };
    assert_eq!(host.expect("Ben leaves", left).await, LeaveReason::Left);
    assert_eq!(cai.expect("Ben leaves", left).await, LeaveReason::Left);
    let log = cai
        .until("the log says it", |snapshot| snapshot.chat.len() == 4)
        .await;
    let bodies: Vec<&Body> = log.chat.iter().map(|entry| &entry.body).collect();
    assert_eq!(
        bodies,
        [
            &Body::Opened,
            &Body::Joined,
            &Body::Joined,
            &Body::Left {
                reason: LeaveReason::Left
            }
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_is_closed_and_opened_again_on_the_same_port_many_times() {
    let first = Party::host(0).await.unwrap();
    let port = first.port();
    first.room.close().await;
    for _ in 0..5 {
        let host = Party::host(port).await.unwrap();
        let member = Party::join("Ben", port).await.unwrap();
        member.room.close().await;
        host.room.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_said_so_in_words() {
    let host = Party::host(0).await.unwrap();
    let error = Party::host(host.port()).await.map(|_| ()).unwrap_err();
    assert!(
        matches!(error, OpenError::PortInUse { port } if port == host.port()),
        "{error}"
    );
    assert!(error.to_string().contains("in use"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_said_so_at_once() {
    let port = {
        let closed = Party::host(0).await.unwrap();
        closed.room.close().await;
        closed.port()
    };
    let error = Party::join("Ben", port).await.map(|_| ()).unwrap_err();
    assert!(matches!(error, JoinError::Refused { .. }), "{error}");
    let home = tempfile::tempdir().unwrap();
    let mut options = join_options(home.path(), "Ben", port);
    options.address = "no-such-host.invalid".parse().unwrap();
    let error = Room::join(options).await.map(|_| ()).unwrap_err();
    assert!(matches!(error, JoinError::Unreachable { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_room_notifies_its_members() {
    let host = Party::host(0).await.unwrap();
    let mut ben = Party::join("Ben", host.port()).await.unwrap();
    host.room.close().await;
    let reason = ben
        .expect("the room closes", |event| match event {
            RoomEvent::Closed(reason) => Some(reason),
            _ => None,
        })
        .await;
    assert!(
        matches!(&reason, Some(JoinError::RoomRefused(refusal)) if refusal.code == RefusalCode::Closed),
        "{reason:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_profile_is_shown_to_others() {
    let host = Party::host(0).await.unwrap();
    let ben = Party::join("Ben", host.port()).await.unwrap();
    let mut changed = profile("Benjamin");
    changed.about = "bench 7".to_owned();
    ben.room.set_profile(changed).await;
    host.until("the name is new", |snapshot| {
        snapshot
            .people
            .iter()
            .any(|person| person.profile.name == "Benjamin" && person.profile.about == "bench 7")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_comes_back_by_itself_to_a_room_that_opens_again() {
    let home = tempfile::tempdir().unwrap();
    let first = Room::host(host_options(home.path(), 0)).await.unwrap();
    let port = first.info().port;
    let mut ben = Party::join("Ben", port).await.unwrap();
    // As when the program is killed: no goodbye.
    drop(first);
    ben.expect("the loss", |event| match event {
        RoomEvent::Link(LinkState::Lost { reason, .. }) => Some(reason),
        _ => None,
    })
    .await;
    let said = ben.room.say("are you back?").await.unwrap();
    let again = tokio::time::timeout(PATIENCE, async {
        loop {
            match Room::host(host_options(home.path(), port)).await {
                Ok(room) => return room,
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            }
        }
    });
    let again = again.await.unwrap();
    ben.room.reconnect_now();
    // Which of the two is notified first is nobody's promise.
    let (mut is_up, mut receipt) = (false, None);
    let both = |event| {
        match event {
            RoomEvent::Link(LinkState::Up) => is_up = true,
            RoomEvent::Chat(netcore::proto::chat::Event::Receipt { local, .. }) => receipt = Some(local),
            _ => {}
        }
        receipt.filter(|_| is_up)
    };
    assert_eq!(ben.expect("the return and the receipt", both).await, said.local);
    let texts = again
        .snapshot()
        .await
        .chat
        .into_iter()
        .filter(|entry| entry.local == Some(said.local))
        .count();
    assert_eq!(texts, 1, "what was said meanwhile arrives once");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_identity_at_a_known_address_is_not_trusted() {
    let ben = tempfile::tempdir().unwrap();
    let port = {
        let host = Party::host(0).await.unwrap();
        let room = Room::join(join_options(ben.path(), "Ben", host.port()))
            .await
            .unwrap();
        room.close().await;
        host.room.close().await;
        host.port()
    };
    let impostor = Party::host(port).await.unwrap();
    let error = Room::join(join_options(ben.path(), "Ben", port))
        .await
        .map(|_| ())
        .unwrap_err();
    let JoinError::IdentityChanged {
        room, expected, got, ..
    } = &error
    else {
        panic!("{error}")
    };
    assert_eq!((room.as_str(), *got), ("Lab", impostor.room.info().fingerprint));
    assert_ne!(expected, got);
    // However the address is spelt.
    for host in ["localhost", "LOCALHOST", "[::ffff:127.0.0.1]"] {
        let mut options = join_options(ben.path(), "Ben", port);
        options.address = format!("{host}:{port}").parse().unwrap();
        let error = Room::join(options).await.map(|_| ()).unwrap_err();
        assert!(
            matches!(error, JoinError::IdentityChanged { .. }),
            "{host}: {error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_room_is_recognised_at_a_new_address() {
    let ben = tempfile::tempdir().unwrap();
    let home = tempfile::tempdir().unwrap();
    let mut known = Vec::new();
    for _ in 0..2 {
        let host = Room::host(host_options(home.path(), 0)).await.unwrap();
        let room = Room::join(join_options(ben.path(), "Ben", host.info().port))
            .await
            .unwrap();
        known.push(room.info().known.map(|room| room.address));
        room.close().await;
        host.close().await;
    }
    assert_eq!(known[0], None);
    assert!(known[1].is_some());
    let folders = Folders::at(ben.path()).unwrap();
    let rooms = KnownRooms::load(&folders).unwrap();
    assert_eq!(rooms.rooms().len(), 1);
    assert_eq!(
        rooms.rooms()[0].also_at,
        known[1].clone().into_iter().collect::<Vec<_>>()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_joined_while_the_known_rooms_cannot_be_read() {
    let ben = tempfile::tempdir().unwrap();
    let host = Party::host(0).await.unwrap();
    let folders = Folders::at(ben.path()).unwrap();
    std::fs::write(folders.config().join("known-rooms.json"), "{").unwrap();
    for _ in 0..2 {
        let joined = Room::join(join_options(ben.path(), "Ben", host.port())).await;
        let error = joined.map(|_| ()).unwrap_err();
        assert!(
            matches!(error, JoinError::KnownRooms(KnownRoomsError::Unreadable { .. })),
            "{error}"
        );
    }
    KnownRooms::start_anew(&folders).unwrap();
    let room = Room::join(join_options(ben.path(), "Ben", host.port()))
        .await
        .unwrap();
    room.close().await;
}
