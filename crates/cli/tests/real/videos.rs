use serde_json::Value;

use crate::program::{Place, content, events, is, words};

fn lines(text: &[u8]) -> Vec<String> {
    String::from_utf8(text.to_vec())
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_stream_is_measured_over_both_transports_and_watched() {
    let place = Place::new();
    let (_host, address) = place.host(&[]);
    let (csv, json) = (place.path("results.csv"), place.path("results.jsonl"));
    let mut stream = place.start(&[
        "stream",
        &address,
        "--tcp",
        "--size",
        "320x180@40",
        "--as",
        "Ben",
        "--profile",
        "ben",
        "--csv",
        csv.to_str().unwrap(),
        "--results-json",
        json.to_str().unwrap(),
    ]);
    let live = stream.wait_for("to be live", |event| is(event, "video", "live"));
    let spec = &live["live"]["spec"];
    assert_eq!(
        (
            spec["transport"].as_str(),
            spec["width"].as_u64(),
            spec["quality"].as_u64()
        ),
        (Some("tcp"), Some(320), Some(50))
    );
    let over = |transport: &'static str| {
        move |event: &Value| event["event"] == "result" && event["transport"] == transport
    };
    stream.wait_for("a result over TCP", over("tcp"));

    let frames = place.path("frames");
    let watched = place.run(&[
        "watch",
        &address,
        "--seconds",
        "2",
        "--save",
        frames.to_str().unwrap(),
        "--json",
        "--profile",
        "cleo",
    ]);
    assert_eq!(watched.status.code(), Some(0), "{}", words(&watched));
    let seen = events(&watched).pop().unwrap();
    assert_eq!(
        (&seen["over"], &seen["bad"], &seen["width"]),
        (&true.into(), &0.into(), &320.into())
    );
    let kept: Vec<_> = std::fs::read_dir(&frames)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    assert_eq!(kept.len() as u64, seen["frames"].as_u64().unwrap());
    assert!(kept.len() > 10, "{} frames in two seconds", kept.len());
    assert!(kept.iter().all(|path| content(path).starts_with(&[0xff, 0xd8])));

    stream.line("/udp");
    stream.wait_for("the switch", |event| {
        is(event, "video", "live") && event["live"]["spec"]["transport"] == "udp"
    });
    let result = stream.wait_for("a result over UDP", over("udp"));
    assert!(result["delay_us"].as_u64().unwrap() > 0);
    stream.line("/stop");
    let summary = stream.wait_for("the table", |event| event["event"] == "summary");
    let rows = summary["rows"].as_array().unwrap();
    assert_eq!(
        rows.iter()
            .map(|row| row["transport"].as_str().unwrap())
            .collect::<Vec<_>>(),
        ["tcp", "udp"]
    );
    assert!(
        rows.iter()
            .all(|row| row["frames"].as_u64() > Some(0) && row["ack_p50_us"].is_u64())
    );
    assert_eq!(stream.exit_code(), 0);

    let (csv, json) = (lines(&content(&csv)), lines(&content(&json)));
    assert_eq!(csv.len(), json.len() + 1, "a heading, and then the same results");
    assert!(csv[0].starts_with("stream,peer,frame,transport"));
    let measured: u64 = rows.iter().map(|row| row["frames"].as_u64().unwrap()).sum();
    assert!(
        json.len() as u64 + 5 >= measured,
        "{} lines for {measured} frames",
        json.len()
    );
    let first: Value = serde_json::from_str(&json[0]).unwrap();
    assert_eq!(first["transport"], "tcp");
}

/// How many frames other programs find in a recording, all of them decoded.
fn frames_by_ffprobe(recording: &std::path::Path) -> u64 {
    let output = std::process::Command::new("ffprobe")
        .args(["-v", "error", "-count_frames", "-select_streams", "v:0"])
        .args(["-show_entries", "stream=nb_read_frames", "-of", "csv=p=0"])
        .arg(recording)
        .output()
        .expect("ffprobe comes with ffmpeg, which the tests need");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{errors}");
    String::from_utf8_lossy(&output.stdout)
        .trim()
        .trim_matches(',')
        .parse()
        .unwrap()
}

