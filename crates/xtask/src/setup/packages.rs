//! Which packages of which system each need stands for, and how that system is asked and instructed. Pure: no command runs here.

/// What a step needs from the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Compilers and headers: every crate below the desktop shell.
    Core,
    /// The web view's libraries.
    App,
    /// What only the tests use: a display without a screen, drivers, a browser, a clean system's maker.
    Test,
    /// What only the tests of the packages use: what looks at each kind, and what starts a system with its services.
    Package,
    /// What builds for Windows from elsewhere, packs that and runs it.
    Windows,
    /// What brings a compiler for macOS from elsewhere.
    Mac,
}

/// A package manager that this tool can ask and instruct.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manager {
    Apt,
    Dnf,
    Pacman,
    Brew,
}

impl Manager {
    /// The manager of a system by the ids in its `/etc/os-release`, most particular first.
    pub(crate) fn of_linux(os_release: &str) -> Option<Manager> {
        let value = |key: &str| {
            let line = os_release
                .lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
            Some(line.trim_matches('"').to_owned())
        };
        let ids = format!(
            "{} {}",
            value("ID").unwrap_or_default(),
            value("ID_LIKE").unwrap_or_default()
        );
        ids.split_whitespace().find_map(|id| match id {
            "debian" | "ubuntu" => Some(Manager::Apt),
            "fedora" | "rhel" => Some(Manager::Dnf),
            "arch" => Some(Manager::Pacman),
            _ => None,
        })
    }

