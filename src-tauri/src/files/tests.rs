use std::path::PathBuf;

use netcore::proto::files::{FileHash, FileInfo, FileState as Shared};
use netcore::proto::{FileId, MemberId, Time};
use serde_json::Value;

use super::commands;
use super::shelf::Shelf;
use super::view::FileState;
use crate::core::lock;
use crate::error::ErrorCode;
use crate::outside::Choice;
use crate::session::commands::save_settings;
use crate::session::view::{RoomView, Settings};
use crate::testing::Desk;

async fn pair() -> (Desk, Desk, RoomView) {
    let (host, room) = Desk::hosting("Ada").await;
    let (member, _) = Desk::joining("Ben", &room).await;
    (host, member, room)
}

/// The first event about file `id` whose state is of this kind.
async fn state(desk: &Desk, id: u64, kind: &str) -> Value {
    let wanted = |event: &Value| {
        (event["file"]["id"] == id && event["file"]["state"]["kind"] == kind).then(|| event["file"].clone())
    };
    desk.event("files", wanted).await
}

#[tokio::test]
async fn a_file_is_offered_accepted_checked_and_opened() {
    let (host, member, _room) = pair().await;
    let content: Vec<u8> = (0..2_000_000_u32)
        .flat_map(u32::to_le_bytes)
        .take(3_000_000)
        .collect();
    let path = member.file("notes.bin", &content);
    let folder = host.home.path().join("chosen");
    let settings = Settings {
        downloads: folder.to_string_lossy().into_owned(),
        ..host.core.kept.settings()
    };
    save_settings(&host.core, settings).await.unwrap();

    let offered = commands::offer_files(&member.core, vec![path.to_string_lossy().into_owned()], vec![])
        .await
        .unwrap();
    assert!(offered[0].mine && offered[0].size == 3_000_000, "{offered:?}");
    let id = offered[0].id;
    let seen = state(&host, u64::from(id), "offered").await;
    assert_eq!(
        (
            seen["name"].as_str(),
            seen["ownerName"].as_str(),
            seen["mine"].as_bool()
        ),
        (Some("notes.bin"), Some("Ben"), Some(false))
    );

    commands::accept_file(&host.core, id).await.unwrap();
    let done = state(&host, u64::from(id), "done").await;
    assert_eq!(done["state"]["checked"], true);
    let received = PathBuf::from(done["state"]["path"].as_str().unwrap());
    assert!(received.starts_with(&folder), "{}", received.display());
    assert_eq!(std::fs::read(&received).unwrap(), content);

    commands::open_file(&host.core, id).await.unwrap();
    commands::show_file(&host.core, id).await.unwrap();
    assert_eq!(*lock(&host.world.opened), std::slice::from_ref(&received));
    assert_eq!(*lock(&host.world.shown), [received]);
    state(&member, u64::from(id), "done").await;
}

#[tokio::test]
async fn a_program_that_arrived_is_shown_and_not_run() {
    let (host, member, _room) = pair().await;
    let path = member.file("holiday.JPG.exe", b"MZ");
    let offered = commands::offer_files(&member.core, vec![path.to_string_lossy().into_owned()], vec![])
        .await
        .unwrap();
    commands::accept_file(&host.core, offered[0].id).await.unwrap();
    state(&host, u64::from(offered[0].id), "done").await;
    commands::open_file(&host.core, offered[0].id).await.unwrap();
    assert!(lock(&host.world.opened).is_empty());
    assert_eq!(lock(&host.world.shown).len(), 1);
}

#[tokio::test]
async fn an_offer_is_declined_here_and_taken_back_there() {
    let (host, member, _room) = pair().await;
    let paths = ["a.txt", "b.txt"].map(|name| member.file(name, b"words").to_string_lossy().into_owned());
    let offered = commands::offer_files(&member.core, paths.to_vec(), vec![0])
        .await
        .unwrap();
    let (first, second) = (offered[0].id, offered[1].id);
    state(&host, u64::from(first), "offered").await;
    commands::decline_file(&host.core, first).await.unwrap();
    state(&host, u64::from(first), "declined").await;
    commands::cancel_file(&member.core, second).await.unwrap();
    state(&host, u64::from(second), "cancelled").await;
    let error = commands::open_file(&host.core, second).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::FileGone);
    // Pausing and resuming what does not move changes nothing.
    commands::pause_file(&host.core, first).await.unwrap();
    commands::resume_file(&host.core, first).await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_not_there_is_named() {
    let (host, _room) = Desk::hosting("Ada").await;
    let error = commands::offer_files(&host.core, vec!["/nowhere/notes.txt".into()], vec![])
        .await
        .unwrap_err();
    assert_eq!(
        (error.code, error.context["name"].as_str()),
        (ErrorCode::FileUnreadable, "notes.txt")
    );
    assert_eq!(
        commands::accept_file(&host.core, 99).await.unwrap_err().code,
        ErrorCode::FileGone
    );
}