#[test]
fn a_stream_is_recorded_and_a_picture_of_it_kept() {
    let place = Place::new();
    let (_host, address) = place.host(&["--stream", "pattern", "--size", "320x180@25"]);
    let (recording, picture) = (place.path("lesson.avi"), place.path("now.jpg"));
    let (recording_text, picture_text) = (recording.to_str().unwrap(), picture.to_str().unwrap());
    let watch = |more: &[&str]| {
        let first = ["watch", &address, "--json", "--profile", "cleo"];
        place.run(&[&first[..], more].concat())
    };
    let watched = watch(&["--seconds", "2", "--record", recording_text]);
    assert_eq!(watched.status.code(), Some(0), "{}", words(&watched));
    let recorded = events(&watched)
        .into_iter()
        .find(|event| is(event, "video", "recorded"))
        .unwrap()["recorded"]
        .clone();
    let frames = recorded["frames"].as_u64().unwrap();
    assert!(frames > 10, "{recorded}");
    assert_eq!(frames_by_ffprobe(&recording), frames);
    assert_eq!(
        lines(&content(&place.path("lesson.csv"))).len() as u64,
        frames + 1
    );
    assert!(recorded["lengthMs"].as_u64() > Some(1_000), "{recorded}");

    let again = watch(&["--seconds", "2", "--record", recording_text]);
    assert_eq!(again.status.code(), Some(6), "nothing is written over");
    assert_eq!(frames_by_ffprobe(&recording), frames);

    std::fs::write(&picture, b"before").unwrap();
    let refused = watch(&["--snapshot", picture_text]);
    assert_eq!(refused.status.code(), Some(6), "{}", words(&refused));
    assert_eq!(content(&picture), b"before");
    let taken = watch(&["--snapshot", picture_text, "--overwrite"]);
    assert_eq!(taken.status.code(), Some(0), "{}", words(&taken));
    let snapshot = events(&taken).pop().unwrap();
    assert_eq!(
        (&snapshot["event"], &snapshot["width"]),
        (&"snapshot".into(), &320.into())
    );
    let jpeg = content(&picture);
    assert!(jpeg.starts_with(&[0xff, 0xd8]) && jpeg.ends_with(&[0xff, 0xd9]));
}

#[test]
fn a_recording_in_a_room_goes_on_while_the_stream_is_watched_or_not() {
    let place = Place::new();
    let (_host, address) = place.host(&["--stream", "pattern", "--size", "160x90@25"]);
    let mut ben = place.member(&address, "Ben", &["--overwrite"]);
    let stream = ben.wait_for("the stream", |event| {
        event["event"] == "streams" || is(event, "video", "started")
    });
    let id = stream["streams"][0]["id"]
        .as_u64()
        .or(stream["stream"]["id"].as_u64())
        .unwrap();
    let recording = place.path("lesson.avi");
    ben.line(&format!("/record {id} \"{}\"", recording.display()));
    // Watching begins and ends in the middle of the recording.
    ben.line(&format!("/watch {id}"));
    ben.wait_for("what is seen", |event| {
        event["event"] == "watched" && event["frames"].as_u64() > Some(20)
    });
    ben.line(&format!("/watch {id}"));
    let picture = place.path("now.jpg");
    ben.line(&format!("/snapshot {id} \"{}\"", picture.display()));
    ben.wait_for("the picture", |event| event["event"] == "snapshot");
    assert!(content(&picture).starts_with(&[0xff, 0xd8]));
    ben.line(&format!("/snapshot {id} \"{}\"", picture.display()));
    ben.wait_for("another picture", |event| {
        event["event"] == "snapshot" && event["frame"].as_u64() > Some(0)
    });
    // Leaving ends the recording, too.
    ben.line("/leave");
    let recorded = ben.wait_for("the recording", |event| is(event, "video", "recorded"));
    assert_eq!(ben.exit_code(), 0);
    let frames = recorded["recorded"]["frames"].as_u64().unwrap();
    assert!(frames > 20, "{recorded}");
    assert_eq!(frames_by_ffprobe(&recording), frames);
}

/// Screens are X11's on Linux; an X server without a screen is enough.
#[cfg(target_os = "linux")]
#[test]
fn a_screen_is_streamed_and_without_one_the_reason_is_shown() {
    use std::io::BufRead as _;

    let place = Place::new();
    let (_host, address) = place.host(&[]);
    let mut server = std::process::Command::new("Xvfb")
        .args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            "640x480x24",
            "-nolisten",
            "tcp",
        ])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("xvfb is installed for the tests");
    let mut number = String::new();
    let said = server.stdout.take().unwrap();
    std::io::BufReader::new(said).read_line(&mut number).unwrap();
    let display = format!(":{}", number.trim());

    let stream = |display: &str, source: &str| {
        let more = [
            "--profile",
            "ben",
            "--seconds",
            "1",
            "--size",
            "320x240@20",
            "--json",
        ];
        let first = ["stream", &address, "--source", source];
        place.run_with(&[("DISPLAY", display)], &[&first[..], &more].concat())
    };
    let streamed = stream(&display, "screen");
    assert_eq!(streamed.status.code(), Some(0), "{}", words(&streamed));
    let live = events(&streamed)
        .into_iter()
        .find(|event| is(event, "video", "live"))
        .unwrap();
    assert_eq!(
        (&live["live"]["spec"]["width"], &live["live"]["sourceName"]),
        (&320.into(), &"Screen 1".into())
    );
    let devices = place.run_with(&[("DISPLAY", display.as_str())], &["devices", "--json"]);
    assert!(
        events(&devices)
            .iter()
            .any(|event| event["source"]["id"] == "screen:1"),
        "{}",
        words(&devices)
    );

    let missing = stream(&display, "screen:No such window");
    assert_eq!(missing.status.code(), Some(7), "{}", words(&missing));
    let _ = server.kill();
    let _ = server.wait();
    let without = stream("", "screen");
    assert_eq!(without.status.code(), Some(7));
    let error = events(&without).pop().unwrap();
    assert!(
        error["message"].as_str().unwrap().contains("cannot be shown"),
        "{error}"
    );
}

