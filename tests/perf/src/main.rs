//! `bench`: how fast live video is, beside what this very computer can do at best at this very moment.
//!
//! A shared computer is twice as fast in one minute as in the next, so every figure of ours stands beside a *floor* that was
//! measured in the same run, in turn with it. Each section says what its floor is and what the target.

mod audience;
mod compare;
mod crowd;
mod delay;
mod encode;
mod exchange;
mod floor;
mod ours;
mod process;
mod rate;
mod ratios;
mod report;
mod samples;
#[cfg(target_os = "linux")]
mod screen;
mod simulated;
mod soak;
mod tls_floor;

use std::process::ExitCode;

use netcore::proto::Transport;

use crate::report::Report;

/// A VGA picture, a 720p one and a 1080p one of some detail, as JPEG.
const SIZES: [usize; 3] = [16_600, 120_000, 400_000];

/// What every part returns: a bench has nobody to handle its errors.
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// A part of the bench: its name on the command line, and what it runs.
type Section = (&'static str, fn(&mut Report) -> Outcome<()>);

const SECTIONS: [Section; 6] = [
    ("delay", delay::section),
    ("rate", rate::section),
    ("crowd", crowd::section),
    ("compare", compare::section),
    ("encode", encode::section),
    ("simulated", simulated::section),
];

/// Sections that take so long, or need so much, that they run only when they are named.
const NAMED_ONLY: &[Section] = &[
    ("soak", soak::section),
    // The app's window can be driven on Linux only.
    #[cfg(target_os = "linux")]
    ("screen", screen::section),
];

/// Both, in the order in which they are measured.
const TRANSPORTS: [Transport; 2] = [Transport::Tcp, Transport::Udp];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["floor", transport, length] => floor::reply(transport, length),
        ["tls-floor", length] => tls_floor::reply(length),
        ["host", home] => ours::host(home),
        ["viewer", home, port] => compare::viewer(home, port),
        ["--check"] => ratios::check(),
        ["soak", seconds] => alone(|report| soak::run(seconds.parse()?, report)),
        #[cfg(target_os = "linux")]
        ["screen", shape] => alone(|report| screen::one(shape, report)),
        ref words => bench(words),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the named sections, or all but those that want to be named. With `--store` their ratios are stored, without it compared
/// with those stored.
fn bench(words: &[&str]) -> Outcome<()> {
    let (options, names): (Vec<&str>, Vec<&str>) = words.iter().partition(|word| word.starts_with("--"));
    if let Some(unknown) = options.iter().find(|option| **option != "--store") {
        return Err(format!("there is no option {unknown}; there are --check, alone, and --store").into());
    }
    let all = || SECTIONS.iter().chain(NAMED_ONLY);
    let is_known = |name: &&&str| all().any(|(known, _)| known == *name);
    if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
        let known: Vec<&str> = all().map(|(name, _)| *name).collect();
        return Err(format!("there is no section {unknown:?}; there are {}", known.join(", ")).into());
    }
    let is_wanted = |name: &str| match names[..] {
        [] => SECTIONS.iter().any(|(known, _)| *known == name),
        _ => names.contains(&name),
    };
    let mut report = Report::default();
    for (_, section) in all().filter(|(name, _)| is_wanted(name)) {
        section(&mut report)?;
        println!();
    }
    report.print();
    match options.is_empty() {
        true => ratios::compare(&report),
        false => ratios::store(&report),
    }
}

/// Runs a section that was given more than its name.
fn alone(section: impl FnOnce(&mut Report) -> Outcome<()>) -> Outcome<()> {
    let mut report = Report::default();
    section(&mut report)?;
    report.print();
    Ok(())
}
