//! Turns the contract's table into what Tauri calls.

use std::sync::Arc;

use tauri::State;

use crate::core::Core;
use crate::error::IpcError;

/// For each capability a module with its commands, as thin as they can be, and their handler; and for each command and event
/// its line in the interface's types.
///
/// A command is the function of the same name in the capability's `commands.rs`: it takes the core and the request's parts,
/// and returns the response or an [`IpcError`]. Where it differs from the table, this does not compile.
macro_rules! contract {
    ($($capability:ident tells $event:ident { $($command:ident($($argument:ident: $request:ty),*) -> $response:ty;)* })*) => {
        $(
            pub(crate) mod $capability {
                use super::{Arc, Core, IpcError, State};
                #[allow(unused_imports)] // not every capability's view has a type that crosses in a command
                use crate::$capability::view::*;

                $(
                    #[tauri::command]
                    async fn $command(core: State<'_, Arc<Core>>, $($argument: $request),*) -> Result<$response, IpcError> {
                        crate::$capability::commands::$command(&core, $($argument),*).await
                    }
                )*

                /// Answers this capability's commands.
                pub(crate) fn handler<R: tauri::Runtime>() -> impl Fn(tauri::ipc::Invoke<R>) -> bool + Send + Sync + 'static {
                    tauri::generate_handler![$($command),*]
                }

                /// `"capability|command": [request, response]` for each command.
                pub(crate) fn command_lines(ts: &ts_rs::Config) -> Vec<String> {
                    vec![$({
                        let parts: Vec<String> = vec![$(format!("{}: {}", stringify!($argument), crate::bindings::name::<$request>(ts))),*];
                        let request = if parts.is_empty() { "Record<string, never>".to_owned() } else { format!("{{ {} }}", parts.join("; ")) };
                        let response = crate::bindings::name::<$response>(ts);
                        format!("\"{}|{}\": [{request}, {response}];", stringify!($capability), stringify!($command))
                    }),*]
                }

                /// `"capability:event": event`.
                pub(crate) fn event_line(ts: &ts_rs::Config) -> String {
                    format!("\"{}:event\": {};", stringify!($capability), crate::bindings::name::<$event>(ts))
                }
            }
        )*

        /// Every line of the interface's types about commands, in the table's order.
        pub(crate) fn command_lines(ts: &ts_rs::Config) -> Vec<String> {
            [$($capability::command_lines(ts)),*].concat()
        }

        /// Every line of the interface's types about events.
        pub(crate) fn event_lines(ts: &ts_rs::Config) -> Vec<String> {
            vec![$($capability::event_line(ts)),*]
        }
    };
}

include!("contract.rs");
