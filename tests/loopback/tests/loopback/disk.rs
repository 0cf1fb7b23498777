//! No room on the disk: said to the one concerned, what has come is kept, and nobody else notices.

use std::path::Path;

#[cfg(unix)]
use loopback_tests::HostProcess;
use loopback_tests::{Guest, Party, SmallDisk, Stranger, Wire, file, host_options, offered};
use netcore::proto::files::{self, FileHash, FileState, Offer, chunk_header, end_record};
use netcore::proto::wire::{AttachReply, Attachment, Direction};
use netcore::proto::{FileId, Notice, Request};
use netcore::{FileError, Room, RoomEvent, TransferState};
use tokio::io::AsyncReadExt;

const DISK: u64 = 8 * 1024 * 1024;
const MIB: usize = 1024 * 1024;

/// Offers a file, not to be sent faster than the test wants.
async fn offer(guest: &mut Guest, content: &[u8]) -> (FileId, Wire) {
    let (id, wire, reply) = try_offer(guest, content).await;
    assert_eq!(reply, AttachReply::Ready { offset: 0 });
    (id, wire)
}

/// Offers a file and asks to send it.
async fn try_offer(guest: &mut Guest, content: &[u8]) -> (FileId, Wire, AttachReply) {
    let offer = Offer {
        local: 1,
        name: "slow.bin".to_owned(),
        size: content.len() as u64,
        mime: String::new(),
        to: Vec::new(),
    };
    guest
        .wire
        .say(&Request::Files(files::Request::Offer(offer)))
        .await;
    let accepted = guest.wire.hear("the file's number", |notice| match notice {
        Notice::Files(files::Notice::Accepted { file, .. }) => Some(file.id),
        _ => None,
    });
    let id = accepted.await;
    let up = Attachment::File {
        file: id,
        direction: Direction::Up,
        offset: 0,
    };
    let (wire, reply) = guest.attach(up).await;
    (id, wire, reply)
}

async fn send(wire: &mut Wire, content: &[u8]) {
    for piece in content.chunks(64 * 1024) {
        wire.send(&chunk_header(piece.len())).await;
        wire.send(piece).await;
    }
}

fn end_of(content: &[u8]) -> Vec<u8> {
    end_record(FileHash(*blake3::hash(content).as_bytes())).to_vec()
}

fn content(bytes: usize) -> Vec<u8> {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    file(home.path(), "x", bytes).1
}

/// Waits for the failure of a transfer.
async fn failed(party: &mut Party, id: FileId) -> FileError {
    party
        .expect("the failure", |event| match event {
            RoomEvent::Transfer(view) if view.file == id => match view.state {
                TransferState::Failed { error, .. } => Some(error),
                _ => None,
            },
            _ => None,
        })
        .await
}

/// A member may still speak, and the others read it.
async fn can_speak(speaker: &Party, hearer: &Party) {
    let said = speaker
        .room
        .say("still here")
        .await
        .expect("there is something to say");
    hearer
        .until("it is heard", |snapshot| {
            snapshot.chat.iter().any(|entry| entry.local == Some(said.local))
        })
        .await;
}

