//! Uploads that are not as announced, and names that try to leave the folder.

use loopback_tests::{Bystanders, Guest, Party, Stranger, Wire};
use netcore::proto::files::{self, FileHash, FileState, Offer, abort_record, chunk_header, end_record};
use netcore::proto::session::RefusalCode;
use netcore::proto::wire::{Attachment, Direction};
use netcore::proto::{FileId, Notice, Request, Transport};
use netcore::{RoomEvent, TransferState};
use tokio::io::AsyncReadExt;

use crate::attachments::{ready, refused};

fn upload(file: FileId) -> Attachment {
    Attachment::File {
        file,
        direction: Direction::Up,
        offset: 0,
    }
}

/// Offers a file of `size` bytes and begins to send it.
async fn offer(guest: &mut Guest, local: u64, name: &str, size: u64) -> (FileId, Wire) {
    let offer = Offer {
        local,
        name: name.to_owned(),
        size,
        mime: "text/plain".to_owned(),
        to: Vec::new(),
    };
    guest
        .wire
        .say(&Request::Files(files::Request::Offer(offer)))
        .await;
    let id = guest
        .wire
        .hear("the file's number", |notice| match notice {
            Notice::Files(files::Notice::Accepted { local: of, file }) if of == local => Some(file.id),
            _ => None,
        })
        .await;
    let (wire, reply) = guest.attach(upload(id)).await;
    assert_eq!(ready(reply), 0);
    (id, wire)
}

/// Waits until a transfer has failed for the reason in `words`.
async fn fails(party: &mut Party, id: FileId, words: &str) {
    party
        .expect(words, |event| match event {
            RoomEvent::Transfer(view) if view.file == id => match view.state {
                TransferState::Failed { error, .. } => error.to_string().contains(words).then_some(()),
                TransferState::Done { .. } => panic!("it cannot be whole"),
                _ => None,
            },
            _ => None,
        })
        .await;
}

