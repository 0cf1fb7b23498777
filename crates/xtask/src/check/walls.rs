//! The walls inside a crate: which of its folders may name which, held against every path that begins at the crate's root.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::shape::relative;
use crate::failure::{Failure, Result};
use crate::project::files_under;

/// A crate with walls in it.
struct House {
    /// Its folder of sources.
    root: &'static str,
    /// What the capabilities stand on.
    rooms: &'static [Room<'static>],
    /// Each capability is a room too, and this is whom its code may name beside itself; `None`: the crate has no such rooms.
    capability_may_name: Option<&'static [&'static str]>,
    exceptions: &'static [Exception],
}

/// A folder or a file right below the sources, and whom its code may name beside itself. What stands there and is no room is a
/// registry: it may name every room, and no room may name it.
struct Room<'a> {
    name: &'a str,
    may_name: &'static [&'static str],
}

/// A door in a wall.
struct Exception {
    room: &'static str,
    names: &'static str,
    why: &'static str,
}

const HOUSES: &[House] = &[PROTOCOL, NETWORK, APPLICATION, TERMINAL];

const PROTOCOL: House = House {
    root: "crates/netcore-proto/src",
    rooms: &[
        room("ground", &[]),
        room("wire", &["ground"]),
        room("link", &["ground", "wire"]),
    ],
    capability_may_name: Some(&["ground", "wire"]),
    exceptions: &[
        door(
            "video",
            "link",
            "streams are what the links between two computers carry",
        ),
        door(
            "metrics",
            "video",
            "meters count what a Sender and a Receiver report of each frame, and nothing else does",
        ),
    ],
};

/// What stands below the network's capabilities.
const BELOW: &[&str] = &[
    "clock",
    "confine",
    "error",
    "event",
    "event_log",
    "local",
    "net",
    "peer",
    "shared",
    "store",
];

const NETWORK: House = House {
    root: "crates/netcore/src",
    rooms: &[
        room("store", &["clock", "error", "net"]),
        room(
            "net",
            &[
                "clock",
                "confine",
                "error",
                "event",
                "event_log",
                "shared",
                "store",
            ],
        ),
    ],
    capability_may_name: Some(BELOW),
    exceptions: &[
        door(
            "session",
            "video",
            "a peer that is gone takes its streams with it",
        ),
        door(
            "video",
            "metrics",
            "a stream's ends record their frames on the link's meter",
        ),
        door(
            "metrics",
            "video",
            "each second's figures are those of the streams' ends",
        ),
        door(
            "video",
            "control",
            "a publisher that is dropped ends its stream in the control loop",
        ),
        door("net", "video", "a test of the endpoint delivers to a real stream"),
    ],
};

const APPLICATION: House = House {
    root: "crates/app/src",
    rooms: &[
        room("desktop", &["dispatch", "error", "session"]),
        room("error", &["picks", "video"]),
        room("picks", &["error"]),
        room("local_time", &[]),
    ],
    capability_may_name: Some(&["core", "desktop", "error", "local_time", "picks", "testing"]),
    exceptions: &[
        door("session", "chat", "a room that is entered has its log of chat"),
        door("session", "files", "and what is offered in it"),
        door(
            "session",
            "video",
            "and what is live; the settings say what video begins with",
        ),
        door("chat", "session", "an entry says why a person left"),
        door("metrics", "session", "a page is in the settings' language"),
        door("metrics", "video", "what is measured and compared is my video"),
    ],
};

const TERMINAL: House = House {
    root: "crates/cli/src",
    rooms: &[
        room("exit", &[]),
        room("spec", &[]),
        room("network", &[]),
        room("args", &["network", "spec"]),
        room("output", &["exit"]),
        room("output_file", &["exit"]),
        room("signals", &["exit", "output"]),
        room("input", &["output"]),
        room("typed_line", &["spec"]),
        room("live", &["exit", "output"]),
        room("viewers", &["exit"]),
        room("recording", &["exit", "output", "output_file", "viewers"]),
        room(
            "watching",
            &["exit", "output", "output_file", "recording", "viewers"],
        ),
        room("results", &["args", "exit", "output", "output_file"]),
        room("me", &["args", "exit", "output"]),
        room("names", &["exit"]),
    ],
    capability_may_name: None,
    exceptions: &[door(
        "exit",
        "args",
        "a test holds what --help says of the exit codes to the codes",
    )],
};

