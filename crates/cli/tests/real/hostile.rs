//! A host that does not mean well: what it says is shown as words and obeyed by nobody.

use std::process::Output;
use std::sync::Arc;

use loopback_tests::{Caller, FalseHost};
use netcore::proto::chat::{self, Body, Entry};
use netcore::proto::files::{self, FileHash, FileInfo, FileState};
use netcore::proto::session::{self, Fingerprint, Person, Presence, Profile, Refusal, RefusalCode};
use netcore::proto::video::{self, SourceKind, StreamDescription, StreamInfo};
use netcore::proto::wire::MAX_UNIX_MS;
use netcore::proto::{FileId, MemberId, Notice, Request, StreamId, Transport};

use crate::program::{Place, events, words};

/// What the clipboard, the title, the screen and the reader are attacked with.
const ORDERS: &str =
    "bye\u{1b}]52;c;eA==\u{7}\u{9b}2J\u{7f}\nroomwire: all is well\u{2028}\u{202e}forged\u{1b}[8m";

/// Runs the program with `arguments` after the room's address while the host does what it likes.
async fn against(
    arguments: [&[&str]; 2],
    environment: &'static [(&str, &str)],
    host: impl AsyncFnOnce(&mut Caller),
) -> Output {
    let place = Arc::new(Place::new());
    let false_host = FalseHost::open().await;
    let address = format!("127.0.0.1:{}", false_host.port());
    let arguments: Vec<String> = [arguments[0], &[&address], arguments[1]]
        .concat()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let running = tokio::task::spawn_blocking(move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        place.run_with(environment, &arguments)
    });
    let mut caller = false_host.call().await;
    host(&mut caller).await;
    running.await.unwrap()
}

async fn refuse(caller: &mut Caller, message: &str) {
    let mut refusal = Refusal::new(RefusalCode::Closed, "");
    refusal.message = message.to_owned();
    caller
        .notify(&Notice::Session(session::Notice::Refused(refusal)))
        .await;
}

fn entry(seq: u64, name: &str, at_unix_ms: u64, text: &str) -> Notice {
    Notice::Chat(chat::Notice::Entry(Entry {
        seq,
        from: MemberId::HOST,
        name: name.to_owned(),
        colour: "#2563a8".to_owned(),
        address: ([127, 0, 0, 1], 9).into(),
        at_unix_ms,
        local: None,
        body: Body::Text {
            text: text.to_owned(),
        },
    }))
}

