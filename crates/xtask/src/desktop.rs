//! The built interface, and the desktop app around it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::failure::{Failure, Result};
use crate::process::Task;
use crate::project::Project;
use crate::setup::Node;

/// The desktop app's package, and its program.
pub(crate) const APP: &str = "roomwire-app";
/// With it the app carries the built interface inside; without it, it would look for Vite's server.
pub(crate) const EMBEDDED: &str = "roomwire-app/custom-protocol";

/// Builds `ui/dist` when any source of the interface is newer. Everything that compiles the shell needs it first.
///
/// # Errors
/// When the build fails, or the interface is not there.
pub(crate) fn build_interface(project: &Project, node: &Node) -> Result<()> {
    let ui = project.ui();
    let built = ui.join("dist").join("index.html");
    let built = fs::metadata(built).and_then(|found| found.modified()).ok();
    if built >= newest_under(&ui)? {
        return Ok(());
    }
    node.npm(project).args(["run", "build"]).run()
}

/// Compiles the app with the interface inside, in one selection of packages with its tests, so that nothing is built twice.
pub(crate) fn app_build(project: &Project) -> Task {
    selection(project.cargo().arg("build")).args(["--bins"])
}

/// The packages and features that every build and test of the desktop shell names alike: cargo unifies features over
/// what is selected, and another selection would compile half the libraries again.
pub(crate) fn selection(task: Task) -> Task {
    task.args(["-p", APP, "-p", "gui-tests", "--features", EMBEDDED])
}

/// When the newest file or folder under `folder` changed; what is built or installed there, or
/// tests it from outside, does not count.
fn newest_under(folder: &Path) -> Result<Option<SystemTime>> {
    let mut newest = None;
    let mut folders: Vec<PathBuf> = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(Failure::file("reading", &folder))?;
        for entry in entries.flatten() {
            let name = entry.file_name();
            if ["node_modules", "dist", "dist-browser", "e2e"]
                .iter()
                .any(|skipped| name == *skipped)
            {
                continue;
            }
            let Ok(metadata) = entry.metadata() else { continue };
            // A folder's own time changes when a file in it is removed or renamed.
            newest = newest.max(metadata.modified().ok());
            if metadata.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Ok(newest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn installed_packages_and_the_build_itself_are_no_sources() {
        let folder = std::env::temp_dir().join(format!("xtask-newest-{}", std::process::id()));
        for part in ["src", "dist", "node_modules"] {
            fs::create_dir_all(folder.join(part)).expect("folder");
        }
        let source = folder.join("src/main.ts");
        fs::write(&source, "1").expect("source");
        let future = SystemTime::now() + Duration::from_secs(3600);
        for file in ["dist/index.html", "node_modules/x.js"] {
            let file = fs::File::create(folder.join(file)).expect("file");
            file.set_modified(future).expect("time");
        }
        let newest = newest_under(&folder).expect("readable");
        let changed = future + Duration::from_secs(1);
        fs::File::options()
            .write(true)
            .open(&source)
            .expect("source")
            .set_modified(changed)
            .expect("time");
        let after = newest_under(&folder).expect("readable");
        fs::remove_dir_all(&folder).expect("tidy");
        assert!(
            newest < Some(future),
            "what is built or installed counted as a source"
        );
        assert_eq!(after, Some(changed), "a changed source was not seen");
    }
}
