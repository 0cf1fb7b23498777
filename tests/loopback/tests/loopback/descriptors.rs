//! A host whose system lets it have only a few files and connections open.

use loopback_tests::{HostProcess, Party};
use netcore::JoinError;
use netcore::proto::chat::{Body, Entry};
use netcore::proto::session::RefusalCode;

const HOST: &str = env!("CARGO_BIN_EXE_loopback-host");
/// Files and connections that the host may have.
const MOST_FILES: u32 = 64;

fn is_text(entry: &Entry) -> bool {
    matches!(entry.body, Body::Text { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn one_too_many_is_refused_in_words_and_those_who_are_here_go_on() {
    let home = tempfile::tempdir().unwrap();
    let mut host = HostProcess::start_with_files(HOST, home.path(), MOST_FILES);
    let port = host.port;
    let mut members = Vec::new();
    let refused = loop {
        assert!(members.len() < MOST_FILES as usize, "the host has a limit");
        match Party::join("Ben", port).await {
            Ok(member) => members.push(member),
            Err(refused) => break refused,
        }
    };
    assert!(members.len() > 10, "{} are here", members.len());
    let is_busy = matches!(&refused, JoinError::RoomRefused(no) if no.code == RefusalCode::Busy);
    assert!(
        is_busy && refused.to_string().contains("64 files and connections"),
        "{refused}"
    );
    // Those who are here go on.
    members[0].room.say("still here").await.unwrap();
    host.say("so am I");
    members[1]
        .until("both are heard", |now| {
            now.chat.iter().filter(|entry| is_text(entry)).count() == 2
        })
        .await;
    let again = Party::join("Ben", port).await.map(|_| ()).unwrap_err();
    assert!(matches!(again, JoinError::RoomRefused(_)), "{again}");
    // Where one leaves, another finds a place.
    members.pop().unwrap().room.close().await;
    members.push(Party::join("Cai", port).await.unwrap());
    let warnings = host.warnings();
    assert_eq!(warnings.len(), 1, "once, not for each: {warnings:?}");
    assert!(
        warnings[0].contains("connections are turned away"),
        "{warnings:?}"
    );
}
