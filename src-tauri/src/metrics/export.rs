//! All results of a room as a file.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use netcore::LinkResult;
use netcore::proto::metrics::{csv_header, csv_line, json_line};

use super::view::ExportFormat;
use crate::core::Core;
use crate::error::IpcError;
use crate::outside::Choice;

/// Lets a person choose where, and writes there. `None` when they choose nothing.
pub(super) async fn ask_and_write(core: &Core, format: ExportFormat) -> Result<Option<String>, IpcError> {
    let open = core.room()?;
    let ending = match format {
        ExportFormat::Csv => "csv",
        ExportFormat::Json => "json",
    };
    let name = format!("roomwire-results-{}.{ending}", crate::stamp());
    // An answer that never comes is a dialog that went with its window.
    let chosen = core
        .outside
        .choose(Choice::SaveAs(name, ending))
        .await
        .unwrap_or_default();
    let Some(path) = chosen.into_iter().next() else {
        return Ok(None);
    };
    let results = open.room.kept_results();
    let to = path.clone();
    let written =
        tokio::task::spawn_blocking(move || write(BufWriter::new(File::create(&to)?), &results, format));
    written
        .await
        .map_err(IpcError::internal)?
        .map_err(|error| IpcError::storage(&path, &error))?;
    Ok(Some(path.to_string_lossy().into_owned()))
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
