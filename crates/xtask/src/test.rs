//! `cargo xtask test`: every test there is, from quick to slow, stopping at the first group that fails.

use std::time::{Duration, Instant};

use crate::bench;
use crate::desktop;
use crate::failure::{Failure, Result};
use crate::package;
use crate::process::say;
use crate::project::Project;
use crate::setup::{self, Need};
use crate::windows;

/// Tests that are run, and can be asked for, together.
struct Group {
    name: &'static str,
    about: &'static str,
    needs: &'static [Need],
    run: fn(&Project) -> Result<Outcome>,
}

/// How a group that did not fail ended.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Passed,
    /// It cannot run on this system, for the reason said.
    Skipped(&'static str),
}

/// From quick to slow. Cargo is given whole packages, so that its own closing lines count the tests.
const GROUPS: &[Group] = &[
    Group {
        name: "interface",
        about: "the interface's units and panels, in Node.js",
        needs: &[],
        run: interface,
    },
    Group {
        name: "unit",
        about: "every crate below the desktop shell, and the bench, by itself",
        needs: &[Need::Core, Need::Test],
        run: unit,
    },
    Group {
        name: "sim",
        about: "whole conversations on a simulated network",
        needs: &[Need::Core],
        run: sim,
    },
    Group {
        name: "fuzz",
        about: "hostile input for every decoder and state machine: the corpus and its mutations",
        needs: &[Need::Core],
        run: fuzz,
    },
    Group {
        name: "loopback",
        about: "a host and members on real sockets",
        needs: &[Need::Core, Need::Test],
        run: loopback,
    },
    Group {
        name: "browser",
        about: "the interface in a real browser",
        needs: &[Need::Test],
        run: browser,
    },
    Group {
        name: "camera",
        about: "cameras against a real V4L2 driver, in a virtual machine",
        needs: &[Need::Core, Need::Test],
        run: camera,
    },
    Group {
        name: "app",
        about: "the desktop shell, and its real window driven from outside",
        needs: &[Need::Core, Need::App, Need::Test],
        run: app,
    },
    Group {
        name: "package",
        about: "the installable packages, looked at, installed into a clean system and started",
        needs: &[Need::Core, Need::App, Need::Test, Need::Package],
        run: packaged,
    },
    Group {
        name: "windows",
        about: "the crates' tests for Windows, under Wine",
        needs: &[Need::Core],
        run: windows,
    },
    Group {
        name: INSTALLER,
        about: "Windows' installer under Wine, and what it installs, in a room with Linux; only when named",
        needs: &[Need::Core],
        run: installer,
    },
    Group {
        name: "bench",
        about: "delays and rates beside those stored: what is much worse is said, and fails nothing",
        needs: &[Need::Core],
        run: ratios,
    },
];

/// The group that is run only when it is named: it builds both programs once more as they are given away, for Windows.
const INSTALLER: &str = "installer";

/// Runs all groups, or those named.
///
/// # Errors
/// When a name is unknown, or the first group fails.
pub(crate) fn test(project: &Project, arguments: &[String]) -> Result<()> {
    if arguments.iter().any(|argument| argument == "--list") {
        GROUPS
            .iter()
            .for_each(|group| say(&format!("{:<10} {}", group.name, group.about)));
        return Ok(());
    }
    let groups = chosen(arguments)?;
    let mut summary: Vec<(&str, String, Duration)> = Vec::new();
    for group in groups {
        say(&format!("\n── {}: {}", group.name, group.about));
        let started = Instant::now();
        let result = setup::system(group.needs).and_then(|()| (group.run)(project));
        let in_words = match &result {
            Ok(Outcome::Passed) => "passed".to_owned(),
            Ok(Outcome::Skipped(reason)) => format!("skipped: {reason}"),
            Err(_) => "FAILED".to_owned(),
        };
        summary.push((group.name, in_words, started.elapsed()));
        if let Err(failure) = result {
            say(&table(&summary));
            return Err(Failure::Message(format!(
                "the {} tests failed: {failure}",
                group.name
            )));
        }
    }
    say(&table(&summary));
    Ok(())
}

/// Whether there is a group of this name.
pub(crate) fn knows_group(name: &str) -> bool {
    GROUPS.iter().any(|group| group.name == name)
}

fn chosen(names: &[String]) -> Result<Vec<&'static Group>> {
    if let Some(unknown) = names.iter().find(|name| !knows_group(name)) {
        let known: Vec<_> = GROUPS.iter().map(|group| group.name).collect();
        return Err(Failure::Message(format!(
            "there is no group `{unknown}`; there are {}",
            known.join(", ")
        )));
    }
    let wanted = |group: &&Group| match names {
        [] => group.name != INSTALLER,
        names => names.iter().any(|name| name == group.name),
    };
    Ok(GROUPS.iter().filter(wanted).collect())
}

fn table(rows: &[(&str, String, Duration)]) -> String {
    let mut lines = vec![String::from("\n── summary")];
    for (name, outcome, took) in rows {
        lines.push(format!("{name:<10} {:>6.1} s  {outcome}", took.as_secs_f32()));
    }
    lines.join("\n")
}

