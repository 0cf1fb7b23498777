//! The packages that were made, and what programs say of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// A variable that `cargo xtask` sets.
pub(crate) fn named(name: &str) -> PathBuf {
    let value = std::env::var_os(name).filter(|value| !value.is_empty());
    PathBuf::from(value.unwrap_or_else(|| panic!("{name} is not set; start with: cargo xtask test package")))
}

/// The package made last of a kind: its folder among the bundles, and its ending.
pub(crate) fn newest(kind: &str, ending: &str) -> PathBuf {
    let folder = named("ROOMWIRE_BUNDLES").join(kind);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let files = entries.map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|found| found == ending));
    let made = |path: &PathBuf| fs::metadata(path).unwrap().modified().unwrap();
    files
        .max_by_key(made)
        .unwrap_or_else(|| panic!("no .{ending} in {}", folder.display()))
}

/// The .deb's files in a folder, unpacked once.
pub(crate) fn unpacked() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = fresh("deb");
        said(
            Command::new("dpkg-deb")
                .arg("-x")
                .arg(newest("deb", "deb"))
                .arg(&folder),
        );
        folder
    })
}

/// An empty folder of this name.
pub(crate) fn fresh(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The checkout.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

/// How a program ended, and what it printed.
pub(crate) fn run(command: &mut Command) -> Output {
    command
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// What a program prints, which must succeed.
pub(crate) fn said(command: &mut Command) -> String {
    let output = run(command);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{text}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

/// All files under `folder`, by their paths from there.
pub(crate) fn files_under(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}
