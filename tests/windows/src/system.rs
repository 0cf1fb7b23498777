//! A Windows under Wine: its disk, its registry, and programs on it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// An uninstaller goes on in a copy of itself, which nobody can wait for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where Wine keeps it, as `WINEPREFIX` says.
pub struct Windows {
    prefix: PathBuf,
}

impl Windows {
    /// The one that the environment names.
    ///
    /// # Panics
    /// When it names none.
    pub fn of_environment() -> Windows {
        let prefix = std::env::var_os("WINEPREFIX")
            .unwrap_or_else(|| panic!("WINEPREFIX is not set; start with: cargo xtask test windows"));
        Windows {
            prefix: prefix.into(),
        }
    }

    /// A program, by a path of this system or of Windows.
    pub fn command(&self, program: impl AsRef<Path>, arguments: &[&str]) -> Command {
        let mut command = Command::new("wine");
        command
            .arg(program.as_ref())
            .args(arguments)
            .env("WINEPREFIX", &self.prefix);
        command
    }

    /// Runs a program to its end, which must be a success.
    ///
    /// # Panics
    /// When it is none.
    pub fn run(&self, program: impl AsRef<Path>, arguments: &[&str]) -> String {
        let program = program.as_ref();
        let output = self.output(program, arguments);
        let (out, errors) = (text(&output.stdout), text(&output.stderr));
        assert!(
            output.status.success(),
            "{}: {}\n{out}{errors}",
            program.display(),
            output.status
        );
        out
    }

    /// Runs a program to its end, whatever that is.
    ///
    /// # Panics
    /// When Wine cannot be started.
    pub fn output(&self, program: impl AsRef<Path>, arguments: &[&str]) -> Output {
        let mut command = self.command(program, arguments);
        command.stdin(Stdio::null()).output().expect("Wine starts")
    }

    /// What the registry has at `key`; the value without a name is `""`.
    pub fn registry(&self, key: &str, value: &str) -> Option<String> {
        let named = if value.is_empty() {
            vec!["/ve"]
        } else {
            vec!["/v", value]
        };
        let output = self.output("reg", &[&["query", key], &named[..]].concat());
        let text = text(&output.stdout);
        let line = text.lines().find(|line| line.contains("    REG_"))?;
        let (_, kind_and_data) = line.split_once("    REG_")?;
        let (_, data) = kind_and_data.split_once("    ").unwrap_or_default();
        output.status.success().then(|| data.trim_end().to_owned())
    }

    /// Whether the registry has `key`.
    pub fn has_key(&self, key: &str) -> bool {
        self.output("reg", &["query", key]).status.success()
    }

    /// A path such as `C:\users\ada`, on this system.
    ///
    /// # Panics
    /// When it is not on drive C.
    pub fn path(&self, on_windows: &str) -> PathBuf {
        let rest = on_windows
            .strip_prefix("C:\\")
            .unwrap_or_else(|| panic!("{on_windows} is not on drive C"));
        self.prefix.join("drive_c").join(rest.replace('\\', "/"))
    }

    /// The person's folder.
    ///
    /// # Panics
    /// When there is none.
    pub fn home(&self) -> PathBuf {
        let users = self.prefix.join("drive_c/users");
        let folders = fs::read_dir(&users).expect("Windows has users").flatten();
        let mut others = folders.filter(|folder| folder.file_name() != "Public");
        others.next().expect("one of them is the person").path()
    }

    /// Where what the person receives is put: a folder beside this Windows, to which it has a link.
    pub fn downloads(&self) -> PathBuf {
        self.prefix.join("home/Downloads")
    }

    /// Every file and folder of the person and of all persons.
    ///
    /// # Panics
    /// When one cannot be read.
    pub fn files(&self) -> BTreeSet<PathBuf> {
        let mut found = BTreeSet::new();
        let mut folders = [
            "home",
            "drive_c/users",
            "drive_c/ProgramData",
            "drive_c/Program Files",
        ]
        .map(|name| self.prefix.join(name))
        .to_vec();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("a folder can be read").flatten() {
                let path = entry.path();
                // The person's folders are links into the home.
                if path.is_dir() && !path.is_symlink() {
                    folders.push(path.clone());
                }
                found.insert(path);
            }
        }
        found
    }

    /// Waits until there is no such file or folder any more.
    ///
    /// # Panics
    /// When it stays.
    pub fn wait_until_gone(&self, path: &Path) {
        let until = Instant::now() + PATIENCE;
        while path.exists() {
            assert!(Instant::now() < until, "{} is still there", path.display());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
