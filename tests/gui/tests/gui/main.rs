//! The real window, and a member of its room in this process. WebKitWebDriver and the app exist on Linux only in this form.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // what helpers of a test meet fails the test

mod conversation;
mod looks;
mod rig;
mod video;
