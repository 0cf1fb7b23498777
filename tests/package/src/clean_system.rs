//! A system on which nothing was ever installed, of the same release as this one, in a folder; and a package's life in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use xtask::failure::{Failure, Result};
use xtask::privilege::Privilege;
use xtask::process::{Running, Task, say};

use crate::screen::{self, Look};

/// How long the window may take to be drawn: seconds on an idle computer, many times that on a busy one without a GPU.
const PATIENCE: Duration = Duration::from_secs(90);

/// An ordinary person's numbers in the clean system: nobody runs a desktop program as the administrator.
const PERSON: &str = "1000";

/// What is tried, and where.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The package.
    pub deb: PathBuf,
    /// Where clean systems are kept for the next time.
    pub cache: PathBuf,
    /// Where the picture of the started program is put.
    pub picture: PathBuf,
}

/// What debootstrap needs to know.
#[derive(Debug, PartialEq, Eq)]
struct Release {
    suite: String,
    components: &'static str,
}

impl Release {
    fn of_this_system() -> Option<Release> {
        Release::parse(&fs::read_to_string("/etc/os-release").ok()?)
    }

    fn parse(os_release: &str) -> Option<Release> {
        let value = |key: &str| {
            let line = os_release
                .lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
            Some(line.trim_matches('"').to_owned())
        };
        let components = match value("ID")?.as_str() {
            "debian" => "main",
            "ubuntu" => "main,universe", // the web view is in universe
            _ => return None,
        };
        Some(Release {
            suite: value("VERSION_CODENAME")?,
            components,
        })
    }
}

/// Installs the package by the clean system's own apt, starts what its menu entry starts, waits for a picture, removes it.
///
/// # Errors
/// When a step fails, or the window stays empty.
pub fn install_start_remove(trial: &Trial) -> Result<()> {
    let release = Release::of_this_system();
    let release = release
        .ok_or_else(|| Failure::Message("a clean system can be made on Debian and Ubuntu only".into()))?;
    let system = CleanSystem::fresh(&trial.cache, &release)?;
    system.as_root(&[
        "cp",
        &text(&trial.deb),
        &text(&system.folder.join("tmp/package.deb")),
    ])?;
    system.inside(&["apt-get", "-q", "update"])?.run()?;
    let install = [
        "apt-get",
        "-q",
        "-y",
        "--no-install-recommends",
        "-o",
        "Acquire::Retries=3",
        "install",
    ];
    system.inside(&install)?.arg("/tmp/package.deb").run()?;
    let program = started_by_menu(&system.folder.join("usr/share/applications"))?;
    start_and_look(&system, &program, &trial.picture)?;
    system.inside(&["roomwire", "--version"])?.run()?;
    let package = Task::new("dpkg-deb")
        .arg("-f")
        .arg(&trial.deb)
        .arg("Package")
        .ask()
        .unwrap_or_default();
    system
        .inside(&["apt-get", "-q", "-y", "remove"])?
        .arg(package.trim())
        .run()?;
    let left = system.folder.join("usr/bin").join(&program);
    if left.exists() {
        return Err(Failure::Message(format!(
            "/usr/bin/{program} is still there after the package was removed"
        )));
    }
    say("package: installed, started, drawn and removed in a clean system");
    Ok(())
}

/// A copy of a freshly made system, thrown away when dropped.
struct CleanSystem {
    folder: PathBuf,
    privilege: Privilege,
}

