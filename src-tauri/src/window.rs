//! The one window: its size, its dress, and its end.

use std::sync::Arc;
use std::time::Duration;

use app::files::{self, Drag};
use app::session::view::{Language, Settings, Theme};
use app::{CloseDecision, Core, WindowSize};
use tauri::webview::Color;
use tauri::{
    AppHandle, DragDropEvent, LogicalSize, Manager, PhysicalPosition, PhysicalSize, Runtime, Url, WebviewUrl,
    WebviewWindow, WebviewWindowBuilder, WindowEvent,
};

use crate::desktop::system_theme;

/// The one window's name.
pub(crate) const WINDOW: &str = "main";

const USUAL_SIZE: WindowSize = WindowSize {
    width: 1280.0,
    height: 800.0,
};
const LEAST_SIZE: WindowSize = WindowSize {
    width: 640.0,
    height: 640.0,
};
/// The page's own grounds (`--bg` of the interface), so that a window that is still empty does not flash.
const LIGHT_GROUND: Color = Color(0xf3, 0xf4, 0xf6, 0xff);
const DARK_GROUND: Color = Color(0x12, 0x14, 0x17, 0xff);
/// Larger than any screen: a size that was kept wrongly is cut to this.
const LARGEST_SIDE: f64 = 16_384.0;
/// How long leaving a room may keep a closed window's program running.
const GOODBYE: Duration = Duration::from_secs(5);

/// Opens the window, as large as it was.
pub(crate) fn open<R: Runtime>(
    app: &AppHandle<R>,
    core: &Arc<Core>,
    half: Option<Half>,
) -> tauri::Result<()> {
    let size = core.settings_file().window().unwrap_or(USUAL_SIZE);
    let title = match core.profile_name() {
        Some(profile) => format!("Roomwire ({profile})"),
        None => "Roomwire".to_owned(),
    };
    let Settings { theme, language, .. } = core.settings();
    let dev = tauri::is_dev()
        .then(|| app.config().build.dev_url.clone())
        .flatten();
    let within = |side: f64, least: f64| {
        if side.is_finite() {
            side.clamp(least, LARGEST_SIDE)
        } else {
            least
        }
    };
    let window = WebviewWindowBuilder::new(app, WINDOW, WebviewUrl::default())
        .title(title)
        .inner_size(
            within(size.width, LEAST_SIZE.width),
            within(size.height, LEAST_SIZE.height),
        )
        .min_inner_size(LEAST_SIZE.width, LEAST_SIZE.height)
        .prevent_overflow()
        .center()
        .theme(system_theme(theme))
        .initialization_script(first_look(language, theme))
        // For "Paste" in the menu of a text field; the page is the program's own and runs no other code.
        .enable_clipboard_access()
        // The window shows nothing but its own page, whatever is dropped on it or linked to.
        .on_navigation(move |url| is_ours(url, dev.as_ref()))
        .build()?;
    if let Some(half) = half {
        take_half(&window, half)?;
    }
    let ground = if window.theme()? == tauri::Theme::Dark {
        DARK_GROUND
    } else {
        LIGHT_GROUND
    };
    window.set_background_color(Some(ground))
}

/// Gives the page its language and theme before it draws anything, and before it can ask.
fn first_look(language: Language, theme: Theme) -> String {
    let language = match language {
        Language::En => "en",
        Language::Zh => "zh",
    };
    let theme = match theme {
        Theme::Auto => "",
        Theme::Light => "root.theme = 'light';",
        Theme::Dark => "root.theme = 'dark';",
    };
    // Some web views run this before there is a root element; the page then dresses itself a moment later.
    format!(
        "{{ const root = document.documentElement?.dataset; if (root) {{ root.lang = '{language}'; {theme} }} }}"
    )
}

/// Keeps the size, asks where others would lose something, and leaves the room before the window goes.
pub(crate) fn handle<R: Runtime>(app: &AppHandle<R>, event: &WindowEvent) {
    let WindowEvent::CloseRequested { api, .. } = event else {
        return;
    };
    let (Some(window), Some(core)) = (app.get_webview_window(WINDOW), app.try_state::<Arc<Core>>()) else {
        return;
    };
    let core = core.inner().clone();
    if let (Ok(size), Ok(scale), Ok(false)) =
        (window.inner_size(), window.scale_factor(), window.is_maximized())
    {
        let LogicalSize { width, height } = size.to_logical(scale);
        if let Err(error) = core.settings_file().save_window(WindowSize { width, height }) {
            tracing::warn!(%error, "the window's size is not kept");
        }
    }
    match core.request_close(netcore::clock::now()) {
        CloseDecision::Granted => return,
        CloseDecision::Leaves => api.prevent_close(),
        CloseDecision::Asked => {
            api.prevent_close();
            // The question stands in the window.
            let _ = window.unminimize();
            let _ = window.set_focus();
            return;
        }
    }
    // Out of sight at once; the others see a goodbye instead of a lost connection.
    let _ = window.hide();
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        leave(&core).await;
        app.exit(0);
    });
}

/// Hands on what is dragged over the window.
pub(crate) fn handle_drag<R: Runtime>(app: &AppHandle<R>, event: &WindowEvent) {
    let (WindowEvent::DragDrop(event), Some(core)) = (event, app.try_state::<Arc<Core>>()) else {
        return;
    };
    let drag = match event {
        DragDropEvent::Enter { paths, .. } => Drag::Over(paths),
        DragDropEvent::Drop { paths, .. } => Drag::Dropped(paths),
        DragDropEvent::Leave => Drag::Away,
        _ => return,
    };
    files::handle_drag(&core, drag);
}

