//! Every source file is part of a crate: what no file names is not compiled, and its tests never run.

use std::collections::BTreeMap;
use std::fs;

use super::shape::relative;
use crate::failure::{Failure, Result};
use crate::project::{Project, files_under};

/// Files by name, with what they say.
type Texts = BTreeMap<String, String>;

/// Where cargo packages with sources stand.
const PACKAGES: [&str; 3] = ["crates", "src-tauri", "tests"];
/// Files that cargo itself looks for.
const ROOTS: [&str; 3] = ["lib.rs", "main.rs", "build.rs"];
/// Folders in which each file is a program that cargo finds by itself.
const PROGRAMS: [&str; 4] = ["bin", "examples", "benches", "tests"];

/// Every source file that nothing names.
///
/// # Errors
/// When one cannot be read.
pub(super) fn check(project: &Project) -> Result<Vec<String>> {
    let mut sources = Texts::new();
    let mut manifests = Texts::new();
    for folder in PACKAGES {
        for (ending, texts) in [("rs", &mut sources), ("toml", &mut manifests)] {
            for file in files_under(&project.root.join(folder), ending) {
                let text = fs::read_to_string(&file).map_err(Failure::file("reading", &file))?;
                texts.insert(relative(&project.root, &file), text);
            }
        }
    }
    Ok(orphans(&sources, &manifests))
}

/// The sources that neither another source nor a manifest names, and that cargo does not find by itself.
fn orphans(sources: &Texts, manifests: &Texts) -> Vec<String> {
    let is_named = |file: &&String| {
        let (folder, name) = apart(file);
        ROOTS.contains(&name)
            || is_program(folder, name, manifests)
            || is_included(folder, name, sources)
            || is_module(folder, name, sources)
    };
    let unnamed = sources.keys().filter(|file| !is_named(file));
    unnamed
        .map(|file| format!("{file} is part of no crate: its `mod` line is missing"))
        .collect()
}

/// Whether it is a program of its own: by the manifest, or by its folder.
fn is_program(folder: &str, name: &str, manifests: &Texts) -> bool {
    let manifest = |package: &str| manifests.get(&format!("{package}/Cargo.toml"));
    let is_said = manifest(folder).is_some_and(|text| text.contains(&format!("path = \"{name}\"")));
    let (above, last) = apart(folder);
    let package = above.strip_suffix("/src").unwrap_or(above);
    is_said || (PROGRAMS.contains(&last) && name != "mod.rs" && manifest(package).is_some())
}

/// Whether a source beside it includes its text.
fn is_included(folder: &str, name: &str, sources: &Texts) -> bool {
    let beside = sources.iter().filter(|(file, _)| apart(file).0 == folder);
    let line = format!("include!(\"{name}\")");
    beside.into_iter().any(|(_, text)| text.contains(&line))
}

/// Whether what stands above it has it as a module: `chat/mod.rs` is the module `chat` of what stands above its folder.
fn is_module(folder: &str, name: &str, sources: &Texts) -> bool {
    let (folder, module) = match name.strip_suffix(".rs") {
        Some("mod") => apart(folder),
        module => (folder, module.unwrap_or(name)),
    };
    let above = ["mod.rs", "lib.rs", "main.rs"].map(|namer| format!("{folder}/{namer}"));
    let line = format!("mod {module};");
    let mut above = above.into_iter().chain([format!("{folder}.rs")]);
    above.any(|namer| {
        let text = sources.get(&namer);
        text.is_some_and(|text| text.lines().any(|code| code.trim_end().ends_with(&line)))
    })
}

/// The folder of a path, and what stands in it.
fn apart(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orphans_of(files: &[(&str, &str)]) -> Vec<String> {
        let texts = |files: &[(&str, &str)]| {
            let texts = files.iter();
            texts
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                .collect()
        };
        let manifests = [
            ("tests/sim/Cargo.toml", ""),
            ("crates/app/Cargo.toml", "path = \"four.rs\""),
        ];
        orphans(&texts(files), &texts(&manifests))
    }

    #[test]
    fn a_test_that_its_binary_does_not_name_is_found() {
        let main = (
            "tests/sim/tests/sim/main.rs",
            "mod chat;\n#[cfg(unix)]\nmod video;\n",
        );
        let said = orphans_of(&[
            main,
            ("tests/sim/tests/sim/chat.rs", ""),
            ("tests/sim/tests/sim/hands.rs", ""),
        ]);
        assert_eq!(
            said,
            ["tests/sim/tests/sim/hands.rs is part of no crate: its `mod` line is missing"]
        );
    }

    #[test]
    fn a_module_is_named_by_what_stands_above_it() {
        let said = orphans_of(&[
            (
                "crates/app/src/lib.rs",
                "pub mod chat;\nmod core;\ninclude!(\"table.rs\");\n",
            ),
            ("crates/app/src/table.rs", ""),
            ("crates/app/src/core.rs", "mod place;\n"),
            ("crates/app/src/core/place.rs", ""),
            ("crates/app/src/chat/mod.rs", "pub(crate) mod log;\n"),
            ("crates/app/src/chat/log.rs", ""),
            ("crates/app/src/hands/mod.rs", "mod view;\n"),
            ("crates/app/src/hands/view.rs", ""),
        ]);
        assert_eq!(
            said,
            ["crates/app/src/hands/mod.rs is part of no crate: its `mod` line is missing"]
        );
    }

    #[test]
    fn what_cargo_finds_by_itself_needs_no_name() {
        let said = orphans_of(&[
            ("crates/app/build.rs", ""),
            ("crates/app/four.rs", ""),
            ("crates/app/examples/one.rs", ""),
            ("crates/app/src/bin/two.rs", ""),
            ("tests/sim/tests/three.rs", ""),
        ]);
        assert_eq!(said, [""; 0]);
    }
}