impl CleanSystem {
    /// Copies the system kept in the cache; makes that first when it is not there.
    fn fresh(cache: &Path, release: &Release) -> Result<CleanSystem> {
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
            let components = format!("--components={}", release.components);
            system.as_root(&[
                "debootstrap",
                "--variant=minbase",
                &components,
                "--include=ca-certificates",
                &release.suite,
                &text(&base),
            ])?;
            for (from, to) in reaching_the_packages() {
                system.as_root(&["cp", &from, &text(&base.join(to))])?;
            }
            fs::write(&complete, "").map_err(Failure::file("writing", &complete))?;
        }
        system.as_root(&["cp", "-a", "--reflink=auto", &text(&base), &text(&system.folder)])?;
        Ok(system)
    }

    fn as_root(&self, command: &[&str]) -> Result<()> {
        let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        self.privilege.task(&command)?.run()
    }

    /// A command inside, with processes and mounts of its own that end with it, and nothing of this session's environment.
    fn inside(&self, command: &[&str]) -> Result<Task> {
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

impl Drop for CleanSystem {
    fn drop(&mut self) {
        // A copy left behind costs disk only; the next run has its own.
        let _ = self.as_root(&["rm", "-rf", "--one-file-system", &text(&self.folder)]);
    }
}

/// How this system reaches its distribution's packages: sources, and any proxy.
fn reaching_the_packages() -> Vec<(String, &'static str)> {
    let mut copied = Vec::new();
    for (source, to) in [
        ("/etc/apt/sources.list", "etc/apt/sources.list"),
        (
            "/etc/apt/sources.list.d/debian.sources",
            "etc/apt/sources.list.d/",
        ),
        (
            "/etc/apt/sources.list.d/ubuntu.sources",
            "etc/apt/sources.list.d/",
        ),
    ] {
        if Path::new(source).is_file() {
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

/// The program that the package's entry in the desktop's menu starts.
fn started_by_menu(applications: &Path) -> Result<String> {
    let entries = fs::read_dir(applications).map_err(Failure::file("reading", applications))?;
    let texts = entries
        .flatten()
        .filter_map(|entry| fs::read_to_string(entry.path()).ok());
    let programs = texts.filter_map(|text| program_of_entry(&text));
    let ours = programs.into_iter().find(|program| program.contains("roomwire"));
    ours.ok_or_else(|| Failure::Message("the package put no entry into the desktop's menu".into()))
}

fn program_of_entry(entry: &str) -> Option<String> {
    let command = entry.lines().find_map(|line| line.strip_prefix("Exec="))?;
    command
        .split_whitespace()
        .next()
        .map(|program| program.trim_matches('"').to_owned())
}

/// Starts `program` as an ordinary person under a display without a screen, until something is drawn.
fn start_and_look(system: &CleanSystem, program: &str, picture: &Path) -> Result<()> {
    let frames = picture.with_extension("frames");
    fs::create_dir_all(&frames).map_err(Failure::file("making", &frames))?;
    let display = Task::new("Xvfb").args([
        "-displayfd",
        "1",
        "-screen",
        "0",
        "1280x800x24",
        "-nolisten",
        "tcp",
        "-ac",
        "-fbdir",
    ]);
    let (_display, number) = display.arg(&frames).start_and_read_line()?;
    system
        .inside(&["install", "-d", "-o", PERSON, "-g", PERSON, "/home/person"])?
        .run()?;
    let (user, group) = (format!("--reuid={PERSON}"), format!("--regid={PERSON}"));
    let display = format!("DISPLAY=:{}", number.trim());
    let as_person = [
        "HOME=/home/person",
        &display,
        "setpriv",
        &user,
        &group,
        "--clear-groups",
        program,
    ];
    let mut app = system.inside(&as_person)?.start()?;
    let looked = wait_for_picture(&mut app, &frames.join("Xvfb_screen0"));
    if app.ended().is_none() {
        // By the administrator's hand: under sudo the program is not ours to end by dropping it.
        system.as_root(&["kill", &app.id().to_string()])?;
    }
    let _ = Task::new("ffmpeg")
        .args(["-v", "error", "-y", "-f", "image2", "-c:v", "xwd", "-i"])
        .arg(frames.join("Xvfb_screen0"))
        .arg(picture)
        .run();
    let look = looked?;
    say(&format!(
        "package: the window shows {} colours; picture in {}",
        look.colours,
        picture.display()
    ));
    Ok(())
}

fn wait_for_picture(app: &mut Running, frame: &Path) -> Result<Look> {
    let started = Instant::now();
    let mut last = None;
    while started.elapsed() < PATIENCE {
        if let Some(ending) = app.ended() {
            return Err(Failure::Message(format!(
                "the installed program ended by itself ({ending})"
            )));
        }
        let bytes = fs::read(frame).map_err(Failure::file("reading", frame))?;
        let look = screen::look(&bytes);
        if look.as_ref().is_some_and(Look::is_drawn) {
            return look.ok_or_else(|| Failure::Message("no picture".into()));
        }
        last = look;
        std::thread::sleep(Duration::from_millis(300));
    }
    Err(Failure::Message(format!(
        "after {} s the window is still empty: {last:?}",
        PATIENCE.as_secs()
    )))
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clean_system_is_of_this_systems_release() {
        let release = Release::parse("ID=debian\nVERSION_CODENAME=bookworm\n");
        assert_eq!(
            release,
            Some(Release {
                suite: "bookworm".into(),
                components: "main"
            })
        );
        assert_eq!(Release::parse("ID=fedora\nVERSION_CODENAME=\"\"\n"), None);
        assert_eq!(
            Release::parse("ID=debian\n"),
            None,
            "a rolling release has no name to ask for"
        );
    }

    #[test]
    fn a_menu_entry_names_its_program() {
        let entry = "[Desktop Entry]\nName=Roomwire\nExec=roomwire-app %U\nIcon=roomwire-app\n";
        assert_eq!(program_of_entry(entry).as_deref(), Some("roomwire-app"));
        assert_eq!(program_of_entry("[Desktop Entry]\nName=x\n"), None);
    }
}
