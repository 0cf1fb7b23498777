//! Building for a system that is not this one: a Rust compiler that has its standard library, with its C compiler and linker.
//!
//! The project's own toolchain serves where it has the target's standard library, or where rustup can bring it. Elsewhere,
//! on Debian, the distribution's newest Rust (`rustc-web`, which it keeps for building browsers) is unpacked into the cache
//! without being installed, and the standard library built there from its source: once for each version and target.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Manager, Privilege, this_manager};
use crate::failure::{Failure, Result};
use crate::process::{Task, say};
use crate::project::Project;

/// Debian's packages of its newest Rust: the compiler, cargo, the standard library's source, and clippy.
const DEBIANS_RUST: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "rust-web-clippy"];

/// The programs that compile C and link for a target, by path or by name on the path.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    /// C.
    pub(crate) cc: PathBuf,
    /// C++.
    pub(crate) cxx: PathBuf,
    /// Makes static libraries.
    pub(crate) ar: PathBuf,
    /// Indexes static libraries.
    pub(crate) ranlib: PathBuf,
    /// Links what Rust compiled.
    pub(crate) linker: PathBuf,
}

/// All that compiles for one target.
#[derive(Debug, Clone)]
pub(crate) struct Foreign {
    target: &'static str,
    tools: Tools,
    compiler: Compiler,
    /// Where cargo builds: below it, as always, the target's folder and the profile's.
    build: PathBuf,
}

/// Whose Rust it is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Compiler {
    /// The one that this tool was built with.
    Own,
    /// Debian's, unpacked below this folder.
    Unpacked(PathBuf),
}

impl Foreign {
    /// Finds a compiler for `target` (a triple as rustc has it), or makes one. `tools` must be there already.
    ///
    /// # Errors
    /// When this system's Rust lacks the target, and none can be brought.
    pub(crate) fn ensure(project: &Project, target: &'static str, tools: Tools) -> Result<Foreign> {
        let compiler = compiler(&project.cache.join("foreign"), target)?;
        let build = match compiler {
            Compiler::Own => project.target.clone(),
            // Another compiler's build scripts and macros: in one folder the two would build each other's anew.
            Compiler::Unpacked(_) => project.target.join("foreign"),
        };
        Ok(Foreign {
            target,
            tools,
            compiler,
            build,
        })
    }

    /// `cargo SUBCOMMAND --target …`, at the top of the checkout.
    pub(crate) fn cargo(&self, project: &Project, subcommand: &str) -> Task {
        let task = match &self.compiler {
            Compiler::Own => project.cargo(),
            Compiler::Unpacked(root) => unpacked_cargo(root).folder(&project.root),
        };
        let task = task
            .arg(subcommand)
            .args(["--target", self.target])
            .env("CARGO_TARGET_DIR", &self.build);
        let (small, large) = (variable(self.target), variable(self.target).to_uppercase());
        task.env(&format!("CC_{small}"), &self.tools.cc)
            .env(&format!("CXX_{small}"), &self.tools.cxx)
            .env(&format!("AR_{small}"), &self.tools.ar)
            .env(&format!("RANLIB_{small}"), &self.tools.ranlib)
            .env(&format!("CARGO_TARGET_{large}_LINKER"), &self.tools.linker)
    }

    /// A file that cargo built for the target with `profile`, by its whole name (`roomwire.exe`).
    pub(crate) fn built(&self, profile: &str, file: &str) -> PathBuf {
        self.build.join(self.target).join(profile).join(file)
    }

    /// The name of the variable by which cargo finds the program that runs what was built.
    pub(crate) fn runner_variable(&self) -> String {
        format!("CARGO_TARGET_{}_RUNNER", variable(self.target).to_uppercase())
    }
}

/// A triple as it stands in names of variables.
fn variable(target: &str) -> String {
    target.replace(['-', '.'], "_")
}

/// The nearest compiler that has the target's standard library. What is in the cache comes before rustup, which
/// takes its time to find out that it has no network.
fn compiler(kept: &Path, target: &str) -> Result<Compiler> {
    if own_toolchain_has(target) {
        return Ok(Compiler::Own);
    }
    let debian = this_manager() == Some(Manager::Apt);
    let in_cache = debians_version()
        .filter(|_| debian)
        .map(|version| folder_of(kept, &version))
        .filter(|root| standard_library(root, target).is_dir());
    if let Some(root) = in_cache {
        return Ok(Compiler::Unpacked(root));
    }
    say(&format!(
        "setup: this Rust has no standard library for {target}; asking rustup"
    ));
    let added = Task::new("rustup").args(["target", "add", target]).succeeds();
    if added && own_toolchain_has(target) {
        return Ok(Compiler::Own);
    }
    if !debian {
        return Err(Failure::Message(format!(
            "this Rust has no standard library for {target}; bring it with: rustup target add {target}"
        )));
    }
    let root = unpack(kept)?;
    build_standard_library(&root, target)?;
    Ok(Compiler::Unpacked(root))
}

