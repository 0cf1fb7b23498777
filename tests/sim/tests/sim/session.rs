//! Who is here.

mod strangers;

use netcore_proto::session::{
    Event as SessionEvent, LeaveReason, MAX_PEOPLE, Presence, Profile, RefusalCode,
    Request as SessionRequest, SILENCE_TIMEOUT,
};
use netcore_proto::wire::encode_control;
use netcore_proto::{Event, Request, Span};
use sim_tests::effects::Conditions;
use sim_tests::{Scenario, Step, World};

use crate::{PEOPLE, everybody_in, session_events};

fn present(world: &World, at: &str) -> Vec<String> {
    let people = world.node(at).people();
    let mut names: Vec<String> = people.iter().map(|person| person.profile.name.clone()).collect();
    names.sort();
    names
}

fn presence(world: &World, at: &str, of: &str) -> Option<Presence> {
    let people = world.node(at).people();
    let found = people.iter().find(|person| person.profile.name == of);
    found.map(|person| person.presence)
}

/// Why each person who left did, as it was reported to `at`.
fn departures(world: &World, at: &str) -> Vec<(String, LeaveReason)> {
    let left = session_events(world, at).filter_map(|event| match event {
        SessionEvent::Left { person, reason } => Some((person.profile.name.clone(), *reason)),
        _ => None,
    });
    left.collect()
}

fn refusals(world: &World, at: &str) -> Vec<RefusalCode> {
    let refused = session_events(world, at).filter_map(|event| match event {
        SessionEvent::Refused(refusal) => Some(refusal.code),
        _ => None,
    });
    refused.collect()
}

#[test]
fn everybody_knows_everybody() {
    Scenario::new("four people meet", PEOPLE)
        .links(Conditions::delay_ms(2).jitter_ms(10))
        .then(everybody_in())
        .then([Step::check("all see all, and no one left", |world| {
            for name in PEOPLE {
                assert_eq!(present(world, name), *PEOPLE, "{name}");
                assert!(departures(world, name).is_empty());
            }
        })])
        .run_all(0..100);
}

#[test]
fn the_same_seed_gives_the_same_story() {
    let scenario = Scenario::new("people come, talk and get lost", PEOPLE)
        .links(Conditions::delay_ms(2).jitter_ms(10).loss(0.05))
        .then(everybody_in())
        .then([
            Step::Say("Ben", "hello"),
            Step::Cut("Cyd"),
            Step::wait_ms(500),
            Step::Join("Cyd"),
            Step::Wait(Span::from_secs(10)),
        ]);
    let first = scenario.run(7);
    assert!(first.trace().noted() > 100);
    assert_eq!(first.trace(), scenario.run(7).trace());
    assert_ne!(first.trace().digest(), scenario.run(8).trace().digest());
}

#[test]
fn a_profile_reaches_everybody() {
    Scenario::new("Ben says more about himself", PEOPLE)
        .then(everybody_in())
        .then([
            Step::act("Ben sets his profile", |world| {
                let profile = Profile {
                    name: "Benjamin".into(),
                    about: "room 12".into(),
                    ..Profile::default()
                };
                world.with_node("Ben", |node, _| node.set_profile(&profile));
            }),
            Step::wait_ms(100),
            Step::check("all see it, Ben too", |world| {
                for name in PEOPLE {
                    let people = world.node(name).people();
                    assert_eq!(people[1].profile.name, "Benjamin", "{name}");
                    assert_eq!(people[1].profile.about, "room 12", "{name}");
                }
            }),
            Step::Cut("Ben"),
            Step::wait_ms(100),
            Step::Join("Ben"),
            Step::wait_ms(100),
            Step::check("it outlives the connection", |world| {
                assert_eq!(world.node("Cyd").people()[1].profile.about, "room 12");
            }),
        ])
        .run(0);
}

#[test]
fn a_lost_place_stays_reserved_for_a_while() {
    Scenario::new("Ben comes back within the grace time", PEOPLE)
        .then(everybody_in())
        .then([
            Step::Cut("Ben"),
            Step::wait_ms(100),
            Step::check("he is shown as reconnecting", |world| {
                assert_eq!(presence(world, "Cyd", "Ben"), Some(Presence::Reconnecting));
                assert!(!world.is_connected("Ben"));
            }),
            Step::Wait(Span::from_secs(14)),
            Step::Join("Ben"),
            Step::wait_ms(100),
            Step::check("he is here, has not left, and has his number", |world| {
                assert_eq!(presence(world, "Cyd", "Ben"), Some(Presence::Here));
                assert!(departures(world, "Cyd").is_empty());
                assert_eq!(world.node("Ben").me().map(|me| me.0), Some(1));
                assert_eq!(present(world, "Ben"), *PEOPLE);
            }),
        ])
        .run_all(0..50);
}

