//! Networks that let no datagram through.

use std::io::copy;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::{Place, Program, is};

const PATIENCE: Duration = Duration::from_secs(60);

/// An address that leads to `host` for TCP and to nobody for UDP.
fn tcp_alone(host: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let host = host.to_owned();
    std::thread::spawn(move || {
        for inner in listener.incoming().flatten() {
            let Ok(outer) = TcpStream::connect(&host) else {
                return;
            };
            for (mut from, mut to) in [
                (inner.try_clone().unwrap(), outer.try_clone().unwrap()),
                (outer, inner),
            ] {
                std::thread::spawn(move || {
                    let _ = copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Both);
                });
            }
        }
    });
    address
}

/// Waits for the result of a frame of `stream` after `frame` that was sent over UDP and never answered.
fn unanswered_after(stream: &Value, frame: u64, results: &Path) {
    let until = Instant::now() + PATIENCE;
    let is_it = |result: Value| {
        result["stream"] == *stream
            && result["transport"] == "udp"
            && result["outcome"] == "lost-unanswered"
            && result["frame"].as_u64() > Some(frame)
    };
    loop {
        let text = std::fs::read_to_string(results).unwrap_or_default();
        // The last line may be half written.
        if text.lines().flat_map(serde_json::from_str).any(is_it) {
            return;
        }
        assert!(Instant::now() < until, "no such result: {text}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Goes live, and returns the stream's number.
fn begins(member: &mut Program, is_udp_only: bool) -> Value {
    member.line("/video pattern 160x90@20");
    let live = member.wait_for("the video", |event| {
        is(event, "video", "live") && event["live"]["staysOnUdp"] == is_udp_only
    });
    live["live"]["stream"].clone()
}

fn result_over_tcp(member: &mut Program) -> u64 {
    let result = member.wait_for("a result over TCP", |event| {
        event["event"] == "result" && event["transport"] == "tcp"
    });
    result["frame"].as_u64().unwrap()
}

#[test]
fn a_person_in_a_room_insists_on_udp_before_and_while_the_video_is_live() {
    let place = Place::new();
    let (_host, address) = place.host(&[]);
    let address = tcp_alone(&address);
    let results = place.path("results.json");
    let mut ben = place.member(&address, "Ben", &["--results-json", results.to_str().unwrap()]);
    // Nobody insists: frames go over TCP after two seconds.
    let stream = begins(&mut ben, false);
    let by_tcp = result_over_tcp(&mut ben);
    ben.line("/udp only");
    ben.wait_for("the switch", |event| {
        let live = &event["live"];
        is(event, "video", "live") && live["staysOnUdp"] == true && live["spec"]["transport"] == "udp"
    });
    unanswered_after(&stream, by_tcp, &results);
    ben.line("/udp");
    ben.forget();
    result_over_tcp(&mut ben);
    ben.line("/stop");

    // What is said before counts for the next video: after three seconds its frames still go over UDP.
    ben.line("/udp only");
    ben.forget();
    let stream = begins(&mut ben, true);
    unanswered_after(&stream, 60, &results);
    ben.line("/tcp");
    result_over_tcp(&mut ben);
}
