//! The Debian package as it is.

use std::fs;
use std::process::Command;

use crate::made::{newest, said, unpacked};

/// So that a class can fetch it at once over one slow link.
const MOST: u64 = 11_000_000;

#[test]
fn the_deb_takes_at_most_eleven_megabytes() {
    let deb = newest("deb", "deb");
    let bytes = fs::metadata(&deb).unwrap().len();
    assert!(bytes <= MOST, "{} has {bytes} bytes", deb.display());
}

#[test]
fn lintian_has_no_error_and_no_warning() {
    let mut lintian = Command::new("lintian");
    lintian.args([
        "--fail-on",
        "error,warning",
        "--profile",
        "debian",
        "--tag-display-limit",
        "0",
    ]);
    said(lintian.arg(newest("deb", "deb")));
}

#[test]
fn it_depends_on_the_c_library_and_the_web_view_by_version() {
    let depends = said(
        Command::new("dpkg-deb")
            .arg("-f")
            .arg(newest("deb", "deb"))
            .arg("Depends"),
    );
    // Ubuntu 24.04 calls the last one libgtk-3-0t64.
    for needed in ["libc6 (>= ", "libwebkit2gtk-4.1-0 (>= ", "libgtk-3-0"] {
        assert!(depends.contains(needed), "{needed}… is not in {depends}");
    }
}

#[test]
fn each_shell_has_its_completions_where_it_looks() {
    let bash = unpacked().join("usr/share/bash-completion/completions/roomwire");
    said(Command::new("bash").arg("-n").arg(&bash));
    assert!(
        fs::read_to_string(&bash)
            .unwrap()
            .contains("complete -F _roomwire")
    );
    let zsh = unpacked().join("usr/share/zsh/vendor-completions/_roomwire");
    assert!(fs::read_to_string(zsh).unwrap().starts_with("#compdef roomwire"));
    let fish = unpacked().join("usr/share/fish/vendor_completions.d/roomwire.fish");
    assert!(fs::read_to_string(fish).unwrap().contains("complete -c roomwire"));
}