/// Neither stream has a character that a terminal obeys, nor a line that others began.
fn is_harmless(output: &Output) {
    for stream in [&output.stdout, &output.stderr] {
        let text = String::from_utf8(stream.clone()).unwrap();
        let is_order =
            |c: char| c != '\n' && c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202e}');
        assert!(!text.contains(is_order), "{text:?}");
        let is_forged = |line: &str| line.starts_with("roomwire:") || line.starts_with("forged");
        assert!(!text.lines().any(is_forged), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hosts_words_are_no_orders() {
    for json in [&[][..], &["--json"], &["-v"]] {
        let more = [&["--stay", "--as", "Ben", "--log"], json].concat();
        let output = against([&["join"], &more], &[], async |caller| {
            caller.welcome().await;
            caller.notify(&entry(1, ORDERS, 0, ORDERS)).await;
            refuse(caller, ORDERS).await;
        })
        .await;
        assert_eq!(output.status.code(), Some(5), "{json:?}: {}", words(&output));
        is_harmless(&output);
        let shown = String::from_utf8(output.stdout.clone()).unwrap() + &words(&output);
        assert!(shown.contains("all is well"), "{shown}");
        if json == ["--json"] {
            assert!(events(&output).iter().any(|event| event["event"] == "error"));
        }
    }
    let output = against([&["say"], &["hi", "--as", "Ben"]], &[], async |caller| {
        caller.welcome().await;
        refuse(caller, ORDERS).await;
    })
    .await;
    assert_eq!(output.status.code(), Some(5), "{}", words(&output));
    is_harmless(&output);
}

/// Everything that a host can name: its room, itself, a member, a file, a stream.
async fn name_everything(caller: &mut Caller, name: &str) {
    let profile = Profile {
        name: name.to_owned(),
        about: name.to_owned(),
        colour: name.to_owned(),
        device: name.to_owned(),
    };
    caller.welcome_to(name, profile.clone()).await;
    let member = Person {
        id: MemberId(2),
        profile,
        address: ([127, 0, 0, 1], 1).into(),
        fingerprint: Fingerprint([2; 32]),
        presence: Presence::Here,
    };
    let file = FileInfo {
        id: FileId(1),
        owner: MemberId(2),
        owner_name: name.to_owned(),
        name: name.to_owned(),
        size: 9,
        mime: name.to_owned(),
        to: Vec::new(),
        at_unix_ms: 0,
        state: FileState::Stored {
            hash: FileHash([7; 32]),
        },
        received_by: Vec::new(),
    };
    let stream = StreamInfo {
        id: StreamId(1),
        owner: MemberId(2),
        spec: StreamDescription {
            source: SourceKind::Camera,
            title: name.to_owned(),
            width: 160,
            height: 90,
            rate: 5.0,
            transport: Transport::Tcp,
        },
    };
    let changed = Person {
        presence: Presence::Reconnecting,
        ..member.clone()
    };
    for notice in [
        Notice::Session(session::Notice::Joined(member)),
        Notice::Session(session::Notice::Changed(changed)),
        Notice::Files(files::Notice::Offered(file)),
        Notice::Video(video::Notice::Started(stream)),
        entry(1, name, 0, name),
        Notice::Session(session::Notice::UpToDate),
    ] {
        caller.notify(&notice).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_a_host_names_is_an_order() {
    for json in [&[][..], &["--json"], &["-v"]] {
        for [command, more] in [
            [&["join"][..], &["--stay", "--as", "Ben", "--log"]],
            [&["get"], &["--as", "Ben"]],
            [&["watch"], &["--as", "Ben", "--seconds", "1"]],
        ] {
            let more = [more, json].concat();
            let output = against([command, &more], &[], async |caller| {
                name_everything(caller, ORDERS).await;
                if command == ["get"] {
                    // What is on offer has been listed.
                    let is_leave = |request| matches!(request, Request::Session(session::Request::Leave));
                    caller.hear(|request| is_leave(request).then_some(())).await;
                } else {
                    refuse(caller, ORDERS).await;
                }
            })
            .await;
            let shown = String::from_utf8_lossy(&output.stdout).into_owned() + &words(&output);
            assert!(shown.contains("all is well"), "{command:?} {more:?}: {shown}");
            is_harmless(&output);
            assert!(!words(&output).contains("panicked"), "{command:?} {more:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_local_for_each_moment() {
    let more = [
        "--stay", "--as", "Ben", "--stream", "pattern", "--size", "160x90@5",
    ];
    let output = against([&["join"], &more], &[("TZ", "Europe/Berlin")], async |caller| {
        caller.welcome().await;
        // Who goes live is in the room and takes in what happens there.
        let is_publish =
            |request| matches!(request, Request::Video(video::Request::Publish { .. })).then_some(());
        caller.hear(is_publish).await;
        // Noon in London in January and in July of 2026, and the last moment that may be named.
        let moments = [1_768_478_400_000, 1_784_116_800_000, MAX_UNIX_MS];
        for (seq, at_unix_ms) in (1..).zip(moments) {
            caller.notify(&entry(seq, "Hana", at_unix_ms, "now")).await;
        }
        refuse(caller, "bye").await;
    })
    .await;
    let shown = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(output.status.code(), Some(5), "{shown}{}", words(&output));
    let times: Vec<&str> = shown
        .lines()
        .filter_map(|line| line.split_once("    Hana (").map(|(time, _)| time))
        .collect();
    assert_eq!(times.len(), 3, "{shown}");
    assert_eq!(times[..2], ["13:00", "14:00"], "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_whose_times_no_calendar_has_is_left_in_words() {
    for beyond in [MAX_UNIX_MS + 1, 253_402_300_799_000, u64::MAX] {
        let more = ["--stay", "--as", "Ben"];
        let output = against(
            [&["join"], &more],
            &[("TZ", "Pacific/Kiritimati")],
            async |caller| {
                caller.welcome().await;
                caller.notify(&entry(1, "Hana", beyond, "now")).await;
            },
        )
        .await;
        let words = words(&output);
        assert_eq!(output.status.code(), Some(5), "{words}");
        assert!(!words.contains("panicked"), "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_which_nothing_arrives_does_not_end_well() {
    let more = ["--seconds", "1", "--size", "160x90@20", "--as", "Ben"];
    let output = against([&["stream"], &more], &[], async |caller| {
        caller.welcome().await;
        let (local, spec) = caller
            .hear(|request| match request {
                Request::Video(video::Request::Publish { local, spec, .. }) => Some((local, spec)),
                _ => None,
            })
            .await;
        let stream = StreamInfo {
            id: StreamId(1),
            owner: MemberId(1),
            spec,
        };
        caller
            .notify(&Notice::Video(video::Notice::Published { local, stream }))
            .await;
    })
    .await;
    let shown = words(&output);
    assert_eq!(output.status.code(), Some(7), "{shown}");
    assert!(shown.contains("no frame arrived"), "{shown}");
}
