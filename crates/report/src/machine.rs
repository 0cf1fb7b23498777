//! The computer that measures, as far as it describes itself.

use serde::Serialize;

/// What a reader needs to compare figures of two computers. What is not known is `None`.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// This computer's name.
    pub name: String,
    /// The operating system, in its own words.
    pub system: String,
    /// The kernel's version.
    pub kernel: Option<String>,
    /// The processor, in its maker's words.
    pub processor: Option<String>,
    /// Threads that run at a time.
    pub cores: Option<usize>,
    /// What the program was built for.
    pub architecture: &'static str,
    /// Whether the program was built for speed.
    pub optimised: bool,
}

impl Machine {
    /// This one.
    pub fn here() -> Machine {
        let line_of = |path: &str, name: &str| {
            let text = std::fs::read_to_string(path).ok()?;
            value_of(&text, name)
        };
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").ok();
        Machine {
            name: netcore::device_name(),
            system: line_of("/etc/os-release", "PRETTY_NAME")
                .unwrap_or_else(|| std::env::consts::OS.to_owned()),
            kernel: kernel.map(|kernel| kernel.trim().to_owned()),
            processor: line_of("/proc/cpuinfo", "model name"),
            cores: std::thread::available_parallelism().ok().map(usize::from),
            architecture: std::env::consts::ARCH,
            optimised: !cfg!(debug_assertions),
        }
    }
}

/// The value in the first line `name = value` or `name : value`, without quotation marks.
fn value_of(text: &str, name: &str) -> Option<String> {
    let of_line = |line: &str| {
        let (key, value) = line.split_once(['=', ':'])?;
        (key.trim() == name).then(|| value.trim().trim_matches('"').to_owned())
    };
    text.lines().find_map(of_line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_names() {
        let text = "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 13\"\nmodel name\t: EPYC: 9\n";
        assert_eq!(
            value_of(text, "PRETTY_NAME").as_deref(),
            Some("Debian GNU/Linux 13")
        );
        assert_eq!(value_of(text, "model name").as_deref(), Some("EPYC: 9"));
        assert_eq!(value_of(text, "NAME"), None);
    }

    #[test]
    fn this_computer_has_a_name_and_an_architecture() {
        let machine = Machine::here();
        assert!(!machine.name.is_empty() && !machine.system.is_empty() && !machine.architecture.is_empty());
    }
}
