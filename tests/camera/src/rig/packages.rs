//! Debian's packages, downloaded and unpacked without installing anything.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use super::loopback;

/// Drivers for what the machine needs before its root is there, and the cameras'. Dependencies follow by themselves.
pub(super) const MODULES: [&str; 5] = ["virtio_pci", "9pnet_virtio", "9p", "vivid", "v4l2loopback"];

const KERNEL: &str = "linux-image-amd64";
const QEMU: &str = "qemu-system-x86";

/// The release of the kernel whose image, modules and shell are unpacked in the folder of that name under `home`.
pub(super) fn kernel(home: &Path) -> Result<String, String> {
    if let Some(cached) = cached_kernel(home) {
        return Ok(cached);
    }
    let package = depends(KERNEL)?
        .into_iter()
        .find(|name| name.starts_with("linux-image-"));
    let package = package.ok_or_else(|| format!("{KERNEL} names no kernel: is this Debian?"))?;
    let release = package.trim_start_matches("linux-image-").to_owned();
    let work = tempfile::tempdir_in(home).map_err(|error| error.to_string())?;
    download(&[&package, "busybox-static"], work.path())?;

    let ready = work.path().join("ready");
    let unpacked = work.path().join("unpacked");
    unpack(work.path(), &unpacked)?;
    fs::create_dir(&ready).map_err(text)?;
    fs::copy(
        unpacked.join(format!("boot/vmlinuz-{release}")),
        ready.join("vmlinuz"),
    )
    .map_err(text)?;
    let shells = [unpacked.join("bin/busybox"), unpacked.join("usr/bin/busybox")];
    let shell = shells
        .iter()
        .find(|path| path.exists())
        .ok_or("busybox-static has no busybox")?;
    fs::copy(shell, ready.join("busybox")).map_err(text)?;
    let trees = [unpacked.join("lib/modules"), unpacked.join("usr/lib/modules")];
    let tree = trees
        .iter()
        .find(|path| path.exists())
        .ok_or("the kernel has no modules")?;
    let mut files = Vec::new();
    find_modules(tree, &mut files).map_err(text)?;
    files.push(loopback::build(&release, work.path())?);
    keep_modules(&files, &ready)?;
    let cached = home.join(&release);
    if cached.exists() {
        // It lacks a module that is wanted by now.
        fs::remove_dir_all(&cached).map_err(text)?;
    }
    fs::rename(&ready, cached).map_err(text)?;
    Ok(release)
}

fn cached_kernel(home: &Path) -> Option<String> {
    let entries = fs::read_dir(home).ok()?.flatten();
    let has_all = |dir: &Path| {
        let order = fs::read_to_string(dir.join("modules")).unwrap_or_default();
        MODULES.iter().all(|module| {
            order
                .lines()
                .any(|file| file == format!("{}.ko", canonical(module)))
        })
    };
    let cached = entries.filter(|entry| has_all(&entry.path()));
    cached
        .filter_map(|entry| entry.file_name().into_string().ok())
        .max()
}

/// Copies the wanted modules with everything they depend on, and writes the order in which they load, one file name a line.
fn keep_modules(files: &[PathBuf], to: &Path) -> Result<(), String> {
    let mut order = Vec::new();
    for module in MODULES {
        keep_module(module, files, to, &mut order)?;
    }
    fs::write(to.join("modules"), order.join("\n") + "\n").map_err(text)
}

fn keep_module(name: &str, files: &[PathBuf], to: &Path, order: &mut Vec<String>) -> Result<(), String> {
    let file_name = format!("{}.ko", canonical(name));
    if order.contains(&file_name) {
        return Ok(());
    }
    let is_it = |path: &&PathBuf| {
        path.file_name().and_then(OsStr::to_str).is_some_and(|file| {
            file.split_once(".ko")
                .is_some_and(|(stem, _)| canonical(stem) == canonical(name))
        })
    };
    let path = files
        .iter()
        .find(is_it)
        .ok_or_else(|| format!("the kernel has no module {name}"))?;
    let code = read_module(path)?;
    for dependency in dependencies(&code) {
        keep_module(&dependency, files, to, order)?;
    }
    fs::write(to.join(&file_name), code).map_err(text)?;
    order.push(file_name);
    Ok(())
}

fn canonical(name: &str) -> String {
    name.replace('-', "_")
}

fn find_modules(dir: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            find_modules(&entry.path(), found)?;
        } else if entry.file_name().to_string_lossy().contains(".ko") {
            found.push(entry.path());
        }
    }
    Ok(())
}

fn read_module(path: &Path) -> Result<Vec<u8>, String> {
    if path.extension() != Some(OsStr::new("xz")) {
        return fs::read(path).map_err(text);
    }
    let output = Command::new("xz")
        .args(["--decompress", "--stdout"])
        .arg(path)
        .output();
    let output = output.map_err(|error| format!("xz: {error}"))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(format!("xz cannot read {}", path.display()))
    }
}

