//! The workflows: what runs elsewhere is named by its hash, and what they call of this tool exists.

use std::fs;

use super::knows_part;
use crate::failure::{Failure, Result};
use crate::project::{Project, files_under};
use crate::{is_word, test};

/// Names every step that could change under us, or that this tool does not know.
///
/// # Errors
/// When there is any, or a file cannot be read.
pub(super) fn check(project: &Project) -> Result<()> {
    let workflows = files_under(&project.root.join(".github").join("workflows"), "yml");
    if workflows.is_empty() {
        return Err(Failure::Message(
            "there is no workflow in .github/workflows".into(),
        ));
    }
    let mut found = Vec::new();
    for file in workflows.into_iter().chain([project.root.join(".ci/run")]) {
        let text = fs::read_to_string(&file).map_err(Failure::file("reading", &file))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        found.extend(
            findings(&text)
                .into_iter()
                .map(|finding| format!("{name}:{finding}")),
        );
    }
    if found.is_empty() {
        return Ok(());
    }
    Err(Failure::Message(found.join("\n")))
}

/// Each with the number of its line.
fn findings(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let mut say = |what: String| found.push(format!("{}: {what}", number + 1));
        if let Some((_, action)) = line.split_once("uses:")
            && !is_pinned(action.trim())
        {
            say(format!(
                "`{}` is not named by 40 hexadecimal digits and `# v…`",
                action.trim()
            ));
        }
        for (_, call) in line
            .match_indices("cargo xtask ")
            .map(|(at, call)| (at, &line[at + call.len()..]))
        {
            if let Some(unknown) = unknown_in(call) {
                say(format!("`cargo xtask` does not know `{unknown}`"));
            }
        }
    }
    found
}

/// `owner/name@0123…  # v1.2.3`: the hash is what runs, the version is for the reader.
fn is_pinned(action: &str) -> bool {
    let Some((reference, version)) = action.split_once('#') else {
        return false;
    };
    let hash = reference.trim().split_once('@').map(|(_, hash)| hash);
    let is_hash = |hash: &str| hash.len() == 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    hash.is_some_and(is_hash) && version.trim().starts_with('v')
}

/// The first word of a call, or of the groups and parts that it names, that does not exist.
fn unknown_in(call: &str) -> Option<&str> {
    let end = call.find([';', '&', '|', '\'', '"', '`']).unwrap_or(call.len());
    let mut words = call[..end].split_whitespace();
    let word = words.next()?;
    let known: fn(&str) -> bool = match word {
        "test" => test::knows_group,
        "check" => knows_part,
        _ => return (!is_word(word)).then_some(word),
    };
    words
        .take_while(|argument| *argument != "--")
        .find(|argument| !known(argument))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_named_by_a_tag_or_a_short_hash_is_found() {
        let hash = "3d3c42e5aac5ba805825da76410c181273ba90b1";
        assert!(findings(&format!("- uses: actions/checkout@{hash} # v7.0.1")).is_empty());
        assert_eq!(findings("- uses: actions/checkout@v4").len(), 1);
        assert_eq!(findings("- uses: actions/checkout@3d3c42e # v7.0.1").len(), 1);
        assert_eq!(findings(&format!("- uses: actions/checkout@{hash}")).len(), 1);
    }

    #[test]
    fn a_call_of_an_unknown_word_group_or_part_is_found() {
        assert!(findings("- run: cargo xtask test sim loopback").is_empty());
        assert!(
            findings("- run: cargo xtask check lints && cargo xtask release --dry-run -- --bundles deb")
                .is_empty()
        );
        assert_eq!(
            findings("- run: cargo xtask tset"),
            ["1: `cargo xtask` does not know `tset`"]
        );
        assert_eq!(
            findings("x\n- run: cargo xtask test sim lopback"),
            ["2: `cargo xtask` does not know `lopback`"]
        );
        assert_eq!(findings("- run: cargo xtask check lint").len(), 1);
    }
}
