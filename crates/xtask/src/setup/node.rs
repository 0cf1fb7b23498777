//! Node.js, new enough for the interface's tools, and the interface's packages.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Manager, this_manager};
use crate::failure::{Failure, Result};
use crate::process::{Task, say};
use crate::project::Project;

/// What Vite 8 asks for in its `engines`.
const OLDEST: Version = Version { major: 20, minor: 19 };

/// The release line brought from the npm registry when the system's own Node.js is too old (Debian 12 has 18).
const BROUGHT: &str = "node@22";

/// The version of Tauri's tool, of the same line as the library in `src-tauri`.
const TAURI_CLI: &str = "2.12.5";

/// A Node.js that is new enough.
pub(crate) struct Node {
    /// The search path under which `node` is that one.
    path: Option<OsString>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    major: u32,
    minor: u32,
}

impl Version {
    /// From what `node --version` prints: `v20.19.4`.
    fn parse(printed: &str) -> Option<Version> {
        let mut parts = printed.trim().strip_prefix('v')?.split('.');
        Some(Version {
            major: parts.next()?.parse().ok()?,
            minor: parts.next()?.parse().ok()?,
        })
    }
}

impl Node {
    /// Finds Node.js on the path, or in the cache, or installs it.
    ///
    /// # Errors
    /// When there is none, or too old a one, and no newer one can be had.
    pub(super) fn ensure(project: &Project) -> Result<Node> {
        let system = Node { path: None };
        let brought = Node::in_folder(&project.cache.join("node"))?;
        if let Some(found) = [system, brought]
            .into_iter()
            .find(|node| node.version() >= Some(OLDEST))
        {
            return Ok(found);
        }
        let (major, minor) = (OLDEST.major, OLDEST.minor);
        let Some(manager) = this_manager() else {
            return Err(Failure::Message(format!(
                "Node.js {major}.{minor} or newer is needed; it is at nodejs.org"
            )));
        };
        say(&format!("setup: Node.js {major}.{minor} or newer is needed"));
        super::install(manager, manager.node())?;
        let system = Node { path: None };
        if system.version() >= Some(OLDEST) {
            return Ok(system);
        }
        Node::bring(project, manager)
    }

    /// Brings a newer Node.js by the system's own npm.
    fn bring(project: &Project, manager: Manager) -> Result<Node> {
        say(&format!(
            "setup: this system's Node.js is too old; bringing {BROUGHT} from the npm registry into the cache"
        ));
        let folder = project.cache.join("node");
        fs::create_dir_all(&folder).map_err(Failure::file("making", &folder))?;
        let task = Task::new(npm_program())
            .args(["install", "--no-audit", "--no-fund", "--prefix"])
            .arg(&folder);
        task.arg(BROUGHT).run()?;
        let brought = Node::in_folder(&folder)?;
        if brought.version() >= Some(OLDEST) {
            return Ok(brought);
        }
        let packages = manager.node().join(" ");
        Err(Failure::Message(format!(
            "Node.js {}.{} or newer is needed, and {packages} bring none",
            OLDEST.major, OLDEST.minor
        )))
    }

    fn in_folder(folder: &Path) -> Result<Node> {
        let bin = folder.join("node_modules").join("node").join("bin");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&path)))
            .map_err(|_| Failure::Message(format!("{} cannot stand in a search path", folder.display())))?;
        Ok(Node { path: Some(path) })
    }

    fn version(&self) -> Option<Version> {
        // `env` of the child does not change where this process looks for programs, so the brought one is asked by its path.
        let program = match &self.path {
            Some(path) => std::env::split_paths(path)
                .next()?
                .join(format!("node{}", std::env::consts::EXE_SUFFIX)),
            None => PathBuf::from("node"),
        };
        Version::parse(&Task::new(program).arg("--version").ask()?)
    }

    /// npm, running under this Node.js in the interface's folder.
    pub(crate) fn npm(&self, project: &Project) -> Task {
        self.under(Task::new(npm_program()).folder(&project.ui()))
    }

    /// Tauri's own tool, run at the top of the checkout; brought from the npm registry into the cache the first time.
    ///
    /// It is not among the interface's packages: only packaging needs it, and its 20 MB are built for one platform each.
    ///
    /// # Errors
    /// When it is not there and npm cannot bring it.
    pub(crate) fn tauri(&self, project: &Project) -> Result<Task> {
        let folder = project.cache.join(format!("tauri-cli-{TAURI_CLI}"));
        let script = if cfg!(windows) { "tauri.cmd" } else { "tauri" };
        let tool = folder.join("node_modules").join(".bin").join(script);
        if !tool.is_file() {
            say("setup: bringing Tauri's packaging tool into the cache, once");
            fs::create_dir_all(&folder).map_err(Failure::file("making", &folder))?;
            let task =
                self.under(Task::new(npm_program()))
                    .args(["install", "--no-audit", "--no-fund", "--prefix"]);
            task.arg(&folder)
                .arg(format!("@tauri-apps/cli@{TAURI_CLI}"))
                .run()?;
        }
        Ok(self.under(Task::new(tool).folder(&project.root)))
    }

    /// The same task, finding this Node.js first.
    fn under(&self, task: Task) -> Task {
        match &self.path {
            Some(path) => task.env("PATH", path),
            None => task,
        }
    }

    /// `npm ci`, only when the lock file differs from the one last installed.
    ///
    /// # Errors
    /// When npm fails twice.
    pub(super) fn install_packages(&self, project: &Project) -> Result<()> {
        let lock = project.ui().join("package-lock.json");
        let stamp = project.ui().join("node_modules").join(".installed-lock.json");
        let wanted = fs::read(&lock).map_err(Failure::file("reading", &lock))?;
        if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(());
        }
        say("setup: installing the interface's packages");
        let install = || {
            let task = self.npm(project).args(["ci", "--no-audit", "--no-fund"]);
            task.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1").run()
        };
        install().or_else(|_| install())?;
        fs::write(&stamp, wanted).map_err(Failure::file("writing", &stamp))
    }
}

/// On Windows npm is a script, which is started by its whole name only.
fn npm_program() -> &'static str {
    if cfg!(windows) { "npm.cmd" } else { "npm" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_own_words_are_read() {
        assert_eq!(
            Version::parse("v20.19.4\n"),
            Some(Version { major: 20, minor: 19 })
        );
        assert_eq!(Version::parse("20.19.4"), None);
        assert_eq!(Version::parse("v20"), None);
        assert_eq!(Version::parse(""), None);
    }

    #[test]
    fn debian_12s_own_is_too_old_and_the_next_line_is_not() {
        assert!(Version::parse("v18.20.4") < Some(OLDEST));
        assert!(Version::parse("v20.18.1") < Some(OLDEST));
        assert!(Version::parse("v20.20.2") >= Some(OLDEST));
        assert!(Version::parse("v22.12.0") >= Some(OLDEST));
        assert!(None < Some(OLDEST), "no Node.js at all is not new enough");
    }
}
