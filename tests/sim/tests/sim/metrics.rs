//! What was measured adds up.

use netcore_proto::metrics::{Count, Figures, LinkMeter, Report};
use netcore_proto::video::FrameOutcome;
use netcore_proto::{Event, MemberId, Span, StreamId, Transport};
use sim_tests::effects::Conditions;
use sim_tests::{LiveScenario, Scenario, Step, World};

use crate::{PEOPLE, everybody_in};

/// Frames in flight or waiting are what was offered and has no result yet; the sender must agree.
fn adds_up(world: &World) {
    let hop = world.hop("Ben", "Ada");
    let outcomes = hop.outcomes();
    let finished = outcomes.acked + outcomes.delivered + outcomes.lost + outcomes.dropped;
    let unfinished = hop.offered - finished;
    let in_flight = hop.sender.in_flight() as u64;
    assert!(
        unfinished == in_flight || unfinished == in_flight + 1,
        "{} offered, {outcomes:?}, {in_flight} in flight, and at most one waits",
        hop.offered
    );
}

#[test]
fn every_frame_offered_is_accounted_for_at_any_time() {
    let scenario = LiveScenario {
        bytes: 20_000,
        ..LiveScenario::hd(Span::from_secs(1))
    };
    let links = Conditions::delay_ms(10).mbit(6, 100_000).loss(0.05).jitter_ms(5);
    Scenario::new("Ben goes live over a bad link", PEOPLE)
        .links(links)
        .then(everybody_in())
        .then([
            Step::Publish("Ben", Transport::Udp),
            Step::wait_ms(300),
            Step::GoLive("Ben", scenario),
            Step::act("the books are kept all the time", |world| {
                for ms in 0..100 {
                    world.wait(Span::from_millis(13));
                    adds_up(world);
                    if ms == 40 {
                        world.switch("Ben", Transport::Tcp);
                    }
                }
            }),
            Step::Leave("Ben"),
            Step::Wait(Span::from_secs(1)),
            Step::check("and closed at the end", |world| {
                let hop = world.hop("Ben", "Ada");
                assert_eq!(hop.results.len() as u64, hop.offered);
            }),
        ])
        .run_all(0..100);
}

#[test]
fn meters_show_what_the_results_say() {
    let scenario = LiveScenario {
        bytes: 20_000,
        ..LiveScenario::hd(Span::from_secs(5))
    };
    let links = Conditions::delay_ms(10).mbit(20, 256 * 1024).loss(0.05);
    Scenario::new("Ben goes live, first over UDP and then over TCP", PEOPLE)
        .links(links)
        .then(everybody_in())
        .then([
            Step::Publish("Ben", Transport::Udp),
            Step::wait_ms(300),
            Step::GoLive("Ben", scenario),
            Step::wait_ms(2_500),
            Step::Switch("Ben", Transport::Tcp),
            Step::Wait(Span::from_secs(5)),
            Step::check("sums, medians and rates agree", |world| {
                let hop = world.hop("Ben", "Ada");
                let (outcomes, summaries) = (hop.outcomes(), hop.meter.summaries());
                let sum = |of: fn(&netcore_proto::metrics::TransportSummary) -> u64| -> u64 {
                    summaries.iter().map(of).sum()
                };
                assert_eq!(summaries.len(), 2);
                assert_eq!(
                    sum(|summary| summary.counters.arrived()),
                    outcomes.acked + outcomes.delivered
                );
                assert_eq!(sum(|summary| summary.counters.lost()), outcomes.lost);
                assert_eq!(sum(|summary| summary.counters.dropped()), outcomes.dropped);
                let arrived_bytes: u64 = hop
                    .results
                    .iter()
                    .filter(|result| {
                        matches!(
                            result.outcome,
                            FrameOutcome::Acked { .. } | FrameOutcome::Delivered
                        )
                    })
                    .map(|result| u64::from(result.bytes))
                    .sum();
                assert_eq!(sum(|summary| summary.bytes), arrived_bytes);
                for summary in &summaries {
                    let results = hop
                        .results
                        .iter()
                        .filter(|result| result.transport == summary.transport);
                    for (count, value) in summary.counters.known() {
                        let expected: u64 = match count {
                            Count::Resent => {
                                results.clone().map(|result| u64::from(result.retransmits)).sum()
                            }
                            _ => results
                                .clone()
                                .filter(|result| Count::of(result.outcome) == count)
                                .count() as u64,
                        };
                        assert_eq!(value, expected, "{count:?} over {}", summary.transport);
                    }
                    let longest = results
                        .clone()
                        .filter_map(netcore_proto::video::FrameResult::delay)
                        .max();
                    assert_eq!(
                        summary.delay_us.map(|delay| Span::from_micros(delay.max)),
                        longest,
                        "the longest delay is exact"
                    );
                }
                for result in &hop.results {
                    let FrameOutcome::Acked { delay, .. } = result.outcome else {
                        continue;
                    };
                    assert!(delay >= Span::from_millis(28), "{delay} is faster than the link");
                    let whole = hop.shown.iter().find(|shown| shown.frame == result.frame);
                    assert!(whole.is_some_and(|whole| whole.age() <= delay + Span::from_millis(400)));
                }
                assert_eq!(hop.receiver.counts().frames, hop.shown.len() as u64);
            }),
        ])
        .run_all(0..10);
}

