//! `cargo xtask package`: the installable package, and a clean system to try it in.

use std::fs;
use std::path::{Path, PathBuf};

use crate::desktop;
use crate::failure::{Failure, Result};
use crate::process::say;
use crate::project::Project;
use crate::setup::{self, Need};
use crate::split_at_dashes;

/// Makes the package; with `--test` tries it too; with `--try` tries one that is there already. What stands after `--` goes to Tauri's tool, instead of the kinds of
/// bundle that are made without asking the network.
///
/// # Errors
/// When set-up, build or trial fails.
pub(crate) fn package(project: &Project, arguments: &[String]) -> Result<()> {
    let (ours, theirs) = split_at_dashes(arguments);
    match ours {
        [] => make(project, theirs),
        [only] if only == "--test" => {
            setup::system(&[Need::Test])?;
            make(project, theirs)?;
            try_in_clean_system(project)
        }
        [first, deb] if first == "--try" => {
            setup::system(&[Need::Test])?;
            try_this(project, Path::new(deb))
        }
        _ => Err(Failure::Message(format!(
            "package takes --test, or --try and a .deb, and -- …, not `{}`",
            ours.join(" ")
        ))),
    }
}

/// Builds the app as it is given away, and bundles it.
///
/// # Errors
/// When set-up or build fails.
pub(crate) fn make(project: &Project, arguments: &[String]) -> Result<()> {
    setup::system(&[Need::Core, Need::App])?;
    project.needs_crate("src-tauri")?;
    let node = setup::interface(project)?;
    desktop::build_interface(project, &node)?;
    let usual = ["--bundles", usual_bundles()].map(str::to_owned);
    let arguments = if arguments.is_empty() {
        &usual[..]
    } else {
        arguments
    };
    let task = node.tauri(project)?.arg("build").args(arguments);
    if cfg!(target_os = "linux") {
        project.needs_crate("crates/cli")?;
        let task = task
            .arg("--config")
            .arg(with_terminal_program(&project.built("release", "roomwire")));
        // Selected together, app and terminal program share every library that both use.
        task.args(["--", "-p", desktop::APP, "-p", "cli"]).run()?;
    } else {
        task.run()?;
    }
    say(&format!("package: in {}", bundles(project).display()));
    Ok(())
}

/// Installs the newest .deb into a clean system, starts it there, looks at the screen, and removes it again.
///
/// # Errors
/// When any of that fails.
pub(crate) fn try_in_clean_system(project: &Project) -> Result<()> {
    try_this(project, &newest(&bundles(project).join("deb"), "deb")?)
}

/// The same with the package that is named: `tests/package` does it.
fn try_this(project: &Project, deb: &Path) -> Result<()> {
    let deb = std::path::absolute(deb).map_err(Failure::file("finding", deb))?;
    let task = project.cargo().args(["test", "-p", "package-tests"]);
    let task = task.env("ROOMWIRE_DEB", deb);
    task.env("ROOMWIRE_CACHE", &project.cache).run()
}

/// Tauri's settings that put the terminal program beside the app. Where cargo built it is known only now.
fn with_terminal_program(program: &Path) -> String {
    let files = format!(
        r#"{{"files":{{"/usr/bin/roomwire":{:?}}}}}"#,
        program.display().to_string()
    );
    format!(r#"{{"bundle":{{"linux":{{"deb":{files},"rpm":{files}}}}}}}"#)
}

/// The kinds that need neither a store's key nor a download.
fn usual_bundles() -> &'static str {
    match std::env::consts::OS {
        "macos" => "app,dmg",
        "windows" => "nsis",
        _ => "deb",
    }
}

fn bundles(project: &Project) -> PathBuf {
    project.target.join("release").join("bundle")
}

/// The last made file with this ending: a version before may still lie beside it.
fn newest(folder: &Path, ending: &str) -> Result<PathBuf> {
    let entries = fs::read_dir(folder).map_err(Failure::file("reading", folder))?;
    let files = entries.flatten().map(|entry| entry.path());
    let files = files.filter(|path| path.extension().is_some_and(|found| found == ending));
    let made = |path: &PathBuf| fs::metadata(path).and_then(|found| found.modified()).ok();
    files
        .max_by_key(made)
        .ok_or_else(|| Failure::Message(format!("there is no .{ending} in {}", folder.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};

    #[test]
    fn the_terminal_program_is_packed_from_where_cargo_built_it() {
        let settings = with_terminal_program(Path::new("/t/release/roomwire"));
        let files = r#"{"files":{"/usr/bin/roomwire":"/t/release/roomwire"}}"#;
        assert_eq!(
            settings,
            format!(r#"{{"bundle":{{"linux":{{"deb":{files},"rpm":{files}}}}}}}"#)
        );
    }

    #[test]
    fn the_package_made_last_is_the_one_tried() {
        let folder = std::env::temp_dir().join(format!("xtask-newest-deb-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("folder");
        let made = |name: &str, seconds| {
            let file = fs::File::create(folder.join(name)).expect("file");
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
                .expect("time");
        };
        made("roomwire_0.10.0_amd64.deb", 10);
        made("roomwire_0.9.0_amd64.deb", 20);
        made("control.tar", 30);
        let found = newest(&folder, "deb");
        fs::remove_dir_all(&folder).expect("tidy");
        assert!(found.expect("one").ends_with("roomwire_0.9.0_amd64.deb"));
    }
}
