//! What is written for macOS, looked at from Linux by the compiler and by clippy. Nothing of it is run here, and the programs
//! are not linked: Apple's frameworks come with Apple's tools only.

use crate::desktop;
use crate::failure::Result;
use crate::process::say;
use crate::project::Project;
use crate::setup::{self, Foreign, Need, zig};

/// A Mac with Apple's own processor. For one with Intel's, the vendored libjpeg-turbo cannot be configured from here, and nothing
/// of ours differs.
const TARGET: &str = "aarch64-apple-darwin";

/// The whole workspace with its tests.
///
/// # Errors
/// When a compiler cannot be had, or has anything to say.
pub(super) fn check(project: &Project) -> Result<()> {
    if !cfg!(target_os = "linux") {
        say("macos: what is written for macOS is looked at on a Mac by `lints`, and by this part on Linux");
        return Ok(());
    }
    setup::system(&[Need::Core])?;
    let node = setup::interface(project)?;
    desktop::build_interface(project, &node)?;
    let foreign = Foreign::ensure(project, TARGET, zig::tools(project, TARGET)?)?;
    let clippy = foreign
        .cargo(project, "clippy")
        .args(["--workspace", "--all-targets"]);
    clippy
        .args(["--features", desktop::EMBEDDED, "--", "-D", "warnings"])
        .run()
}
