//! Files that the program makes, and standard output: nothing that was there is lost, and nothing is lost in silence.

use crate::program::{Place, content, words};

#[test]
fn what_was_there_survives_until_there_is_something_to_put_in_its_place() {
    let place = Place::new();
    let report = place.path("report");
    let frames = place.path("frames");
    for folder in [&report, &frames] {
        std::fs::create_dir(folder).unwrap();
    }
    let file = |name: &str| place.write(name, b"yesterday").to_str().unwrap().to_owned();
    let [csv, json, recording, times, picture, result, page, frame] = [
        "results.csv",
        "results.jsonl",
        "lesson.avi",
        "times.csv",
        "now.jpg",
        "report.json",
        "report/report.html",
        "frames/stream-1-frame-000001.jpg",
    ]
    .map(file);
    let recording_of_times = times.replace(".csv", ".avi");
    // Nobody listens on port 1.
    let room = "127.0.0.1:1";
    let asked: [(&str, Vec<&str>); 9] = [
        (&csv, vec!["stream", room, "--csv", &csv]),
        (&json, vec!["stream", room, "--results-json", &json]),
        (&csv, vec!["join", room, "--csv", &csv]),
        (&recording, vec!["watch", room, "--record", &recording]),
        (&times, vec!["watch", room, "--record", &recording_of_times]),
        (&picture, vec!["watch", room, "--snapshot", &picture]),
        (&frame, vec!["watch", room, "--save", frames.to_str().unwrap()]),
        (&result, vec!["measure", room, "--report-json", &result]),
        (&page, vec!["measure", room, "--report", report.to_str().unwrap()]),
    ];
    for (path, arguments) in asked {
        let refused = place.run(&arguments);
        let shown = words(&refused);
        assert_eq!(refused.status.code(), Some(6), "{arguments:?}: {shown}");
        assert!(shown.contains("--overwrite"), "{arguments:?}: {shown}");
        assert_eq!(content(path.as_ref()), b"yesterday", "{arguments:?}");
        // Even when it may go, it stays as long as there is nothing in its place.
        let unreached = place.run(&[&arguments[..], &["--overwrite"]].concat());
        assert_eq!(
            unreached.status.code(),
            Some(3),
            "{arguments:?}: {}",
            words(&unreached)
        );
        assert_eq!(content(path.as_ref()), b"yesterday", "{arguments:?}");
    }
    // What was not there is not there afterwards.
    let new = place.path("new.csv");
    let unreached = place.run(&["stream", room, "--csv", new.to_str().unwrap()]);
    assert_eq!(unreached.status.code(), Some(3), "{}", words(&unreached));
    assert!(!new.exists());
}

#[test]
fn what_may_go_makes_room_for_what_came() {
    let place = Place::new();
    let (_host, address) = place.host(&["--stream", "pattern", "--size", "160x90@20"]);
    let csv = place.write("results.csv", &b"yesterday\n".repeat(10_000));
    let recording = place.write("lesson.avi", b"yesterday");
    let stream = [
        "stream",
        &address,
        "--seconds",
        "1",
        "--size",
        "160x90@20",
        "--profile",
        "ben",
        "--overwrite",
    ];
    let streamed = place.run(&[&stream[..], &["--csv", csv.to_str().unwrap()]].concat());
    assert_eq!(streamed.status.code(), Some(0), "{}", words(&streamed));
    let text = String::from_utf8(content(&csv)).unwrap();
    assert!(text.starts_with("stream,peer,frame") && !text.contains("yesterday"));
    let watch = [
        "watch",
        &address,
        "--seconds",
        "1",
        "--profile",
        "cleo",
        "--overwrite",
    ];
    let watched = place.run(&[&watch[..], &["--record", recording.to_str().unwrap()]].concat());
    assert_eq!(watched.status.code(), Some(0), "{}", words(&watched));
    assert!(content(&recording).starts_with(b"RIFF"));
}

/// A link with a name that was guessed leads a picture nowhere else.
#[cfg(unix)]
#[test]
fn pictures_do_not_follow_links() {
    let place = Place::new();
    let (_host, address) = place.host(&["--stream", "pattern", "--size", "160x90@20"]);
    let folder = place.path("frames");
    std::fs::create_dir(&folder).unwrap();
    let victim = place.write("victim", b"precious");
    for number in 0..2_000 {
        let name = format!("stream-1-frame-{number:06}.jpg");
        std::os::unix::fs::symlink(&victim, folder.join(name)).unwrap();
    }
    let watch = [
        "watch",
        &address,
        "--seconds",
        "1",
        "--profile",
        "cleo",
        "--save",
        folder.to_str().unwrap(),
    ];
    let refused = place.run(&watch);
    assert_eq!(refused.status.code(), Some(6), "{}", words(&refused));
    let watched = place.run(&[&watch[..], &["--overwrite"]].concat());
    assert_eq!(watched.status.code(), Some(0), "{}", words(&watched));
    assert_eq!(content(&victim), b"precious");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported_with_an_exit_code_by_every_command() {
    let place = Place::new();
    let (_host, address) = place.host(&[]);
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["host", "--help"],
        &["completions", "bash"],
        &["devices"],
        &["devices", "--json"],
        &["say", &address, "x", "--profile", "ben"],
        &["say", &address, "x", "--profile", "ben", "--json"],
        &["get", &address, "--profile", "ben", "--json"],
        &["join", &address, "--stay", "--profile", "ben", "--json"],
        &["host", "--loopback", "--port", "0", "--profile", "cleo"],
        &["host", "--loopback", "--port", "0", "--profile", "cleo", "--json"],
    ] {
        let output = place.run_into("/dev/full", arguments);
        let shown = words(&output);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {shown}");
        assert!(
            shown.contains("standard output cannot be written"),
            "{arguments:?}: {shown}"
        );
    }
    let stream = [
        "stream",
        &address,
        "--seconds",
        "1",
        "--size",
        "160x90@20",
        "--profile",
        "ben",
    ];
    let streamed = place.run(&[&stream[..], &["--csv", "/dev/full"]].concat());
    assert_eq!(streamed.status.code(), Some(6), "{}", words(&streamed));
    assert!(
        words(&streamed).contains("/dev/full cannot be written"),
        "{}",
        words(&streamed)
    );
}
