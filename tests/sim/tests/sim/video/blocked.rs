//! A path that lets everything through but datagrams.

use netcore_proto::{Span, Time, Transport};
use sim_tests::live::lan;
use sim_tests::{Hop, Scenario, Step, World};

use super::{assert_sound, small};
use crate::{PEOPLE, everybody_in};

/// What was shown of a hop in the last so many milliseconds.
fn shown_lately(world: &World, hop: &Hop, ms: u64) -> Vec<Transport> {
    let since = world.now() - Span::from_millis(ms);
    let shown = hop.shown.iter().filter(|shown| shown.at >= since);
    shown.map(|shown| shown.transport).collect()
}

/// Ben's frames have gone to the host, and on to Cyd, over these in the last second, and nearly all of them.
fn goes_over(world: &World, up: Transport, down: Transport) {
    for (from, to, transport) in [("Ben", "Ada", up), ("Ada", "Cyd", down)] {
        let shown = shown_lately(world, world.hop(from, to), 1_000);
        assert!(shown.len() >= 25, "{} frames from {from} to {to}", shown.len());
        assert!(
            shown.iter().all(|by| *by == transport),
            "{from} to {to}: {shown:?}"
        );
    }
}

fn switches(world: &World) -> &[(Time, Transport)] {
    &world.hop("Ben", "Ada").switches
}

fn block(are_blocked: bool) -> Step {
    let words = match are_blocked {
        true => "no datagram gets to or from Ben",
        false => "they do again",
    };
    Step::act(words, move |world| world.block_datagrams("Ben", are_blocked))
}

fn insist(stays: bool) -> Step {
    let words = if stays {
        "Ben insists on UDP"
    } else {
        "Ben does not insist"
    };
    Step::act(words, move |world| world.stay_on_udp("Ben", stays))
}

#[test]
fn a_stream_whose_datagrams_are_swallowed_goes_over_tcp_and_comes_back() {
    Scenario::new("a firewall comes and goes while Ben is live and talks", PEOPLE)
        .links(lan().loss(0.005))
        .then(everybody_in())
        .then([
            Step::act("links mind silence", World::mind_silence),
            Step::Publish("Ben", Transport::Udp),
            Step::wait_ms(500),
            Step::WatchAll("Cyd"),
            Step::wait_ms(500),
            Step::GoLive("Ben", small(120_000)),
            Step::Wait(Span::from_secs(5)),
            Step::check("all of it goes over UDP", |world| {
                goes_over(world, Transport::Udp, Transport::Udp);
                assert!(switches(world).is_empty());
            }),
            block(true),
            Step::Say("Ben", "do you see me?"),
            Step::Say("Cyd", "not now"),
            Step::Wait(Span::from_secs(4)),
            Step::check("his own frames go over TCP since two seconds after it", |world| {
                let [(at, Transport::Tcp)] = switches(world) else {
                    panic!("{:?}", switches(world))
                };
                let after = Span::from_secs(4).saturating_sub(world.now().since(*at));
                assert!((1_900..2_200).contains(&(after.as_micros() / 1_000)), "{after}");
                goes_over(world, Transport::Tcp, Transport::Udp);
                for name in PEOPLE {
                    let said = world.shown_chat(name);
                    let texts = said
                        .iter()
                        .filter(|entry| matches!(&entry.body, netcore_proto::chat::Body::Text { .. }));
                    assert_eq!(texts.count(), 2, "{name} has heard both");
                }
            }),
            block(false),
            Step::Wait(Span::from_secs(12)),
            Step::check("they are back on UDP after a look", |world| {
                assert!(matches!(
                    switches(world),
                    [(_, Transport::Tcp), (_, Transport::Udp)]
                ));
                goes_over(world, Transport::Udp, Transport::Udp);
            }),
        ])
        .then([
            insist(true),
            block(true),
            Step::Wait(Span::from_secs(5)),
            Step::check("who insists is shown nowhere", |world| {
                assert_eq!(switches(world).len(), 2);
                assert!(shown_lately(world, world.hop("Ben", "Ada"), 4_000).is_empty());
            }),
            insist(false),
            Step::Wait(Span::from_secs(2)),
            Step::check("until he does not", |world| {
                assert!(matches!(switches(world), [_, _, (_, Transport::Tcp)]));
                goes_over(world, Transport::Tcp, Transport::Udp);
            }),
            block(false),
            // A return that did not last is followed by a longer pause.
            Step::Wait(Span::from_secs(45)),
            Step::check("and UDP comes to life once more", |world| {
                assert!(matches!(switches(world), [_, _, _, (_, Transport::Udp)]));
                goes_over(world, Transport::Udp, Transport::Udp);
            }),
            Step::Wait(Span::from_secs(60)),
            Step::check("each frame has one result", |world| {
                assert_sound(world.hop("Ben", "Ada"));
                assert_sound(world.hop("Ada", "Cyd"));
            }),
        ])
        .run_all(0..5);
}
