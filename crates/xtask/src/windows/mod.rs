//! Roomwire for Windows, made and tried on another system: compiled by MinGW's tools, packed by NSIS, run by Wine.

mod package;
mod wine;

use std::path::PathBuf;

use crate::desktop;
use crate::failure::{Failure, Result};
use crate::process::Task;
use crate::project::Project;
use crate::setup::{self, Foreign, Need, Tools};

pub(crate) use package::package;
pub(crate) use wine::{test_crates, test_installer};

/// The one Windows that can be built for from here; Microsoft's own compiler runs on Windows only.
const TARGET: &str = "x86_64-pc-windows-gnu";

/// MinGW's compilers that speak POSIX threads, as Rust's standard library for this target expects.
fn tools() -> Tools {
    let tool = |name: &str| PathBuf::from(format!("x86_64-w64-mingw32-{name}"));
    Tools {
        cc: tool("gcc-posix"),
        cxx: tool("g++-posix"),
        ar: tool("ar"),
        ranlib: tool("ranlib"),
        linker: tool("gcc-posix"),
    }
}

/// Where Windows is built for.
pub(crate) const WHERE: &str =
    "Windows is built for on x86-64 Debian and Ubuntu, where its tools have known names";

/// Whether Windows' programs can be made and run here.
pub(crate) fn can_be_made_here() -> bool {
    cfg!(all(target_os = "linux", target_arch = "x86_64")) && setup::has_debian_packages()
}

/// The compiler for Windows, with all that it needs.
///
/// # Errors
/// When something is lacking and cannot be brought.
fn compiler(project: &Project) -> Result<Foreign> {
    if !can_be_made_here() {
        return Err(Failure::Message(WHERE.into()));
    }
    setup::system(&[Need::Core, Need::Windows])?;
    Foreign::ensure(project, TARGET, tools())
}

/// Both programs as they are given away, in one selection, so that they share every library.
fn release(project: &Project, foreign: &Foreign) -> Task {
    let task = foreign.cargo(project, "build").arg("--release");
    task.args(["-p", desktop::APP, "-p", "cli", "--bins"])
        .args(["--features", desktop::EMBEDDED])
}