    /// The packages of `need`. What the tests need besides a working app is known for Debian and Ubuntu, where CI runs them.
    pub(crate) fn packages(self, need: Need) -> &'static [&'static str] {
        match (self, need) {
            // nasm: without it libjpeg-turbo refuses to build its SIMD parts. libclang and linux-libc-dev: V4L2 bindings.
            (Manager::Apt, Need::Core) => &[
                "build-essential",
                "pkg-config",
                "cmake",
                "nasm",
                "libclang-dev",
                "linux-libc-dev",
            ],
            (Manager::Apt, Need::App) => &["libwebkit2gtk-4.1-dev"],
            (Manager::Apt, Need::Test) => &[
                "xvfb",
                "webkit2gtk-driver",
                "dbus",
                "ffmpeg",
                "chromium",
                "fonts-noto-cjk", // pictures of the Chinese interface
                "fonts-dejavu-core",
                "debootstrap",
                "xz-utils", // kernel modules for the virtual machine with cameras
                "iproute2", // network namespaces
            ],
            (Manager::Apt, Need::Package) => &[
                "lintian",
                "appstream",
                "desktop-file-utils",
                "flatpak-builder",
                "rpm",
                "man-db",
                "systemd",           // systemd-analyze
                "systemd-container", // systemd-nspawn
            ],
            (Manager::Apt, Need::Windows) => &[
                "gcc-mingw-w64-x86-64-posix",
                "g++-mingw-w64-x86-64-posix",
                "nsis",
                "zip",
                "unzip",
                "wine",
                "wine64",
            ],
            (Manager::Apt, Need::Mac) => &["python3-pip"],
            (Manager::Dnf, Need::Core) => &[
                "gcc",
                "gcc-c++",
                "make",
                "pkgconf",
                "cmake",
                "nasm",
                "clang-devel",
                "kernel-headers",
            ],
            (Manager::Dnf, Need::App) => &["webkit2gtk4.1-devel"],
            (Manager::Dnf, Need::Test) => &[
                "xorg-x11-server-Xvfb",
                "webkit2gtk-driver",
                "ffmpeg-free",
                "chromium",
                "debootstrap",
                "iproute",
            ],
            (Manager::Pacman, Need::Core) => &[
                "base-devel",
                "pkgconf",
                "cmake",
                "nasm",
                "clang",
                "linux-api-headers",
            ],
            (Manager::Pacman, Need::App) => &["webkit2gtk-4.1"],
            (Manager::Pacman, Need::Test) => &[
                "xorg-server-xvfb",
                "ffmpeg",
                "chromium",
                "noto-fonts-cjk",
                "debootstrap",
                "iproute2",
            ],
            // The clean system is Debian's or Ubuntu's, and is made and looked at there.
            (Manager::Dnf | Manager::Pacman | Manager::Brew, Need::Package) => &[],
            (Manager::Brew, Need::Core) => &["cmake", "nasm", "pkgconf"],
            // macOS brings its own web view.
            (Manager::Brew, Need::App) => &[],
            (Manager::Brew, Need::Test) => &["ffmpeg"],
            (Manager::Dnf, Need::Mac) => &["python3-pip"],
            (Manager::Pacman, Need::Mac) => &["python-pip"],
            // A Mac has a compiler for itself.
            (Manager::Brew, Need::Mac) => &[],
            // Building for Windows is known on Debian and what descends from it.
            (Manager::Dnf | Manager::Pacman | Manager::Brew, Need::Windows) => &[],
        }
    }

    /// Node.js with npm, for a system that has none.
    pub(crate) fn node(self) -> &'static [&'static str] {
        match self {
            Manager::Apt | Manager::Pacman => &["nodejs", "npm"],
            Manager::Dnf => &["nodejs", "nodejs-npm"],
            Manager::Brew => &["node"],
        }
    }

    /// The command whose output [`Manager::missing`] reads.
    pub(crate) fn question(self, wanted: &[&str]) -> Vec<String> {
        let head: &[&str] = match self {
            Manager::Apt => &["dpkg-query", "-W", "-f=${Package} ${db:Status-Abbrev}\\n"],
            Manager::Dnf => &["rpm", "-q", "--qf", "%{NAME}\\n", "--whatprovides"],
            Manager::Pacman => &["pacman", "-T"],
            Manager::Brew => &["brew", "list", "--formula", "-1"],
        };
        let named: &[&str] = if self == Manager::Brew { &[] } else { wanted };
        head.iter().chain(named).map(|word| (*word).to_owned()).collect()
    }

    /// Which of `wanted` are not installed, given the answer to [`Manager::question`].
    pub(crate) fn missing<'a>(self, wanted: &[&'a str], answer: &str) -> Vec<&'a str> {
        let lines: Vec<&str> = answer.lines().map(str::trim).collect();
        let absent = |package: &str| match self {
            Manager::Apt => !lines.contains(&format!("{package} ii").as_str()),
            Manager::Dnf => lines.contains(&format!("no package provides {package}").as_str()),
            // It prints exactly what is missing.
            Manager::Pacman => lines.contains(&package),
            Manager::Brew => !lines.contains(&package),
        };
        wanted.iter().copied().filter(|package| absent(package)).collect()
    }

    /// Brings the lists of packages up to date, where installing needs that.
    pub(crate) fn refresh(self) -> Option<Vec<String>> {
        (self == Manager::Apt).then(|| words("apt-get -q -o DPkg::Lock::Timeout=120 update"))
    }

    /// Installs `packages` without asking.
    pub(crate) fn install(self, packages: &[&str]) -> Vec<String> {
        let mut command = words(match self {
            Manager::Apt => {
                "apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 install"
            }
            Manager::Dnf => "dnf install -y",
            Manager::Pacman => "pacman -S --needed --noconfirm",
            Manager::Brew => "brew install",
        });
        command.extend(packages.iter().map(|package| (*package).to_owned()));
        command
    }

    /// Whether installing is the system administrator's business.
    pub(crate) fn needs_root(self) -> bool {
        self != Manager::Brew
    }
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manager_follows_the_system_or_its_parent() {
        assert_eq!(
            Manager::of_linux("NAME=\"Debian GNU/Linux\"\nID=debian\n"),
            Some(Manager::Apt)
        );
        assert_eq!(
            Manager::of_linux("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"),
            Some(Manager::Apt)
        );
        assert_eq!(
            Manager::of_linux("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n"),
            Some(Manager::Dnf)
        );
        assert_eq!(
            Manager::of_linux("ID=manjaro\nID_LIKE=arch\n"),
            Some(Manager::Pacman)
        );
        assert_eq!(Manager::of_linux("ID=nixos\n"), None);
    }

    #[test]
    fn dpkg_names_what_is_missing_removed_or_half_installed() {
        // As printed by dpkg-query 1.21: never heard of is on standard error, removed is "rc", unpacked only is "iU".
        let answer = "cmake ii \nnasm rc \npkg-config iU \n";
        let missing = Manager::Apt.missing(&["cmake", "nasm", "pkg-config", "xvfb"], answer);
        assert_eq!(missing, ["nasm", "pkg-config", "xvfb"]);
    }

    #[test]
    fn rpm_names_what_nothing_provides() {
        let answer = "cmake\nno package provides nasm\n";
        assert_eq!(Manager::Dnf.missing(&["cmake", "nasm"], answer), ["nasm"]);
    }

    #[test]
    fn pacman_prints_exactly_what_is_missing() {
        assert_eq!(Manager::Pacman.missing(&["cmake", "nasm"], "nasm\n"), ["nasm"]);
        assert!(Manager::Pacman.missing(&["cmake", "nasm"], "").is_empty());
    }

    #[test]
    fn brew_lists_what_is_there() {
        assert_eq!(
            Manager::Brew.missing(&["cmake", "nasm"], "cmake\nopenssl@3\n"),
            ["nasm"]
        );
    }

    #[test]
    fn installing_asks_no_question() {
        assert!(Manager::Apt.install(&["nasm"]).join(" ").contains(" -y "));
        assert!(Manager::Dnf.install(&["nasm"]).contains(&"-y".to_owned()));
        assert!(
            Manager::Pacman
                .install(&["nasm"])
                .contains(&"--noconfirm".to_owned())
        );
        assert_eq!(
            Manager::Apt
                .install(&["nasm", "cmake"])
                .last()
                .map(String::as_str),
            Some("cmake")
        );
    }
}
