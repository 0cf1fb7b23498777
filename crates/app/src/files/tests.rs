use std::path::{Path, PathBuf};

use netcore::proto::files::{FileHash, FileInfo, FileState as Shared};
use netcore::proto::{FileId, MemberId, Time};
use serde_json::Value;

use super::commands;
use super::offers::{MAX_REMEMBERED, Offers};
use super::view::{FileState, FileView, OpenedFile};
use crate::desktop::Choice;
use crate::error::ErrorCode;
use crate::session::commands::choose_downloads;
use crate::session::view::RoomView;
use crate::testing::TestApp;

async fn pair() -> (TestApp, TestApp, RoomView) {
    let (host, room) = TestApp::hosting("Ada").await;
    let (member, _) = TestApp::joining("Ben", &room).await;
    (host, member, room)
}

/// Offers files of `app` to `to`; all of them are taken.
async fn offer(app: &TestApp, paths: &[&Path], to: Vec<u32>) -> Vec<FileView> {
    let picks = paths.iter().map(|path| app.pick(path)).collect();
    let offered = commands::offer_files(&app.core, picks, to).await.unwrap();
    assert!(offered.failed.is_empty(), "{:?}", offered.failed);
    offered.files
}

/// The first event about file `id` whose state is of this kind.
async fn state(app: &TestApp, id: u64, kind: &str) -> Value {
    let wanted = |event: &Value| {
        (event["file"]["id"] == id && event["file"]["state"]["kind"] == kind).then(|| event["file"].clone())
    };
    app.event("files", wanted).await
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
    host.core.settings_file.save_downloads(folder.clone()).unwrap();

    let offered = offer(&member, &[&path], vec![]).await;
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

    commands::show_file(&host.core, id).await.unwrap();
    assert_eq!(*host.world.shown.lock(), [received]);
    state(&member, u64::from(id), "done").await;
}

#[tokio::test]
async fn a_program_that_arrived_is_shown_and_not_run() {
    let (host, member, _room) = pair().await;
    let paths = ["minutes.pif", "minutes.pdf"].map(|name| member.file(name, b"MZ"));
    let offered = offer(&member, &[&paths[0], &paths[1]], vec![]).await;
    for (file, opened) in offered.iter().zip([OpenedFile::Shown, OpenedFile::Opened]) {
        commands::accept_file(&host.core, file.id).await.unwrap();
        state(&host, u64::from(file.id), "done").await;
        assert_eq!(commands::open_file(&host.core, file.id).await.unwrap(), opened);
    }
    assert_eq!(host.world.shown.lock().len(), 1);
    let opened = host.world.opened.lock().clone();
    assert!(
        opened.len() == 1 && opened[0].ends_with("minutes.pdf"),
        "{opened:?}"
    );
}

/// Endings that run something, or may, on some system; and names that hide theirs.
const BAD_NAMES: &str = "a.app a.appimage a.bat a.cmd a.com a.command a.cpl a.desktop a.exe a.hta a.jar a.js a.lnk a.msi \
    a.ps1 a.reg a.scr a.sh a.url a.vbs a.wsf a.workflow a.pif a.scf a.chm a.wsc a.ws a.wsh a.vbe a.jse a.msc a.inf \
    a.application a.appref-ms a.settingcontent-ms a.iso a.img a.vhd a.vhdx a.library-ms a.search-ms a.theme a.diagcab a.msix \
    a.appx a.appinstaller a.msp a.mst a.gadget a.xll a.xlam a.docm a.xlsm a.one a.rdp a.py a.pyw a.html a.svg a.website \
    a.pkg a.mpkg a.dmg a.terminal a.tool a.fileloc a.inetloc a.webloc a.scpt a.applescript a.action a.prefPane \
    a.mobileconfig a.run a.deb a.rpm a.flatpakref a.htm a.xhtml a.mht a.mhtml a.xml a.xsl a.swf a.ocx a.dll a.sys a.drv \
    a.bin a.elf a.so a.dylib a.ps1xml a.psm1 a.psd1 a.wasm a.air a.crx a.xpi a.vsix a.nupkg a.msu a.cab a.zip a.7z a.rar \
    a.tar a.gz a.csv a.tsv a.iqy a.slk a.doc a.docx a.xls a.xlsx a.xlsb a.ppt a.pptx a.pptm a.ppam a.potm a.dotm a.rtf \
    a.odt a.ods a.pub a.mdb a.accdb a.accde a.ics a.vcf a.eml a.msg a.m3u a.m3u8 a.pls a.asx a.wmv a.wma a.wvx a.torrent \
    a.ovpn a.kext a.plugin a.bundle a.framework a.saver a.qlgenerator a.mdimporter a.osax a.jnlp a.rb a.pl a.php a.lua a.tcl \
    a.awk a.bash a.zsh a.fish a.csh a.ksh a.snap a.flatpak a.service a.timer a.kdelnk a.directory a.ts a.mjs a.cjs a.pyc a.pyz \
    a.ipa a.apk a.xap a.hlp a.grp a.job a.shs a.shb a.sct a.wiz a.vb a.vbp a.fon a.ttf a.otf a.cer a.p12 a.pfx a.ade a.adp \
    photo.jpg.exe photo.exe.jpg PHOTO.JPG.PIF photo.txt. README .txt .bashrc";

