//! Which streams exist, and the relay at the host.

use netcore_proto::video::{Event as VideoEvent, MAX_STREAMS_EACH, SourceKind, StreamDescription};
use netcore_proto::{Span, StreamId, Transport};
use sim_tests::effects::Conditions;
use sim_tests::{LiveScenario, Scenario, Step, World};

use super::{assert_sound, small};
use crate::{PEOPLE, everybody_in, video_events};

fn live(world: &World, at: &str) -> Vec<(u32, Transport)> {
    let streams = world.node(at).streams();
    streams
        .iter()
        .map(|stream| (stream.id.0, stream.spec.transport))
        .collect()
}

fn count(world: &World, at: &str, is_it: impl Fn(&VideoEvent) -> bool) -> usize {
    video_events(world, at).filter(|event| is_it(event)).count()
}

#[test]
fn a_stream_is_announced_changed_and_stopped() {
    Scenario::new("Ben streams", PEOPLE)
        .then(everybody_in())
        .then([
            Step::Publish("Ben", Transport::Udp),
            Step::wait_ms(100),
            Step::check("all know it", |world| {
                for name in PEOPLE {
                    assert_eq!(live(world, name), [(1, Transport::Udp)], "{name}");
                }
                assert_eq!(
                    count(world, "Ben", |event| matches!(
                        event,
                        VideoEvent::Published { .. }
                    )),
                    1
                );
                assert_eq!(
                    count(world, "Ben", |event| matches!(event, VideoEvent::Started(_))),
                    0
                );
            }),
            Step::Switch("Ben", Transport::Tcp),
            Step::wait_ms(100),
            Step::check("all know of the change", |world| {
                for name in PEOPLE {
                    assert_eq!(live(world, name), [(1, Transport::Tcp)], "{name}");
                }
            }),
            Step::act("Cyd tries to stop it", |world| {
                world.with_node("Cyd", |node, _| node.unpublish(StreamId(1)).unwrap());
            }),
            Step::wait_ms(100),
            Step::check("which is not hers to do", |world| {
                assert_eq!(live(world, "Dan").len(), 1);
            }),
            Step::act("Ben stops it", |world| {
                world.with_node("Ben", |node, _| node.unpublish(StreamId(1)).unwrap());
            }),
            Step::wait_ms(100),
            Step::check("all know that it is over", |world| {
                for name in PEOPLE {
                    assert!(live(world, name).is_empty(), "{name}");
                    assert_eq!(
                        count(world, name, |event| matches!(event, VideoEvent::Stopped(_))),
                        1
                    );
                }
            }),
        ])
        .run(0);
}

#[test]
fn a_stream_does_not_outlive_its_owners_connection() {
    Scenario::new("Ben's connection breaks while he streams", PEOPLE)
        .then(everybody_in())
        .then([
            Step::Publish("Ben", Transport::Udp),
            Step::Publish("Cyd", Transport::Udp),
            Step::wait_ms(100),
            Step::Cut("Ben"),
            Step::wait_ms(100),
            Step::check("his stream is over at once, hers is not", |world| {
                for name in ["Ada", "Cyd", "Dan"] {
                    assert_eq!(live(world, name), [(2, Transport::Udp)], "{name}");
                }
                assert!(live(world, "Ben").is_empty());
            }),
            Step::Join("Ben"),
            Step::wait_ms(100),
            Step::check("on return he learns what is live", |world| {
                assert_eq!(live(world, "Ben"), [(2, Transport::Udp)]);
            }),
            Step::Publish("Ben", Transport::Udp),
            Step::wait_ms(100),
            Step::check("and a new stream has a new number", |world| {
                assert_eq!(live(world, "Dan"), [(2, Transport::Udp), (3, Transport::Udp)]);
            }),
        ])
        .run_all(0..20);
}

