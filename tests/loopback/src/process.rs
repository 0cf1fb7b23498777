//! A host that can be killed.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A host in a process of its own.
pub struct HostProcess {
    child: Child,
    /// The room's port.
    pub port: u16,
}

impl HostProcess {
    /// Starts `program`, the test crate's host, with its folders in `home`. With `most_bytes` no file it writes can be
    /// longer, as when its disk is full.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(program: &str, home: &Path, most_bytes: Option<u64>) -> HostProcess {
        let mut command = match most_bytes {
            None => Command::new(program),
            Some(bytes) => {
                // The limit is counted in half kilobytes. Without the trap it would end the process instead of the writing.
                let mut shell = Command::new("sh");
                let line = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$1\"", bytes / 512);
                shell.args(["-c", &line, program]);
                shell
            }
        };
        let mut child = command
            .arg(home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the host starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("its output is a pipe");
        BufReader::new(output)
            .read_line(&mut line)
            .expect("it says its port");
        let port = line.trim().parse().expect("a port");
        HostProcess { child, port }
    }

    /// Says something in the room.
    ///
    /// # Panics
    /// When the host is gone.
    pub fn say(&mut self, text: &str) {
        let input = self.child.stdin.as_mut().expect("its input is a pipe");
        writeln!(input, "say {text}").expect("it listens");
    }

    /// As `kill -9` does: nothing of it runs any more when this returns.
    ///
    /// # Panics
    /// When it cannot be killed.
    pub fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it is dead");
    }
}

impl Drop for HostProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
