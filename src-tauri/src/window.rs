//! The one window: its size, its dress, and its end.

use std::sync::Arc;
use std::time::Duration;

use tauri::webview::Color;
use tauri::{AppHandle, LogicalSize, Manager, Runtime, WebviewUrl, WebviewWindowBuilder, WindowEvent};

use crate::core::Core;
use crate::kept::WindowSize;
use crate::outside::{WINDOW, system_theme};
use crate::session::view::{Language, Settings, Theme};

const USUAL_SIZE: WindowSize = WindowSize {
    width: 1280.0,
    height: 800.0,
};
const LEAST_SIZE: WindowSize = WindowSize {
    width: 1024.0,
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
pub(crate) fn open<R: Runtime>(app: &AppHandle<R>, core: &Arc<Core>) -> tauri::Result<()> {
    let size = core.kept.window().unwrap_or(USUAL_SIZE);
    let title = match &core.options.profile {
        Some(profile) => format!("Roomwire ({profile})"),
        None => "Roomwire".to_owned(),
    };
    let Settings { theme, language, .. } = core.settings();
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
        // The window shows nothing but its own page, whatever is dropped on it or linked to.
        .on_navigation(|url| matches!(url.scheme(), "tauri" | "http" | "https") && is_ours(url.host_str()))
        .build()?;
    let ground = if window.theme()? == tauri::Theme::Dark {
        DARK_GROUND
    } else {
        LIGHT_GROUND
    };
    window.set_background_color(Some(ground))
}

/// Tells the page its language and theme before it draws anything, and before it can ask.
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

/// Keeps the size and leaves the room before the window goes.
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
        if let Err(error) = core.kept.save_window(WindowSize { width, height }) {
            tracing::warn!(%error, "the window's size is not kept");
        }
    }
    if core.room().is_err() {
        return;
    }
    api.prevent_close();
    // Out of sight at once; the others see a goodbye instead of a lost connection.
    let _ = window.hide();
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        leave(&core).await;
        app.exit(0);
    });
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

/// The page's own address: `tauri://localhost`, on Windows `http://tauri.localhost`, while developing Vite's.
fn is_ours(host: Option<&str>) -> bool {
    matches!(host, Some("localhost" | "tauri.localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_told_what_was_chosen_and_nothing_when_the_system_chooses() {
        assert!(first_look(Language::Zh, Theme::Dark).contains("root.lang = 'zh'; root.theme = 'dark';"));
        assert!(!first_look(Language::En, Theme::Auto).contains("theme"));
    }

    #[test]
    fn only_the_apps_own_page_is_shown() {
        assert!(is_ours(Some("localhost")) && is_ours(Some("tauri.localhost")));
        assert!(!is_ours(Some("example.org")) && !is_ours(None));
    }
}
