use std::time::Duration;

use super::commands;
use super::view::{ConditionsView, ExportFormat, TripView};
use crate::desktop::Choice;
use crate::error::ErrorCode;
use crate::session::view::{Language, Settings};
use crate::testing::{PATIENCE, TestApp, pattern};
use crate::video::commands::{next_frame, start_video};
use crate::video::view::{DrawnFrame, Transport};

#[tokio::test]
async fn what_is_measured_is_reported_each_second_and_exported() {
    let (host, room) = TestApp::hosting("Ada").await;
    let (member, _) = TestApp::joining("Ben", &room).await;
    let stream = start_video(&member.core, pattern(Transport::Tcp))
        .await
        .unwrap()
        .stream;
    let link = member
        .event("metrics", |event| {
            let links = event["links"].as_array()?;
            links
                .iter()
                .find(|link| link["stream"] == stream && link["ackP50Us"].is_u64())
                .cloned()
        })
        .await;
    assert_eq!(
        (&link["direction"], &link["peerName"], &link["transport"]),
        (&"out".into(), &"Ada".into(), &"tcp".into())
    );
    #[cfg(any(target_os = "linux", target_os = "macos", windows))]
    assert!(
        link["kernel"]["rttUs"].as_u64() > Some(0),
        "the system's view is missing: {link}"
    );
    let inbound = host
        .event("metrics", |event| {
            let links = event["links"].as_array()?;
            links.iter().find(|link| link["stream"] == stream).cloned()
        })
        .await;
    assert!(
        inbound["direction"] == "in" && inbound["kernel"].is_null(),
        "a figure nobody measured is not unknown: {inbound}"
    );
    let point = member
        .event("metrics", |event| {
            event["points"]
                .as_array()?
                .iter()
                .find(|point| point["framesPerS"] != 0.0)
                .cloned()
        })
        .await;
    assert_eq!(point["stream"], stream);
    let history = commands::history(&member.core).await.unwrap();
    assert!(!history.points.is_empty() && !history.links.is_empty());

    let [csv, json, html, chinese] =
        ["r.csv", "r.json", "r.html", "zh.html"].map(|name| member.home.path().join(name));
    let answers = [&csv, &json, &html, &chinese].map(|path| vec![path.clone()]);
    member.world.chosen.lock().extend(answers);
    member.world.chosen.lock().push_back(vec![]);
    commands::export_results(&member.core, ExportFormat::Csv)
        .await
        .unwrap();
    let lines = std::fs::read_to_string(csv).unwrap();
    assert!(
        lines.starts_with("stream,peer,frame,transport") && lines.lines().count() > 5,
        "{lines}"
    );
    commands::export_results(&member.core, ExportFormat::Json)
        .await
        .unwrap();
    let results: Vec<serde_json::Value> = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    assert!(results.iter().any(|result| result["outcome"] == "acked"));
    commands::export_results(&member.core, ExportFormat::Html)
        .await
        .unwrap();
    let page = std::fs::read_to_string(html).unwrap();
    assert!(
        page.contains("What was measured on the path to 127.0.0.1"),
        "{page}"
    );
    assert!(
        page.matches("<svg").count() >= 4 && page.contains(">TCP<") && !page.contains(">UDP<"),
        "{page}"
    );
    let settings = Settings {
        language: Language::Zh,
        ..member.core.settings()
    };
    member.core.save_settings(settings).unwrap();
    commands::export_results(&member.core, ExportFormat::Html)
        .await
        .unwrap();
    let page = std::fs::read_to_string(chinese).unwrap();
    assert!(page.contains("到 127.0.0.1"), "{page}");
    assert_eq!(
        commands::export_results(&member.core, ExportFormat::Csv)
            .await
            .unwrap(),
        None,
        "dismissed"
    );
    assert!(matches!(&member.world.asked.lock()[0], Choice::SaveAs(name, "csv") if name.ends_with(".csv")));
}

/// What a window does with a stream: takes each frame, and says when it had drawn the one before.
async fn draw(app: &TestApp, stream: u32, decoded_ago_us: u64, drawn_ago_us: u64) {
    let mut drawn = None;
    loop {
        let after = drawn.map_or(-1, |drawn: DrawnFrame| i64::from(drawn.frame));
        let bytes = next_frame(&app.core, stream, after, drawn).await.unwrap().0;
        let Some(frame) = bytes.get(4..8) else { continue };
        // Drawing takes its time; what is reported lies within it.
        tokio::time::sleep(Duration::from_millis(5)).await;
        drawn = Some(DrawnFrame {
            frame: u32::from_be_bytes(frame.try_into().unwrap()),
            decoded_ago_us,
            drawn_ago_us,
        });
    }
}

