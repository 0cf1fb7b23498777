//! What the system allows a program: how long its files may become, and how many it may have open.
#![cfg(unix)]

use serde_json::Value;

use crate::program::{Place, Program, content, is};

const MIB: usize = 1024 * 1024;

/// Offers a file of so many bytes, and waits until it can be fetched.
fn offer(place: &Place, host: &mut Program, name: &str, bytes: usize) {
    let path = place.write(name, &vec![7; bytes]);
    host.line(&format!("/file \"{}\"", path.display()));
    host.wait_for(name, |event| {
        let file = &event["file"];
        is(event, "files", "file") && file["name"] == name && file["state"]["kind"] == "done"
    });
}

fn transfer<'a>(file: u64, state: &'a str) -> impl Fn(&Value) -> bool + 'a {
    move |event| {
        let now = &event["file"];
        is(event, "files", "file") && now["id"] == file && now["state"]["kind"] == state
    }
}

/// Whether they still hear each other.
fn speak(host: &mut Program, ben: &mut Program, word: &str) {
    host.line(word);
    ben.hears(word);
    let answer = format!("{word}, too");
    ben.line(&answer);
    host.hears(&answer);
}

#[test]
fn a_file_that_may_not_become_longer_ends_in_words_and_the_room_goes_on() {
    let place = Place::new();
    let (mut host, address) = place.host(&[]);
    offer(&place, &mut host, "long.bin", 3 * MIB);
    offer(&place, &mut host, "short.bin", MIB / 2);
    let [into, csv, recording] = ["in", "results.csv", "lesson.avi"].map(|name| place.path(name));
    let join = ["join", &address, "--as", "Ben", "--profile", "Ben", "--stay"];
    let kept = [
        "--downloads",
        into.to_str().unwrap(),
        "--csv",
        csv.to_str().unwrap(),
    ];
    // In units of 512 bytes: 1 MiB. The signal that comes with it would end a program that does nothing about it.
    let mut ben = place.start_after("ulimit -f 2048", &[&join[..], &kept].concat());
    ben.wait_for("the welcome", |event| event["event"] == "joined");
    ben.wait_for("the offers", |event| event.to_string().contains("short.bin"));
    ben.line("/get 1");
    let failed = ben.wait_for("the failure", transfer(1, "failed"));
    let words = failed["file"]["state"]["error"]["message"].as_str().unwrap();
    assert!(words.contains("no file longer than 1048576 bytes"), "{words}");
    ben.line("/get 2");
    ben.wait_for("what fits", transfer(2, "done"));
    assert_eq!(content(&into.join("short.bin")).len(), MIB / 2);
    assert_eq!(
        std::fs::read_dir(&into).unwrap().count(),
        1,
        "nothing is left of the other"
    );

    host.line("/video pattern 640x360@30");
    let started = ben.wait_for("the video", |event| is(event, "video", "started"));
    let stream = started["stream"]["id"].clone();
    ben.line(&format!("/record {stream} \"{}\"", recording.display()));
    let error = ben.wait_for("the recording's end", |event| event["event"] == "error");
    let words = error["message"].as_str().unwrap();
    assert!(
        words.contains("may not become longer") && words.contains("is kept"),
        "{words}"
    );
    let recorded = ben.wait_for("what it has become", |event| is(event, "video", "recorded"));
    assert!(recorded["recorded"]["frames"].as_u64() > Some(5), "{recorded}");
    speak(&mut host, &mut ben, "still here");
}

#[test]
fn results_end_with_a_whole_line_and_the_video_goes_on() {
    let place = Place::new();
    let (mut host, address) = place.host(&[]);
    let csv = place.path("results.csv");
    let join = [
        "join",
        &address,
        "--as",
        "Ben",
        "--profile",
        "Ben",
        "--stay",
        "--csv",
    ];
    let mut ben = place.start_after("ulimit -f 9", &[&join[..], &[csv.to_str().unwrap()]].concat());
    ben.wait_for("the welcome", |event| event["event"] == "joined");
    ben.line("/video pattern 160x90@60");
    let error = ben.wait_for("the file's end", |event| event["event"] == "error");
    assert!(
        error["message"].as_str().unwrap().contains("results.csv"),
        "{error}"
    );
    let written = String::from_utf8(content(&csv)).unwrap();
    assert!(
        written.ends_with('\n') && written.lines().count() > 10,
        "{written}"
    );
    let commas = |line: &str| line.matches(',').count();
    let columns = commas(written.lines().next().unwrap());
    assert!(written.lines().all(|line| commas(line) == columns), "{written}");
    ben.forget();
    ben.wait_for("another result", |event| event["event"] == "result");
    speak(&mut host, &mut ben, "still here");
}

#[test]
fn a_host_that_may_write_nothing_says_so() {
    let place = Place::new();
    let host = ["host", "--port", "0", "--loopback"];
    let mut refused = place.start_after("ulimit -f 0", &host);
    let error = refused.wait_for("the reason", |event| event["event"] == "error");
    assert_eq!(refused.exit_code(), 1, "{error}");
    // With an identity from before, only the log has no room.
    assert!(place.host(&[]).1.starts_with("127.0.0.1:"));
    let mut host = place.start_after("ulimit -f 0", &host);
    let opened = host.wait_for("the room", |event| event["event"] == "opened");
    let mut ben = place.member(&format!("127.0.0.1:{}", opened["port"]), "Ben", &[]);
    speak(&mut host, &mut ben, "still here");
}

/// The lowest numbers are taken by what is open already.
#[cfg(target_os = "linux")]
const NONE: u32 = 3;

#[cfg(target_os = "linux")]
#[test]
fn a_member_that_can_open_no_more_loses_nothing_and_goes_on_when_it_can() {
    let place = Place::new();
    let (mut host, address) = place.host(&[]);
    offer(&place, &mut host, "notes.bin", 3 * MIB);
    let into = place.path("in");
    let mut ben = place.member(&address, "Ben", &["--downloads", into.to_str().unwrap()]);
    ben.limit_descriptors(NONE);
    // What needs nothing new goes on; what does is said in words, or waits.
    speak(&mut host, &mut ben, "no files");
    ben.line("/get 1");
    ben.line(&format!("/file \"{}\"", place.path("notes.bin").display()));
    let error = ben.wait_for("the reason", |event| event["event"] == "error");
    assert!(
        error["message"].as_str().unwrap().contains("notes.bin"),
        "{error}"
    );
    host.line("/video pattern 160x90@20");
    let stream = ben.wait_for("the video", |event| is(event, "video", "started"));
    let id = stream["stream"]["id"].clone();
    let snapshot = place.path("now.jpg");
    ben.line(&format!("/watch {id}"));
    speak(&mut host, &mut ben, "still no files");
    assert!(!into.join("notes.bin").exists());
    ben.limit_descriptors(1_024);
    ben.wait_for("the file", transfer(1, "done"));
    assert_eq!(content(&into.join("notes.bin")).len(), 3 * MIB);
    ben.wait_for("pictures", |event| event["event"] == "watched");
    ben.line(&format!("/snapshot {id} \"{}\"", snapshot.display()));
    ben.wait_for("a picture", |event| event["event"] == "snapshot");
    assert!(content(&snapshot).ends_with(&[0xff, 0xd9]));
    speak(&mut host, &mut ben, "files again");
}
