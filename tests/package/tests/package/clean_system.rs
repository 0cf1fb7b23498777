//! The packages' life where nothing was ever installed.

use std::path::PathBuf;

use package_tests::{Trial, live};

use crate::made::{named, newest};

fn picture() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("package-started.png")
}

#[test]
fn both_packages_are_installed_started_drawn_and_removed() {
    let trial = Trial {
        deb: newest("deb", "deb"),
        rpm: Some(newest("rpm", "rpm")),
        suite: None,
        cache: named("ROOMWIRE_CACHE"),
        picture: picture(),
    };
    if let Err(failure) = live(&trial) {
        panic!("{failure}");
    }
}

/// `ROOMWIRE_DEB` names the package, `ROOMWIRE_SUITE` perhaps the release.
#[test]
#[ignore = "`cargo xtask package --try` names a package and a release"]
fn one_deb_is_installed_started_drawn_and_removed() {
    let suite = std::env::var("ROOMWIRE_SUITE").ok();
    let trial = Trial {
        deb: named("ROOMWIRE_DEB"),
        rpm: None,
        suite: suite.filter(|suite| !suite.is_empty()),
        cache: named("ROOMWIRE_CACHE"),
        picture: picture(),
    };
    if let Err(failure) = live(&trial) {
        panic!("{failure}");
    }
}
