//! Roomwire's desktop shell: a window, and between it and [`netcore`] and [`media`] a thin layer per capability.
//!
//! `contract.rs` is the one table of what the interface may ask; `bridge.rs` makes Tauri's commands of it, `bindings.rs` the
//! interface's types. Each capability's folder has its plugin (`mod.rs`), its commands, and its views: what the interface is
//! given. `core.rs` has the only state; what it wants of the world around it goes through `outside.rs`, so that every command
//! is tested without a window.
//!
//! What is deliberately absent: sockets, cameras and clocks (those are netcore's and media's), and rules of the protocol.

mod bindings;
mod bridge;
mod chat;
mod closing;
mod core;
mod error;
mod files;
mod graphics;
mod kept;
mod metrics;
mod outside;
mod picks;
mod session;
#[cfg(test)]
mod testing;
mod video;
mod window;

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use netcore::Folders;
use netcore::steps::LogGuard;
use tauri::{App, Manager, RunEvent};
use time::{OffsetDateTime, UtcOffset, macros::format_description};

pub use bindings::contract_ts;

use crate::core::Core;
use outside::Desktop;
use session::view::{Language, Theme};

/// Chat, files and live video on your own network.
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "roomwire-app", version)]
pub struct Options {
    /// Be somebody else: a profile has its own identity, folders and window.
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Join the room at this address at once.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) join: Option<String>,
    /// The interface's language, for this window.
    #[arg(long, value_name = "LANGUAGE")]
    pub(crate) lang: Option<Language>,
    /// Light or dark, for this window.
    #[arg(long, value_name = "THEME")]
    pub(crate) theme: Option<Theme>,
    /// The half of the screen that the window takes.
    #[arg(long, value_name = "HALF", hide = true)]
    pub(crate) half: Option<window::Half>,
}

/// Reads the command line, opens the window and runs until it is closed.
pub fn run() -> ExitCode {
    let options = Options::parse();
    if !graphics::has_display() {
        return failed(
            "There is no display here. The terminal program `roomwire` does the same without one.",
        );
    }
    // Before any other thread is there, as changing the environment demands.
    graphics::choose_renderer();
    let folders = match Folders::for_profile(options.profile.as_deref()) {
        Ok(folders) => folders,
        Err(error) => return failed(&error.to_string()),
    };
    let log = netcore::steps::init_logging(&folders, std::io::stderr().is_terminal());
    let built = tauri::Builder::default()
        .plugin(tauri_plugin_dialog::init())
        .plugin(session::plugin())
        .plugin(chat::plugin())
        .plugin(files::plugin())
        .plugin(video::plugin())
        .plugin(metrics::plugin())
        .setup(move |app| Ok(set_up(app, options, folders, log)?))
        .build(tauri::generate_context!());
    match built {
        Ok(app) => {
            let code = app.run_return(|app, event| {
                if let RunEvent::WindowEvent { event, .. } = event {
                    window::handle(app, &event);
                    files::handle_window(app, &event);
                }
            });
            ExitCode::from(u8::try_from(code).unwrap_or(1))
        }
        Err(error) => failed(&format!("The window cannot be opened: {error}")),
    }
}

fn set_up(app: &mut App, options: Options, folders: Folders, log: LogGuard) -> tauri::Result<()> {
    let steps = log.steps().clone();
    let mut coming = steps.subscribe();
    let outside = Box::new(Desktop(app.handle().clone()));
    let core = Arc::new(Core::new(
        options,
        folders,
        outside,
        Box::new(move || steps.recent()),
    ));
    // Kept as long as the app is, so that its last lines are written.
    app.manage(log);
    app.manage(core.clone());
    window::open(app.handle(), &core)?;
    tauri::async_runtime::spawn(window::end_when_asked(app.handle().clone(), core.clone()));
    tauri::async_runtime::spawn(async move {
        loop {
            match coming.recv().await {
                Ok(step) => metrics::handle_step(&core, &step),
                // The log file has what was left out here.
                Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
            }
        }
    });
    Ok(())
}

fn failed(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::FAILURE
}

/// The present in this place's time, such as `2026-11-22 07-26-13`, for names of files.
fn stamp() -> String {
    stamp_of(netcore::clock::unix_ms())
}

/// A moment, in milliseconds since 1970, in this place's time at that moment.
fn stamp_of(unix_ms: u64) -> String {
    let seconds = i64::try_from(unix_ms / 1_000).unwrap_or_default();
    let moment = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let format = format_description!("[year]-[month]-[day] [hour]-[minute]-[second]");
    local(moment).format(format).unwrap_or_default()
}

/// A moment in this place's time, which is another one in summer and in winter.
fn local(moment: OffsetDateTime) -> OffsetDateTime {
    let offset = UtcOffset::local_offset_at(moment).unwrap_or(UtcOffset::UTC);
    moment.checked_to_offset(offset).unwrap_or(moment)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
        let options = Options::parse_from([
            "roomwire-app",
            "--profile",
            "beside",
            "--join",
            "127.0.0.1:1",
            "--lang",
            "zh",
        ]);
        assert_eq!(
            (options.profile.as_deref(), options.lang),
            (Some("beside"), Some(Language::Zh))
        );
    }

    /// Runs this test once more in a process whose place has a summer time: a process has one place for all its threads.
    #[cfg(unix)]
    #[test]
    fn summer_and_winter_have_their_own_time() {
        const PLACE: &str = "CET-1CEST,M3.5.0,M10.5.0/3";
        if std::env::var("TZ").is_ok_and(|place| place == PLACE) {
            assert_eq!(stamp_of(1_768_471_200_000), "2026-01-15 11-00-00");
            assert_eq!(stamp_of(1_784_109_600_000), "2026-07-15 12-00-00");
            return;
        }
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "tests::summer_and_winter_have_their_own_time"])
            .env("TZ", PLACE)
            .status();
        assert!(status.unwrap().success());
    }

    #[test]
    fn a_stamp_can_be_a_file_name_on_every_system() {
        let stamp = stamp();
        assert_eq!(stamp.len(), "2026-11-22 07-26-13".len(), "{stamp}");
        assert_eq!(netcore::proto::files::safe_name(&stamp), stamp);
    }
}
