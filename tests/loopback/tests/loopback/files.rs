use std::path::PathBuf;

use loopback_tests::{Party, file, offered};
use netcore::proto::FileId;
use netcore::proto::files::Event;
use netcore::{FileError, RoomEvent, TransferState};

async fn fetched(party: &mut Party, id: FileId) -> PathBuf {
    let ended = party.expect("the end of the transfer", |event| match event {
        RoomEvent::Transfer(view) if view.file == id => match view.state {
            TransferState::Done { path, .. } => Some(Ok(path)),
            TransferState::Failed { error, .. } => Some(Err(error)),
            TransferState::Cancelled => Some(Err(FileError::Cancelled)),
            _ => None,
        },
        _ => None,
    });
    ended.await.expect("it arrives").expect("where it is")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_members_file_reaches_the_host_and_the_others_whole() {
    let mut host = Party::host(0).await.unwrap();
    let mut ben = Party::join("Ben", host.port()).await.unwrap();
    let mut cai = Party::join("Cai", host.port()).await.unwrap();
    let (path, content) = file(ben.home.path(), "实验二.zip", 5_000_001);
    let info = ben.room.offer_file(&path, vec![]).await.unwrap();
    assert_eq!(
        (info.name.as_str(), info.size, info.mime.as_str()),
        ("实验二.zip", 5_000_001, "application/zip")
    );
    for party in [&mut host, &mut cai] {
        let seen = offered(party).await;
        assert_eq!((seen.id, seen.owner_name.as_str()), (info.id, "Ben"));
        party.room.fetch_file(info.id, None).await.unwrap();
        let got = fetched(party, info.id).await;
        assert_eq!(got, party.home.path().join("downloads").join("实验二.zip"));
        assert!(std::fs::read(got).unwrap() == content);
    }
    fetched_nothing(&mut ben, info.id).await;
    ben.until("who has it is known", |snapshot| {
        snapshot.files[0].0.received_by.len() == 2
    })
    .await;
}

/// The owner's own transfer ends without a path.
async fn fetched_nothing(party: &mut Party, id: FileId) {
    let ended = party.expect("the upload's end", |event| match event {
        RoomEvent::Transfer(view) if view.file == id => match view.state {
            TransferState::Done { path, .. } => Some(path),
            _ => None,
        },
        _ => None,
    });
    assert_eq!(ended.await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hosts_own_file_and_an_empty_one_arrive_too() {
    let host = Party::host(0).await.unwrap();
    let mut ben = Party::join("Ben", host.port()).await.unwrap();
    for (name, bytes) in [("empty.txt", 0), ("one.bin", 1), ("more.bin", 1_048_577)] {
        let (path, content) = file(host.home.path(), name, bytes);
        let info = host.room.offer_file(&path, vec![]).await.unwrap();
        offered(&mut ben).await;
        ben.room.fetch_file(info.id, None).await.unwrap();
        assert!(
            std::fs::read(fetched(&mut ben, info.id).await).unwrap() == content,
            "{name}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_for_one_is_not_shown_to_others() {
    let host = Party::host(0).await.unwrap();
    let mut ben = Party::join("Ben", host.port()).await.unwrap();
    let cai = Party::join("Cai", host.port()).await.unwrap();
    let (path, content) = file(cai.home.path(), "for ben.txt", 10);
    let info = cai
        .room
        .offer_file(&path, vec![ben.room.info().me])
        .await
        .unwrap();
    offered(&mut ben).await;
    ben.room.fetch_file(info.id, None).await.unwrap();
    assert_eq!(std::fs::read(fetched(&mut ben, info.id).await).unwrap(), content);
    assert!(host.room.snapshot().await.files.is_empty());
    let error = host.room.fetch_file(info.id, None).await.unwrap_err();
    assert!(matches!(error, FileError::Gone(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_taken_back_leaves_nothing_behind() {
    let host = Party::host(0).await.unwrap();
    let mut ben = Party::join("Ben", host.port()).await.unwrap();
    let (path, _) = file(host.home.path(), "a.bin", 100);
    let info = host.room.offer_file(&path, vec![]).await.unwrap();
    offered(&mut ben).await;
    host.room.cancel_file(info.id).await;
    ben.expect("it is taken back", |event| match event {
        RoomEvent::Files(Event::Changed(file)) => {
            (file.state == netcore::proto::files::FileState::Cancelled).then_some(())
        }
        _ => None,
    })
    .await;
    assert!(matches!(
        ben.room.fetch_file(info.id, None).await,
        Err(FileError::Gone(_))
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_refused_before_anybody_is_notified() {
    let host = Party::host(0).await.unwrap();
    for path in [host.home.path().join("missing"), host.home.path().to_owned()] {
        let error = host.room.offer_file(&path, vec![]).await.map(|_| ()).unwrap_err();
        assert!(matches!(error, FileError::Unreadable { .. }), "{error}");
    }
    assert!(host.room.snapshot().await.files.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_written_is_said_so() {
    let host = Party::host(0).await.unwrap();
    let mut ben = Party::join("Ben", host.port()).await.unwrap();
    let (path, _) = file(host.home.path(), "a.bin", 100);
    let info = host.room.offer_file(&path, vec![]).await.unwrap();
    offered(&mut ben).await;
    let not_a_folder = ben.home.path().join("a file");
    std::fs::write(&not_a_folder, "").unwrap();
    ben.room.fetch_file(info.id, Some(&not_a_folder)).await.unwrap();
    let error = ben
        .expect("the failure", |event| match event {
            RoomEvent::Transfer(view) => match view.state {
                TransferState::Failed { error, .. } => Some(error),
                _ => None,
            },
            _ => None,
        })
        .await;
    assert!(matches!(error, FileError::Unwritable { .. }), "{error}");
}
