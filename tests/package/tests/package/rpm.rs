//! The package for systems with RPM, beside the one for Debian.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crate::made::{files_under, fresh, newest, said, unpacked};

/// What rpm says to a question about the package.
fn asked(question: &[&str]) -> String {
    said(
        Command::new("rpm")
            .args(["--query", "--package"])
            .args(question)
            .arg(newest("rpm", "rpm")),
    )
}

#[test]
fn it_has_the_files_of_the_deb_but_those_of_debians_tools() {
    let ours: BTreeSet<String> = asked(&["--list"]).lines().map(str::to_owned).collect();
    let debians = files_under(unpacked()).into_iter().map(|path| format!("/{path}"));
    let expected: BTreeSet<String> = debians
        .filter(|path| !path.starts_with("/usr/share/lintian"))
        .map(|path| path.replace("/zsh/vendor-completions/", "/zsh/site-functions/"))
        .collect();
    assert_eq!(ours, expected);
}

#[test]
fn it_needs_libraries_by_the_names_that_every_distribution_gives_them() {
    let needs = asked(&["--requires"]);
    for library in [
        "libwebkit2gtk-4.1.so.0()(64bit)",
        "libgtk-3.so.0()(64bit)",
        "libc.so.6(GLIBC_2.",
    ] {
        assert!(needs.contains(library), "{library} is not in\n{needs}");
    }
    let ours: Vec<&str> = needs
        .lines()
        .filter(|need| !need.starts_with("rpmlib("))
        .collect();
    let unknown: Vec<_> = ours
        .iter()
        .filter(|need| !need.contains(".so.") && !need.starts_with("/bin/sh"))
        .collect();
    assert!(
        unknown.is_empty(),
        "a package's name is one distribution's only: {unknown:?}"
    );
}

#[test]
fn its_scripts_stop_the_service_when_the_package_goes_and_are_a_shells() {
    let scripts = asked(&["--scripts"]);
    for line in [
        "systemctl --no-reload disable --now roomwire-host.service",
        "postuninstall",
        "preuninstall",
    ] {
        assert!(scripts.contains(line), "{line} is not in\n{scripts}");
    }
    let file = fresh("rpm-scripts").join("scripts");
    let shell: Vec<&str> = scripts
        .lines()
        .filter(|line| !line.contains("scriptlet (using "))
        .collect();
    fs::write(&file, shell.join("\n")).unwrap();
    said(Command::new("sh").arg("-n").arg(&file));
}

#[test]
fn what_it_says_of_itself_is_what_the_deb_says() {
    let head = asked(&["--queryformat", "%{NAME} %{VERSION} %{LICENSE} | %{SUMMARY}"]);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        head,
        format!("roomwire {version} MIT OR Apache-2.0 | Chat, files and live video on your own network")
    );
    said(
        Command::new("rpm")
            .args(["--checksig", "--nosignature"])
            .arg(newest("rpm", "rpm")),
    );
}
