//! A system on which nothing was ever installed, of this system's release or of another, in a folder.

use std::fs;
use std::path::{Path, PathBuf};

use xtask::failure::{Failure, Result};
use xtask::privilege::Privilege;
use xtask::process::{Task, say};

/// A distribution's manner of being made by debootstrap.
#[derive(Debug, PartialEq, Eq)]
struct Distribution {
    /// As `/etc/os-release` has it.
    id: &'static str,
    /// Where the packages are that this system's own sources do not name.
    mirror: &'static str,
    /// Ubuntu has the web view in universe.
    components: &'static str,
    /// What every release of it has in common, also one that is newer than the installed debootstrap.
    script: &'static str,
    /// Whose signatures count.
    keyring: &'static str,
    /// The releases whose packages are tried.
    suites: &'static [&'static str],
}

const DISTRIBUTIONS: [Distribution; 2] = [
    Distribution {
        id: "debian",
        mirror: "http://deb.debian.org/debian",
        components: "main",
        script: "/usr/share/debootstrap/scripts/sid",
        keyring: "/usr/share/keyrings/debian-archive-keyring.gpg",
        suites: &["bookworm", "trixie"],
    },
    Distribution {
        id: "ubuntu",
        mirror: "http://archive.ubuntu.com/ubuntu",
        components: "main,universe",
        script: "/usr/share/debootstrap/scripts/gutsy",
        keyring: "/usr/share/keyrings/ubuntu-archive-keyring.gpg",
        suites: &["jammy", "noble"],
    },
];

/// What debootstrap makes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Release {
    suite: String,
    distribution: &'static Distribution,
    /// Whether this system is of it too, and its sources of packages are right inside.
    is_ours: bool,
}

impl Release {
    /// The release named `suite`, such as `jammy`; this system's own when none is named.
    ///
    /// # Errors
    /// When it is none that is tried, or this system is neither Debian nor Ubuntu.
    pub(crate) fn find(suite: Option<&str>) -> Result<Release> {
        let ours = fs::read_to_string("/etc/os-release").ok();
        let ours = ours.and_then(|text| Release::parse(&text));
        let Some(suite) = suite else {
            let words = "a clean system can be made on Debian and Ubuntu only";
            return ours.ok_or_else(|| Failure::Message(words.into()));
        };
        match ours {
            Some(ours) if ours.suite == suite => Ok(ours),
            _ => Release::named(suite),
        }
    }

    fn named(suite: &str) -> Result<Release> {
        let all = DISTRIBUTIONS.iter();
        let distribution = all.clone().find(|known| known.suites.contains(&suite));
        let distribution = distribution.ok_or_else(|| {
            let known: Vec<&str> = all.flat_map(|known| known.suites).copied().collect();
            Failure::Message(format!(
                "the packages are not tried in `{suite}`, but in {}",
                known.join(", ")
            ))
        })?;
        Ok(Release {
            suite: suite.to_owned(),
            distribution,
            is_ours: false,
        })
    }

    fn parse(os_release: &str) -> Option<Release> {
        let value = |key: &str| {
            let line = os_release
                .lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
            Some(line.trim_matches('"').to_owned())
        };
        let id = value("ID")?;
        Some(Release {
            suite: value("VERSION_CODENAME")?,
            distribution: DISTRIBUTIONS.iter().find(|known| known.id == id)?,
            is_ours: true,
        })
    }

    /// The command that makes it in `folder`, checking every signature.
    fn debootstrap(&self, folder: &Path) -> Vec<String> {
        let known = self.distribution;
        let mut command = vec![
            "debootstrap".to_owned(),
            "--force-check-gpg".to_owned(),
            format!("--keyring={}", known.keyring),
            "--variant=minbase".to_owned(),
            format!("--components={}", known.components),
            "--include=ca-certificates".to_owned(),
            self.suite.clone(),
            text(folder),
        ];
        if !self.is_ours {
            command.extend([known.mirror.to_owned(), known.script.to_owned()]);
        }
        command
    }

    /// The list of sources of a system that is not this one's: as it was released, and what was mended since.
    fn sources(&self) -> String {
        let known = self.distribution;
        let components = known.components.replace(',', " ");
        let line = |suite: String| format!("deb {} {suite} {components}\n", known.mirror);
        line(self.suite.clone()) + &line(format!("{}-updates", self.suite))
    }
}

/// A copy of a freshly made system, thrown away when dropped.
pub(crate) struct CleanSystem {
    pub(crate) folder: PathBuf,
    privilege: Privilege,
}

