//! What a profile keeps from start to start: who one is, what one chose, and how large the window was.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use netcore::Folders;
use netcore::proto::{session, wire};
use parking_lot::{Mutex, MutexGuard};
use serde::{Deserialize, Serialize};

use crate::error::IpcError;
use crate::session::view::{Language, LastUsed, Profile, Settings, Theme, default_least_quality};
use crate::session::{colour_of, user_name};
use crate::video::view::Transport;

/// JPEG quality unless another is chosen.
const DEFAULT_QUALITY: u8 = 50;
/// A ceiling below this would leave no picture to look at, in kbit/s.
const MIN_KBPS: u32 = 64;

/// The file's content. Every part may be absent, so that a file of an older version is read as far as it goes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Content {
    /// Absent until the name has been confirmed once.
    profile: Option<Profile>,
    settings: Option<Settings>,
    /// The folder of the settings, where its name is no Unicode.
    downloads: Option<OsString>,
    window: Option<WindowSize>,
    last: LastUsed,
}

/// The window's inner size in logical pixels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WindowSize {
    /// From side to side.
    pub width: f64,
    /// From top to bottom.
    pub height: f64,
}

/// The file and what is in it.
pub struct SettingsFile {
    file: PathBuf,
    defaults: (Profile, Settings),
    content: Mutex<Content>,
}

impl SettingsFile {
    /// Reads the profile's file. One that cannot be read is put aside under another name, and everything begins anew.
    pub fn load(folders: &Folders, profile_name: Option<&str>) -> SettingsFile {
        let file = folders.config().join("settings.json");
        let content = read(&file).unwrap_or_else(|why| {
            tracing::warn!(file = %file.display(), why, "the settings cannot be read and begin anew");
            // Nothing can be done about a file that cannot even be moved; saving will say so.
            let _ = std::fs::rename(&file, file.with_extension("unreadable.json"));
            Content::default()
        });
        let defaults = (default_profile(profile_name), default_settings(folders));
        SettingsFile {
            file,
            defaults,
            content: Mutex::new(content),
        }
    }

    /// Who I am, and whether that was ever confirmed.
    pub fn profile(&self) -> (Profile, bool) {
        match &self.content().profile {
            Some(profile) => (
                Profile {
                    device: self.defaults.0.device.clone(),
                    ..profile.clone()
                },
                true,
            ),
            None => (self.defaults.0.clone(), false),
        }
    }

    /// What I chose.
    pub fn settings(&self) -> Settings {
        self.content()
            .settings
            .clone()
            .unwrap_or_else(|| self.defaults.1.clone())
    }

    /// The folder that received files go to.
    pub fn downloads(&self) -> PathBuf {
        let exact = self.content().downloads.clone();
        exact.map_or_else(|| PathBuf::from(self.settings().downloads), PathBuf::from)
    }

    /// How large the window was.
    pub fn window(&self) -> Option<WindowSize> {
        self.content().window
    }

    /// Keeps who I am, within a room's limits, and returns what is kept.
    ///
    /// # Errors
    /// When it cannot be written; the old one stays in force then.
    pub fn save_profile(&self, profile: Profile) -> Result<Profile, IpcError> {
        let sanitized = Profile::from(session::Profile::from(profile).sanitized());
        let kept = Profile {
            device: self.defaults.0.device.clone(),
            ..sanitized
        };
        self.change(|content| content.profile = Some(kept.clone()))?;
        Ok(kept)
    }

