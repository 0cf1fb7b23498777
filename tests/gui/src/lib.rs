//! Tools for driving the built app's real window: a display without a screen, WebKitGTK's own WebDriver, and a [`Window`]
//! to click and look at. The tests are in `tests/gui`.
//!
//! The app is the program that `ROOMWIRE_APP` names, or the one that cargo built into the same folder as the test.

mod display;
#[cfg(target_os = "linux")]
mod drag;
mod driver;
mod http;
mod window;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use display::Display;
#[cfg(target_os = "linux")]
pub use drag::Drag;
pub use driver::Driver;
pub use window::Window;

/// Longer than anything takes on a busy machine; what has not happened by then does not happen.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What went wrong with a tool, in words.
#[derive(Debug)]
pub struct Trouble(pub String);

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Trouble {}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Trouble {
        Trouble(error.to_string())
    }
}

/// What a tool gives.
pub type Result<T> = std::result::Result<T, Trouble>;

/// The app to drive.
///
/// # Errors
/// When it is not built.
pub fn app() -> Result<PathBuf> {
    let named = std::env::var_os("ROOMWIRE_APP").map(PathBuf::from);
    // A test is in <target>/<profile>/deps, a program in <target>/<profile>.
    let beside = || {
        let exe = std::env::current_exe().ok()?;
        let folders = exe.ancestors().skip(1).take(2);
        folders
            .map(|folder| folder.join("roomwire-app"))
            .find(|app| app.is_file())
    };
    let app = named.or_else(beside).unwrap_or_else(|| "roomwire-app".into());
    if app.is_file() {
        return Ok(app);
    }
    Err(Trouble(format!(
        "{} is not there: build it with `cargo build -p roomwire-app --features custom-protocol`, or name it by ROOMWIRE_APP",
        app.display()
    )))
}

/// Where pictures of failures are kept: in cargo's build folder.
pub fn pictures() -> PathBuf {
    let folder = std::env::current_exe().ok().and_then(|exe| pictures_beside(&exe));
    folder.unwrap_or_else(std::env::temp_dir)
}

/// A program lies in the folder of its profile, a test one deeper, in `deps`.
fn pictures_beside(exe: &Path) -> Option<PathBuf> {
    let folder = exe.parent()?;
    let profile = if folder.ends_with("deps") {
        folder.parent()?
    } else {
        folder
    };
    Some(profile.parent()?.join("gui-tests"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_tests_and_of_programs_are_kept_in_the_build_folder() {
        for exe in ["/p/target/debug/deps/gui-12ab", "/p/target/release/bench"] {
            let kept = pictures_beside(Path::new(exe));
            assert_eq!(kept.as_deref(), Some(Path::new("/p/target/gui-tests")), "{exe}");
        }
    }
}
