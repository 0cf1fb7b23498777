//! What networks and programs do to frames, over many seeds with small pictures.

use netcore_proto::{FrameNumber, Span, Transport};
use sim_tests::effects::{Burst, Conditions, Reordering};
use sim_tests::{LiveScenario, Step};

use super::{assert_sound, lan, live, small};

#[test]
fn nothing_a_network_does_breaks_the_rules() {
    let bad = Conditions {
        duplication: 0.2,
        reordering: Some(Reordering {
            probability: 0.1,
            by: Span::from_millis(4),
        }),
        burst: Some(Burst {
            begins: 0.01,
            length: 5.0,
        }),
        ..lan().loss(0.05).jitter_ms(5)
    };
    live(
        "Ben goes live over a terrible link",
        Transport::Udp,
        bad,
        small(600),
    )
    .then([
        Step::Wait(Span::from_secs(3)),
        Step::check("the rules hold and most is seen", |world| {
            let hop = world.hop("Ben", "Ada");
            assert_sound(hop);
            assert!(hop.shown.len() >= 9, "{} of 18", hop.shown.len());
        }),
    ])
    .run_all(0..200);
}

#[test]
fn copies_change_nothing() {
    let twice = Conditions {
        duplication: 1.0,
        ..lan()
    };
    live("everything arrives twice", Transport::Udp, twice, small(600))
        .then([
            Step::Wait(Span::from_secs(2)),
            Step::check("all is shown, nothing is asked for", |world| {
                let hop = world.hop("Ben", "Ada");
                assert_sound(hop);
                assert_eq!((hop.shown.len(), hop.outcomes().acked), (18, 18));
                assert_eq!(hop.receiver.counts().asked_again, 0);
            }),
        ])
        .run_all(0..20);
}

#[test]
fn reordering_is_distinguished_from_loss_after_a_while() {
    let scenario = LiveScenario {
        bytes: 60_000,
        ..LiveScenario::hd(Span::from_secs(3))
    };
    live(
        "fragments overtake each other",
        Transport::Udp,
        lan().jitter_ms(5),
        scenario,
    )
    .then([
        Step::Wait(Span::from_secs(5)),
        Step::check("all is shown, and little sent again", |world| {
            let hop = world.hop("Ben", "Ada");
            assert_sound(hop);
            assert_eq!(hop.shown.len() as u64, hop.offered);
            let again: u32 = hop.results[15..].iter().map(|result| result.retransmits).sum();
            let fragments = (hop.results.len() as u32 - 15) * 51;
            assert!(again < fragments / 50, "{again} of {fragments}");
        }),
    ])
    .run_all(0..3);
}

#[test]
fn numbers_wrap() {
    let scenario = LiveScenario {
        first: FrameNumber(u32::MAX - 8),
        ..small(800)
    };
    live(
        "the frame numbers run out",
        Transport::Udp,
        lan().loss(0.05),
        scenario,
    )
    .then([
        Step::wait_ms(400),
        Step::Switch("Ben", Transport::Tcp),
        Step::Wait(Span::from_secs(3)),
        Step::check("and begin again", |world| {
            let hop = world.hop("Ben", "Ada");
            assert_sound(hop);
            assert!(hop.shown.len() >= 22, "{}", hop.shown.len());
            let after = hop.shown.iter().filter(|shown| shown.frame < FrameNumber(15));
            assert!(after.count() >= 12);
        }),
    ])
    .run_all(0..50);
}

#[test]
fn lost_acknowledgements_cost_nothing_but_knowledge() {
    live("only Ben's ears are bad", Transport::Udp, lan(), small(1_000))
        .then([
            Step::act("a fifth of what he should hear is lost", |world| {
                world.link_down("Ben", &lan().loss(0.2));
            }),
            Step::Wait(Span::from_secs(4)),
            Step::check("every frame is shown and none called lost", |world| {
                let hop = world.hop("Ben", "Ada");
                assert_sound(hop);
                let outcomes = hop.outcomes();
                assert_eq!(hop.shown.len() as u64, hop.offered - outcomes.dropped);
                assert_eq!(outcomes.lost, 0, "{outcomes:?}");
                assert!(outcomes.dropped <= 3, "{outcomes:?}");
            }),
        ])
        .run_all(0..50);
}

