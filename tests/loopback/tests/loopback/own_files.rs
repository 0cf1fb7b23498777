//! A file on offer stays where it is, and belongs to its user: it may be changed, deleted, or be none at all.

use std::path::Path;

#[cfg(unix)]
use loopback_tests::HostProcess;
use loopback_tests::{Party, file, offered};
use netcore::proto::FileId;
use netcore::proto::files::{FileInfo, FileState};
use netcore::{FileError, RoomEvent, TransferState, TransferView};

/// More than the system keeps of a connection that nobody reads.
const LARGE: usize = 40_000_000;

/// Waits until our transfer of `id` is in a state that `wanted` accepts.
async fn reaches(
    party: &Party,
    id: FileId,
    what: &str,
    wanted: impl Fn(&TransferView) -> bool,
) -> TransferView {
    let is_so = |_: &netcore::Snapshot| party.room.transfer(id).is_some_and(|view| wanted(&view));
    party.until(what, is_so).await;
    party.room.transfer(id).expect("a transfer does not vanish")
}

/// How our transfer failed.
async fn failure(party: &Party, id: FileId) -> FileError {
    let view = reaches(party, id, "it fails", |view| {
        matches!(view.state, TransferState::Failed { .. })
    })
    .await;
    match view.state {
        TransferState::Failed { error, .. } => error,
        other => panic!("{other:?}"),
    }
}

async fn is_stored(party: &Party, id: FileId) {
    state(party, id, "it is stored", |state| {
        matches!(state, FileState::Stored { .. })
    })
    .await;
}

async fn state(party: &Party, id: FileId, what: &str, wanted: impl Fn(&FileState) -> bool) {
    let is_so = |snapshot: &netcore::Snapshot| {
        let is_it = |file: &FileInfo| file.id == id && wanted(&file.state);
        snapshot.files.iter().any(|(file, _)| is_it(file))
    };
    party.until(what, is_so).await;
}

