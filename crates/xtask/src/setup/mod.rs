//! Installs what the system lacks, says what it does, and does nothing when all is there.

mod foreign;
mod node;
mod packages;
pub(crate) mod zig;

use std::path::Path;
use std::time::Instant;

use crate::failure::{Failure, Result};
use crate::privilege::Privilege;
use crate::process::{Task, say};
use crate::project::Project;

pub(crate) use foreign::{Foreign, Tools};
pub(crate) use node::Node;
use packages::Manager;
pub(crate) use packages::Need;

/// Everything that any word of this tool needs, but building for other systems: that sets itself up.
///
/// # Errors
/// When something is lacking and cannot be installed.
pub(crate) fn everything(project: &Project) -> Result<Node> {
    let started = Instant::now();
    system(&[Need::Core, Need::App, Need::Test, Need::Package])?;
    let node = interface(project)?;
    say(&format!(
        "setup: all is there ({:.1} s)",
        started.elapsed().as_secs_f32()
    ));
    Ok(node)
}

/// Node.js, and the interface's own packages.
///
/// # Errors
/// As [`everything`].
pub(crate) fn interface(project: &Project) -> Result<Node> {
    let node = Node::ensure(project)?;
    node.install_packages(project)?;
    Ok(node)
}

/// The system packages of `needs`.
///
/// # Errors
/// When something is lacking and cannot be installed.
pub(crate) fn system(needs: &[Need]) -> Result<()> {
    if cfg!(windows) {
        return on_windows();
    }
    if cfg!(target_os = "macos") && !Task::new("xcode-select").arg("-p").succeeds() {
        return Err(Failure::Message(
            "Apple's command line tools are missing; run: xcode-select --install".into(),
        ));
    }
    let Some(manager) = this_manager() else {
        say(
            "setup: this system's package manager is not known here; what the build needs, by Debian's names:",
        );
        for need in needs {
            say(&format!("  {}", Manager::Apt.packages(*need).join(" ")));
        }
        return Ok(());
    };
    let wanted: Vec<&str> = needs
        .iter()
        .flat_map(|need| manager.packages(*need))
        .copied()
        .collect();
    install(manager, &wanted)
}

/// Installs what is missing of `wanted`; a second time after a moment's failure of the network.
fn install(manager: Manager, wanted: &[&str]) -> Result<()> {
    let missing = missing(manager, wanted)?;
    if missing.is_empty() {
        return Ok(());
    }
    let as_root = Privilege::find(manager.needs_root());
    say(&format!(
        "setup: this system lacks {}; installing{}",
        missing.join(", "),
        as_root.in_words()
    ));
    let command = manager.install(&missing);
    // Asked first, so that without sudo the line to run by hand is this one.
    as_root.task(&command)?;
    let mut last = Ok(());
    for attempt in 1..=2 {
        if attempt > 1 {
            say("setup: that failed; once more with fresh lists of packages");
        }
        if let Some(refresh) = manager.refresh() {
            // One unreachable third-party source makes this fail while every package needed is still reachable.
            if as_root.task(&refresh)?.run().is_err() {
                say("setup: not every list of packages could be refreshed; going on with those at hand");
            }
        }
        last = as_root.task(&command)?.run();
        if last.is_ok() {
            return Ok(());
        }
    }
    last.map_err(|failure| {
        Failure::Message(format!(
            "{failure}\ninstall by hand, then start again: {}",
            command.join(" ")
        ))
    })
}

fn missing<'a>(manager: Manager, wanted: &[&'a str]) -> Result<Vec<&'a str>> {
    let question = manager.question(wanted);
    let (program, arguments) = question.split_first().expect("every manager has a question");
    let answer = Task::new(program).args(arguments).env("LC_ALL", "C").ask();
    let answer = answer.ok_or_else(|| {
        Failure::Message(format!(
            "this system has no {program}, so nothing can be installed"
        ))
    })?;
    Ok(manager.missing(wanted, &answer))
}

/// Whether this system's packages are Debian's: Debian itself and what descends from it.
pub(crate) fn has_debian_packages() -> bool {
    this_manager() == Some(Manager::Apt)
}

fn this_manager() -> Option<Manager> {
    if cfg!(target_os = "macos") {
        return Task::new("brew")
            .arg("--version")
            .succeeds()
            .then_some(Manager::Brew);
    }
    Manager::of_linux(&std::fs::read_to_string(Path::new("/etc/os-release")).ok()?)
}

/// Visual Studio's tools came with Rust's installer; the rest is named, not installed, because winget's installers open windows.
fn on_windows() -> Result<()> {
    let tools = [("cmake", "Kitware.CMake"), ("nasm", "NASM.NASM")];
    let lacking: Vec<_> = tools
        .iter()
        .filter(|(tool, _)| Task::new(tool).arg("--version").ask().is_none())
        .collect();
    if lacking.is_empty() {
        return Ok(());
    }
    let lines: Vec<_> = lacking
        .iter()
        .map(|(_, id)| format!("  winget install {id}"))
        .collect();
    Err(Failure::Message(format!(
        "the build needs these on the path; then open a new terminal:\n{}",
        lines.join("\n")
    )))
}