#[test]
fn one_person_has_so_many_streams() {
    Scenario::new("Ben wants a wall of screens", PEOPLE)
        .then(everybody_in())
        .then((0..=MAX_STREAMS_EACH).map(|_| Step::Publish("Ben", Transport::Udp)))
        .then([
            Step::wait_ms(100),
            Step::check("one too many is refused", |world| {
                assert_eq!(live(world, "Cyd").len(), MAX_STREAMS_EACH);
                assert_eq!(
                    count(world, "Ben", |event| matches!(event, VideoEvent::Refused { .. })),
                    1
                );
            }),
            Step::act("a spec that makes no sense", |world| {
                let spec = StreamDescription {
                    source: SourceKind::Camera,
                    title: "\u{7}t".repeat(1_000),
                    width: 0,
                    height: u16::MAX,
                    rate: 1e30,
                    transport: Transport::Udp,
                };
                world.with_node("Dan", |node, _| node.publish(9, &spec).unwrap());
            }),
            Step::wait_ms(100),
            Step::check("is made one", |world| {
                let streams = world.node("Cyd").streams();
                let spec = &streams.last().unwrap().spec;
                assert_eq!((spec.title.len(), spec.rate), (100, 1_000.0));
            }),
        ])
        .run(0);
}

#[test]
fn the_host_relays_to_viewers_and_only_while_they_do() {
    Scenario::new("Cyd and Dan watch Ben, Dan for a while", PEOPLE)
        .links(Conditions::delay_ms(5).mbit(100, 256 * 1024))
        .then(everybody_in())
        .then([
            Step::Publish("Ben", Transport::Udp),
            Step::wait_ms(100),
            Step::WatchAll("Cyd"),
            Step::WatchAll("Dan"),
            Step::wait_ms(100),
            Step::GoLive("Ben", small(2_000)),
            Step::wait_ms(900),
            Step::act("Dan has seen enough", |world| {
                world.with_node("Dan", |node, _| node.watch(StreamId(1), false).unwrap());
            }),
            Step::Wait(Span::from_secs(3)),
            Step::check("Cyd has seen it all, Dan the first half", |world| {
                let (up, cyd, dan) = (
                    world.hop("Ben", "Ada"),
                    world.hop("Ada", "Cyd"),
                    world.hop("Ada", "Dan"),
                );
                assert_eq!((up.shown.len(), cyd.shown.len()), (60, 60));
                assert!((25..30).contains(&dan.shown.len()), "{}", dan.shown.len());
                for hop in [up, cyd, dan] {
                    assert_sound(hop);
                }
            }),
        ])
        .run_all(0..10);
}

#[test]
fn a_slow_a_stalled_and_a_vanished_viewer_change_nothing_for_the_others() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let scenario = LiveScenario {
            bytes: 30_000,
            ..LiveScenario::hd(Span::from_secs(6))
        };
        let joins = ["Ben", "Cyd", "Dan", "Eve", "Fay"].map(Step::Join);
        let watches = ["Cyd", "Dan", "Eve", "Fay"].map(Step::WatchAll);
        Scenario::new("four watch Ben", &["Ada", "Ben", "Cyd", "Dan", "Eve", "Fay"])
            .links(Conditions::delay_ms(5).mbit(100, 256 * 1024))
            .then([Step::Open])
            .then(joins)
            .then([
                Step::wait_ms(200),
                Step::Publish("Ben", transport),
                Step::wait_ms(100),
            ])
            .then(watches)
            .then([
                Step::wait_ms(100),
                Step::act("Dan's link is slow", |world| {
                    world.link_down("Dan", &Conditions::delay_ms(5).mbit(1, 256 * 1024));
                }),
                Step::GoLive("Ben", scenario),
                Step::Wait(Span::from_secs(2)),
                Step::Silence("Eve"),
                Step::Cut("Fay"),
                Step::Wait(Span::from_secs(6)),
                Step::check("Cyd has seen everything as it happened", |world| {
                    let cyd = world.hop("Ada", "Cyd");
                    assert_sound(cyd);
                    assert_eq!(cyd.shown.len(), 180);
                    assert!(
                        cyd.age_quantile(1.0) < Span::from_millis(25),
                        "{}",
                        cyd.age_quantile(1.0)
                    );
                }),
                Step::check("Dan sees some of it, never old", |world| {
                    let dan = world.hop("Ada", "Dan");
                    assert!(dan.shown.len() >= 12, "{}", dan.shown.len());
                    assert!(
                        dan.age_quantile(0.95) < Span::from_millis(900),
                        "{}",
                        dan.age_quantile(0.95)
                    );
                    assert!(world.is_connected("Dan"));
                }),
            ])
            .run(0);
    }
}
