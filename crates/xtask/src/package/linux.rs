//! What a Linux package holds besides its programs (manual, completions, unit, metadata), laid out in a folder as it is installed, and
//! the settings that make Tauri's tool pack it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::needs;
use crate::desktop;
use crate::failure::{Failure, Result};
use crate::process::Task;
use crate::project::Project;

/// The terminal program.
pub(super) const TERMINAL: &str = "roomwire";

/// Files that are packed as they are: where they come from, and where they are installed.
const AS_THEY_ARE: &[(&str, &str)] = &[
    (
        "packaging/linux/roomwire-host.service",
        "usr/lib/systemd/system/roomwire-host.service",
    ),
    (
        "packaging/linux/lintian-overrides",
        "usr/share/lintian/overrides/roomwire",
    ),
    (
        "icons/app.svg",
        "usr/share/icons/hicolor/scalable/apps/roomwire-app.svg",
    ),
    ("README.md", "usr/share/doc/roomwire/README.md"),
];

/// What each shell's completions are called, and where Debian's shells look for them.
const COMPLETIONS: &[(&str, &str)] = &[
    ("bash", "usr/share/bash-completion/completions/roomwire"),
    ("zsh", "usr/share/zsh/vendor-completions/_roomwire"),
    ("fish", "usr/share/fish/vendor_completions.d/roomwire.fish"),
];

/// The moment of the last commit, so that the same sources make the same package.
pub(super) struct Moment {
    /// Seconds since 1970, as `SOURCE_DATE_EPOCH` has it.
    pub(super) epoch: String,
}

impl Moment {
    /// Of this checkout; of now where git does not know.
    pub(super) fn of(project: &Project) -> Moment {
        let committed = Task::new("git")
            .args(["log", "-1", "--format=%ct"])
            .folder(&project.root)
            .ask();
        let is_known = |text: &String| text.trim().parse::<u64>().is_ok();
        let epoch = committed
            .filter(is_known)
            .or_else(|| Task::new("date").arg("+%s").ask());
        Moment {
            epoch: epoch.unwrap_or_default().trim().to_owned(),
        }
    }

    /// As `date` writes it.
    fn as_date(&self, format: &str) -> Result<String> {
        let asked = Task::new("date")
            .args(["-u", "-d", &format!("@{}", self.epoch), format])
            .env("LC_ALL", "C");
        Ok(output_of(asked, "date")?.trim().to_owned())
    }
}

/// Lays out what is packed in a folder of the build, and gives the folder.
///
/// # Errors
/// When a program does not say its manual or completions, or a file cannot be written.
pub(super) fn stage(project: &Project, moment: &Moment) -> Result<PathBuf> {
    let folder = project.target.join("release").join("linux");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(Failure::file("removing", &folder))?;
    }
    for (from, to) in AS_THEY_ARE {
        let from = project.root.join(from);
        let text = fs::read(&from).map_err(Failure::file("reading", &from))?;
        write(&folder.join(to), &text)?;
    }
    manual(project, &folder)?;
    let terminal = project.built("release", TERMINAL);
    for (shell, to) in COMPLETIONS {
        let script = output_of(Task::new(&terminal).args(["completions", shell]), TERMINAL)?;
        write(&folder.join(to), script.as_bytes())?;
    }
    filled_in(project, moment, &folder)?;
    let documents = folder.join("usr/share/doc/roomwire");
    compress(&documents.join("changelog"))?;
    Ok(folder)
}

/// One page for each command of the terminal program, and one for the app.
fn manual(project: &Project, folder: &Path) -> Result<()> {
    let pages = folder.join("usr/share/man/man1");
    let terminal = project.built("release", TERMINAL);
    Task::new(&terminal).args(["man", "--to"]).arg(&pages).run()?;
    let app = Task::new(project.built("release", desktop::APP)).arg("--manual");
    write(
        &pages.join("roomwire-app.1"),
        output_of(app, desktop::APP)?.as_bytes(),
    )?;
    compress(&pages)
}

/// The files in which version, date or licence is filled in.
fn filled_in(project: &Project, moment: &Moment, folder: &Path) -> Result<()> {
    let read = |name: &str| {
        let path = project.root.join(name);
        fs::read_to_string(&path).map_err(Failure::file("reading", &path))
    };
    let metainfo = read("packaging/linux/org.roomwire.app.metainfo.xml")?
        .replace("@VERSION@", VERSION)
        .replace("@DATE@", &moment.as_date("+%Y-%m-%d")?);
    let metainfo_at = folder.join("usr/share/metainfo/org.roomwire.app.metainfo.xml");
    write(&metainfo_at, metainfo.as_bytes())?;
    let copyright = read("packaging/linux/copyright")?.replace("@MIT@", &indented(&read("LICENSE-MIT")?));
    let documents = folder.join("usr/share/doc/roomwire");
    write(&documents.join("copyright"), copyright.as_bytes())?;
    let changelog = debian_changelog(&moment.as_date("+%a, %d %b %Y %H:%M:%S +0000")?);
    write(&documents.join("changelog"), changelog.as_bytes())
}