#[tokio::test]
async fn only_what_is_known_to_be_harmless_is_opened() {
    let (host, _room) = TestApp::hosting("Ada").await;
    for name in BAD_NAMES.split_whitespace() {
        for name in [name.to_owned(), name.to_uppercase()] {
            let path = host.file(&name, b"#!/bin/sh");
            let offered = offer(&host, &[&path], vec![]).await;
            let opened = commands::open_file(&host.core, offered[0].id).await.unwrap();
            assert_eq!(opened, OpenedFile::Shown, "{name}");
            commands::cancel_file(&host.core, offered[0].id).await.unwrap();
        }
    }
    assert!(
        host.world.opened.lock().is_empty(),
        "{:?}",
        host.world.opened.lock()
    );
}

#[tokio::test]
async fn an_offer_is_declined_here_and_taken_back_there() {
    let (host, member, _room) = pair().await;
    let paths = ["a.txt", "b.txt"].map(|name| member.file(name, b"words"));
    let offered = offer(&member, &[&paths[0], &paths[1]], vec![0]).await;
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
async fn what_cannot_be_offered_is_named_and_all_else_is_offered() {
    let (host, _room) = TestApp::hosting("Ada").await;
    let folder = host.home.path().join("Photos");
    std::fs::create_dir(&folder).unwrap();
    let (first, last) = (host.file("first.txt", b"1"), host.file("last.txt", b"2"));
    let nowhere = host.home.path().join("gone.txt");
    let picks = [&first, &folder, &nowhere, &last].map(|path| host.pick(path));
    let offered = commands::offer_files(&host.core, picks.to_vec(), vec![])
        .await
        .unwrap();
    let names: Vec<_> = offered.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["first.txt", "last.txt"]);
    let failed: Vec<_> = offered
        .failed
        .iter()
        .map(|failed| {
            (
                failed.name.as_str(),
                failed.error.code,
                failed.error.context["name"].as_str(),
            )
        })
        .collect();
    assert_eq!(
        failed,
        [
            ("Photos", ErrorCode::IsFolder, "Photos"),
            ("gone.txt", ErrorCode::FileUnreadable, "gone.txt")
        ]
    );
    assert_eq!(
        commands::accept_file(&host.core, 99).await.unwrap_err().code,
        ErrorCode::FileGone
    );
}

