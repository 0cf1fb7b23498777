//! Commands that change the system.

use crate::failure::{Failure, Result};
use crate::process::Task;

/// How a command that changes the system is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privilege {
    /// As we are: already the administrator, or none is needed.
    AsWeAre,
    /// Through sudo, which may ask for the password.
    Sudo,
}

impl Privilege {
    /// The administrator's if `needs_root` and we are not the administrator.
    pub fn find(needs_root: bool) -> Privilege {
        let user = || Task::new("id").arg("-u").ask().unwrap_or_default();
        if needs_root && user().trim() != "0" {
            Privilege::Sudo
        } else {
            Privilege::AsWeAre
        }
    }

    /// To stand behind what is done.
    pub fn in_words(self) -> &'static str {
        match self {
            Privilege::AsWeAre => "",
            Privilege::Sudo => " with sudo, which may ask for your password",
        }
    }

    /// The task for `command`, a program and its arguments.
    ///
    /// # Errors
    /// When sudo is needed and absent.
    ///
    /// # Panics
    /// When `command` is empty.
    pub fn task(self, command: &[String]) -> Result<Task> {
        let (program, arguments) = command.split_first().expect("a command has a program");
        let task = match self {
            Privilege::AsWeAre => Task::new(program).env("DEBIAN_FRONTEND", "noninteractive"),
            Privilege::Sudo if Task::new("sudo").arg("--version").succeeds() => Task::new("sudo")
                .args(["env", "DEBIAN_FRONTEND=noninteractive"])
                .arg(program),
            Privilege::Sudo => {
                let line = command.join(" ");
                return Err(Failure::Message(format!(
                    "this needs the administrator, and there is no sudo; as root: {line}"
                )));
            }
        };
        Ok(task.args(arguments))
    }
}
