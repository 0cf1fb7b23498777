//! The pages of the manual, as they are installed.

use std::process::Command;

use crate::made::{files_under, run, said, unpacked};

#[test]
fn every_command_of_the_program_has_a_page() {
    let help = said(Command::new(unpacked().join("usr/bin/roomwire")).arg("--help"));
    let commands = help
        .split("Commands:")
        .nth(1)
        .unwrap()
        .split("\n\n")
        .next()
        .unwrap();
    let commands: Vec<&str> = commands
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help")
        .collect();
    assert!(commands.len() >= 12, "{commands:?}");
    let pages = files_under(&unpacked().join("usr/share/man/man1"));
    for command in commands {
        let page = format!("roomwire-{command}.1.gz");
        assert!(pages.contains(&page), "{page} is not in {pages:?}");
    }
    assert!(pages.contains(&"roomwire-app.1.gz".to_owned()), "{pages:?}");
}

#[test]
fn man_shows_every_page_without_a_complaint() {
    let folder = unpacked().join("usr/share/man/man1");
    for page in files_under(&folder) {
        let mut man = Command::new("man");
        man.args(["--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z"]);
        let output = run(man.env("MANWIDTH", "80").arg(folder.join(&page)));
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && complaints.is_empty(),
            "{page}: {complaints}"
        );
    }
}