#[tokio::test]
async fn files_come_from_dialogs_and_drops_and_from_nothing_that_the_page_says() {
    let (host, _room) = TestApp::hosting("Ada").await;
    let (a, b) = (host.file("a.txt", b"a"), host.file("b.txt", b"b"));
    host.world.chosen.lock().extend([vec![a.clone()], vec![]]);
    let chosen = commands::choose_files(&host.core).await.unwrap();
    assert_eq!(chosen[0].name, "a.txt");
    assert!(
        commands::choose_files(&host.core).await.unwrap().is_empty(),
        "dismissed"
    );
    assert_eq!(*host.world.asked.lock(), [Choice::Files, Choice::Files]);
    super::handle_drag(&host.core, super::Drag::Dropped(&[b]));
    let dropped = host.event_of_kind("files", "drag").await;
    let pick = &dropped["drag"]["picks"][0];
    assert_eq!(pick["name"], "b.txt");
    let dropped = u32::try_from(pick["handle"].as_u64().unwrap()).unwrap();
    let offered = commands::offer_files(&host.core, vec![chosen[0].handle, dropped], vec![])
        .await
        .unwrap();
    assert_eq!((offered.files.len(), offered.failed.len()), (2, 0));

    let error = commands::offer_files(&host.core, vec![chosen[0].handle, 99], vec![])
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::NotPicked);
    assert_eq!(
        host.core.room().unwrap().files.lock().views(MemberId::HOST).len(),
        2
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_name_that_is_no_unicode_is_as_good_as_any() {
    use std::os::unix::ffi::OsStrExt;
    let (host, member, _room) = pair().await;
    let path = member
        .home
        .path()
        .join(std::ffi::OsStr::from_bytes(b"caf\xe9.txt"));
    std::fs::write(&path, b"words").unwrap();
    member.world.chosen.lock().push_back(vec![path]);
    let chosen = commands::choose_files(&member.core).await.unwrap();
    assert_eq!(chosen[0].name, "caf\u{fffd}.txt");
    let offered = commands::offer_files(&member.core, vec![chosen[0].handle], vec![])
        .await
        .unwrap();
    assert!(offered.failed.is_empty(), "{offered:?}");
    let id = offered.files[0].id;
    commands::accept_file(&host.core, id).await.unwrap();
    let done = state(&host, u64::from(id), "done").await;
    let received = done["state"]["path"].as_str().unwrap();
    assert_eq!(std::fs::read(received).unwrap(), b"words");
}

#[tokio::test]
async fn the_downloads_folder_is_chosen_by_the_systems_dialog() {
    let app = TestApp::new("Ada");
    let before = app.core.settings_file.downloads();
    app.world
        .chosen
        .lock()
        .extend([vec![PathBuf::from("/b")], vec![]]);
    let chosen = choose_downloads(&app.core).await.unwrap().unwrap();
    assert_eq!(
        (chosen.downloads.as_str(), app.core.settings_file.downloads()),
        ("/b", PathBuf::from("/b"))
    );
    assert!(choose_downloads(&app.core).await.unwrap().is_none(), "dismissed");
    assert_eq!(
        *app.world.asked.lock(),
        [Choice::Folder(before), Choice::Folder(PathBuf::from("/b"))]
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
    let mut offers = Offers::default();
    assert_eq!(offers.put(info), None);
    offers.view(FileId(3), ME).unwrap().state
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
    // Of one's own nothing moves before a member takes it.
    assert_eq!(state_of(info(1, Shared::Uploading)), FileState::Offered);
    assert_eq!(state_of(info(0, Shared::Cancelled)), FileState::Cancelled);
    assert!(matches!(
        state_of(info(0, Shared::Failed { why: "gone".into() })),
        FileState::Failed { .. }
    ));
}

#[test]
fn offers_that_are_over_are_forgotten_before_any_that_stands_and_never_more_than_so_many_are_known() {
    let mut offers = Offers::default();
    let limit = u32::try_from(MAX_REMEMBERED).unwrap();
    let offer = |id, state| FileInfo {
        id: FileId(id),
        ..info(0, state)
    };
    assert_eq!(offers.put(offer(0, Shared::Uploading)), None);
    for id in 1..limit {
        assert_eq!(offers.put(offer(id, Shared::Cancelled)), None);
    }
    for id in limit..2 * limit - 1 {
        let forgotten = offers.put(offer(id, Shared::Uploading));
        assert_eq!(forgotten, Some(FileId(id - limit + 1)));
    }
    assert_eq!(offers.put(offer(2 * limit, Shared::Uploading)), Some(FileId(0)));
    assert_eq!(offers.views(ME).len(), MAX_REMEMBERED);
    let known = offer(2 * limit, Shared::Cancelled);
    assert_eq!(offers.put(known), None, "what is known needs no room");
}

#[test]
fn progress_is_reported_ten_times_a_second_and_the_end_at_once() {
    use netcore::{TransferState, TransferView};
    let mut offers = Offers::default();
    assert_eq!(offers.put(info(0, Shared::Uploading)), None);
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
    assert!(offers.set_transfer(running(1), at(0)));
    assert!(!offers.set_transfer(running(2), at(50)));
    assert!(offers.set_transfer(running(3), at(101)));
    let done = TransferState::Done {
        path: Some("/p".into()),
        hash: FileHash([0; 32]),
    };
    assert!(offers.set_transfer(
        TransferView {
            file: FileId(3),
            direction,
            size: 100,
            state: done
        },
        at(102)
    ));
    assert_eq!(offers.picture_to_preview(FileId(3)), Some(PathBuf::from("/p")));
    assert_eq!(offers.picture_to_preview(FileId(3)), None, "looked into twice");
}

#[tokio::test]
async fn a_file_that_is_sent_in_no_time_is_shown_as_sent() {
    let (host, _member, _room) = pair().await;
    for number in 0..20 {
        let name = format!("{number}.txt");
        let path = host.file(&name, b"hello");
        let offered = offer(&host, &[&path], vec![]).await;
        state(&host, u64::from(offered[0].id), "done").await;
    }
}
