//! What the system can show, found out before the web view is.

/// Whether a window can open. Windows and macOS have a display; elsewhere the environment names it.
pub(crate) fn has_display() -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(any(windows, target_os = "macos")) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

/// Tells WebKitGTK to leave the graphics card out where there is none.
///
/// With its usual way on a software renderer, 720p at 30 frames a second is shown at 13 with 127 ms of latency; without it
/// at 30 with 17 ms, and with a third of the processor time. On a machine with a graphics card it is the usual way that is
/// the faster, so it stays.
///
/// To be called before any other thread is there.
#[cfg(target_os = "linux")]
pub(crate) fn choose_renderer() {
    const VARIABLE: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";
    let has_card = std::fs::read_dir("/dev/dri").is_ok_and(|mut nodes| {
        nodes.any(|node| node.is_ok_and(|node| node.file_name().to_string_lossy().starts_with("renderD")))
    });
    if !has_card && std::env::var_os(VARIABLE).is_none() {
        // SAFETY: no other thread exists that could read the environment meanwhile.
        #[allow(unsafe_code)]
        unsafe {
            std::env::set_var(VARIABLE, "1");
        }
    }
}

/// Other systems' web views choose well by themselves.
#[cfg(not(target_os = "linux"))]
pub(crate) fn choose_renderer() {}
