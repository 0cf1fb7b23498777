//! `bench`: frames over loopback, ours and the floor in turn, in one run.
//!
//! The *floor* is what this computer can do at best at this moment: two processes, blocking sockets, the same bytes, a reply
//! of three bytes, no protocol, no encryption. Every figure of ours stands beside it as a ratio, because a shared computer is
//! twice as fast in one minute as in the next.

mod floor;
mod ours;
mod samples;

use std::process::ExitCode;

use netcore::proto::Transport;
use samples::{Samples, milliseconds};

/// A VGA picture, a 720p one and a 1080p one of some detail, as JPEG.
const SIZES: [usize; 3] = [16_600, 120_000, 400_000];
/// Ours and the floor take turns this often.
const ROUNDS: usize = 8;
/// Frames in each turn.
const FRAMES: usize = 60;
/// With pauses like a camera's the processor falls asleep between frames; without, it stays awake.
const PACES: [(&str, u64); 2] = [("from sleep", 8), ("awake", 0)];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["floor", transport, length] => floor::reply(transport, length),
        ["host", home] => ours::host(home),
        [] => bench(),
        _ => Err("usage: bench (without arguments)".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What every part returns: a bench has nobody to handle its errors.
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn bench() -> Outcome<()> {
    println!(
        "Frames over loopback, acknowledged one by one, ours (TLS 1.3 or sealed datagrams) and the floor in turn"
    );
    println!(
        "(floor: two processes, blocking sockets, the same bytes, a 3-byte reply, no protocol). Delays in ms.\n"
    );
    println!(
        "{:>9} {:>5} {:>11} | {:>7} {:>7} {:>7} | {:>7} {:>7} {:>7} | {:>6} {:>9}",
        "bytes",
        "over",
        "processor",
        "p50",
        "p95",
        "p99",
        "floor50",
        "floor95",
        "floor99",
        "ratio",
        "p99/p50"
    );
    let mut misses = Vec::new();
    for (processor, pause_ms) in PACES {
        for bytes in SIZES {
            for transport in [Transport::Tcp, Transport::Udp] {
                let (ours, floor) = delays(transport, bytes, pause_ms)?;
                let ratio = ours.percentile(50) as f64 / floor.percentile(50) as f64;
                println!(
                    "{bytes:>9} {transport:>5} {processor:>11} | {} {} {} | {} {} {} | {ratio:>5.2}x {:>8.1}x",
                    milliseconds(ours.percentile(50)),
                    milliseconds(ours.percentile(95)),
                    milliseconds(ours.percentile(99)),
                    milliseconds(floor.percentile(50)),
                    milliseconds(floor.percentile(95)),
                    milliseconds(floor.percentile(99)),
                    ours.percentile(99) as f64 / ours.percentile(50) as f64,
                );
                let target = match transport {
                    Transport::Tcp => 2.0,
                    Transport::Udp => 3.0,
                };
                if pause_ms > 0 && ratio > target {
                    misses.push(format!(
                        "{transport} at {bytes} bytes: {ratio:.2} times the floor, target {target}"
                    ));
                }
            }
        }
    }
    println!(
        "\nAcknowledged frames of {} bytes each second, one stream:",
        SIZES[0]
    );
    let floor = floor::frames_per_second(SIZES[0])?;
    println!("  {:<28} {floor:>9.0}", "floor, stop-and-wait, TCP");
    for transport in [Transport::Tcp, Transport::Udp] {
        let ours = ours::frames_per_second(transport, SIZES[0])?;
        println!(
            "  {:<28} {ours:>9.0}  {:.2} times the floor",
            format!("ours, windowed, {transport}"),
            ours / floor
        );
        if ours < floor / 2.0 {
            misses.push(format!(
                "{transport}: {ours:.0} frames/s, less than half of the floor's {floor:.0}"
            ));
        }
    }
    println!();
    match misses.is_empty() {
        true => println!(
            "All targets are met: delay from sleep at most 2 (TCP) and 3 (UDP) times the floor, frames/s at least half."
        ),
        false => misses.iter().for_each(|miss| println!("MISSED: {miss}")),
    }
    Ok(())
}

/// Delays of ours and the floor's, in microseconds, taken in turn.
fn delays(transport: Transport, bytes: usize, pause_ms: u64) -> Outcome<(Samples, Samples)> {
    let mut floor_link = floor::Link::open(transport, bytes)?;
    let mut our_link = ours::Link::open(transport, bytes)?;
    let (mut ours, mut floor) = (Samples::default(), Samples::default());
    // The first turn of each warms up.
    our_link.exchange(FRAMES, pause_ms)?;
    floor_link.exchange(FRAMES, pause_ms)?;
    for _ in 0..ROUNDS {
        ours.extend(our_link.exchange(FRAMES, pause_ms)?);
        floor.extend(floor_link.exchange(FRAMES, pause_ms)?);
    }
    Ok((ours, floor))
}