/// A disk, or a word why there is none.
fn small_disk() -> Option<SmallDisk> {
    let disk = SmallDisk::new(DISK);
    if disk.is_none() {
        eprintln!("only root on Linux can mount a small disk; the file-size limit is tested instead");
    }
    disk
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_has_room_for_what_it_accepted_although_others_fill_the_disk() {
    let Some(disk) = small_disk() else { return };
    let host = Party::host(0).await.unwrap();
    let mut ben = Party::join("Ben", host.port()).await.unwrap();
    let content = content(5 * MIB);
    let mut owner = Stranger::new(host.port()).join("Owner").await;
    let (id, mut wire) = offer(&mut owner, &content).await;
    offered(&mut ben).await;
    send(&mut wire, &content[..2 * MIB]).await;
    ben.room.fetch_file(id, Some(disk.path())).await.unwrap();
    let has_begun = |_: &netcore::Snapshot| {
        let state = ben.room.transfer(id).map(|view| view.state);
        matches!(state, Some(TransferState::Running { done, .. }) if done == 2 * MIB as u64)
    };
    ben.until("some has come", has_begun).await;
    // What is still to come counts: a second file that fits beside what has come does not fit beside the whole.
    let (path, _) = file(host.home.path(), "second.bin", 4 * MIB);
    let second = host.room.offer_file(&path, vec![]).await.unwrap();
    offered(&mut ben).await;
    ben.room.fetch_file(second.id, Some(disk.path())).await.unwrap();
    let error = failed(&mut ben, second.id).await;
    assert!(matches!(error, FileError::NoRoom { .. }), "{error}");
    disk.fill();
    send(&mut wire, &content[2 * MIB..]).await;
    wire.send(&end_of(&content)).await;
    let path = ben.expect("it is whole", |event| match event {
        RoomEvent::Transfer(view) if view.file == id => match view.state {
            TransferState::Done { path, .. } => path,
            TransferState::Failed { error, .. } => panic!("{error}"),
            _ => None,
        },
        _ => None,
    });
    assert!(std::fs::read(path.await).unwrap() == content);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_whole_file_whose_folder_is_gone_is_kept_and_not_fetched_again() {
    let host = Party::host(0).await.unwrap();
    let mut ben = Party::join("Ben", host.port()).await.unwrap();
    let content = content(MIB);
    let mut owner = Stranger::new(host.port()).join("Owner").await;
    let (id, mut wire) = offer(&mut owner, &content).await;
    offered(&mut ben).await;
    let folder = ben.home.path().join("stick");
    ben.room.fetch_file(id, Some(&folder)).await.unwrap();
    send(&mut wire, &content[..MIB / 2]).await;
    let has_begun = |_: &netcore::Snapshot| {
        let state = ben.room.transfer(id).map(|view| view.state);
        matches!(state, Some(TransferState::Running { done, .. }) if done == MIB as u64 / 2)
    };
    ben.until("some has come", has_begun).await;
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, "in its place").unwrap();
    send(&mut wire, &content[MIB / 2..]).await;
    wire.send(&end_of(&content)).await;
    let error = failed(&mut ben, id).await;
    let FileError::NotPlaced { kept, .. } = &error else {
        panic!("{error}")
    };
    assert!(std::fs::read(kept).unwrap() == content);
    // Nobody has it any more, and the folder is back.
    host.room.cancel_file(id).await;
    let is_over = |snapshot: &netcore::Snapshot| snapshot.files[0].0.state == FileState::Cancelled;
    ben.until("it is taken back", is_over).await;
    std::fs::remove_file(&folder).unwrap();
    ben.room.resume_file(id);
    let path = ben.expect("it is placed", |event| match event {
        RoomEvent::Transfer(view) => match view.state {
            TransferState::Done { path, .. } => path,
            _ => None,
        },
        _ => None,
    });
    let path = path.await;
    assert_eq!(path, folder.join("slow.bin"));
    assert!(std::fs::read(path).unwrap() == content && !kept.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_larger_than_the_receivers_disk_is_refused_before_it_begins() {
    let Some(disk) = small_disk() else { return };
    let host = Party::host(0).await.unwrap();
    let mut ben = Party::join("Ben", host.port()).await.unwrap();
    let (path, _) = file(host.home.path(), "large.bin", 9 * MIB);
    let info = host.room.offer_file(&path, vec![]).await.unwrap();
    offered(&mut ben).await;
    ben.room.fetch_file(info.id, Some(disk.path())).await.unwrap();
    let error = failed(&mut ben, info.id).await;
    assert!(
        matches!(error, FileError::NoRoom { size: 9_437_184, .. }),
        "{error}"
    );
    assert_eq!(std::fs::read_dir(disk.path()).unwrap().count(), 0);
    can_speak(&ben, &host).await;
}

/// A host whose folders are in `home`, and Ben in its room.
async fn host_at(home: &Path) -> (Room, Party) {
    let mut options = host_options(home, 0);
    // Only what it keeps for others is on the small disk.
    options.downloads = std::env::temp_dir();
    let host = Room::host(options).await.expect("a room opens");
    let ben = Party::join("Ben", host.info().port).await.expect("Ben joins");
    (host, ben)
}

/// The words with which a file failed, as Ben sees it.
async fn words_of_failure(ben: &Party, id: FileId) -> String {
    let why = |snapshot: &netcore::Snapshot| {
        let (file, _) = snapshot.files.iter().find(|(file, _)| file.id == id)?;
        match &file.state {
            FileState::Failed { why } => Some(why.clone()),
            _ => None,
        }
    };
    why(&ben
        .until("the file fails", |snapshot| why(snapshot).is_some())
        .await)
    .expect("it has failed")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_whose_disk_fills_says_so_and_the_room_goes_on() {
    let Some(disk) = small_disk() else { return };
    let (host, mut ben) = host_at(disk.path()).await;
    let content = content(5 * MIB);
    let mut owner = Stranger::new(host.info().port).join("Owner").await;
    let (id, mut wire) = offer(&mut owner, &content).await;
    offered(&mut ben).await;
    ben.room.fetch_file(id, None).await.unwrap();
    send(&mut wire, &content[..MIB]).await;
    let has_begun = |_: &netcore::Snapshot| {
        let state = ben.room.transfer(id).map(|view| view.state);
        matches!(state, Some(TransferState::Running { done, .. }) if done == MIB as u64)
    };
    ben.until("some has come", has_begun).await;
    let filler = disk.fill();
    // What was accepted has its room.
    send(&mut wire, &content[MIB..]).await;
    wire.send(&end_of(&content)).await;
    assert_eq!(wire.stream.read_u8().await.unwrap(), files::VERDICT_GOOD);
    // What comes now has none.
    let (path, _) = file(ben.home.path(), "none.bin", MIB);
    let none = ben.room.offer_file(&path, vec![]).await.unwrap();
    let why = words_of_failure(&ben, none.id).await;
    assert!(why.contains("the disk has no room for it"), "{why}");
    assert!(
        !why.contains('/'),
        "where things are on the host is nobody's business: {why}"
    );
    // Larger than the whole disk: refused before a byte is sent.
    std::fs::remove_file(filler).unwrap();
    let (path, _) = file(ben.home.path(), "large.bin", 9 * MIB);
    let large = ben.room.offer_file(&path, vec![]).await.unwrap();
    let error = failed(&mut ben, large.id).await;
    assert!(
        error.to_string().contains("the disk has no room for it"),
        "{error}"
    );
    // And with room again, files pass as before.
    let (path, _) = file(ben.home.path(), "small.bin", MIB);
    let small = ben.room.offer_file(&path, vec![]).await.unwrap();
    let is_stored = |snapshot: &netcore::Snapshot| {
        let is_it =
            |file: &files::FileInfo| file.id == small.id && matches!(file.state, FileState::Stored { .. });
        snapshot.files.iter().any(|(file, _)| is_it(file))
    };
    ben.until("it is stored", is_stored).await;
    host.close().await;
}

/// On every system with a shell, without being root.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_may_write_no_more_says_so_and_the_room_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_loopback-host");
    let mut host = HostProcess::start(program, home.path(), Some(2 * MIB as u64));
    let mut ben = Party::join("Ben", host.port).await.unwrap();
    let content = content(3 * MIB);
    let mut owner = Stranger::new(host.port).join("Owner").await;
    // Refused before a byte is sent. That is no full disk: making room would not help.
    let (id, _wire, reply) = try_offer(&mut owner, &content).await;
    let AttachReply::Refused(refusal) = reply else {
        panic!("{reply:?}")
    };
    let why = words_of_failure(&ben, id).await;
    assert!(why.contains("cannot be longer than 2097152 bytes"), "{why}");
    assert!(refusal.message.ends_with(&why), "{refusal}");
    host.say("still here");
    ben.expect("the host speaks", |event| match event {
        RoomEvent::Chat(netcore::proto::chat::Event::Entry(entry)) => entry.local,
        _ => None,
    })
    .await;
    // What fits is kept.
    let content = &content[..MIB];
    let mut other = Stranger::new(host.port).join("Other").await;
    let (_, mut wire) = offer(&mut other, content).await;
    send(&mut wire, content).await;
    wire.send(&end_of(content)).await;
    assert_eq!(wire.stream.read_u8().await.unwrap(), files::VERDICT_GOOD);
}
