use std::path::Path;
use std::sync::atomic::Ordering;

use netcore::proto::Span;
use netcore::proto::video::WindowMode;
use netcore::{Folders, HostOptions, OpenError, Room};
use serde_json::json;

use super::commands;
use super::view::{Language, LinkState, Role, Settings, Theme};
use crate::Options;
use crate::chat::view::ChatBody;
use crate::closing::CloseDecision;
use crate::error::ErrorCode;
use crate::testing::{PATIENCE, TestApp, loopback};

#[tokio::test]
async fn the_start_screen_knows_me_and_where_i_can_be_reached() {
    let app = TestApp::with(
        "Ada",
        Options {
            join: Some("1.2.3.4:5".into()),
            link: Some("roomwire://6.7.8.9/".into()),
            language: Some(Language::Zh),
            ..Options::default()
        },
    );
    let start = commands::start(&app.core).await.unwrap();
    assert_eq!((start.profile.name.as_str(), start.first_run), ("Ada", false));
    assert_eq!(start.auto_join.as_deref(), Some("1.2.3.4:5"));
    assert_eq!(start.linked.as_deref(), Some("6.7.8.9:27182"));
    assert_eq!(start.settings.language, Language::Zh);
    assert!(start.addresses.iter().any(|at| at.loopback));
    assert!(start.downloads_free.is_some_and(|bytes| bytes > 0));
    assert!(start.recent.is_empty());
}

#[tokio::test]
async fn a_member_joins_and_leaves_and_both_sides_are_notified() {
    let (host, room) = TestApp::hosting("Ada").await;
    assert_eq!(
        (room.role, room.name.as_str(), room.people.len()),
        (Role::Host, "Lab", 1)
    );
    assert!(room.people[0].is_me && room.people[0].is_host);

    let (member, joined) = TestApp::joining("Ben", &room).await;
    assert_eq!(
        (joined.role, joined.me, &joined.fingerprint),
        (Role::Member, 1, &room.fingerprint)
    );
    assert_eq!(joined.people.len(), 2);
    let came = host.event_of_kind("session", "joined").await;
    assert_eq!(came["person"]["profile"]["name"], "Ben");
    assert_eq!(came["person"]["isMe"], false);
    assert_eq!(commands::start(&member.core).await.unwrap().recent[0].name, "Lab");

    commands::leave_room(&member.core).await.unwrap();
    let left = host.event_of_kind("session", "left").await;
    assert_eq!(
        (&left["person"]["profile"]["name"], &left["reason"]),
        (&json!("Ben"), &json!("left"))
    );
    let closed = member.event_of_kind("session", "closed").await;
    assert!(closed["reason"].is_null());
    assert!(commands::room(&member.core).await.unwrap().is_none());
}

