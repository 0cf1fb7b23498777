//! One publisher, fifty viewers.

use std::time::Duration;

use netcore::Room;
use netcore::proto::Transport;
use tokio::runtime::Runtime;

use crate::audience::{BYTES, Count, FRAMES_A_SECOND, Stage, between, count_frames, read};
use crate::process::Part;
use crate::ratios::{Better, Found};
use crate::report::Report;
use crate::{Outcome, TRANSPORTS, floor, ours};

const VIEWERS: usize = 50;
const LASTS: Duration = Duration::from_secs(60);
/// What a viewer may cost the host, in bytes.
const MOST_MEMORY: u64 = 2 * 1024 * 1024;

pub(crate) fn section(report: &mut Report) -> Outcome<()> {
    println!(
        "One publisher at 720p30 ({BYTES} bytes a frame) to {VIEWERS} viewers for {} s, all on this computer:\n",
        LASTS.as_secs()
    );
    for transport in TRANSPORTS {
        let floor = floor::processor_seconds_a_byte(BYTES)?.unwrap_or(f64::NAN);
        let crowd = run(transport)?;
        let times = crowd.seconds_a_byte / floor;
        println!(
            "{transport:>5}: frames/s of the slowest viewer {:.1}, of the fastest {:.1}; the host used {:.2} processors, \
             {:.0} ns for each KB it delivered\n       ({times:.2} times what sending it plainly costs), {:.2} MB for each viewer",
            crowd.slowest,
            crowd.fastest,
            crowd.processors,
            crowd.seconds_a_byte * 1e12,
            crowd.memory_a_viewer as f64 / 1e6,
        );
        if times.is_finite() {
            report.found(Found {
                name: format!("processor time of a byte to {VIEWERS} viewers over {transport}"),
                better: Better::Lower,
                ratio: times,
            });
        }
        if crowd.slowest < f64::from(FRAMES_A_SECOND) * 0.99 {
            report.miss(format!(
                "the slowest of {VIEWERS} viewers over {transport} got {:.1} frames/s, target {FRAMES_A_SECOND}",
                crowd.slowest
            ));
        }
        if crowd.memory_a_viewer > MOST_MEMORY {
            report.miss(format!(
                "a viewer over {transport} costs the host {} bytes, target at most {MOST_MEMORY}",
                crowd.memory_a_viewer
            ));
        }
    }
    Ok(())
}

struct Crowd {
    slowest: f64,
    fastest: f64,
    /// Of the host.
    processors: f64,
    seconds_a_byte: f64,
    memory_a_viewer: u64,
}

fn run(transport: Transport) -> Outcome<Crowd> {
    let home = tempfile::tempdir()?;
    let homes: Vec<_> = (0..=VIEWERS)
        .map(|_| tempfile::tempdir())
        .collect::<Result<_, _>>()?;
    let mut host = Part::start(&["host", &home.path().to_string_lossy()])?;
    let port: u16 = host.line()?.parse()?;
    let empty = host.memory().unwrap_or(0);
    let runtime = Runtime::new()?;
    runtime.block_on(async {
        let mut viewers = Vec::new();
        for home in &homes[..VIEWERS] {
            viewers.push(Room::join(ours::member(home.path(), port, true)?).await?);
        }
        let counts: Vec<Count> = viewers
            .iter()
            .map(|viewer| count_frames(viewer, transport))
            .collect();
        let publisher_room = Room::join(ours::member(homes[VIEWERS].path(), port, false)?).await?;
        let publisher = publisher_room.publish(ours::spec(transport)).await?;
        let mut stage = Stage::settled(vec![&publisher]).await;
        let (before, used_before) = (read(&counts), host.processor_seconds().unwrap_or(f64::NAN));
        let lasted = stage.send_for(LASTS).await;
        let used = host.processor_seconds().unwrap_or(f64::NAN) - used_before;
        let got = between(&before, &read(&counts));
        let delivered = got.iter().sum::<u64>() as f64 * BYTES as f64;
        let memory = host.memory().unwrap_or(0).saturating_sub(empty) / (VIEWERS as u64 + 1);
        let rate = |frames: Option<&u64>| frames.map_or(0.0, |frames| *frames as f64 / lasted);
        let crowd = Crowd {
            slowest: rate(got.iter().min()),
            fastest: rate(got.iter().max()),
            processors: used / lasted,
            seconds_a_byte: used / delivered,
            memory_a_viewer: memory,
        };
        for room in &viewers {
            room.close().await;
        }
        publisher_room.close().await;
        Ok(crowd)
    })
}
