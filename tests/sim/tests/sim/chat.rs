//! What is said.

use std::collections::BTreeMap;

use netcore_proto::chat::{Body, Event as ChatEvent, MAX_TEXT_BYTES, Request as ChatRequest};
use netcore_proto::session::{Event as SessionEvent, RefusalCode};
use netcore_proto::wire::encode_control;
use netcore_proto::{Request, Span};
use sim_tests::effects::Conditions;
use sim_tests::{Scenario, Step, World};

use crate::{PEOPLE, chat_events, everybody_in, session_events};

/// Each person's chat shows the same numbered entries, from the first on, without a gap.
fn all_show_the_same(world: &World) {
    let numbers = |name: &str| -> Vec<u64> { world.shown_chat(name).iter().map(|entry| entry.seq).collect() };
    let host = world.shown_chat("Ada");
    for name in PEOPLE {
        assert_eq!(
            numbers(name),
            (1..=host.len() as u64).collect::<Vec<_>>(),
            "{name}"
        );
        assert_eq!(world.shown_chat(name), host, "{name}");
        let log: Vec<u64> = world.node(name).chat().entries().map(|entry| entry.seq).collect();
        assert_eq!(log, numbers(name), "{name}: the log and what was reported");
    }
}

/// Everything that was said is shown exactly once, and each person's words in the order in which they were said.
fn nothing_is_lost_or_doubled(world: &World) {
    let mut said: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for text in world.shown_texts("Ada") {
        let (name, number) = text.split_once(' ').unwrap();
        said.entry(name).or_default().push(number);
    }
    for (name, numbers) in said {
        let all: Vec<String> = (1..=world.said(name)).map(|number| number.to_string()).collect();
        assert_eq!(numbers, all, "{name}");
    }
}

/// A person says who they are and how often they have spoken.
fn speak(world: &mut World, name: &str) {
    let text = format!("{name} {}", world.said(name) + 1);
    world.say(name, &text);
}

#[test]
fn everybody_reads_the_same_in_the_same_order() {
    Scenario::new("four people talk at once", PEOPLE)
        .links(Conditions::delay_ms(5).jitter_ms(40).loss(0.05))
        .then(everybody_in())
        .then([
            Step::act("sixty words fall", |world| {
                for _ in 0..60 {
                    let who = PEOPLE[world.draw(4) as usize];
                    speak(world, who);
                    let pause = Span::from_millis(world.draw(20));
                    world.wait(pause);
                }
            }),
            Step::Wait(Span::from_secs(2)),
            Step::check("all show the same", all_show_the_same),
            Step::check("nothing is lost or doubled", nothing_is_lost_or_doubled),
        ])
        .run_all(0..200);
}

#[test]
fn each_message_has_one_receipt_with_its_number() {
    Scenario::new("Ben says five things", PEOPLE)
        .links(Conditions::delay_ms(5).jitter_ms(40))
        .then(everybody_in())
        .then((0..5).map(|_| Step::act("Ben speaks", |world| speak(world, "Ben"))))
        .then([
            Step::Wait(Span::from_secs(1)),
            Step::check("five receipts, as all have the entries", |world| {
                let receipts: Vec<_> = chat_events(world, "Ben")
                    .filter_map(|event| match event {
                        ChatEvent::Receipt { local, entry } => Some((*local, entry)),
                        _ => None,
                    })
                    .collect();
                let locals: Vec<u64> = receipts.iter().map(|(local, _)| *local).collect();
                assert_eq!(locals, [1, 2, 3, 4, 5]);
                let shown = world.shown_chat("Cyd");
                for (_, entry) in receipts {
                    assert!(shown.contains(&entry));
                    assert_eq!(
                        (entry.name.as_str(), entry.address.ip()),
                        ("Ben", [10, 1, 0, 1].into())
                    );
                }
            }),
        ])
        .run_all(0..50);
}

