//! A host that does not do as a host should: its members are notified, and take no harm.

use std::time::Duration;

use loopback_tests::{Caller, FalseHost, Party};
use netcore::proto::files::{self, FileInfo, FileState};
use netcore::proto::session::RefusalCode;
use netcore::proto::wire::MAX_CONTROL_BYTES;
use netcore::proto::{FileId, MemberId, Notice};
use netcore::{JoinError, LinkState, RoomEvent};

/// Ben in the room of a false host.
async fn joined(host: &FalseHost) -> (Party, Caller) {
    let call = async {
        let mut caller = host.call().await;
        caller.welcome().await;
        caller
    };
    let (ben, caller) = tokio::join!(Party::join("Ben", host.port()), call);
    (ben.expect("Ben joins"), caller)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_never_lets_one_in_is_given_up() {
    let host = FalseHost::open().await;
    let (outcome, _caller) = tokio::join!(Party::join("Ben", host.port()), host.call());
    let error = outcome.map(|_| ()).unwrap_err();
    assert!(matches!(error, JoinError::TimedOut { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_hangs_up_before_its_welcome_is_said_to_be_gone() {
    let host = FalseHost::open().await;
    let hang_up = async {
        loop {
            drop(host.call().await);
        }
    };
    let outcome = tokio::select! {
        outcome = Party::join("Ben", host.port()) => outcome,
        () = hang_up => unreachable!(),
    };
    let error = outcome.map(|_| ()).unwrap_err();
    assert!(matches!(error, JoinError::HostGone { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_been_lost_on_the_path_is_tried_again() {
    let host = FalseHost::open().await;
    let calls = async {
        host.call()
            .await
            .refuse(RefusalCode::Silent, "no hello within 5 s")
            .await;
        drop(host.call().await);
        let mut third = host.call().await;
        third.welcome().await;
        third
    };
    let (outcome, _third) = tokio::join!(Party::join("Ben", host.port()), calls);
    outcome.expect("the third try");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_stalled_is_come_back_to_once() {
    let host = FalseHost::open().await;
    let (mut ben, first) = joined(&host).await;
    drop(first);
    // It takes the next connection and says nothing for as long as a member waits.
    let stalled = host.call().await;
    let mut third = host.call().await;
    third.welcome().await;
    ben.expect("the return", |event| {
        matches!(event, RoomEvent::Link(LinkState::Up)).then_some(())
    })
    .await;
    // Only now does the host find the stalled one, and ends it. It is not the one that counts.
    stalled.replace().await;
    let again = host.is_called(Duration::from_secs(2)).await;
    assert!(!again, "Ben has no reason to call again");
    assert!(matches!(ben.room.link(), LinkState::Up));
    assert!(ben.room.lost_because().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_from_a_host_ends_its_room_in_words() {
    let bad = [
        (MAX_CONTROL_BYTES as u32 + 1).to_be_bytes().to_vec(),
        vec![0, 0, 0, 2, 0xff, 0xfe],
        [&[0, 0, 0, 9][..], b"HTTP/1.1 "].concat(),
    ];
    for bytes in bad {
        let host = FalseHost::open().await;
        let (mut ben, mut caller) = joined(&host).await;
        caller.send(&bytes).await;
        let reason = ben.expect("the end", |event| match event {
            RoomEvent::Closed(reason) => reason,
            _ => None,
        });
        let reason = reason.await;
        assert!(
            matches!(&reason, JoinError::RoomRefused(refusal) if refusal.code == RefusalCode::BadMessage),
            "{reason}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hosts_word_is_not_taken_for_a_files_name() {
    let host = FalseHost::open().await;
    let (ben, mut caller) = joined(&host).await;
    let offer = |id: u32, name: &str| FileInfo {
        id: FileId(id),
        owner: MemberId::HOST,
        owner_name: "Hana".to_owned(),
        name: name.to_owned(),
        size: 1,
        mime: String::new(),
        to: Vec::new(),
        at_unix_ms: 0,
        state: FileState::Uploading,
        received_by: Vec::new(),
    };
    let names = [
        "../../.ssh/authorized_keys",
        "C:\\x\\nul",
        "/etc/passwd",
        "a/../../b",
        "\u{202e}gpj.exe",
    ];
    for (id, name) in (1..).zip(names) {
        caller
            .notify(&Notice::Files(files::Notice::Offered(offer(id, name))))
            .await;
    }
    let snapshot = ben
        .until("all are on offer", |snapshot| snapshot.files.len() == names.len())
        .await;
    for (file, _) in snapshot.files {
        assert!(
            !file.name.starts_with('.') && !file.name.contains(['/', '\\', '\u{202e}']),
            "{:?}",
            file.name
        );
        assert!(file.name != "nul", "a device");
    }
}