/// What its `depends=` says; the kernel itself is not asked, since nothing of it runs here.
fn dependencies(code: &[u8]) -> Vec<String> {
    const MARK: &[u8] = b"\0depends=";
    let Some(at) = code.windows(MARK.len()).position(|window| window == MARK) else {
        return Vec::new();
    };
    let names = &code[at + MARK.len()..];
    let end = names.iter().position(|byte| *byte == 0).unwrap_or(names.len());
    let names = String::from_utf8_lossy(&names[..end]).into_owned();
    names
        .split(',')
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The folder in which QEMU is unpacked, or `/` when the system has one.
pub(super) fn qemu(home: &Path) -> Result<PathBuf, String> {
    let has_own = env::var_os("PATH").is_some_and(|path| {
        env::split_paths(&path)
            .any(|dir| dir == Path::new("/usr/bin") && dir.join("qemu-system-x86_64").exists())
    });
    if has_own {
        return Ok(PathBuf::from("/"));
    }
    let cached = home.join("qemu");
    if cached.exists() {
        return Ok(cached);
    }
    let work = tempfile::tempdir_in(home).map_err(text)?;
    let missing = missing_with_dependencies(QEMU)?;
    download(
        &missing.iter().map(String::as_str).collect::<Vec<_>>(),
        work.path(),
    )?;
    let unpacked = work.path().join("unpacked");
    unpack(work.path(), &unpacked)?;
    fs::rename(&unpacked, &cached).map_err(text)?;
    Ok(cached)
}

/// `package` and what it depends on, as far as it is not installed.
fn missing_with_dependencies(package: &str) -> Result<Vec<String>, String> {
    let mut arguments = vec!["depends", "--recurse"];
    arguments.extend([
        "--no-recommends",
        "--no-suggests",
        "--no-conflicts",
        "--no-breaks",
        "--no-replaces",
        "--no-enhances",
    ]);
    arguments.push(package);
    let closure = output("apt-cache", &arguments, None)?;
    let installed = output(
        "dpkg-query",
        &["--show", "--showformat", "${Package} ${db:Status-Abbrev}\n"],
        None,
    )?;
    let installed: BTreeSet<&str> = installed
        .lines()
        .filter_map(|line| line.strip_suffix(" ii "))
        .collect();
    let named = closure
        .lines()
        .filter(|line| line.starts_with(|first: char| first.is_ascii_alphanumeric()));
    let missing: BTreeSet<&str> = named.map(|name| name.split(':').next().unwrap_or(name)).collect();
    Ok(missing
        .difference(&installed)
        .map(|name| (*name).to_owned())
        .collect())
}

pub(super) fn depends(package: &str) -> Result<Vec<String>, String> {
    let ask = || output("apt-cache", &["depends", package], None);
    let mut said = ask()?;
    if !said.contains("Depends:") {
        // A fresh system has no lists of packages yet.
        output("apt-get", &["update", "-qq"], None)?;
        said = ask()?;
    }
    Ok(said
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "))
        .map(str::to_owned)
        .collect())
}

pub(super) fn download(packages: &[&str], to: &Path) -> Result<(), String> {
    let arguments: Vec<&str> = ["download", "-qq"]
        .into_iter()
        .chain(packages.iter().copied())
        .collect();
    if output("apt-get", &arguments, Some(to)).is_ok() {
        return Ok(());
    }
    // The lists may be older than what the mirror has.
    output("apt-get", &["update", "-qq"], None)?;
    output("apt-get", &arguments, Some(to)).map(drop)
}

pub(super) fn unpack(debs: &Path, to: &Path) -> Result<(), String> {
    for entry in fs::read_dir(debs).map_err(text)?.flatten() {
        if entry.path().extension() == Some(OsStr::new("deb")) {
            let (deb, to) = (entry.path(), to.to_owned());
            output(
                "dpkg-deb",
                &["--extract".as_ref(), deb.as_os_str(), to.as_os_str()],
                None,
            )?;
        }
    }
    Ok(())
}

pub(super) fn output<S: AsRef<OsStr>>(
    program: &str,
    arguments: &[S],
    dir: Option<&Path>,
) -> Result<String, String> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("LC_ALL", "C")
        .current_dir(dir.unwrap_or(Path::new("/")));
    let output = command
        .output()
        .map_err(|error| format!("the camera rig needs {program} (Debian): {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!(
        "{program} failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    ))
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err takes")]
pub(super) fn text(error: io::Error) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_modules_dependencies_are_read_from_it() {
        let code = b"\x7fELF..\0license=GPL\0depends=videobuf2-v4l2,videodev\0retpoline=Y\0";
        assert_eq!(dependencies(code), ["videobuf2-v4l2", "videodev"]);
        assert!(dependencies(b"\0depends=\0name=x\0").is_empty());
        assert!(dependencies(b"nothing").is_empty());
    }
}