/// Whether the project's own Rust can compile for `target`.
fn own_toolchain_has(target: &str) -> bool {
    let asked = Task::new("rustc").args(["--print", "target-libdir", "--target", target]);
    let folder = PathBuf::from(asked.ask().unwrap_or_default().trim());
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
}

/// The version of Debian's newest Rust that could be installed now, by the lists of packages at hand.
fn debians_version() -> Option<String> {
    let policy = Task::new("apt-cache").args(["policy", DEBIANS_RUST[0]]);
    candidate(&policy.env("LC_ALL", "C").ask()?)
}

fn candidate(policy: &str) -> Option<String> {
    let line = policy
        .lines()
        .find_map(|line| line.trim().strip_prefix("Candidate: "))?;
    (line != "(none)").then(|| line.to_owned())
}

/// Where a version of Debian's Rust is unpacked: a newer one is another folder, with standard libraries of its own.
fn folder_of(kept: &Path, version: &str) -> PathBuf {
    kept.join(format!("rust-{version}"))
}

/// Brings Debian's newest Rust into the cache, in place of the version before.
fn unpack(kept: &Path) -> Result<PathBuf> {
    if let Some(refresh) = Manager::Apt.refresh() {
        // One unreachable third-party source makes this fail while the packages needed are still reachable.
        let _ = Privilege::find(true).task(&refresh)?.run();
    }
    let version = debians_version().ok_or_else(|| {
        Failure::Message(format!(
            "rustup cannot bring the target, and this system's packages have no {}",
            DEBIANS_RUST[0]
        ))
    })?;
    let root = folder_of(kept, &version);
    if root.is_dir() {
        return Ok(root);
    }
    say(&format!(
        "setup: unpacking Debian's Rust {version} into the cache, once"
    ));
    let making = kept.join(format!("making-{}", std::process::id()));
    let packages = making.join("packages");
    fs::create_dir_all(&packages).map_err(Failure::file("making", &packages))?;
    Task::new("apt-get")
        .args(["-q", "-o", "Acquire::Retries=3", "download"])
        .args(lacking())
        .folder(&packages)
        .run()?;
    for package in crate::project::files_under(&packages, "deb") {
        let task = Task::new("dpkg-deb").arg("--extract").arg(package);
        task.arg(making.join("root")).run()?;
    }
    remove_others(kept, &root);
    put_in_place(&making.join("root"), &root)?;
    fs::remove_dir_all(&making).map_err(Failure::file("removing", &making))?;
    Ok(root)
}

/// The packages of Debian's Rust, with those of their libraries that this system has not.
fn lacking() -> Vec<String> {
    let simulated = Task::new("apt-get")
        .args(["-q", "--print-uris", "--no-install-recommends", "install"])
        .args(DEBIANS_RUST)
        .env("LC_ALL", "C");
    let named = named_by(&simulated.ask().unwrap_or_default());
    if named.is_empty() {
        DEBIANS_RUST.map(str::to_owned).into()
    } else {
        named
    }
}

/// The packages in what `apt-get --print-uris` says: `'http://…' NAME_VERSION_ARCHITECTURE.deb SIZE HASH`.
fn named_by(printed: &str) -> Vec<String> {
    let lines = printed.lines().filter(|line| line.starts_with('\''));
    let files = lines.filter_map(|line| line.split_whitespace().nth(1));
    files
        .filter_map(|file| Some(file.split_once('_')?.0.to_owned()))
        .collect()
}

