//! What goes wrong without anybody's ill will: a member stops reading, a program is killed, a host stalls.

use std::time::{Duration, Instant};

use loopback_tests::{Bystanders, HostProcess, PATIENCE, Party, Proxy, Stranger, file};
use netcore::proto::chat::{self, Body, MAX_TEXT_BYTES};
use netcore::proto::session::{self, Presence, Returning};
use netcore::proto::wire::{Attachment, Direction};
use netcore::proto::{Notice, Transport};
use netcore::{JoinError, LinkState, RoomEvent, Snapshot};
use tokio::io::AsyncReadExt;

const HOST: &str = env!("CARGO_BIN_EXE_loopback-host");

fn texts(snapshot: &Snapshot) -> Vec<String> {
    let text = |body: &'_ Body| match body {
        Body::Text { text } => Some(text.clone()),
        _ => None,
    };
    snapshot
        .chat
        .iter()
        .filter_map(|entry| text(&entry.body))
        .collect()
}

fn presence(snapshot: &Snapshot, name: &str) -> Option<Presence> {
    let mut people = snapshot.people.iter();
    people
        .find(|person| person.profile.name == name)
        .map(|person| person.presence)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_stops_reading_is_cut_off_and_the_others_go_on() {
    let mut others = Bystanders::gather(Transport::Udp).await;
    let mallory = Stranger::new(others.port()).join("Mallory").await;
    let long = "x".repeat(MAX_TEXT_BYTES);
    let mut said = 0;
    // What waits for her is bounded by 8 MiB, and what the system keeps by a few more.
    while presence(&others.host.room.snapshot().await, "Mallory") == Some(Presence::Here) {
        assert!(said < 1_000, "{} MiB wait for one who does not read", said / 16);
        others.host.room.say(&long).await.unwrap();
        said += 1;
    }
    assert!(
        said * MAX_TEXT_BYTES > 8 * 1024 * 1024,
        "cut off after {said} messages"
    );
    let heard = |snapshot: &Snapshot| {
        texts(snapshot)
            .iter()
            .filter(|text| text.len() == MAX_TEXT_BYTES)
            .count()
    };
    let kept = heard(&others.host.room.snapshot().await);
    others
        .cai
        .until("Cai hears it all", |snapshot| heard(snapshot) == kept)
        .await;
    others.notice_nothing("Mallory stopped reading").await;
    // She comes back, says what she had, and gets what she missed.
    let last = others.host.room.snapshot().await.chat.last().unwrap().seq;
    let returning = Returning {
        room: mallory.welcome.room,
        last_seq: last - 10,
    };
    let mut back = mallory.stranger.come_back("Mallory", Some(returning)).await;
    let mut next = last - 9;
    while next <= last {
        let seq = back.wire.hear("what was missed", |notice| match notice {
            Notice::Chat(chat::Notice::Entry(entry)) => Some(entry.seq),
            _ => None,
        });
        assert_eq!(seq.await, next);
        next += 1;
    }
    let is_here = |snapshot: &Snapshot| presence(snapshot, "Mallory") == Some(Presence::Here);
    others.ben.until("she is back", is_here).await;
    others.notice_nothing("she came back").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_and_a_viewer_that_never_read_hold_nobody_up() {
    let mut others = Bystanders::gather(Transport::Tcp).await;
    let mallory = Stranger::new(others.port()).join("Mallory").await;
    let (path, _) = file(others.ben.home.path(), "large.bin", 30_000_000);
    let info = others.ben.room.offer_file(&path, vec![]).await.unwrap();
    let stream = others.stream;
    let (_download, _) = mallory
        .attach(Attachment::File {
            file: info.id,
            direction: Direction::Down,
            offset: 0,
        })
        .await;
    let (_video, _) = mallory
        .attach(Attachment::Video {
            stream,
            direction: Direction::Down,
        })
        .await;
    others
        .cai
        .until("it is offered", |snapshot| !snapshot.files.is_empty())
        .await;
    others.cai.room.fetch_file(info.id, None).await.unwrap();
    let is_done = |snapshot: &Snapshot| {
        let (_, transfer) = &snapshot.files[0];
        transfer
            .as_ref()
            .is_some_and(|view| matches!(view.state, netcore::TransferState::Done { .. }))
    };
    others.cai.until("Cai has it", is_done).await;
    others.notice_nothing("a download that never reads").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_host_is_noticed_at_once_and_nothing_received_is_lost() {
    let home = tempfile::tempdir().unwrap();
    let mut host = HostProcess::start(HOST, home.path(), None);
    let mut ben = Party::join("Ben", host.port).await.unwrap();
    for number in 0..50 {
        host.say(&format!("word {number}"));
    }
    ben.until("Ben has heard", |snapshot| texts(snapshot).len() == 50)
        .await;
    host.kill();
    let killed = Instant::now();
    let reason = ben.expect("the loss", |event| match event {
        RoomEvent::Link(LinkState::Lost { reason, .. }) => Some(reason),
        _ => None,
    });
    let reason = reason.await;
    assert!(
        killed.elapsed() < Duration::from_secs(2),
        "notified after {:?}",
        killed.elapsed()
    );
    assert!(matches!(&reason, JoinError::HostGone { .. }), "{reason:?}");
    assert!(reason.to_string().contains("lost"), "{reason}");
    let snapshot = ben.room.snapshot().await;
    let expected: Vec<String> = (0..50).map(|number| format!("word {number}")).collect();
    assert_eq!(texts(&snapshot), expected);
    assert_eq!(snapshot.people.len(), 2, "who was there is still known");
    // And the next try says what is the matter now: nobody listens.
    let refused = ben.expect("the next try", |event| match event {
        RoomEvent::Link(LinkState::Lost {
            reason: reason @ JoinError::Refused { .. },
            attempt,
            ..
        }) => Some((reason, attempt)),
        _ => None,
    });
    assert!(refused.await.1 >= 2);
    tokio::time::timeout(PATIENCE, ben.room.close())
        .await
        .expect("one can leave");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_is_cut_off_comes_back_and_says_once_what_it_said_meanwhile() {
    let mut host = Party::host(0).await.unwrap();
    let proxy = Proxy::to(host.port()).await;
    let mut ben = Party::join("Ben", proxy.port).await.unwrap();
    for round in 0..5 {
        proxy.cut();
        ben.expect("the loss", |event| {
            matches!(event, RoomEvent::Link(LinkState::Lost { .. })).then_some(())
        })
        .await;
        ben.room.say(&format!("meanwhile {round}")).await.unwrap();
        host.room.say(&format!("unheard {round}")).await.unwrap();
        ben.room.reconnect_now();
        ben.expect("the return", |event| {
            matches!(event, RoomEvent::Link(LinkState::Up)).then_some(())
        })
        .await;
    }
    let all = |snapshot: &Snapshot| texts(snapshot).len() >= 10;
    let at_host = host.until("the host hears all", all).await;
    let at_ben = ben.until("Ben hears all", all).await;
    assert_eq!(texts(&at_host), texts(&at_ben));
    assert_eq!(texts(&at_host).len(), 10, "nothing twice");
    let mut joins = 0;
    while let Ok(event) = host.events.try_recv() {
        joins += usize::from(matches!(event, RoomEvent::Session(session::Event::Joined(_))));
    }
    assert_eq!(joins, 1, "coming back is no new arrival");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_conversation_can_be_joined() {
    let host = Party::host(0).await.unwrap();
    for number in 0..9_990 {
        host.room.say(&number.to_string()).await.unwrap();
    }
    let mut ben = Party::join("Ben", host.port()).await.unwrap();
    ben.until("Ben has it all", |snapshot| texts(snapshot).len() == 9_990)
        .await;
    while let Ok(event) = ben.events.try_recv() {
        assert!(!matches!(event, RoomEvent::Link(_)), "{event:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_ends_in_time_and_frees_the_port_whatever_runs() {
    for transport in [Transport::Tcp, Transport::Udp] {
        for _ in 0..3 {
            let others = Bystanders::gather(transport).await;
            let mallory = Stranger::new(others.port()).join("Mallory").await;
            let (path, _) = file(others.ben.home.path(), "large.bin", 40_000_000);
            let info = others.ben.room.offer_file(&path, vec![]).await.unwrap();
            others
                .cai
                .until("it is offered", |snapshot| {
                    snapshot.files.iter().any(|(file, _)| file.id == info.id)
                })
                .await;
            others.cai.room.fetch_file(info.id, None).await.unwrap();
            let down = Attachment::File {
                file: info.id,
                direction: Direction::Down,
                offset: 0,
            };
            let (_download, _) = mallory.attach(down).await;
            let began = Instant::now();
            others.host.room.close().await;
            assert!(
                began.elapsed() < Duration::from_secs(5),
                "it took {:?}",
                began.elapsed()
            );
            let again = Party::host(others.port()).await.expect("the port is free again");
            again.room.close().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_does_not_wait_for_one_who_does_not_read() {
    let host = Party::host(0).await.unwrap();
    let mut mallory = Stranger::new(host.port()).join("Mallory").await;
    // More than the system keeps, less than what she is cut off at.
    let long = "x".repeat(MAX_TEXT_BYTES);
    for _ in 0..100 {
        host.room.say(&long).await.unwrap();
    }
    let began = Instant::now();
    host.room.close().await;
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "it took {:?}",
        began.elapsed()
    );
    Party::host(host.port())
        .await
        .expect("the port is free again")
        .room
        .close()
        .await;
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, mallory.wire.stream.read_to_end(&mut rest))
        .await
        .expect("it ends for her");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_the_connection_is_bounded_and_all_of_it_arrives() {
    let host = Party::host(0).await.unwrap();
    let proxy = Proxy::to(host.port()).await;
    let mut ben = Party::join("Ben", proxy.port).await.unwrap();
    let lost = |event| matches!(event, RoomEvent::Link(LinkState::Lost { .. })).then_some(());
    // As long as a message leaves.
    let long = "\"".repeat(MAX_TEXT_BYTES);
    let port = proxy.port;
    drop(proxy);
    ben.expect("the loss", lost).await;
    let mut waiting = 0;
    let error = loop {
        assert!(waiting < 1_000, "all of it would be too much to send at once");
        match ben.room.say(&long).await {
            Ok(_) => waiting += 1,
            Err(error) => break error,
        }
    };
    assert!(
        matches!(error, netcore::proto::CommandError::TooManyWaiting),
        "{error}"
    );
    assert!(waiting > 20);
    let _again = Proxy::at(port, host.port()).await;
    ben.room.reconnect_now();
    host.until("all of it arrives", |snapshot| texts(snapshot).len() == waiting)
        .await;
}