#[tokio::test]
async fn a_forgotten_room_is_not_offered_again() {
    let (_host, room) = TestApp::hosting("Ada").await;
    let (member, _) = TestApp::joining("Ben", &room).await;
    let address = commands::start(&member.core).await.unwrap().recent[0]
        .address
        .clone();
    commands::forget_room(&member.core, address).await.unwrap();
    assert!(commands::start(&member.core).await.unwrap().recent.is_empty());
    assert!(
        commands::forget_room(&member.core, "no address!".into())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_list_of_known_rooms_that_cannot_be_read_keeps_from_joining_until_it_is_started_anew() {
    let (_host, room) = TestApp::hosting("Ada").await;
    let (member, _) = TestApp::joining("Ben", &room).await;
    commands::leave_room(&member.core).await.unwrap();
    let list = member.core.folders.config().join("known-rooms.json");
    std::fs::write(&list, "no list").unwrap();
    let refused = commands::join_room(&member.core, loopback(&room))
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::KnownRoomsUnreadable);

    let old = commands::start_rooms_anew(&member.core).await.unwrap().unwrap();
    assert_eq!(std::fs::read_to_string(old).unwrap(), "no list");
    assert_eq!(commands::start_rooms_anew(&member.core).await.unwrap(), None);
    commands::join_room(&member.core, loopback(&room)).await.unwrap();
}

#[tokio::test]
async fn a_room_can_be_closed_and_opened_again_on_its_port() {
    let (host, room) = TestApp::hosting("Ada").await;
    let port = loopback(&room).rsplit(':').next().unwrap().parse().unwrap();
    let (member, _) = TestApp::joining("Ben", &room).await;
    commands::leave_room(&host.core).await.unwrap();
    let closed = member.event_of_kind("session", "closed").await;
    assert_eq!(closed["reason"]["code"], "host_gone");

    let again = commands::host_room(&host.core, "Lab 2".into(), port)
        .await
        .unwrap();
    assert_eq!(again.name, "Lab 2");
    assert_eq!(commands::start(&host.core).await.unwrap().settings.port, port);
    assert_eq!(commands::room(&host.core).await.unwrap().unwrap().name, "Lab 2");
}

#[tokio::test]
async fn what_keeps_a_room_from_opening_is_said_at_once() {
    let (host, room) = TestApp::hosting("Ada").await;
    let error = commands::host_room(&host.core, String::new(), 0)
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::AlreadyInRoom);

    let other = TestApp::new("Ben");
    let port: u16 = loopback(&room).rsplit(':').next().unwrap().parse().unwrap();
    let error = commands::host_room(&other.core, String::new(), port)
        .await
        .unwrap_err();
    assert_eq!(
        (error.code, error.context["port"].clone()),
        (ErrorCode::PortInUse, port.to_string())
    );

    let error = commands::join_room(&other.core, "not an address".into())
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::AddressInvalid);
    commands::leave_room(&host.core).await.unwrap();
    let error = commands::join_room(&other.core, format!("127.0.0.1:{port}"))
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::Refused, "{error}");
    assert_eq!(
        commands::reconnect_now(&other.core).await.unwrap_err().code,
        ErrorCode::NoRoom
    );
}

