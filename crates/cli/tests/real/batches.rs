//! Many at once: one that fails ends nobody else's.

use crate::program::{Place, content, events, is, words};

#[test]
fn a_bad_file_among_others_is_named_and_the_others_go() {
    let place = Place::new();
    let (mut host, address) = place.host(&[]);
    let [first, third] = ["a.log", "c.log"].map(|name| place.write(name, name.as_bytes()));
    std::fs::create_dir(place.path("folder")).unwrap();
    let [folder, missing] = ["folder", "missing.log"].map(|name| place.path(name));
    let paths = [&first, &folder, &missing, &third].map(|path| path.to_str().unwrap());
    let sent = place.run(&[&["send", &address, "--profile", "ben"], &paths[..]].concat());
    let shown = words(&sent);
    assert_eq!(sent.status.code(), Some(6), "{shown}");
    assert!(shown.contains(&format!("{} is no file", paths[1])), "{shown}");
    assert!(
        shown.contains(paths[2]) && shown.contains("2 of 4 files could not be sent"),
        "{shown}"
    );
    for name in ["a.log", "c.log"] {
        host.wait_for(name, |event| {
            is(event, "files", "file") && event["file"]["name"] == name
        });
    }
}

/// The files that `gone_files_cost_only_themselves` offers, in this order.
const NAMES: [&str; 3] = ["one.txt", "two.txt", "three.txt"];

/// Offers [`NAMES`], removes `gone` from the host's disk and fetches all, and then by number.
fn gone_files_cost_only_themselves(gone: &str) {
    let place = Place::new();
    let (mut host, address) = place.host(&[]);
    for name in NAMES {
        let path = place.write(name, name.as_bytes());
        host.line(&format!("/file \"{}\"", path.display()));
        host.wait_for(name, |event| {
            is(event, "files", "file")
                && event["file"]["name"] == name
                && event["file"]["state"]["kind"] == "done"
        });
    }
    std::fs::remove_file(place.path(gone)).unwrap();
    let into = place.path("in");
    let get = |which: &[&str]| {
        let first = [
            "get",
            &address,
            "--profile",
            "cleo",
            "--json",
            "--to",
            into.to_str().unwrap(),
        ];
        place.run(&[&first[..], which].concat())
    };
    let got = get(&["--all"]);
    assert_eq!(got.status.code(), Some(6), "{gone}: {}", words(&got));
    let shown = events(&got);
    let says = |words: &str| {
        let mut errors = shown.iter().filter(|event| event["event"] == "error");
        errors.any(|error| error["message"].as_str().unwrap().contains(words))
    };
    assert!(
        says(gone) && says("1 of 3 files could not be fetched"),
        "{shown:#?}"
    );
    for name in NAMES.into_iter().filter(|name| *name != gone) {
        assert_eq!(content(&into.join(name)), name.as_bytes(), "without {gone}");
    }
    assert!(!into.join(gone).exists());

    // A number that means nothing is no reason either.
    let (number, still_there) = if gone == "one.txt" {
        ("2", "two.txt")
    } else {
        ("1", "one.txt")
    };
    let got = get(&["77", number]);
    assert_eq!(got.status.code(), Some(6));
    let again = still_there.replace('.', " (2).");
    assert_eq!(content(&into.join(again)), still_there.as_bytes());
}

#[test]
fn a_file_that_is_gone_does_not_keep_the_others_from_being_fetched() {
    NAMES.into_iter().for_each(gone_files_cost_only_themselves);
}

#[test]
fn several_files_are_offered_by_one_line() {
    let place = Place::new();
    let (mut host, address) = place.host(&[]);
    let mut ben = place.member(&address, "Ben", &[]);
    let [first, second] = ["a.log", "b.log"].map(|name| place.write(name, name.as_bytes()));
    let folder = place.path("folder");
    std::fs::create_dir(&folder).unwrap();
    let line = format!(
        "/file \"{}\" \"{}\" \"{}\" ada",
        folder.display(),
        first.display(),
        second.display()
    );
    ben.line(&line);
    for name in ["a.log", "b.log"] {
        let file = host.wait_for(name, |event| {
            is(event, "files", "file") && event["file"]["name"] == name
        });
        assert_eq!(file["file"]["to"], serde_json::json!([0]));
    }
    let error = ben.wait_for("the folder", |event| event["event"] == "error");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .starts_with(folder.to_str().unwrap()),
        "{error}"
    );
    // In doubt whom it is for, it is for nobody.
    ben.forget();
    ben.line(&format!("/file \"{}\" Cleo", first.display()));
    let error = ben.wait_for("nobody", |event| event["event"] == "error");
    assert!(error["message"].as_str().unwrap().contains("Cleo"), "{error}");
}
