//! What was measured as a file: all results of a room, and the last comparison.

use std::io::{self, Write};

use super::formats::{ResultFormat, write_comparison, write_comparison_table, write_page, write_results};
use super::view::ExportFormat;
use super::{compare, page};
use crate::core::Core;
use crate::desktop::Choice;
use crate::error::{ErrorCode, IpcError};
use crate::session::view::Language;

/// Writes a file's content.
type Writing = Box<dyn FnOnce(&mut dyn Write) -> io::Result<()> + Send>;

/// Lets a person choose where, and writes there what is known of every frame. `None` when they choose nothing.
pub(super) async fn ask_and_write(core: &Core, format: ExportFormat) -> Result<Option<String>, IpcError> {
    let open = core.room()?;
    let results = open.room.recent_results();
    let language = core.settings().language.into();
    let writing: Writing = match format {
        ExportFormat::Csv => Box::new(move |out| write_results(out, ResultFormat::Csv, results)),
        ExportFormat::Json => Box::new(move |out| write_results(out, ResultFormat::JsonList, results)),
        ExportFormat::Html => {
            let nothing = || IpcError::new(ErrorCode::Empty, "nothing was sent yet");
            let page = page::of_session(&open).ok_or_else(nothing)?;
            Box::new(move |out| write_page(out, &page, language))
        }
    };
    ask_and_save(core, "results", format, writing).await
}

/// The same for the last comparison.
pub(super) async fn ask_and_write_comparison(
    core: &Core,
    format: ExportFormat,
) -> Result<Option<String>, IpcError> {
    let open = core.room()?;
    let nothing = || IpcError::new(ErrorCode::Empty, "nothing was compared yet");
    let comparison = compare::view(&open).filter(|comparison| !comparison.rows.is_empty());
    let comparison = comparison.ok_or_else(nothing)?;
    let conditions = compare::conditions(&open);
    let language = core.settings().language.into();
    let writing: Writing = match format {
        ExportFormat::Csv => Box::new(move |out| write_comparison_table(out, &comparison)),
        ExportFormat::Json => Box::new(move |out| write_comparison(out, &comparison, conditions.as_ref())),
        ExportFormat::Html => {
            let page = compare::report(&open).ok_or_else(nothing)?;
            Box::new(move |out| write_page(out, &page, language))
        }
    };
    ask_and_save(core, "comparison", format, writing).await
}

/// Lets a person choose where, writes there beside the other tasks, and returns the path in words; `None` when they choose
/// nothing.
async fn ask_and_save(
    core: &Core,
    what: &str,
    format: ExportFormat,
    writing: Writing,
) -> Result<Option<String>, IpcError> {
    let ending = match format {
        ExportFormat::Csv => "csv",
        ExportFormat::Json => "json",
        ExportFormat::Html => "html",
    };
    let name = format!("roomwire-{what}-{}.{ending}", crate::local_time::stamp());
    // An answer that never comes is a dialog that went with its window.
    let chosen = core
        .desktop
        .choose(Choice::SaveAs(name, ending))
        .await
        .unwrap_or_default();
    let Some(path) = chosen.into_iter().next() else {
        return Ok(None);
    };
    let to = path.clone();
    let written = tokio::task::spawn_blocking(move || netcore::save(&to, writing));
    written
        .await
        .map_err(IpcError::internal)?
        .map_err(|error| IpcError::storage(&path, &error))?;
    Ok(Some(path.to_string_lossy().into_owned()))
}

impl From<Language> for report::Language {
    fn from(language: Language) -> report::Language {
        match language {
            Language::En => report::Language::En,
            Language::Zh => report::Language::Zh,
        }
    }
}
