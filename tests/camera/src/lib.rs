//! A virtual machine with a real V4L2 driver, for testing cameras where there is none.
//!
//! Linux only; elsewhere this crate is empty. `cargo test -p camera-tests` downloads a kernel with its `vivid` driver, the source of
//! `v4l2loopback`, and QEMU if there is none, by `apt-get download` (about 100 MB, once, nothing is installed), boots the kernel without
//! hardware virtualization, and runs the `camera-guest` program of this crate inside, which plays one scenario after the other and reports each. The machine's
//! root is this computer's own, read-only, so that the program finds its libraries.
//!
//! What was downloaded stays in `$ROOMWIRE_CACHE/camera-rig`, or in `roomwire/camera-rig` under the user's cache directory.

#[cfg(target_os = "linux")]
mod rig;

#[cfg(target_os = "linux")]
pub use rig::{Report, Rig};
