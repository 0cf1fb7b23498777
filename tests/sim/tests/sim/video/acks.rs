//! Acknowledgement modes, side by side.

use netcore_proto::video::{AckMode, SenderConfig, stop_and_wait_rate};
use netcore_proto::{Bitrate, Span, Transport};
use sim_tests::effects::Conditions;
use sim_tests::{Hop, LiveScenario, Scenario, Step};

use super::{assert_sound, lan, live};

/// Pictures later than this are of no use in a conversation.
const IN_TIME: Span = Span::from_millis(60);

/// So many seconds of 720p30, acknowledged like this.
fn scenario(acks: AckMode, seconds: u64) -> LiveScenario {
    let scenario = LiveScenario::hd(Span::from_secs(seconds));
    let sending = SenderConfig {
        acks,
        ..scenario.sending
    };
    LiveScenario { sending, ..scenario }
}

/// Ten seconds of 720p30 up to the host with this share lost, and the datagrams that it took.
fn lossy(acks: AckMode, loss: f64) -> (Hop, u64) {
    let scenario = scenario(acks, 10);
    let scenario = live(
        "Ben goes live over radio",
        Transport::Udp,
        lan().loss(loss),
        scenario,
    );
    let world = scenario.then([Step::Wait(Span::from_secs(12))]).run(0);
    let packets = world.up("Ben").counts().packets;
    let hop = world.into_hop("Ben", "Ada");
    assert_sound(&hop);
    (hop, packets)
}

#[test]
fn each_mode_mends_more_than_the_one_before() {
    let all = AckMode::ALL.map(|acks| lossy(acks, 0.1).0);
    let shares = [0, 1, 2, 3].map(|at| all[at].share_within(IN_TIME));
    // Of a hundred fragments ten are lost, so that no frame gets through untouched.
    assert!(shares[0] < 0.05 && shares[1] < 0.05, "{shares:?}");
    assert!(shares[2] > 0.5 && shares[3] >= 0.98, "{shares:?}");
    for hop in &all[..2] {
        assert_eq!(hop.receiver.counts().asked_again, 0);
        assert_eq!(
            hop.outcomes().acked + hop.outcomes().delivered,
            hop.shown.len() as u64
        );
    }
    let (asked, both) = (&all[2], &all[3]);
    for share in [0.5, 0.95] {
        let (both, asked) = (both.age_quantile(share), asked.age_quantile(share));
        assert!(
            both + Span::from_millis(10) < asked,
            "{both}, {asked} without parity"
        );
    }
    assert!(both.receiver.counts().repaired > 1_000);
    assert!(both.receiver.counts().asked_again * 4 < asked.receiver.counts().asked_again);
}

#[test]
fn two_percent_cost_no_round_trip() {
    let (asked, asked_packets) = lossy(AckMode::WindowWithRequests, 0.02);
    let (both, packets) = lossy(AckMode::WindowWithRequestsAndParity, 0.02);
    assert!(
        both.share_within(IN_TIME) >= 0.995,
        "{}",
        both.share_within(IN_TIME)
    );
    let (asked, both) = (asked.age_quantile(0.95), both.age_quantile(0.95));
    // 10 ms of path, 11 ms for the picture at 80 % of the rate more, and a tenth for parity.
    assert!(
        both < Span::from_millis(31),
        "{both} with parity, {asked} without"
    );
    assert!(asked > Span::from_millis(40), "{asked} without");
    assert!(
        packets < asked_packets * 115 / 100,
        "{packets} instead of {asked_packets}"
    );
}

#[test]
fn calm_switches_parity_off() {
    let scenario = LiveScenario::hd(Span::from_secs(20));
    let mut world = live(
        "the weather clears up",
        Transport::Udp,
        lan().loss(0.05),
        scenario,
    )
    .run(0);
    world.wait(Span::from_secs(5));
    assert!(world.hop("Ben", "Ada").receiver.counts().repaired > 300);
    world.link("Ben", &lan());
    world.wait(Span::from_secs(5));
    let before = world.up("Ben").counts().packets;
    world.wait(Span::from_secs(5));
    let packets = world.up("Ben").counts().packets - before;
    // 101 fragments, 30 times a second for five seconds; a control message now and then.
    assert!((15_000..15_400).contains(&packets), "{packets}");
}

#[test]
fn two_lossy_hops_are_mended_too() {
    let watch = |acks| {
        let scenario = scenario(acks, 10);
        let world = Scenario::new("Ben and Cyd both have bad radio", &["Ada", "Ben", "Cyd"])
            .links(Conditions::delay_ms(5).mbit(100, 256 * 1024))
            .then([Step::Open, Step::Join("Ben"), Step::Join("Cyd")])
            .then([
                Step::Wait(Span::from_secs(2)),
                Step::Publish("Ben", Transport::Udp),
            ])
            .then([Step::wait_ms(200), Step::WatchAll("Cyd"), Step::wait_ms(200)])
            .then([
                Step::Link("Ben", Conditions::delay_ms(5).mbit(100, 256 * 1024).loss(0.1)),
                Step::Link("Cyd", Conditions::delay_ms(5).mbit(100, 256 * 1024).loss(0.1)),
            ])
            .then([Step::GoLive("Ben", scenario), Step::Wait(Span::from_secs(12))])
            .run(0);
        let hop = world.into_hop("Ada", "Cyd");
        assert_sound(&hop);
        (hop.shown.len(), hop.age_quantile(0.95))
    };
    let (asked_shown, asked_p95) = watch(AckMode::WindowWithRequests);
    let (shown, p95) = watch(AckMode::WindowWithRequestsAndParity);
    assert!(
        shown >= 294 && shown >= asked_shown,
        "{shown}, {asked_shown} without parity"
    );
    assert!(
        p95 + Span::from_millis(5) < asked_p95,
        "{p95}, {asked_p95} without parity"
    );
}

#[test]
fn stop_and_wait_is_what_the_lab_computes() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let bytes = 60_000;
        let scenario = LiveScenario {
            rate: 1_000,
            bytes,
            ..scenario(AckMode::StopAndWait, 3)
        };
        let links = Conditions::delay_ms(5).mbit(100, 256 * 1024);
        let world = live("Ben sends one frame at a time", transport, links, scenario)
            .then([Step::Wait(Span::from_secs(4))])
            .run(0);
        let hop = world.hop("Ben", "Ada");
        assert_sound(hop);
        let reached = hop.outcomes().acked as f64 * bytes as f64 * 8.0 / 3.0;
        let theory = stop_and_wait_rate(bytes as u64, Bitrate(100_000_000), Span::from_millis(10));
        let ratio = reached / theory.0 as f64;
        assert!(
            (0.93..1.0).contains(&ratio),
            "{transport}: {ratio} of {theory}, headers left out"
        );
    }
}
