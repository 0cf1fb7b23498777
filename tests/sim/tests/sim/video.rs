//! Live video: whole lines of publisher, host and viewers.

mod acks;
mod black_hole;
mod blocked;
mod faults;
mod hostile;
mod rate;
mod speed;
mod streams;

use std::collections::BTreeSet;

use netcore_proto::video::FrameOutcome;
use netcore_proto::{FrameNumber, Span, Transport};
use sim_tests::live::{lan, live};
use sim_tests::{Hop, LiveScenario};

/// Small pictures, so that many runs cost little.
fn small(ms: u64) -> LiveScenario {
    LiveScenario {
        bytes: 12_000,
        ..LiveScenario::hd(Span::from_millis(ms))
    }
}

/// What must be so of every hop, once nothing is in flight any more.
fn assert_sound(hop: &Hop) {
    let numbers: BTreeSet<FrameNumber> = hop.results.iter().map(|result| result.frame).collect();
    assert_eq!(hop.results.len() as u64, hop.offered, "every frame has a result");
    assert_eq!(numbers.len(), hop.results.len(), "and only one");
    for pair in hop.shown.windows(2) {
        assert!(
            pair[1].frame.is_newer_than(pair[0].frame),
            "{pair:?} in this order"
        );
    }
    let shown: BTreeSet<FrameNumber> = hop.shown.iter().map(|shown| shown.frame).collect();
    for result in &hop.results {
        let has_arrived = matches!(
            result.outcome,
            FrameOutcome::Acked { .. } | FrameOutcome::Delivered
        );
        // A frame that comes over TCP after a newer one over UDP is acknowledged and not shown.
        if has_arrived && result.transport == Transport::Udp {
            assert!(shown.contains(&result.frame), "{result:?} was never shown");
        }
    }
}
