use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::http::ask;
use crate::{Display, PATIENCE, Result, Trouble, Window, app};

/// WebKitGTK's own WebDriver, which starts the app and drives its window. It ends when it is dropped.
pub struct Driver {
    process: Child,
    port: u16,
}

impl Driver {
    /// Starts it on a display; the apps that it starts keep their things in `home`.
    ///
    /// # Errors
    /// When it is not installed, or does not answer.
    pub fn start(display: &Display, home: &Path) -> Result<Driver> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut command = Command::new("WebKitWebDriver");
        command.args([format!("--port={port}"), "--host=127.0.0.1".to_owned()]);
        command
            .env("DISPLAY", display.name())
            .env_remove("WAYLAND_DISPLAY");
        command
            .env("ROOMWIRE_HOME", home)
            .env("HOME", home)
            .env("XDG_RUNTIME_DIR", home)
            .env("USER", "gui");
        // The app offers itself to be driven only when it is asked to.
        command
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("LANG", "C.UTF-8")
            .env("NO_AT_BRIDGE", "1");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = command
            .spawn()
            .map_err(|error| Trouble(format!("WebKitWebDriver does not start: {error}")))?;
        let driver = Driver { process, port };
        let began = Instant::now();
        while let Err(error) = ask(port, "GET", "/status", None) {
            if began.elapsed() > PATIENCE {
                return Err(error);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(driver)
    }

    /// Opens the app's window. One at a time.
    ///
    /// # Errors
    /// When the app is not built or does not start.
    pub fn open(&self, arguments: &[&str]) -> Result<Window> {
        let app = app()?;
        let options = json!({ "binary": app, "args": arguments });
        let wanted = json!({ "capabilities": { "alwaysMatch": { "webkitgtk:browserOptions": options } } });
        let session = ask(self.port, "POST", "/session", Some(&wanted))?;
        let id = session["sessionId"].as_str().map(str::to_owned);
        id.map(|id| Window::of(self.port, id))
            .ok_or_else(|| Trouble(format!("no session: {session}")))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The app ends with the session, and the session with its window.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