/// Opens a room of a plain host, which ends without a goodbye when it is dropped.
async fn host_at(home: &Path, port: u16) -> Room {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let options = HostOptions {
            folders: Folders::at(home).unwrap(),
            profile: netcore::proto::session::Profile::default(),
            room_name: "Lab".to_owned(),
            port,
            downloads: home.join("downloads"),
            loopback_only: true,
            listen: Vec::new(),
            window: WindowMode::Adaptive,
        };
        match Room::host(options).await {
            Ok(room) => return room,
            // The port is free a moment after the earlier room's tasks have ended.
            Err(OpenError::PortInUse { .. }) if tokio::time::Instant::now() < deadline => {
                tokio::task::yield_now().await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn after_a_host_began_anew_everybody_is_who_they_are() {
    let home = tempfile::tempdir().unwrap();
    let host = host_at(home.path(), 0).await;
    let port = host.info().port;
    let address = format!("127.0.0.1:{port}");
    let (ben, _) = TestApp::joining_at("Ben", address.clone()).await;
    let (cai, before) = TestApp::joining_at("Cai", address.clone()).await;
    crate::chat::commands::say(&cai.core, "before".into())
        .await
        .unwrap();
    let picks = vec![cai.pick(&cai.file("mine.txt", b"words"))];
    crate::files::commands::offer_files(&cai.core, picks, vec![])
        .await
        .unwrap();
    cai.event("chat", |event| {
        (event["entry"]["body"]["text"] == "before" && event["entry"]["state"] == "delivered").then_some(())
    })
    .await;
    commands::leave_room(&ben.core).await.unwrap();

    // Alone in the new room, Cai has Ben's old number, and who comes next has hers.
    drop(host);
    let _host = host_at(home.path(), port).await;
    cai.event("chat", |event| {
        let entry = &event["entry"];
        (entry["body"]["kind"] == "joined" && entry["era"] == 1).then_some(())
    })
    .await;
    let (dan, joined) = TestApp::joining_at("Dan", address).await;
    assert_eq!(joined.me, before.me, "Dan has Cai's old number");
    let picks = vec![dan.pick(&dan.file("theirs.txt", b"words"))];
    crate::files::commands::offer_files(&dan.core, picks, vec![])
        .await
        .unwrap();
    crate::chat::commands::say(&dan.core, "hello, this is Dan".into())
        .await
        .unwrap();
    let heard = cai
        .event("chat", |event| {
            (event["entry"]["body"]["text"] == "hello, this is Dan").then(|| event["entry"].clone())
        })
        .await;
    assert_eq!((&heard["mine"], &heard["name"]), (&json!(false), &json!("Dan")));
    let theirs = cai
        .event("files", |event| {
            (event["file"]["name"] == "theirs.txt").then(|| event["file"].clone())
        })
        .await;
    assert_eq!(
        (&theirs["mine"], &theirs["ownerName"]),
        (&json!(false), &json!("Dan"))
    );
    crate::chat::commands::say(&cai.core, "after".into())
        .await
        .unwrap();
    let after = cai
        .event("chat", |event| {
            let entry = &event["entry"];
            (entry["body"]["text"] == "after" && entry["state"] == "delivered").then(|| entry.clone())
        })
        .await;
    assert_eq!((&after["mine"], &after["name"]), (&json!(true), &json!("Cai")));

    let now = commands::room(&cai.core).await.unwrap().unwrap();
    assert_ne!(now.me, before.me);
    let mine: Vec<_> = now.people.iter().filter(|person| person.is_me).collect();
    assert!(mine.len() == 1 && mine[0].profile.name == "Cai", "{mine:?}");
    let own_files: Vec<_> = now
        .files
        .iter()
        .filter(|file| file.mine)
        .map(|file| &file.name)
        .collect();
    assert_eq!(own_files, ["mine.txt"], "what is still offered is offered again");
    let own_words: Vec<_> = now
        .chat
        .iter()
        .filter(|entry| entry.mine && matches!(entry.body, ChatBody::Text { .. }))
        .map(|entry| {
            (
                entry.era,
                serde_json::to_value(&entry.body).unwrap()["text"].clone(),
            )
        })
        .collect();
    assert_eq!(own_words, [(0, json!("before")), (1, json!("after"))]);
    let at = |body: &ChatBody| now.chat.iter().position(|entry| entry.body == *body);
    let before = ChatBody::Text {
        text: "before".into(),
    };
    let (line, before) = (at(&ChatBody::Anew).unwrap(), at(&before).unwrap());
    assert!(before < line, "earlier words stand above the line");
    assert!(now.chat[line..].iter().all(|entry| entry.era == 1));
}

#[tokio::test]
async fn an_identity_that_changed_is_taken_only_as_it_was_compared() {
    let (host, room) = TestApp::hosting("Ada").await;
    let (member, _) = TestApp::joining("Ben", &room).await;
    let address = loopback(&room);
    commands::leave_room(&member.core).await.unwrap();
    commands::leave_room(&host.core).await.unwrap();
    let port = address.rsplit(':').next().unwrap().parse().unwrap();
    let other = TestApp::new("Mallory");
    let shown = commands::host_room(&other.core, "Lab".into(), port)
        .await
        .unwrap();
    let error = commands::join_room(&member.core, address.clone())
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::IdentityChanged);
    assert_eq!(
        (&error.context["expected"], &error.context["got"]),
        (&room.fingerprint, &shown.fingerprint)
    );
    // What was compared is another one than what answers now.
    let error = commands::join_confirmed(&member.core, address.clone(), "ab".repeat(32))
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::IdentityChanged);
    let recent = commands::start(&member.core).await.unwrap().recent;
    assert_eq!(recent[0].fingerprint, room.fingerprint, "nothing was forgotten");
    commands::join_confirmed(&member.core, address.clone(), shown.fingerprint.clone())
        .await
        .unwrap();
    commands::leave_room(&member.core).await.unwrap();
    commands::join_room(&member.core, address).await.unwrap();
}

#[tokio::test]
async fn a_changed_profile_reaches_the_others() {
    let (host, room) = TestApp::hosting("Ada").await;
    let (member, _) = TestApp::joining("Ben", &room).await;
    let (profile, _) = member.core.settings_file.profile();
    let renamed = super::view::Profile {
        name: "Benjamin".into(),
        about: "row 3".into(),
        ..profile
    };
    assert_eq!(
        commands::save_profile(&member.core, renamed).await.unwrap().name,
        "Benjamin"
    );
    let about = host
        .event("session", |event| {
            let person = &event["person"]["profile"];
            (event["kind"] == "person_changed" && person["name"] == "Benjamin")
                .then(|| person["about"].clone())
        })
        .await;
    assert_eq!(about, "row 3");
}

#[tokio::test]
async fn a_chosen_theme_dresses_the_window() {
    let app = TestApp::new("Ada");
    let settings = Settings {
        theme: Theme::Dark,
        ..app.core.settings_file.settings()
    };
    commands::save_settings(&app.core, settings).await.unwrap();
    assert_eq!(*app.world.themes.lock(), [Theme::Dark]);
}

#[tokio::test]
async fn the_window_beside_is_another_person_and_joins_at_once() {
    let app = TestApp::with(
        "Ada",
        Options {
            language: Some(Language::Zh),
            ..Options::default()
        },
    );
    commands::open_beside(&app.core, "127.0.0.1:5000".into())
        .await
        .unwrap();
    let started = app.world.started.lock()[0].join(" ");
    assert_eq!(
        started,
        "--profile=beside --join=127.0.0.1:5000 --lang=zh --theme=auto"
    );
    // What is chosen in the window counts for more than what began it.
    let chosen = Settings {
        language: Language::En,
        theme: Theme::Dark,
        ..app.core.settings()
    };
    commands::save_settings(&app.core, chosen).await.unwrap();
    assert_eq!(
        commands::start(&app.core).await.unwrap().settings.language,
        Language::En
    );
    commands::open_beside(&app.core, "127.0.0.1:5000".into())
        .await
        .unwrap();
    let started = app.world.started.lock()[1].join(" ");
    assert!(started.ends_with("--lang=en --theme=dark"), "{started}");
    let error = commands::open_beside(&app.core, "no address".into())
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::AddressInvalid);
}