const fn door(room: &'static str, names: &'static str, why: &'static str) -> Exception {
    Exception { room, names, why }
}

const fn room(name: &'static str, may_name: &'static [&'static str]) -> Room<'static> {
    Room { name, may_name }
}

/// Every name that crosses a wall, and every exception that nothing needs.
pub(super) fn check(root: &Path, capabilities: &[String]) -> Result<Vec<String>> {
    let mut said = Vec::new();
    for house in HOUSES {
        let folder = root.join(house.root);
        let mut texts = Vec::new();
        // Tests are whole conversations, and take what they need.
        let files = files_under(&folder, "rs").into_iter();
        for file in files.filter(|file| !file.ends_with("tests.rs")) {
            let text = fs::read_to_string(&file).map_err(Failure::file("reading", &file))?;
            texts.push((relative(&folder, &file), text));
        }
        said.extend(house.breaches(capabilities, &texts));
    }
    Ok(said)
}

impl House {
    /// `texts` are the crate's files, each with its name below the sources.
    fn breaches(&self, capabilities: &[String], texts: &[(String, String)]) -> Vec<String> {
        let mut said = Vec::new();
        let mut needed = BTreeSet::new();
        let rooms = self.all_rooms(capabilities);
        for room in &rooms {
            let files = texts.iter().filter(|(name, _)| room_of(name) == room.name);
            // What a capability lacks is named for every layer at once.
            let is_capability = capabilities.iter().any(|name| name == room.name);
            if !is_capability && files.clone().next().is_none() {
                said.push(format!(
                    "{}/{} is a room that does not exist",
                    self.root, room.name
                ));
            }
            for (file, text) in files {
                for (line, named) in named_at_the_root(file, text, &rooms) {
                    if named == room.name || room.may_name.contains(&named.as_str()) {
                        continue;
                    }
                    let is_it = |door: &&Exception| door.room == room.name && door.names == named;
                    match self.exceptions.iter().find(is_it) {
                        Some(door) => drop(needed.insert((door.room, door.names))),
                        None => said.push(format!(
                            "{}/{file}:{line}: {} may not name {named}",
                            self.root, room.name
                        )),
                    }
                }
            }
        }
        let idle = |door: &&Exception| !needed.contains(&(door.room, door.names));
        said.extend(self.exceptions.iter().filter(idle).map(|door| {
            format!(
                "{}: {} no longer names {} ({})",
                self.root, door.room, door.names, door.why
            )
        }));
        said
    }

    fn all_rooms<'a>(&self, capabilities: &'a [String]) -> Vec<Room<'a>> {
        let rooms = self.rooms.iter().map(|room| (room.name, room.may_name));
        let capabilities = self.capability_may_name.into_iter().flat_map(|may_name| {
            let names = capabilities.iter().map(String::as_str);
            names.map(move |name| (name, may_name))
        });
        rooms
            .chain(capabilities)
            .map(|(name, may_name)| Room { name, may_name })
            .collect()
    }
}

/// The room a file stands in: `chat` of `chat/host.rs`, `io` of `io.rs`.
fn room_of(file: &str) -> &str {
    let first = file.split('/').next().unwrap_or(file);
    first.strip_suffix(".rs").unwrap_or(first)
}