    /// Keeps what I chose, within what can be, and returns what is kept. The folder is chosen by
    /// [`save_downloads`](SettingsFile::save_downloads) alone.
    ///
    /// # Errors
    /// When it cannot be written; the old ones stay in force then.
    pub fn save_settings(&self, settings: Settings) -> Result<Settings, IpcError> {
        let before = self.settings();
        let most_kbps = settings.most_kbps.map(|most| most.max(MIN_KBPS));
        let mut kept = settings;
        if kept.port == 0 {
            kept.port = before.port;
        }
        kept.downloads = before.downloads;
        kept.quality = kept.quality.clamp(1, 100);
        kept.least_quality = kept.least_quality.clamp(1, 100);
        kept.least_kbps = kept
            .least_kbps
            .map(|least| least.min(most_kbps.unwrap_or(u32::MAX)));
        kept.most_kbps = most_kbps;
        self.change(|content| content.settings = Some(kept.clone()))?;
        Ok(kept)
    }

    /// What was used last.
    pub fn last(&self) -> LastUsed {
        self.content().last.clone()
    }

    /// Keeps what is used now for the next time. What cannot be written is not worth stopping for: the log says so.
    pub fn note_used(&self, change: impl FnOnce(&mut LastUsed)) {
        if let Err(error) = self.change(|content| change(&mut content.last)) {
            tracing::warn!(%error, "what was used last is not kept");
        }
    }

    /// Keeps the folder that received files go to.
    ///
    /// # Errors
    /// When it cannot be written; the old one stays in force then.
    pub fn save_downloads(&self, folder: PathBuf) -> Result<(), IpcError> {
        let settings = Settings {
            downloads: folder.to_string_lossy().into_owned(),
            ..self.settings()
        };
        let is_exact = Path::new(&settings.downloads) == folder;
        self.change(|content| {
            content.settings = Some(settings);
            content.downloads = (!is_exact).then(|| folder.into_os_string());
        })
    }

    /// Keeps how large the window is.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save_window(&self, window: WindowSize) -> Result<(), IpcError> {
        self.change(|content| content.window = Some(window))
    }

    /// Changes the content on disk first, then here: what is in force is what will be there at the next start.
    fn change(&self, change: impl FnOnce(&mut Content)) -> Result<(), IpcError> {
        let mut content = self.content();
        let mut changed = content.clone();
        change(&mut changed);
        if changed != *content {
            let json = serde_json::to_vec_pretty(&changed).map_err(IpcError::internal)?;
            netcore::write_atomically(&self.file, &json)
                .map_err(|error| IpcError::storage(&self.file, &error))?;
            *content = changed;
        }
        Ok(())
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock()
    }
}

fn read(file: &Path) -> Result<Content, String> {
    match std::fs::read(file) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| error.to_string()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Content::default()),
        Err(error) => Err(error.to_string()),
    }
}