#[test]
fn states_and_times_cross_as_the_interface_reads_them() {
    let reason = crate::error::IpcError::new(ErrorCode::HostGone, "gone");
    let lost = LinkState::Lost {
        attempt: 2,
        retry_in_ms: 1_000,
        at_ms: 5,
        reason,
    };
    let json = serde_json::to_value(&lost).unwrap();
    assert_eq!(
        (&json["kind"], &json["retryInMs"], &json["atMs"]),
        (&json!("lost"), &json!(1_000), &json!(5))
    );
    assert_eq!(
        serde_json::to_value(LinkState::Up).unwrap(),
        json!({ "kind": "up" })
    );
}

#[tokio::test]
async fn a_host_with_others_is_asked_before_its_window_closes_and_nobody_else_is() {
    let now = netcore::clock::now();
    let alone = TestApp::new("Ada");
    assert_eq!(alone.core.request_close(now), CloseDecision::Granted);

    let (host, room) = TestApp::hosting("Ada").await;
    assert_eq!(
        host.core.request_close(now),
        CloseDecision::Leaves,
        "nobody else is here"
    );
    let (member, _) = TestApp::joining("Ben", &room).await;
    host.event_of_kind("session", "joined").await;
    assert_eq!(member.core.request_close(now), CloseDecision::Leaves);

    assert_eq!(host.core.request_close(now), CloseDecision::Asked);
    let asked = host.event_of_kind("session", "close_asked").await;
    assert_eq!((&asked["others"], &asked["moving"]), (&json!(1), &json!(0)));
    // Stays: the room goes on, and the next request is a new one however late it comes.
    commands::answer_close(&host.core, false).await.unwrap();
    assert!(host.core.room().is_ok());
    let later = now + Span::from_secs(3600);
    assert_eq!(host.core.request_close(later), CloseDecision::Asked);

    commands::answer_close(&host.core, true).await.unwrap();
    member.event_of_kind("session", "closed").await;
    assert!(host.core.room().is_err());
    assert!(host.world.has_ended.load(Ordering::Relaxed) && !member.world.has_ended.load(Ordering::Relaxed));
}

#[tokio::test]
async fn a_page_that_does_not_answer_keeps_no_window_open() {
    let now = netcore::clock::now();
    let (host, room) = TestApp::hosting("Ada").await;
    let (_member, _) = TestApp::joining("Ben", &room).await;
    host.event_of_kind("session", "joined").await;
    let after = |ms| now + Span::from_millis(ms);
    assert_eq!(host.core.request_close(now), CloseDecision::Asked);
    assert_eq!(
        host.core.request_close(after(300)),
        CloseDecision::Asked,
        "a double click"
    );
    assert_eq!(host.core.request_close(after(2_500)), CloseDecision::Leaves);
}
