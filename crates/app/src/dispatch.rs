//! Turns the contract's table into one function that answers every command, and into the interface's types.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::core::Core;
use crate::error::IpcError;
use crate::video::view::FrameBytes;

/// The answer to a command as it crosses to a face.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// JSON text.
    Json(String),
    /// Bytes as they are, where JSON would cost too much.
    Raw(Vec<u8>),
}

/// What a command may answer with: everything that has JSON, and the raw bytes of a frame.
pub(crate) trait IntoAnswer {
    /// The answer as it crosses.
    ///
    /// # Errors
    /// When it has no JSON.
    fn into_answer(self) -> Result<Answer, IpcError>;
}

impl<T: Serialize> IntoAnswer for T {
    fn into_answer(self) -> Result<Answer, IpcError> {
        serde_json::to_string(&self)
            .map(Answer::Json)
            .map_err(IpcError::internal)
    }
}

impl IntoAnswer for FrameBytes {
    fn into_answer(self) -> Result<Answer, IpcError> {
        Ok(Answer::Raw(self.0))
    }
}

/// For each capability a module that answers its commands; and for each command and event its line in the interface's types.
///
/// A command is the function of the same name in the capability's `commands.rs`: it takes the core and the request's fields,
/// and returns the response or an [`IpcError`]. Where it differs from the table, this does not compile.
macro_rules! contract {
    ($($capability:ident notifies $event:ident { $($command:ident($($argument:ident: $request:ty),*) -> $response:ty;)* })*) => {
        /// Every capability with the names of its commands.
        pub const CAPABILITIES: &[(&str, &[&str])] = &[$((stringify!($capability), &[$(stringify!($command)),*])),*];

        /// What a face is notified of unasked: an event of one capability. As JSON it is that event, with the capability's name
        /// in `event`.
        #[derive(Clone, Debug, PartialEq)]
        #[allow(missing_docs)] // each is its capability's
        pub enum Event {
            $($event(crate::$capability::view::$event)),*
        }

        impl Event {
            /// Whose event it is.
            pub fn capability(&self) -> &'static str {
                match self {
                    $(Event::$event(_) => stringify!($capability),)*
                }
            }

            /// The event alone, as the interface's types describe it.
            ///
            /// # Errors
            /// When it has no JSON.
            pub fn payload(&self) -> serde_json::Result<Value> {
                match self {
                    $(Event::$event(event) => serde_json::to_value(event),)*
                }
            }
        }

        impl Serialize for Event {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let capability = self.capability();
                match self {
                    $(Event::$event(event) => Named { capability, event }.serialize(serializer),)*
                }
            }
        }

        $(
            impl From<crate::$capability::view::$event> for Event {
                fn from(event: crate::$capability::view::$event) -> Event {
                    Event::$event(event)
                }
            }
        )*

        $(
            mod $capability {
                use super::{Answer, Arc, Core, IntoAnswer, IpcError, Value};
                #[allow(unused_imports)] // not every capability's view has a type that crosses in a command
                use crate::$capability::view::*;

                /// Answers `command` of this capability.
                pub(super) async fn answer(core: &Arc<Core>, command: &str, request: Value) -> Result<Answer, IpcError> {
                    match command {
                        $(stringify!($command) => {
                            #[derive(serde::Deserialize)]
                            struct Request { $($argument: $request),* }
                            let Request { $($argument),* } = serde_json::from_value(request).map_err(IpcError::internal)?;
                            let response: Result<$response, IpcError> =
                                crate::$capability::commands::$command(core, $($argument),*).await;
                            response?.into_answer()
                        })*
                        _ => Err(super::unknown(stringify!($capability), command)),
                    }
                }

                /// `"capability|command": [request, response]` for each command.
                pub(super) fn command_lines(ts: &ts_rs::Config) -> Vec<String> {
                    vec![$({
                        let parts: Vec<String> = vec![$(format!("{}: {}", stringify!($argument), crate::bindings::name::<$request>(ts))),*];
                        let request = if parts.is_empty() { "Record<string, never>".to_owned() } else { format!("{{ {} }}", parts.join("; ")) };
                        let response = crate::bindings::name::<$response>(ts);
                        format!("\"{}|{}\": [{request}, {response}];", stringify!($capability), stringify!($command))
                    }),*]
                }

                /// Declares every type that crosses in a command or an event.
                pub(super) fn declare(types: &mut crate::bindings::Types<'_>) {
                    $($(types.add::<$request>();)* types.add::<$response>();)*
                    types.add::<$event>();
                }

                /// `"capability:event": event`.
                pub(super) fn event_line(ts: &ts_rs::Config) -> String {
                    format!("\"{}:event\": {};", stringify!($capability), crate::bindings::name::<$event>(ts))
                }
            }
        )*

        /// Answers a command of a capability. `request` is an object with a value for each argument in the table; one that
        /// may be absent may be left out.
        ///
        /// # Errors
        /// As the command has them; and [`ErrorCode::Internal`](crate::ErrorCode::Internal) when there is no such command or
        /// the request is not the table's.
        pub async fn answer(core: &Arc<Core>, capability: &str, command: &str, request: Value) -> Result<Answer, IpcError> {
            match capability {
                $(stringify!($capability) => $capability::answer(core, command, request).await,)*
                _ => Err(unknown(capability, command)),
            }
        }

        /// Every line of the interface's types about commands, in the table's order.
        pub(crate) fn command_lines(ts: &ts_rs::Config) -> Vec<String> {
            [$($capability::command_lines(ts)),*].concat()
        }

        /// Declares every type that crosses, in the table's order.
        pub(crate) fn declare(types: &mut crate::bindings::Types<'_>) {
            $($capability::declare(types);)*
        }

        /// Every line of the interface's types about events.
        pub(crate) fn event_lines(ts: &ts_rs::Config) -> Vec<String> {
            vec![$($capability::event_line(ts)),*]
        }
    };
}