/// Removes versions that Debian has replaced: with its standard libraries each takes more than a gigabyte.
fn remove_others(kept: &Path, root: &Path) {
    for entry in fs::read_dir(kept).into_iter().flatten().flatten() {
        let replaced = entry.file_name().to_string_lossy().starts_with("rust-");
        if replaced && entry.path() != root {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Renames `made`, unless another run of this tool was quicker.
fn put_in_place(made: &Path, place: &Path) -> Result<()> {
    match fs::rename(made, place) {
        Err(_) if place.is_dir() => Ok(()),
        result => result.map_err(Failure::file("making", place)),
    }
}

/// Where the compiler below `root` looks for what it links into programs for `target`.
fn standard_library(root: &Path, target: &str) -> PathBuf {
    root.join("usr/lib/rustlib").join(target)
}

/// Compiles the standard library for `target` into the compiler's own folders.
fn build_standard_library(root: &Path, target: &str) -> Result<()> {
    let place = standard_library(root, target);
    if place.is_dir() {
        return Ok(());
    }
    say(&format!(
        "setup: building Rust's standard library for {target}, once"
    ));
    // One that was interrupted is gone on with.
    let making = root.join(format!("making-{target}"));
    let source = making.join("src");
    fs::create_dir_all(&source).map_err(Failure::file("making", &source))?;
    let manifest = "[package]\nname = \"nothing\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n";
    for (file, text) in [(making.join("Cargo.toml"), manifest), (source.join("lib.rs"), "")] {
        fs::write(&file, text).map_err(Failure::file("writing", &file))?;
    }
    // To build it, cargo has a flag that only its own developers' compilers take without this variable.
    unpacked_cargo(root)
        .args(["build", "--release", "--target", target])
        .arg("-Zbuild-std=std,panic_unwind,panic_abort,proc_macro,test")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", making.join("target"))
        .folder(&making)
        .run()?;
    let built = making.join("target").join(target).join("release").join("deps");
    let library = making.join("made");
    fs::create_dir_all(library.join("lib")).map_err(Failure::file("making", &library))?;
    for file in files_of_the_library(&built) {
        let to = library.join("lib").join(file.file_name().unwrap_or_default());
        fs::rename(&file, &to).map_err(Failure::file("moving", &file))?;
    }
    put_in_place(&library, &place)?;
    fs::remove_dir_all(&making).map_err(Failure::file("removing", &making))
}

/// What cargo left of the standard library's crates, without the empty one that it was built for.
fn files_of_the_library(built: &Path) -> Vec<PathBuf> {
    let files = ["rlib", "rmeta"].map(|ending| crate::project::files_under(built, ending));
    let of_the_library = |file: &PathBuf| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        !name.starts_with("libnothing")
    };
    files.into_iter().flatten().filter(of_the_library).collect()
}

/// Debian's cargo, with its compiler and the libraries of both.
fn unpacked_cargo(root: &Path) -> Task {
    let programs = root.join("usr/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(programs.clone()).chain(std::env::split_paths(&path)));
    let libraries = format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    Task::new(programs.join("cargo"))
        .env("PATH", path.unwrap_or_default())
        .env("RUSTC", programs.join("rustc"))
        .env("RUSTDOC", programs.join("rustdoc"))
        .env("LD_LIBRARY_PATH", root.join(libraries))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apts_candidate_is_the_version_that_can_be_had() {
        let policy =
            "rustc-web:\n  Installed: (none)\n  Candidate: 1.96.0+dfsg1-1~deb12u2\n  Version table:\n";
        assert_eq!(candidate(policy).as_deref(), Some("1.96.0+dfsg1-1~deb12u2"));
        assert_eq!(
            candidate("rustc-web:\n  Installed: (none)\n  Candidate: (none)\n"),
            None
        );
        assert_eq!(candidate(""), None);
    }

    #[test]
    fn apt_names_the_packages_that_are_not_installed() {
        let printed = "Reading package lists...\n\
            'http://deb.debian.org/pool/main/l/llvm/libllvm22_22.1%2b1_amd64.deb' libllvm22_1%3a22.1+1_amd64.deb 27 SHA256:0\n\
            'http://deb.debian.org/pool/main/r/rustc-web_1.96_amd64.deb' rustc-web_1.96_amd64.deb 3 SHA256:0\n";
        assert_eq!(named_by(printed), ["libllvm22", "rustc-web"]);
        assert!(named_by("Reading package lists...\n").is_empty());
    }

    #[test]
    fn variables_name_the_target_as_cargo_and_the_c_compilers_crate_do() {
        assert_eq!(variable("x86_64-pc-windows-gnu"), "x86_64_pc_windows_gnu");
    }

    #[test]
    fn the_projects_own_rust_has_the_library_of_this_system() {
        let version = Task::new("rustc").args(["-vV"]).ask().unwrap_or_default();
        let host = version.lines().find_map(|line| line.strip_prefix("host: "));
        assert!(own_toolchain_has(host.expect("rustc names its host")));
        assert!(!own_toolchain_has("no-such-target"));
    }
}
