//! Many at once: one that fails ends nobody else's.

use crate::program::{Place, content, events, words};

#[test]
fn a_bad_file_among_others_is_named_and_the_others_go() {
    let place = Place::new();
    let (mut host, address) = place.host(&[]);
    let [first, third] = ["a.log", "c.log"].map(|name| place.write(name, name.as_bytes()));
    std::fs::create_dir(place.path("folder")).unwrap();
    let [folder, missing] = ["folder", "missing.log"].map(|name| place.path(name));
    let paths = [&first, &folder, &missing, &third].map(|path| path.to_str().unwrap());
    let sent = place.run(&[&["send", &address, "--profile", "ben"], &paths[..]].concat());
    let told = words(&sent);
    assert_eq!(sent.status.code(), Some(6), "{told}");
    assert!(told.contains(&format!("{} is no file", paths[1])), "{told}");
    assert!(
        told.contains(paths[2]) && told.contains("2 of 4 files could not be sent"),
        "{told}"
    );
    for name in ["a.log", "c.log"] {
        host.wait_for(name, |event| {
            event["event"] == "file" && event["file"]["name"] == name
        });
    }
}

#[test]
fn a_file_that_is_gone_does_not_keep_the_others_from_being_fetched() {
    let place = Place::new();
    let (mut host, address) = place.host(&[]);
    let names = ["one.txt", "two.txt", "three.txt"];
    for name in names {
        let path = place.write(name, name.as_bytes());
        host.line(&format!("/file \"{}\"", path.display()));
        host.wait_for(name, |event| {
            event["event"] == "file" && event["file"]["name"] == name && event["file"]["state"] == "stored"
        });
    }
    std::fs::remove_file(place.path("two.txt")).unwrap();
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
    assert_eq!(got.status.code(), Some(6), "{}", words(&got));
    let told = events(&got);
    let named = told
        .iter()
        .any(|event| event["event"] == "error" && event["message"].as_str().unwrap().contains("two.txt"));
    assert!(named, "{told:#?}");
    for name in ["one.txt", "three.txt"] {
        assert_eq!(content(&into.join(name)), name.as_bytes());
    }
    assert!(!into.join("two.txt").exists());

    // A number that means nothing is no reason either.
    let got = get(&["77", "1"]);
    assert_eq!(got.status.code(), Some(6));
    assert_eq!(content(&into.join("one (2).txt")), b"one.txt");
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
            event["event"] == "file" && event["file"]["name"] == name
        });
        assert_eq!(file["file"]["only_for"], serde_json::json!([0]));
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
