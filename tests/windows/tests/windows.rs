//! `cargo xtask test windows` makes what is tried here, and says where it is: `ROOMWIRE_SETUP` and `ROOMWIRE_OLDER_SETUP` are
//! installers, `ROOMWIRE_PORTABLE` the archive, `ROOMWIRE_CLI` this system's terminal program, `WINEPREFIX` a Windows on
//! which nothing was ever installed.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::Command;

use windows_tests::{Program, Windows};

const UNINSTALL: &str = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall\Roomwire";
const LINKS: &str = r"HKCU\Software\Classes\roomwire";
const OWN: &str = r"HKCU\Software\Roomwire";

/// A file or folder that the environment names.
fn named(variable: &str) -> PathBuf {
    let value = std::env::var_os(variable);
    PathBuf::from(
        value.unwrap_or_else(|| panic!("{variable} is not set; start with: cargo xtask test windows")),
    )
}

#[test]
fn it_is_installed_upgraded_used_and_removed_with_nothing_left() {
    let windows = Windows::of_environment();
    let before = windows.files();
    let older = install(&windows, "ROOMWIRE_OLDER_SETUP");
    let folder = install(&windows, "ROOMWIRE_SETUP");
    let version = env!("CARGO_PKG_VERSION");
    assert_ne!(older.version, version, "the older installer is of this version");
    assert_eq!(
        (older.folder, folder.version.as_str()),
        (folder.folder.clone(), version)
    );
    let folder = folder.folder;
    is_registered(&windows, &folder);
    let installed = windows.path(&folder);
    assert_eq!(
        windows
            .run(installed.join("roomwire.exe"), &["--version"])
            .trim_end(),
        format!("roomwire {version}")
    );
    let kept = talk(&windows, &installed.join("roomwire.exe"));
    refuses_to_replace_what_runs(&windows, &installed);

    windows.run(installed.join("uninstall.exe"), &["/S"]);
    windows.wait_until_gone(&installed);
    for key in [UNINSTALL, LINKS, OWN] {
        assert!(!windows.has_key(key), "{key} is still there");
    }
    is_nothing_left(&windows, &before);
    for file in kept {
        assert!(file.is_file(), "{} is gone with the program", file.display());
    }
}

/// What an installation says of itself.
struct Installed {
    folder: String,
    version: String,
}

fn install(windows: &Windows, setup: &str) -> Installed {
    windows.run(named(setup), &["/S"]);
    let value = |key: &str, name: &str| {
        let found = windows.registry(key, name);
        found.unwrap_or_else(|| panic!("after {setup} there is no {key} {name}"))
    };
    Installed {
        folder: value(OWN, "Folder"),
        version: value(UNINSTALL, "DisplayVersion"),
    }
}

