//! All results of a room as a file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use netcore::LinkResult;
use netcore::proto::metrics::{csv_header, csv_line, json_line};

use super::compare;
use super::view::{CompareView, ConditionsView, ExportFormat};
use crate::core::{Core, lock};
use crate::error::{ErrorCode, IpcError};
use crate::outside::Choice;

/// Lets a person choose where, and writes there. `None` when they choose nothing.
pub(super) async fn ask_and_write(core: &Core, format: ExportFormat) -> Result<Option<String>, IpcError> {
    let open = core.room()?;
    let Some(path) = ask(core, "results", format).await else {
        return Ok(None);
    };
    let results = open.room.kept_results();
    save(path, move |out| write(out, &results, format)).await
}

/// The same for the last comparison.
pub(super) async fn ask_and_write_comparison(
    core: &Core,
    format: ExportFormat,
) -> Result<Option<String>, IpcError> {
    let open = core.room()?;
    let comparison = compare::view(&open).filter(|comparison| !comparison.rows.is_empty());
    let nothing = || IpcError::new(ErrorCode::Empty, "nothing was compared yet");
    let comparison = comparison.ok_or_else(nothing)?;
    let conditions = lock(&open.conditions).clone();
    let Some(path) = ask(core, "comparison", format).await else {
        return Ok(None);
    };
    save(path, move |out| {
        write_comparison(out, &comparison, conditions.as_ref(), format)
    })
    .await
}

/// Lets a person choose where; `None` when they choose nothing.
async fn ask(core: &Core, what: &str, format: ExportFormat) -> Option<PathBuf> {
    let ending = match format {
        ExportFormat::Csv => "csv",
        ExportFormat::Json => "json",
    };
    let name = format!("roomwire-{what}-{}.{ending}", crate::stamp());
    // An answer that never comes is a dialog that went with its window.
    let chosen = core
        .outside
        .choose(Choice::SaveAs(name, ending))
        .await
        .unwrap_or_default();
    chosen.into_iter().next()
}

/// Writes a file beside the other tasks, and returns its path in words.
async fn save(
    path: PathBuf,
    write: impl FnOnce(BufWriter<File>) -> io::Result<()> + Send + 'static,
) -> Result<Option<String>, IpcError> {
    let to = path.clone();
    let written = tokio::task::spawn_blocking(move || write(BufWriter::new(File::create(&to)?)));
    written
        .await
        .map_err(IpcError::internal)?
        .map_err(|error| IpcError::storage(&path, &error))?;
    Ok(Some(path.to_string_lossy().into_owned()))
}

/// A comparison's rows. JSON has what was compared, too.
fn write_comparison(
    mut out: impl Write,
    comparison: &CompareView,
    conditions: Option<&ConditionsView>,
    format: ExportFormat,
) -> io::Result<()> {
    match format {
        ExportFormat::Csv => {
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
        }
        ExportFormat::Json => {
            let report = serde_json::json!({ "comparison": comparison, "conditions": conditions });
            writeln!(out, "{report:#}")?;
        }
    }
    out.flush()
}

pub(super) fn write(mut out: impl Write, results: &[LinkResult], format: ExportFormat) -> io::Result<()> {
    match format {
        ExportFormat::Csv => {
            writeln!(out, "{}", csv_header())?;
            for LinkResult { stream, peer, result } in results {
                writeln!(out, "{}", csv_line(stream.0, peer.0, result))?;
            }
        }
        ExportFormat::Json => {
            writeln!(out, "[")?;
            for (at, LinkResult { stream, peer, result }) in results.iter().enumerate() {
                let comma = if at + 1 < results.len() { "," } else { "" };
                writeln!(out, "  {}{comma}", json_line(stream.0, peer.0, result))?;
            }
            writeln!(out, "]")?;
        }
    }
    out.flush()
}
