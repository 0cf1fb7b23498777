use std::time::Duration;

use media::jpeg::{Decoder, Limits};
use media::pattern::read_code;
use serde_json::Value;

use super::commands;
use super::view::{FrameBytes, PublishOptionsView, SourceKind, Transport};
use crate::error::ErrorCode;
use crate::session::commands::leave_room;
use crate::testing::{self, TestApp};

fn pattern(width: u16, height: u16, transport: Transport) -> PublishOptionsView {
    PublishOptionsView {
        width,
        height,
        ..testing::pattern(transport)
    }
}

fn u32_at(bytes: &FrameBytes, at: usize) -> u32 {
    u32::from_be_bytes(bytes.0[at..at + 4].try_into().unwrap())
}

/// The next frame after `after`, whatever it takes; the number it shows, and what carried it.
async fn frame(app: &TestApp, stream: u32, after: i64) -> (u32, u32, u8) {
    loop {
        let bytes = commands::next_frame(&app.core, stream, after, None)
            .await
            .unwrap();
        assert!(!bytes.0.is_empty(), "the stream is over");
        if bytes.0.len() == 1 {
            continue;
        }
        assert_eq!(u32_at(&bytes, 0), stream);
        assert_eq!(bytes.0.len(), 40 + u32_at(&bytes, 32) as usize);
        let rgb = Decoder::new(Limits::default())
            .unwrap()
            .rgb(&bytes.0[40..])
            .unwrap();
        let size = (
            u16::from_be_bytes([bytes.0[8], bytes.0[9]]),
            u16::from_be_bytes([bytes.0[10], bytes.0[11]]),
        );
        assert_eq!(size, (rgb.width, rgb.height));
        return (
            u32_at(&bytes, 4),
            read_code(&rgb.pixels, rgb.width, rgb.height).unwrap(),
            bytes.0[12],
        );
    }
}

/// Frames until one came by `carrier`.
async fn frame_by(app: &TestApp, stream: u32, carrier: u8) -> u32 {
    let mut after = -1;
    let found = async {
        loop {
            let (number, _, by) = frame(app, stream, after).await;
            if by == carrier {
                return number;
            }
            after = i64::from(number);
        }
    };
    tokio::time::timeout(Duration::from_secs(20), found)
        .await
        .expect("frames by that carrier")
}

async fn started(app: &TestApp) -> u32 {
    let stream = app.event_of_kind("video", "started").await["stream"]["id"].as_u64();
    u32::try_from(stream.unwrap()).unwrap()
}

#[tokio::test]
async fn my_video_is_seen_here_and_there_and_tcp_becomes_udp_while_live() {
    let (host, room) = TestApp::hosting("Ada").await;
    let (member, _) = TestApp::joining("Ben", &room).await;
    let live = commands::start_video(&member.core, pattern(320, 180, Transport::Tcp))
        .await
        .unwrap();
    assert_eq!(
        (live.spec.width, live.spec.height, live.source_name.as_str()),
        (320, 180, "Test pattern")
    );
    let stream = started(&host).await;
    assert_eq!(stream, live.stream);

    let (first, shown, by) = frame(&member, stream, -1).await;
    assert_eq!(by, 2, "one's own frames cross no network");
    let (second, shown_later, _) = frame(&member, stream, i64::from(first)).await;
    assert!(second > first && shown_later > shown);
    frame_by(&host, stream, 0).await;

    let switched = commands::set_transport(&member.core, Transport::Udp)
        .await
        .unwrap();
    assert_eq!(
        (switched.stream, switched.spec.transport),
        (stream, Transport::Udp)
    );
    let carrier =
        |event: &Value| (event["kind"] == "changed" && event["stream"]["transport"] == "udp").then_some(());
    host.event("video", carrier).await;
    frame_by(&host, stream, 1).await;

    commands::stop_video(&member.core).await.unwrap();
    let stopped = host.event_of_kind("video", "stopped").await;
    assert_eq!(stopped["stream"], stream);
    assert!(
        commands::next_frame(&host.core, stream, -1, None)
            .await
            .unwrap()
            .0
            .is_empty(),
        "a stream that is over goes on"
    );
    assert_eq!(
        commands::set_transport(&member.core, Transport::Tcp)
            .await
            .unwrap_err()
            .code,
        ErrorCode::NotLive
    );
}

