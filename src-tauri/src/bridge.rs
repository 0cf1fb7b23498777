//! Hands the window's commands to the application, and its answers back.

use std::sync::Arc;

use app::{Answer, CAPABILITIES, Core};
use tauri::ipc::{Invoke, InvokeBody, InvokeError, InvokeResponseBody, Response};
use tauri::plugin::{Builder, TauriPlugin};
use tauri::{Manager, Runtime};

/// One plugin for each capability, so that each has permissions of its own.
pub(crate) fn plugins<R: Runtime>() -> impl Iterator<Item = TauriPlugin<R>> {
    CAPABILITIES.iter().map(|&(capability, commands)| {
        Builder::new(capability)
            .invoke_handler(move |invoke| answer(capability, commands, invoke))
            .build()
    })
}

/// Answers a command of this capability; whether it is one.
fn answer<R: Runtime>(capability: &'static str, commands: &[&'static str], invoke: Invoke<R>) -> bool {
    let asked = invoke.message.command();
    let Some(&command) = commands.iter().find(|command| **command == asked) else {
        return false;
    };
    let request = match invoke.message.payload() {
        InvokeBody::Json(request) => request.clone(),
        // No command of the table takes bytes.
        InvokeBody::Raw(_) => serde_json::Value::Null,
    };
    let core = Arc::clone(&invoke.message.webview_ref().state::<Arc<Core>>());
    invoke.resolver.respond_async(async move {
        match app::answer(&core, capability, command, request).await {
            Ok(answer) => Ok(Response::new(body(answer))),
            Err(error) => Err(InvokeError::from(error)),
        }
    });
    true
}

fn body(answer: Answer) -> InvokeResponseBody {
    match answer {
        Answer::Json(json) => InvokeResponseBody::Json(json),
        Answer::Raw(bytes) => InvokeResponseBody::Raw(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_may_call_the_commands_of_every_capability() {
        let allowed = include_str!("../capabilities/main.json");
        for (capability, _) in CAPABILITIES {
            let permission = format!("\"{capability}:default\"");
            assert!(allowed.contains(&permission), "{permission} is missing");
        }
    }
}
