//! What was measured as files: the formats that every face writes. Where a file goes, and whether it may, is the face's.

use std::io::{self, Write};

use netcore::LinkResult;
use netcore::proto::metrics::{SeriesPoint, csv_header, csv_line, json_line};
use report::{Language, Measured, Measurement};
use serde::Serialize;

use super::view::{CompareView, ConditionsView};

/// How results of frames are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultFormat {
    /// Comma-separated values (RFC 4180) below the names of their columns.
    Csv,
    /// One JSON object on each line.
    JsonLines,
    /// One JSON list.
    JsonList,
}

/// Writes results of frames one by one.
pub struct ResultWriter<W: Write> {
    out: W,
    format: ResultFormat,
    has_begun: bool,
}

impl<W: Write> ResultWriter<W> {
    /// Nothing is written yet.
    pub fn new(out: W, format: ResultFormat) -> ResultWriter<W> {
        ResultWriter {
            out,
            format,
            has_begun: false,
        }
    }

    /// Writes one result as a line of its own.
    ///
    /// # Errors
    /// Those of writing.
    pub fn write(&mut self, LinkResult { stream, peer, result }: &LinkResult) -> io::Result<()> {
        let is_first = !self.has_begun;
        self.begin()?;
        let (stream, peer) = (stream.0, peer.0);
        match self.format {
            ResultFormat::Csv => writeln!(self.out, "{}", csv_line(stream, peer, result)),
            ResultFormat::JsonLines => writeln!(self.out, "{}", json_line(stream, peer, result)),
            ResultFormat::JsonList => {
                let comma = if is_first { "" } else { ",\n" };
                write!(self.out, "{comma}  {}", json_line(stream, peer, result))
            }
        }
    }

    /// Writes what stands below the last result, and all that waits.
    ///
    /// # Errors
    /// Those of writing.
    pub fn finish(mut self) -> io::Result<()> {
        let is_empty = !self.has_begun;
        self.begin()?;
        match self.format {
            ResultFormat::JsonList if is_empty => writeln!(self.out, "]")?,
            ResultFormat::JsonList => writeln!(self.out, "\n]")?,
            ResultFormat::Csv | ResultFormat::JsonLines => {}
        }
        self.out.flush()
    }

    /// Writes what stands above the first result.
    fn begin(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.has_begun, true) {
            return Ok(());
        }
        match self.format {
            ResultFormat::Csv => writeln!(self.out, "{}", csv_header()),
            ResultFormat::JsonLines => Ok(()),
            ResultFormat::JsonList => writeln!(self.out, "["),
        }
    }
}

/// Writes all of `results`.
pub(super) fn write_results(
    out: impl Write,
    format: ResultFormat,
    results: impl IntoIterator<Item = LinkResult>,
) -> io::Result<()> {
    let mut writer = ResultWriter::new(out, format);
    results.into_iter().try_for_each(|result| writer.write(&result))?;
    writer.finish()
}

/// A file of a report: together they are all that is known of a measurement.
pub struct ReportFile {
    /// Its name in the report's folder.
    pub name: &'static str,
    write: fn(&Measurement, &mut dyn Write) -> io::Result<()>,
}

/// The files of a report, the page for people first.
pub const REPORT: [ReportFile; 5] = [
    ReportFile {
        name: "report.html",
        write: |measurement, out| write_page(out, measurement, Language::En),
    },
    ReportFile {
        name: "report.json",
        write: |measurement, out| write_measurement(out, measurement),
    },
    ReportFile {
        name: "frames.csv",
        write: |measurement, out| write_results(out, ResultFormat::Csv, frames(measurement)),
    },
    ReportFile {
        name: "frames.jsonl",
        write: |measurement, out| write_results(out, ResultFormat::JsonLines, frames(measurement)),
    },
    ReportFile {
        name: "seconds.csv",
        write: |measurement, out| write_seconds(out, measurement),
    },
];

impl ReportFile {
    /// Writes its content.
    ///
    /// # Errors
    /// Those of writing.
    pub fn write(&self, measurement: &Measurement, mut out: impl Write) -> io::Result<()> {
        (self.write)(measurement, &mut out)?;
        out.flush()
    }
}

/// Writes the page for people.
pub(super) fn write_page(
    mut out: impl Write,
    measurement: &Measurement,
    language: Language,
) -> io::Result<()> {
    out.write_all(measurement.page(language).as_bytes())?;
    out.flush()
}

