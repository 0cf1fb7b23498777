use netcore::proto::MemberId;
use netcore::proto::chat::{Body, Entry, MAX_LOG_BYTES, MAX_LOG_ENTRIES};
use netcore::proto::session::{Fingerprint, Person, Presence, Profile};

use super::commands;
use super::log::Log;
use super::view::{ChatBody, ChatState};
use crate::error::{ErrorCode, IpcError};
use crate::testing::TestApp;

#[tokio::test]
async fn words_cross_in_both_directions_and_the_sender_gets_a_receipt() {
    let (host, room) = TestApp::hosting("Ada").await;
    let (member, _) = TestApp::joining("Ben", &room).await;

    host.event("chat", |event| {
        (event["entry"]["body"]["kind"] == "joined").then_some(())
    })
    .await;
    let said = commands::say(&host.core, "hello\r\n你好 👋".into())
        .await
        .unwrap();
    assert!(said.mine && said.seq.is_some(), "{said:?}");
    let heard = member
        .event("chat", |event| {
            (event["entry"]["body"]["text"] == "hello\n你好 👋").then(|| event["entry"].clone())
        })
        .await;
    assert_eq!(
        (heard["name"].as_str(), heard["mine"].as_bool()),
        (Some("Ada"), Some(false))
    );

    let answer = commands::say(&member.core, "answer".into()).await.unwrap();
    let receipt = member
        .event("chat", |event| {
            let entry = &event["entry"];
            (entry["key"] == answer.key && entry["state"] == "delivered").then(|| entry.clone())
        })
        .await;
    assert!(
        receipt["seq"].as_u64() > said.seq && receipt["mine"] == true,
        "{receipt}"
    );
    let heard = host
        .event("chat", |event| {
            (event["entry"]["body"]["text"] == "answer").then(|| event["entry"].clone())
        })
        .await;
    assert_eq!(heard["name"], "Ben");
}

#[tokio::test]
async fn a_conversation_is_written_where_a_person_chooses_and_nowhere_else() {
    let app = TestApp::new("Ada");
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("talk.txt");
    let nowhere = folder.path().join("no such folder").join("talk.txt");
    app.world
        .chosen
        .lock()
        .extend([vec![to.clone()], vec![], vec![nowhere]]);
    let saved = commands::save_conversation(&app.core, "Ada: 你好\n".into()).await;
    assert_eq!(saved.unwrap().as_deref(), to.to_str());
    assert_eq!(std::fs::read_to_string(&to).unwrap(), "Ada: 你好\n");
    let dismissed = commands::save_conversation(&app.core, "other".into()).await;
    assert_eq!(dismissed.unwrap(), None);
    let failed = commands::save_conversation(&app.core, "other".into()).await;
    assert_eq!(failed.unwrap_err().code, ErrorCode::Storage);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn what_cannot_be_said_is_refused_in_words() {
    let app = TestApp::new("Ada");
    assert_eq!(
        commands::say(&app.core, "hello".into()).await.unwrap_err().code,
        ErrorCode::NoRoom
    );
    let (host, _) = TestApp::hosting("Ada").await;
    assert_eq!(
        commands::say(&host.core, " \n".into()).await.unwrap_err().code,
        ErrorCode::Empty
    );
    let error = commands::say(&host.core, "x".repeat(65_536 + 3))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code, error.context["over"].as_str()),
        (ErrorCode::TooLong, "3")
    );
    assert!(commands::say(&host.core, "x".repeat(65_536)).await.is_ok());
    assert!(
        commands::resend(&host.core, 1).await.is_err(),
        "what never failed was sent again"
    );
}

const ME: MemberId = MemberId(1);

fn entry(seq: u64, from: MemberId, local: Option<u64>) -> Entry {
    Entry {
        seq,
        from,
        name: "Ben".into(),
        colour: "#000000".into(),
        address: ([127, 0, 0, 1], 1).into(),
        at_unix_ms: seq,
        local,
        body: Body::Text { text: "words".into() },
    }
}

fn me() -> Person {
    Person {
        id: ME,
        profile: Profile {
            name: "Ben".into(),
            ..Profile::default()
        },
        address: ([127, 0, 0, 1], 1).into(),
        fingerprint: Fingerprint([1; 32]),
        presence: Presence::Here,
    }
}

