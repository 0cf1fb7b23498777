//! Connections that do not keep to the rules.

use netcore_proto::Span;
use netcore_proto::session::{LeaveReason, RefusalCode};
use netcore_proto::wire::{MAX_CONTROL_BYTES, encode_control};
use sim_tests::{Scenario, Step};

use super::{departures, present, refusals};
use crate::{PEOPLE, everybody_in};

/// Bytes no member sends, and what they are.
fn nonsense() -> Vec<(&'static str, Vec<u8>)> {
    let prefixed = |body: &[u8]| [&(body.len() as u32).to_be_bytes(), body].concat();
    let json = |value: serde_json::Value| encode_control(&value).unwrap().to_vec();
    vec![
        ("text that is not UTF-8", prefixed(b"\"\xff\xfe\"")),
        ("JSON that is none", prefixed(b"{\"about\":")),
        ("nothing where a message should be", prefixed(b"")),
        ("a length beyond all bounds", u32::MAX.to_be_bytes().to_vec()),
        (
            "one byte too much",
            (MAX_CONTROL_BYTES as u32 + 1).to_be_bytes().to_vec(),
        ),
        (
            "an unknown capability",
            json(serde_json::json!({"about": "weather", "body": {}})),
        ),
        (
            "an unknown request",
            json(serde_json::json!({"about": "chat", "body": {"type": "shout"}})),
        ),
        (
            "a hello without a name",
            json(serde_json::json!({"about": "session", "body": {"type": "hello"}})),
        ),
        ("deep nesting", prefixed("[".repeat(50_000).as_bytes())),
    ]
}

#[test]
fn nonsense_ends_one_connection_and_nobody_else_notices() {
    for (what, bytes) in nonsense() {
        let said = bytes.clone();
        Scenario::new(what, PEOPLE)
            .then(everybody_in())
            .then([
                Step::Raw("Ben", bytes),
                Step::wait_ms(100),
                Step::check("Ben is removed, with a reason", |world| {
                    assert_eq!(refusals(world, "Ben"), [RefusalCode::BadMessage]);
                    assert!(!world.is_connected("Ben"));
                    for name in ["Ada", "Cyd", "Dan"] {
                        assert_eq!(
                            departures(world, name),
                            [("Ben".to_owned(), LeaveReason::Removed)]
                        );
                    }
                }),
                Step::act("a stranger sends the same", move |world| {
                    world.intrude("Ben", &said);
                }),
                Step::wait_ms(100),
                Step::check("no one hears of it", |world| {
                    assert_eq!(world.open_at_host(), 2);
                    assert_eq!(present(world, "Cyd"), ["Ada", "Cyd", "Dan"]);
                }),
                Step::Say("Cyd", "still here?"),
                Step::Say("Dan", "yes"),
                Step::wait_ms(100),
                Step::check("the others talk on", |world| {
                    assert_eq!(world.shown_texts("Cyd"), ["still here?", "yes"]);
                }),
                Step::Join("Ben"),
                Step::wait_ms(100),
                Step::check("even Ben may come back", |world| {
                    assert_eq!(present(world, "Cyd"), *PEOPLE);
                    assert_eq!(world.shown_texts("Ben"), ["still here?", "yes"]);
                }),
            ])
            .run_all(0..5);
    }
}

#[test]
fn a_connection_begins_with_one_hello() {
    let say = serde_json::json!({"about": "chat", "body": {"type": "say", "local": 1, "text": "hi"}});
    let hello = serde_json::json!({"about": "session", "body": {"type": "hello", "profile": {"name": "B"}}});
    let ping = serde_json::json!({"about": "session", "body": {"type": "ping", "sent": 1}});
    for first in [&say, &ping] {
        let bytes = encode_control(first).unwrap();
        Scenario::new("a stranger talks before saying hello", PEOPLE)
            .then(everybody_in())
            .then([
                Step::Leave("Ben"),
                Step::wait_ms(100),
                Step::act("it does", move |world| world.intrude("Ben", &bytes)),
                Step::wait_ms(100),
                Step::check("it is put out", |world| {
                    assert_eq!(world.open_at_host(), 2);
                    assert!(world.shown_texts("Cyd").is_empty());
                }),
                Step::Wait(Span::from_secs(30)),
                Step::check("once", |world| {
                    assert_eq!(world.trace().mentions("one hello, and only"), 0);
                }),
            ])
            .run(0);
    }
    Scenario::new("Ben says hello twice", PEOPLE)
        .then(everybody_in())
        .then([
            Step::Raw("Ben", encode_control(&hello).unwrap().to_vec()),
            Step::wait_ms(100),
            Step::check("he is removed like anybody who breaks a rule", |world| {
                assert_eq!(refusals(world, "Ben"), [RefusalCode::BadMessage]);
                assert_eq!(
                    departures(world, "Cyd"),
                    [("Ben".to_owned(), LeaveReason::Removed)]
                );
            }),
        ])
        .run(0);
}

#[test]
fn a_connection_without_a_hello_is_closed() {
    Scenario::new("a stranger connects and is silent", PEOPLE)
        .then(everybody_in())
        .then([
            Step::Leave("Ben"),
            Step::wait_ms(100),
            Step::act("it connects", |world| world.intrude("Ben", &[0, 0])),
            Step::Wait(Span::from_secs(4)),
            Step::check("it has five seconds", |world| assert_eq!(world.open_at_host(), 3)),
            Step::Wait(Span::from_secs(2)),
            Step::check("and no more", |world| assert_eq!(world.open_at_host(), 2)),
        ])
        .run(0);
}
