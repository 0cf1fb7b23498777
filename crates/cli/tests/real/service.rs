//! A host that nobody sits at.

#![cfg(unix)]

use crate::program::Place;

const HOST: [&str; 6] = ["host", "--port", "0", "--loopback", "--as", "Ada"];

#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    let place = Place::new();
    let mut host = place.start_after("trap '' HUP QUIT TERM", &HOST);
    host.wait_for("the room", |event| event["event"] == "opened");
    for signal in ["HUP", "QUIT", "TERM"] {
        host.signal(signal);
    }
    // A host that ends says no more.
    host.line("still here");
    host.hears("still here");
    host.line("/leave");
    assert_eq!(host.exit_code(), 0);
}

#[test]
fn an_interrupt_ends_what_a_script_runs_in_the_background() {
    let place = Place::new();
    let mut host = place.start_after("trap '' INT", &HOST);
    host.wait_for("the room", |event| event["event"] == "opened");
    host.signal("INT");
    assert_eq!(host.exit_code(), 130);
}

#[test]
fn what_was_not_ignored_still_ends_it() {
    let place = Place::new();
    let mut host = place.start_after("trap '' HUP", &HOST);
    host.wait_for("the room", |event| event["event"] == "opened");
    host.signal("HUP");
    host.line("still here");
    host.hears("still here");
    host.signal("TERM");
    assert_eq!(host.exit_code(), 143);
}

/// In a network of its own, to which an address is added while it runs.
#[cfg(target_os = "linux")]
#[test]
fn an_address_that_comes_later_is_shown() {
    let place = Place::new();
    let fifo = place.path("go");
    let script = format!(
        "mkfifo '{0}'; exec unshare --user --map-root-user --net sh -c 'ip link set lo up; \
         (read go <\"{0}\"; ip addr add 192.0.2.9/24 dev lo) & exec \"$0\" \"$@\"' \"$0\" \"$@\"",
        fifo.display()
    );
    let mut host = place.start_after(&script, &["host", "--port", "27182", "--as", "Ada"]);
    let opened = host.wait_for("the room", |event| event["event"] == "opened");
    let room = &opened["room"];
    assert!(!room["reachableAt"].to_string().contains("192.0.2.9"), "{room}");
    std::fs::write(&fifo, "go\n").unwrap();
    let changed = host.wait_for("the new address", |event| {
        crate::program::is(event, "session", "addresses_changed")
    });
    assert_eq!(changed["addresses"][0]["address"], "192.0.2.9:27182");
    host.forget();
    host.line("/addresses");
    let asked = host.wait_for("the addresses", |event| event["event"] == "addresses");
    assert_eq!(asked["addresses"], changed["addresses"]);
}