/// The offer failed for a reason with `words` in it, as both see it; who asks now is given the same words.
async fn offer_fails(host: &Party, member: &Party, id: FileId, words: &str) {
    for party in [host, member] {
        let is_it = |state: &FileState| matches!(state, FileState::Failed { why } if why.contains(words));
        state(party, id, "the offer fails", is_it).await;
    }
    let fetched = member.room.fetch_file(id, None).await;
    let error = fetched.expect_err("it is not on offer any more");
    assert!(error.to_string().contains(words), "{error}");
    assert!(!error.to_string().contains("again"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hosts_file_that_is_edited_or_deleted_is_on_offer_no_more() {
    type Change = fn(&Path);
    let changes: [(Change, &str); 3] = [
        (
            |path| std::fs::write(path, "SECOND").unwrap(),
            "was changed since",
        ),
        (
            |path| std::fs::write(path, "longer than first").unwrap(),
            "was changed since",
        ),
        (
            |path| std::fs::remove_file(path).unwrap(),
            "was deleted or moved since",
        ),
    ];
    let host = Party::host(0).await.unwrap();
    let mut ben = Party::join("Ben", host.port()).await.unwrap();
    for (change, words) in changes {
        let path = host.home.path().join("a.txt");
        std::fs::write(&path, "first!").unwrap();
        let info = host.room.offer_file(&path, vec![]).await.unwrap();
        offered(&mut ben).await;
        is_stored(&ben, info.id).await;
        change(&path);
        ben.room.fetch_file(info.id, None).await.unwrap();
        let error = failure(&ben, info.id).await;
        assert!(error.to_string().contains(words), "{error}");
        offer_fails(&host, &ben, info.id, words).await;
        let error = failure(&host, info.id).await;
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hosts_file_that_is_edited_while_it_is_given_reaches_nobody() {
    let host = Party::host(0).await.unwrap();
    let mut ben = Party::join("Ben", host.port()).await.unwrap();
    let (path, _) = file(host.home.path(), "large.bin", LARGE);
    let info = host.room.offer_file(&path, vec![]).await.unwrap();
    offered(&mut ben).await;
    is_stored(&ben, info.id).await;
    ben.room.fetch_file(info.id, None).await.unwrap();
    reaches(
        &ben,
        info.id,
        "it moves",
        |view| matches!(view.state, TransferState::Running { done, .. } if done > 0),
    )
    .await;
    // At its end, which is not in flight yet.
    let changed = std::fs::File::options().append(true).open(&path).unwrap();
    std::io::Write::write_all(&mut &changed, b"more").unwrap();
    let error = failure(&ben, info.id).await;
    assert!(error.to_string().contains("was changed since"), "{error}");
    offer_fails(&host, &ben, info.id, "was changed since").await;
    let downloads = ben.home.path().join("downloads");
    assert_eq!(std::fs::read_dir(downloads).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_members_file_that_is_edited_while_it_is_sent_fails_its_offer() {
    let host = Party::host(0).await.unwrap();
    let ben = Party::join("Ben", host.port()).await.unwrap();
    let (path, _) = file(ben.home.path(), "large.bin", LARGE);
    let info = ben.room.offer_file(&path, vec![]).await.unwrap();
    ben.room.pause_file(info.id);
    let mut content = std::fs::read(&path).unwrap();
    content[LARGE - 1] ^= 1;
    std::fs::write(&path, content).unwrap();
    ben.room.resume_file(info.id);
    let error = failure(&ben, info.id).await;
    assert!(error.to_string().contains("was changed since"), "{error}");
    for party in [&host, &ben] {
        let is_it = |state: &FileState| matches!(state, FileState::Failed { why } if why.contains("was changed since"));
        state(party, info.id, "the offer fails", is_it).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_only_touched_is_still_the_same() {
    let host = Party::host(0).await.unwrap();
    let mut ben = Party::join("Ben", host.port()).await.unwrap();
    let (path, content) = file(host.home.path(), "a.bin", 100_000);
    let info = host.room.offer_file(&path, vec![]).await.unwrap();
    offered(&mut ben).await;
    is_stored(&ben, info.id).await;
    std::fs::write(&path, &content).unwrap();
    ben.room.fetch_file(info.id, None).await.unwrap();
    let view = reaches(&ben, info.id, "it arrives", |view| {
        matches!(view.state, TransferState::Done { .. })
    })
    .await;
    let TransferState::Done { path: Some(got), .. } = view.state else {
        panic!("it has a place")
    };
    assert!(std::fs::read(got).unwrap() == content);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_file_whose_length_the_system_does_not_say_arrives_whole() {
    let host = Party::host(0).await.unwrap();
    let mut ben = Party::join("Ben", host.port()).await.unwrap();
    let content = std::fs::read("/proc/version").unwrap();
    let info = host
        .room
        .offer_file(Path::new("/proc/version"), vec![])
        .await
        .unwrap();
    assert_eq!((info.name.as_str(), info.size), ("version", content.len() as u64));
    offered(&mut ben).await;
    ben.room.fetch_file(info.id, None).await.unwrap();
    let view = reaches(&ben, info.id, "it arrives", |view| {
        matches!(view.state, TransferState::Done { .. })
    })
    .await;
    let TransferState::Done { path: Some(got), .. } = view.state else {
        panic!("it has a place")
    };
    assert_eq!(std::fs::read(got).unwrap(), content);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_is_shown_nothing_of_a_file_that_is_not_for_it() {
    let mut host = Party::host(0).await.unwrap();
    let mut ben = Party::join("Ben", host.port()).await.unwrap();
    let cai = Party::join("Cai", host.port()).await.unwrap();
    let (path, _) = file(cai.home.path(), "for ben.txt", 10);
    let info = cai
        .room
        .offer_file(&path, vec![ben.room.info().me])
        .await
        .unwrap();
    offered(&mut ben).await;
    is_stored(&ben, info.id).await;
    // What the host is shown comes in order: with the next file it has been shown all of this one.
    let (path, _) = file(cai.home.path(), "for all.txt", 10);
    let next = cai.room.offer_file(&path, vec![]).await.unwrap();
    host.expect("the next file", |event| match event {
        RoomEvent::Files(netcore::proto::files::Event::Offered(file)) => {
            assert_eq!(file.id, next.id);
            Some(())
        }
        RoomEvent::Files(event) => panic!("{event:?}"),
        _ => None,
    })
    .await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_waits_while_the_host_has_too_many_files_open() {
    let home = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_loopback-host");
    let mut host = HostProcess::start(program, home.path(), None);
    let ben = Party::join("Ben", host.port).await.unwrap();
    // The connection takes the one descriptor that is left.
    host.exhaust(1);
    let (path, _) = file(ben.home.path(), "a.bin", 100_000);
    let info = ben.room.offer_file(&path, vec![]).await.unwrap();
    reaches(&ben, info.id, "it waits", |view| {
        matches!(view.state, TransferState::Interrupted { .. })
    })
    .await;
    host.release();
    is_stored(&ben, info.id).await;
}