#[test]
fn a_path_that_becomes_longer_is_learnt() {
    let far = Conditions {
        delay: Span::from_millis(60),
        ..lan()
    };
    live("Ben walks away", Transport::Udp, lan(), small(4_000))
        .then([
            Step::Wait(Span::from_secs(1)),
            Step::act("both directions take 60 ms from now on", move |world| {
                world.link("Ben", &far);
            }),
            Step::Wait(Span::from_secs(5)),
            Step::check("few frames are prompted for in vain", |world| {
                let hop = world.hop("Ben", "Ada");
                assert_sound(hop);
                let prompted = hop.results.iter().filter(|result| result.retransmits > 0).count();
                assert!(
                    (1..=12).contains(&prompted),
                    "{prompted} of {}",
                    hop.results.len()
                );
                let round_trip = hop.sender.round_trip().unwrap();
                assert!(round_trip > Span::from_millis(110), "{round_trip}");
            }),
        ])
        .run_all(0..20);
}

#[test]
fn nobody_answers() {
    live("the host cannot be heard", Transport::Udp, lan(), small(3_000))
        .then([
            Step::wait_ms(500),
            Step::Silence("Ben"),
            Step::Wait(Span::from_secs(2)),
            Step::Heal("Ben"),
            Step::Wait(Span::from_secs(4)),
            Step::check("the stream goes on where it can", |world| {
                let hop = world.hop("Ben", "Ada");
                assert_sound(hop);
                let first = hop.shown[0].captured;
                let late = hop
                    .shown
                    .iter()
                    .filter(|shown| shown.at.since(first) > Span::from_millis(2_600));
                assert!(late.count() >= 8);
            }),
        ])
        .run_all(0..20);
}

#[test]
fn a_receiver_may_forget_everything() {
    live(
        "the host's video starts anew",
        Transport::Udp,
        lan().loss(0.02),
        small(1_000),
    )
    .then([
        Step::wait_ms(350),
        Step::act("it does", |world| world.restart_receiver("Ben", "Ada")),
        Step::Wait(Span::from_secs(3)),
        Step::check("it goes on", |world| {
            let hop = world.hop("Ben", "Ada");
            assert_eq!(hop.results.len() as u64, hop.offered);
            assert!(hop.shown.len() >= 27, "{}", hop.shown.len());
        }),
    ])
    .run_all(0..50);
}

#[test]
fn transports_are_switched_while_frames_are_in_flight() {
    let links = lan().loss(0.03).jitter_ms(8);
    live("Ben cannot decide", Transport::Udp, links, small(1_200))
        .then((0..8).flat_map(|number| {
            let transport = if number % 2 == 0 {
                Transport::Tcp
            } else {
                Transport::Udp
            };
            let pause = Step::act("a moment passes", |world| {
                let pause = Span::from_millis(30 + world.draw(150));
                world.wait(pause);
            });
            [Step::Switch("Ben", transport), pause]
        }))
        .then([
            Step::Wait(Span::from_secs(3)),
            Step::check("no frame twice or backwards, each with one result", |world| {
                let hop = world.hop("Ben", "Ada");
                assert_sound(hop);
                assert!(hop.shown.len() >= 25, "{} of 36", hop.shown.len());
            }),
        ])
        .run_all(0..200);
}

#[test]
fn a_broken_tcp_connection_costs_what_was_on_it() {
    let scenario = LiveScenario {
        bytes: 120_000,
        ..small(1_000)
    };
    live("the stream's connection breaks", Transport::Tcp, lan(), scenario)
        .then([
            Step::act("after a while", |world| {
                let pause = Span::from_millis(300 + world.draw(100));
                world.wait(pause);
            }),
            Step::act("it breaks", |world| world.break_stream("Ben", "Ada")),
            Step::Wait(Span::from_secs(3)),
            Step::check("a frame or two are lost", |world| {
                let hop = world.hop("Ben", "Ada");
                assert_sound(hop);
                let outcomes = hop.outcomes();
                assert!(outcomes.lost <= 2, "{outcomes:?}");
                assert_eq!(outcomes.acked + outcomes.lost, hop.offered);
            }),
        ])
        .run_all(0..20);
}
