//! The interface's types, generated from the views: `ui/src/bindings/contract.ts`.

use ts_rs::{Config, TS};

use crate::dispatch;
use crate::video::view::FrameBytes;
use crate::{chat, error, files, metrics, session, video};

/// The name of a type in TypeScript.
pub(crate) fn name<T: Named + ?Sized>(ts: &Config) -> String {
    T::name_in(ts)
}

/// What has a name in TypeScript: everything that crosses as JSON, and the raw bytes.
pub(crate) trait Named {
    fn name_in(ts: &Config) -> String;
}

impl<T: TS + ?Sized> Named for T {
    fn name_in(ts: &Config) -> String {
        T::name(ts)
    }
}

impl Named for FrameBytes {
    fn name_in(_: &Config) -> String {
        "ArrayBuffer".to_owned()
    }
}

/// One exported type: its documentation and its declaration.
fn exported<T: TS>(ts: &Config) -> String {
    format!("{}export {}\n", T::docs().unwrap_or_default(), T::decl(ts))
}

macro_rules! section {
    ($out:expr, $ts:expr, $title:literal: $($ty:ty),+ $(,)?) => {
        $out.push_str(concat!("\n// ---------- ", $title, " ----------\n"));
        $($out.push_str(&exported::<$ty>($ts));)+
    };
}

/// The whole file, before the interface's formatter lays it out.
pub fn contract_ts() -> String {
    // Everything that crosses is below 2⁵³, and JSON has one kind of number.
    let ts = &Config::new().with_large_int("number");
    let mut out = String::from(
        "/* eslint-disable max-lines -- it is generated whole */\n\
         // What crosses between the desktop shell and the interface: generated from the shell's types, never edited by hand.\n\
         // Every number that is a time says its unit in its name.\n",
    );
    section!(out, ts, "common": video::view::Transport, error::IpcError, error::ErrorCode);
    section!(out, ts, "session":
        session::view::Profile, session::view::Presence, session::view::Person, session::view::Role,
        session::view::LinkState, session::view::ReachableAt, session::view::RoomView, session::view::RecentRoom,
        session::view::Language, session::view::Theme, session::view::Settings, session::view::LastUsed, session::view::StartView,
        session::view::SessionEvent, session::view::LeaveReason);
    section!(out, ts, "chat":
        chat::view::ChatEntry, chat::view::ChatBody, chat::view::ChatState, chat::view::ChatEvent);
    section!(out, ts, "files":
        files::view::Pick, files::view::FileState, files::view::FileView, files::view::OfferedView, files::view::NotOffered,
        files::view::OpenedFile, files::view::DragView, files::view::FilesEvent);
    section!(out, ts, "video":
        video::view::SourceKind, video::view::SourceFormat, video::view::SourceView, video::view::VideoSpec,
        video::view::LiveView, video::view::StreamView, video::view::VideoEvent, video::view::DrawnFrame, video::view::MadeView, video::view::RecordedView);
    section!(out, ts, "metrics":
        metrics::view::Direction, metrics::view::LinkView, metrics::view::KernelView, metrics::view::MetricPoint,
        metrics::view::StepIcon, metrics::view::Step, metrics::view::MetricsEvent, metrics::view::MetricsHistory, metrics::view::TripView, metrics::view::CountsView, metrics::view::CountView,
        metrics::view::ConditionsView, metrics::view::ConditionedView, metrics::view::CompareView, metrics::view::CompareRow, metrics::view::ExportFormat);
    out.push_str("\n// ---------- commands and events ----------\n");
    push_map(
        &mut out,
        "Every command: what it takes and what it answers. The name before the bar is the capability.",
        "Commands",
        &dispatch::command_lines(ts),
    );
    push_map(
        &mut out,
        "Every event that the shell sends unasked.",
        "Events",
        &dispatch::event_lines(ts),
    );
    out
}

fn push_map(out: &mut String, about: &str, name: &str, lines: &[String]) {
    out.push_str(&format!("/** {about} */\nexport type {name} = {{\n"));
    lines.iter().for_each(|line| out.push_str(&format!("  {line}\n")));
    out.push_str("};\n");
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    /// The words of a source text, without its layout: that is the formatter's.
    fn words(text: &str) -> Vec<&str> {
        text.split(|c: char| !c.is_alphanumeric() && c != '_')
            .filter(|word| !word.is_empty())
            .collect()
    }

    /// Writes the file into the folder that `TS_RS_EXPORT_DIR` names; without it, compares the words of the interface's copy.
    #[test]
    fn export_bindings() {
        let fresh = super::contract_ts();
        if let Some(folder) = std::env::var_os("TS_RS_EXPORT_DIR").map(PathBuf::from) {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("contract.ts"), fresh).unwrap();
            return;
        }
        let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ui/src/bindings/contract.ts");
        let committed = std::fs::read_to_string(committed).unwrap();
        assert!(
            words(&committed) == words(&fresh),
            "ui/src/bindings is stale: see what `cargo xtask check bindings` says"
        );
    }
}
