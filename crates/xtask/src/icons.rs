//! `cargo xtask icons`: every size of the icon from `icons/app.svg`, by Tauri's own tool.

use std::fs;

use crate::failure::{Failure, Result};
use crate::process::say;
use crate::project::Project;
use crate::setup;

/// What the bundles of the three systems name in `tauri.conf.json`; the tool makes more, for stores and phones.
const KEPT: [&str; 6] = [
    "32x32.png",
    "128x128.png",
    "128x128@2x.png",
    "icon.png",
    "icon.ico",
    "icon.icns",
];

/// Makes the sizes anew.
///
/// # Errors
/// When the tool fails or makes less than the bundles name.
pub(crate) fn icons(project: &Project) -> Result<()> {
    let node = setup::interface(project)?;
    let made = project.target.join("icons");
    let icons = project.root.join("icons");
    node.npm(project)
        .args(["exec", "--", "tauri", "icon", "--output"])
        .arg(&made)
        .arg(icons.join("app.svg"))
        .run()?;
    for name in KEPT {
        let from = made.join(name);
        fs::copy(&from, icons.join(name)).map_err(Failure::file("copying", &from))?;
    }
    fs::remove_dir_all(&made).map_err(Failure::file("removing", &made))?;
    say(&format!("icons: {} sizes from app.svg", KEPT.len()));
    Ok(())
}
