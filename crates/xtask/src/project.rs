//! Where things are: the checkout, its build folder, the cache that outlives both.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::process::{Task, say};

/// The checkout this tool belongs to.
pub(crate) struct Project {
    /// The top of the checkout.
    pub(crate) root: PathBuf,
    /// Where cargo builds.
    pub(crate) target: PathBuf,
    /// What is worth keeping between checkouts: tools, a clean system root.
    pub(crate) cache: PathBuf,
}

impl Project {
    /// Finds the checkout by what cargo says when it starts this tool (two checkouts may share a build folder), or else by
    /// where the tool was compiled, the build folder by where it runs from, and the cache by the
    /// platform's habit.
    ///
    /// # Errors
    /// When the checkout has moved since the tool was compiled.
    pub(crate) fn locate() -> Result<Project> {
        let here =
            std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&here).ancestors().nth(2).map(Path::to_path_buf);
        let root = root
            .filter(|root| root.join("Cargo.toml").is_file())
            .ok_or_else(|| {
                Failure::Message("the checkout has moved; start again with `cargo xtask`".into())
            })?;
        // This program is <target>/debug/xtask: cargo's own answer, however the folder was chosen.
        let running = std::env::current_exe().ok();
        let target = running
            .as_deref()
            .and_then(|exe| exe.ancestors().nth(2))
            .map(Path::to_path_buf);
        let target = target.unwrap_or_else(|| root.join("target"));
        let cache = cache_folder(|name| std::env::var_os(name)).unwrap_or_else(|| target.join("cache"));
        Ok(Project { root, target, cache })
    }

    /// The interface's folder.
    pub(crate) fn ui(&self) -> PathBuf {
        self.root.join("ui")
    }

    /// A cargo command, run at the top of the checkout.
    pub(crate) fn cargo(&self) -> Task {
        Task::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())).folder(&self.root)
    }

    /// A program that cargo built with the `dev` profile.
    pub(crate) fn built(&self, profile: &str, binary: &str) -> PathBuf {
        self.target
            .join(profile)
            .join(format!("{binary}{}", std::env::consts::EXE_SUFFIX))
    }

    /// A tool of cargo's from the cache, or compiled into it. Without optimisation cargo-deny takes 2 m 45 s of processor time, and a
    /// run still ends within seconds.
    ///
    /// # Errors
    /// When it is not there and cargo cannot install it.
    pub(crate) fn tool(&self, name: &str, version: &str) -> Result<PathBuf> {
        let folder = self.cache.join(format!("{name}-{version}"));
        let program = folder
            .join("bin")
            .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        if program.is_file() {
            return Ok(program);
        }
        say(&format!("setup: installing {name} into the cache, once"));
        let task = self
            .cargo()
            .args(["install", name, "--locked", "--debug", "--version"]);
        let task = task.arg(format!("^{version}")).arg("--root").arg(&folder);
        // A build folder of its own, removed when done: its half a gigabyte is of no use afterwards.
        let build = folder.join("build");
        let installed = task.env("CARGO_TARGET_DIR", &build).run();
        let _ = fs::remove_dir_all(&build);
        installed?;
        Ok(program)
    }

    /// Fails in words when a crate that a step needs is not in the checkout.
    ///
    /// # Errors
    /// When it has no manifest or no source.
    pub(crate) fn needs_crate(&self, folder: &str) -> Result<()> {
        let at = self.root.join(folder);
        if at.join("Cargo.toml").is_file() && !files_under(&at, "rs").is_empty() {
            return Ok(());
        }
        Err(Failure::Message(format!(
            "{folder} is not there, and this step is about it"
        )))
    }

    /// Fails in words when a crate has not one test: cargo would call that a success.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn needs_tests(&self, folder: &str) -> Result<()> {
        self.needs_crate(folder)?;
        let tested = |file: &PathBuf| fs::read_to_string(file).is_ok_and(|text| has_test(&text));
        if files_under(&self.root.join(folder), "rs").iter().any(tested) {
            return Ok(());
        }
        Err(Failure::Message(format!("{folder} has no test")))
    }
}

/// All files under `folder` with this ending, in order; none when the folder is not there.
pub(crate) fn files_under(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The user's cache folder for this project, from the environment that `get` reads; `None` where there is no home.
fn cache_folder(get: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let get = |name: &str| get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    get("ROOMWIRE_CACHE")
        .or_else(|| get("XDG_CACHE_HOME").map(|cache| cache.join("roomwire")))
        .or_else(|| get("LOCALAPPDATA").map(|local| local.join("roomwire").join("cache")))
        .or_else(|| get("HOME").map(|home| home.join(".cache").join("roomwire")))
}

/// Whether a source has a line that makes a function a test, whichever runtime it is for.
fn has_test(source: &str) -> bool {
    let mut attributes = source
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("#["));
    attributes.any(|line| line.starts_with("#[test]") || line.contains("::test"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Option<OsString> {
        move |name| {
            pairs
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, value)| (*value).into())
        }
    }

    #[test]
    fn the_named_cache_comes_before_the_platforms() {
        let found = cache_folder(with(&[
            ("HOME", "/h"),
            ("XDG_CACHE_HOME", "/x"),
            ("ROOMWIRE_CACHE", "/r"),
        ]));
        assert_eq!(found, Some(PathBuf::from("/r")));
        assert_eq!(
            cache_folder(with(&[("HOME", "/h")])),
            Some(PathBuf::from("/h/.cache/roomwire"))
        );
    }

    #[test]
    fn an_empty_variable_is_no_folder() {
        assert_eq!(cache_folder(with(&[("ROOMWIRE_CACHE", ""), ("HOME", "")])), None);
    }

    #[test]
    fn this_checkout_is_found() {
        let project = Project::locate().expect("the checkout");
        assert!(project.root.join("crates/xtask/Cargo.toml").is_file());
        assert!(project.needs_crate("crates/xtask").is_ok());
        assert!(project.needs_crate("crates/absent").is_err());
        assert!(project.needs_tests("crates/xtask").is_ok());
    }

    #[test]
    fn a_test_is_an_attribute_of_any_runtime_not_a_word() {
        assert!(has_test("    #[test]\n    fn a() {}"));
        assert!(has_test("#[tokio::test(start_paused = true)]"));
        assert!(!has_test("#[cfg(test)]\nmod tests {}\n// #[test]"));
    }
}