/// What stands right below the crate's root in the paths of a file, with the lines.
fn named_at_the_root(file: &str, text: &str, rooms: &[Room<'_>]) -> Vec<(usize, String)> {
    let code = without_comments(text);
    let mut found = Vec::new();
    for (at, _) in code
        .match_indices("crate::")
        .filter(|(at, _)| !is_inside_a_word(&code, *at))
    {
        let line = line_of(&code, at);
        let names = first_names(&code[at + "crate::".len()..]);
        found.extend(names.into_iter().map(|name| (line, name)));
    }
    // `super` leads to the root too, as often as the file is deep.
    let climb = "super::".repeat(depth(file));
    for (at, _) in code
        .match_indices(&climb)
        .filter(|(at, _)| !is_inside_a_word(&code, *at))
    {
        let rest = &code[at + climb.len()..];
        if !code[..at].ends_with("super::") && !rest.starts_with("super::") {
            let line = line_of(&code, at);
            let names = first_names(rest).into_iter();
            // In a module within the file, the same path leads to the file's own folder.
            let other = names.filter(|name| rooms.iter().any(|room| room.name == name));
            found.extend(other.map(|name| (line, name)));
        }
    }
    found
}

/// How many modules a file is below the crate's root.
fn depth(file: &str) -> usize {
    let folders = file.matches('/').count();
    if file.ends_with("/mod.rs") {
        folders
    } else {
        folders + 1
    }
}

/// The first name of a path, or of each path in a group.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        let text = text.trim_start();
        text.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    let Some(group) = path.trim_start().strip_prefix('{') else {
        return vec![name(path)];
    };
    let (mut names, mut depth, mut from) = (Vec::new(), 0_usize, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.push(name(&group[from..at]));
                from = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// The text with every comment's characters replaced, so that places stay what they are.
fn without_comments(text: &str) -> String {
    let lines = text.lines().map(|line| match line.find("//") {
        Some(at) => line[..at].to_owned(),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether what begins at `at` continues a longer word, or a macro's `$crate`.
fn is_inside_a_word(code: &str, at: usize) -> bool {
    let before = code[..at].chars().next_back();
    before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$')
}

fn line_of(code: &str, at: usize) -> usize {
    code[..at].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUSE: House = House {
        root: "src",
        rooms: &[room("ground", &[])],
        capability_may_name: Some(&["ground"]),
        exceptions: &[door("files", "chat", "for the test")],
    };

    fn breaches(files: &[(&str, &str)]) -> Vec<String> {
        let quiet = [
            ("ground/mod.rs", ""),
            ("chat/mod.rs", ""),
            ("files/mod.rs", "use crate::chat::Log;"),
        ];
        let is_replaced = |name: &str| files.iter().any(|(file, _)| *file == name);
        let all = quiet.iter().filter(|(name, _)| !is_replaced(name)).chain(files);
        let all: Vec<_> = all
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect();
        HOUSE.breaches(&["chat".to_owned(), "files".to_owned()], &all)
    }

    #[test]
    fn a_room_that_names_another_is_found_wherever_the_name_stands() {
        assert!(breaches(&[]).is_empty());
        for text in [
            "use crate::files::Offer;",
            "use crate::{\n    ground::{Time, Span},\n    files,\n};",
            "let offer = crate::files::Offer::default();",
            "use super::files::Offer;",
            "pub(crate) use crate::files;",
        ] {
            let found = breaches(&[("chat/mod.rs", text)]);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].contains("chat may not name files"), "{found:?}");
        }
        let found = breaches(&[("chat/host/page.rs", "\nuse super::super::super::files;")]);
        assert_eq!(found, ["src/chat/host/page.rs:2: chat may not name files"]);
    }

    #[test]
    fn a_registry_may_name_every_room_and_no_room_may_name_it() {
        assert!(breaches(&[("io.rs", "use crate::{chat, files};")]).is_empty());
        assert_eq!(breaches(&[("chat/host.rs", "use crate::io::Event;")]).len(), 1);
        assert_eq!(breaches(&[("ground/time.rs", "use crate::Event;")]).len(), 1);
    }

    #[test]
    fn what_is_allowed_is_not_found() {
        for text in [
            "use crate::ground::{Time, files};",
            "// use crate::files;",
            "/// See [`Offer`](crate::files::Offer).",
            "use super::files_of_chat::x;",
            "use mycrate::files;",
            "use crate::chat::files;",
        ] {
            assert_eq!(breaches(&[("chat/mod.rs", text)]), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_door_that_nobody_uses_and_a_room_that_is_gone_are_named() {
        let found = breaches(&[("files/mod.rs", "use crate::ground::Time;")]);
        assert_eq!(found, ["src: files no longer names chat (for the test)"]);
        let found = HOUSE.breaches(&[], &[("chat/mod.rs".into(), String::new())]);
        assert!(
            found.iter().any(|said| said.contains("src/ground is a room")),
            "{found:?}"
        );
    }
}
