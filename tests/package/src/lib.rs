//! The installable packages: looked at, and installed into a system on which nothing was ever installed. `cargo xtask test package` makes
//! them first.

mod clean_system;
mod life;
mod screen;
mod service;

pub use life::{Trial, live};
