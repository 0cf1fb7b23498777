//! One publisher, fifty viewers, and µStreamer with as many.

mod ustreamer;

use std::time::Duration;

use netcore::proto::Transport;
use tokio::runtime::Runtime;

use crate::audience::{BYTES, Count, FRAMES_A_SECOND, House, Stage, between, count_frames, read};
use crate::process::Running;
use crate::ratios::{Better, Found};
use crate::report::Report;
use crate::{Outcome, TRANSPORTS, floor, ours};

const VIEWERS: usize = 50;
const LASTS: Duration = Duration::from_secs(60);
/// What a viewer may cost the host, in bytes.
const MOST_MEMORY: u64 = 2 * 1024 * 1024;
/// What a delivered byte may cost the host's processor, beside what it costs µStreamer's.
const MOST_OF_USTREAMER: f64 = 2.0;

pub(crate) fn section(report: &mut Report) -> Outcome<()> {
    println!(
        "One publisher at 720p30 ({BYTES} bytes a frame) to {VIEWERS} viewers for {} s, all on this computer. What the process that\n\
         serves them costs, beside µStreamer, which serves the same by HTTP and not encrypted, and beside one blocking socket:\n",
        LASTS.as_secs()
    );
    println!(
        "{:<10} {:>11} {:>11} {:>11} {:>9} {:>12} {:>9} {:>12}",
        "",
        "slowest f/s",
        "fastest f/s",
        "processors",
        "ns for KB",
        "to µStreamer",
        "to plain",
        "MB a viewer",
    );
    let ustreamer = match ustreamer::crowd() {
        Ok(crowd) => {
            crowd.line("µStreamer", None, None);
            Some(crowd)
        }
        Err(error) => {
            println!("{:<10} not measured: {error}", "µStreamer");
            None
        }
    };
    for transport in TRANSPORTS {
        // A computer is not equally fast all the time, so the floor is measured beside each.
        let plain = floor::processor_seconds_a_byte(BYTES)?;
        let crowd = ours(transport)?;
        let to_ustreamer = ustreamer
            .as_ref()
            .map(|other| crowd.seconds_a_byte / other.seconds_a_byte);
        let to_plain = plain.map(|plain| crowd.seconds_a_byte / plain);
        crowd.line(&transport.to_string(), to_ustreamer, to_plain);
        if let Some(ratio) = to_plain {
            report.found(Found {
                name: format!("processor time of a byte to {VIEWERS} viewers over {transport}"),
                better: Better::Lower,
                ratio,
            });
        }
        if let Some(ratio) = to_ustreamer {
            let what =
                format!("processor time of a byte to {VIEWERS} viewers over {transport} beside µStreamer's");
            report.at_most(&what, ratio, MOST_OF_USTREAMER);
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

/// What became of a crowd, and what it cost who served it.
struct Crowd {
    /// Frames a second of the viewer with the fewest.
    slowest: f64,
    /// And of the one with the most.
    fastest: f64,
    processors: f64,
    seconds_a_byte: f64,
    memory_a_viewer: u64,
}

impl Crowd {
    fn line(&self, name: &str, to_ustreamer: Option<f64>, to_plain: Option<f64>) {
        let times = |ratio: Option<f64>| ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}x"));
        println!(
            "{name:<10} {:>11.1} {:>11.1} {:>11.2} {:>9.0} {:>12} {:>9} {:>12.2}",
            self.slowest,
            self.fastest,
            self.processors,
            self.seconds_a_byte * 1e12,
            times(to_ustreamer),
            times(to_plain),
            self.memory_a_viewer as f64 / 1e6,
        );
    }
}

/// What a process that serves has used so far, and what each viewer has got.
struct Reading {
    used: f64,
    frames: Vec<u64>,
}

impl Reading {
    fn take(server: &Running, counts: &[Count]) -> Reading {
        Reading {
            used: server.processor_seconds().unwrap_or(f64::NAN),
            frames: read(counts),
        }
    }

    /// `connections` share what memory the server has added to `empty`, which it had with nobody there.
    fn since(
        &self,
        before: &Reading,
        lasted: f64,
        server: &Running,
        empty: u64,
        connections: usize,
    ) -> Crowd {
        let got = between(&before.frames, &self.frames);
        let used = self.used - before.used;
        let rate = |frames: Option<&u64>| frames.map_or(0.0, |frames| *frames as f64 / lasted);
        Crowd {
            slowest: rate(got.iter().min()),
            fastest: rate(got.iter().max()),
            processors: used / lasted,
            seconds_a_byte: used / (got.iter().sum::<u64>() as f64 * BYTES as f64),
            memory_a_viewer: server.memory().unwrap_or(0).saturating_sub(empty) / connections as u64,
        }
    }
}

fn ours(transport: Transport) -> Outcome<Crowd> {
    let house = House::open(VIEWERS + 1)?;
    let host = house.host.process();
    Runtime::new()?.block_on(async {
        let mut viewers = Vec::new();
        for viewer in 0..VIEWERS {
            viewers.push(house.join(viewer, true).await?);
        }
        let counts: Vec<Count> = viewers
            .iter()
            .map(|viewer| count_frames(viewer, transport))
            .collect();
        let publishers = house.join(VIEWERS, false).await?;
        let publisher = publishers.publish(ours::spec(transport)).await?;
        let mut stage = Stage::settled(vec![&publisher]).await;
        let before = Reading::take(host, &counts);
        let lasted = stage.send_for(LASTS).await;
        let after = Reading::take(host, &counts);
        // The publisher's connection costs about what a viewer's does.
        let crowd = after.since(&before, lasted, host, house.empty, VIEWERS + 1);
        for room in &viewers {
            room.close().await;
        }
        publishers.close().await;
        Ok(crowd)
    })
}