#[tokio::test]
async fn a_frames_path_is_known_from_the_camera_to_the_screen_that_says_when_it_drew() {
    let (host, room) = TestApp::hosting("Ada").await;
    let (member, _) = TestApp::joining("Ben", &room).await;
    let stream = start_video(&member.core, pattern(Transport::Tcp))
        .await
        .unwrap()
        .stream;
    host.event_of_kind("video", "started").await;

    let seen = async {
        loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let trips = commands::trips(&host.core, stream, None).await.unwrap();
            let whole = |trip: &&TripView| trip.drawn_us.is_some() && trip.captured_us.is_some();
            if let Some(trip) = trips.iter().find(whole) {
                return trip.clone();
            }
        }
    };
    let trip = tokio::select! {
        trip = tokio::time::timeout(PATIENCE, seen) => trip.expect("a frame that was drawn"),
        () = draw(&host, stream, 700, 200) => unreachable!(),
    };
    assert_eq!(trip.captured_us, Some(0));
    let error = i64::try_from(trip.clock_error_us.unwrap()).unwrap();
    let (received, decoded) = (trip.received_us.unwrap(), trip.decoded_us.unwrap());
    assert!(trip.encoded_us.unwrap() <= received + 2 * error, "{trip:?}");
    assert!(received <= decoded, "{trip:?}");
    assert_eq!(trip.drawn_us, Some(decoded + 500), "as the page said");
    assert_eq!(trip.acked_us, None, "who receives does not know");

    let (there, reported) = tokio::join!(
        async {
            let sent = commands::trips(&member.core, stream, Some(0)).await.unwrap();
            sent.into_iter().find(|trip| trip.acked_us.is_some()).unwrap()
        },
        host.event("metrics", |event| {
            let links = event["links"].as_array()?;
            links
                .iter()
                .find(|link| link["stream"] == stream && link["screenP50Us"].is_u64())
                .cloned()
        }),
    );
    let moments = [
        there.queued_us,
        there.first_out_us,
        there.last_out_us,
        there.acked_us,
    ]
    .map(Option::unwrap);
    assert!(moments.is_sorted(), "{there:?}");
    assert_eq!((there.captured_us, there.drawn_us), (Some(0), None));
    assert!(
        reported["screenP95Us"].as_u64() >= reported["screenP50Us"].as_u64(),
        "{reported}"
    );
    assert!(reported["clockErrorUs"].is_u64(), "{reported}");
    assert_eq!(commands::trips(&host.core, 999, None).await.unwrap(), []);
}

fn worse() -> ConditionsView {
    ConditionsView {
        loss_pct: 30.0,
        burst_pct: 0.0,
        delay_ms: 0,
        jitter_ms: 0,
        reorder_pct: 0.0,
        rate_kbps: None,
        seed: 7,
    }
}

