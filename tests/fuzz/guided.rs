//! libFuzzer on one target: `guided --target=NAME [libFuzzer's own flags and folders]`.

#![no_main]

use std::sync::OnceLock;

use fuzz_tests::{TARGETS, Target, target_named};

static TARGET: OnceLock<&Target> = OnceLock::new();

libfuzzer_sys::fuzz_target!(
    init: {
        // libFuzzer leaves arguments alone that begin with two dashes.
        let named = std::env::args().find_map(|argument| argument.strip_prefix("--target=").map(str::to_owned));
        let Some(target) = named.as_deref().and_then(target_named) else {
            let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            eprintln!("say which: --target=NAME, one of {}", names.join(", "));
            std::process::exit(2);
        };
        TARGET.get_or_init(|| target);
    },
    |bytes: &[u8]| {
        if let Some(target) = TARGET.get() {
            (target.run)(bytes);
        }
    }
);
