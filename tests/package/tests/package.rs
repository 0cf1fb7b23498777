//! `ROOMWIRE_DEB` names the package, `ROOMWIRE_CACHE` the folder in which the clean system is kept: `cargo xtask test package` and
//! `cargo xtask package --try` set both.

use std::path::PathBuf;

use package_tests::{Trial, install_start_remove};

#[test]
fn the_package_is_installed_started_drawn_and_removed() {
    let named = |name: &str| {
        let value = std::env::var_os(name);
        PathBuf::from(
            value.unwrap_or_else(|| panic!("{name} is not set; start with: cargo xtask test package")),
        )
    };
    let trial = Trial {
        deb: named("ROOMWIRE_DEB"),
        cache: named("ROOMWIRE_CACHE"),
        picture: PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("package-started.png"),
    };
    if let Err(failure) = install_start_remove(&trial) {
        panic!("{failure}");
    }
}