include!("contract.rs");

/// An event of a capability, and the capability's name.
#[derive(Serialize)]
struct Named<'a, T> {
    #[serde(rename = "event")]
    capability: &'static str,
    #[serde(flatten)]
    event: &'a T,
}

fn unknown(capability: &str, command: &str) -> IpcError {
    IpcError::internal(format!("there is no command {capability}|{command}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::ErrorCode;
    use crate::testing::TestApp;

    #[tokio::test]
    async fn a_face_names_a_command_and_gets_its_answer() {
        let app = TestApp::new("Ann");
        let Answer::Json(room) = answer(&app.core, "session", "room", json!({})).await.unwrap() else {
            panic!("it is JSON");
        };
        assert_eq!(room, "null");
        let request = json!({ "stream": 1, "after": -1 });
        let frame = answer(&app.core, "video", "next_frame", request).await.unwrap();
        assert_eq!(frame, Answer::Raw(Vec::new()), "what may be absent was left out");
        let error = answer(&app.core, "chat", "say", json!({ "text": "hello" })).await;
        assert_eq!(error.unwrap_err().code, ErrorCode::NoRoom);
    }

    #[test]
    fn an_event_as_json_is_its_capabilitys_own_and_says_whose_it_is() {
        let event = Event::from(crate::files::view::FilesEvent::Removed { id: 7 });
        let mut payload = event.payload().unwrap();
        assert_eq!(payload, json!({ "kind": "removed", "id": 7 }));
        payload["event"] = event.capability().into();
        assert_eq!(serde_json::to_value(&event).unwrap(), payload);
        assert_eq!(payload["event"], "files");
    }

    #[tokio::test]
    async fn what_is_not_in_the_table_is_refused_and_nothing_else_is_done() {
        let app = TestApp::new("Ann");
        for (capability, command, request) in [
            ("chat", "shout", json!({ "text": "hello" })),
            ("weather", "start", json!({})),
            ("chat", "say", json!({})),
            ("chat", "say", json!({ "text": 7 })),
            ("chat", "say", json!(null)),
            ("files", "open_file", json!({ "id": -1 })),
        ] {
            let error = answer(&app.core, capability, command, request).await.unwrap_err();
            assert_eq!(error.code, ErrorCode::Internal, "{capability}|{command}");
        }
    }
}