#[test]
fn a_line_keeps_its_key_from_typing_to_receipt() {
    let mut log = Log::default();
    let waiting = log.said(7, "words".into(), &me(), 1, None);
    assert_eq!((waiting.state, waiting.seq), (ChatState::Waiting, None));
    let other = log.put(&entry(1, MemberId(2), Some(7)), ME).unwrap();
    assert_ne!(other.key, waiting.key, "another's own number is not ours");
    let delivered = log.receipt(7, &entry(2, ME, None), ME).unwrap();
    assert_eq!(
        (delivered.key, delivered.state, delivered.seq),
        (waiting.key, ChatState::Delivered, Some(2))
    );
    assert_eq!(
        log.all().iter().map(|line| line.key).collect::<Vec<_>>(),
        [other.key, waiting.key]
    );
}

#[test]
fn a_receipt_that_is_quicker_than_we_are_makes_no_second_line() {
    let mut log = Log::default();
    let delivered = log.receipt(7, &entry(2, ME, Some(7)), ME).unwrap();
    let said = log.said(7, "words".into(), &me(), 1, None);
    assert_eq!(said, delivered);
    assert_eq!(log.all().len(), 1);
    assert!(log.put(&entry(2, ME, Some(7)), ME).is_none(), "one line twice");
}

#[test]
fn a_refused_line_can_be_sent_again_under_its_key() {
    let mut log = Log::default();
    let waiting = log.said(7, "words".into(), &me(), 1, None);
    let failed = log.refused(7, IpcError::internal("no")).unwrap();
    assert_eq!((failed.key, failed.state), (waiting.key, ChatState::Failed));
    assert_eq!(log.failed_text(failed.key).as_deref(), Some("words"));
    let again = log.said(8, "words".into(), &me(), 2, Some(failed.key));
    assert_eq!(
        (again.key, again.state, again.error.is_none()),
        (waiting.key, ChatState::Waiting, true)
    );
    assert_eq!(log.all().len(), 1);
    assert!(log.refused(99, IpcError::internal("no")).is_none());
}

#[test]
fn a_room_begun_anew_stands_below_the_earlier_one() {
    let mut log = Log::of(&[entry(1, ME, None)], ME);
    let waiting = log.said(7, "words".into(), &me(), 1, None);
    log.begin_anew(9);
    // Our number is another's now, and theirs is ours.
    let other = MemberId(2);
    let theirs = log.put(&entry(1, ME, Some(3)), other).unwrap();
    assert!(!theirs.mine, "another's words under our old number are not ours");
    let ours = log.receipt(7, &entry(2, other, None), other).unwrap();
    assert_eq!((ours.key, ours.mine, ours.from), (waiting.key, true, other.0));
    let all = log.all();
    let order: Vec<_> = all.iter().map(|line| (line.era, line.seq, line.mine)).collect();
    assert_eq!(
        order,
        [
            (0, Some(1), true),
            (1, Some(0), false),
            (1, Some(1), false),
            (1, Some(2), true)
        ]
    );
    assert_eq!((&all[1].body, all[1].at_ms), (&ChatBody::Anew, 9));
}

#[test]
fn the_window_remembers_no_more_than_the_room() {
    let mut log = Log::default();
    for seq in 1..=MAX_LOG_ENTRIES as u64 + 5 {
        log.put(&entry(seq, ME, Some(seq)), ME);
    }
    let (lines, _, numbered, own) = log.extent();
    assert_eq!(
        (lines, numbered, own),
        (MAX_LOG_ENTRIES, MAX_LOG_ENTRIES, MAX_LOG_ENTRIES)
    );
    assert_eq!(log.all()[0].seq, Some(6), "the oldest goes first");

    let mut log = Log::default();
    let long = "x".repeat(64 * 1024);
    for round in 0..4_u64 {
        for seq in 1..=100 {
            let body = Body::Text { text: long.clone() };
            log.put(
                &Entry {
                    body,
                    ..entry(seq, MemberId(2), None)
                },
                ME,
            );
        }
        for local in 0..100 {
            let local = round * 100 + local;
            log.said(local, long.clone(), &me(), 1, None);
            log.refused(local, IpcError::internal("no"));
        }
        log.begin_anew(round);
    }
    let (lines, bytes, ..) = log.extent();
    let kept: usize = log.all().iter().map(|line| format!("{line:?}").len()).sum();
    assert!(
        bytes <= MAX_LOG_BYTES && lines > 200,
        "{lines} lines, {bytes} bytes"
    );
    assert!(
        kept < MAX_LOG_BYTES + 2 * 1024 * 1024,
        "{kept} bytes are kept and {bytes} counted"
    );
}
