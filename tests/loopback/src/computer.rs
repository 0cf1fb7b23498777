//! Computers of their own: network namespaces, with cards and addresses as a test needs them.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};

/// A network namespace, and a runtime whose threads live in it. It is gone when it is dropped, also after a crash.
pub struct Computer {
    namespace: Arc<File>,
    runtime: Option<Runtime>,
}

/// As many computers, with nothing but their loopback card; `None`, with the reason on standard error, where they cannot be had.
pub fn computers<const N: usize>() -> Option<[Computer; N]> {
    let made: Result<Vec<Computer>, String> = (0..N).map(|_| Computer::new()).collect();
    match made {
        Ok(computers) => computers.try_into().ok(),
        Err(why) => {
            eprintln!("skipped: network namespaces need Linux and root ({why})");
            None
        }
    }
}

impl Computer {
    fn new() -> Result<Computer, String> {
        let namespace = Arc::new(new_namespace()?);
        let of_threads = namespace.clone();
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .on_thread_start(move || enter(&of_threads))
            .build()
            .map_err(|error| error.to_string())?;
        let computer = Computer {
            namespace,
            runtime: Some(runtime),
        };
        computer.ip("link set lo up");
        Ok(computer)
    }

    /// Runs a task on this computer.
    ///
    /// # Panics
    /// When the task does.
    pub async fn run<T: Send + 'static>(&self, task: impl Future<Output = T> + Send + 'static) -> T {
        let runtime = self.runtime.as_ref().expect("it runs until it is dropped");
        runtime.spawn(task).await.expect("the task ends well")
    }

    /// Does something on a thread of this computer.
    ///
    /// # Panics
    /// When `act` does.
    pub fn inside<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                enter(&self.namespace);
                act()
            });
            thread.join().expect("the thread ends well")
        })
    }

    /// Runs `ip` here with these arguments.
    ///
    /// # Panics
    /// When it fails.
    pub fn ip(&self, arguments: &str) {
        let output = self.inside(|| Command::new("ip").args(arguments.split_whitespace()).output());
        let output = output.expect("ip runs");
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "ip {arguments}: {words}");
    }

    /// Sets a variable of this computer's network, such as `ipv4/conf/all/rp_filter`.
    ///
    /// # Panics
    /// When there is none of that name.
    pub fn set(&self, variable: &str, value: &str) {
        let path = format!("/proc/sys/net/{variable}");
        self.inside(|| std::fs::write(&path, value))
            .expect("the variable is there");
    }

    /// Lays a cable from a new card here to a new card there. Both are up when it returns.
    pub fn cable(&self, card: &str, other: &Computer, other_card: &str) {
        // The other namespace is passed to the program as its standard input.
        let there = other.namespace.try_clone().expect("it can be shared");
        let status = self.inside(|| {
            Command::new("ip")
                .args(["link", "add", card, "type", "veth", "peer", "name", other_card])
                .args(["netns", "/proc/self/fd/0"])
                .stdin(there)
                .status()
        });
        assert!(
            status.is_ok_and(|status| status.success()),
            "no cable to {other_card}"
        );
        self.ip(&format!("link set {card} up"));
        other.ip(&format!("link set {other_card} up"));
    }
}

impl Drop for Computer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Makes a namespace by a program that lives until it is held here.
fn new_namespace() -> Result<File, String> {
    let mut child = Command::new("unshare")
        .args(["--net", "sh", "-c", "echo made; exec cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("unshare: {error}"))?;
    let mut line = String::new();
    let output = child.stdout.take().expect("its output is a pipe");
    let said = BufReader::new(output).read_line(&mut line);
    let held = File::open(format!("/proc/{}/ns/net", child.id()));
    drop(child.stdin.take());
    let status = child.wait();
    match (said, held, status) {
        (Ok(1..), Ok(namespace), _) => Ok(namespace),
        (said, held, status) => Err(format!("{said:?}, {held:?}, {status:?}")),
    }
}

#[cfg(target_os = "linux")]
fn enter(namespace: &File) {
    use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
    use std::os::fd::AsFd;
    move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))
        .expect("it can be entered");
}

#[cfg(not(target_os = "linux"))]
fn enter(_namespace: &File) {
    unreachable!("there are no namespaces here");
}
