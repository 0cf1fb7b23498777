//! The Flatpak: the programs of a .deb on the runtime that has the web view. It comes from Flathub, so this asks the network.

use std::fs;
use std::path::Path;

use super::bundles;
use super::linux::VERSION;
use crate::failure::{Failure, Result};
use crate::process::{Task, say};
use crate::project::Project;

const ID: &str = "org.roomwire.app";
const MANIFEST: &str = "packaging/flatpak/org.roomwire.app.yml";
/// Where the runtime comes from, also on the computers of those who install the file.
const FLATHUB: &str = "https://dl.flathub.org/repo/flathub.flatpakrepo";

/// Builds it from `deb`, as one file that can be installed.
///
/// # Errors
/// When the .deb is not there, flatpak-builder is not, or Flathub cannot be reached.
pub(super) fn make(project: &Project, deb: &Path) -> Result<()> {
    let folder = bundles(project).join("flatpak");
    fs::create_dir_all(&folder).map_err(Failure::file("making", &folder))?;
    fs::copy(deb, folder.join("roomwire.deb")).map_err(Failure::file("copying", deb))?;
    let manifest = project.root.join(MANIFEST);
    let beside = folder.join(format!("{ID}.yml"));
    fs::copy(&manifest, &beside).map_err(Failure::file("copying", &manifest))?;
    let file = format!("Roomwire_{VERSION}_{}.flatpak", std::env::consts::ARCH);
    let flatpak = || Task::new("flatpak").folder(&folder);
    flatpak()
        .args(["remote-add", "--user", "--if-not-exists", "flathub", FLATHUB])
        .run()?;
    Task::new("flatpak-builder")
        .folder(&folder)
        .args([
            "--user",
            "--force-clean",
            "--install-deps-from=flathub",
            "--repo=repo",
            "build",
        ])
        .arg(&beside)
        .run()?;
    flatpak()
        .arg("build-bundle")
        .arg(format!("--runtime-repo={FLATHUB}"))
        .args(["repo", &file, ID])
        .run()?;
    say(&format!("package: {}", folder.join(&file).display()));
    Ok(())
}
