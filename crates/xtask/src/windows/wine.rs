//! Windows' programs, run by Wine.

mod incapable;

use std::fs;
use std::path::PathBuf;

use super::package::{VERSION, built, installer, portable};
use super::{compiler, tools};
use crate::failure::{Failure, Result};
use crate::process::{Task, say};
use crate::project::Project;
use crate::setup::Foreign;

/// The crates whose tests run under Wine, with the folders that they are in. Not among them are `app`, `cli` and
/// `tests/loopback`, which open many rooms at once: all sockets go through Wine's one server, which is late then, and ended in
/// the middle of the last of the three.
const TESTED: [(&str, &str); 5] = [
    ("netcore-proto", "crates/netcore-proto"),
    ("netem", "crates/netem"),
    ("netcore", "crates/netcore"),
    ("media", "crates/media"),
    ("report", "crates/report"),
];

/// A version older than any, for an installation that is then upgraded.
const OLDER: &str = "0.0.1";

/// Runs the crates' tests.
///
/// # Errors
/// When set-up, build or any test fails.
pub(crate) fn test_crates(project: &Project) -> Result<()> {
    let foreign = compiler(project)?;
    crates(project, &foreign, &Wine::anew(project)?)
}

/// Installs what the installer brings, and talks with the installed program.
///
/// # Errors
/// When set-up, build or any test fails.
pub(crate) fn test_installer(project: &Project) -> Result<()> {
    compiler(project)?;
    installed(project, &Wine::anew(project)?)
}

/// `cargo test` of the crates, for Windows.
fn crates(project: &Project, foreign: &Foreign, windows: &Wine) -> Result<()> {
    for (_, folder) in TESTED {
        project.needs_tests(folder)?;
    }
    let named = || {
        let named = TESTED.iter().flat_map(|(package, _)| ["-p", package]);
        let task = foreign.cargo(project, "test").args(named);
        // Examples in the documentation are the protocol's, which knows no system.
        let task = windows
            .in_its_environment(task)
            .args(["--lib", "--bins", "--tests"]);
        task.env(&foreign.runner_variable(), "wine")
    };
    named().arg("--no-run").run()?;
    let listed = named()
        .args(["--", "--list", "--format", "terse"])
        .ask()
        .unwrap_or_default();
    incapable::say_which(&listed)?;
    named().args(["--", "--exact"]).args(incapable::skipped()).run()
}

/// `tests/windows`: what is given away, installed, used and removed.
fn installed(project: &Project, windows: &Wine) -> Result<()> {
    project.needs_tests("tests/windows")?;
    let foreign = built(project)?;
    let older = installer(project, &foreign, OLDER)?;
    let setup = installer(project, &foreign, VERSION)?;
    let archive = portable(project, &foreign)?;
    project.cargo().args(["build", "-p", "cli", "--bins"]).run()?;
    let task = project.cargo().args(["test", "-p", "windows-tests"]);
    windows
        .in_its_environment(task)
        .env("ROOMWIRE_SETUP", setup)
        .env("ROOMWIRE_OLDER_SETUP", older)
        .env("ROOMWIRE_PORTABLE", archive)
        .env("ROOMWIRE_CLI", project.built("debug", "roomwire"))
        .run()
}

/// A Windows below the build folder, on which nothing was ever installed: Wine calls it a prefix. It takes 700 MB, and is
/// removed when dropped.
struct Wine {
    prefix: PathBuf,
}

impl Wine {
    /// Makes one, which takes some seconds.
    fn anew(project: &Project) -> Result<Wine> {
        let wine = Wine {
            prefix: project.target.join("wine"),
        };
        wine.remove()?;
        say("windows: making a Windows for Wine");
        // The person's folders there are links into a home, which is one of its own.
        let home = wine.prefix.join("home");
        let downloads = home.join("Downloads");
        fs::create_dir_all(&downloads).map_err(Failure::file("making", &downloads))?;
        let boot = Task::new("wineboot").arg("--init").env("HOME", home);
        wine.in_its_environment(boot).run()?;
        // Its server ends by itself when nothing has run for some seconds, and writes the registry then.
        wine.in_its_environment(Task::new("wineserver").arg("--wait"))
            .run()?;
        wine.add_shim(project)?;
        Ok(wine)
    }

    fn remove(&self) -> Result<()> {
        if !self.prefix.exists() {
            return Ok(());
        }
        fs::remove_dir_all(&self.prefix).map_err(Failure::file("removing", &self.prefix))
    }

    /// Without a display, without its own messages, without the offer to bring .NET and a browser, and without entries for
    /// what is installed in this system's own menus.
    fn in_its_environment(&self, task: Task) -> Task {
        task.env("WINEPREFIX", &self.prefix)
            .env("WINEARCH", "win64")
            .env("WINEDEBUG", "-all")
            .env("WINEDLLOVERRIDES", "mscoree,mshtml,winemenubuilder.exe=")
            .env("DISPLAY", "")
    }

    /// Rust's standard library takes chance from a library of Windows that Debian 12's Wine has not yet.
    fn add_shim(&self, project: &Project) -> Result<()> {
        let source = project.root.join("tests/windows/bcryptprimitives.c");
        let library = self.prefix.join("drive_c/windows/system32/bcryptprimitives.dll");
        let task = Task::new(tools().cc).args(["-shared", "-O2", "-o"]);
        task.arg(library).arg(source).arg("-ladvapi32").run()
    }
}

impl Drop for Wine {
    fn drop(&mut self) {
        // What is left costs disk only, and the next run removes it.
        let _ = self
            .in_its_environment(Task::new("wineserver").arg("--wait"))
            .succeeds();
        let _ = self.remove();
    }
}