#[test]
fn a_place_is_given_up_in_the_end() {
    Scenario::new("Ben comes back too late", PEOPLE)
        .then(everybody_in())
        .then([
            Step::Cut("Ben"),
            Step::Wait(Span::from_secs(16)),
            Step::check("he is gone", |world| {
                assert_eq!(present(world, "Cyd"), ["Ada", "Cyd", "Dan"]);
                for name in ["Ada", "Cyd", "Dan"] {
                    assert_eq!(departures(world, name), [("Ben".to_owned(), LeaveReason::Lost)]);
                }
            }),
            Step::Join("Ben"),
            Step::wait_ms(100),
            Step::check("he is back under his old number", |world| {
                assert_eq!(present(world, "Cyd"), *PEOPLE);
                assert_eq!(world.node("Ben").me().map(|me| me.0), Some(1));
            }),
        ])
        .run_all(0..50);
}

#[test]
fn leaving_is_final_and_undone_by_joining() {
    Scenario::new("Ben leaves and joins again, twice", PEOPLE)
        .then(everybody_in())
        .then((0..2).flat_map(|_| {
            [
                Step::Leave("Ben"),
                Step::wait_ms(100),
                Step::check("he is gone and his connection with him", |world| {
                    assert_eq!(present(world, "Dan"), ["Ada", "Cyd", "Dan"]);
                    assert!(!world.is_connected("Ben"));
                    assert_eq!(world.open_at_host(), 2);
                }),
                Step::Join("Ben"),
                Step::wait_ms(100),
                Step::check("he is back", |world| assert_eq!(present(world, "Dan"), *PEOPLE)),
            ]
        }))
        .then([Step::check("the reason was his choice", |world| {
            let left = ("Ben".to_owned(), LeaveReason::Left);
            assert_eq!(departures(world, "Ada"), [left.clone(), left]);
        })])
        .run_all(0..20);
}

#[test]
fn the_newer_connection_of_an_identity_wins() {
    Scenario::new("Dan joins with Ben's certificate", PEOPLE)
        .then([
            Step::Open,
            Step::Join("Ben"),
            Step::Join("Cyd"),
            Step::wait_ms(100),
            Step::act("Dan has Ben's certificate", |world| {
                world.impersonate("Dan", "Ben");
            }),
            Step::Join("Dan"),
            Step::wait_ms(100),
            Step::check("Dan has Ben's place, and Ben knows why he has not", |world| {
                assert_eq!(present(world, "Cyd"), ["Ada", "Cyd", "Dan"]);
                assert_eq!(world.node("Dan").me().map(|me| me.0), Some(1));
                assert_eq!(refusals(world, "Ben"), [RefusalCode::Replaced]);
                assert!(!world.is_connected("Ben"));
                assert!(departures(world, "Cyd").is_empty());
            }),
            Step::Wait(Span::from_secs(30)),
            Step::check("nothing more comes of it", |world| {
                assert_eq!(present(world, "Cyd"), ["Ada", "Cyd", "Dan"]);
                assert_eq!(world.open_at_host(), 2);
            }),
        ])
        .run_all(0..20);
}

#[test]
fn the_hosts_own_identity_cannot_join() {
    Scenario::new("Ben joins with the host's certificate", PEOPLE)
        .then([
            Step::Open,
            Step::act("Ben has Ada's certificate", |world| {
                world.impersonate("Ben", "Ada");
            }),
            Step::Join("Ben"),
            Step::wait_ms(100),
            Step::check("he is refused and the host alone", |world| {
                assert_eq!(refusals(world, "Ben"), [RefusalCode::Replaced]);
                assert_eq!((present(world, "Ada").len(), world.open_at_host()), (1, 0));
            }),
            Step::Wait(Span::from_secs(30)),
            Step::check("and that was that", |world| {
                assert_eq!(refusals(world, "Ben").len(), 1);
            }),
        ])
        .run(0);
}

/// A host and so many members.
fn crowd(members: usize) -> &'static [&'static str] {
    let names = (0..=members).map(|number| &*Box::leak(format!("P{number:03}").into_boxed_str()));
    Box::leak(names.collect::<Vec<_>>().into_boxed_slice())
}

/// A person joins whose own program is not simulated: they say hello and are never heard again.
fn join_quietly(name: &'static str, profile: &Profile) -> Step {
    let hello = Request::Session(SessionRequest::Hello {
        profile: profile.clone(),
        returning: None,
    });
    let bytes = encode_control(&hello).unwrap();
    Step::act("a quiet one joins", move |world| world.intrude(name, &bytes))
}

