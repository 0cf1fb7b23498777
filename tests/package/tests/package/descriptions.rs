//! The files by which desktops, shops of software and other packagers know the app.

use std::fs;
use std::process::Command;

use crate::made::{fresh, root, said, unpacked};

#[test]
fn the_entry_in_the_menu_is_valid() {
    let entry = unpacked().join("usr/share/applications/Roomwire.desktop");
    let complaints = said(Command::new("desktop-file-validate").arg(entry));
    assert_eq!(complaints, "");
}

#[test]
fn the_metadata_for_shops_are_valid() {
    let file = unpacked().join("usr/share/metainfo/org.roomwire.app.metainfo.xml");
    said(
        Command::new("appstreamcli")
            .args(["validate", "--no-net", "--pedantic"])
            .arg(&file),
    );
    let text = fs::read_to_string(file).unwrap();
    let release = format!(r#"<release version="{}""#, env!("CARGO_PKG_VERSION"));
    assert!(text.contains(&release), "{release} is not in\n{text}");
}

#[test]
fn what_the_metadata_name_is_in_the_package() {
    let usr = unpacked().join("usr");
    let text = fs::read_to_string(usr.join("share/metainfo/org.roomwire.app.metainfo.xml")).unwrap();
    let between = |from: &str, to: &str| -> Vec<String> {
        let found = text
            .split(from)
            .skip(1)
            .map(|rest| rest.split(to).next().unwrap().to_owned());
        found.collect()
    };
    let launched = between("desktop-id\">", "<");
    assert_eq!(launched.len(), 1);
    assert!(
        usr.join("share/applications").join(&launched[0]).is_file(),
        "{launched:?}"
    );
    let programs = between("<binary>", "<");
    assert_eq!(programs.len(), 2);
    for program in programs {
        assert!(usr.join("bin").join(&program).is_file(), "{program}");
    }
    let icons = usr.join("share/icons/hicolor");
    for icon in [
        "scalable/apps/roomwire-app.svg",
        "32x32/apps/roomwire-app.png",
        "128x128/apps/roomwire-app.png",
    ] {
        assert!(icons.join(icon).is_file(), "{icon}");
    }
}

#[test]
fn flatpaks_builder_understands_the_manifest_and_finds_what_it_copies() {
    let manifest = root().join("packaging/flatpak/org.roomwire.app.yml");
    let mut builder = Command::new("flatpak-builder");
    // It leaves a folder where it runs.
    builder.current_dir(fresh("flatpak")).arg("--show-manifest");
    let shown = said(builder.arg(&manifest));
    for word in ["\"id\" : \"org.roomwire.app\"", "--share=network", "roomwire.deb"] {
        assert!(shown.contains(word), "{word} is not in\n{shown}");
    }
    let text = fs::read_to_string(manifest).unwrap();
    let paths: Vec<&str> = text
        .split_whitespace()
        .filter(|word| word.starts_with("usr/"))
        .collect();
    assert!(paths.len() >= 6, "{paths:?}");
    for path in paths {
        assert!(unpacked().join(path).exists(), "{path} is not in the package");
    }
}
