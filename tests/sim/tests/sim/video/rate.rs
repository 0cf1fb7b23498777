//! What is sent follows what the path takes.

use netcore_proto::link::{RateControlConfig, RateMode};
use netcore_proto::video::SenderConfig;
use netcore_proto::{Bitrate, Span, Time, Transport};
use sim_tests::live::{longest_wait, router, used_mbit};
use sim_tests::{LiveScenario, Look, World};

use super::{assert_sound, live};

const BOTH: [Transport; 2] = [Transport::Udp, Transport::Tcp];

fn looks(world: &World, from: Time, to: Time) -> impl Iterator<Item = &Look> {
    let all = world.hop("Ben", "Ada").looks.iter();
    all.filter(move |look| (from..to).contains(&look.at))
}

fn targets_mbit(world: &World, from: Time, to: Time) -> (f64, f64) {
    let all = looks(world, from, to).map(|look| look.target.0 as f64 / 1e6);
    all.fold((f64::MAX, 0.0), |(least, most), mbit| {
        (least.min(mbit), most.max(mbit))
    })
}

#[test]
fn a_path_that_becomes_a_tenth_as_wide_and_wide_again_is_followed() {
    for transport in BOTH {
        for seed in 0..3 {
            let (wide, narrow) = (router(50, 1_000_000), router(5, 1_000_000));
            let scenario = LiveScenario::adaptive(Span::from_secs(30));
            let mut world = live("Ben walks away and back", transport, wide.clone(), scenario).run(seed);
            world.wait(Span::from_secs(5));
            let start_up = used_mbit(&mut world, Span::from_secs(2));
            assert!(start_up > 40.0, "{transport}: {start_up} after five seconds");
            world.link("Ben", &narrow);
            let dropped = world.now();
            world.wait(Span::from_secs(1));
            let used = used_mbit(&mut world, Span::from_secs(5));
            let wait = longest_wait(&world, dropped + Span::from_secs(1), world.now());
            assert!(
                wait < Span::from_millis(100),
                "{transport}: {wait} of queue a second after the drop"
            );
            assert!(used > 3.5, "{transport}: {used} of 5 used");
            world.link("Ben", &wide);
            world.wait(Span::from_secs(5));
            let risen = world.now();
            let used = used_mbit(&mut world, Span::from_secs(4));
            assert!(
                used > 40.0,
                "{transport}: {used} of 50 used five seconds after the rise"
            );
            let wait = longest_wait(&world, risen, world.now());
            assert!(wait < Span::from_millis(100), "{transport}: {wait} of queue then");
            world.wait(Span::from_secs(12));
            assert_sound(world.hop("Ben", "Ada"));
        }
    }
}

#[test]
fn loss_without_delay_is_not_congestion() {
    for (loss, least) in [(0.02, 60.0), (0.1, 30.0)] {
        let links = router(100, 500_000).loss(loss);
        let scenario = LiveScenario::adaptive(Span::from_secs(20));
        let mut world = live("Ben goes live over a bad cable", Transport::Udp, links, scenario).run(0);
        world.wait(Span::from_secs(6));
        let from = world.now();
        world.wait(Span::from_secs(13));
        let (lowest, highest) = targets_mbit(&world, from, world.now());
        assert!(lowest > least, "{loss} lost: {lowest} to {highest}");
        assert!(highest < 130.0, "{loss} lost: {lowest} to {highest}");
    }
}

#[test]
fn two_streams_share_a_bottleneck() {
    for transport in BOTH {
        for seed in 0..3 {
            let scenario = LiveScenario::adaptive(Span::from_secs(40));
            let links = router(50, 1_000_000);
            let mut world = live("Ben goes live", transport, links, scenario.clone()).run(seed);
            world.publish("Ben", transport);
            world.wait(Span::from_secs(5));
            world.go_live_nth("Ben", 1, &scenario);
            world.wait(Span::from_secs(10));
            let from = world.now();
            let used = used_mbit(&mut world, Span::from_secs(20));
            let shown = [0, 1].map(|nth| {
                let hop = world.hop_nth("Ben", nth);
                let targets: Vec<f64> = hop
                    .looks
                    .iter()
                    .filter(|look| look.at >= from)
                    .map(|look| look.target.0 as f64 / 1e6)
                    .collect();
                targets.iter().sum::<f64>() / targets.len() as f64
            });
            let ratio = shown[0] / shown[1];
            assert!((0.5..2.0).contains(&ratio), "{transport}: {shown:?}");
            assert!(used > 37.0, "{transport}: {used} of 50 used");
        }
    }
}

#[test]
fn a_source_that_uses_little_keeps_its_target() {
    for transport in BOTH {
        // A picture in one fragment shows nothing of the path but that it got through.
        for bytes in [1_000, 20_000] {
            let scenario = LiveScenario {
                bytes,
                ..LiveScenario::hd(Span::from_secs(30))
            };
            let mut world = live("Ben shows a wall", transport, router(100, 500_000), scenario).run(0);
            world.wait(Span::from_secs(5));
            let from = world.now();
            world.wait(Span::from_secs(24));
            let (lowest, highest) = targets_mbit(&world, from, world.now());
            assert!(lowest > 9.0 && highest < 110.0, "{lowest} to {highest}");
            assert!(
                highest < lowest * 1.1,
                "nothing new is shown: {lowest} to {highest}"
            );
        }
    }
}

#[test]
fn floor_ceiling_and_a_fixed_rate_are_respected() {
    let rate = RateControlConfig {
        floor: Bitrate(2_000_000),
        ceiling: Bitrate(6_000_000),
        mode: RateMode::Adaptive,
    };
    let run = |rate, mbit| {
        let scenario = LiveScenario::adaptive(Span::from_secs(8));
        let sending = SenderConfig {
            rate,
            ..scenario.sending
        };
        let scenario = LiveScenario { sending, ..scenario };
        let mut world = live(
            "Ben is given a rate to send at",
            Transport::Udp,
            router(mbit, 100_000),
            scenario,
        )
        .run(0);
        let from = world.now();
        world.wait(Span::from_secs(9));
        assert_sound(world.hop("Ben", "Ada"));
        targets_mbit(&world, from, world.now())
    };
    let (_, highest) = run(rate, 50);
    assert_eq!(highest, 6.0);
    let (lowest, _) = run(rate, 1);
    assert_eq!(lowest, 2.0);
    let fixed = RateControlConfig {
        mode: RateMode::Fixed,
        ..rate
    };
    assert_eq!(run(fixed, 1), (6.0, 6.0));
}
