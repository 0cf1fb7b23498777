//! The architecture's code map and invariants, held against the tree.

use std::fs;
use std::path::Path;

use super::{capabilities, modules, walls};
use crate::failure::{Failure, Result};
use crate::project::{Project, files_under};

/// Words that may stand in one place of the tree only.
struct Kept {
    /// The folder of code looked through, and the ending of its files.
    under: &'static str,
    ending: &'static str,
    words: &'static [&'static str],
    /// Path beginnings where they may stand.
    only_in: &'static [&'static str],
    why: &'static str,
}

const SOCKETS_AND_CLOCKS: &[&str] = &[
    "tokio::net",
    "std::net::Tcp",
    "std::net::Udp",
    "Instant::now",
    "SystemTime::now",
    "OffsetDateTime::now",
];

const KEPT: &[Kept] = &[
    Kept {
        under: "crates/netcore-proto/src",
        ending: "rs",
        words: &[
            "std::net::Tcp",
            "std::net::Udp",
            "tokio::",
            "Instant::now",
            "SystemTime::now",
            "getrandom::",
            "rand::",
        ],
        only_in: &[],
        why: "the protocol is pure: time, chance and bytes are arguments",
    },
    Kept {
        under: "crates/netem/src",
        ending: "rs",
        words: &[
            "std::net::",
            "tokio::",
            "Instant::now",
            "SystemTime::now",
            "getrandom::",
            "rand::",
        ],
        only_in: &[],
        why: "the effects of a network are pure: time and chance are arguments",
    },
    Kept {
        under: "crates/netcore/src",
        ending: "rs",
        words: &["Instant::now", "SystemTime::now", "OffsetDateTime::now"],
        only_in: &["crates/netcore/src/clock.rs"],
        why: "only clock.rs reads the clock",
    },
    Kept {
        under: "crates",
        ending: "rs",
        words: &["nokhwa::", "v4l::"],
        only_in: &["crates/media/", "crates/xtask/"],
        why: "only crates/media knows a camera",
    },
    Kept {
        under: "crates",
        ending: "rs",
        words: &[
            "tauri::",
            "tauri_plugin_dialog::",
            "tauri_plugin_opener::",
            "wry::",
        ],
        only_in: &["crates/xtask/"],
        why: "only src-tauri knows Tauri",
    },
    Kept {
        under: "crates/app/src",
        ending: "rs",
        words: &[
            "clap::",
            "console::",
            "indicatif::",
            "rustyline::",
            "std::io::stdin",
            "std::io::stdout",
            "std::io::stderr",
            "println!",
            "eprintln!",
        ],
        only_in: &[],
        why: "the application knows no terminal: its faces do",
    },
    Kept {
        under: "crates/app/src",
        ending: "rs",
        words: SOCKETS_AND_CLOCKS,
        // A test that waits for a port has a limit.
        only_in: &["crates/app/src/session/tests.rs"],
        why: "the application reaches network and clock through netcore",
    },
    Kept {
        under: "src-tauri/src",
        ending: "rs",
        words: SOCKETS_AND_CLOCKS,
        only_in: &[],
        why: "the shell reaches network and clock through the application",
    },
    Kept {
        under: "ui/src",
        ending: "ts",
        words: &["from \"@tauri-apps", "from '@tauri-apps", "import(\"@tauri-apps"],
        only_in: &["ui/src/backend/"],
        why: "only ui/src/backend knows Tauri",
    },
    Kept {
        under: "ui/src",
        ending: "svelte",
        words: &["@tauri-apps"],
        only_in: &[],
        why: "only ui/src/backend knows Tauri",
    },
];

/// Names every place that a capability lacks, every file that is part of no crate, every broken invariant and every breach of a
/// wall at once.
///
/// # Errors
/// When there is any.
pub(super) fn check(project: &Project) -> Result<()> {
    let root = &project.root;
    let capabilities = capabilities::all(project)?;
    let mut said = capabilities::check(project, &capabilities)?;
    said.extend(modules::check(project)?);
    for kept in KEPT {
        for file in files_under(&root.join(kept.under), kept.ending) {
            let name = relative(root, &file);
            let text = fs::read_to_string(&file).map_err(Failure::file("reading", &file))?;
            said.extend(strays(kept, &name, &text));
        }
    }
    said.extend(walls::check(root, &capabilities)?);
    if said.is_empty() {
        Ok(())
    } else {
        Err(Failure::Message(said.join("\n")))
    }
}

/// The lines of a file that say what may not be said there. Comments may.
fn strays(kept: &Kept, name: &str, text: &str) -> Vec<String> {
    if kept.only_in.iter().any(|place| name.starts_with(place)) {
        return Vec::new();
    }
    let code = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"));
    let stray = code.filter(|(_, line)| kept.words.iter().any(|word| has_word(line, word)));
    stray
        .map(|(at, line)| format!("{name}:{}: {} ({})", at + 1, line.trim(), kept.why))
        .collect()
}

/// Whether `line` has `word`, not as the end of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    let before = |at: usize| line[..at].chars().next_back();
    line.match_indices(word)
        .any(|(at, _)| !before(at).is_some_and(|c| c.is_alphanumeric() || c == '_'))
}

pub(super) fn relative(root: &Path, file: &Path) -> String {
    let path = file.strip_prefix(root).unwrap_or(file);
    path.components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_read_outside_its_file_is_found_and_a_comment_is_not() {
        let kept = &KEPT[2];
        let text = "// Instant::now() belongs elsewhere\nlet t = std::time::Instant::now();\n";
        let found = strays(kept, "crates/netcore/src/tcp.rs", text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("crates/netcore/src/tcp.rs:2:"), "{found:?}");
        assert!(strays(kept, "crates/netcore/src/clock.rs", text).is_empty());
    }

    #[test]
    fn a_word_inside_a_longer_one_is_another_word() {
        assert!(has_word("let x = rand::random();", "rand::"));
        assert!(!has_word("let x = operand::value();", "rand::"));
    }
}
