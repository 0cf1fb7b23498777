//! The field's own words: what CONTRIBUTING's glossary replaces is found in names, comments, words for people and documents.

use std::fs;
use std::path::Path;

use crate::failure::{Failure, Result};
use crate::project::{Project, files_under};

/// A word that has a better one, and that word.
struct Banned {
    words: &'static [&'static str],
    say: &'static str,
}

/// Only words that are wrong wherever they stand: "part" of a datagram is a fragment, but part of a sentence is a part.
const BANNED: &[Banned] = &[
    Banned {
        words: &["neighbour", "neighbours"],
        say: "peer",
    },
    Banned {
        words: &["somebody", "whoever"],
        say: "peer, member, host, publisher or viewer",
    },
    Banned {
        words: &["fate", "fates"],
        say: "outcome",
    },
    Banned {
        words: &["manners", "courtesy"],
        say: "options; scavenger rate",
    },
    Banned {
        words: &["shelf", "roll", "desk"],
        say: "what it holds: offers, recording, test application",
    },
    Banned {
        words: &["tell", "tells", "telling", "told"],
        say: "notify, report, request, repeat, show",
    },
    Banned {
        words: &["film", "films", "filming"],
        say: "playback, recording or video file",
    },
    Banned {
        words: &["way", "ways"],
        say: "path, direction, acknowledgement mode, manner",
    },
];

/// A place where a word may stand, and why.
struct Exception {
    path: &'static str,
    word: &'static str,
    #[expect(dead_code, reason = "it is for the reader of this list")]
    why: &'static str,
}

const EXCEPTIONS: &[Exception] = &[
    Exception {
        path: "crates/xtask/src/check/words.rs",
        word: "",
        why: "the list itself",
    },
    Exception {
        path: "crates/netem/src/path.rs",
        word: "way",
        why: "one-way delay is the field's term",
    },
    Exception {
        path: "crates/cli/tests/real/measuring.rs",
        word: "way",
        why: "it looks for those words",
    },
    Exception {
        path: "crates/media/src/playback/kind.rs",
        word: "film",
        why: "ffmpeg has a demuxer of that name",
    },
    Exception {
        path: "ui/src/shared/icons.ts",
        word: "film",
        why: "lucide has an icon of that name",
    },
];

/// Where the words are looked for, and the endings of the files.
const FOLDERS: [&str; 5] = ["crates", "src-tauri/src", "tests", "ui/src", "docs"];
const ENDINGS: [&str; 5] = ["rs", "ts", "svelte", "md", "sh"];
const DOCUMENTS: [&str; 5] = [
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    GLOSSARY,
    "ui/README.md",
];
/// Its tables name what they replace.
const GLOSSARY: &str = "CONTRIBUTING.md";

/// Names every banned word at once.
///
/// # Errors
/// When there is any, or a file cannot be read.
pub(super) fn check(project: &Project) -> Result<()> {
    let root = &project.root;
    let mut files: Vec<_> = DOCUMENTS.iter().map(|name| root.join(name)).collect();
    for (folder, ending) in FOLDERS
        .iter()
        .flat_map(|folder| ENDINGS.map(|ending| (folder, ending)))
    {
        files.extend(files_under(&root.join(folder), ending));
    }
    let mut found = Vec::new();
    for file in files {
        let name = relative(root, &file);
        let text = fs::read_to_string(&file).map_err(Failure::file("reading", &file))?;
        found.extend(findings(&name, &text));
    }
    if found.is_empty() {
        return Ok(());
    }
    found.push(format!("{} words; CONTRIBUTING.md has the glossary", found.len()));
    Err(Failure::Message(found.join("\n")))
}

fn relative(root: &Path, file: &Path) -> String {
    let name = file.strip_prefix(root).unwrap_or(file);
    name.to_string_lossy().replace('\\', "/")
}

fn findings(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (line, at) in text.lines().zip(1..) {
        if name == GLOSSARY && line.starts_with('|') {
            continue;
        }
        for word in words(line) {
            let banned = BANNED.iter().find(|banned| banned.words.contains(&word.as_str()));
            if let Some(banned) = banned.filter(|_| !is_excepted(name, &word)) {
                found.push(format!("{name}:{at}: `{word}`: say {}", banned.say));
            }
        }
    }
    found
}

fn is_excepted(name: &str, word: &str) -> bool {
    EXCEPTIONS
        .iter()
        .any(|exception| name.starts_with(exception.path) && ["", word].contains(&exception.word))
}

/// The words of a line in small letters; a name is as many words as it has humps or underscores.
fn words(line: &str) -> impl Iterator<Item = String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for character in line.chars() {
        if !character.is_alphabetic() || (character.is_uppercase() && was_small) {
            words.push(String::new());
        }
        if character.is_alphabetic()
            && let Some(word) = words.last_mut()
        {
            word.extend(character.to_lowercase());
        }
        was_small = character.is_lowercase();
    }
    words.into_iter().filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_banned_word_is_found_in_prose_and_in_names() {
        let found = findings(
            "a.rs",
            "// Somebody came.\nlet add_neighbour = TellFate::new();\n",
        );
        let at: Vec<_> = found.iter().map(|found| &found[..7]).collect();
        assert_eq!(at, ["a.rs:1:", "a.rs:2:", "a.rs:2:", "a.rs:2:"], "{found:?}");
    }

    #[test]
    fn a_word_within_another_is_another() {
        assert!(findings("a.rs", "always scroll a gateway; teller, FATED").is_empty());
    }

    #[test]
    fn an_exception_is_for_its_file_and_its_word_alone() {
        assert!(findings("ui/src/shared/icons.ts", "film").is_empty());
        assert_eq!(findings("ui/src/shared/icons.ts", "whoever").len(), 1);
        assert_eq!(findings("README.md", "film").len(), 1);
    }

    #[test]
    fn only_the_glossarys_tables_may_name_what_they_replace() {
        assert!(findings(GLOSSARY, "| peer | neighbour |").is_empty());
        assert_eq!(findings(GLOSSARY, "a neighbour").len(), 1);
        assert_eq!(findings("README.md", "| neighbour |").len(), 1);
    }
}
