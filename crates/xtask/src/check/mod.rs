//! `cargo xtask check`: everything a reviewer should not have to look for.

mod capabilities;
mod macos;
mod modules;
mod shape;
mod walls;
mod words;
mod workflows;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::desktop;
use crate::failure::{Failure, Result};
use crate::process::{Task, say};
use crate::project::Project;
use crate::setup::{self, Need};

struct Part {
    name: &'static str,
    about: &'static str,
    run: fn(&Project) -> Result<()>,
}

/// From quick to slow.
const PARTS: &[Part] = &[
    Part {
        name: "format",
        about: "rustfmt, and Prettier for the interface",
        run: format,
    },
    Part {
        name: "shape",
        about: "every capability at every layer, every file in its crate; invariants and walls",
        run: shape::check,
    },
    Part {
        name: "words",
        about: "the field's own words, by CONTRIBUTING's glossary",
        run: words::check,
    },
    Part {
        name: "workflows",
        about: "actions are named by their hashes, and what is called of this tool exists",
        run: workflows::check,
    },
    Part {
        name: "paths",
        about: "no file names a folder of one person's machine",
        run: paths,
    },
    Part {
        name: "interface",
        about: "ESLint with its import rules, svelte-check, tsc",
        run: interface,
    },
    Part {
        name: "licences",
        about: "cargo deny: licences, sources, duplicates, advisories",
        run: licences,
    },
    Part {
        name: "lints",
        about: "clippy, all targets, no warning",
        run: lints,
    },
    Part {
        name: "macos",
        about: "clippy for macOS, all targets, no warning",
        run: macos::check,
    },
    Part {
        name: "bindings",
        about: "the generated TypeScript is the one committed",
        run: bindings,
    },
];

/// Whether there is a part of this name.
fn knows_part(name: &str) -> bool {
    PARTS.iter().any(|part| part.name == name)
}

/// Runs all parts, or those named; a failing part does not keep the later ones from being looked at.
///
/// # Errors
/// When a name is unknown, or any part fails.
pub(crate) fn check(project: &Project, arguments: &[String]) -> Result<()> {
    if arguments.iter().any(|argument| argument == "--list") {
        PARTS
            .iter()
            .for_each(|part| say(&format!("{:<10} {}", part.name, part.about)));
        return Ok(());
    }
    if let Some(unknown) = arguments.iter().find(|name| !knows_part(name)) {
        return Err(Failure::Message(format!(
            "there is no part `{unknown}`; `cargo xtask check --list` names them"
        )));
    }
    let mut failed = Vec::new();
    for part in PARTS
        .iter()
        .filter(|part| arguments.is_empty() || arguments.iter().any(|name| name == part.name))
    {
        say(&format!("\n── {}: {}", part.name, part.about));
        if let Err(failure) = (part.run)(project) {
            say(&format!("{failure}"));
            failed.push(part.name);
        }
    }
    if failed.is_empty() {
        say("\ncheck: nothing to say");
        return Ok(());
    }
    Err(Failure::Message(format!("check failed: {}", failed.join(", "))))
}

fn format(project: &Project) -> Result<()> {
    project.cargo().args(["fmt", "--all", "--check"]).run()?;
    let node = setup::interface(project)?;
    node.npm(project).args(["run", "format:check"]).run()
}

fn lints(project: &Project) -> Result<()> {
    setup::system(&[Need::Core, Need::App])?;
    let node = setup::interface(project)?;
    desktop::build_interface(project, &node)?;
    let task = project.cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--features",
        desktop::EMBEDDED,
    ]);
    task.args(["--", "-D", "warnings"]).run()
}

fn interface(project: &Project) -> Result<()> {
    let node = setup::interface(project)?;
    node.npm(project).args(["run", "lint"]).run()?;
    node.npm(project).args(["run", "check"]).run()
}

/// The version of cargo-deny that the configuration is written for.
const CARGO_DENY: &str = "0.20";

fn licences(project: &Project) -> Result<()> {
    setup::system(&[Need::Core])?;
    let deny = project.tool("cargo-deny", CARGO_DENY)?;
    let deny = || {
        Task::new(&deny)
            .folder(&project.root)
            .args(["--log-level", "error", "check"])
    };
    deny().args(["bans", "licenses", "sources"]).run()?;
    // The advisory database is a git repository of its own: without a connection to it there is nothing to compare with.
    if !Task::new("git")
        .args(["ls-remote", "-q", ADVISORIES, "HEAD"])
        .env("GIT_TERMINAL_PROMPT", "0")
        .succeeds()
    {
        say("licences: the advisory database cannot be reached from here, so advisories were NOT checked");
        return Ok(());
    }
    deny().arg("advisories").run()
}

