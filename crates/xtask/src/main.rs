//! Everything one does to this project, by one word, on every platform: `cargo xtask <word>`.
//!
//! Each word installs what it needs first ([`setup`]), says every command before it runs it, and ends with a clear word
//! and a non-zero status at the first failure. The standard library is enough, so that a machine with nothing but
//! Rust can start here.

mod bench;
mod check;
mod desktop;
mod icons;
mod package;
mod project;
mod release;
mod run;
mod setup;
mod test;
mod windows;

use std::process::ExitCode;

use failure::{Failure, Result};
use project::Project;
use xtask::{failure, privilege, process};

const USAGE: &str = "\
cargo xtask <word>

  setup                   install what the system lacks; nothing happens when all is there
  run [--release] [-- …]  open the desktop app (without a display: the headless demonstration)
  test [group …]          pass all tests, or the named groups; `test --list` names them
  check [part …]          formatting, lints, licences, generated files, shape; `check --list` names the parts
  bench [-- …]            measure ACK delay and frames a second beside the floor
                        (-- soak [s], -- screen: memory over ten minutes, camera to screen; -- --check, -- --store: stored ratios)
  package [--test]        make the installable packages; --test looks at them, installs them into a clean system and starts them
                        (-- … goes to Tauri's tool, such as -- --bundles deb,rpm)
                        --try DEB [RELEASE] installs one that is there, in this release of Debian or Ubuntu or in another
                        --flatpak DEB makes a Flatpak of one
                        --target windows makes the installer and the portable archive for Windows, on Debian
  release --dry-run       make all that is given away, as far as this computer can: packages, lists of parts, checksums
  icons                   make every size of the icon from icons/app.svg

Environment: ROOMWIRE_CACHE moves what is kept between runs (otherwise the user's cache folder).";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match Project::locate().and_then(|project| dispatch(&project, &arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nxtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(project: &Project, arguments: &[String]) -> Result<()> {
    let Some((word, rest)) = arguments.split_first() else {
        return Err(Failure::Message(format!("what shall it be?\n\n{USAGE}")));
    };
    match word.as_str() {
        "setup" => setup::everything(project).map(|_| ()),
        "run" => run::run(project, rest),
        "test" => test::test(project, rest),
        "check" => check::check(project, rest),
        "bench" => bench::bench(project, rest),
        "package" => package::package(project, rest),
        "release" => release::release(project, rest),
        "icons" => icons::icons(project),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => Err(Failure::Message(format!(
            "`{other}` is no word of this tool\n\n{USAGE}"
        ))),
    }
}

/// Whether [`USAGE`] has this word.
fn is_word(word: &str) -> bool {
    USAGE
        .lines()
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()))
        .any(|line| line.split_whitespace().next() == Some(word))
}

/// Splits arguments at `--`: before it the tool's own, after it the started program's.
fn split_at_dashes(arguments: &[String]) -> (&[String], &[String]) {
    match arguments.iter().position(|a| a == "--") {
        Some(at) => (&arguments[..at], &arguments[at + 1..]),
        None => (arguments, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn arguments_after_the_dashes_belong_to_the_started_program() {
        let given = words("--release -- --profile b");
        let (ours, theirs) = split_at_dashes(&given);
        assert_eq!(ours, words("--release"));
        assert_eq!(theirs, words("--profile b"));
    }

    #[test]
    fn the_words_are_those_of_the_usage() {
        for word in [
            "setup", "run", "test", "check", "bench", "package", "release", "icons",
        ] {
            assert!(is_word(word), "{word}");
        }
        assert!(!is_word("cargo") && !is_word("--try") && !is_word(""));
    }

    #[test]
    fn without_dashes_every_argument_is_the_tools_own() {
        let given = words("sim loopback");
        let (ours, theirs) = split_at_dashes(&given);
        assert_eq!(ours, given);
        assert!(theirs.is_empty());
    }
}