#[tokio::test]
async fn the_network_is_made_worse_on_purpose_until_it_is_made_as_it_was() {
    let (host, room) = TestApp::hosting("Ada").await;
    let (member, _) = TestApp::joining("Ben", &room).await;
    let spec = pattern(Transport::Udp);
    let stream = start_video(&member.core, spec).await.unwrap().stream;
    let asked = ConditionsView {
        delay_ms: 99_999,
        ..worse()
    };
    let set = commands::set_conditions(&member.core, Some(asked)).await.unwrap();
    assert_eq!(
        set.as_ref().map(|set| (set.loss_pct, set.delay_ms)),
        Some((30.0, 2_000))
    );
    commands::set_conditions(&member.core, Some(worse()))
        .await
        .unwrap();
    let history = commands::history(&member.core).await.unwrap();
    assert_eq!(history.conditions, Some(worse()));
    member
        .event("metrics", |event| {
            (event["conditioned"]["lost"].as_u64() > Some(10)).then_some(())
        })
        .await;
    let resent = async {
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let counts = commands::counts(&member.core).await.unwrap();
            let link = counts.iter().find(|link| link.stream == stream).unwrap();
            let count = |word| link.counts.iter().find(|count| count.word == word);
            assert!(
                count("received").is_none(),
                "a sender does not know what was received"
            );
            if count("resent").is_some_and(|resent| resent.count > 0) {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, resent)
        .await
        .expect("something is sent again");
    let there = commands::counts(&host.core).await.unwrap();
    let words: Vec<&str> = there[0].counts.iter().map(|count| count.word).collect();
    assert!(
        words.contains(&"received") && !words.contains(&"resent"),
        "{words:?}"
    );

    assert_eq!(commands::set_conditions(&member.core, None).await.unwrap(), None);
    assert_eq!(commands::history(&member.core).await.unwrap().conditions, None);
    assert!(member.core.room().unwrap().room.conditions().is_none());
}

#[tokio::test]
async fn tcp_and_udp_are_measured_one_after_the_other_and_what_was_in_use_is_in_use_again() {
    let (_host, room) = TestApp::hosting("Ada").await;
    let (member, _) = TestApp::joining("Ben", &room).await;
    let unready = commands::start_comparison(&member.core, 1).await.unwrap_err();
    assert_eq!(unready.code, ErrorCode::NotLive);
    start_video(&member.core, pattern(Transport::Tcp)).await.unwrap();
    let begun = commands::start_comparison(&member.core, 1).await.unwrap();
    assert_eq!((begun.running, begun.seconds), (Some(Transport::Tcp), 3));
    let done = member
        .event("metrics", |event| {
            let comparison = &event["comparison"];
            (comparison["running"].is_null() && comparison["seconds"] == 3).then(|| comparison.clone())
        })
        .await;
    assert!(done["error"].is_null(), "{done}");
    let rows = done["rows"].as_array().unwrap();
    assert_eq!(
        (&rows[0]["transport"], &rows[1]["transport"]),
        (&"tcp".into(), &"udp".into())
    );
    for row in rows {
        assert!(row["arrived"].as_u64() > Some(30) && row["links"] == 1, "{row}");
        assert!(
            row["ackP50Us"].as_u64() > Some(0) && row["longestGapUs"].is_u64(),
            "{row}"
        );
    }
    let live = member
        .core
        .room()
        .unwrap()
        .live
        .lock()
        .await
        .as_ref()
        .unwrap()
        .view();
    assert_eq!(live.spec.transport, Transport::Tcp, "UDP was measured last");

    let page = member.home.path().join("c.html");
    member.world.chosen.lock().push_back(vec![page.clone()]);
    commands::export_comparison(&member.core, ExportFormat::Html)
        .await
        .unwrap();
    let page = std::fs::read_to_string(page).unwrap();
    assert_eq!(page.matches("<svg").count(), 5, "a chart is missing: {page}");
    assert!(page.contains(", for 3 s each. "), "what was asked for: {page}");
    for (transport, row) in ["TCP", "UDP"].iter().zip(rows) {
        let figures = format!("{transport}</td><td>{}</td>", row["arrived"]);
        assert!(page.contains(&figures), "{figures} is missing in {page}");
    }
    assert!(
        matches!(member.world.asked.lock().last(), Some(Choice::SaveAs(name, "html")) if name.ends_with(".html"))
    );

    let to = member.home.path().join("c.csv");
    member.world.chosen.lock().push_back(vec![to.clone()]);
    commands::export_comparison(&member.core, ExportFormat::Csv)
        .await
        .unwrap();
    let lines = std::fs::read_to_string(to).unwrap();
    let fields = |line: &str| line.split(',').count();
    let counts: Vec<usize> = lines.lines().map(fields).collect();
    assert_eq!(counts, [13, 13, 13], "{lines}");
    assert!(
        lines.contains("\nTCP,3,1,") && lines.contains("\nUDP,3,1,"),
        "{lines}"
    );

    commands::start_comparison(&member.core, 100).await.unwrap();
    commands::stop_comparison(&member.core).await.unwrap();
    let stopped = commands::history(&member.core).await.unwrap().comparison.unwrap();
    assert_eq!(
        (stopped.running, stopped.error.map(|error| error.code)),
        (None, Some(ErrorCode::Cancelled))
    );
}

#[tokio::test]
async fn a_page_is_not_made_of_nothing() {
    let (host, _) = TestApp::hosting("Ada").await;
    let refused = commands::export_results(&host.core, ExportFormat::Html).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::Empty);
    assert!(
        host.world.asked.lock().is_empty(),
        "nobody is asked where to put it"
    );
}

#[tokio::test]
async fn without_a_room_there_is_nothing_to_export() {
    let app = TestApp::new("Ada");
    let history = commands::history(&app.core).await.unwrap();
    assert!(history.points.is_empty() && history.links.is_empty());
    assert_eq!(
        commands::export_results(&app.core, ExportFormat::Csv)
            .await
            .unwrap_err()
            .code,
        ErrorCode::NoRoom
    );
}