#[test]
fn words_outlive_any_number_of_broken_connections() {
    Scenario::new("all talk while connections break", PEOPLE)
        .links(Conditions::delay_ms(5).jitter_ms(20))
        .then(everybody_in())
        .then([
            Step::act("for a while anything may happen", |world| {
                for _ in 0..40 {
                    let who = PEOPLE[1 + world.draw(3) as usize];
                    match world.draw(10) {
                        0..6 => speak(world, who),
                        6..8 => world.cut(who),
                        _ if !world.is_connected(who) => world.join(who),
                        _ => speak(world, "Ada"),
                    }
                    let pause = Span::from_millis(world.draw(30));
                    world.wait(pause);
                }
            }),
            Step::wait_ms(200),
            Step::act("those who are away come back", |world| {
                for name in &PEOPLE[1..] {
                    if !world.is_connected(name) {
                        world.join(name);
                    }
                }
            }),
            Step::Wait(Span::from_secs(2)),
            Step::check("all show the same", all_show_the_same),
            Step::check("nothing is lost or doubled", nothing_is_lost_or_doubled),
        ])
        .run_all(0..200);
}

#[test]
fn a_lost_receipt_does_not_double_a_message() {
    // The message takes 2 ms to the host, its receipt another 2: every place the connection can break is tried.
    for us in (0..6_000).step_by(250) {
        Scenario::new("Ben's connection breaks just as he speaks", PEOPLE)
            .then(everybody_in())
            .then([
                Step::act("he speaks", |world| speak(world, "Ben")),
                Step::Wait(Span::from_micros(us)),
                Step::Cut("Ben"),
                Step::wait_ms(300),
                Step::act("he speaks to himself", |world| speak(world, "Ben")),
                Step::Join("Ben"),
                Step::wait_ms(100),
                Step::check("he is read once", |world| {
                    assert_eq!(world.shown_texts("Cyd"), ["Ben 1", "Ben 2"]);
                    let receipts = chat_events(world, "Ben")
                        .filter(|event| matches!(event, ChatEvent::Receipt { .. }))
                        .count();
                    assert_eq!(receipts, 2);
                }),
                Step::check("all show the same", all_show_the_same),
            ])
            .run(us);
    }
}

#[test]
fn a_member_away_is_brought_up_to_date_with_what_it_missed() {
    for away_s in [1, 14, 16, 100] {
        Scenario::new("Ben misses three things", PEOPLE)
            .then(everybody_in())
            .then([
                Step::Say("Cyd", "before"),
                Step::wait_ms(50),
                Step::Cut("Ben"),
                Step::Say("Cyd", "one"),
                Step::wait_ms(50),
                Step::Say("Ada", "two"),
                Step::wait_ms(50),
                Step::Say("Dan", "three"),
                Step::Wait(Span::from_secs(away_s)),
                Step::act("Ben's connection counts bytes", |world| {
                    let so_far = world.down("Ben").counts().bytes;
                    world.note("down", so_far);
                }),
                Step::Join("Ben"),
                Step::wait_ms(100),
                Step::check("he has them, each once, in order", |world| {
                    assert_eq!(world.shown_texts("Ben"), ["before", "one", "two", "three"]);
                    let resent = world.down("Ben").counts().bytes - world.noted("down");
                    assert!(resent < 4_000, "{resent} bytes for three words");
                }),
                Step::check("all show the same", all_show_the_same),
            ])
            .run(away_s);
    }
}

#[test]
fn a_program_that_starts_anew_gets_the_whole_log() {
    Scenario::new("Ben's program crashes", PEOPLE)
        .then(everybody_in())
        .then([
            Step::Say("Ben", "mine"),
            Step::Say("Cyd", "yours"),
            Step::wait_ms(50),
            Step::Restart("Ben"),
            Step::Join("Ben"),
            Step::wait_ms(100),
            Step::check("his own words are among it, as his", |world| {
                assert_eq!(world.shown_texts("Ben"), ["mine", "yours"]);
                assert_eq!(Some(world.shown_chat("Ben")[4].from), world.node("Ben").me());
            }),
            Step::Say("Ben", "again"),
            Step::wait_ms(50),
            Step::check("all show the same", all_show_the_same),
        ])
        .run(0);
}

