//! A package's life in a clean system: installed, started, looked at, removed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use xtask::failure::{Failure, Result};
use xtask::process::{Running, Task, say};

use crate::clean_system::{CleanSystem, Release, text};
use crate::screen::{self, Look};
use crate::service;

/// How long the window may take to be drawn: seconds on an idle computer, many times that on a busy one without a GPU.
const PATIENCE: Duration = Duration::from_secs(90);

/// An ordinary person's numbers in the clean system: nobody runs a desktop program as the administrator.
const PERSON: &str = "1000";

/// What both kinds of package are called.
const PACKAGE: &str = "roomwire";

/// What is tried, and where.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The package.
    pub deb: PathBuf,
    /// The one for systems with RPM, put into the same system when the first is gone.
    pub rpm: Option<PathBuf>,
    /// The release of Debian or Ubuntu; this system's when none is named.
    pub suite: Option<String>,
    /// Where clean systems are kept for the next time.
    pub cache: PathBuf,
    /// Where the picture of the started program is put.
    pub picture: PathBuf,
}

/// Installs the .deb by the clean system's own apt, starts what its menu entry starts, waits for a picture, opens a room by its service,
/// and removes it. The same with the .rpm, by rpm: what it needs is there by then, under Debian's names.
///
/// # Errors
/// When a step fails, the window stays empty, or anything is left behind.
pub fn live(trial: &Trial) -> Result<()> {
    let release = Release::find(trial.suite.as_deref())?;
    let system = CleanSystem::fresh(&trial.cache, &release)?;
    put(&system, &trial.deb, "package.deb")?;
    system.inside(&["apt-get", "-q", "update"])?.run()?;
    apt_install(&system, "/tmp/package.deb")?;
    start(&system, &trial.picture)?;
    let files = files_of(&system, &["dpkg", "-L", PACKAGE])?;
    if trial.rpm.is_some() {
        service::stays(&system, |package| apt_install(&system, package))?;
    }
    system
        .inside(&["apt-get", "-q", "-y", "remove", PACKAGE])?
        .run()?;
    is_gone(&system, &files)?;
    say("package: the .deb was installed, started, drawn and removed in a clean system");
    let Some(rpm) = &trial.rpm else { return Ok(()) };
    put(&system, rpm, "package.rpm")?;
    apt_install(&system, "rpm")?;
    system
        .inside(&["rpm", "--install", "--nodeps", "/tmp/package.rpm"])?
        .run()?;
    start(&system, &trial.picture.with_extension("rpm.png"))?;
    let files = files_of(&system, &["rpm", "--query", "--list", PACKAGE])?;
    system.inside(&["rpm", "--erase", PACKAGE])?.run()?;
    is_gone(&system, &files)?;
    say("package: the same with the .rpm");
    Ok(())
}

fn put(system: &CleanSystem, package: &Path, name: &str) -> Result<()> {
    system.as_root(&["cp", &text(package), &text(&system.folder.join("tmp").join(name))])
}

fn apt_install(system: &CleanSystem, package: &str) -> Result<()> {
    let install = [
        "apt-get",
        "-q",
        "-y",
        "--no-install-recommends",
        "-o",
        "Acquire::Retries=3",
        "install",
        package,
    ];
    system.inside(&install)?.run()
}

/// Both programs.
fn start(system: &CleanSystem, picture: &Path) -> Result<()> {
    let program = started_by_menu(&system.folder.join("usr/share/applications"))?;
    start_and_look(system, &program, picture)?;
    system.inside(&["roomwire", "--version"])?.run()
}

/// What a package manager lists as the package's, without the folders, which others have too.
fn files_of(system: &CleanSystem, question: &[&str]) -> Result<Vec<PathBuf>> {
    let listed = system.inside(question)?.ask().unwrap_or_default();
    let files: Vec<PathBuf> = listed
        .lines()
        .map(|line| system.folder.join(line.trim_start_matches('/')))
        .filter(|path| path.is_file())
        .collect();
    if files.is_empty() {
        return Err(Failure::Message(format!(
            "`{}` lists no file",
            question.join(" ")
        )));
    }
    Ok(files)
}

fn is_gone(system: &CleanSystem, files: &[PathBuf]) -> Result<()> {
    let left: Vec<String> = files
        .iter()
        .filter(|file| file.exists())
        .map(|file| format!("/{}", text(file.strip_prefix(&system.folder).unwrap_or(file))))
        .collect();
    if left.is_empty() {
        return Ok(());
    }
    Err(Failure::Message(format!(
        "still there after the package was removed: {}",
        left.join(", ")
    )))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_menu_entry_names_its_program() {
        let entry = "[Desktop Entry]\nName=Roomwire\nExec=roomwire-app %U\nIcon=roomwire-app\n";
        assert_eq!(program_of_entry(entry).as_deref(), Some("roomwire-app"));
        assert_eq!(program_of_entry("[Desktop Entry]\nName=x\n"), None);
    }
}
