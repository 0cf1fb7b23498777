//! The `v4l2loopback` driver, into which a program puts pictures and from which another takes them: the only source of a camera with MJPEG
//! where there is none, since the kernel's own test driver has no MJPEG. Debian ships it as source only.

use std::fs;
use std::path::{Path, PathBuf};

use super::packages::{depends, download, output, text, unpack};

const SOURCE: &str = "v4l2loopback-dkms";

/// Its module for the kernel of `release`, built in `work`.
pub(super) fn build(release: &str, work: &Path) -> Result<PathBuf, String> {
    let debs = work.join("loopback");
    fs::create_dir(&debs).map_err(text)?;
    let headers = format!("linux-headers-{release}");
    let mut packages = vec![SOURCE.to_owned(), headers.clone()];
    // The headers of all flavours, and the kernel's own build tools; the compiler is the system's.
    packages.extend(
        depends(&headers)?
            .into_iter()
            .filter(|name| !name.starts_with("linux-compiler")),
    );
    download(&packages.iter().map(String::as_str).collect::<Vec<_>>(), &debs)?;
    let root = debs.join("unpacked");
    unpack(&debs, &root)?;

    let sources = root.join("usr/src");
    let headers = sources.join(headers);
    // The headers lead to each other by absolute paths.
    let makefile = headers.join("Makefile");
    let led = fs::read_to_string(&makefile).map_err(text)?;
    fs::write(&makefile, led.replace("/usr/src", &sources.display().to_string())).map_err(text)?;
    let driver = fs::read_dir(&sources)
        .map_err(text)?
        .flatten()
        .map(|entry| entry.path());
    let is_driver = |path: &PathBuf| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("v4l2loopback-"))
    };
    let driver = driver
        .filter(is_driver)
        .max()
        .ok_or_else(|| format!("{SOURCE} has no source"))?;
    let module = format!("M={}", driver.display());
    output(
        "make",
        &["-C", &headers.display().to_string(), &module, "CC=gcc", "modules"],
        None,
    )?;
    Ok(driver.join("v4l2loopback.ko"))
}
