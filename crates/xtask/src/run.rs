//! `cargo xtask run`: the desktop app, or, where there is no display, the demonstration in the terminal.

use crate::desktop;
use crate::failure::{Failure, Result};
use crate::process::{Task, say};
use crate::project::Project;
use crate::setup::{self, Need};
use crate::split_at_dashes;

/// Sets up, builds and opens. What stands after `--` goes to the started program.
///
/// # Errors
/// When set-up, build or program fails.
pub(crate) fn run(project: &Project, arguments: &[String]) -> Result<()> {
    let (ours, theirs) = split_at_dashes(arguments);
    let release = match ours {
        [] => false,
        [only] if only == "--release" => true,
        _ => {
            return Err(Failure::Message(format!(
                "run takes --release and -- …, not `{}`",
                ours.join(" ")
            )));
        }
    };
    if has_display(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())) {
        window(project, release, theirs)
    } else {
        say(
            "There is no display here, so no window can open: the demonstration runs in the terminal instead.",
        );
        demonstration(project, release, theirs)
    }
}

fn window(project: &Project, release: bool, arguments: &[String]) -> Result<()> {
    setup::system(&[Need::Core, Need::App])?;
    let node = setup::interface(project)?;
    desktop::build_interface(project, &node)?;
    say("Building the desktop app; the first time takes some minutes.");
    profiled(desktop::app_build(project), release).run()?;
    Task::new(project.built(folder_of(release), desktop::APP))
        .args(arguments)
        .run()
}

fn demonstration(project: &Project, release: bool, arguments: &[String]) -> Result<()> {
    setup::system(&[Need::Core])?;
    project.needs_crate("crates/cli")?;
    say("Building the terminal program; the first time takes a minute or two.");
    profiled(project.cargo().args(["build", "-p", "cli", "--bins"]), release).run()?;
    Task::new(project.built(folder_of(release), "roomwire"))
        .arg("demo")
        .args(arguments)
        .run()
}

fn profiled(task: Task, release: bool) -> Task {
    if release { task.arg("--release") } else { task }
}

fn folder_of(release: bool) -> &'static str {
    if release { "release" } else { "debug" }
}

/// Whether a window can open: macOS and Windows have a display, elsewhere the environment names it.
fn has_display(is_set: impl Fn(&str) -> bool) -> bool {
    cfg!(any(windows, target_os = "macos")) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_display_is_x11s_or_waylands() {
        assert!(has_display(|name| name == "DISPLAY"));
        assert!(has_display(|name| name == "WAYLAND_DISPLAY"));
        assert!(!has_display(|name| name == "TERM"));
    }
}
