//! What Windows is given, under Wine on Linux: a Windows to install it in, and programs of either system that talk with each
//! other over loopback. `cargo xtask test windows` builds and packs first.
//!
//! Linux only; elsewhere this crate is empty.

#[cfg(target_os = "linux")]
mod program;
#[cfg(target_os = "linux")]
mod system;

#[cfg(target_os = "linux")]
pub use program::Program;
#[cfg(target_os = "linux")]
pub use system::Windows;
