//! `cargo xtask bench`: the measured table.

use crate::failure::Result;
use crate::project::Project;
use crate::setup::{self, Need};
use crate::split_at_dashes;

/// Builds and runs the bench; what stands after `--` is its own.
///
/// # Errors
/// When set-up, build or the bench itself fails.
pub(crate) fn bench(project: &Project, arguments: &[String]) -> Result<()> {
    let (_, theirs) = split_at_dashes(arguments);
    setup::system(&[Need::Core])?;
    project.needs_crate("tests/perf")?;
    let task = project.cargo().args([
        "run",
        "--profile",
        "bench",
        "-p",
        "perf-tests",
        "--bin",
        "bench",
        "--",
    ]);
    task.args(theirs).run()
}
