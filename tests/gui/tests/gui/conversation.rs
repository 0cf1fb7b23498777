//! Words and files, both ways, and rooms one after another.

use gui_tests::Window;
use netcore::proto::{chat, files, session};
use netcore::{RoomEvent, TransferState};
use serde_json::json;

use crate::rig::{Member, Rig, free_port, names_in};

const WIDE: (u32, u32) = (1280, 800);

/// WebDriver's code for the Enter key.
const ENTER: &str = "\u{E007}";

#[tokio::test(flavor = "multi_thread")]
async fn words_cross_both_ways() {
    let rig = Rig::open(WIDE, &["--lang", "en", "--theme", "light"]);
    let port = rig.host("Ada");
    let mut member = Member::join("Ben", port).await;
    rig.see_people(2);

    member.room.say("from the terminal 你好").await.unwrap();
    let seen = |window: &Window| {
        window
            .text("feed")
            .filter(|feed| feed.contains("from the terminal 你好"))
            .map(drop)
    };
    rig.window.wait("the member's words", seen).unwrap();

    rig.window.fill("composer", "from the window 再见").unwrap();
    rig.window.press(ENTER).unwrap();
    let heard = member
        .event("the window's words", |event| match event {
            RoomEvent::Chat(chat::Event::Entry(entry)) => match entry.body {
                chat::Body::Text { text } if entry.name == "Ada" => Some(text),
                _ => None,
            },
            _ => None,
        })
        .await;
    assert_eq!(heard, "from the window 再见");
    assert_eq!(rig.window.attribute("composer", "value").unwrap_or_default(), "");

    member.room.close().await;
    rig.see_people(1);
    rig.window.picture("words");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_cross_both_ways_and_are_checked() {
    let rig = Rig::open(WIDE, &["--lang", "en"]);
    let port = rig.host("Ada");
    let mut member = Member::join("Ben", port).await;
    rig.see_people(2);

    let content: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let theirs = member.home.path().join("from the terminal.bin");
    std::fs::write(&theirs, &content).unwrap();
    let offered = member.room.offer_file(&theirs, vec![]).await.unwrap();
    rig.window.click("tab-files").unwrap();
    rig.window.click("file-accept").unwrap();
    let card = format!("file-{}", offered.id);
    let is_done = |window: &Window| (window.attribute(&card, "data-state")? == "done").then_some(());
    rig.window.wait("the member's file, whole", is_done).unwrap();
    let downloads = rig.home.path().join("default").join("downloads");
    assert_eq!(names_in(&downloads), ["from the terminal.bin"]);
    assert_eq!(
        std::fs::read(downloads.join("from the terminal.bin")).unwrap(),
        content
    );

    // The system's own dialog is no part of the page; what it would return is.
    let ours = rig.home.path().join("来自窗口.txt");
    std::fs::write(&ours, "words in a file").unwrap();
    let answer = rig
        .window
        .invoke("plugin:files|offer_files", &json!({ "paths": [ours], "to": [] }))
        .unwrap()
        .unwrap();
    assert_eq!(answer[0]["name"], "来自窗口.txt");
    let id = member
        .event("the window's offer", |event| match event {
            RoomEvent::Files(files::Event::Offered(file)) => Some(file.id),
            _ => None,
        })
        .await;
    member.room.fetch_file(id, None).await.unwrap();
    let path = member
        .event("the window's file, whole", |event| match event {
            RoomEvent::Transfer(transfer) if transfer.file == id => match transfer.state {
                TransferState::Done { path, .. } => path,
                _ => None,
            },
            _ => None,
        })
        .await;
    assert_eq!(std::fs::read_to_string(path).unwrap(), "words in a file");
    rig.window.picture("files");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_is_left_and_another_opened_and_mistakes_are_said() {
    let rig = Rig::open(WIDE, &["--lang", "en"]);
    let port = rig.host("Ada");
    let mut member = Member::join("Ben", port).await;
    rig.see_people(2);
    // Others are here: closing the room on them is asked once.
    rig.window.click("leave").unwrap();
    rig.window.click("close-room").unwrap();
    rig.window
        .wait("the start screen", |window| window.text("start"))
        .unwrap();
    let why = member
        .event("the end of the room", |event| match event {
            RoomEvent::Closed(why) => Some(why),
            _ => None,
        })
        .await;
    assert!(why.is_some(), "a closed room looked like one's own leaving");

    // The same port, at once.
    rig.window.fill("port", &port.to_string()).unwrap();
    rig.window.click("host-room").unwrap();
    rig.window
        .wait("the second room", |window| window.text("room-title"))
        .unwrap();
    let mut again = Member::join("Ben", port).await;
    again.room.say("here again").await.unwrap();
    let seen = |window: &Window| {
        window
            .text("feed")
            .filter(|feed| feed.contains("here again"))
            .map(drop)
    };
    rig.window.wait("words in the second room", seen).unwrap();
    rig.window.click("leave").unwrap();
    rig.window.click("close-room").unwrap();
    again
        .event("the second room's end", |event| match event {
            RoomEvent::Closed(_) => Some(()),
            // What else is said of it is netcore's business.
            RoomEvent::Session(session::Event::Joined(_)) => None,
            _ => None,
        })
        .await;

    // Nobody listens there any more; and what is no address is said to be none.
    for (address, code) in [
        (format!("127.0.0.1:{port}"), "refused"),
        ("no address".to_owned(), "address_invalid"),
    ] {
        rig.window.fill("address", &address).unwrap();
        rig.window.click("join-room").unwrap();
        let said = |window: &Window| (window.attribute("join-error", "data-code")? == code).then_some(());
        rig.window.wait(code, said).unwrap();
    }
    rig.window.picture("mistakes");
}

#[test]
fn trying_it_here_opens_a_second_window_that_joins_by_itself() {
    let rig = Rig::open(WIDE, &["--lang", "en"]);
    let port = free_port();
    rig.window.fill("my-name", "Ada").unwrap();
    rig.window.fill("port", &port.to_string()).unwrap();
    rig.window.click("try-here").unwrap();
    // The second window ends with its display.
    rig.see_people(2);
    let beside = |window: &Window| {
        window
            .text("people")
            .filter(|people| people.contains("(beside)"))
            .map(drop)
    };
    rig.window.wait("somebody of another profile", beside).unwrap();
    assert!(rig.home.path().join("beside").join("config").is_dir());
}
