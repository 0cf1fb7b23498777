//! A host that goes on for ten minutes: whether its memory stays where it is, and every viewer has its frames.

use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::audience::{BYTES, Count, House, Stage, between, count_frames, read};
use crate::report::Report;
use crate::{Outcome, TRANSPORTS, ours};

const VIEWERS: usize = 4;
/// How long it goes on when nothing is said.
const LASTS_SECONDS: u64 = 600;
/// A link keeps the results of its last 12,000 frames, for export: that many are there after 400 s, and only what is
/// added later was not meant to be.
const FILLS_SECONDS: u64 = 420;
/// The memory at a moment is the median of as many seconds before it: a frame more or less is in flight at any time.
const MEDIAN_OF_SECONDS: usize = 15;
/// What may be added later: bytes, or a part of what is there, whichever is more.
const MOST_GROWTH: u64 = 2_000_000;
const MOST_GROWTH_PERCENT: u64 = 2;
/// What a viewer of a stream may cost the host when its history is full, in bytes.
const MOST_A_VIEWER: u64 = 2 * 1024 * 1024;
/// Of each viewer, over each minute.
const LEAST_FRAMES_A_SECOND: f64 = 29.7;

/// As long as it goes on when nothing is said.
pub(crate) fn section(report: &mut Report) -> Outcome<()> {
    run(LASTS_SECONDS, report)
}

/// Goes on for so many seconds.
pub(crate) fn run(seconds: u64, report: &mut Report) -> Outcome<()> {
    println!(
        "A host in a process of its own, one publisher over TCP and one over UDP at 720p30 ({BYTES} bytes a frame), {VIEWERS} \
         viewers\nof both, for {seconds} s. Memory is the host's own (RssAnon), the rate that of the slowest viewer:\n"
    );
    println!("{:>6} {:>10} {:>10} {:>10}", "s", "MB", "TCP f/s", "UDP f/s");
    let house = House::open(VIEWERS + TRANSPORTS.len())?;
    Runtime::new()?.block_on(async {
        let mut viewers = Vec::new();
        for viewer in 0..VIEWERS {
            viewers.push(house.join(viewer, true).await?);
        }
        let counts = TRANSPORTS.map(|transport| {
            viewers
                .iter()
                .map(|viewer| count_frames(viewer, transport))
                .collect::<Vec<Count>>()
        });
        let mut publishers = Vec::new();
        for (transport, guest) in TRANSPORTS.iter().zip(VIEWERS..) {
            let room = house.join(guest, false).await?;
            let publisher = room.publish(ours::spec(*transport)).await?;
            publishers.push((room, publisher));
        }
        let mut stage = Stage::settled(publishers.iter().map(|(_, publisher)| publisher).collect()).await;
        let read_all = || counts.each_ref().map(|counts| read(counts));
        let mut memory = Vec::new();
        let mut minute = (Instant::now(), read_all());
        for second in 1..=seconds {
            stage.send_for(Duration::from_secs(1)).await;
            memory.push(house.host.process().memory().ok_or("the system does not report the host's memory")?);
            if !second.is_multiple_of(60) && second != seconds {
                continue;
            }
            let (lasted, now) = (minute.0.elapsed().as_secs_f64(), read_all());
            let slowest: Vec<f64> = minute
                .1
                .iter()
                .zip(&now)
                .map(|(before, now)| between(before, now).into_iter().min().unwrap_or(0) as f64 / lasted)
                .collect();
            println!(
                "{second:>6} {:>10.2} {:>10.1} {:>10.1}",
                megabytes(median_of_last(&memory)),
                slowest[0],
                slowest[1]
            );
            for (transport, rate) in TRANSPORTS.iter().zip(&slowest) {
                if *rate < LEAST_FRAMES_A_SECOND {
                    report.miss(format!(
                        "a viewer over {transport} got {rate:.1} frames/s in the minute before {second} s, target at least \
                         {LEAST_FRAMES_A_SECOND}"
                    ));
                }
            }
            minute = (Instant::now(), now);
        }
        drop(stage);
        for room in viewers.iter().chain(publishers.iter().map(|(room, _)| room)) {
            room.close().await;
        }
        verdict(house.empty, &memory, report);
        Ok(())
    })
}

/// `memory` second by second, and what it was with nobody there.
fn verdict(empty: u64, memory: &[u64], report: &mut Report) {
    let last = median_of_last(memory);
    // The publisher's connection costs about what a viewer's does.
    let a_viewer = last.saturating_sub(empty) / ((VIEWERS + 1) * TRANSPORTS.len()) as u64;
    println!(
        "\nThe host's memory: {:.2} MB with nobody there, {:.2} MB at the end: {:.2} MB for each viewer of a stream.",
        megabytes(empty),
        megabytes(last),
        megabytes(a_viewer)
    );
    if a_viewer > MOST_A_VIEWER {
        report.miss(format!(
            "a viewer of a stream costs the host {a_viewer} bytes, target at most {MOST_A_VIEWER}"
        ));
    }
    let Some(full) = memory.get(..FILLS_SECONDS as usize).map(median_of_last) else {
        println!(
            "Whether it stays there is not known: the histories of links are full after {FILLS_SECONDS} s only."
        );
        return;
    };
    println!(
        "{:.2} MB when the histories of links were full, after {FILLS_SECONDS} s, and {:+.2} MB since.",
        megabytes(full),
        megabytes(last) - megabytes(full)
    );
    let (grown, most) = (
        last.saturating_sub(full),
        MOST_GROWTH.max(full * MOST_GROWTH_PERCENT / 100),
    );
    if grown > most {
        report.miss(format!(
            "the host's memory grew by {:.2} MB when its histories were full, target at most {:.2} MB",
            megabytes(grown),
            megabytes(most)
        ));
    }
}

fn median_of_last(samples: &[u64]) -> u64 {
    let mut last = samples[samples.len().saturating_sub(MEDIAN_OF_SECONDS)..].to_vec();
    last.sort_unstable();
    last.get(last.len() / 2).copied().unwrap_or(0)
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missed(memory: &[u64]) -> bool {
        let mut report = Report::default();
        verdict(20_000_000, memory, &mut report);
        report.is_missed()
    }

    fn ten_minutes(memory: impl Fn(u64) -> u64) -> Vec<u64> {
        (0..600).map(memory).collect()
    }

    #[test]
    fn memory_that_goes_on_growing_is_a_miss_and_a_frame_more_in_flight_is_none() {
        assert!(missed(&ten_minutes(|second| 25_000_000 + 15_000 * second)));
        assert!(!missed(
            &ten_minutes(|second| 30_000_000 + 120_000 * (second % 3))
        ));
        // What fills histories is not held against it.
        assert!(!missed(&ten_minutes(
            |second| 20_000_000 + 30_000 * second.min(400)
        )));
    }

    #[test]
    fn a_viewer_that_costs_too_much_is_a_miss_however_still_it_stands() {
        assert!(missed(&ten_minutes(|_| 60_000_000)));
        assert!(missed(&[60_000_000; 30]));
    }
}
