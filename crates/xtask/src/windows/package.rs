//! The installer and the portable archive.

use std::fs;
use std::path::{Path, PathBuf};

use super::{compiler, release};
use crate::desktop;
use crate::failure::{Failure, Result};
use crate::process::{Task, say};
use crate::project::Project;
use crate::setup::{self, Foreign};

/// This version, the workspace's one.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What is given away, beside the licences.
const PROGRAMS: [&str; 3] = ["roomwire-app.exe", "roomwire.exe", "WebView2Loader.dll"];
const LICENCES: [&str; 2] = ["LICENSE-MIT", "LICENSE-APACHE"];

/// Makes both.
///
/// # Errors
/// When set-up, build or packing fails.
pub(crate) fn package(project: &Project) -> Result<()> {
    let foreign = built(project)?;
    for made in [
        installer(project, &foreign, VERSION)?,
        portable(project, &foreign)?,
    ] {
        let bytes = fs::metadata(&made)
            .map_err(Failure::file("reading", &made))?
            .len();
        say(&format!(
            "package: {} ({:.1} MB)",
            made.display(),
            bytes as f64 / 1e6
        ));
    }
    Ok(())
}

/// The programs, compiled as they are given away.
///
/// # Errors
/// When set-up or build fails.
pub(super) fn built(project: &Project) -> Result<Foreign> {
    let foreign = compiler(project)?;
    let node = setup::interface(project)?;
    desktop::build_interface(project, &node)?;
    release(project, &foreign).run()?;
    Ok(foreign)
}

/// The installer, which says that it is of this `version`.
///
/// # Errors
/// When NSIS fails.
pub(super) fn installer(project: &Project, foreign: &Foreign, version: &str) -> Result<PathBuf> {
    let out = folder(project)?.join(format!("Roomwire_{version}_x64-setup.exe"));
    let define = |name: &str, value: &str| format!("-D{name}={value}");
    let programs = programs(foreign)?;
    Task::new("makensis")
        .args(["-V2", "-INPUTCHARSET", "UTF8"])
        .arg(define("VERSION", version))
        .arg(define("NUMBERS", &four_numbers(version)))
        .arg(define("PROGRAMS", &programs.to_string_lossy()))
        .arg(define("PROJECT", &project.root.to_string_lossy()))
        .arg(define("OUT", &out.to_string_lossy()))
        .arg(project.root.join("src-tauri/windows/installer.nsi"))
        .run()?;
    Ok(out)
}

/// The same files in an archive, to be used without being installed.
///
/// # Errors
/// When a file is lacking, or `zip` fails.
pub(super) fn portable(project: &Project, foreign: &Foreign) -> Result<PathBuf> {
    let out = folder(project)?.join(format!("Roomwire_{VERSION}_x64-portable.zip"));
    let name = format!("Roomwire-{VERSION}");
    let gathered = folder(project)?.join(&name);
    for old in [&out, &gathered] {
        let removed = if old.is_dir() {
            fs::remove_dir_all(old)
        } else {
            fs::remove_file(old)
        };
        removed
            .or_else(|error| if old.exists() { Err(error) } else { Ok(()) })
            .map_err(Failure::file("removing", old))?;
    }
    fs::create_dir_all(&gathered).map_err(Failure::file("making", &gathered))?;
    let programs = programs(foreign)?;
    let files = PROGRAMS.map(|file| programs.join(file));
    for file in files
        .into_iter()
        .chain(LICENCES.map(|file| project.root.join(file)))
    {
        let to = gathered.join(file.file_name().unwrap_or_default());
        fs::copy(&file, to).map_err(Failure::file("copying", &file))?;
    }
    // Without -X it would carry the numbers of this system's user.
    Task::new("zip")
        .args(["-q", "-9", "-X", "-r"])
        .args([out.as_os_str(), name.as_ref()])
        .folder(&folder(project)?)
        .run()?;
    fs::remove_dir_all(&gathered).map_err(Failure::file("removing", &gathered))?;
    Ok(out)
}

/// Where the programs are.
fn programs(foreign: &Foreign) -> Result<PathBuf> {
    let first = foreign.built("release", PROGRAMS[0]);
    let folder = first.parent().map(Path::to_path_buf);
    folder.ok_or_else(|| Failure::Message(format!("{} is in no folder", first.display())))
}

/// Where what is made is put.
fn folder(project: &Project) -> Result<PathBuf> {
    let folder = project.target.join("package").join("windows");
    fs::create_dir_all(&folder).map_err(Failure::file("making", &folder))?;
    Ok(folder)
}

/// A version as Windows has it: four numbers. What stands after `-` is left out.
fn four_numbers(version: &str) -> String {
    let numbers = version.split(['-', '+']).next().unwrap_or(version);
    format!("{numbers}.0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_has_four_numbers_for_a_version() {
        assert_eq!(four_numbers("0.1.0"), "0.1.0.0");
        assert_eq!(four_numbers("1.12.3-rc.1"), "1.12.3.0");
    }
}
