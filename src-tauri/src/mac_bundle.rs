//! What the bundle for macOS asks for is what the program uses, no more and no less.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use plist::{Dictionary, Value};

/// Something that macOS guards.
struct Guarded {
    /// Words that stand in our sources if, and only if, it is used.
    signs: &'static [&'static str],
    /// What `Info.plist` must have for it.
    key: &'static str,
    /// What the signature must have for it.
    entitlements: &'static [&'static str],
}

const GUARDED: [Guarded; 4] = [
    Guarded {
        signs: &["nokhwa::"],
        key: "NSCameraUsageDescription",
        entitlements: &["com.apple.security.device.camera"],
    },
    Guarded {
        signs: &["TcpListener", "UdpSocket"],
        key: "NSLocalNetworkUsageDescription",
        entitlements: &[
            "com.apple.security.network.client",
            "com.apple.security.network.server",
        ],
    },
    // DNS-SD: the type of a service, as in RFC 6763, section 4.1.2.
    Guarded {
        signs: &["._tcp", "._udp"],
        key: "NSBonjourServices",
        entitlements: &[],
    },
    Guarded {
        signs: &["cpal::", "AVMediaTypeAudio"],
        key: "NSMicrophoneUsageDescription",
        entitlements: &["com.apple.security.device.audio-input"],
    },
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn dictionary(file: &str) -> Dictionary {
    let value = Value::from_file(root().join(file)).expect("it is a property list");
    value.into_dictionary().expect("it has keys")
}

fn config() -> serde_json::Value {
    let text = fs::read_to_string(root().join("tauri.conf.json")).expect("readable");
    serde_json::from_str(&text).expect("JSON")
}

/// All that is compiled into the app, in one text.
fn sources() -> String {
    let mut folders: Vec<PathBuf> = ["app", "media", "netcore", "netcore-proto"]
        .map(|name| root().join("../crates").join(name).join("src"))
        .into();
    folders.push(root().join("src"));
    let mut text = String::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of sources").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs")
                && !path.ends_with("src/mac_bundle.rs")
            {
                text.push_str(&fs::read_to_string(path).expect("readable"));
            }
        }
    }
    text
}

#[test]
fn macos_is_asked_for_what_is_used_and_for_nothing_else() {
    let (info, sources) = (dictionary("Info.plist"), sources());
    let (mut keys, mut entitlements) = (BTreeSet::new(), BTreeSet::new());
    for guarded in GUARDED {
        if guarded.signs.iter().any(|sign| sources.contains(sign)) {
            keys.insert(guarded.key);
            entitlements.extend(guarded.entitlements);
        }
    }
    let is_guard = |key: &&str| key.ends_with("UsageDescription") || *key == "NSBonjourServices";
    let asked: BTreeSet<&str> = info.keys().map(String::as_str).filter(is_guard).collect();
    assert_eq!(asked, keys, "Info.plist");

    let signed = dictionary("Entitlements.plist");
    let granted: BTreeSet<&str> = signed.keys().map(String::as_str).collect();
    assert_eq!(granted, entitlements, "Entitlements.plist");
    assert!(signed.values().all(|value| value.as_boolean() == Some(true)));
}

#[test]
fn a_person_is_asked_in_both_languages() {
    let info = dictionary("Info.plist");
    let languages = info["CFBundleLocalizations"].as_array().expect("a list");
    assert_eq!(
        languages[0].as_string(),
        Some("en"),
        "the language of Info.plist itself"
    );
    let files = &config()["bundle"]["macOS"]["files"];
    for language in languages
        .iter()
        .skip(1)
        .map(|language| language.as_string().expect("a name"))
    {
        let source = files[format!("Resources/{language}.lproj/InfoPlist.strings")].as_str();
        let words = dictionary(source.expect("the bundle has the words of each language"));
        let questions = info.keys().filter(|key| key.ends_with("UsageDescription"));
        assert!(words.keys().eq(questions), "{language} has other questions");
        for (key, text) in &words {
            let (ours, text) = (info[key].as_string(), text.as_string());
            assert!(
                text.is_some_and(|text| text.contains("Roomwire")) && text != ours,
                "{key}"
            );
        }
    }
}

#[test]
fn what_the_bundle_names_is_there_and_it_is_signed_with_its_entitlements() {
    let bundle = config()["bundle"].clone();
    let mac = &bundle["macOS"];
    let icons = bundle["icon"].as_array().expect("icons").iter();
    let named = icons
        .chain([&mac["entitlements"]])
        .map(|path| path.as_str().expect("a path"));
    let missing: Vec<&str> = named.filter(|path| !root().join(path).is_file()).collect();
    assert_eq!(missing, [""; 0]);
    assert_eq!(mac["entitlements"], "./Entitlements.plist");
    // Without any signature entitlements have no effect, and Macs with Apple's own processors start nothing.
    assert!(mac["signingIdentity"].is_string());
    assert_ne!(mac["hardenedRuntime"], false);
}

#[test]
fn the_oldest_macos_has_a_web_view_that_the_interface_is_built_for() {
    // Safari 16.4 came with macOS 13.3, and the web view of an older one may never have been brought up to date.
    let built = fs::read_to_string(root().join("../ui/vite.config.ts")).expect("readable");
    assert!(built.contains(r#"target: ["safari16.4""#));
    assert_eq!(config()["bundle"]["macOS"]["minimumSystemVersion"], "13.3");
}
