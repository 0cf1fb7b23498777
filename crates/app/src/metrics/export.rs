//! What was measured as a file: all results of a room, and the last comparison.

use std::io::{self, Write};

use netcore::LinkResult;
use netcore::proto::metrics::{csv_header, csv_line, json_line};
use report::Measurement;

use super::view::{CompareView, ConditionsView, ExportFormat};
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
    let language = core.settings().language;
    let writing: Writing = match format {
        ExportFormat::Csv => Box::new(move |out| write_csv(out, &results)),
        ExportFormat::Json => Box::new(move |out| write_json(out, &results)),
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
    let language = core.settings().language;
    let writing: Writing = match format {
        ExportFormat::Csv => Box::new(move |out| write_comparison_csv(out, &comparison)),
        ExportFormat::Json => {
            Box::new(move |out| write_comparison_json(out, &comparison, conditions.as_ref()))
        }
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

/// A comparison's rows.
fn write_comparison_csv(mut out: impl Write, comparison: &CompareView) -> io::Result<()> {
    writeln!(
        out,
        "transport,seconds,links,frames,arrived,lost,dropped,resent,bytes,ack_p50_us,ack_p95_us,ack_p99_us,longest_gap_us"
    )?;
    for row in &comparison.rows {
        let known = |figure: Option<u64>| figure.map(|figure| figure.to_string()).unwrap_or_default();
        let figures = [row.ack_p50_us, row.ack_p95_us, row.ack_p99_us, row.longest_gap_us].map(known);
        writeln!(
            out,
            "{},{},{},{},{},{},{},{},{},{}",
            netcore::proto::Transport::from(row.transport),
            comparison.seconds,
            row.links,
            row.frames,
            row.arrived,
            row.lost,
            row.dropped,
            row.resent,
            row.bytes,
            figures.join(",")
        )?;
    }
    out.flush()
}

/// A comparison's rows, and what was compared.
fn write_comparison_json(
    mut out: impl Write,
    comparison: &CompareView,
    conditions: Option<&ConditionsView>,
) -> io::Result<()> {
    let report = serde_json::json!({ "comparison": comparison, "conditions": conditions });
    writeln!(out, "{report:#}")?;
    out.flush()
}

fn write_page(mut out: impl Write, measurement: &Measurement, language: Language) -> io::Result<()> {
    let language = match language {
        Language::En => report::Language::En,
        Language::Zh => report::Language::Zh,
    };
    out.write_all(measurement.page(language).as_bytes())?;
    out.flush()
}

fn write_csv(mut out: impl Write, results: &[LinkResult]) -> io::Result<()> {
    writeln!(out, "{}", csv_header())?;
    for LinkResult { stream, peer, result } in results {
        writeln!(out, "{}", csv_line(stream.0, peer.0, result))?;
    }
    out.flush()
}

fn write_json(mut out: impl Write, results: &[LinkResult]) -> io::Result<()> {
    writeln!(out, "[")?;
    for (at, LinkResult { stream, peer, result }) in results.iter().enumerate() {
        let comma = if at + 1 < results.len() { "," } else { "" };
        writeln!(out, "  {}{comma}", json_line(stream.0, peer.0, result))?;
    }
    writeln!(out, "]")?;
    out.flush()
}
