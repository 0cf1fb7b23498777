//! What is measured, in which order.

use netcore::proto::Transport;
use netcore::proto::video::AckMode;

use crate::args::MeasureArgs;

/// One stretch of measuring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trial {
    pub(super) transport: Transport,
    pub(super) acks: AckMode,
    /// Whether a file is transferred at the same time.
    pub(super) with_file: bool,
}

impl Trial {
    /// What distinguishes it from the others of a measurement, which compares acknowledgement modes or does not.
    pub(super) fn name(&self, compares_acks: bool) -> String {
        let mut name = self.transport.to_string();
        if compares_acks {
            name = format!("{name} · {}", self.ack_mode());
        }
        if self.with_file {
            name += " · with a file";
        }
        name
    }

    /// The acknowledgement mode in a word or two.
    pub(super) fn ack_mode(&self) -> &'static str {
        match (self.transport, self.acks) {
            (_, AckMode::StopAndWait) => "stop-and-wait",
            (Transport::Tcp, _) | (_, AckMode::Window) => "window",
            (_, AckMode::WindowWithRequests) => "requests",
            (_, AckMode::WindowWithRequestsAndParity) => "parity",
        }
    }
}

/// What these arguments ask for: over each transport each acknowledgement mode, each alone before it is with a file.
pub(super) fn trials(args: &MeasureArgs) -> Vec<Trial> {
    let mut trials = Vec::new();
    for &transport in &args.compare {
        let modes: &[AckMode] = match (args.acks, transport) {
            (false, _) => &[AckMode::WindowWithRequestsAndParity],
            // TCP repeats what is lost by itself.
            (true, Transport::Tcp) => &[AckMode::StopAndWait, AckMode::Window],
            (true, Transport::Udp) => &AckMode::ALL,
        };
        for &acks in modes {
            let beside: &[bool] = if args.with_file { &[false, true] } else { &[false] };
            trials.extend(beside.iter().map(|&with_file| Trial {
                transport,
                acks,
                with_file,
            }));
        }
    }
    trials
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
        let trials = trials(&args).into_iter();
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
    fn acknowledgement_modes_stand_side_by_side() {
        assert_eq!(
            planned(&["--acks", "--compare", "udp,tcp"]),
            [
                "UDP · stop-and-wait",
                "UDP · window",
                "UDP · requests",
                "UDP · parity",
                "TCP · stop-and-wait",
                "TCP · window"
            ]
        );
    }
}
