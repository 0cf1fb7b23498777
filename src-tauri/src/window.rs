//! The one window: its size, its dress, and its end.

use std::sync::Arc;
use std::time::Duration;

use tauri::webview::PageLoadEvent;
use tauri::{AppHandle, LogicalSize, Manager, Runtime, WebviewUrl, WebviewWindowBuilder, WindowEvent};

use crate::core::Core;
use crate::kept::WindowSize;
use crate::outside::{WINDOW, system_theme};

const USUAL_SIZE: WindowSize = WindowSize {
    width: 1280.0,
    height: 800.0,
};
const LEAST_SIZE: WindowSize = WindowSize {
    width: 1024.0,
    height: 640.0,
};
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
    let theme = core.options.theme.unwrap_or(core.kept.settings().theme);
    let within = |side: f64, least: f64| {
        if side.is_finite() {
            side.clamp(least, LARGEST_SIDE)
        } else {
            least
        }
    };
    WebviewWindowBuilder::new(app, WINDOW, WebviewUrl::default())
        .title(title)
        .inner_size(
            within(size.width, LEAST_SIZE.width),
            within(size.height, LEAST_SIZE.height),
        )
        .min_inner_size(LEAST_SIZE.width, LEAST_SIZE.height)
        .theme(system_theme(theme))
        .center()
        // Files dropped on the window reach the page as its own drops; the window shows nothing but this page.
        .on_navigation(|url| matches!(url.scheme(), "tauri" | "http" | "https") && is_ours(url.host_str()))
        .on_page_load(|_, load| {
            if load.event() == PageLoadEvent::Finished {
                tracing::debug!(url = %load.url(), "the page is there");
            }
        })
        .build()?;
    Ok(())
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
    tauri::async_runtime::spawn(async move {
        if tokio::time::timeout(GOODBYE, core.leave()).await.is_err() {
            tracing::warn!("leaving the room takes too long");
        }
        if let Err(error) = window.destroy() {
            tracing::error!(%error, "the window does not go");
            window.app_handle().exit(1);
        }
    });
}

/// The page's own address: `tauri://localhost`, on Windows `http://tauri.localhost`, while developing Vite's.
fn is_ours(host: Option<&str>) -> bool {
    matches!(host, Some("localhost" | "tauri.localhost"))
}
