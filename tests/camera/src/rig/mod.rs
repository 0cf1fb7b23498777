//! Building the machine and running it.

mod cpio;
mod initramfs;
mod loopback;
mod machine;
mod packages;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Everything needed to boot; it stays from one run to the next.
#[derive(Debug)]
pub struct Rig {
    home: PathBuf,
    kernel: String,
    qemu: PathBuf,
}

/// What the scenarios came to.
#[derive(Debug)]
pub struct Report {
    outcomes: BTreeMap<String, Result<(), String>>,
    console: String,
}

impl Rig {
    /// Downloads and unpacks what is not there yet.
    ///
    /// # Errors
    /// In words, when this computer cannot have the rig: it has no `apt-get` or another processor, or a download fails.
    pub fn prepare() -> Result<Rig, String> {
        if env::consts::ARCH != "x86_64" {
            return Err(format!(
                "the camera rig boots x86-64 kernels only, and this is {}",
                env::consts::ARCH
            ));
        }
        let home = cache_dir()?.join("camera-rig");
        fs::create_dir_all(&home).map_err(|error| format!("{}: {error}", home.display()))?;
        let kernel = packages::kernel(&home)?;
        let qemu = packages::qemu(&home)?;
        Ok(Rig { home, kernel, qemu })
    }

    /// Boots and runs `guest` inside, up to twice: now and then a boot gives no answer.
    ///
    /// # Errors
    /// In words, with the end of the machine's console, when it never came to a report.
    pub fn run(&self, guest: &Path) -> Result<Report, String> {
        let first = self.run_once(guest);
        if first.is_ok() {
            first
        } else {
            self.run_once(guest)
        }
    }

    fn run_once(&self, guest: &Path) -> Result<Report, String> {
        let share = tempfile::tempdir().map_err(|error| error.to_string())?;
        let initramfs = share.path().join("initramfs");
        let image = initramfs::build(&self.kernel_root(), share.path(), guest)?;
        fs::write(&initramfs, image).map_err(|error| error.to_string())?;
        let console = machine::run(
            &self.qemu,
            &self.kernel_root().join("vmlinuz"),
            &initramfs,
            share.path(),
        )?;
        let report = fs::read_to_string(share.path().join("report")).unwrap_or_default();
        if !share.path().join("done").exists() {
            return Err(format!(
                "the machine did not get to its end.\nreport so far:\n{report}\nconsole:\n{console}"
            ));
        }
        Ok(Report {
            outcomes: report.lines().filter_map(parse).collect(),
            console,
        })
    }

    fn kernel_root(&self) -> PathBuf {
        self.home.join(&self.kernel)
    }
}

impl Report {
    /// The names of the scenarios that were played.
    pub fn names(&self) -> Vec<&str> {
        self.outcomes.keys().map(String::as_str).collect()
    }

    /// What the machine wrote to its console.
    pub fn console(&self) -> &str {
        &self.console
    }

    /// Fails the calling test unless `scenario` was played and went well.
    ///
    /// # Panics
    /// When it did not, with what the guest said.
    pub fn assert_passed(&self, scenario: &str) {
        match self.outcomes.get(scenario) {
            Some(Ok(())) => {}
            Some(Err(reason)) => panic!("{scenario}: {reason}"),
            None => panic!("{scenario} was not played\nconsole:\n{}", self.console),
        }
    }
}

/// `NAME<tab>ok` or `NAME<tab>what went wrong`.
fn parse(line: &str) -> Option<(String, Result<(), String>)> {
    let (name, outcome) = line.split_once('\t')?;
    Some((
        name.to_owned(),
        if outcome == "ok" {
            Ok(())
        } else {
            Err(outcome.to_owned())
        },
    ))
}

fn cache_dir() -> Result<PathBuf, String> {
    if let Some(dir) = env::var_os("ROOMWIRE_CACHE") {
        return Ok(PathBuf::from(dir));
    }
    let dirs = directories::BaseDirs::new().ok_or("there is no home directory; set ROOMWIRE_CACHE")?;
    Ok(dirs.cache_dir().join("roomwire"))
}