fn interface(project: &Project) -> Result<Outcome> {
    let node = setup::interface(project)?;
    node.npm(project).args(["test"]).run()?;
    Ok(Outcome::Passed)
}

fn browser(project: &Project) -> Result<Outcome> {
    let node = setup::interface(project)?;
    desktop::build_interface(project, &node)?;
    node.npm(project).args(["run", "e2e"]).run()?;
    Ok(Outcome::Passed)
}

fn unit(project: &Project) -> Result<Outcome> {
    packages(
        project,
        &[
            ("xtask", "crates/xtask"),
            ("netcore-proto", "crates/netcore-proto"),
            ("netem", "crates/netem"),
            ("netcore", "crates/netcore"),
            ("media", "crates/media"),
            ("report", "crates/report"),
            ("app", "crates/app"),
            ("cli", "crates/cli"),
            ("perf-tests", "tests/perf"),
        ],
    )
}

fn sim(project: &Project) -> Result<Outcome> {
    packages(project, &[("sim-tests", "tests/sim")])
}

fn fuzz(project: &Project) -> Result<Outcome> {
    packages(project, &[("fuzz-tests", "tests/fuzz")])
}

fn loopback(project: &Project) -> Result<Outcome> {
    packages(project, &[("loopback-tests", "tests/loopback")])
}

fn camera(project: &Project) -> Result<Outcome> {
    if !cfg!(target_os = "linux") {
        return Ok(Outcome::Skipped("V4L2 is Linux's"));
    }
    packages(project, &[("camera-tests", "tests/camera")])
}

/// `cargo test` of packages, each with the folder it must be in.
fn packages(project: &Project, packages: &[(&str, &str)]) -> Result<Outcome> {
    for (_, folder) in packages {
        project.needs_tests(folder)?;
    }
    let named = packages.iter().flat_map(|(package, _)| ["-p", package]);
    project.cargo().arg("test").args(named).run()?;
    Ok(Outcome::Passed)
}

/// The shell's own tests, and the built app's window under a display without a screen.
fn app(project: &Project) -> Result<Outcome> {
    if !cfg!(target_os = "linux") {
        return Ok(Outcome::Skipped(
            "the web view is driven by WebKitGTK's own driver, on Linux",
        ));
    }
    project.needs_tests("src-tauri")?;
    project.needs_tests("tests/gui")?;
    let node = setup::interface(project)?;
    desktop::build_interface(project, &node)?;
    project.cargo().args(["build", "-p", "cli", "--bins"]).run()?;
    desktop::app_build(project).run()?;
    let task = desktop::selection(project.cargo().arg("test"));
    let task = task.env("ROOMWIRE_APP", project.built("debug", desktop::APP));
    task.env("ROOMWIRE_CLI", project.built("debug", "roomwire"))
        .run()?;
    Ok(Outcome::Passed)
}

fn packaged(project: &Project) -> Result<Outcome> {
    if !setup::has_debian_packages() {
        return Ok(Outcome::Skipped(
            "the clean system is made by debootstrap, on Debian and Ubuntu",
        ));
    }
    project.needs_tests("tests/package")?;
    package::make(project, &[])?;
    package::test(project)?;
    Ok(Outcome::Passed)
}

fn windows(project: &Project) -> Result<Outcome> {
    on_windows(project, windows::test_crates)
}

fn installer(project: &Project) -> Result<Outcome> {
    on_windows(project, windows::test_installer)
}

fn on_windows(project: &Project, test: fn(&Project) -> Result<()>) -> Result<Outcome> {
    if !windows::can_be_made_here() {
        return Ok(Outcome::Skipped(windows::WHERE));
    }
    test(project)?;
    Ok(Outcome::Passed)
}

fn ratios(project: &Project) -> Result<Outcome> {
    bench::check(project)?;
    Ok(Outcome::Passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_names_every_group_but_one_runs_in_order() {
        let all = chosen(&[]).expect("all");
        assert_eq!(all.len(), GROUPS.len() - 1);
        assert!(all.iter().all(|group| group.name != INSTALLER));
        assert_eq!(chosen(&[INSTALLER.into()]).expect("it is known").len(), 1);
        assert_eq!(all[0].name, "interface");
    }

    #[test]
    fn named_groups_run_in_the_order_of_the_table() {
        let named = chosen(&["loopback".into(), "sim".into()]).expect("known names");
        let names: Vec<_> = named.iter().map(|group| group.name).collect();
        assert_eq!(names, ["sim", "loopback"]);
    }

    #[test]
    fn an_unknown_group_is_said_with_the_known_ones() {
        let failure = chosen(&["simm".into()]).map(|_| ()).expect_err("unknown");
        let words = failure.to_string();
        assert!(words.contains("simm") && words.contains("loopback"), "{words}");
    }

    #[test]
    fn the_summary_names_group_time_and_outcome() {
        let rows = [("sim", "passed".to_owned(), Duration::from_millis(2500))];
        assert!(
            table(&rows).contains("sim           2.5 s  passed"),
            "{}",
            table(&rows)
        );
    }
}
