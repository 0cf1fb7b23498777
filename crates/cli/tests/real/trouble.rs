use std::io::Write;
use std::net::TcpListener;

use crate::program::{Place, is, words};

/// The exit code, and that the reason is shown in words that contain `part`.
#[track_caller]
fn fails(place: &Place, arguments: &[&str], code: i32, part: &str) {
    let output = place.run(arguments);
    let shown = words(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {shown}");
    assert!(shown.contains(part), "{arguments:?}: {shown}");
}

#[test]
fn a_host_killed_is_reported_at_once_and_given_up_in_time() {
    let place = Place::new();
    let (mut host, address) = place.host(&[]);
    let mut ben = place.member(&address, "Ben", &["--give-up", "2"]);
    let mut cleo = place.member(&address, "Cleo", &[]);
    host.line("before");
    ben.hears("before");
    cleo.hears("before");
    host.kill();
    let lost = ben.wait_for("the loss", |event| {
        is(event, "session", "link_changed") && event["link"]["kind"] == "lost"
    });
    let reason = lost["link"]["reason"]["message"].as_str().unwrap();
    assert!(reason.contains(&address), "{lost}");
    let error = ben.wait_for("giving up", |event| event["event"] == "error");
    assert_eq!(error["code"], "room_lost");
    assert_eq!(ben.exit_code(), 5);

    // One who waits is back by itself once the room is there again, with what was said meanwhile.
    cleo.line("said while the host was away");
    let port = address.rsplit(':').next().unwrap().to_owned();
    let mut host = place.start(&["host", "--port", &port, "--loopback", "--as", "Ada"]);
    host.wait_for("the room to open", |event| event["event"] == "opened");
    cleo.wait_for("the connection", |event| {
        is(event, "session", "link_changed") && event["link"]["kind"] == "up"
    });
    host.hears("said while the host was away");
}

#[test]
fn a_port_that_is_taken_is_reported() {
    let place = Place::new();
    let (_host, address) = place.host(&[]);
    let port = address.rsplit(':').next().unwrap();
    fails(
        &place,
        &["host", "--port", port, "--loopback", "--profile", "other"],
        4,
        "in use",
    );
}

#[test]
fn an_address_that_is_none_is_reported_before_anything_is_tried() {
    let place = Place::new();
    fails(&place, &["join", "999.1.1.1"], 2, "not an address");
    fails(&place, &["say", "host:0", "x"], 2, "not an address");
    fails(
        &place,
        &["stream", "127.0.0.1", "--size", "huge"],
        2,
        "1280x720@30",
    );
    fails(
        &place,
        &["join", "127.0.0.1", "--profile", "../else"],
        2,
        "profile",
    );
}

#[test]
fn where_nothing_listens_and_where_something_else_does() {
    let place = Place::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let answering = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        connection.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    fails(&place, &["join", &address], 3, "not a Roomwire room");
    answering.join().unwrap();
    fails(&place, &["say", &address, "x"], 3, "othing listens");
}

#[test]
fn the_hosts_own_identity_is_refused_with_words_that_help() {
    let place = Place::new();
    let (_host, address) = place.host(&["--profile", "same"]);
    // The lock that keeps copies apart is lost with the file, as on a file system without locks.
    std::fs::remove_file(place.path("home").join("same/config/terminal.lock")).unwrap();
    fails(
        &place,
        &["say", &address, "x", "--profile", "same"],
        3,
        "--profile",
    );
}

#[test]
fn files_and_sources_that_cannot_be_read_have_codes_of_their_own() {
    let place = Place::new();
    let (_host, address) = place.host(&[]);
    let member = ["--profile", "ben"];
    fails(
        &place,
        &[&["send", &address, "/no/such/file"], &member[..]].concat(),
        6,
        "/no/such/file",
    );
    fails(&place, &[&["get", &address, "77"], &member[..]].concat(), 6, "77");
    fails(
        &place,
        &[
            &["stream", &address, "--source", "file:/no/clip.avi"],
            &member[..],
        ]
        .concat(),
        7,
        "/no/clip.avi",
    );
    fails(
        &place,
        &[
            &["stream", &address, "--source", "camera:/dev/video99"],
            &member[..],
        ]
        .concat(),
        7,
        "video99",
    );
    fails(
        &place,
        &[&["watch", &address, "--seconds", "1"], &member[..]].concat(),
        7,
        "live",
    );
    fails(
        &place,
        &[
            &["stream", &address, "--csv", "/no/such/folder/a.csv"],
            &member[..],
        ]
        .concat(),
        6,
        "a.csv",
    );
}

#[test]
fn another_identity_at_a_known_address_is_refused_until_the_room_is_forgotten() {
    let place = Place::new();
    let (mut host, address) = place.host(&["--profile", "first"]);
    let port = address.rsplit(':').next().unwrap().to_owned();
    let say = ["say", &address, "hello", "--profile", "ben"];
    assert_eq!(place.run(&say).status.code(), Some(0));
    host.line("/leave");
    assert_eq!(host.exit_code(), 0);
    let mut other = place.start(&["host", "--port", &port, "--loopback", "--profile", "second"]);
    other.wait_for("the room to open", |event| event["event"] == "opened");
    fails(&place, &say, 3, &format!("roomwire rooms --forget {address}"));
    let forgotten = place.run(&["rooms", "--forget", &address, "--profile", "ben"]);
    assert_eq!(forgotten.status.code(), Some(0));
    assert_eq!(place.run(&say).status.code(), Some(0));
    other.hears("hello");
}

#[test]
fn nobody_is_joined_in_silence_when_the_known_rooms_cannot_be_read() {
    let place = Place::new();
    let (mut host, address) = place.host(&["--profile", "host"]);
    let say = ["say", &address, "hello", "--profile", "ben"];
    assert_eq!(place.run(&say).status.code(), Some(0));
    host.hears("hello");
    let list = place.path("home/ben/config/known-rooms.json");
    std::fs::write(list, "{").unwrap();
    for _ in 0..2 {
        fails(&place, &say, 1, "roomwire rooms --start-anew");
        fails(
            &place,
            &["rooms", "--profile", "ben"],
            1,
            "known-rooms.json.unreadable",
        );
    }
    let anew = place.run(&["rooms", "--start-anew", "--profile", "ben"]);
    assert_eq!(anew.status.code(), Some(0));
    assert_eq!(place.run(&say).status.code(), Some(0));
}
