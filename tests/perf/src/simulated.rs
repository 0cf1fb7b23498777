//! What a bad network does to live video, in the simulated one: its clock is virtual, so these figures are the same on every
//! computer. The machines are those that run on sockets.

use netcore::proto::{Span, Transport};
use sim_tests::effects::Conditions;
use sim_tests::live::{lan, live, longest_wait, router, used_mbit};
use sim_tests::{Hop, LiveScenario, Step};

use crate::report::Report;
use crate::{Outcome, TRANSPORTS};

/// Each figure is the mean, or the worst, of as many runs with other chances.
const SEEDS: u64 = 3;
/// Pictures later than three of their intervals are of no use.
const IN_TIME: Span = Span::from_millis(100);
/// The least share of the frames that UDP brings in time: with so much loss, this.
const LEAST_IN_TIME: [(f64, f64); 2] = [(0.02, 0.995), (0.1, 0.98)];
/// The latest that 95 of 100 frames may be over UDP with 2 % of loss: one direction, 120 KB with their headers at 100 Mbit/s, and one
/// and a half round trips.
const MOST_P95: Span = Span::from_micros(10_000 + 10_600 + 30_000);
/// The narrowest place before, after the drop, and again.
const STEP_MBIT: [u64; 2] = [50, 5];
const QUEUE_BYTES: u64 = 1_000_000;
/// The most that a packet may wait, from a second after the drop on.
const MOST_WAIT: Span = Span::from_millis(100);
/// The least share of the path that is used five seconds after its rate has risen again.
const LEAST_USED: f64 = 0.8;

pub(crate) fn section(report: &mut Report) -> Outcome<()> {
    println!(
        "In the simulated network, one hop, {SEEDS} runs each. 720p30 (120 KB) at 100 Mbit/s, 20 ms there and back:\n"
    );
    println!(
        "{:>8} {:>5} {:>16} {:>12}",
        "lost", "over", "whole in 100 ms", "p95"
    );
    for loss in [0.0, 0.02, 0.1] {
        for transport in TRANSPORTS {
            loss_row(loss, transport, report);
        }
    }
    let [wide, narrow] = STEP_MBIT;
    println!(
        "\nA path of {wide} Mbit/s that falls to {narrow} and rises to {wide} again, for pictures that adapt to it:\n"
    );
    println!(
        "{:>5} {:>28} {:>14} {:>24}",
        "over", "queue 1 s after the drop", "used then", "used 5 s after the rise"
    );
    for transport in TRANSPORTS {
        step_row(transport, report);
    }
    Ok(())
}

fn loss_row(loss: f64, transport: Transport, report: &mut Report) {
    let hops: Vec<Hop> = (0..SEEDS)
        .map(|seed| {
            let scenario = LiveScenario::hd(Span::from_secs(10));
            let scenario = live("720p", transport, lan().loss(loss), scenario);
            let scenario = scenario.then([Step::Wait(Span::from_secs(12))]);
            scenario.run(seed).into_hop("Ben", "Ada")
        })
        .collect();
    let share = hops.iter().map(|hop| hop.share_within(IN_TIME)).sum::<f64>() / SEEDS as f64;
    let p95 = hops
        .iter()
        .map(|hop| hop.age_quantile(0.95))
        .max()
        .unwrap_or_default();
    println!(
        "{:>6.0} % {transport:>5} {:>14.2} % {:>12}",
        loss * 100.0,
        share * 100.0,
        p95.to_string()
    );
    if transport != Transport::Udp {
        return;
    }
    if let Some((_, least)) = LEAST_IN_TIME.iter().find(|(lost, _)| *lost == loss) {
        let what = format!("share of the frames in time over UDP, {} % lost", loss * 100.0);
        report.at_least(&what, share, *least);
    }
    if loss == LEAST_IN_TIME[0].0 && p95 > MOST_P95 {
        report.miss(format!(
            "p95 over UDP with 2 % lost: {p95}, target at most {MOST_P95}"
        ));
    }
}

fn step_row(transport: Transport, report: &mut Report) {
    let (mut wait, mut used_narrow, mut used_wide) = (Span::ZERO, f64::MAX, f64::MAX);
    let [wide, narrow] = STEP_MBIT;
    let path = |mbit: u64| -> Conditions { router(mbit, QUEUE_BYTES) };
    for seed in 0..SEEDS {
        let scenario = LiveScenario::adaptive(Span::from_secs(30));
        let mut world = live("away and back", transport, path(wide), scenario).run(seed);
        world.wait(Span::from_secs(7));
        world.link("Ben", &path(narrow));
        world.wait(Span::from_secs(1));
        let from = world.now();
        used_narrow = used_mbit(&mut world, Span::from_secs(5)).min(used_narrow);
        wait = longest_wait(&world, from, world.now()).max(wait);
        world.link("Ben", &path(wide));
        world.wait(Span::from_secs(5));
        used_wide = used_mbit(&mut world, Span::from_secs(4)).min(used_wide);
    }
    let shares = [used_narrow / narrow as f64, used_wide / wide as f64];
    println!(
        "{transport:>5} {:>28} {:>12.0} % {:>22.0} %",
        wait.to_string(),
        shares[0] * 100.0,
        shares[1] * 100.0
    );
    if wait > MOST_WAIT {
        report.miss(format!(
            "queue over {transport} a second after the drop: {wait}, target at most {MOST_WAIT}"
        ));
    }
    let what = format!("share of the path used over {transport} five seconds after the rise");
    report.at_least(&what, shares[1], LEAST_USED);
}
