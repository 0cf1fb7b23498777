//! The installable package in a system on which nothing was ever installed. `cargo xtask test package` makes the package first.

mod clean_system;
mod screen;

pub use clean_system::{Trial, install_start_remove};
