//! What `cargo xtask` and the trial of a package have in common: starting programs, and saying why one failed.

pub mod failure;
pub mod privilege;
pub mod process;
