//! Runs inside the virtual machine: plays every scenario and writes a line on each into the file that is its argument.

#[cfg(target_os = "linux")]
mod mjpeg;
#[cfg(target_os = "linux")]
mod raw;
#[cfg(target_os = "linux")]
mod scenarios;
#[cfg(target_os = "linux")]
mod vivid;
#[cfg(target_os = "linux")]
mod watch;
#[cfg(target_os = "linux")]
mod webcam;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    scenarios::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {}
