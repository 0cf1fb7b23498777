//! Gives every command of the contract its permission, and lets Tauri check and embed the configuration.

use tauri_build::{Attributes, DefaultPermissionRule, InlinedPlugin};

/// The names in the table: capability and commands.
macro_rules! contract {
    ($($capability:ident notifies $event:ident { $($command:ident($($argument:ident: $request:ty),*) -> $response:ty;)* })*) => {
        const CAPABILITIES: &[(&str, &[&str])] = &[$((stringify!($capability), &[$(stringify!($command)),*])),*];
    };
}

include!("../crates/app/src/contract.rs");

fn main() {
    println!("cargo:rerun-if-changed=../crates/app/src/contract.rs");
    let attributes = CAPABILITIES
        .iter()
        .fold(Attributes::new(), |attributes, (capability, commands)| {
            let plugin = InlinedPlugin::new().commands(commands);
            attributes.plugin(
                capability,
                plugin.default_permission(DefaultPermissionRule::AllowAllCommands),
            )
        });
    if let Err(error) = tauri_build::try_build(attributes) {
        // A build script speaks to cargo by what it prints and how it ends.
        eprintln!("{error:#}");
        std::process::exit(1);
    }
}