fn is_registered(windows: &Windows, folder: &str) {
    let value = |key: &str, name: &str| windows.registry(key, name).unwrap_or_default();
    let command = value(&format!(r"{LINKS}\shell\open\command"), "");
    assert_eq!(command, format!(r#""{folder}\roomwire-app.exe" "%1""#));
    assert!(
        windows.registry(LINKS, "URL Protocol").is_some(),
        "Windows does not take it for a link's scheme"
    );
    assert_eq!(
        value(UNINSTALL, "QuietUninstallString"),
        format!(r#""{folder}\uninstall.exe" /S"#)
    );
    assert!(
        value(UNINSTALL, "EstimatedSize") > "0x1000".into(),
        "the size is not said"
    );
    let menu = windows
        .home()
        .join("AppData/Roaming/Microsoft/Windows/Start Menu/Programs/Roomwire");
    for shortcut in ["Roomwire.lnk", "Roomwire in a terminal.lnk"] {
        assert!(menu.join(shortcut).is_file(), "the start menu has no {shortcut}");
    }
    assert!(
        windows.registry(OWN, "FirewallRule").is_none(),
        "a rule was added unasked"
    );
}

/// Whether a line is this event of a capability.
fn is(line: &serde_json::Value, capability: &str, kind: &str) -> bool {
    line["event"] == capability && line["kind"] == kind
}

/// A host on Windows and a member on Linux: words, files and video in both directions. Returns what the person on Windows
/// keeps.
fn talk(windows: &Windows, program: &Path) -> Vec<PathBuf> {
    let place = tempfile::tempdir().expect("a folder can be made");
    let mut command = windows.command(
        program,
        &[
            "host",
            "--json",
            "--port",
            "0",
            "--loopback",
            "--as",
            "Ada",
            "--accept-files",
        ],
    );
    command.current_dir(place.path());
    let mut host = Program::start("the host on Windows", command);
    let port = host.wait_for("its room", |event| event["event"] == "opened")["port"].clone();
    let mut command = Command::new(named("ROOMWIRE_CLI"));
    let downloads = place.path().join("received");
    command
        .args([
            "join",
            &format!("127.0.0.1:{port}"),
            "--json",
            "--stay",
            "--as",
            "Ben",
            "--accept-files",
        ])
        .arg("--downloads")
        .arg(&downloads)
        .env("ROOMWIRE_HOME", place.path().join("home"));
    let mut member = Program::start("the member on Linux", command);
    member.wait_for("the welcome", |event| event["event"] == "joined");

    for (from, to, words) in [(0, 1, "Good morning, 大家好 🎥"), (1, 0, "Guten Morgen, Ada")] {
        let both = [&mut host, &mut member];
        both[from].line(words);
        both[to].wait_for(words, |event| {
            is(event, "chat", "entry") && event["entry"]["body"]["text"] == words
        });
    }
    let theirs = files_cross(&mut member, &mut host, place.path(), "from Linux");
    files_cross(&mut host, &mut member, place.path(), "from Windows");
    video_crosses(&mut member, &mut host);
    video_crosses(&mut host, &mut member);
    member.leave();
    host.leave();
    theirs.iter().map(|path| windows.path(path)).collect()
}

/// A few files of different kinds, with names as people give them. Returns where the receiver says that they are.
fn files_cross(from: &mut Program, to: &mut Program, place: &Path, prefix: &str) -> Vec<String> {
    let contents: [(&str, Vec<u8>); 3] = [
        (
            "photo (1).bin",
            (0..3_000_001_u32)
                .flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes())
                .collect(),
        ),
        ("讲义 é.txt", "words\r\n".into()),
        ("empty", Vec::new()),
    ];
    let mut places = Vec::new();
    for (name, content) in contents {
        let name = format!("{prefix} {name}");
        let path = place.join(&name);
        std::fs::write(&path, &content).expect("a file can be written");
        from.line(&format!("/file \"{}\"", path.display()));
        let done = to.wait_for(&name, |event| {
            let file = &event["file"];
            is(event, "files", "file") && file["state"]["kind"] == "done" && file["name"] == name.as_str()
        });
        let file = &done["file"];
        let hash = blake3::hash(&content).to_hex();
        assert_eq!(file["blake3"], hash.as_str(), "{name} arrived as another file");
        places.push(
            file["state"]["path"]
                .as_str()
                .expect("it is somewhere")
                .to_owned(),
        );
    }
    places
}

/// The test pattern over each transport, watched, measured by acknowledgements.
fn video_crosses(from: &mut Program, to: &mut Program) {
    from.forget();
    to.forget();
    from.line("/video pattern 320x180@20");
    let stream = to.wait_for("the stream", |event| is(event, "video", "started"));
    let id = stream["stream"]["id"].clone();
    to.line(&format!("/watch {id}"));
    for transport in ["tcp", "udp"] {
        // It stays on UDP though nothing answers, so that a fall back to TCP does not pass for it.
        from.line(if transport == "udp" { "/udp only" } else { "/tcp" });
        from.wait_for("the switch", |event| {
            is(event, "video", "live") && event["live"]["spec"]["transport"] == transport
        });
        from.forget();
        to.forget();
        let result = from.wait_for("a result", |event| {
            event["event"] == "result" && event["transport"] == transport
        });
        assert!(result["delay_us"].as_u64() > Some(0), "{result}");
        to.wait_for("pictures", |event| {
            event["event"] == "watched"
                && event["transport"] == transport
                && event["frames"].as_u64() > Some(10)
        });
    }
    from.line("/stop");
    let watched = to.wait_for("the end", |event| {
        event["event"] == "watched" && event["over"] == true
    });
    assert_eq!(watched["bad"], 0, "{watched}");
}

/// While the program runs, an installer changes nothing.
fn refuses_to_replace_what_runs(windows: &Windows, installed: &Path) {
    let command = windows.command(
        installed.join("roomwire.exe"),
        &["host", "--json", "--port", "0", "--loopback"],
    );
    let mut host = Program::start("the running program", command);
    host.wait_for("its room", |event| event["event"] == "opened");
    let refused = windows.output(named("ROOMWIRE_OLDER_SETUP"), &["/S"]);
    assert_eq!(refused.status.code(), Some(2), "it installs over what runs");
    let version = windows.registry(UNINSTALL, "DisplayVersion");
    assert_eq!(version.as_deref(), Some(env!("CARGO_PKG_VERSION")));
    host.leave();
}

/// Beside what was there before, only what is the person's.
fn is_nothing_left(windows: &Windows, before: &std::collections::BTreeSet<PathBuf>) {
    let home = windows.home();
    let persons =
        ["Downloads", "AppData/Roaming/roomwire", "AppData/Local/roomwire"].map(|name| home.join(name));
    let after = windows.files();
    let left: Vec<_> = after
        .difference(before)
        .filter(|path| !persons.iter().any(|persons| path.starts_with(persons)))
        // What Windows itself keeps for every program that runs.
        .filter(|path| !path.starts_with(home.join("AppData/Local/Temp")))
        .collect();
    assert!(left.is_empty(), "these are left: {left:#?}");
}

#[test]
fn the_archive_works_where_it_is_unpacked() {
    let windows = Windows::of_environment();
    let place = tempfile::tempdir().expect("a folder can be made");
    let unpacked = Command::new("unzip")
        .arg("-q")
        .arg(named("ROOMWIRE_PORTABLE"))
        .arg("-d")
        .arg(place.path())
        .status();
    assert!(
        unpacked.is_ok_and(|status| status.success()),
        "the archive cannot be unpacked"
    );
    let version = env!("CARGO_PKG_VERSION");
    let folder = place.path().join(format!("Roomwire-{version}"));
    for file in [
        "roomwire-app.exe",
        "WebView2Loader.dll",
        "LICENSE-MIT",
        "LICENSE-APACHE",
    ] {
        assert!(folder.join(file).is_file(), "{file} is not in the archive");
    }
    let said = windows.run(folder.join("roomwire.exe"), &["--version"]);
    assert_eq!(said.trim_end(), format!("roomwire {version}"));
}
