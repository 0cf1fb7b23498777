//! Roomwire's desktop shell: a window that shows the application of the crate [`app`].
//!
//! `bridge.rs` has a plugin for each capability, whose commands the application answers; `desktop.rs` is the desktop that the
//! application asks for dialogs and programs; `window.rs` and `graphics.rs` are the window.
//!
//! What is deliberately absent: everything that can be tested without a window.

mod bridge;
mod desktop;
mod graphics;
#[cfg(test)]
mod mac_bundle;
mod window;

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

use app::Core;
use app::session::view::{Language, Theme};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{CommandFactory, Parser};
use netcore::Folders;
use netcore::event_log::LogGuard;
use tauri::{App, Manager, RunEvent};

use desktop::TauriDesktop;

/// In both languages, since the settings are not read yet. Only Windows can lack it: elsewhere the program does not start
/// without the library.
const NO_WEB_VIEW: &str = "\
Roomwire's window needs Microsoft's WebView2 Runtime, which this computer lacks. Windows 11 has it, and so has Windows 10 \
with current updates; it can be had as well from https://developer.microsoft.com/microsoft-edge/webview2/ (Evergreen \
Bootstrapper). The terminal program roomwire.exe works without it.

Roomwire 的窗口需要 Microsoft 的 WebView2 运行时，而这台电脑上没有。Windows 11 和更新到最新的 Windows 10 自带该组件；\
也可从 https://developer.microsoft.com/microsoft-edge/webview2/ 下载（Evergreen Bootstrapper）。终端程序 roomwire.exe 不需要它。";

/// Chat, files and live video on your own network.
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "roomwire-app", version)]
pub struct Options {
    /// Be another person: a profile has its own identity, folders and window.
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Join the room at this address at once.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) join: Option<String>,
    /// Show the room of this link, roomwire://ADDRESS, ready to be joined.
    #[arg(value_name = "LINK", conflicts_with = "join")]
    pub(crate) link: Option<String>,
    /// The interface's language, for this window.
    #[arg(long, value_name = "LANGUAGE", value_parser = one_of(&Language::WORDS))]
    pub(crate) lang: Option<Language>,
    /// Light or dark, for this window.
    #[arg(long, value_name = "THEME", value_parser = one_of(&Theme::WORDS))]
    pub(crate) theme: Option<Theme>,
    /// The half of the screen that the window takes.
    #[arg(long, value_name = "HALF", hide = true)]
    pub(crate) half: Option<window::Half>,
    /// Print the manual page; the package is made with it.
    #[arg(long, hide = true)]
    pub(crate) manual: bool,
}

/// Takes one of these words for what it stands for.
fn one_of<T: Copy + Send + Sync + 'static>(
    words: &'static [(&'static str, T)],
) -> impl TypedValueParser<Value = T> {
    let names = PossibleValuesParser::new(words.iter().map(|(word, _)| *word));
    names.try_map(|given| {
        let found = words.iter().find(|(word, _)| **word == given);
        found.map(|(_, value)| *value).ok_or("not one of the words")
    })
}

impl Options {
    /// The part of them that every face has.
    fn of_the_application(&self) -> app::Options {
        app::Options {
            profile: self.profile.clone(),
            join: self.join.clone(),
            link: self.link.clone(),
            language: self.lang,
            theme: self.theme,
            has_no_pictures: false,
        }
    }
}

/// Reads the command line, opens the window and runs until it is closed.
pub fn run() -> ExitCode {
    netcore::survive_length_limit();
    let options = Options::parse();
    if options.manual {
        return print_manual();
    }
    if !graphics::has_display() {
        return failed(
            "There is no display here. The terminal program `roomwire` does the same without one.",
        );
    }
    if !graphics::has_web_view() {
        return failed(NO_WEB_VIEW);
    }
    // Before any other thread is there, as changing the environment demands.
    graphics::choose_renderer();
    let folders = match Folders::for_profile(options.profile.as_deref()) {
        Ok(folders) => folders,
        Err(error) => return failed(&error.to_string()),
    };
    let log = netcore::event_log::init_logging(&folders, std::io::stderr().is_terminal());
    let builder = tauri::Builder::default().plugin(tauri_plugin_dialog::init());
    let built = bridge::plugins()
        .fold(builder, tauri::Builder::plugin)
        .setup(move |app| Ok(set_up(app, &options, folders, log)?))
        .build(tauri::generate_context!());
    match built {
        Ok(app) => {
            let code = app.run_return(|app, event| {
                if let RunEvent::WindowEvent { event, .. } = event {
                    window::handle(app, &event);
                    window::handle_drag(app, &event);
                }
            });
            ExitCode::from(u8::try_from(code).unwrap_or(1))
        }
        Err(error) => failed(&format!("The window cannot be opened: {error}")),
    }
}

fn set_up(app: &mut App, options: &Options, folders: Folders, log: LogGuard) -> tauri::Result<()> {
    let event_log = log.event_log().clone();
    let coming = event_log.subscribe();
    let core = Arc::new(Core::new(
        options.of_the_application(),
        folders,
        Box::new(TauriDesktop(app.handle().clone())),
        Box::new(move || event_log.recent()),
    ));
    // It lives as long as the app does, so that its last lines are written.
    app.manage(log);
    app.manage(core.clone());
    window::open(app.handle(), &core, options.half)?;
    tauri::async_runtime::spawn(window::end_when_asked(app.handle().clone(), core.clone()));
    tauri::async_runtime::spawn(app::metrics::follow_log(core, coming));
    Ok(())
}

fn print_manual() -> ExitCode {
    let page = clap_mangen::Man::new(Options::command()).manual("Roomwire");
    match page.render(&mut std::io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&format!("Standard output cannot be written: {error}")),
    }
}

/// Says why there is no window.
fn failed(why: &str) -> ExitCode {
    eprintln!("{why}");
    #[cfg(windows)]
    show_in_box(why);
    ExitCode::FAILURE
}

/// A program that has a window of its own has no terminal on Windows: what it prints is seen by nobody.
#[cfg(windows)]
#[allow(unsafe_code)]
fn show_in_box(words: &str) {
    use windows_sys::Win32::UI::WindowsAndMessaging::{MB_ICONERROR, MB_OK, MessageBoxW};
    let wide = |text: &str| text.encode_utf16().chain([0]).collect::<Vec<u16>>();
    let (words, title) = (wide(words), wide("Roomwire"));
    // SAFETY: both texts end with a zero and live through the call; no window is named.
    unsafe {
        MessageBoxW(
            std::ptr::null_mut(),
            words.as_ptr(),
            title.as_ptr(),
            MB_OK | MB_ICONERROR,
        )
    };
}

#[cfg(test)]
mod tests {
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
        let linked = Options::parse_from(["roomwire-app", "roomwire://192.168.1.24:27182/"]);
        assert_eq!(
            linked.of_the_application().link.as_deref(),
            Some("roomwire://192.168.1.24:27182/")
        );
    }
}
