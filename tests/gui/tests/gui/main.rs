//! The real window, and a member of its room in this process. WebKitWebDriver and the app exist on Linux only in this form.
#![cfg(target_os = "linux")]

mod conversation;
mod looks;
mod rig;
mod video;