/// The version of everything here.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What Debian's tools want to read; what changed for people is in CHANGELOG.md.
fn debian_changelog(date: &str) -> String {
    format!(
        "roomwire ({VERSION}) unstable; urgency=medium\n\n  * Release {VERSION}; CHANGELOG.md of the sources has what changed.\n\n \
         -- The Roomwire authors <>  {date}\n"
    )
}

/// A text as a field of Debian's copyright format has it: an empty line is a dot.
fn indented(text: &str) -> String {
    let line = |line: &str| match line {
        "" => " .".to_owned(),
        line => format!(" {line}"),
    };
    text.trim_end().lines().map(line).collect::<Vec<_>>().join("\n")
}

/// A file, or all in a folder; the same bytes give the same archive.
fn compress(path: &Path) -> Result<()> {
    Task::new("gzip").args(["-r", "-9", "-n"]).arg(path).run()
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(Failure::file("making", folder))?;
    fs::write(path, content).map_err(Failure::file("writing", path))
}

/// What a program prints; nothing is a failure of it.
fn output_of(task: Task, program: &str) -> Result<String> {
    let said = task.ask().unwrap_or_default();
    if said.trim().is_empty() {
        return Err(Failure::Message(format!("{program} printed nothing")));
    }
    Ok(said)
}

/// Tauri's settings for what it can only know now: the staged files, the terminal program, and what both programs need.
///
/// # Errors
/// When what the programs need cannot be found out.
pub(super) fn settings(project: &Project, staged: &Path) -> Result<String> {
    let mut files: Vec<(String, PathBuf)> = files_under_all(staged)?
        .into_iter()
        .filter_map(|path| Some((format!("/{}", path.strip_prefix(staged).ok()?.display()), path)))
        .collect();
    files.push((format!("/usr/bin/{TERMINAL}"), project.built("release", TERMINAL)));
    let programs = [desktop::APP, TERMINAL].map(|program| project.built("release", program));
    let (debian, rpm) = (needs::debian(project, &programs)?, needs::rpm(&programs)?);
    let rpm_files: Vec<_> = files
        .iter()
        .filter_map(|(to, from)| Some((in_rpm(to)?, from.clone())))
        .collect();
    let desktop: Vec<_> = files
        .iter()
        .filter(|(to, _)| for_the_desktop(to))
        .cloned()
        .collect();
    Ok(format!(
        r#"{{"bundle":{{"linux":{{"deb":{{"files":{},"depends":{}}},"rpm":{{"files":{},"depends":{}}},"appimage":{{"files":{}}}}}}}}}"#,
        object(&files),
        list(&debian),
        object(&rpm_files),
        list(&rpm),
        object(&desktop),
    ))
}

/// Where systems with RPM look for a file that is at `path` on Debian; `None` for what only Debian's tools read.
fn in_rpm(path: &str) -> Option<String> {
    if path.starts_with("/usr/share/lintian") {
        return None;
    }
    Some(path.replace("/zsh/vendor-completions/", "/zsh/site-functions/"))
}

/// What an AppImage, which is one file for the desktop, can make use of.
fn for_the_desktop(path: &str) -> bool {
    path.starts_with("/usr/share/metainfo") || path.starts_with("/usr/share/icons")
}

fn object(pairs: &[(String, PathBuf)]) -> String {
    let pair = |(to, from): &(String, PathBuf)| format!("{to:?}:{:?}", from.display().to_string());
    format!("{{{}}}", pairs.iter().map(pair).collect::<Vec<_>>().join(","))
}

fn list(words: &BTreeSet<String>) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("{word:?}")).collect();
    format!("[{}]", quoted.join(","))
}

