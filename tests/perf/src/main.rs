//! `bench`: how fast live video is, beside what this very computer can do at best at this very moment.
//!
//! A shared computer is twice as fast in one minute as in the next, so every figure of ours stands beside a *floor* that was
//! measured in the same run, in turn with it. Each section says what its floor is and what the target.

mod compare;
mod crowd;
mod delay;
mod floor;
mod ours;
mod process;
mod rate;
mod samples;
mod tls_floor;

use std::process::ExitCode;

/// A VGA picture, a 720p one and a 1080p one of some detail, as JPEG.
const SIZES: [usize; 3] = [16_600, 120_000, 400_000];

/// What every part returns: a bench has nobody to handle its errors.
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// What fell short of its target, in words.
type Misses = Vec<String>;

/// A part of the bench: its name on the command line, and what it runs.
type Section = (&'static str, fn(&mut Misses) -> Outcome<()>);

const SECTIONS: [Section; 4] = [
    ("delay", delay::section),
    ("rate", rate::section),
    ("crowd", crowd::section),
    ("compare", compare::section),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["floor", transport, length] => floor::reply(transport, length),
        ["tls-floor", length] => tls_floor::reply(length),
        ["host", home] => ours::host(home),
        ["viewer", home, port] => compare::viewer(home, port),
        ref names => bench(names),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the named sections, or all of them.
fn bench(names: &[&str]) -> Outcome<()> {
    let is_known = |name: &&str| SECTIONS.iter().any(|(known, _)| known == name);
    if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
        let known: Vec<&str> = SECTIONS.iter().map(|(name, _)| *name).collect();
        return Err(format!("there is no section {unknown:?}; there are {}", known.join(", ")).into());
    }
    let mut misses = Vec::new();
    for (name, section) in SECTIONS {
        if names.is_empty() || names.contains(&name) {
            section(&mut misses)?;
            println!();
        }
    }
    match misses.is_empty() {
        true => println!("All targets are met."),
        false => misses.iter().for_each(|miss| println!("MISSED: {miss}")),
    }
    Ok(())
}

/// Notes a miss when `ratio` is above `most`.
fn at_most(misses: &mut Misses, what: &str, ratio: f64, most: f64) {
    if ratio > most {
        misses.push(format!("{what}: {ratio:.2}, target at most {most}"));
    }
}

/// Notes a miss when `ratio` is below `least`.
fn at_least(misses: &mut Misses, what: &str, ratio: f64, least: f64) {
    if ratio < least {
        misses.push(format!("{what}: {ratio:.2}, target at least {least}"));
    }
}
