//! How much arrives, and how soon.

use netcore_proto::video::WindowMode;
use netcore_proto::{Span, Transport};
use sim_tests::effects::{Burst, Conditions};
use sim_tests::{Hop, LiveScenario, Step};

use super::{assert_sound, lan, live};

/// Pictures later than three of their intervals are of no use.
const IN_TIME: Span = Span::from_millis(100);

/// Ten seconds of 720p30 up to the host, three times.
fn hd_up(transport: Transport, links: &Conditions) -> Vec<Hop> {
    hd_up_times(3, transport, links)
}

fn hd_up_times(times: u64, transport: Transport, links: &Conditions) -> Vec<Hop> {
    let scenario = LiveScenario::hd(Span::from_secs(10));
    let scenario = live("Ben goes live in 720p", transport, links.clone(), scenario);
    let scenario = scenario.then([Step::Wait(Span::from_secs(12))]);
    let hops = (0..times).map(|seed| scenario.run(seed).into_hop("Ben", "Ada"));
    hops.inspect(assert_sound).collect()
}

fn share_in_time(hops: &[Hop]) -> f64 {
    let shares: f64 = hops.iter().map(|hop| hop.share_within(IN_TIME)).sum();
    shares / hops.len() as f64
}

fn worst_p95(hops: &[Hop]) -> Span {
    let p95 = hops.iter().map(|hop| hop.age_quantile(0.95));
    p95.max().unwrap()
}

#[test]
fn a_good_link_delivers_everything_as_soon_as_can_be() {
    for transport in [Transport::Udp, Transport::Tcp] {
        for hop in hd_up(transport, &lan()) {
            assert_eq!(hop.outcomes().acked, hop.offered, "{transport}");
            // 10 ms of path, 9.6 ms for the pictures themselves, a tenth of that for headers; over UDP paced to 80 %.
            let limit = match transport {
                Transport::Tcp => Span::from_millis(21),
                Transport::Udp => Span::from_millis(25),
            };
            assert!(hop.age_quantile(1.0) < limit, "{transport}");
            assert!(hop.results.iter().all(|result| result.retransmits == 0));
        }
    }
}

#[test]
fn two_percent_of_loss_cost_half_a_percent_of_the_frames_at_most() {
    let hops = hd_up(Transport::Udp, &lan().loss(0.02));
    let (share, p95) = (share_in_time(&hops), worst_p95(&hops));
    assert!(share >= 0.995, "{share} in time");
    // One direction, serialising, and one and a half round trips.
    assert!(p95 <= Span::from_micros(10_000 + 10_600 + 30_000), "{p95}");
}

#[test]
fn ten_percent_of_loss_cost_two_percent_of_the_frames_at_most() {
    let hops = hd_up(Transport::Udp, &lan().loss(0.1));
    let share = share_in_time(&hops);
    assert!(share >= 0.99, "{share} in time");
}

#[test]
fn bursts_of_loss_are_mended_too() {
    let bursts = Conditions {
        burst: Some(Burst {
            begins: 0.001,
            length: 10.0,
        }),
        ..lan()
    };
    // Bursts are few and each counts: three runs differ by two percent, whatever the sender does.
    let hops = hd_up_times(24, Transport::Udp, &bursts);
    let share = share_in_time(&hops);
    assert!(share >= 0.985, "{share} in time");
}

#[test]
fn a_paced_frame_fits_through_a_switch_with_a_short_queue() {
    // 100 Mbit/s behind an interface of a gigabit, and room for half a picture.
    let links = Conditions::delay_ms(1).mbit(100, 64 * 1024).behind_mbit(1_000);
    let overflowed = |window| {
        let scenario = LiveScenario::hd(Span::from_secs(10)).window(window);
        let mut world = live(
            "Ben goes live through a cheap switch",
            Transport::Udp,
            links.clone(),
            scenario,
        )
        .run(0);
        world.wait(Span::from_secs(1));
        let before = world.up("Ben").counts().overflowed;
        world.wait(Span::from_secs(10));
        assert_sound(world.hop("Ben", "Ada"));
        (
            world.up("Ben").counts().overflowed - before,
            world.hop("Ben", "Ada").age_quantile(0.95),
        )
    };
    let (lost, _) = overflowed(WindowMode::Fixed(4));
    assert!(lost > 9_000, "only an adaptive window is paced: {lost}");
    let (lost, p95) = overflowed(WindowMode::Adaptive);
    // Once a second a frame leaves faster, to see whether the path takes more.
    assert!(lost < 300, "{lost} of 27,000 datagrams");
    assert!(p95 < Span::from_millis(20), "{p95}");
}