#[test]
fn a_room_takes_so_many_and_no_more() {
    let people = crowd(MAX_PEOPLE);
    let quiet = people[2..MAX_PEOPLE]
        .iter()
        .map(|name| join_quietly(name, &Profile::default()));
    Scenario::new("a room fills up", people)
        .then([Step::Open, Step::Join("P001")])
        .then(quiet)
        .then([
            Step::wait_ms(200),
            Step::Join("P256"),
            Step::wait_ms(200),
            Step::check("one more is one too many", |world| {
                assert_eq!(refusals(world, "P256"), [RefusalCode::RoomFull]);
                assert_eq!(world.node("P000").people().len(), MAX_PEOPLE);
                assert_eq!(world.open_at_host(), MAX_PEOPLE - 1);
            }),
            Step::Leave("P001"),
            Step::wait_ms(200),
            Step::Join("P256"),
            Step::wait_ms(200),
            Step::check("there is room again", |world| {
                assert_eq!(world.node("P256").people().len(), MAX_PEOPLE);
            }),
        ])
        .run(0);
}

#[test]
fn people_whose_profiles_take_more_than_a_message() {
    let people = crowd(120);
    let long = Profile {
        name: "🦀".repeat(64),
        about: "🦀".repeat(500),
        device: "🦀".repeat(64),
        ..Profile::default()
    };
    let others = people[1..120].iter().map(|name| join_quietly(name, &long));
    Scenario::new("all say as much of themselves as they may", people)
        .then([Step::Open])
        .then(others)
        .then([
            Step::Join("P120"),
            Step::wait_ms(500),
            Step::check("the last to come knows them all, with all they said", |world| {
                let known = world.node("P120").people();
                assert_eq!(known.len(), 121);
                let profiles = known
                    .iter()
                    .filter(|person| person.profile.about.chars().count() == 500);
                assert_eq!(profiles.count(), 119);
            }),
        ])
        .run(0);
}

#[test]
fn silence_is_noticed_by_both_ends() {
    Scenario::new("Ben's cable is pulled", PEOPLE)
        .then(everybody_in())
        .then([
            Step::Silence("Ben"),
            Step::Wait(Span::from_secs(6)),
            Step::check("six seconds are no reason to worry", |world| {
                assert_eq!(presence(world, "Cyd", "Ben"), Some(Presence::Here));
            }),
            Step::Heal("Ben"),
            Step::Wait(Span::from_secs(20)),
            Step::check("and nothing came of them", |world| {
                assert_eq!(presence(world, "Cyd", "Ben"), Some(Presence::Here));
                assert!(world.is_connected("Ben"));
            }),
            Step::Silence("Ben"),
            Step::Wait(SILENCE_TIMEOUT + Span::from_secs(1)),
            Step::check("both ends have noticed", |world| {
                assert_eq!(presence(world, "Cyd", "Ben"), Some(Presence::Reconnecting));
                assert!(!world.is_connected("Ben"));
                assert_eq!(world.open_at_host(), 2);
            }),
            Step::Heal("Ben"),
            Step::Join("Ben"),
            Step::wait_ms(100),
            Step::check("he is back", |world| {
                assert_eq!(presence(world, "Cyd", "Ben"), Some(Presence::Here));
                assert!(departures(world, "Cyd").is_empty());
            }),
            Step::Wait(Span::from_secs(30)),
            Step::check("and stays", |world| {
                assert_eq!(presence(world, "Cyd", "Ben"), Some(Presence::Here));
                assert!(world.is_connected("Ben"));
            }),
        ])
        .run_all(0..20);
}

/// How the host's clock relates to a member's, as it learned last.
fn clock_of_host(world: &World, at: &str) -> (i64, u64) {
    let learned = session_events(world, at).filter_map(|event| match event {
        SessionEvent::RoundTrip { clock, .. } => Some((clock.offset_us, clock.error_us)),
        _ => None,
    });
    learned.last().expect("a ping was answered")
}

#[test]
fn a_short_sleep_costs_neither_the_connection_nor_the_relation_of_the_clocks() {
    const SLEPT: Span = Span::from_secs(5);
    // As on a computer whose clock counts a sleep, and as on one whose clock does not.
    for lost in [Span::ZERO, SLEPT] {
        Scenario::new("Ben's computer sleeps for a moment", PEOPLE)
            .links(Conditions::delay_ms(2))
            .then(everybody_in())
            .then([
                Step::Wait(Span::from_secs(30)),
                Step::act("before", |world| {
                    let (offset_us, _) = clock_of_host(world, "Ben");
                    world.note("offset", offset_us.unsigned_abs());
                }),
                // By their round trips, the pings from before would be the better ones.
                Step::Link("Ben", Conditions::delay_ms(8)),
                Step::Sleep("Ben"),
                Step::Wait(SLEPT),
                Step::Wake("Ben", lost),
                Step::Wait(Span::from_secs(5)),
                Step::check("he is here, and knows the host's clock", move |world| {
                    assert_eq!(presence(world, "Cyd", "Ben"), Some(Presence::Here));
                    assert!(world.is_connected("Ben"));
                    let (offset_us, error_us) = clock_of_host(world, "Ben");
                    // His clock was ahead.
                    let expected = world.noted("offset") - lost.as_micros();
                    let wrong = offset_us.unsigned_abs().abs_diff(expected);
                    assert!(
                        wrong <= 2 * error_us && error_us < 10_000,
                        "{wrong} µs wrong, said ±{error_us}"
                    );
                }),
            ])
            .run(0);
    }
}

