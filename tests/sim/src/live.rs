//! What video is tried and measured with: usual networks, one live stream over them, and what became of it.

use netcore_proto::{Span, Time, Transport};

use crate::effects::Conditions;
use crate::{LiveScenario, Scenario, Step, World};

/// 100 Mbit/s with a round trip of 20 ms.
pub fn lan() -> Conditions {
    Conditions::delay_ms(10).mbit(100, 256 * 1024)
}

/// A router on the path with so much room before its link of so many megabits per second, 20 ms there and back.
pub fn router(mbit: u64, queue_bytes: u64) -> Conditions {
    Conditions::delay_ms(10)
        .mbit(mbit, queue_bytes)
        .behind_mbit(1_000)
}

/// Ben goes live for Ada over such a link, once both know their round trip.
pub fn live(
    title: &'static str,
    transport: Transport,
    links: Conditions,
    scenario: LiveScenario,
) -> Scenario {
    Scenario::new(title, &["Ada", "Ben"]).links(links).then([
        Step::Open,
        Step::Join("Ben"),
        Step::Wait(Span::from_secs(3)),
        Step::Publish("Ben", transport),
        Step::wait_ms(500),
        Step::GoLive("Ben", scenario),
    ])
}

/// The megabits a second that leave Ben's interface in a stretch of time, which passes.
pub fn used_mbit(world: &mut World, stretch: Span) -> f64 {
    let before = world.up("Ben").counts().bytes;
    world.wait(stretch);
    (world.up("Ben").counts().bytes - before) as f64 * 8.0 / stretch.as_secs_f64() / 1e6
}

/// The longest that Ben's packets had to wait at the bottleneck between two moments.
///
/// # Panics
/// When there is no look in between.
pub fn longest_wait(world: &World, from: Time, to: Time) -> Span {
    let looks = world.hop("Ben", "Ada").looks.iter();
    let between = looks.filter(|look| (from..to).contains(&look.at));
    between.map(|look| look.wait).max().expect("a look in between")
}