fn chunk(content: &[u8]) -> Vec<u8> {
    [&chunk_header(content.len())[..], content].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_as_announced_reaches_nobody() {
    let mut others = Bystanders::gather(Transport::Udp).await;
    let mut mallory = Stranger::new(others.port()).join("Mallory").await;
    let right = hash_of(b"0123456789");
    let wrong = FileHash([9; 32]);
    let endings = [
        (
            "more than announced",
            chunk(b"0123456789x"),
            "more than the announced 10 bytes",
        ),
        (
            "less than announced",
            [chunk(b"012345"), end_record(right).to_vec()].concat(),
            "ended after 6 of 10 bytes",
        ),
        (
            "a wrong hash",
            [chunk(b"0123456789"), end_record(wrong).to_vec()].concat(),
            "does not match its checksum",
        ),
        (
            "an abort",
            [chunk(b"012"), abort_record("my disk\u{7} is on fire")].concat(),
            "my disk is on fire",
        ),
    ];
    for (local, (what, bytes, words)) in (1..).zip(endings) {
        let (id, mut wire) = offer(&mut mallory, local, "a.txt", 10).await;
        // Not just any offer: another file has been offered before.
        let is_offered = |snapshot: &netcore::Snapshot| snapshot.files.iter().any(|(file, _)| file.id == id);
        others.cai.until("the file is offered", is_offered).await;
        others.cai.room.fetch_file(id, None).await.unwrap();
        wire.send(&bytes).await;
        fails(&mut others.cai, id, words).await;
        wire.end().await;
        let is_failed = |snapshot: &netcore::Snapshot| {
            let is_it = |state: &FileState| matches!(state, FileState::Failed { why } if why.contains(words));
            snapshot
                .files
                .iter()
                .any(|(file, _)| file.id == id && is_it(&file.state))
        };
        others.ben.until(what, is_failed).await;
        let (_, reply) = mallory.attach(upload(id)).await;
        assert_eq!(refused(reply), RefusalCode::NotFound, "{what}");
    }
    let downloads = others.cai.home.path().join("downloads");
    let left = std::fs::read_dir(downloads)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left
        .filter(|name| !name.to_string_lossy().ends_with(".bin"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    others.notice_nothing("files not as announced").await;
}

fn hash_of(content: &[u8]) -> FileHash {
    FileHash(*blake3::hash(content).as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_none_breaks_the_upload_which_can_go_on() {
    let mut others = Bystanders::gather(Transport::Tcp).await;
    let mut mallory = Stranger::new(others.port()).join("Mallory").await;
    let (id, mut wire) = offer(&mut mallory, 1, "ten.txt", 10).await;
    wire.send(&chunk(b"01234")).await;
    wire.send(&(files::MAX_CHUNK_BYTES as u32 + 1).to_be_bytes())
        .await;
    wire.end().await;
    // What had come is kept, and the next connection goes on from there.
    let (mut wire, reply) = mallory.attach(upload(id)).await;
    assert_eq!(ready(reply), 5);
    wire.send(&chunk(b"56789")).await;
    wire.send(&end_record(hash_of(b"0123456789"))).await;
    assert_eq!(wire.stream.read_u8().await.unwrap(), files::VERDICT_GOOD);
    others.host.room.fetch_file(id, None).await.unwrap();
    let is_there = || std::fs::read(others.host.home.path().join("downloads").join("ten.txt"));
    others
        .host
        .until("it is there", |_| {
            is_there().is_ok_and(|content| content == b"0123456789")
        })
        .await;
    others.notice_nothing("a record that is none").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_try_to_leave_the_folder_are_defused() {
    let others = Bystanders::gather(Transport::Tcp).await;
    let mut mallory = Stranger::new(others.port()).join("Mallory").await;
    let names = [
        "../../../../etc/cron.d/x",
        "..\\..\\Windows\\System32\\x.dll",
        "/etc/passwd",
        "C:\\autoexec.bat",
        "CON",
        "aux.txt",
        "..",
        "",
        ".bashrc",
        "a\0b\n\u{202e}gpj.exe",
        "COM1:",
    ];
    let hash = hash_of(b"x");
    for (local, name) in (1..).zip(names) {
        let (id, mut wire) = offer(&mut mallory, local, name, 1).await;
        wire.send(&[chunk(b"x"), end_record(hash).to_vec()].concat())
            .await;
        assert_eq!(
            wire.stream.read_u8().await.unwrap(),
            files::VERDICT_GOOD,
            "{name:?}"
        );
        for party in [&others.host, &others.cai] {
            let is_stored = |snapshot: &netcore::Snapshot| {
                let is_it =
                    |file: &files::FileInfo| file.id == id && matches!(file.state, FileState::Stored { .. });
                snapshot.files.iter().any(|(file, _)| is_it(file))
            };
            party.until("it is stored", is_stored).await;
            party.room.fetch_file(id, None).await.unwrap();
            let is_done = |snapshot: &netcore::Snapshot| {
                let transfer = snapshot
                    .files
                    .iter()
                    .find(|(file, _)| file.id == id)
                    .and_then(|(_, view)| view.clone());
                transfer.is_some_and(|view| matches!(view.state, TransferState::Done { .. }))
            };
            party.until("it is fetched", is_done).await;
            let Some(TransferState::Done { path: Some(path), .. }) =
                party.room.transfer(id).map(|view| view.state)
            else {
                panic!("{name:?} has no path")
            };
            assert_eq!(
                path.parent().unwrap(),
                party.home.path().join("downloads"),
                "{name:?}"
            );
            let got = path.file_name().unwrap().to_str().unwrap();
            let stem = got.split('.').next().unwrap().to_ascii_lowercase();
            assert!(
                !got.starts_with('.') && !["con", "aux", "com1"].contains(&&stem[..]),
                "{name:?} became {got:?}"
            );
            assert!(
                !got.chars().any(|c| c.is_control() || "/\\:\u{202e}".contains(c)),
                "{name:?} became {got:?}"
            );
        }
    }
}