#[test]
fn who_slept_long_notices_at_once_and_comes_back_to_his_place() {
    Scenario::new("Ben's computer sleeps", PEOPLE)
        .links(Conditions::delay_ms(2))
        .then(everybody_in())
        .then([
            Step::Sleep("Ben"),
            Step::Wait(SILENCE_TIMEOUT + Span::from_secs(2)),
            Step::check("the others miss him", |world| {
                assert_eq!(presence(world, "Cyd", "Ben"), Some(Presence::Reconnecting));
            }),
            Step::Wake("Ben", Span::ZERO),
            Step::wait_ms(50),
            Step::check("he knows", |world| assert!(!world.is_connected("Ben"))),
            Step::Join("Ben"),
            Step::wait_ms(100),
            Step::check("he is back", |world| {
                assert_eq!(presence(world, "Cyd", "Ben"), Some(Presence::Here));
                assert!(departures(world, "Cyd").is_empty());
            }),
        ])
        .run_all(0..20);
}

#[test]
fn a_vanished_host_is_noticed() {
    Scenario::new("the host's computer stops", PEOPLE)
        .then(everybody_in())
        .then([
            Step::Silence("Ben"),
            Step::Silence("Cyd"),
            Step::Wait(SILENCE_TIMEOUT + Span::from_secs(1)),
            Step::check("both members know that they are alone", |world| {
                assert!(!world.is_connected("Ben") && !world.is_connected("Cyd"));
                assert!(world.is_connected("Dan"));
            }),
        ])
        .run(0);
}

#[test]
fn closing_the_room_notifies_all() {
    Scenario::new("the room closes", PEOPLE)
        .then(everybody_in())
        .then([
            Step::Close,
            Step::wait_ms(100),
            Step::check("all know and no one is connected", |world| {
                for name in &PEOPLE[1..] {
                    assert_eq!(refusals(world, name), [RefusalCode::Closed]);
                    assert!(!world.is_connected(name));
                }
            }),
            Step::Open,
            Step::Join("Ben"),
            Step::wait_ms(100),
            Step::check("it opens again", |world| {
                assert_eq!(present(world, "Ben"), ["Ada", "Ben"]);
            }),
        ])
        .run(0);
}

#[test]
fn pings_measure_the_round_trip_and_the_clocks() {
    Scenario::new("two clocks are compared", PEOPLE)
        .links(Conditions::delay_ms(10).jitter_ms(2))
        .then(everybody_in())
        .then([
            Step::Wait(Span::from_secs(10)),
            Step::check("within what pings can know", |world| {
                let mut seen = 0;
                for event in session_events(world, "Ben") {
                    let SessionEvent::RoundTrip {
                        round_trip, clock, ..
                    } = event
                    else {
                        continue;
                    };
                    seen += 1;
                    assert!(
                        (20_000..=24_100).contains(&round_trip.as_micros()),
                        "{round_trip}"
                    );
                    // Ben's clock is seven hours ahead of the host's.
                    let error = clock.offset_us + 7 * 3_600_000_000;
                    assert!(error.unsigned_abs() <= clock.error_us, "{error} of {clock:?}");
                    assert!(clock.error_us <= round_trip.as_micros() / 2 + 4, "{clock:?}");
                }
                assert!(seen >= 4, "{seen}");
            }),
        ])
        .run_all(0..20);
}

#[test]
fn a_change_that_is_none_is_not_announced() {
    Scenario::new("an hour of peace", PEOPLE)
        .then(everybody_in())
        .then([
            Step::Wait(Span::from_secs(3_600)),
            Step::check("pings alone pass", |world| {
                let loud =
                    |event: &&(_, Event)| !matches!(event.1, Event::Session(SessionEvent::RoundTrip { .. }));
                let noticed = world.events("Cyd").iter().filter(loud);
                assert!(noticed.clone().all(|(at, _)| at.as_micros() < 1_000_000));
            }),
        ])
        .run(0);
}
