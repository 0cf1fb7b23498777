//! `cargo xtask package`: the installable packages, and a clean system to try them in.

mod flatpak;
mod linux;
mod needs;

use std::fs;
use std::path::{Path, PathBuf};

use crate::desktop;
use crate::failure::{Failure, Result};
use crate::process::say;
use crate::project::Project;
use crate::setup::{self, Need, Node};
use crate::split_at_dashes;
use crate::windows;

/// Makes the packages; with `--test` tries them too; with `--try` tries one .deb that is there already, in this release of
/// Debian or Ubuntu or in a named one; with `--flatpak` makes a Flatpak of one. What stands after `--` goes to Tauri's tool, instead of
/// the kinds of bundle that are made without asking the network.
///
/// # Errors
/// When set-up, build or trial fails.
pub(crate) fn package(project: &Project, arguments: &[String]) -> Result<()> {
    let (ours, theirs) = split_at_dashes(arguments);
    let words: Vec<&str> = ours.iter().map(String::as_str).collect();
    match words[..] {
        [] => make(project, theirs),
        ["--test"] => {
            make(project, theirs)?;
            test(project)
        }
        ["--target", "windows"] => windows::package(project),
        ["--try", deb] => try_in_clean_system(project, Path::new(deb), None),
        ["--try", deb, suite] => try_in_clean_system(project, Path::new(deb), Some(suite)),
        ["--flatpak", deb] => flatpak::make(project, Path::new(deb)),
        _ => Err(Failure::Message(format!(
            "package takes --test; or --target windows; or --try, a .deb and perhaps a release such as jammy; or --flatpak and a .deb; and -- …; not `{}`",
            ours.join(" ")
        ))),
    }
}

/// Builds the programs as they are given away, and bundles them.
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
    if cfg!(target_os = "linux") {
        for_linux(project, &node, arguments)?;
    } else {
        node.tauri(project)?.arg("build").args(arguments).run()?;
    }
    gather(project)?;
    say(&format!("package: in {}", gathered(project).display()));
    Ok(())
}

/// The endings of what a person can install or start.
const GIVEN_AWAY: [&str; 9] = [
    "deb", "rpm", "xz", "AppImage", "flatpak", "exe", "msi", "zip", "dmg",
];

/// Where the last made packages are, and nothing else.
pub(crate) fn gathered(project: &Project) -> PathBuf {
    project.target.join("dist")
}

/// Copies what was made into one folder.
fn gather(project: &Project) -> Result<()> {
    let folder = gathered(project);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(Failure::file("removing", &folder))?;
    }
    fs::create_dir_all(&folder).map_err(Failure::file("making", &folder))?;
    let bundles = bundles(project);
    let kinds = fs::read_dir(&bundles).map_err(Failure::file("reading", &bundles))?;
    for kind in kinds.flatten().map(|entry| entry.path()) {
        // A file between the folders is none of a package's.
        let files = fs::read_dir(kind).into_iter().flatten().flatten();
        for file in files.map(|entry| entry.path()).filter(|path| is_given_away(path)) {
            let name = file.file_name().unwrap_or_default();
            fs::copy(&file, folder.join(name)).map_err(Failure::file("copying", &file))?;
        }
    }
    Ok(())
}

/// A package of this version: one of another may lie there since before.
fn is_given_away(path: &Path) -> bool {
    let has_ending = path
        .extension()
        .is_some_and(|ending| GIVEN_AWAY.iter().any(|known| ending == *known));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    has_ending && name.contains(env!("CARGO_PKG_VERSION"))
}

/// First the programs, then what is made from them (manual, completions, dependencies), then the packages of both.
fn for_linux(project: &Project, node: &Node, arguments: &[String]) -> Result<()> {
    project.needs_crate("crates/cli")?;
    let build = node.tauri(project)?.args(["build", "--no-bundle"]);
    // Selected together, app and terminal program share every library that both use.
    build.args(["--", "-p", desktop::APP, "-p", "cli"]).run()?;
    let moment = linux::Moment::of(project);
    let staged = linux::stage(project, &moment)?;
    let settings = staged.with_extension("json");
    fs::write(&settings, linux::settings(project, &staged)?).map_err(Failure::file("writing", &settings))?;
    let bundle = node.tauri(project)?.arg("bundle").args(arguments);
    bundle.arg("--config").arg(&settings).run()?;
    if let Ok(deb) = newest(&bundles(project).join("deb"), "deb") {
        linux::pack_tightly(project, &deb, &moment)?;
    }
    linux::tarball(project, &staged, &moment)?;
    Ok(())
}

/// Looks at every package that was made, and installs the newest .deb and .rpm into a clean system.
///
/// # Errors
/// When any of that fails.
pub(crate) fn test(project: &Project) -> Result<()> {
    setup::system(&[Need::Test, Need::Package])?;
    let task = project.cargo().args(["test", "-p", "package-tests"]);
    let task = task.env("ROOMWIRE_BUNDLES", bundles(project));
    task.env("ROOMWIRE_CACHE", &project.cache).run()
}

/// Only the clean system, of the named release or of this one, and only with this .deb.
fn try_in_clean_system(project: &Project, deb: &Path, suite: Option<&str>) -> Result<()> {
    setup::system(&[Need::Test])?;
    let deb = std::path::absolute(deb).map_err(Failure::file("finding", deb))?;
    let task = project
        .cargo()
        .args(["test", "-p", "package-tests", "one_deb", "--", "--ignored"]);
    let task = task
        .env("ROOMWIRE_DEB", deb)
        .env("ROOMWIRE_CACHE", &project.cache);
    task.env("ROOMWIRE_SUITE", suite.unwrap_or_default()).run()
}

/// The kinds that need neither a store's key nor a download.
fn usual_bundles() -> &'static str {
    match std::env::consts::OS {
        "macos" => "app,dmg",
        "windows" => "nsis",
        _ => "deb,rpm",
    }
}

/// Where every kind of package has its folder.
pub(crate) fn bundles(project: &Project) -> PathBuf {
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
    fn packages_of_this_version_are_given_away_and_nothing_beside_them() {
        let version = env!("CARGO_PKG_VERSION");
        for name in [
            "Roomwire_V_amd64.deb",
            "Roomwire-V-1.x86_64.rpm",
            "roomwire-V-linux-x86_64.tar.xz",
        ] {
            assert!(is_given_away(Path::new(&name.replace('V', version))), "{name}");
        }
        assert!(!is_given_away(Path::new("Roomwire_0.0.9_amd64.deb")));
        assert!(!is_given_away(Path::new(&format!("Roomwire_{version}_amd64"))));
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
