//! The program that opens the window.

// A window of its own on Windows, without a console behind it.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::process::ExitCode;

fn main() -> ExitCode {
    roomwire_app_lib::run()
}
