//! Hostile input: a target for every decoder, and for every state machine a sequence of operations made of bytes.
//!
//! A [`Target`] is a function of any bytes that must return. What it asserts meanwhile holds whatever the bytes are: nothing
//! panics, memory is bounded, deadlines move on, every frame has one result. The same targets are fed from two sources:
//!
//! * `cargo test -p fuzz-tests` replays `corpus/` and as many [mutations](mutate::Mutator) of it, the same every time;
//! * libFuzzer, with the feature `guided`, looks for bytes that reach code nothing has reached before, for as long as it is let.
//!   CONTRIBUTING.md says how. Whatever made a target fail goes into `corpus/`.

pub mod mutate;
mod passing;
mod requests;
mod targets;

use std::io;
use std::path::{Path, PathBuf};

/// Something that takes bytes from strangers.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, which is that of its folder in `corpus/` too.
    pub name: &'static str,
    /// Feeds it the bytes. It panics when something does not hold that must, and returns otherwise.
    pub run: fn(&[u8]),
    /// How many mutations a test run makes of each corpus file: fewer where one takes long.
    pub mutations: u32,
}

/// Every target.
pub const TARGETS: &[Target] = &[
    target("records", targets::records::run, 400),
    target("control", targets::control::run, 200),
    target("words", targets::words::run, 400),
    target("datagram", targets::datagram::run, 400),
    target("seal", targets::seal::run, 20),
    target("tls", targets::tls::run, 200),
    target("path", targets::path::run, 100),
    target("file", targets::file::run, 200),
    target("jpeg", targets::jpeg::run, 200),
    target("playback", targets::playback::run, 40),
    target("receiver", targets::receiver::run, 20),
    target("sender", targets::sender::run, 10),
    target("link", targets::link::run, 5),
    target("host", targets::host::run, 4),
    target("member", targets::member::run, 3),
];

const fn target(name: &'static str, run: fn(&[u8]), mutations: u32) -> Target {
    Target { name, run, mutations }
}

/// The target of this name.
pub fn target_named(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

impl Target {
    /// Where its corpus is.
    pub fn folder(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("corpus")
            .join(self.name)
    }

    /// Its corpus, by file name.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn corpus(&self) -> io::Result<Vec<(String, Vec<u8>)>> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(self.folder())? {
            let entry = entry?;
            files.push((
                entry.file_name().to_string_lossy().into_owned(),
                std::fs::read(entry.path())?,
            ));
        }
        files.sort();
        Ok(files)
    }
}
