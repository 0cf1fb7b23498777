//! What the application wants of the desktop around it: a face to notify, and the system's dialogs and programs.

use std::path::{Path, PathBuf};

use tokio::sync::oneshot;

use crate::dispatch::Event;
use crate::error::IpcError;
use crate::session::view::{Language, Theme};

/// What a person is asked to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Files to offer.
    Files,
    /// One video file; the dialog's words are in this language.
    Video(Language),
    /// A folder, beginning with this one.
    Folder(PathBuf),
    /// Where to write, beginning with this name and ending.
    SaveAs(String, &'static str),
}

/// The desktop around the application. Each face has its own, and so have the tests.
pub trait Desktop: Send + Sync + 'static {
    /// Hands the face an event.
    fn notify(&self, event: Event);
    /// Asks a person by a dialog of the system; the answer is empty when they dismiss it.
    fn choose(&self, choice: Choice) -> oneshot::Receiver<Vec<PathBuf>>;
    /// Opens a file with the program that the system has for it.
    ///
    /// # Errors
    /// When there is no such program, or it cannot be started.
    fn open(&self, path: &Path) -> Result<(), IpcError>;
    /// Shows a file in its folder.
    ///
    /// # Errors
    /// When the folder cannot be opened.
    fn show(&self, path: &Path) -> Result<(), IpcError>;
    /// Light or dark, for what the system draws.
    fn set_theme(&self, theme: Theme);
    /// Starts another copy of this program, whose window takes the right half of the screen, and gives this one the left.
    ///
    /// # Errors
    /// As the system has them for a program that cannot be started.
    fn start_beside(&self, arguments: &[String]) -> std::io::Result<()>;
    /// Ends this program.
    fn end(&self);
}
