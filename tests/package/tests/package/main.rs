//! `ROOMWIRE_BUNDLES` names the folder of the made packages, `ROOMWIRE_CACHE` the one in which clean systems are kept: `cargo xtask test
//! package` sets both.

// Helpers outside #[test] functions fail a test like the test itself.
#![allow(clippy::unwrap_used)]

mod clean_system;
mod deb;
mod descriptions;
mod made;
mod manual;
mod rpm;
mod service;
mod tarball;
