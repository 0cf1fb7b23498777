//! What the system can show, found out before the web view is.

/// Whether a window can open. Windows and macOS have a display; elsewhere the environment names it.
pub(crate) fn has_display() -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(any(windows, target_os = "macos")) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

/// Whether there is a web view for the window to show its page with. Windows brings it as a program of its own, which may be
/// lacking.
pub(crate) fn has_web_view() -> bool {
    tauri::webview_version().is_ok()
}

/// Has WebKitGTK leave the graphics card out where it would do harm.
///
/// Without a card, its usual renderer shows 720p at 30 frames a second at 13 with 127 ms of latency; with the other one at 30
/// with 17 ms, and with a third of the processor time. With NVIDIA's own driver, whose buffers it cannot import, the window
/// stays white. With any other card the usual renderer is the faster one.
///
/// To be called before any other thread is there.
#[cfg(target_os = "linux")]
pub(crate) fn choose_renderer() {
    const VARIABLE: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";
    if !takes_buffers(std::path::Path::new("/")) && std::env::var_os(VARIABLE).is_none() {
        // SAFETY: no other thread exists that could read the environment meanwhile.
        #[allow(unsafe_code)]
        unsafe {
            std::env::set_var(VARIABLE, "1");
        }
    }
}

/// Whether the system under `root` has a graphics card whose driver shares its buffers as WebKitGTK expects.
#[cfg(target_os = "linux")]
fn takes_buffers(root: &std::path::Path) -> bool {
    let has_card = std::fs::read_dir(root.join("dev/dri")).is_ok_and(|mut nodes| {
        nodes.any(|node| node.is_ok_and(|node| node.file_name().to_string_lossy().starts_with("renderD")))
    });
    has_card && !root.join("proc/driver/nvidia/version").exists()
}

/// Other systems' web views choose well by themselves.
#[cfg(not(target_os = "linux"))]
pub(crate) fn choose_renderer() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// A system with these files.
    fn system(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a folder can be made");
        for file in files {
            let path = root.path().join(file);
            let folder = path.parent().expect("it is below the root");
            std::fs::create_dir_all(folder).expect("a folder can be made");
            std::fs::write(path, "").expect("a file can be written");
        }
        root
    }

    #[test]
    fn a_card_is_used_unless_it_is_missing_or_nvidias_own_driver_has_it() {
        let takes = |files: &[&str]| takes_buffers(system(files).path());
        assert!(!takes(&[]));
        assert!(!takes(&["dev/dri/card0"]), "a display without a renderer");
        assert!(takes(&["dev/dri/card0", "dev/dri/renderD128"]));
        assert!(!takes(&["dev/dri/renderD128", "proc/driver/nvidia/version"]));
        assert!(!takes(&["proc/driver/nvidia/version"]));
    }
}