#[tokio::test]
async fn size_and_quality_change_while_live_and_a_bad_source_leaves_the_good_one() {
    let (host, _room) = TestApp::hosting("Ada").await;
    let live = commands::start_video(&host.core, pattern(640, 360, Transport::Udp))
        .await
        .unwrap();
    let again = commands::start_video(&host.core, pattern(640, 360, Transport::Udp))
        .await
        .unwrap_err();
    assert_eq!(again.code, ErrorCode::AlreadyLive);

    let changed = commands::change_video(&host.core, pattern(320, 180, Transport::Udp))
        .await
        .unwrap();
    assert_eq!((changed.stream, changed.spec.width), (live.stream, 320));
    let mut after = -1;
    loop {
        let bytes = commands::next_frame(&host.core, live.stream, after, None)
            .await
            .unwrap();
        if bytes.0.len() > 1 {
            after = i64::from(u32_at(&bytes, 4));
            if bytes.0[8..10] == 320_u16.to_be_bytes() {
                break;
            }
        }
    }
    let absent = PublishOptionsView {
        source: "camera:/dev/video99".into(),
        ..pattern(640, 360, Transport::Udp)
    };
    let error = commands::change_video(&host.core, absent).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::CameraAbsent, "{error}");
    frame(&host, live.stream, after).await;
    assert!(host.core.room().unwrap().live.lock().await.is_some());
}

#[tokio::test]
async fn a_source_that_is_not_there_is_said_so() {
    let (host, _room) = TestApp::hosting("Ada").await;
    for (source, code) in [
        ("camera:/dev/video99", ErrorCode::CameraAbsent),
        ("nonsense", ErrorCode::CameraAbsent),
        ("screen:a window that nobody opened", ErrorCode::ScreenAbsent),
    ] {
        let spec = PublishOptionsView {
            source: source.into(),
            ..pattern(0, 0, Transport::Tcp)
        };
        assert_eq!(
            commands::start_video(&host.core, spec).await.unwrap_err().code,
            code,
            "{source}"
        );
    }
    let sources = commands::sources(&host.core).await.unwrap();
    assert!(
        sources
            .iter()
            .any(|source| source.kind == SourceKind::Pattern && !source.formats.is_empty())
    );
    // A machine without a display lists its screen, too, and says what is wrong when it is taken.
    let screen = sources.iter().rfind(|source| source.id.starts_with("screen"));
    assert_eq!(screen.map(|source| source.kind), Some(SourceKind::Screen));
    assert!(
        commands::choose_video_file(&host.core).await.unwrap().is_none(),
        "a dismissed dialog chose a file"
    );
    for named in ["file:/etc/passwd", "file:", "file:0", "file:77"] {
        let spec = PublishOptionsView {
            source: named.into(),
            ..pattern(0, 0, Transport::Tcp)
        };
        let error = commands::start_video(&host.core, spec).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::NotPicked, "{named}");
    }
    host.world
        .chosen
        .lock()
        .push_back(vec![host.file("words.avi", b"no video")]);
    assert!(commands::choose_video_file(&host.core).await.is_err());
}

#[tokio::test]
async fn a_member_looks_away_and_back_and_takes_a_picture() {
    let (host, room) = TestApp::hosting("Ada").await;
    let (member, _) = TestApp::joining("Ben", &room).await;
    let stream = commands::start_video(&host.core, pattern(320, 180, Transport::Udp))
        .await
        .unwrap()
        .stream;
    assert_eq!(started(&member).await, stream);
    frame_by(&member, stream, 1).await;
    let path = commands::save_snapshot(&member.core, stream).await.unwrap();
    let rgb = Decoder::new(Limits::default())
        .unwrap()
        .rgb(&std::fs::read(&path).unwrap())
        .unwrap();
    assert!(read_code(&rgb.pixels, rgb.width, rgb.height).is_some());
    assert_ne!(commands::save_snapshot(&member.core, stream).await.unwrap(), path);

    commands::watch(&member.core, stream, false).await.unwrap();
    let away = |event: &Value| (event["stream"]["watching"] == false).then_some(());
    member.event("video", away).await;
    commands::watch(&member.core, stream, true).await.unwrap();
    frame_by(&member, stream, 1).await;
    assert!(commands::watch(&member.core, 99, true).await.is_err());
}

#[tokio::test]
async fn leaving_ends_my_video() {
    let (host, room) = TestApp::hosting("Ada").await;
    let (member, _) = TestApp::joining("Ben", &room).await;
    let stream = commands::start_video(&member.core, pattern(320, 180, Transport::Tcp))
        .await
        .unwrap()
        .stream;
    started(&host).await;
    leave_room(&member.core).await.unwrap();
    assert_eq!(host.event_of_kind("video", "stopped").await["stream"], stream);
    let ended =
        |event: &Value| (event["kind"] == "live" && event["live"].is_null()).then(|| event["error"].clone());
    assert!(member.event("video", ended).await.is_null());
}