#[test]
fn another_room_begins_an_empty_log() {
    Scenario::new("the host opens another room", PEOPLE)
        .then(everybody_in())
        .then([
            Step::Say("Ben", "in the first room"),
            Step::wait_ms(50),
            Step::Close,
            Step::wait_ms(50),
            Step::Say("Ben", "between the rooms"),
            Step::Open,
            Step::Say("Ada", "welcome"),
            Step::Join("Cyd"),
            Step::wait_ms(50),
            Step::Join("Ben"),
            Step::Join("Dan"),
            Step::wait_ms(100),
            Step::check("only what was said since is there", |world| {
                assert_eq!(world.shown_texts("Cyd"), ["welcome", "between the rooms"]);
                let resets = chat_events(world, "Cyd").filter(|event| **event == ChatEvent::Reset);
                assert_eq!(resets.count(), 1);
            }),
            Step::check("all show the same", all_show_the_same),
        ])
        .run_all(0..20);
}

#[test]
fn comings_and_goings_are_entries_too() {
    Scenario::new("Ben leaves, Cyd is lost", PEOPLE)
        .then(everybody_in())
        .then([
            Step::Leave("Ben"),
            Step::Cut("Cyd"),
            Step::Wait(Span::from_secs(20)),
            Step::check("Dan reads of both", |world| {
                let bodies: Vec<_> = world
                    .shown_chat("Dan")
                    .iter()
                    .map(|entry| match &entry.body {
                        Body::Opened => "opened".to_owned(),
                        Body::Joined => format!("{} joined", entry.name),
                        Body::Left { reason } => format!("{} {reason:?}", entry.name),
                        Body::Text { text } => text.clone(),
                    })
                    .collect();
                let expected = [
                    "opened",
                    "Ben joined",
                    "Cyd joined",
                    "Dan joined",
                    "Ben Left",
                    "Cyd Lost",
                ];
                assert_eq!(bodies, expected);
            }),
        ])
        .run(0);
}

#[test]
fn the_longest_message_passes_and_a_longer_one_is_refused() {
    let say = |local, text: String| {
        let request = Request::Chat(ChatRequest::Say { local, text });
        encode_control(&request).unwrap().to_vec()
    };
    Scenario::new("Ben says very much", PEOPLE)
        .links(Conditions::delay_ms(5).mbit(10, 1 << 20))
        .then(everybody_in())
        .then([
            Step::act("as much as he may", |world| {
                world.say("Ben", &"\"".repeat(MAX_TEXT_BYTES));
            }),
            Step::Wait(Span::from_secs(2)),
            Step::check("it is read", |world| {
                assert_eq!(world.shown_texts("Cyd")[0].len(), MAX_TEXT_BYTES);
            }),
            Step::Raw("Ben", say(9, "x".repeat(MAX_TEXT_BYTES + 1))),
            Step::Raw("Ben", say(10, " \n".into())),
            Step::Wait(Span::from_secs(2)),
            Step::check("more, and nothing, are refused, and Ben stays", |world| {
                assert_eq!(world.shown_texts("Cyd").len(), 1);
                assert!(world.is_connected("Ben"));
            }),
        ])
        .run(0);
}

#[test]
fn one_who_reads_too_slowly_catches_up_on_return() {
    Scenario::new("Ben's computer hangs", PEOPLE)
        .then(everybody_in())
        .then([
            Step::act("the host keeps no more bytes for him", |world| {
                let conn = world.connection("Ben");
                world.with_node("Ada", |node, now| node.handle_too_slow(conn, now));
            }),
            Step::Say("Cyd", "meanwhile"),
            Step::wait_ms(100),
            Step::check("he was given the reason", |world| {
                let is_it = |event: &SessionEvent| {
                    matches!(event, SessionEvent::Refused(refusal) if refusal.code == RefusalCode::TooSlow)
                };
                assert_eq!(session_events(world, "Ben").filter(|event| is_it(event)).count(), 1);
                assert!(!world.is_connected("Ben"));
            }),
            Step::Join("Ben"),
            Step::wait_ms(100),
            Step::check("all show the same", all_show_the_same),
        ])
        .run(0);
}