#[test]
fn stop_and_wait_is_as_fast_as_the_classic_lab_computes() {
    for (transport, header_bytes) in [
        (Transport::Udp, 112.0 / 1_200.0),
        (Transport::Tcp, 66.0 / 1_448.0),
    ] {
        for (mbit, bytes, delay_ms) in [(100, 120_000, 10), (20, 30_000, 5), (100, 16_600, 1)] {
            let scenario = LiveScenario {
                rate: 2_000,
                bytes,
                ..LiveScenario::hd(Span::from_secs(2)).window(WindowMode::StopAndWait)
            };
            let links = Conditions::delay_ms(delay_ms).mbit(mbit, 256 * 1024);
            let world = live("Ben sends one frame at a time", transport, links, scenario)
                .then([Step::Wait(Span::from_secs(3))])
                .run(0);
            let hop = world.hop("Ben", "Ada");
            assert_sound(hop);
            let serialising_s = bytes as f64 * (1.0 + header_bytes) * 8.0 / (mbit as f64 * 1e6);
            let round_trip_s = 2.0 * delay_ms as f64 / 1e3;
            let expected = 2.0 / (serialising_s + round_trip_s);
            let ratio = hop.outcomes().acked as f64 / expected;
            assert!(
                (0.95..1.05).contains(&ratio),
                "{transport}, {bytes} bytes at {mbit}: {ratio}"
            );
        }
    }
}

#[test]
fn a_window_fills_the_path_that_stop_and_wait_leaves_empty() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let acked = |window| {
            let scenario = LiveScenario {
                rate: 400,
                bytes: 16_600,
                ..LiveScenario::hd(Span::from_secs(3)).window(window)
            };
            let world = live("Ben sends many frames", transport, lan(), scenario)
                .then([Step::Wait(Span::from_secs(4))])
                .run(0);
            assert_sound(world.hop("Ben", "Ada"));
            world.hop("Ben", "Ada").outcomes().acked
        };
        let (one, many) = (acked(WindowMode::StopAndWait), acked(WindowMode::Adaptive));
        assert!(many > 6 * one, "{transport}: {many} against {one}");
    }
}

#[test]
fn on_a_slow_link_the_newest_frame_wins_and_the_delay_stays_bounded() {
    for transport in [Transport::Udp, Transport::Tcp] {
        // Five megabits a second are offered to a link of two with a queue of two seconds.
        let scenario = LiveScenario {
            bytes: 20_000,
            ..LiveScenario::hd(Span::from_secs(20))
        };
        let links = Conditions::delay_ms(10).mbit(2, 500_000);
        let world = live("Ben goes live over a slow link", transport, links, scenario)
            .then([Step::Wait(Span::from_secs(22))])
            .run(0);
        let hop = world.hop("Ben", "Ada");
        assert_sound(hop);
        let (p95, worst) = (hop.age_quantile(0.95), hop.age_quantile(1.0));
        // Up to a frame interval until the next picture, as much behind the one before, 88 ms for itself, 10 ms of path.
        assert!(p95 < Span::from_millis(220), "{transport}: {p95}");
        assert!(worst < Span::from_millis(300), "{transport}: {worst}");
        let used = hop.shown.len() as f64 * 20_000.0 * 8.0 / 20.0 / 2e6;
        assert!(used > 0.8, "{transport}: {used} of the link used");
        assert_eq!(hop.outcomes().lost, 0, "{transport}");
        let again: u32 = hop.results.iter().map(|result| result.retransmits).sum();
        assert!(
            again < 40,
            "{transport}: {again} fragments sent again though none was lost"
        );
    }
}

#[test]
fn a_link_that_becomes_slow_and_fast_again_is_followed() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let scenario = LiveScenario {
            bytes: 60_000,
            ..LiveScenario::hd(Span::from_secs(15))
        };
        let fast = Conditions::delay_ms(10).mbit(50, 500_000);
        let slow = Conditions::delay_ms(10).mbit(5, 500_000);
        let world = live(
            "Ben walks away from the access point and back",
            transport,
            fast.clone(),
            scenario,
        )
        .then([
            Step::Wait(Span::from_secs(5)),
            Step::Link("Ben", slow),
            Step::Wait(Span::from_secs(5)),
            Step::Link("Ben", fast),
            Step::Wait(Span::from_secs(7)),
        ])
        .run(0);
        let hop = world.hop("Ben", "Ada");
        assert_sound(hop);
        let began = hop.shown[0].captured;
        let within = |from_s: u64, to_s: u64| {
            let second = move |s: u64| began + Span::from_secs(s);
            hop.shown
                .iter()
                .filter(move |shown| (second(from_s)..second(to_s)).contains(&shown.at))
        };
        // A picture takes 96 ms at 5 Mbit/s. The queue on top of it is gone a second after the drop.
        let slowest = within(6, 10).map(sim_tests::Shown::age).max().unwrap();
        assert!(slowest < Span::from_millis(330), "{transport}: {slowest}");
        let last = within(12, 15).count();
        assert!(
            last >= 80,
            "{transport}: {last} of 90 frames once it is fast again"
        );
    }
}