/// Ends the program as closing its window does when the system or a terminal asks it to end.
pub(crate) async fn end_when_asked<R: Runtime>(app: AppHandle<R>, core: Arc<Core>) {
    if let Err(error) = asked_to_end().await {
        tracing::warn!(%error, "the system's wish to end the program is not heard");
        return;
    }
    leave(&core).await;
    app.exit(0);
}

#[cfg(unix)]
async fn asked_to_end() -> std::io::Result<()> {
    let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminated.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn asked_to_end() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}

async fn leave(core: &Core) {
    if tokio::time::timeout(GOODBYE, core.leave()).await.is_err() {
        tracing::warn!("leaving the room takes too long");
    }
}

/// Whether an address is the page's own: `tauri://localhost`, on Windows `http://tauri.localhost`, while developing `dev` (Vite's).
/// Scheme, host and port all count: another port of this computer is another program's.
fn is_ours(url: &Url, dev: Option<&Url>) -> bool {
    let place = |url: &Url| {
        (
            url.scheme().to_owned(),
            url.host_str().map(str::to_owned),
            url.port_or_known_default(),
        )
    };
    let own = if cfg!(any(windows, target_os = "android")) {
        ("http", "tauri.localhost", Some(80))
    } else {
        ("tauri", "localhost", None)
    };
    place(url) == (own.0.to_owned(), Some(own.1.to_owned()), own.2)
        || dev.is_some_and(|dev| place(url) == place(dev))
}

/// Half of a screen, for two windows that are looked at together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Half {
    /// Where reading begins.
    Left,
    /// Beside it.
    Right,
}

/// Moves a window to a half of its screen. Where a half is smaller than the smallest window, the two lie over each other as little
/// as the screen allows. A system that places windows by itself, such as Wayland, changes the size only.
///
/// # Errors
/// When the screen or the window cannot be asked.
pub(crate) fn take_half<R: Runtime>(window: &WebviewWindow<R>, half: Half) -> tauri::Result<()> {
    let Some(monitor) = window.current_monitor()?.or(window.primary_monitor()?) else {
        return Ok(());
    };
    let area = monitor.work_area();
    let (inner, outer) = (window.inner_size()?, window.outer_size()?);
    let frame = PhysicalSize::new(
        outer.width.saturating_sub(inner.width),
        outer.height.saturating_sub(inner.height),
    );
    let least: PhysicalSize<u32> =
        LogicalSize::new(LEAST_SIZE.width, LEAST_SIZE.height).to_physical(monitor.scale_factor());
    let width = half_width(area.size.width, least.width + frame.width);
    let left = match half {
        Half::Left => 0,
        Half::Right => area.size.width.saturating_sub(width),
    };
    window.unmaximize()?;
    window.set_size(PhysicalSize::new(
        width.saturating_sub(frame.width),
        area.size.height.saturating_sub(frame.height),
    ))?;
    window.set_position(PhysicalPosition::new(
        area.position.x + i32::try_from(left).unwrap_or_default(),
        area.position.y,
    ))
}

/// How wide each of two windows beside each other is on a screen, in its pixels.
fn half_width(screen: u32, least: u32) -> u32 {
    (screen / 2).max(least.min(screen))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_given_what_was_chosen_and_nothing_when_the_system_chooses() {
        assert!(first_look(Language::Zh, Theme::Dark).contains("root.lang = 'zh'; root.theme = 'dark';"));
        assert!(!first_look(Language::En, Theme::Auto).contains("theme"));
    }

    #[test]
    fn only_the_apps_own_page_is_shown() {
        let dev: Url = "http://localhost:5173/".parse().unwrap();
        let shown = |url: &str, dev: Option<&Url>| is_ours(&url.parse().unwrap(), dev);
        let own = if cfg!(windows) {
            "http://tauri.localhost/index.html"
        } else {
            "tauri://localhost/index.html"
        };
        assert!(shown(own, None) && shown(own, Some(&dev)));
        assert!(shown("http://localhost:5173/x", Some(&dev)));
        for other in [
            "http://localhost:5173/",
            "http://localhost/",
            "http://localhost:8080/",
            "https://localhost:5173/",
            "http://127.0.0.1:5173/",
            "https://tauri.localhost/",
            "http://tauri.localhost:8080/",
            "tauri://example.org/",
            "https://example.org/",
            "file:///etc/passwd",
            "about:blank",
            "data:text/html,x",
        ] {
            assert!(!shown(other, None), "{other}");
        }
        for other in [
            "http://localhost:5174/",
            "https://localhost:5173/",
            "http://localhost/",
        ] {
            assert!(!shown(other, Some(&dev)), "{other}");
        }
    }

    #[test]
    fn two_windows_share_a_screen_and_neither_hides_the_other() {
        assert_eq!(half_width(2560, 1024), 1280);
        // Two smallest windows stand side by side on the smallest screen that is common.
        const { assert!(2.0 * LEAST_SIZE.width <= 1280.0) };
        assert_eq!(half_width(1280, 640), 640);
        for screen in [1280, 1400, 1920, 2048] {
            let width = half_width(screen, 1024);
            assert_eq!(width, 1024, "{screen}");
            assert!(screen - width > 0, "the second covers the first on {screen}");
        }
        assert_eq!(half_width(800, 1024), 800, "no wider than the screen");
    }
}
