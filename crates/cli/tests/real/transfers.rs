use std::io::{BufRead, BufReader, Write};

use crate::program::{Place, content, events, is, words};

/// Bytes that do not repeat soon.
fn bytes(length: usize) -> Vec<u8> {
    (0u32..)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes())
        .take(length)
        .collect()
}

#[test]
fn files_are_sent_listed_and_fetched_by_scripts() {
    let place = Place::new();
    let (mut host, address) = place.host(&[]);
    let file = place.write("notes and figures.bin", &bytes(3_000_001));
    let empty = place.write("empty.txt", b"");
    let sent = place.run(&[
        "send",
        &address,
        file.to_str().unwrap(),
        empty.to_str().unwrap(),
        "--json",
        "--as",
        "Ben",
    ]);
    assert_eq!(sent.status.code(), Some(0), "{}", words(&sent));
    let done: Vec<_> = events(&sent)
        .into_iter()
        .filter(|event| event["file"]["state"]["kind"] == "done")
        .collect();
    assert_eq!(done.len(), 2);
    assert_eq!(
        done[0]["file"]["blake3"],
        blake3::hash(&content(&file)).to_hex().as_str()
    );
    let offered = host.wait_for("the offer", |event| is(event, "files", "file"));
    assert_eq!(
        (&offered["file"]["ownerName"], &offered["file"]["size"]),
        (&"Ben".into(), &3_000_001.into())
    );

    let listed = place.run(&["get", &address, "--json", "--profile", "cleo"]);
    assert_eq!(listed.status.code(), Some(0), "{}", words(&listed));
    let files = &events(&listed)[0]["files"];
    assert_eq!(
        (files[0]["name"].as_str(), files[1]["name"].as_str()),
        (Some("notes and figures.bin"), Some("empty.txt"))
    );
    // Having been here before makes no difference.
    let again = place.run(&["get", &address, "--json", "--profile", "cleo"]);
    assert_eq!(events(&again)[0]["files"], *files);
    let into = place.path("in");
    let got = place.run(&[
        "get",
        &address,
        "--all",
        "--to",
        into.to_str().unwrap(),
        "--profile",
        "cleo",
    ]);
    assert_eq!(got.status.code(), Some(0), "{}", words(&got));
    assert_eq!(content(&into.join("notes and figures.bin")), content(&file));
    assert_eq!(content(&into.join("empty.txt")), b"");
}

#[test]
fn a_file_for_one_person_is_offered_to_nobody_else() {
    let place = Place::new();
    let (mut host, address) = place.host(&[]);
    let downloads = place.path("ben");
    let mut ben = place.member(
        &address,
        "Ben",
        &["--accept-files", "--downloads", downloads.to_str().unwrap()],
    );
    let mut cleo = place.member(&address, "Cleo", &[]);
    let file = place.write("secret.txt", b"for Ben");
    host.notes("joined", "Cleo");
    host.line(&format!("/file \"{}\" ben", file.display()));
    let done = ben.wait_for("the file", |event| {
        is(event, "files", "file") && event["file"]["state"]["kind"] == "done"
    });
    let path = done["file"]["state"]["path"].as_str().unwrap();
    assert_eq!(content(path.as_ref()), b"for Ben");
    host.wait_for("Ben to have it", |event| {
        let received_by = event["file"]["receivedBy"].as_array();
        is(event, "files", "file") && received_by.is_some_and(|by| by.len() == 1)
    });
    cleo.line("/files");
    let files = cleo.wait_for("Cleo's list", |event| event["event"] == "offers");
    assert_eq!(files["files"], serde_json::json!([]));
    host.line("/file nothing-here.txt");
    let error = host.wait_for("an error", |event| event["event"] == "error");
    assert_eq!(error["code"], "file");
}

#[test]
fn a_host_is_notified_once_that_its_file_was_changed() {
    let place = Place::new();
    let path = place.write("notes.txt", b"first");
    let mut host = place.start_in_words(&["host", "--port", "0", "--loopback"]);
    let mut input = host.stdin.take().unwrap();
    let mut lines = BufReader::new(host.stdout.take().unwrap()).lines();
    let mut line_with = |part: &str| {
        let mut lines = lines.by_ref().map(Result::unwrap);
        lines.find(|line| line.contains(part)).unwrap()
    };
    let opened = line_with("is open on port ");
    let port: String = opened.rsplit("port ").next().unwrap().to_owned();
    let port: String = port.chars().take_while(char::is_ascii_digit).collect();
    writeln!(input, "/file \"{}\"", path.display()).unwrap();
    line_with("has arrived at the host");
    place.write("notes.txt", b"second");
    let address = format!("127.0.0.1:{port}");
    let got = place.run(&["get", &address, "1", "--profile", "ben"]);
    assert_eq!(got.status.code(), Some(6), "{}", words(&got));
    writeln!(input, "/leave").unwrap();
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    host.wait().unwrap();
    let lines = rest.iter().filter(|line| line.contains("was changed")).count();
    assert_eq!(lines, 1, "{rest:#?}");
}
