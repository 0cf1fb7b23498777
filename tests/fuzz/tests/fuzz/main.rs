//! Every target is fed its corpus and mutations of it. `ROOMWIRE_FUZZ_TIMES` makes so many times as many mutations.

use std::panic::{self, AssertUnwindSafe};

use fuzz_tests::mutate::Mutator;
use fuzz_tests::{TARGETS, Target};

/// The whole corpus, in bytes: it is part of every checkout.
const MAX_CORPUS_BYTES: usize = 1024 * 1024;

macro_rules! targets {
    ($($name:ident)*) => {
        $(#[test] fn $name() { survives(stringify!($name)); })*

        #[test]
        fn every_target_is_tested() {
            let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
        }
    };
}

targets!(records control words datagram seal tls path file jpeg playback receiver sender link host member);

#[test]
fn the_corpus_is_small_and_no_folder_is_anybodys() {
    let bytes = |target: &Target| corpus(target).iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
    let total: usize = TARGETS.iter().map(bytes).sum();
    assert!(total <= MAX_CORPUS_BYTES, "{total} bytes");
    let root = TARGETS[0].folder().parent().unwrap().to_owned();
    for folder in std::fs::read_dir(root).unwrap() {
        let name = folder.unwrap().file_name();
        assert!(
            TARGETS.iter().any(|target| *name == *target.name),
            "{name:?} is no target's"
        );
    }
}

fn corpus(target: &Target) -> Vec<(String, Vec<u8>)> {
    target
        .corpus()
        .unwrap_or_else(|error| panic!("{}: {error}", target.folder().display()))
}

fn survives(name: &str) {
    let target = fuzz_tests::target_named(name).expect("every test is named after a target");
    let corpus = corpus(target);
    assert!(corpus.len() > 2, "{name} has too small a corpus to begin with");
    let times = std::env::var("ROOMWIRE_FUZZ_TIMES")
        .map_or(1, |times| times.parse().expect("ROOMWIRE_FUZZ_TIMES is a number"));
    let mut mutator = Mutator::new(1);
    for (at, (file, bytes)) in corpus.iter().enumerate() {
        feed(target, file, bytes);
        let other = &corpus[(at + 1) % corpus.len()].1;
        for _ in 0..target.mutations * times {
            feed(
                target,
                &format!("a mutation of {file}"),
                &mutator.mutated(bytes, other),
            );
        }
    }
}

/// Says which bytes it was when the target fails: the file to put into the corpus.
fn feed(target: &Target, what: &str, bytes: &[u8]) {
    let run = AssertUnwindSafe(|| (target.run)(bytes));
    if let Err(panic) = panic::catch_unwind(run) {
        let file = std::env::temp_dir().join(format!("roomwire-{}-failed", target.name));
        let kept = std::fs::write(&file, bytes);
        eprintln!(
            "{}: {what} fails it; its bytes are in {} ({kept:?})",
            target.name,
            file.display()
        );
        panic::resume_unwind(panic);
    }
}
