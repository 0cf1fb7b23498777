//! zig's C compiler, which carries macOS's own C headers and libraries: what is C in our libraries compiles with it for a Mac
//! from elsewhere. It comes from the Python registry into the cache, since no system has it among its packages. Apple's
//! frameworks it has not, so that a program that uses one of them cannot be linked with it.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Need, Tools};
use crate::failure::{Failure, Result};
use crate::process::{Task, say};
use crate::project::Project;

/// The release of zig, as the registry names its package: MIT, and each newer one may want other words of ours.
const ZIG: &str = "0.17.1";

/// The oldest macOS that the app runs on, as in `tauri.conf.json`.
const OLDEST_MACOS: &str = "13.3";

/// The C compiler, the linker and their like for `target`, one of Apple's triples.
///
/// # Errors
/// When zig is not in the cache, and Python's pip cannot bring it.
pub(crate) fn tools(project: &Project, target: &str) -> Result<Tools> {
    let folder = project.cache.join(format!("zig-{ZIG}"));
    let zig = folder.join("ziglang").join("zig");
    if !zig.is_file() {
        bring(&folder)?;
    }
    wrap(&zig, &folder, target)
}

fn bring(folder: &Path) -> Result<()> {
    super::system(&[Need::Mac])?;
    say("setup: bringing zig from the Python registry into the cache, once");
    let making = folder.with_file_name(format!("zig-{ZIG}-making-{}", std::process::id()));
    let task = Task::new("python3").args(["-m", "pip", "install", "--quiet", "--no-compile", "--target"]);
    task.arg(&making).arg(format!("ziglang=={ZIG}")).run()?;
    match fs::rename(&making, folder) {
        // Another run of this tool was quicker.
        Err(_) if folder.is_dir() => fs::remove_dir_all(&making).map_err(Failure::file("removing", &making)),
        renamed => renamed.map_err(Failure::file("making", folder)),
    }
}

/// Writes the programs that build scripts and cargo start for `target` into `folder`.
fn wrap(zig: &Path, folder: &Path, target: &str) -> Result<Tools> {
    let write = |word: &str, text: String| {
        let path = folder.join(format!("{target}-{word}"));
        write_program(&path, &text).map(|()| path)
    };
    let cc = write("cc", compiler(zig, folder, "cc", target))?;
    Ok(Tools {
        cxx: write("c++", compiler(zig, folder, "c++", target))?,
        ar: write("ar", program(zig, folder, "ar"))?,
        ranlib: write("ranlib", program(zig, folder, "ranlib"))?,
        linker: cc.clone(),
        cc,
    })
}

/// A shell script that starts zig as the program `word`.
fn program(zig: &Path, folder: &Path, word: &str) -> String {
    let (zig, cache) = (quoted(zig), quoted(&folder.join("cache")));
    format!(
        "#!/bin/sh\n\
         export ZIG_GLOBAL_CACHE_DIR={cache} ZIG_LOCAL_CACHE_DIR={cache}\n\
         exec {zig} {word} \"$@\"\n"
    )
}

/// The same for a compiler: without the options that only Apple's own has, or that name once more what zig is given as its
/// target.
fn compiler(zig: &Path, folder: &Path, word: &str, target: &str) -> String {
    let architecture = target.split('-').next().unwrap_or_default();
    let start = program(
        zig,
        folder,
        &format!("{word} -target {architecture}-macos.{OLDEST_MACOS}-none"),
    );
    let filter = "\
left=$#
while [ \"$left\" -gt 0 ]; do
  option=$1
  shift
  left=$((left - 1))
  case $option in
    -arch | -isysroot | -target)
      shift
      left=$((left - 1))
      ;;
    -mmacosx-version-min=* | -mmacos-version-min=* | -gfull | --target=*) ;;
    *) set -- \"$@\" \"$option\" ;;
  esac
done
";
    start.replacen("export ", &format!("{filter}export "), 1)
}

/// A path as one word of a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "'\\''"))
}

/// Writes a program anew only when it differs: build scripts run again when their compiler is younger than what it made.
fn write_program(path: &PathBuf, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|written| written == text) {
        return Ok(());
    }
    fs::write(path, text).map_err(Failure::file("writing", path))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(path, executable).map_err(Failure::file("making executable", path))?;
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const TARGET: &str = "aarch64-apple-darwin";

    /// What a program in place of zig is given when a build script starts the tool `word` with `options`.
    fn given(word: &str, options: &[&str]) -> Vec<String> {
        let folder = std::env::temp_dir().join(format!("xtask-zig-{word}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let zig = folder.join("it's zig");
        write_program(&zig, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n").expect("a program");
        let tools = wrap(&zig, &folder, TARGET).expect("wrapped");
        let tool = if word == "ar" { tools.ar } else { tools.cc };
        let answer = Task::new(tool).args(options).ask().expect("it starts");
        fs::remove_dir_all(&folder).expect("tidy");
        answer.lines().map(str::to_owned).collect()
    }

    #[test]
    fn what_only_apples_compiler_takes_is_left_out_and_the_rest_keeps_its_order() {
        let options = [
            "-O2",
            "-arch",
            "arm64",
            "-DNAME=a b",
            "--target=arm64-apple-macosx",
            "-mmacosx-version-min=11.0",
            "-isysroot",
            "/sdk",
            "-gfull",
            "-c",
            "a.c",
        ];
        let expected = [
            "cc",
            "-target",
            "aarch64-macos.13.3-none",
            "-O2",
            "-DNAME=a b",
            "-c",
            "a.c",
        ];
        assert_eq!(given("cc", &options), expected);
    }

    #[test]
    fn the_archiver_is_given_all_it_was_given() {
        assert_eq!(given("ar", &["cq", "-arch", "a.o"]), ["ar", "cq", "-arch", "a.o"]);
    }

    #[test]
    fn c_is_compiled_for_the_oldest_macos_that_the_bundle_says() {
        let project = Project::locate().expect("the checkout");
        let config = fs::read_to_string(project.root.join("src-tauri/tauri.conf.json")).expect("readable");
        let line = format!("\"minimumSystemVersion\": \"{OLDEST_MACOS}\"");
        assert!(config.contains(&line), "{line}");
    }
}