#[tokio::test]
async fn files_and_folders_are_chosen_by_the_systems_dialog() {
    let desk = Desk::new("Ada");
    lock(&desk.world.chosen).extend([vec![PathBuf::from("/a"), PathBuf::from("/b")], vec![]]);
    assert_eq!(commands::choose_files(&desk.core).await.unwrap(), ["/a", "/b"]);
    assert_eq!(
        commands::choose_folder(&desk.core).await.unwrap(),
        None,
        "dismissed"
    );
    let downloads = PathBuf::from(desk.core.kept.settings().downloads);
    assert_eq!(
        *lock(&desk.world.asked),
        [Choice::Files, Choice::Folder(downloads)]
    );
}

const ME: MemberId = MemberId(1);

fn info(owner: u32, state: Shared) -> FileInfo {
    FileInfo {
        id: FileId(3),
        owner: MemberId(owner),
        owner_name: "Ada".into(),
        name: "picture.png".into(),
        size: 100,
        mime: "image/png".into(),
        to: vec![],
        at_unix_ms: 1,
        state,
        received_by: vec![],
    }
}

fn state_of(info: FileInfo) -> FileState {
    let mut shelf = Shelf::default();
    shelf.put(info);
    shelf.view(FileId(3), ME).unwrap().state
}

#[test]
fn what_a_file_is_depends_on_whose_it_is() {
    let stored = Shared::Stored {
        hash: FileHash([0; 32]),
    };
    assert_eq!(state_of(info(0, Shared::Uploading)), FileState::Offered);
    assert_eq!(state_of(info(0, stored.clone())), FileState::Offered);
    assert_eq!(
        state_of(info(1, stored)),
        FileState::Done {
            path: None,
            checked: true
        }
    );
    // Of one's own nothing moves before somebody takes it.
    assert_eq!(state_of(info(1, Shared::Uploading)), FileState::Offered);
    assert_eq!(state_of(info(0, Shared::Cancelled)), FileState::Cancelled);
    assert!(matches!(
        state_of(info(0, Shared::Failed { why: "gone".into() })),
        FileState::Failed { .. }
    ));
}

#[test]
fn progress_is_told_ten_times_a_second_and_the_end_at_once() {
    use netcore::{TransferState, TransferView};
    let mut shelf = Shelf::default();
    shelf.put(info(0, Shared::Uploading));
    let direction = netcore::proto::wire::Direction::Down;
    let at = |ms: u64| Time::from_micros(ms * 1_000);
    let running = |done| TransferView {
        file: FileId(3),
        direction,
        size: 100,
        state: TransferState::Running {
            done,
            rate: None,
            remaining: None,
        },
    };
    assert!(shelf.set_transfer(running(1), at(0)));
    assert!(!shelf.set_transfer(running(2), at(50)));
    assert!(shelf.set_transfer(running(3), at(101)));
    let done = TransferState::Done {
        path: Some("/p".into()),
        hash: FileHash([0; 32]),
    };
    assert!(shelf.set_transfer(
        TransferView {
            file: FileId(3),
            direction,
            size: 100,
            state: done
        },
        at(102)
    ));
    assert_eq!(shelf.picture_to_preview(FileId(3)), Some(PathBuf::from("/p")));
    assert_eq!(shelf.picture_to_preview(FileId(3)), None, "looked into twice");
}

#[tokio::test]
async fn a_file_that_is_sent_in_no_time_is_shown_as_sent() {
    let (host, _member, _room) = pair().await;
    for number in 0..20 {
        let name = format!("{number}.txt");
        let path = host.file(&name, b"hello").to_string_lossy().into_owned();
        let offered = commands::offer_files(&host.core, vec![path], vec![])
            .await
            .unwrap();
        state(&host, u64::from(offered[0].id), "done").await;
    }
}