impl CleanSystem {
    /// Copies the system kept in the cache; makes that first when it is not there.
    pub(crate) fn fresh(cache: &Path, release: &Release) -> Result<CleanSystem> {
        let kept = cache.join("clean-system");
        let base = kept.join(&release.suite);
        let complete = kept.join(format!("{}.complete", release.suite));
        let used = kept.join(format!("{}-in-use-{}", release.suite, std::process::id()));
        fs::create_dir_all(&kept).map_err(Failure::file("making", &kept))?;
        let system = CleanSystem {
            folder: used,
            privilege: Privilege::find(true),
        };
        if !complete.is_file() {
            say(&format!(
                "package: making a clean {} system in the cache, once",
                release.suite
            ));
            system.as_root(&["rm", "-rf", &text(&base)])?;
            system.privilege.task(&release.debootstrap(&base))?.run()?;
            for (from, to) in reaching_the_packages(release.is_ours) {
                system.as_root(&["cp", &from, &text(&base.join(to))])?;
            }
            if !release.is_ours {
                put(&system, &base.join("etc/apt/sources.list"), &release.sources())?;
            }
            fs::write(&complete, "").map_err(Failure::file("writing", &complete))?;
        }
        system.as_root(&["cp", "-a", "--reflink=auto", &text(&base), &text(&system.folder)])?;
        Ok(system)
    }

    /// Writes a file inside, at a path without the leading slash.
    pub(crate) fn put(&self, path: &str, content: &str) -> Result<()> {
        put(self, &self.folder.join(path), content)
    }

    pub(crate) fn as_root(&self, command: &[&str]) -> Result<()> {
        let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        self.privilege.task(&command)?.run()
    }

    /// A command inside, with processes and mounts of its own that end with it, and nothing of this session's environment.
    pub(crate) fn inside(&self, command: &[&str]) -> Result<Task> {
        let root = format!("--root={}", text(&self.folder));
        let head = [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            &root,
            "--mount-proc",
            "--wd=/",
            "env",
            "-i",
        ];
        let environment = [
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL=C.UTF-8",
            "DEBIAN_FRONTEND=noninteractive",
        ];
        let words = head
            .iter()
            .chain(&environment)
            .chain(command)
            .map(|word| (*word).to_owned());
        self.privilege.task(&words.collect::<Vec<_>>())
    }
}

/// Writes a file of the administrator's.
fn put(system: &CleanSystem, path: &Path, content: &str) -> Result<()> {
    let kept = std::env::temp_dir().join(format!("roomwire-trial-{}", std::process::id()));
    fs::write(&kept, content).map_err(Failure::file("writing", &kept))?;
    let copied = system.as_root(&["cp", &text(&kept), &text(path)]);
    let _ = fs::remove_file(&kept);
    copied
}

impl Drop for CleanSystem {
    fn drop(&mut self) {
        // A copy left behind costs disk only; the next run has its own.
        let _ = self.as_root(&["rm", "-rf", "--one-file-system", &text(&self.folder)]);
    }
}

/// Where a distribution keeps the list of where its packages are.
const SOURCES: [(&str, &str); 3] = [
    ("/etc/apt/sources.list", "etc/apt/sources.list"),
    (
        "/etc/apt/sources.list.d/debian.sources",
        "etc/apt/sources.list.d/",
    ),
    (
        "/etc/apt/sources.list.d/ubuntu.sources",
        "etc/apt/sources.list.d/",
    ),
];

/// How this system reaches packages: any proxy, and the sources if they are the clean system's too. Otherwise debootstrap has written
/// the one that it used.
fn reaching_the_packages(sources_too: bool) -> Vec<(String, &'static str)> {
    let mut copied = Vec::new();
    for (source, to) in SOURCES {
        if sources_too && Path::new(source).is_file() {
            copied.push((source.to_owned(), to));
        }
    }
    for entry in fs::read_dir("/etc/apt/apt.conf.d")
        .into_iter()
        .flatten()
        .flatten()
    {
        let settings = fs::read_to_string(entry.path()).unwrap_or_default();
        // Hooks belong to programs that are not in the clean system.
        if settings.contains("Acquire::") && !settings.contains("Invoke") {
            copied.push((text(&entry.path()), "etc/apt/apt.conf.d/"));
        }
    }
    copied
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clean_system_is_of_this_systems_release() {
        let release = Release::parse("ID=debian\nVERSION_CODENAME=bookworm\n").expect("Debian");
        assert_eq!(
            (release.suite.as_str(), release.distribution.id),
            ("bookworm", "debian")
        );
        assert!(release.is_ours);
        assert_eq!(Release::parse("ID=fedora\nVERSION_CODENAME=\"\"\n"), None);
        assert_eq!(
            Release::parse("ID=debian\n"),
            None,
            "a rolling release has no name to ask for"
        );
    }

    #[test]
    fn a_named_release_comes_from_its_own_distribution_and_is_checked() {
        let jammy = Release::named("jammy").expect("tried");
        let command = jammy.debootstrap(Path::new("/clean")).join(" ");
        assert!(
            command.contains("--force-check-gpg --keyring=/usr/share/keyrings/ubuntu"),
            "{command}"
        );
        assert!(
            command.ends_with(
                "jammy /clean http://archive.ubuntu.com/ubuntu /usr/share/debootstrap/scripts/gutsy"
            ),
            "{command}"
        );
        assert!(jammy.sources().contains(" jammy-updates main universe\n"));
        let unknown = Release::named("jamy").expect_err("unknown").to_string();
        assert!(
            unknown.contains("jamy") && unknown.contains("jammy, noble"),
            "{unknown}"
        );
    }
}