#[test]
fn a_second_of_thirty_frames_is_thirty_frames_a_second() {
    Scenario::new("Ben goes live over a perfect link", PEOPLE)
        .then(everybody_in())
        .then([
            Step::Publish("Ben", Transport::Udp),
            Step::wait_ms(300),
            Step::GoLive(
                "Ben",
                LiveScenario {
                    bytes: 10_000,
                    ..LiveScenario::hd(Span::from_secs(4))
                },
            ),
            Step::wait_ms(3_500),
            Step::act("both ends are asked", |world| {
                let (frame_bits, delay_us) = ((10_000 + 32) * 8, 4_000);
                world.with_hop("Ben", "Ada", |hop, clock| {
                    let figures = hop.meter.figures(clock);
                    let per_s = figures.frames_per_s.unwrap();
                    assert!((29.0..31.5).contains(&per_s), "{per_s}");
                    let goodput = figures.goodput_bps.unwrap() / frame_bits;
                    assert!((29..=31).contains(&goodput), "{goodput}");
                    assert_eq!(
                        (figures.ack_p50_us, figures.loss_pct),
                        (Some(delay_us), Some(0.0))
                    );
                    assert_eq!(figures.classic_rate_bps, Some(frame_bits * 1_000_000 / delay_us));
                });
                let ada_clock = world.now();
                world.with_hop("Ben", "Ada", |hop, _| {
                    let figures = hop.arrival_meter.figures(ada_clock);
                    let per_s = figures.frames_per_s.unwrap();
                    assert!((29.0..31.5).contains(&per_s), "{per_s}");
                    assert_eq!((figures.jitter_us, figures.drops), (Some(0), 0));
                });
            }),
        ])
        .run(0);
}

#[test]
fn both_ends_measure_the_same_arrivals_though_their_clocks_differ() {
    let scenario = LiveScenario {
        bytes: 20_000,
        ..LiveScenario::hd(Span::from_secs(4))
    };
    Scenario::new("Ben goes live over a path that shakes", PEOPLE)
        .links(Conditions::delay_ms(10).jitter_ms(8))
        .then(everybody_in())
        .then([
            Step::Publish("Ben", Transport::Udp),
            Step::wait_ms(300),
            Step::GoLive("Ben", scenario),
            Step::Wait(Span::from_secs(6)),
            Step::check("gaps, jitter and sizes are the same at both ends", |world| {
                let hop = world.hop("Ben", "Ada");
                let sent = hop.meter.distributions(Transport::Udp);
                let seen = hop.arrival_meter.distributions();
                assert!(sent.delay_us.quantiles().is_some() && seen.delay_us.quantiles().is_none());
                assert_eq!(sent.size_bytes.quantiles(), seen.size_bytes.quantiles());
                let (gap, jitter) = (
                    seen.gap_us.quantiles().unwrap(),
                    seen.jitter_us.quantiles().unwrap(),
                );
                assert!(gap.count > 100 && jitter.p50 > 100, "{gap:?} {jitter:?}");
                // Every acknowledgement came: the sender knows as much as the receiver.
                assert_eq!(sent.gap_us.quantiles(), Some(gap));
                assert_eq!(sent.jitter_us.quantiles(), Some(jitter));
            }),
        ])
        .run_all(0..10);
}

#[test]
fn reports_reach_the_peer_they_are_for() {
    let report = Report {
        links: vec![(
            StreamId(4),
            Figures {
                frames: 17,
                ..Figures::default()
            },
        )],
        ..Report::default()
    };
    let from_member = report.clone();
    Scenario::new("peers report to each other what they measured", PEOPLE)
        .then(everybody_in())
        .then([
            Step::act("Ben reports to the host, the host to Cyd", move |world| {
                let (to_host, to_cyd) = (from_member.clone(), from_member.clone());
                world.with_node("Ben", |node, _| node.report(MemberId::HOST, to_host));
                world.with_node("Ada", |node, _| node.report(MemberId(2), to_cyd));
            }),
            Step::wait_ms(100),
            Step::check("they have it, and Dan has nothing", move |world| {
                let reported = |at: &str| -> Vec<(MemberId, Report)> {
                    let reported = world.events(at).iter().filter_map(|(_, event)| match event {
                        Event::Metrics(event) => Some((event.by, event.report.clone())),
                        _ => None,
                    });
                    reported.collect()
                };
                assert_eq!(reported("Ada"), [(MemberId(1), report.clone())]);
                assert_eq!(reported("Cyd"), [(MemberId::HOST, report.clone())]);
                assert!(reported("Dan").is_empty() && reported("Ben").is_empty());
            }),
        ])
        .run(0);
}

#[test]
fn a_meter_without_frames_knows_nothing() {
    let meter = LinkMeter::new(Transport::Udp);
    let figures = meter.figures(netcore_proto::Time::from_micros(5_000_000));
    assert_eq!(
        (figures.ack_p50_us, figures.frames_per_s, figures.loss_pct),
        (None, None, None)
    );
}