const ADVISORIES: &str = "https://github.com/RustSec/advisory-db";

/// Compares what ts-rs generates now, formatted as the interface is, with what is committed.
fn bindings(project: &Project) -> Result<()> {
    setup::system(&[Need::Core])?;
    let fresh = project.target.join("bindings");
    let _ = fs::remove_dir_all(&fresh);
    let task = project
        .cargo()
        .args(["test", "-p", "app", "--lib", "export_bindings"]);
    task.env("TS_RS_EXPORT_DIR", &fresh).run()?;
    let node = setup::interface(project)?;
    let format = node.npm(project).args(["exec", "--", "prettier"]);
    let settings = project.ui().join(".prettierrc.json");
    format
        .args(["--log-level", "warn", "--write", "--config"])
        .arg(settings)
        .arg(fresh.join("contract.ts"))
        .run()?;
    let committed = texts(&project.ui().join("src").join("bindings"))?;
    let difference = differing(&committed, &texts(&fresh)?);
    if difference.is_empty() {
        return Ok(());
    }
    Err(Failure::Message(format!(
        "ui/src/bindings is stale in {}; take the files from {}",
        difference.join(", "),
        fresh.display()
    )))
}

fn texts(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder)
        .map_err(Failure::file("reading", folder))?
        .flatten()
    {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "ts") {
            let text = fs::read_to_string(&path).map_err(Failure::file("reading", &path))?;
            found.insert(
                entry.file_name().to_string_lossy().into_owned(),
                text.replace("\r\n", "\n"),
            );
        }
    }
    Ok(found)
}

/// The names of files that are in one only, or differ.
fn differing(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> Vec<String> {
    let mut names: Vec<_> = one.keys().chain(other.keys()).cloned().collect();
    names.sort();
    names.dedup();
    names.retain(|name| one.get(name) != other.get(name));
    names
}

/// Fails when a tracked text names this checkout's folder or this person's home.
fn paths(project: &Project) -> Result<()> {
    let Some(listed) = Task::new("git")
        .args(["ls-files", "-z"])
        .folder(&project.root)
        .ask()
    else {
        say("paths: git is not here, so there is no list of files to look through");
        return Ok(());
    };
    let home = std::env::home_dir().unwrap_or_default();
    let private: Vec<String> = [project.root.clone(), home]
        .iter()
        .filter(|path| path.components().count() > 1)
        .map(|path| format!("{}{}", path.display(), std::path::MAIN_SEPARATOR))
        .collect();
    let mut found = Vec::new();
    for name in listed.split('\0').filter(|name| !name.is_empty()) {
        // Pictures are not text, and a file may be listed yet removed in the work tree.
        let Ok(text) = fs::read_to_string(project.root.join(name)) else {
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            if private.iter().any(|path| names_path(line, path)) {
                found.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    Err(Failure::Message(format!(
        "these lines name folders of one machine:\n{}",
        found.join("\n")
    )))
}

/// Whether `line` has `path` as an absolute path, not as the end of a longer one.
fn names_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|before| before.is_alphanumeric() || "_.-}".contains(before))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect()
    }

    #[test]
    fn a_binding_changed_added_or_removed_is_named() {
        let committed = files(&[("a.ts", "1"), ("b.ts", "1"), ("gone.ts", "1")]);
        let fresh = files(&[("a.ts", "1"), ("b.ts", "2"), ("new.ts", "1")]);
        assert_eq!(differing(&committed, &fresh), ["b.ts", "gone.ts", "new.ts"]);
        assert!(differing(&fresh, &fresh).is_empty());
    }

    #[test]
    fn an_absolute_path_is_found_and_a_relative_one_is_not() {
        assert!(names_path("cd /home/mara/roomwire", "/home/mara/"));
        assert!(names_path("\"/home/mara/x\"", "/home/mara/"));
        assert!(!names_path("chroot/home/mara/x", "/home/mara/"));
        assert!(!names_path("${ROOT}/home/mara/x", "/home/mara/"));
    }
}
