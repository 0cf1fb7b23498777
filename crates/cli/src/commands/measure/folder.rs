//! What was measured, as files: a page for people, JSON and comma-separated values for programs.

use std::fmt::Write as _;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use netcore::proto::metrics::{SeriesPoint, csv_header, csv_line, json_line};
use report::{Language, Measured, Measurement};

use crate::exit::{Code, Failure, Result};
use crate::output_file::{OutputFile, refuse_content, unwritable};

/// Where a report's files go.
pub(super) struct Folder {
    path: PathBuf,
    /// Whether the files of an earlier report may go.
    overwrite: bool,
}

const NAMES: [&str; 5] = [
    "report.html",
    "report.json",
    "frames.csv",
    "frames.jsonl",
    "seconds.csv",
];

impl Folder {
    /// Makes it, before anything is measured: better now than after the last trial.
    ///
    /// # Errors
    /// When it cannot be made, or has a report that may not go.
    pub(super) fn create(path: &Path, overwrite: bool) -> Result<Folder> {
        for name in NAMES {
            refuse_content(&path.join(name), overwrite)?;
        }
        std::fs::create_dir_all(path).map_err(|error| unwritable(path, &error))?;
        Ok(Folder {
            path: path.to_owned(),
            overwrite,
        })
    }

    /// Writes everything. Returns the page for people.
    ///
    /// # Errors
    /// When one of the files cannot be written.
    pub(super) fn write(&self, measurement: &Measurement) -> Result<PathBuf> {
        let [page, json, csv, lines, seconds_csv] = NAMES.map(|name| self.path.join(name));
        self.claim(&page)?
            .put(measurement.page(Language::En).as_bytes())?;
        write_json(measurement, self.claim(&json)?)?;
        let frames = |line: fn(u32, u32, &netcore::proto::video::FrameResult) -> String| {
            measurement.trials.iter().flat_map(move |trial| {
                let row = &trial.row;
                trial
                    .results
                    .iter()
                    .map(move |result| line(row.stream, row.peer, result))
            })
        };
        let head = std::iter::once(csv_header().to_owned());
        self.write_lines(&csv, head.chain(frames(csv_line)))?;
        self.write_lines(&lines, frames(json_line))?;
        let head = std::iter::once(SERIES_HEADER.to_owned());
        let seconds = measurement
            .trials
            .iter()
            .flat_map(|trial| trial.series.iter().map(|point| series_line(trial, point)));
        self.write_lines(&seconds_csv, head.chain(seconds))?;
        Ok(page)
    }

    fn claim(&self, path: &Path) -> Result<OutputFile> {
        OutputFile::claim(path, self.overwrite)
    }

    fn write_lines(&self, path: &Path, lines: impl Iterator<Item = String>) -> Result<()> {
        let file = self.claim(path)?;
        let write = || {
            let mut out = BufWriter::new(file.begin()?);
            for line in lines {
                writeln!(out, "{line}")?;
            }
            out.flush()
        };
        write().map_err(|error| unwritable(path, &error))
    }
}

/// Writes the measurement as one JSON object.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn write_json(measurement: &Measurement, file: OutputFile) -> Result<()> {
    let text =
        serde_json::to_string_pretty(measurement).map_err(|error| Failure::new(Code::Failed, error))?;
    file.put((text + "\n").as_bytes())
}

/// The first line of `seconds.csv`: what happened on each stream, second by second, the seconds counted from the first trial
/// on. An empty field is unknown.
const SERIES_HEADER: &str = "trial,stream,at_s,lasted_s,transport,delay_p50_us,delay_p95_us,delay_max_us,goodput_bps,\
                             frames_per_s,lost,dropped,resent,queueing_us,target_bps";

fn series_line(trial: &Measured, point: &SeriesPoint) -> String {
    let mut line = format!(
        "\"{}\",{},{:.3},{:.3},{}",
        trial.name.replace('"', "\"\""),
        trial.row.stream,
        trial.point_at_s(point),
        point.lasted.as_secs_f64(),
        point.transport
    );
    let mut field = |value: Option<String>| {
        let _ = write!(line, ",{}", value.unwrap_or_default());
    };
    let text = |value: Option<u32>| value.map(|value| value.to_string());
    field(text(point.delay_p50_us));
    field(text(point.delay_p95_us));
    field(text(point.delay_max_us));
    field(point.goodput().map(|rate| rate.0.to_string()));
    field(point.frames_per_s().map(|rate| format!("{rate:.1}")));
    field(text(Some(point.lost)));
    field(text(Some(point.dropped)));
    field(text(Some(point.resent)));
    field(text(point.queueing_us));
    field(point.target_bps.map(|rate| rate.to_string()));
    line
}
