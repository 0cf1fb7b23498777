//! What Wine cannot do: tests that pass on Windows and cannot pass here, each with its reason.

use crate::failure::{Failure, Result};
use crate::process::say;

/// Tests, by their whole names, that fail for one reason.
struct Incapable {
    why: &'static str,
    tests: &'static [&'static str],
}

const INCAPABLE: &[Incapable] = &[];

/// All of them.
fn tests() -> impl Iterator<Item = &'static str> {
    INCAPABLE.iter().flat_map(|group| group.tests).copied()
}

/// The arguments by which a test binary leaves them out.
pub(super) fn skipped() -> impl Iterator<Item = &'static str> {
    tests().flat_map(|test| ["--skip", test])
}

/// Says which tests are left out and why.
///
/// # Errors
/// When one of them is not, or not once, among those that are there, as `--list` names them: then the table is out of date.
pub(super) fn say_which(listed: &str) -> Result<()> {
    for group in INCAPABLE {
        say(&format!("windows: not under Wine, since {}:", group.why));
        group.tests.iter().for_each(|test| say(&format!("  {test}")));
    }
    let wrong: Vec<_> = tests().filter(|test| times(listed, test) != 1).collect();
    if wrong.is_empty() {
        return Ok(());
    }
    Err(Failure::Message(format!(
        "the table of what Wine cannot do names what is not there once: {}",
        wrong.join(", ")
    )))
}

/// How many of the tests in `listed` have this name.
fn times(listed: &str, test: &str) -> usize {
    let line = format!("{test}: test");
    listed.lines().filter(|found| found.trim_end() == line).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_counted_by_its_whole_name() {
        let listed = "net::a: test\r\nnet::a_b: test\nother::net::a: test\n";
        assert_eq!(times(listed, "net::a"), 1);
        assert_eq!(times(listed, "net"), 0);
    }
}