/// Writes a measurement as one JSON object.
///
/// # Errors
/// Those of writing.
pub fn write_measurement(mut out: impl Write, measurement: &Measurement) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut out, measurement)?;
    writeln!(out)?;
    out.flush()
}

/// Writes a comparison's rows, and what was compared, as one JSON object.
pub(super) fn write_comparison(
    mut out: impl Write,
    comparison: &CompareView,
    conditions: Option<&ConditionsView>,
) -> io::Result<()> {
    let report = serde_json::json!({ "comparison": comparison, "conditions": conditions });
    writeln!(out, "{report:#}")?;
    out.flush()
}

/// Writes a comparison's rows as a table.
pub(super) fn write_comparison_table(out: impl Write, comparison: &CompareView) -> io::Result<()> {
    let rows = comparison.rows.iter();
    write_table(
        out,
        rows.map(|row| ComparedRow {
            transport: netcore::proto::Transport::from(row.transport).to_string(),
            seconds: comparison.seconds,
            links: row.links,
            frames: row.frames,
            arrived: row.arrived,
            lost: row.lost,
            dropped: row.dropped,
            resent: row.resent,
            bytes: row.bytes,
            ack_p50_us: row.ack_p50_us,
            ack_p95_us: row.ack_p95_us,
            ack_p99_us: row.ack_p99_us,
            longest_gap_us: row.longest_gap_us,
        }),
    )
}

/// What one transport did in a comparison, as a table has it.
#[derive(Default, Serialize)]
struct ComparedRow {
    transport: String,
    seconds: u32,
    links: u32,
    frames: u64,
    arrived: u64,
    lost: u64,
    dropped: u64,
    resent: u64,
    bytes: u64,
    ack_p50_us: Option<u64>,
    ack_p95_us: Option<u64>,
    ack_p99_us: Option<u64>,
    longest_gap_us: Option<u64>,
}

/// What happened on a stream within a second, or within a longer stretch of what is long ago.
#[derive(Default, Serialize)]
struct SecondRow {
    trial: String,
    stream: u32,
    /// The end of the stretch, since the first trial began.
    at_s: f64,
    lasted_s: f64,
    transport: String,
    delay_p50_us: Option<u32>,
    delay_p95_us: Option<u32>,
    delay_max_us: Option<u32>,
    goodput_bps: Option<u64>,
    frames_per_s: Option<f64>,
    lost: u32,
    dropped: u32,
    resent: u32,
    queueing_us: Option<u32>,
    target_bps: Option<u64>,
}

impl SecondRow {
    fn new(trial: &Measured, point: &SeriesPoint) -> SecondRow {
        SecondRow {
            trial: trial.name.clone(),
            stream: trial.row.stream,
            at_s: rounded(trial.point_at_s(point), 1e3),
            lasted_s: rounded(point.lasted.as_secs_f64(), 1e3),
            transport: point.transport.to_string(),
            delay_p50_us: point.delay_p50_us,
            delay_p95_us: point.delay_p95_us,
            delay_max_us: point.delay_max_us,
            goodput_bps: point.goodput().map(|rate| rate.0),
            frames_per_s: point.frames_per_s().map(|rate| rounded(rate, 10.0)),
            lost: point.lost,
            dropped: point.dropped,
            resent: point.resent,
            queueing_us: point.queueing_us,
            target_bps: point.target_bps,
        }
    }
}

/// `value` to the nearest of `steps` in one.
fn rounded(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps
}

fn write_seconds(out: impl Write, measurement: &Measurement) -> io::Result<()> {
    let trials = measurement.trials.iter();
    let seconds = trials.flat_map(|trial| trial.series.iter().map(move |point| SecondRow::new(trial, point)));
    write_table(out, seconds)
}

/// Every frame of a measurement, trial by trial.
fn frames(measurement: &Measurement) -> impl Iterator<Item = LinkResult> {
    let of_trial = |trial: &Measured| {
        let (stream, peer) = (trial.row.stream, trial.row.peer);
        let results = trial.results.clone().into_iter();
        results.map(move |result| LinkResult {
            stream: netcore::proto::StreamId(stream),
            peer: netcore::proto::MemberId(peer),
            result,
        })
    };
    measurement.trials.iter().flat_map(of_trial)
}

