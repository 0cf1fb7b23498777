//! The desktop as Tauri gives it.

use std::path::{Path, PathBuf};

use app::desktop::{Choice, Desktop};
use app::session::view::{Language, Theme};
use app::{ErrorCode, Event, IpcError};
use tauri::{AppHandle, Emitter, Manager, Runtime};
use tauri_plugin_dialog::{DialogExt, FilePath};
use tokio::sync::oneshot;

use crate::window::{self, Half, WINDOW};

/// Tauri's dialogs, windows and events.
pub(crate) struct TauriDesktop<R: Runtime>(pub(crate) AppHandle<R>);

impl<R: Runtime> Desktop for TauriDesktop<R> {
    fn notify(&self, event: Event) {
        let capability = event.capability();
        let payload = event.payload().map_err(tauri::Error::from);
        let emitted = payload.and_then(|payload| self.0.emit(&format!("{capability}:event"), payload));
        if let Err(error) = emitted {
            tracing::warn!(%error, capability, "the window cannot be notified");
        }
    }

    fn choose(&self, choice: Choice) -> oneshot::Receiver<Vec<PathBuf>> {
        let (tx, rx) = oneshot::channel();
        let mut dialog = self.0.dialog().file();
        if let Some(window) = self.0.get_webview_window(WINDOW) {
            dialog = dialog.set_parent(&window);
        }
        // Who asked may have gone, with the window.
        let one =
            |tx: oneshot::Sender<Vec<PathBuf>>| move |path: Option<FilePath>| drop(tx.send(paths(path)));
        match choice {
            Choice::Files => {
                dialog.pick_files(move |chosen| drop(tx.send(paths(chosen.into_iter().flatten()))));
            }
            Choice::Video(language) => {
                let (videos, all) = match language {
                    Language::En => ("Videos", "All files"),
                    Language::Zh => ("视频", "所有文件"),
                };
                let endings = video_endings();
                let endings: Vec<&str> = endings.iter().map(String::as_str).collect();
                dialog
                    .add_filter(videos, &endings)
                    .add_filter(all, &["*"])
                    .pick_file(one(tx));
            }
            Choice::Folder(from) => dialog.set_directory(from).pick_folder(one(tx)),
            Choice::SaveAs(name, ending) => {
                dialog
                    .set_file_name(name)
                    .add_filter(ending.to_uppercase(), &[ending])
                    .save_file(one(tx));
            }
        }
        rx
    }

    fn open(&self, path: &Path) -> Result<(), IpcError> {
        tauri_plugin_opener::open_path(path, None::<&str>).map_err(|error| unreadable(path, error))
    }

    fn show(&self, path: &Path) -> Result<(), IpcError> {
        tauri_plugin_opener::reveal_item_in_dir(path).map_err(|error| unreadable(path, error))
    }

    fn set_theme(&self, theme: Theme) {
        if let Some(window) = self.0.get_webview_window(WINDOW)
            && let Err(error) = window.set_theme(system_theme(theme))
        {
            tracing::debug!(%error, "the window's own theme stays");
        }
    }

    fn start_beside(&self, arguments: &[String]) -> std::io::Result<()> {
        let program = std::env::current_exe()?;
        let mut child = std::process::Command::new(program)
            .args(arguments)
            .arg("--half=right")
            .spawn()?;
        if let Some(window) = self.0.get_webview_window(WINDOW)
            && let Err(error) = window::take_half(&window, Half::Left)
        {
            tracing::debug!(%error, "the window stays where it is");
        }
        // A process whose end nothing waits for stays in the system's table.
        std::thread::spawn(move || child.wait());
        Ok(())
    }

    fn end(&self) {
        self.0.exit(0);
    }
}

/// What `media` reads by itself first, then what ffmpeg is usually asked for.
const VIDEO_ENDINGS: [&str; 31] = [
    "avi", "y4m", "mp4", "mkv", "mov", "webm", "m4v", "mpg", "mpeg", "wmv", "mts", "m2ts", "ts", "flv",
    "3gp", "3g2", "ogv", "ogm", "mjpeg", "mjpg", "gif", "vob", "m2v", "asf", "divx", "dv", "mxf", "mod",
    "tod", "rm", "f4v",
];

/// The endings in small letters and in capitals, which GTK takes for others: cameras write `MVI_0001.AVI`.
fn video_endings() -> Vec<String> {
    let both = |ending: &&str| [(*ending).to_owned(), ending.to_ascii_uppercase()];
    VIDEO_ENDINGS.iter().flat_map(both).collect()
}

/// A theme as windows know it; `None` follows the system.
pub(crate) fn system_theme(theme: Theme) -> Option<tauri::Theme> {
    match theme {
        Theme::Auto => None,
        Theme::Light => Some(tauri::Theme::Light),
        Theme::Dark => Some(tauri::Theme::Dark),
    }
}

fn paths(chosen: impl IntoIterator<Item = FilePath>) -> Vec<PathBuf> {
    chosen
        .into_iter()
        .filter_map(|path| path.into_path().ok())
        .collect()
}

fn unreadable(path: &Path, error: impl ToString) -> IpcError {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    IpcError::new(ErrorCode::FileUnreadable, error).with("name", name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cameras_write_can_be_chosen() {
        let endings = video_endings();
        for name in [
            "MVI_0001.AVI",
            "00000.MTS",
            "clip.mts",
            "VID_0001.MP4",
            "clip.flv",
            "loop.gif",
            "clip.y4m",
        ] {
            let ending = name.split('.').next_back().unwrap();
            assert!(
                endings.iter().any(|known| known == ending),
                "{name} cannot be seen"
            );
        }
    }
}
