//! What the built programs need of the system they are installed on, in the words of each kind of package.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::failure::{Failure, Result};
use crate::process::Task;
use crate::project::Project;

/// Debian's packages with the versions in which the symbols that the programs use came; nothing where there is no dpkg, whose
/// tables say which.
///
/// # Errors
/// When dpkg-shlibdeps is there and does not know a library.
pub(super) fn debian(project: &Project, programs: &[PathBuf]) -> Result<BTreeSet<String>> {
    if !Task::new("dpkg-shlibdeps").arg("--version").succeeds() {
        return Ok(BTreeSet::new());
    }
    // It reads the name of the package that it works for.
    let folder = project.target.join("release").join("shlibdeps");
    let control = folder.join("debian").join("control");
    fs::create_dir_all(folder.join("debian")).map_err(Failure::file("making", &folder))?;
    fs::write(
        &control,
        "Source: roomwire\n\nPackage: roomwire\nArchitecture: any\n",
    )
    .map_err(Failure::file("writing", &control))?;
    let said = Task::new("dpkg-shlibdeps")
        .arg("-O")
        .args(programs)
        .folder(&folder)
        .ask();
    let found = said.as_deref().map(of_shlibdeps).unwrap_or_default();
    if found.is_empty() {
        return Err(Failure::Message(format!(
            "dpkg-shlibdeps does not know what the programs need; by hand: cd {} && dpkg-shlibdeps -O {}",
            folder.display(),
            programs
                .iter()
                .map(|program| program.display().to_string())
                .collect::<Vec<_>>()
                .join(" ")
        )));
    }
    Ok(found)
}

/// `shlibs:Depends=libc6 (>= 2.34), libgcc-s1 (>= 4.2)`.
fn of_shlibdeps(said: &str) -> BTreeSet<String> {
    let fields = said
        .lines()
        .filter_map(|line| line.strip_prefix("shlibs:Depends="));
    fields
        .flat_map(|field| field.split(','))
        .map(|need| need.trim().to_owned())
        .filter(|need| !need.is_empty())
        .collect()
}

/// Libraries by their own names, as every distribution with RPM provides them, and the C library's newest version that is used.
///
/// # Errors
/// When objdump cannot read a program.
pub(super) fn rpm(programs: &[PathBuf]) -> Result<BTreeSet<String>> {
    let mut needs = BTreeSet::new();
    for program in programs {
        let said = Task::new("objdump").arg("-p").arg(program).ask();
        let found = of_objdump(&said.unwrap_or_default());
        if found.is_empty() {
            let program = program.display();
            return Err(Failure::Message(format!(
                "objdump does not say which libraries {program} needs"
            )));
        }
        needs.extend(found);
    }
    let newest = needs.iter().filter_map(|need| glibc_of(need)).max();
    needs.retain(|need| glibc_of(need).is_none() || glibc_of(need) == newest);
    Ok(needs)
}

/// The lines `NEEDED libc.so.6`, and below `required from libc.so.6:` those that end in `GLIBC_2.34`.
fn of_objdump(said: &str) -> BTreeSet<String> {
    let mut needs = BTreeSet::new();
    for line in said.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            // The loader comes with the C library.
            ["NEEDED", library] if !library.starts_with("ld-linux") => {
                needs.insert(format!("{library}()(64bit)"));
            }
            [_, _, _, version] if version.starts_with("GLIBC_2.") => {
                needs.insert(format!("libc.so.6({version})(64bit)"));
            }
            _ => {}
        }
    }
    needs
}

/// The minor number of the C library that a need of [`of_objdump`] names.
fn glibc_of(need: &str) -> Option<u32> {
    let version = need
        .strip_prefix("libc.so.6(GLIBC_2.")?
        .strip_suffix(")(64bit)")?;
    version.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dpkgs_answer_is_a_list() {
        let said = "shlibs:Depends=libc6 (>= 2.34), libgcc-s1 (>= 4.2)\n";
        let found: Vec<_> = of_shlibdeps(said).into_iter().collect();
        assert_eq!(found, ["libc6 (>= 2.34)", "libgcc-s1 (>= 4.2)"]);
        assert!(of_shlibdeps("").is_empty());
    }

    #[test]
    fn an_rpm_needs_libraries_and_the_newest_symbols_of_the_c_library() {
        let said = "\
  NEEDED               libm.so.6
  NEEDED               libc.so.6
  NEEDED               ld-linux-x86-64.so.2

  required from libc.so.6:
    0x06969194 0x00 09 GLIBC_2.14
    0x069691b4 0x00 08 GLIBC_2.34
  required from libm.so.6:
    0x09691a75 0x00 12 GLIBC_2.2.5
";
        let found = of_objdump(said);
        assert!(found.contains("libm.so.6()(64bit)"), "{found:?}");
        assert!(
            !found.iter().any(|need| need.starts_with("ld-linux")),
            "{found:?}"
        );
        let newest = found.iter().filter_map(|need| glibc_of(need)).max();
        assert_eq!(newest, Some(34));
        assert_eq!(glibc_of("libc.so.6(GLIBC_2.2.5)(64bit)"), Some(2));
    }
}
