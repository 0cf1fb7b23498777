//! Who is here.

use netcore_proto::session::{Event as SessionEvent, LeaveReason, Presence};
use netcore_proto::{Event, Span};
use sim_tests::{Scenario, Step, World};

const PEOPLE: &[&str] = &["Ada", "Ben", "Cyd"];

fn everybody_in() -> [Step; 4] {
    [
        Step::Open,
        Step::Join("Ben"),
        Step::Join("Cyd"),
        Step::wait_ms(100),
    ]
}

fn present(world: &World, at: &str) -> Vec<String> {
    let people = world.node(at).people();
    people.iter().map(|person| person.profile.name.clone()).collect()
}

#[test]
fn everybody_knows_everybody() {
    Scenario::new("three people meet", PEOPLE)
        .then(everybody_in())
        .then([Step::check("all three see all three", |world| {
            for name in PEOPLE {
                assert_eq!(present(world, name), *PEOPLE, "{name}");
            }
        })])
        .run_all(0..20);
}

#[test]
fn a_lost_place_is_kept_for_a_while() {
    Scenario::new("Ben comes back within the grace time", PEOPLE)
        .then(everybody_in())
        .then([
            Step::Cut("Ben"),
            Step::wait_ms(100),
            Step::check("he is shown as reconnecting", |world| {
                let people = world.node("Cyd").people();
                assert_eq!(people[1].presence, Presence::Reconnecting);
            }),
            Step::Wait(Span::from_secs(14)),
            Step::Join("Ben"),
            Step::wait_ms(100),
            Step::check("he is here, has not left, and has his number", |world| {
                let people = world.node("Cyd").people();
                assert_eq!((people[1].presence, people[1].id.0), (Presence::Here, 1));
                let left =
                    |(_, event): &(_, Event)| matches!(event, Event::Session(SessionEvent::Left { .. }));
                assert!(!world.events("Cyd").iter().any(left));
            }),
        ])
        .run_all(0..20);
}

#[test]
fn a_place_is_given_up_in_the_end() {
    Scenario::new("Ben comes back too late", PEOPLE)
        .then(everybody_in())
        .then([
            Step::Cut("Ben"),
            Step::Wait(Span::from_secs(16)),
            Step::check("he is gone", |world| {
                assert_eq!(present(world, "Cyd"), ["Ada", "Cyd"]);
                let lost = |(_, event): &(_, Event)| {
                    matches!(
                        event,
                        Event::Session(SessionEvent::Left {
                            reason: LeaveReason::Lost,
                            ..
                        })
                    )
                };
                assert_eq!(world.events("Ada").iter().filter(|event| lost(event)).count(), 1);
            }),
            Step::Join("Ben"),
            Step::wait_ms(100),
            Step::check("he is back under his old number", |world| {
                assert_eq!(present(world, "Cyd"), *PEOPLE);
                assert_eq!(world.node("Ben").me().unwrap().0, 1);
            }),
        ])
        .run_all(0..20);
}