#[test]
fn a_person_in_a_room_goes_live_switches_and_stops_again_and_again() {
    let place = Place::new();
    let (mut host, address) = place.host(&[]);
    let mut ben = place.member(&address, "Ben", &[]);
    for round in 0..2 {
        ben.forget();
        host.forget();
        ben.line("/video pattern 160x90@20");
        let started = host.wait_for("the stream", |event| is(event, "video", "started"));
        assert_eq!(started["stream"]["ownerName"], "Ben", "round {round}");
        host.line(&format!("/watch {}", started["stream"]["id"]));
        ben.line("/tcp");
        ben.wait_for("TCP", |event| {
            is(event, "video", "live") && event["live"]["spec"]["transport"] == "tcp"
        });
        ben.wait_for("a result over TCP", |event| {
            event["event"] == "result" && event["transport"] == "tcp"
        });
        ben.line("/quality 90");
        ben.wait_for("the quality", |event| {
            is(event, "video", "live") && event["live"]["spec"]["quality"] == 90
        });
        ben.line("/bitrate 1..8");
        ben.wait_for("the bounds", |event| {
            let spec = &event["live"]["spec"];
            is(event, "video", "live")
                && (&spec["leastKbps"], &spec["mostKbps"]) == (&1_000.into(), &8_000.into())
        });
        ben.line("/bitrate fixed");
        ben.wait_for("no bounds", |event| {
            let spec = &event["live"]["spec"];
            is(event, "video", "live") && spec["isFixed"] == true && spec["mostKbps"].is_null()
        });
        ben.line("/stop");
        let watched = host.wait_for("what was seen", |event| {
            event["event"] == "watched" && event["over"] == true
        });
        assert!(watched["frames"].as_u64() > Some(0));
        ben.line("/udp");
    }
    // The host's own video goes to the members.
    host.line("/video pattern 160x90@20");
    let started = ben.wait_for("the host's stream", |event| {
        is(event, "video", "started") && event["stream"]["ownerName"] == "Ada"
    });
    ben.line(&format!("/watch {}", started["stream"]["id"]));
    let result = host.wait_for("a result", |event| event["event"] == "result");
    assert_eq!(result["peer_name"], "Ben");
    host.line("/stats");
    let summary = host.wait_for("the table", |event| event["event"] == "summary");
    assert!(
        summary["rows"]
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row["peer_name"] == "Ben")
    );
}

#[test]
fn measuring_ends_in_a_table_and_a_report() {
    let place = Place::new();
    let report = place.path("report.json");
    let measured = place.run(&[
        "measure",
        "--seconds",
        "1",
        "--size",
        "320x180@60",
        "--compare",
        "udp,tcp",
        "--json",
        "--report-json",
        report.to_str().unwrap(),
    ]);
    assert_eq!(measured.status.code(), Some(0), "{}", words(&measured));
    let report: Value = serde_json::from_slice(&content(&report)).unwrap();
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(
        rows.iter()
            .map(|row| row["transport"].as_str().unwrap())
            .collect::<Vec<_>>(),
        ["udp", "tcp"]
    );
    assert!(
        rows.iter().all(|row| row["frames"].as_u64() > Some(10)),
        "{rows:#?}"
    );
    assert_eq!(report["is_loopback"], true);
}

#[test]
fn the_demonstration_succeeds() {
    let place = Place::new();
    let played = place.run(&["demo", "--seconds", "1"]);
    let shown = String::from_utf8_lossy(&played.stdout).into_owned();
    assert_eq!(played.status.code(), Some(0), "{shown}{}", words(&played));
    for part in [
        "same order",
        "BLAKE3",
        "switches to UDP",
        "classic",
        "is free again",
    ] {
        assert!(shown.contains(part), "{part} is missing in:\n{shown}");
    }
}

#[test]
fn the_test_pattern_is_always_listed() {
    let place = Place::new();
    let listed = place.run(&["devices", "--json"]);
    assert_eq!(listed.status.code(), Some(0));
    let lines = events(&listed);
    let pattern = lines.iter().find(|line| line["source"]["id"] == "pattern");
    assert_eq!(pattern.unwrap()["source"]["formats"][0]["width"], 1920);
}
