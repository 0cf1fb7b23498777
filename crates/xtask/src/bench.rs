//! `cargo xtask bench`: the measured table.

use crate::desktop;
use crate::failure::Result;
use crate::process::Task;
use crate::project::Project;
use crate::setup::{self, Need};
use crate::split_at_dashes;

/// The bench's section that drives the app's window.
const WITH_WINDOW: &str = "screen";

/// Builds and runs the bench; what stands after `--` is its own.
///
/// # Errors
/// When set-up, build or the bench itself fails.
pub(crate) fn bench(project: &Project, arguments: &[String]) -> Result<()> {
    let (_, theirs) = split_at_dashes(arguments);
    setup::system(&[Need::Core])?;
    let task = if theirs.iter().any(|word| word == WITH_WINDOW) {
        setup::system(&[Need::App, Need::Test])?;
        build_window(project)?;
        program(project)?.env("ROOMWIRE_APP", project.built("release", desktop::APP))
    } else {
        program(project)?
    };
    task.args(theirs).run()
}

/// A short look at the stored ratios: says what is much worse, and fails only when it cannot look.
///
/// # Errors
/// When build or bench fail.
pub(crate) fn check(project: &Project) -> Result<()> {
    program(project)?.arg("--check").run()
}

fn program(project: &Project) -> Result<Task> {
    project.needs_crate("tests/perf")?;
    Ok(project.cargo().args([
        "run",
        "--profile",
        "bench",
        "-p",
        "perf-tests",
        "--bin",
        "bench",
        "--",
    ]))
}

/// The app as it is measured; cargo puts what this profile makes where a release goes.
fn build_window(project: &Project) -> Result<()> {
    let node = setup::interface(project)?;
    desktop::build_interface(project, &node)?;
    let build = project
        .cargo()
        .args(["build", "--profile", "bench", "-p", desktop::APP, "--bins"]);
    build.args(["--features", desktop::EMBEDDED]).run()
}
