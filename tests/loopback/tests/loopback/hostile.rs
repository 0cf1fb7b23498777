//! A stranger with a certificate who breaks the rules of a control connection: refused in words, removed, and nobody else
//! notices.

use std::time::{Duration, Instant};

use loopback_tests::{Bystanders, Guest, Party, Stranger, open_many_files, preface};
use netcore::JoinError;
use netcore::proto::session::{self, LeaveReason, Ping, RefusalCode};
use netcore::proto::wire::{ConnectionKind, MAX_CONTROL_BYTES, VERSION, encode_control};
use netcore::proto::{Notice, Request, Time, Transport, chat};
use tokio::io::AsyncWriteExt;

/// A control message of these bytes, whatever they are.
fn message(body: &[u8]) -> Vec<u8> {
    let mut bytes = (body.len() as u32).to_be_bytes().to_vec();
    bytes.extend_from_slice(body);
    bytes
}

/// What is no message, why, and whether the refusal must hold these words.
fn bad_messages() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let oversize = MAX_CONTROL_BYTES as u32 + 1;
    let long_name = format!(r#"{{"about":"{}","body":{{}}}}"#, "\\u0001\\\"".repeat(20_000));
    let long_value = format!(
        r#"{{"about":"chat","body":{{"type":"say","local":"{}","text":"x"}}}}"#,
        "\\\"".repeat(120_000)
    );
    vec![
        (
            "an oversize length",
            oversize.to_be_bytes().to_vec(),
            "bytes was announced",
        ),
        (
            "the largest length there is",
            u32::MAX.to_be_bytes().to_vec(),
            "4294967295 bytes",
        ),
        (
            "text that is not UTF-8",
            message(b"{\"about\":\"\xff\xfe\"}"),
            "not valid UTF-8 at byte 10",
        ),
        (
            "what is not JSON",
            message(b"SSH-2.0-OpenSSH_9.2"),
            "could not be read",
        ),
        ("nothing at all", message(b""), "could not be read"),
        (
            "an unknown subject",
            message(br#"{"about":"weather","body":{}}"#),
            "weather",
        ),
        (
            "an unknown request",
            message(br#"{"about":"chat","body":{"type":"sing"}}"#),
            "sing",
        ),
        (
            "a request that lacks half",
            message(br#"{"about":"chat","body":{"type":"say"}}"#),
            "local",
        ),
        (
            "a number out of range",
            message(br#"{"about":"files","body":{"type":"cancel","file":-1}}"#),
            "could not be read",
        ),
        (
            "nesting without end",
            message("[".repeat(200_000).as_bytes()),
            "could not be read",
        ),
        (
            "a subject of 160,000 bytes",
            message(long_name.as_bytes()),
            "could not be read",
        ),
        (
            "a number that is a long text",
            message(long_value.as_bytes()),
            "could not be read",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_ends_in_words_for_its_sender_and_nobody_else_notices() {
    let mut others = Bystanders::gather(Transport::Tcp).await;
    for (what, bytes, words) in bad_messages() {
        let Guest {
            mut wire, welcome, ..
        } = Stranger::new(others.port()).join("Mallory").await;
        wire.send(&bytes).await;
        let refusal = wire.refusal().await;
        assert_eq!(refusal.code, RefusalCode::BadMessage, "{what}");
        assert!(refusal.message.contains(words), "{what}: {refusal}");
        assert!(
            refusal.message.len() < 1_000,
            "{what}: {} bytes of words",
            refusal.message.len()
        );
        let left = others
            .ben
            .expect("Mallory is removed", |event| match event {
                netcore::RoomEvent::Session(session::Event::Left { person, reason })
                    if person.id == welcome.me =>
                {
                    Some(reason)
                }
                _ => None,
            })
            .await;
        assert_eq!(left, LeaveReason::Removed, "{what}");
        others.see_gone("Mallory").await;
    }
    others.notice_nothing("bad messages").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_before_a_hello_is_refused_without_anybody_having_come() {
    let mut others = Bystanders::gather(Transport::Udp).await;
    let before = others.host.room.snapshot().await.chat.len();
    for (what, bytes, words) in bad_messages() {
        let mut wire = Stranger::new(others.port())
            .connect(&preface(ConnectionKind::Control))
            .await;
        wire.send(&bytes).await;
        let refusal = wire.refusal().await;
        assert_eq!(refusal.code, RefusalCode::BadMessage, "{what}");
        assert!(refusal.message.contains(words), "{what}: {refusal}");
    }
    assert_eq!(
        others.host.room.snapshot().await.chat.len(),
        before,
        "nobody came or went"
    );
    others.notice_nothing("bad messages before a hello").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_version_is_refused_in_words() {
    let mut others = Bystanders::gather(Transport::Tcp).await;
    for theirs in [0, VERSION + 1, 255] {
        for kind in [1, 2, 3, 77] {
            let first = [b'R', b'M', b'W', b'R', theirs, kind, 0, 0];
            let mut wire = Stranger::new(others.port()).connect(&first).await;
            // A newer program does not wait for an answer before it goes on.
            wire.send(&[0x7b; 5_000]).await;
            let refusal = wire.refusal().await;
            assert_eq!(refusal.code, RefusalCode::VersionMismatch);
            assert!(
                refusal.message.contains(&format!("version {theirs} ")),
                "{refusal}"
            );
            assert!(refusal.message.contains("update the older one"), "{refusal}");
        }
    }
    others.notice_nothing("other versions").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_magic_and_unknown_kinds_of_connection_are_closed() {
    let mut others = Bystanders::gather(Transport::Tcp).await;
    for first in [
        *b"GET / HT",
        *b"RMWX\x01\x01\0\0",
        [b'R', b'M', b'W', b'R', VERSION, 4, 0, 0],
        [0; 8],
    ] {
        Stranger::new(others.port()).connect(&first).await.end().await;
    }
    // Half a preface and no more.
    let mut half = Stranger::new(others.port()).connect(b"RMW").await;
    half.stream.shutdown().await.unwrap();
    half.end().await;
    others.notice_nothing("wrong beginnings").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_before_the_hello_is_refused() {
    let mut others = Bystanders::gather(Transport::Tcp).await;
    let say = chat::Request::Say {
        local: 1,
        text: "let me in".into(),
    };
    let ping = session::Request::Ping(Ping { sent: Time::ZERO });
    for request in [
        Request::Chat(say),
        Request::Session(ping),
        Request::Session(session::Request::Leave),
    ] {
        let mut wire = Stranger::new(others.port())
            .connect(&preface(ConnectionKind::Control))
            .await;
        wire.say(&request).await;
        assert_eq!(wire.refusal().await.code, RefusalCode::BadMessage, "{request:?}");
    }
    others.notice_nothing("requests before a hello").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_hello_ends_the_membership_at_once() {
    let mut others = Bystanders::gather(Transport::Tcp).await;
    let mut mallory = Stranger::new(others.port()).join("Mallory").await;
    let profile = loopback_tests::profile("Hana");
    let hello = Request::Session(session::Request::Hello {
        profile,
        returning: None,
    });
    mallory.wire.say(&hello).await;
    assert_eq!(mallory.wire.refusal().await.code, RefusalCode::BadMessage);
    others.see_gone("Mallory").await;
    others.notice_nothing("a second hello").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hello_that_never_comes_is_waited_for_five_seconds() {
    let others = Party::host(0).await.unwrap();
    let mut wire = Stranger::new(others.port())
        .connect(&preface(ConnectionKind::Control))
        .await;
    let refusal = wire.refusal().await;
    assert_eq!(refusal.code, RefusalCode::Silent);
    assert!(refusal.message.contains("no hello"), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_more_than_64_connections_without_a_hello_waits_for_a_place() {
    let host = Party::host(0).await.unwrap();
    let stranger = Stranger::new(host.port());
    let control = preface(ConnectionKind::Control);
    // No place is free again before this and the time for a hello.
    let begun = Instant::now();
    let mut silent = Vec::new();
    for _ in 0..64 {
        silent.push(stranger.connect(&control).await);
    }
    stranger.connect(&control).await;
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_secs(5), "after {waited:?}");
    // Those who have said hello take no place.
    stranger.join("Ben").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_message_and_then_nothing_loses_only_the_half() {
    let mut others = Bystanders::gather(Transport::Udp).await;
    let mut mallory = Stranger::new(others.port()).join("Mallory").await;
    let say = |text: &str| {
        let say = chat::Request::Say {
            local: text.len() as u64,
            text: text.into(),
        };
        encode_control(&Request::Chat(say)).unwrap()
    };
    mallory.wire.send(&say("whole")).await;
    let half = say("cut in the middle");
    mallory.wire.send(&half[..half.len() / 2]).await;
    drop(mallory);
    let texts = |snapshot: &netcore::Snapshot| -> Vec<String> {
        let text = |entry: &chat::Entry| match &entry.body {
            chat::Body::Text { text } => Some(text.clone()),
            _ => None,
        };
        snapshot.chat.iter().filter_map(text).collect()
    };
    let reconnecting = |snapshot: &netcore::Snapshot| {
        snapshot.people.iter().any(|person| {
            person.profile.name == "Mallory" && person.presence == session::Presence::Reconnecting
        })
    };
    let snapshot = others.cai.until("Mallory's place is kept", reconnecting).await;
    let texts = texts(&snapshot);
    assert!(texts.iter().any(|text| text == "whole") && !texts.iter().any(|text| text.contains("cut")));
    others.notice_nothing("half a message").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_member_says_of_itself_is_cut_to_the_limits() {
    let others = Bystanders::gather(Transport::Tcp).await;
    let wild = session::Profile {
        name: format!("\u{1b}[2J{}", "M".repeat(5_000)),
        about: "\u{7}".repeat(3) + &"字".repeat(20_000),
        colour: "url(javascript:alert(1))".into(),
        device: "\n\n\nroot@host".into(),
    };
    let mut wire = Stranger::new(others.port())
        .connect(&preface(ConnectionKind::Control))
        .await;
    wire.say(&Request::Session(session::Request::Hello {
        profile: wild,
        returning: None,
    }))
    .await;
    let welcome = wire.hear("a welcome", |notice| match notice {
        Notice::Session(session::Notice::Welcome(welcome)) => Some(welcome),
        _ => None,
    });
    let me = welcome.await.me;
    let is_there = |snapshot: &netcore::Snapshot| snapshot.people.iter().any(|person| person.id == me);
    let people = others.cai.until("the new one is seen", is_there).await.people;
    let profile = people.into_iter().find(|person| person.id == me).unwrap().profile;
    assert_eq!(profile.name.chars().count(), session::MAX_NAME_CHARS);
    assert_eq!(profile.about.chars().count(), session::MAX_ABOUT_CHARS);
    let all = format!("{}{}{}", profile.name, profile.about, profile.device);
    assert!(!all.chars().any(char::is_control), "{profile:?}");
    assert!(profile.colour.starts_with('#'), "{profile:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_takes_many_people_who_have_much_to_say() {
    open_many_files();
    let host = Party::host(0).await.unwrap();
    let talkative = |number: usize| session::Profile {
        name: format!("{number} {}", "\u{1F9D1}".repeat(60)),
        about: "\u{1F9D1}".repeat(session::MAX_ABOUT_CHARS),
        colour: "#123456".into(),
        device: "\u{1F9D1}".repeat(60),
    };
    let mut wires = Vec::new();
    for number in 0..130 {
        let mut wire = Stranger::new(host.port())
            .connect(&preface(ConnectionKind::Control))
            .await;
        let hello = session::Request::Hello {
            profile: talkative(number),
            returning: None,
        };
        wire.say(&Request::Session(hello)).await;
        wires.push(wire);
    }
    host.until("all are here", |snapshot| snapshot.people.len() == 131)
        .await;
    drop(wires);
    let ben = Party::join("Ben", host.port()).await.unwrap();
    ben.until("Ben sees all", |snapshot| snapshot.people.len() == 132)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_read_though_much_was_still_being_said() {
    let host = Party::host(0).await.unwrap();
    for _ in 0..10 {
        let mut mallory = Stranger::new(host.port()).join("Mallory").await;
        // The host stops reading at the first byte, and everything after it is still in flight.
        mallory.wire.send(&vec![0xff; 3_000_000]).await;
        let refusal = mallory.wire.refusal().await;
        assert_eq!(refusal.code, RefusalCode::BadMessage);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_room_says_so() {
    open_many_files();
    let host = Party::host(0).await.unwrap();
    let mut guests = Vec::new();
    for number in 1..session::MAX_PEOPLE {
        guests.push(Stranger::new(host.port()).join(&number.to_string()).await);
    }
    let error = Party::join("Ben", host.port()).await.map(|_| ()).unwrap_err();
    assert!(
        matches!(&error, JoinError::RoomRefused(refusal) if refusal.code == RefusalCode::RoomFull),
        "{error}"
    );
    assert!(error.to_string().contains("full"), "{error}");
}
