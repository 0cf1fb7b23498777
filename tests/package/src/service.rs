//! The installed service, started by a systemd that runs in the clean system as its first process.

use std::fs;
use std::path::Path;

use xtask::failure::{Failure, Result};
use xtask::process::say;

use crate::clean_system::{CleanSystem, text};

/// What is done in the started system, and written down as lines `NAME=value`.
const SCRIPT: &str = include_str!("service.sh");

/// Runs [`SCRIPT`] when the system is up, and ends the system.
const UNIT: &str = "\
[Unit]
Description=Trial of the room as a service
After=multi-user.target

[Service]
Type=oneshot
ExecStart=/bin/sh /var/tmp/service.sh
ExecStopPost=/bin/systemctl --no-block poweroff
";

/// Seconds after which a system that does not end is ended: it takes five when nothing else runs.
const LONGEST: &str = "240";

/// Starts the clean system with its services, opens a room by the package's unit, speaks in it, starts it anew and stops it.
///
/// # Errors
/// When the system does not start, or the service does not do or does not lack what it should.
pub(crate) fn stays(system: &CleanSystem, install: impl Fn(&str) -> Result<()>) -> Result<()> {
    install("systemd")?;
    system.put("var/tmp/service.sh", SCRIPT)?;
    system.put("etc/systemd/system/trial.service", UNIT)?;
    let mut command: Vec<String> = ["timeout", "--signal=KILL", LONGEST, "systemd-nspawn", "--quiet"]
        .map(str::to_owned)
        .into();
    if !Path::new("/run/systemd/system").is_dir() {
        // There is no systemd here to ask for a scope.
        command.extend(["--register=no", "--keep-unit"].map(str::to_owned));
    }
    command.extend(["--private-network", "--console=pipe"].map(str::to_owned));
    command.push(format!("--directory={}", text(&system.folder)));
    command.extend(["/lib/systemd/systemd", "systemd.unit=trial.service"].map(str::to_owned));
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    system.as_root(&command)?;
    let written = system.folder.join("var/tmp/trial");
    let written = fs::read_to_string(&written).map_err(Failure::file("reading", &written))?;
    let wrong = wrong(&written);
    if wrong.is_empty() {
        say("package: the service opened a room without rights, kept its identity and said goodbye");
        return Ok(());
    }
    Err(Failure::Message(format!(
        "the service differs from what it should be in {}; what it was:\n{written}",
        wrong.join(", ")
    )))
}

/// What must be written down: the words were delivered, the process has no rights, and it ended as one that was asked to.
const EXPECTED: &[(&str, &str)] = &[
    ("said", "0"),
    ("no_new_privileges", "1"),
    ("seccomp", "2"),
    ("capabilities", "0000000000000000"),
    ("home", "invisible"),
    ("said_after_restart", "0"),
    ("identity", "the same"),
    ("goodbyes", "2"),
    ("good_ends", "2"),
];

/// The names of what is not as [`EXPECTED`], or whose user is the administrator.
fn wrong(written: &str) -> Vec<String> {
    let value = |name: &str| {
        written
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
    };
    let differs = |(name, expected): &&(&str, &str)| value(name) != Some(*expected);
    let mut wrong: Vec<String> = EXPECTED
        .iter()
        .filter(differs)
        .map(|(name, _)| (*name).to_owned())
        .collect();
    if value("user").is_none_or(|user| user == "0" || user.is_empty()) {
        wrong.push("user".to_owned());
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_expected() -> String {
        let lines: Vec<_> = EXPECTED
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        format!("{}\nuser=61234\n", lines.join("\n"))
    }

    #[test]
    fn a_service_with_rights_or_without_an_end_is_wrong() {
        assert!(wrong(&as_expected()).is_empty());
        let root = as_expected().replace("user=61234", "user=0");
        assert_eq!(wrong(&root), ["user"]);
        let able = as_expected().replace("capabilities=0000000000000000", "capabilities=000001ffffffffff");
        assert_eq!(wrong(&able), ["capabilities"]);
        assert_eq!(wrong("").len(), EXPECTED.len() + 1);
    }
}
