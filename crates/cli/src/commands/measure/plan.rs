//! What is measured, in which order.

use netcore::proto::Transport;
use netcore::proto::video::WindowMode;
use serde::Serialize;

use crate::args::MeasureArgs;

/// A way to acknowledge frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Way {
    /// The next frame leaves when the one before is acknowledged, as in the classic lab.
    StopAndWait,
    /// So many frames on their way, as the command line says.
    Window,
}

/// One stretch of measuring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trial {
    pub(super) transport: Transport,
    pub(super) way: Way,
    /// Whether a file is on its way at the same time.
    pub(super) with_file: bool,
}

impl Way {
    /// What the sender is told; `wanted` is the window of the command line.
    pub(super) fn window(self, wanted: WindowMode) -> WindowMode {
        match self {
            Way::StopAndWait => WindowMode::StopAndWait,
            Way::Window => wanted,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Way::StopAndWait => "stop-and-wait",
            Way::Window => "window",
        }
    }
}

impl Trial {
    /// What tells it from the others of a measurement.
    pub(super) fn name(&self, is_side_by_side: bool) -> String {
        let mut name = self.transport.to_string();
        if is_side_by_side {
            name = format!("{name} · {}", self.way.words());
        }
        if self.with_file {
            name += " · with a file";
        }
        name
    }
}

/// What these arguments ask for: the ways one after the other, each over each transport, each alone before it is with a file.
pub(super) fn trials(args: &MeasureArgs) -> Vec<(Way, Vec<Trial>)> {
    let ways: &[Way] = match (args.acks, args.window) {
        (true, _) => &[Way::StopAndWait, Way::Window],
        (false, WindowMode::StopAndWait) => &[Way::StopAndWait],
        (false, _) => &[Way::Window],
    };
    let of_way = |way: Way| {
        let beside: &[bool] = if args.with_file { &[false, true] } else { &[false] };
        let trials = args.compare.iter().flat_map(|&transport| {
            beside.iter().map(move |&with_file| Trial {
                transport,
                way,
                with_file,
            })
        });
        (way, trials.collect())
    };
    ways.iter().copied().map(of_way).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Command};

    fn planned(words: &[&str]) -> Vec<String> {
        let cli = Cli::try_parse_from([&["roomwire", "measure"], words].concat()).unwrap();
        let Command::Measure(args) = cli.command else {
            panic!("a measurement")
        };
        let trials = trials(&args).into_iter().flat_map(|(_, trials)| trials);
        trials.map(|trial| trial.name(args.acks)).collect()
    }

    #[test]
    fn each_transport_is_measured_alone_and_then_with_a_file() {
        assert_eq!(planned(&[]), ["TCP", "UDP"]);
        assert_eq!(
            planned(&["--with-file", "--compare", "udp"]),
            ["UDP", "UDP · with a file"]
        );
    }

    #[test]
    fn ways_to_acknowledge_stand_side_by_side() {
        assert_eq!(
            planned(&["--acks", "--compare", "udp,tcp"]),
            [
                "UDP · stop-and-wait",
                "TCP · stop-and-wait",
                "UDP · window",
                "TCP · window"
            ]
        );
    }
}