#[tokio::test]
async fn a_stream_is_recorded_until_it_is_enough_and_then_until_it_is_over() {
    let (host, room) = TestApp::hosting("Ada").await;
    let (member, _) = TestApp::joining("Ben/", &room).await;
    let stream = commands::start_video(&member.core, pattern(320, 180, Transport::Tcp))
        .await
        .unwrap()
        .stream;
    assert_eq!(started(&host).await, stream);
    let path = commands::start_recording(&host.core, stream).await.unwrap();
    assert!(path.ends_with(".avi") && !path.contains("Ben/"), "{path}");
    let since = |event: &Value| event["stream"]["recordingSinceMs"].as_u64();
    host.event("video", since).await;
    assert!(
        commands::start_recording(&host.core, stream).await.is_err(),
        "twice at once"
    );
    let first = frame_by(&host, stream, 0).await;
    let later = async {
        let mut after = i64::from(first);
        while after < i64::from(first) + 10 {
            after = frame(&host, stream, after).await.0.into();
        }
    };
    tokio::time::timeout(Duration::from_secs(20), later)
        .await
        .unwrap();
    commands::stop_recording(&host.core, stream).await.unwrap();
    let done = host.event_of_kind("video", "recorded").await;
    assert_eq!(
        (&done["recorded"]["files"][0], &done["error"]),
        (&path.as_str().into(), &Value::Null)
    );
    assert!(done["recorded"]["frames"].as_u64() >= Some(10), "{done}");
    let file = media::probe_file(&path).unwrap();
    assert_eq!((file.formats[0].width, file.formats[0].height), (320, 180));

    // Another one within the same second has a name of its own, and ends with its stream.
    let second = commands::start_recording(&host.core, stream).await.unwrap();
    assert_ne!(second, path);
    commands::stop_video(&member.core).await.unwrap();
    host.event("video", |event| {
        (event["recorded"]["files"][0] == second.as_str() || event["recorded"]["frames"] == 0).then_some(())
    })
    .await;
    assert_eq!(
        commands::start_recording(&host.core, stream)
            .await
            .unwrap_err()
            .code,
        ErrorCode::NotLive
    );
}

#[tokio::test]
async fn pictures_fit_what_the_network_takes_unless_they_are_fixed() {
    let (_host, room) = TestApp::hosting("Ada").await;
    let (member, _) = TestApp::joining("Ben", &room).await;
    let narrow = netcore::netem::Conditions {
        bottleneck: Some(netcore::netem::Bottleneck {
            rate: netcore::proto::Bitrate(1_000_000),
            queue_bytes: 50_000,
        }),
        ..Default::default()
    };
    member.core.room().unwrap().room.set_conditions(Some(narrow), 7);
    let spec = PublishOptionsView {
        quality: 90,
        ..pattern(1280, 720, Transport::Udp)
    };
    commands::start_video(&member.core, spec.clone()).await.unwrap();
    let made = |event: &Value| {
        event["live"]["made"]["quality"]
            .as_u64()
            .filter(|quality| *quality < 90)
    };
    assert!(member.event("video", made).await >= 30, "less than the least");

    let fixed = PublishOptionsView {
        is_fixed: true,
        quality: 70,
        ..spec
    };
    commands::change_video(&member.core, fixed).await.unwrap();
    let asked_for = |event: &Value| {
        let (live, made) = (&event["live"], &event["live"]["made"]);
        (live["spec"]["isFixed"] == true && made["quality"] == 70 && made["width"] == 1280).then_some(())
    };
    member.event("video", asked_for).await;
}

#[tokio::test]
async fn pictures_keep_to_the_bitrate_asked_for_whatever_the_network_takes() {
    let (_host, room) = TestApp::hosting("Ada").await;
    let (member, _) = TestApp::joining("Ben", &room).await;
    let spec = PublishOptionsView {
        most_kbps: Some(500),
        ..pattern(1280, 720, Transport::Udp)
    };
    commands::start_video(&member.core, spec).await.unwrap();
    let smaller = |event: &Value| {
        let live = &event["live"];
        (live["spec"]["mostKbps"] == 500 && live["made"]["width"].as_u64()? < 1280).then_some(())
    };
    member.event("video", smaller).await;
}
