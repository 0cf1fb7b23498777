//! `cargo xtask release`: everything that is given away, what it is made of, and its checksums. Publishing is not its business: a person
//! presses the button on the draft that `release.yml` makes.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::package;
use crate::process::{Task, say};
use crate::project::Project;
use crate::setup;
use crate::split_at_dashes;

/// The checksums of all others, in the form that `sha256sum --check` reads.
const SUMS: &str = "SHA256SUMS";

/// The version of the tool that lists the libraries in the programs.
const CARGO_SBOM: &str = "0.10";

/// Makes all that this computer can make (`--dry-run`; what stands after `--` goes to Tauri's tool), or adds lists of parts and
/// checksums to a folder of packages that several computers made (`--finish`).
///
/// # Errors
/// When a package, a list or a checksum cannot be made.
pub(crate) fn release(project: &Project, arguments: &[String]) -> Result<()> {
    let (ours, theirs) = split_at_dashes(arguments);
    let words: Vec<&str> = ours.iter().map(String::as_str).collect();
    match words[..] {
        ["--dry-run"] => {
            package::make(project, theirs)?;
            let folder = package::gathered(project);
            finish(project, &folder)?;
            say(&format!("release: in {}. {}", folder.display(), elsewhere()));
            Ok(())
        }
        ["--finish", folder] => finish(project, Path::new(folder)),
        _ => Err(Failure::Message(
            "release takes --dry-run and -- …, or --finish and a folder; a tag on GitHub makes the release itself".into(),
        )),
    }
}

fn finish(project: &Project, folder: &Path) -> Result<()> {
    list_parts(project, folder)?;
    sum_up(folder)
}

/// What the programs and the interface are made of, for tools that look for known faults: CycloneDX.
fn list_parts(project: &Project, folder: &Path) -> Result<()> {
    let tool = project.tool("cargo-sbom", CARGO_SBOM)?;
    for (package, name) in [
        ("cli", "roomwire-terminal.cdx.json"),
        ("roomwire-app", "roomwire-app.cdx.json"),
    ] {
        let task = Task::new(&tool).folder(&project.root);
        let task = task.args([
            "--cargo-package",
            package,
            "--output-format",
            "cyclone_dx_json_1_6",
        ]);
        keep(task, "cargo-sbom", &folder.join(name))?;
    }
    let node = setup::interface(project)?;
    let task = node
        .npm(project)
        .args(["sbom", "--sbom-format", "cyclonedx", "--package-lock-only"]);
    keep(task, "npm sbom", &folder.join("roomwire-interface.cdx.json"))
}

fn keep(task: Task, program: &str, at: &Path) -> Result<()> {
    let said = task.ask().unwrap_or_default();
    if !said.contains("CycloneDX") {
        return Err(Failure::Message(format!("{program} made no list of parts")));
    }
    fs::write(at, said).map_err(Failure::file("writing", at))
}

/// Writes the checksums beside the files, and shows them with names and sizes.
fn sum_up(folder: &Path) -> Result<()> {
    let mut files = files_in(folder)?;
    files.retain(|path| path.is_file() && path.file_name().is_none_or(|name| name != SUMS));
    if files.is_empty() {
        return Err(Failure::Message(format!(
            "there is nothing in {}",
            folder.display()
        )));
    }
    let mut rows = Vec::new();
    for file in files {
        let bytes = fs::metadata(&file)
            .map_err(Failure::file("reading", &file))?
            .len();
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        rows.push(Row {
            name,
            bytes,
            hash: sha256(&file)?,
        });
    }
    let sums = folder.join(SUMS);
    fs::write(&sums, checksums(&rows)).map_err(Failure::file("writing", &sums))?;
    say(&table(&rows));
    Ok(())
}

/// One file that is given away.
struct Row {
    name: String,
    bytes: u64,
    /// SHA-256, as 64 hexadecimal digits.
    hash: String,
}

fn checksums(rows: &[Row]) -> String {
    rows.iter()
        .map(|row| format!("{}  {}\n", row.hash, row.name))
        .collect()
}

fn table(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or_default();
    let line = |row: &Row| format!("{:<width$}  {:>11}  {}", row.name, grouped(row.bytes), row.hash);
    let head = format!("{:<width$}  {:>11}  SHA-256", "name", "bytes");
    let lines: Vec<String> = std::iter::once(head).chain(rows.iter().map(line)).collect();
    lines.join("\n")
}

/// `11,000,000`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// By the system's own program: this tool takes no library.
fn sha256(file: &Path) -> Result<String> {
    let asked = [("sha256sum", &[][..]), ("shasum", &["-a", "256"][..])];
    let said = asked
        .iter()
        .filter_map(|(program, options)| Task::new(program).args(*options).arg(file).ask());
    let mut hashes = said.filter_map(|said| hash_of(&said));
    hashes.next().ok_or_else(|| {
        Failure::Message(format!(
            "neither sha256sum nor shasum gives the checksum of {}",
            file.display()
        ))
    })
}

/// The first word, when it is a SHA-256. A name with a backslash has one before the hash.
fn hash_of(said: &str) -> Option<String> {
    let word = said.split_whitespace().next()?.trim_start_matches('\\');
    let is_hash = word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| word.to_owned())
}

fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(Failure::file("reading", folder))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    Ok(files)
}

/// What this computer cannot make, and where it is made.
fn elsewhere() -> &'static str {
    match std::env::consts::OS {
        "linux" => {
            "Not made here: the AppImage and the Flatpak, whose tools and runtimes come from GitHub and Flathub; the packages for Windows and macOS; \
             signatures and provenance. release.yml makes them."
        }
        _ => "Not made here: the other systems' packages, signatures and provenance. release.yml makes them.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        let row = |name: &str, bytes| Row {
            name: name.to_owned(),
            bytes,
            hash: "0".repeat(64),
        };
        vec![row("a.deb", 10_500_000), row("longer.rpm", 12)]
    }

    #[test]
    fn the_checksums_are_in_the_form_that_sha256sum_checks() {
        let zeros = "0".repeat(64);
        assert_eq!(
            checksums(&rows()),
            format!("{zeros}  a.deb\n{zeros}  longer.rpm\n")
        );
    }

    #[test]
    fn the_table_has_name_size_and_hash_in_columns() {
        let table = table(&rows());
        let lines: Vec<&str> = table.lines().collect();
        assert!(
            lines[1].starts_with("a.deb        10,500,000  000"),
            "{}",
            lines[1]
        );
        assert!(
            lines[2].starts_with("longer.rpm           12  000"),
            "{}",
            lines[2]
        );
    }

    #[test]
    fn a_hash_is_64_digits_and_nothing_else_is() {
        let hash = "a".repeat(64);
        assert_eq!(hash_of(&format!("{hash}  name\n")), Some(hash.clone()));
        assert_eq!(hash_of(&format!("\\{hash}  na\\\\me\n")), Some(hash));
        assert_eq!(hash_of("shasum: no such file\n"), None);
        assert_eq!(hash_of(""), None);
    }

    #[test]
    fn the_checksum_of_a_file_is_sha256s() {
        let file = std::env::temp_dir().join(format!("xtask-sha256-{}", std::process::id()));
        fs::write(&file, "abc").expect("file");
        let hash = sha256(&file);
        fs::remove_file(&file).expect("tidy");
        // FIPS 180-2, appendix B.1.
        assert_eq!(
            hash.expect("a hash"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
