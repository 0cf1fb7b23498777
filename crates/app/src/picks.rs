//! What a person picked on this computer: paths stay in the shell, and the page has a number for each.
//!
//! A path comes from a dialog of the system or from files dropped on the window, and from nowhere else. It never passes
//! through a string in between, so that a name that is no Unicode is as good as any.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use serde::Serialize;
use ts_rs::TS;

use crate::error::{ErrorCode, IpcError};

/// The most paths remembered, the latest ones: more than a room takes files many times over.
const MAX_PICKS: usize = 10_000;

/// Something that was picked, as the page knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Pick {
    /// What the page names it by.
    pub handle: u32,
    /// Its name without its folder, to be shown.
    pub name: String,
}

/// The paths that the page has numbers for.
#[derive(Default)]
pub(crate) struct Picks(Mutex<Given>);

#[derive(Default)]
struct Given {
    last: u32,
    paths: VecDeque<(u32, PathBuf)>,
}

impl Picks {
    /// Takes note of a path and gives it a number.
    pub(crate) fn give(&self, path: PathBuf) -> Pick {
        let mut given = self.0.lock();
        given.last = given.last.wrapping_add(1);
        let handle = given.last;
        let name = name_of(&path);
        given.paths.push_back((handle, path));
        if given.paths.len() > MAX_PICKS {
            given.paths.pop_front();
        }
        Pick { handle, name }
    }

    /// The path behind a number.
    ///
    /// # Errors
    /// [`ErrorCode::NotPicked`] when it was never given, or so long ago that it is forgotten.
    pub(crate) fn path(&self, handle: u32) -> Result<PathBuf, IpcError> {
        let given = self.0.lock();
        let found = given.paths.iter().rev().find(|(number, _)| *number == handle);
        found
            .map(|(_, path)| path.clone())
            .ok_or_else(|| IpcError::new(ErrorCode::NotPicked, "this was not picked in this window"))
    }
}

/// A path's last part as it can be shown.
pub(crate) fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_for_the_path_it_was_given_for_and_no_other() {
        let picks = Picks::default();
        let first = picks.give(PathBuf::from("/a/notes.txt"));
        let second = picks.give(PathBuf::from("/b/notes.txt"));
        assert_eq!(
            (first.name.as_str(), second.name.as_str()),
            ("notes.txt", "notes.txt")
        );
        assert_eq!(picks.path(first.handle).unwrap(), Path::new("/a/notes.txt"));
        assert_eq!(picks.path(second.handle).unwrap(), Path::new("/b/notes.txt"));
        for unknown in [0, second.handle + 1, u32::MAX] {
            assert_eq!(picks.path(unknown).unwrap_err().code, ErrorCode::NotPicked);
        }
    }

    #[test]
    fn no_more_than_so_many_are_remembered() {
        let picks = Picks::default();
        let first = picks.give(PathBuf::from("/a"));
        let last = (0..MAX_PICKS)
            .map(|_| picks.give(PathBuf::from("/b")))
            .last()
            .unwrap();
        assert!(picks.path(first.handle).is_err());
        assert_eq!(picks.path(last.handle).unwrap(), Path::new("/b"));
        assert_eq!(picks.0.lock().paths.len(), MAX_PICKS);
    }
}
