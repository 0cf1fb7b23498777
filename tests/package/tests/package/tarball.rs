//! The terminal program alone.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::made::{files_under, fresh, newest, said};

/// The newest version of the C library whose symbols the program may use, when it is linked on Debian 12 or an older system: that of
/// Ubuntu 22.04. What is linked on a newer system may need that system's.
const GLIBC: u32 = 35;

/// Debian 12's own.
const GLIBC_OF_DEBIAN_12: u32 = 36;

/// What every Linux with that C library has.
const LIBRARIES: [&str; 4] = ["libc.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2"];

fn unpacked() -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = fresh("tar");
        said(
            Command::new("tar")
                .arg("-xf")
                .arg(newest("tar", "xz"))
                .arg("-C")
                .arg(&folder),
        );
        folder
    });
    folder.join(format!("roomwire-{}", env!("CARGO_PKG_VERSION")))
}

#[test]
fn it_runs_from_where_it_was_unpacked() {
    let version = said(Command::new(unpacked().join("bin/roomwire")).arg("--version"));
    assert_eq!(version.trim(), format!("roomwire {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn it_has_manual_completions_and_licences_and_nothing_of_the_window() {
    let files = files_under(&unpacked());
    for file in [
        "share/man/man1/roomwire.1.gz",
        "share/bash-completion/completions/roomwire",
        "share/doc/roomwire/LICENSE-MIT",
        "share/doc/roomwire/README.md",
    ] {
        assert!(
            files.iter().any(|found| found == file),
            "{file} is not in {files:?}"
        );
    }
    assert!(
        !files.iter().any(|file| file.contains("roomwire-app")),
        "{files:?}"
    );
}

#[test]
fn it_needs_glibc_2_35_or_newer_and_no_other_library() {
    let program = unpacked().join("bin/roomwire");
    let said = said(Command::new("objdump").arg("-p").arg(&program));
    let libraries = said.lines().filter_map(|line| line.trim().strip_prefix("NEEDED"));
    let foreign: Vec<_> = libraries
        .map(str::trim)
        .filter(|library| !LIBRARIES.contains(library))
        .collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    let versions = said
        .lines()
        .filter_map(|line| line.rsplit_once("GLIBC_2.")?.1.split('.').next()?.parse().ok());
    let newest: u32 = versions.max().expect("a C library");
    let here = here();
    let limit = if here <= GLIBC_OF_DEBIAN_12 { GLIBC } else { here };
    assert!(
        newest <= limit,
        "it needs glibc 2.{newest}, which is newer than 2.{limit}"
    );
}

/// The minor version of this system's C library, of `glibc 2.36`.
fn here() -> u32 {
    let said = said(Command::new("getconf").arg("GNU_LIBC_VERSION"));
    let minor = said
        .trim()
        .rsplit('.')
        .next()
        .and_then(|minor| minor.parse().ok());
    minor.unwrap_or_else(|| panic!("no version of the C library in {said}"))
}
