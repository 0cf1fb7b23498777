use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::{Result, Trouble};

/// A display without a screen. It ends when it is dropped.
pub struct Display {
    server: Child,
    name: String,
}

impl Display {
    /// Starts one of this size in pixels, under a number that is free.
    ///
    /// # Errors
    /// When Xvfb is not installed, or does not start.
    pub fn start(width: u32, height: u32) -> Result<Display> {
        let mut command = Command::new("Xvfb");
        let screen = format!("{width}x{height}x24");
        command.args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            &screen,
            "-nolisten",
            "tcp",
            "-noreset",
        ]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut server = command
            .spawn()
            .map_err(|error| Trouble(format!("Xvfb does not start: {error}")))?;
        let mut number = String::new();
        let stdout = server.stdout.take().map(BufReader::new);
        // It prints its number when it is ready to be used.
        stdout
            .map(|mut stdout| stdout.read_line(&mut number))
            .transpose()?;
        let display = Display {
            server,
            name: format!(":{}", number.trim()),
        };
        if number.trim().is_empty() {
            return Err(Trouble("Xvfb found no free display".to_owned()));
        }
        Ok(display)
    }

    /// As `DISPLAY` has it.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
