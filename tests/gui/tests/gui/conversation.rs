//! Words and files in both directions, and rooms one after another.

use gui_tests::{Drag, Window};
use netcore::RoomEvent;
use netcore::proto::{chat, session};
use serde_json::json;

use crate::rig::{Member, Rig, free_port, names_in};

const WIDE: (u32, u32) = (1280, 800);

/// WebDriver's code for the Enter key.
const ENTER: &str = "\u{E007}";

#[tokio::test(flavor = "multi_thread")]
async fn words_cross_in_both_directions() {
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
async fn a_file_is_accepted_and_checked_and_the_page_can_name_none() {
    let rig = Rig::open(WIDE, &["--lang", "en"]);
    let port = rig.host("Ada");
    let member = Member::join("Ben", port).await;
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

    // Only what a person picked in the system's own dialog can be offered, and the page cannot name it.
    let ours = rig.home.path().join("来自窗口.txt");
    std::fs::write(&ours, "words in a file").unwrap();
    for picks in [json!([ours]), json!([1])] {
        let request = json!({ "picks": picks, "to": [] });
        let refused = rig.window.invoke("plugin:files|offer_files", &request).unwrap();
        assert!(refused.is_err(), "{refused:?}");
    }
    rig.window.picture("files");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_dropped_on_the_room_are_offered_and_a_folder_among_them_is_named() {
    let rig = Rig::open(WIDE, &["--lang", "en"]);
    let port = rig.host("Ada");
    let member = Member::join("Ben", port).await;
    rig.see_people(2);
    let path = |name: &str| rig.home.path().join(name);
    let (first, folder, second) = (path("来自 桌面.txt"), path("some folder"), path("b 100%.txt"));
    std::fs::write(&first, "dropped").unwrap();
    std::fs::write(&second, "as well").unwrap();
    std::fs::create_dir(&folder).unwrap();

    let mut drag = Drag::begin(&rig.display, &[&first, &folder, &second], (500, 300)).unwrap();
    drag.hover(|| rig.window.text("drop-target").is_some()).unwrap();
    rig.window.picture("dragging");
    drag.release().unwrap();

    let offered = |now: &netcore::Snapshot| {
        let names = now.files.iter().map(|(file, _)| file.name.clone());
        names.collect::<Vec<_>>()
    };
    let expected = ["来自 桌面.txt", "b 100%.txt"];
    member
        .until("both files are offered", |now| offered(now) == expected)
        .await;
    let is_gone = |window: &Window| window.text("drop-target").is_none().then_some(());
    rig.window.wait("the end of the dragging", is_gone).unwrap();
    let is_named = |window: &Window| {
        let page = window.run("return document.body.textContent", &[]).ok()?;
        page.as_str()?.contains("some folder").then_some(())
    };
    rig.window.wait("the folder's name", is_named).unwrap();
    let id = member.room.snapshot().await.files[0].0.id;
    member.room.fetch_file(id, None).await.unwrap();
    let got = member.home.path().join("downloads").join(expected[0]);
    member.until("it is fetched", |_| got.exists()).await;
    assert_eq!(std::fs::read(got).unwrap(), b"dropped");
    rig.window.picture("dropped");
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
    rig.window.wait("a member of another profile", beside).unwrap();
    assert!(rig.home.path().join("beside").join("config").is_dir());
}