/// Writes `rows` as comma-separated values below the names of their fields, which are there without any row, too. What is
/// unknown is an empty field.
fn write_table<R: Serialize + Default>(
    mut out: impl Write,
    rows: impl IntoIterator<Item = R>,
) -> io::Result<()> {
    writeln!(out, "{}", heading::<R>()?)?;
    let mut table = table(false).from_writer(out);
    rows.into_iter().try_for_each(|row| table.serialize(row))?;
    table.flush()
}

/// The names of a row's fields.
fn heading<R: Serialize + Default>() -> io::Result<String> {
    let mut sample = table(true).from_writer(Vec::new());
    sample.serialize(R::default())?;
    let sample = sample.into_inner().map_err(csv::IntoInnerError::into_error)?;
    let sample = String::from_utf8_lossy(&sample);
    Ok(sample.lines().next().unwrap_or_default().to_owned())
}

fn table(has_heading: bool) -> csv::WriterBuilder {
    let mut builder = csv::WriterBuilder::new();
    builder
        .has_headers(has_heading)
        .terminator(csv::Terminator::Any(b'\n'));
    builder
}

#[cfg(test)]
mod tests {
    use netcore::proto::video::{FrameOutcome, FrameResult};
    use netcore::proto::{FrameNumber, MemberId, Span, StreamId, Time, Transport};

    use super::*;

    fn result(frame: u32) -> LinkResult {
        LinkResult {
            stream: StreamId(1),
            peer: MemberId(0),
            result: FrameResult {
                frame: FrameNumber(frame),
                bytes: 100,
                transport: Transport::Tcp,
                captured: Time::ZERO,
                encode_us: 0,
                offered: Time::ZERO,
                first_out: None,
                last_out: None,
                received_whole: None,
                spread_us: None,
                finished: Time::ZERO,
                retransmits: 0,
                outcome: FrameOutcome::Acked {
                    delay: Span::from_millis(2),
                    hold: Span::ZERO,
                },
            },
        }
    }

    fn written(format: ResultFormat, frames: std::ops::Range<u32>) -> String {
        let mut out = Vec::new();
        write_results(&mut out, format, frames.map(result)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_format_has_every_result_and_is_whole_without_any() {
        let csv = written(ResultFormat::Csv, 1..4);
        assert_eq!((csv.lines().next(), csv.lines().count()), (Some(csv_header()), 4));
        assert_eq!(written(ResultFormat::Csv, 0..0).trim_end(), csv_header());
        let lines = written(ResultFormat::JsonLines, 1..4);
        let list: Vec<serde_json::Value> =
            serde_json::from_str(&written(ResultFormat::JsonList, 1..4)).unwrap();
        let same: Vec<serde_json::Value> = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!((list.len(), &list), (3, &same));
        assert_eq!(written(ResultFormat::JsonLines, 0..0), "");
        let nothing: Vec<serde_json::Value> =
            serde_json::from_str(&written(ResultFormat::JsonList, 0..0)).unwrap();
        assert!(nothing.is_empty());
    }

    #[test]
    fn a_table_is_headed_by_its_rows_fields_and_what_is_unknown_is_empty() {
        let mut out = Vec::new();
        let row = SecondRow {
            trial: "UDP · \"late\", with a file".to_owned(),
            at_s: rounded(1.000_49, 1e3),
            frames_per_s: Some(29.9),
            ..SecondRow::default()
        };
        write_table(&mut out, [row]).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            "trial,stream,at_s,lasted_s,transport,delay_p50_us,delay_p95_us,delay_max_us,goodput_bps,frames_per_s,lost,\
             dropped,resent,queueing_us,target_bps\n\
             \"UDP · \"\"late\"\", with a file\",0,1.0,0.0,,,,,,29.9,0,0,0,,\n"
        );
        let mut empty = Vec::new();
        write_table::<ComparedRow>(&mut empty, []).unwrap();
        assert_eq!(
            String::from_utf8(empty).unwrap(),
            "transport,seconds,links,frames,arrived,lost,dropped,resent,bytes,ack_p50_us,ack_p95_us,ack_p99_us,longest_gap_us\n"
        );
    }

    #[test]
    fn the_readme_explains_every_column() {
        let readme = include_str!("../../../../README.md");
        let columns = [heading::<SecondRow>().unwrap(), heading::<ComparedRow>().unwrap()];
        for name in columns.iter().flat_map(|columns| columns.split(',')) {
            assert!(readme.contains(&format!("`{name}`")), "{name}");
        }
    }
}