fn default_profile(profile_name: Option<&str>) -> Profile {
    let user = user_name()
        .filter(|name| name != "root")
        .unwrap_or_else(|| "Guest".to_owned());
    let name = match profile_name {
        Some(profile_name) => format!("{} ({profile_name})", capitalised(&user)),
        None => capitalised(&user),
    };
    let device = netcore::device_name();
    // Two profiles on one computer are distinguished at a glance.
    let colour = colour_of(&name).to_owned();
    Profile {
        name,
        about: String::new(),
        colour,
        device,
    }
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn default_settings(folders: &Folders) -> Settings {
    let is_chinese = sys_locale::get_locale().is_some_and(|locale| locale.to_lowercase().starts_with("zh"));
    Settings {
        language: if is_chinese { Language::Zh } else { Language::En },
        theme: Theme::Auto,
        port: wire::DEFAULT_PORT,
        transport: Transport::Udp,
        downloads: folders.downloads().to_string_lossy().into_owned(),
        quality: DEFAULT_QUALITY,
        least_quality: default_least_quality(),
        least_kbps: None,
        most_kbps: None,
        is_fixed: false,
        stays_on_udp: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders() -> (tempfile::TempDir, Folders) {
        let home = tempfile::tempdir().unwrap();
        let folders = Folders::at(home.path()).unwrap();
        (home, folders)
    }

    #[test]
    fn what_is_kept_is_there_at_the_next_start() {
        let (_home, folders) = folders();
        let first = SettingsFile::load(&folders, None);
        assert!(!first.profile().1, "a name nobody confirmed counts as confirmed");
        let profile = Profile {
            name: " Ada\n".into(),
            colour: "#123456".into(),
            ..Profile::default()
        };
        assert_eq!(first.save_profile(profile).unwrap().name, "Ada");
        let settings = Settings {
            quality: 0,
            least_kbps: Some(9_000),
            most_kbps: Some(5_000),
            port: 0,
            theme: Theme::Dark,
            ..first.settings()
        };
        let kept = first.save_settings(settings).unwrap();
        assert_eq!((kept.quality, kept.port), (1, wire::DEFAULT_PORT));
        assert_eq!(
            (kept.least_kbps, kept.most_kbps),
            (Some(5_000), Some(5_000)),
            "the least is never above the most"
        );
        first
            .save_window(WindowSize {
                width: 1100.0,
                height: 700.0,
            })
            .unwrap();

        first.note_used(|last| last.room_name = "Lab 2".to_owned());

        let second = SettingsFile::load(&folders, None);
        assert_eq!(second.profile().0.name, "Ada");
        assert!(second.profile().1);
        assert_eq!(second.settings(), kept);
        assert_eq!(second.window().unwrap().width, 1100.0);
        assert_eq!(second.last().room_name, "Lab 2");
    }

    #[test]
    fn the_folder_is_what_was_chosen_by_the_dialog_and_nothing_else() {
        let (_home, folders) = folders();
        let kept = SettingsFile::load(&folders, None);
        let before = kept.settings().downloads;
        let named = Settings {
            downloads: "/etc/xdg/autostart".into(),
            ..kept.settings()
        };
        assert_eq!(kept.save_settings(named).unwrap().downloads, before);
        kept.save_downloads(PathBuf::from("/chosen")).unwrap();
        assert_eq!(
            SettingsFile::load(&folders, None).downloads(),
            Path::new("/chosen")
        );
        assert_eq!(kept.save_settings(kept.settings()).unwrap().downloads, "/chosen");
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_whose_name_is_no_unicode_is_kept_exactly() {
        use std::os::unix::ffi::OsStringExt;
        let (_home, folders) = folders();
        let folder = PathBuf::from(OsString::from_vec(b"/home/caf\xe9".to_vec()));
        SettingsFile::load(&folders, None)
            .save_downloads(folder.clone())
            .unwrap();
        let kept = SettingsFile::load(&folders, None);
        assert_eq!(kept.downloads(), folder);
        assert_eq!(kept.settings().downloads, "/home/caf\u{fffd}");
        kept.save_settings(kept.settings()).unwrap();
        assert_eq!(kept.downloads(), folder, "saved settings changed the folder");
        kept.save_downloads(PathBuf::from("/plain")).unwrap();
        assert_eq!(
            SettingsFile::load(&folders, None).downloads(),
            Path::new("/plain")
        );
    }

    #[test]
    fn a_file_of_rubbish_is_put_aside_and_everything_begins_anew() {
        let (_home, folders) = folders();
        std::fs::write(folders.config().join("settings.json"), "{ half a fi").unwrap();
        let kept = SettingsFile::load(&folders, None);
        assert_eq!(kept.settings().quality, DEFAULT_QUALITY);
        assert!(folders.config().join("settings.unreadable.json").is_file());
    }

    #[test]
    fn what_cannot_be_written_is_not_in_force() {
        let (home, folders) = folders();
        let kept = SettingsFile::load(&folders, None);
        let before = kept.settings();
        drop(home); // the folder is gone
        let error = kept
            .save_settings(Settings {
                quality: 90,
                ..before.clone()
            })
            .unwrap_err();
        assert_eq!(error.code, crate::error::ErrorCode::Storage);
        assert_eq!(kept.settings(), before);
    }

    #[test]
    fn two_profiles_have_two_names() {
        assert_ne!(default_profile(None).name, default_profile(Some("beside")).name);
    }
}