/// All files under `folder`, in order.
fn files_under_all(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(Failure::file("reading", &folder))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Packs a .deb anew with xz, which takes a third less than the gzip that Tauri's tool knows. At level 9 it looks back 64 MiB, far enough
/// to find in one program what it has seen in the other. Where there is no dpkg, the package stays as it is.
///
/// # Errors
/// When dpkg-deb fails.
pub(super) fn pack_tightly(project: &Project, deb: &Path, moment: &Moment) -> Result<()> {
    if !Task::new("dpkg-deb").arg("--version").succeeds() {
        return Ok(());
    }
    let folder = project.target.join("release").join("deb");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(Failure::file("removing", &folder))?;
    }
    Task::new("dpkg-deb").arg("-R").arg(deb).arg(&folder).run()?;
    Task::new("dpkg-deb")
        .args(["--root-owner-group", "-Zxz", "-z9", "-b"])
        .arg(&folder)
        .arg(deb)
        .env("SOURCE_DATE_EPOCH", &moment.epoch)
        .run()
}

/// The terminal program alone, for any Linux with the C library it was linked with or a newer one: to be unpacked into a prefix such as
/// `/usr/local`. Gives the archive.
///
/// # Errors
/// When a file cannot be copied, or tar fails.
pub(super) fn tarball(project: &Project, staged: &Path, moment: &Moment) -> Result<PathBuf> {
    let name = format!("roomwire-{VERSION}");
    let folder = project.target.join("release").join("tar");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(Failure::file("removing", &folder))?;
    }
    let top = folder.join(&name);
    let program = top.join("bin").join(TERMINAL);
    write(&program, b"")?;
    copy(&project.built("release", TERMINAL), &program)?;
    for from in files_under_all(staged)? {
        let Ok(path) = from.strip_prefix(staged.join("usr")) else {
            continue;
        };
        if for_a_terminal(path) {
            write(&top.join(path), b"")?;
            copy(&from, &top.join(path))?;
        }
    }
    for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
        copy(
            &project.root.join(licence),
            &top.join("share/doc/roomwire").join(licence),
        )?;
    }
    let bundles = project.target.join("release/bundle/tar");
    fs::create_dir_all(&bundles).map_err(Failure::file("making", &bundles))?;
    let archive = bundles.join(format!("{name}-linux-{}.tar.xz", std::env::consts::ARCH));
    Task::new("tar")
        .args([
            "--create",
            "--xz",
            "--sort=name",
            "--owner=0",
            "--group=0",
            "--numeric-owner",
        ])
        .arg(format!("--mtime=@{}", moment.epoch))
        .arg(format!("--directory={}", folder.display()))
        .arg(format!("--file={}", archive.display()))
        .arg(&name)
        .run()?;
    Ok(archive)
}

/// Whether a file below `usr` belongs to the terminal program. The unit names `/usr/bin`, where the packages put it.
fn for_a_terminal(path: &Path) -> bool {
    let kept = [
        "share/man",
        "share/bash-completion",
        "share/zsh",
        "share/fish",
        "share/doc",
    ];
    kept.iter().any(|folder| path.starts_with(folder))
        && !path.ends_with("man1/roomwire-app.1.gz")
        && !path.ends_with("changelog.gz")
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)
        .map(|_| ())
        .map_err(Failure::file("copying", from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_rpm_has_its_own_folder_for_zsh_and_nothing_of_debians_tools() {
        assert_eq!(in_rpm("/usr/share/lintian/overrides/roomwire"), None);
        assert_eq!(
            in_rpm("/usr/share/zsh/vendor-completions/_roomwire").as_deref(),
            Some("/usr/share/zsh/site-functions/_roomwire")
        );
        assert_eq!(in_rpm("/usr/bin/roomwire").as_deref(), Some("/usr/bin/roomwire"));
    }

    #[test]
    fn the_settings_are_json_of_destination_and_source() {
        let pairs = [(
            "/usr/bin/roomwire".to_owned(),
            PathBuf::from("/t/release/roomwire"),
        )];
        assert_eq!(object(&pairs), r#"{"/usr/bin/roomwire":"/t/release/roomwire"}"#);
        let words = BTreeSet::from(["b".to_owned(), "a (>= 1)".to_owned()]);
        assert_eq!(list(&words), r#"["a (>= 1)","b"]"#);
    }

    #[test]
    fn the_tarball_has_nothing_of_the_window() {
        assert!(for_a_terminal(Path::new("share/man/man1/roomwire.1.gz")));
        assert!(!for_a_terminal(Path::new("share/man/man1/roomwire-app.1.gz")));
        assert!(!for_a_terminal(Path::new(
            "share/icons/hicolor/scalable/apps/roomwire-app.svg"
        )));
        assert!(!for_a_terminal(Path::new(
            "lib/systemd/system/roomwire-host.service"
        )));
    }

    #[test]
    fn a_licence_is_a_field_of_debians_format() {
        assert_eq!(indented("MIT\n\nPermission\n"), " MIT\n .\n Permission");
    }
}
