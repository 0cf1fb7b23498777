//! Frame results as rows: one description, written as a table (CSV, RFC 4180) or as lines of JSON.

use std::sync::LazyLock;

use serde::Serialize;

use super::Count;
use crate::ground::{FrameNumber, Span, Time, Transport};
use crate::video::{FrameOutcome, FrameResult};

/// What is written of a result, in the order of a table's columns. Times are microseconds on the sending computer's clock,
/// `received_whole_us` on the receiver's. What is unknown is an empty field in a table and `null` in JSON.
#[derive(Serialize)]
struct ResultRow {
    stream: u32,
    peer: u32,
    frame: u32,
    transport: &'static str,
    bytes: u32,
    outcome: &'static str,
    delay_us: Option<u64>,
    hold_us: Option<u64>,
    classic_rate_bps: Option<u64>,
    retransmits: u32,
    captured_us: u64,
    encode_us: u32,
    offered_us: u64,
    first_out_us: Option<u64>,
    last_out_us: Option<u64>,
    finished_us: u64,
    received_whole_us: Option<u64>,
    spread_us: Option<u32>,
}

impl ResultRow {
    /// `transports` spells TCP and UDP: a table as people write them, JSON as the wire does.
    fn new(stream: u32, peer: u32, result: &FrameResult, [tcp, udp]: [&'static str; 2]) -> ResultRow {
        ResultRow {
            stream,
            peer,
            frame: result.frame.0,
            transport: match result.transport {
                Transport::Tcp => tcp,
                Transport::Udp => udp,
            },
            bytes: result.bytes,
            outcome: Count::of(result.outcome).word(),
            delay_us: result.delay().map(Span::as_micros),
            hold_us: hold_us(result.outcome),
            classic_rate_bps: result.classic_rate().map(|rate| rate.0),
            retransmits: result.retransmits,
            captured_us: result.captured.as_micros(),
            encode_us: result.encode_us,
            offered_us: result.offered.as_micros(),
            first_out_us: result.first_out.map(Time::as_micros),
            last_out_us: result.last_out.map(Time::as_micros),
            finished_us: result.finished.as_micros(),
            received_whole_us: result.received_whole.map(Time::as_micros),
            spread_us: result.spread_us,
        }
    }

    fn of_table(stream: u32, peer: u32, result: &FrameResult) -> ResultRow {
        ResultRow::new(stream, peer, result, ["TCP", "UDP"])
    }
}

/// The first line of a table of results: the names of its columns.
pub fn csv_header() -> &'static str {
    static HEADER: LazyLock<String> = LazyLock::new(|| {
        let (transport, outcome) = (Transport::Tcp, FrameOutcome::Delivered);
        let nothing = FrameResult::unsent(FrameNumber(0), 0, transport, Time::ZERO, outcome);
        let table = table(&ResultRow::of_table(0, 0, &nothing), true);
        table.lines().next().unwrap_or_default().to_owned()
    });
    &HEADER
}

/// One result as a line of comma-separated values, without the line end. `peer` is the peer's number in the room.
pub fn csv_line(stream: u32, peer: u32, result: &FrameResult) -> String {
    table(&ResultRow::of_table(stream, peer, result), false)
}

/// One result as a JSON object on one line, with the names of [`csv_header`].
pub fn json_line(stream: u32, peer: u32, result: &FrameResult) -> String {
    let row = ResultRow::new(stream, peer, result, ["tcp", "udp"]);
    serde_json::to_string(&row).expect("numbers and words can be written as JSON")
}

/// A table of one row, without the last line end.
fn table(row: &ResultRow, has_header: bool) -> String {
    let mut writer = csv::WriterBuilder::new()
        .has_headers(has_header)
        .terminator(csv::Terminator::Any(b'\n'))
        .from_writer(Vec::new());
    writer
        .serialize(row)
        .expect("a row has plain fields, and memory takes it");
    let bytes = writer.into_inner().expect("memory takes what is written");
    String::from_utf8_lossy(&bytes).trim_end().to_owned()
}

fn hold_us(outcome: FrameOutcome) -> Option<u64> {
    match outcome {
        FrameOutcome::Acked { hold, .. } => Some(hold.as_micros()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result() -> FrameResult {
        FrameResult {
            frame: FrameNumber(20),
            bytes: 16_600,
            transport: Transport::Tcp,
            captured: Time::from_micros(1),
            encode_us: 2,
            offered: Time::from_micros(3),
            first_out: Some(Time::from_micros(4)),
            last_out: None,
            received_whole: None,
            spread_us: Some(77),
            finished: Time::from_micros(204),
            retransmits: 0,
            outcome: FrameOutcome::Acked {
                delay: Span::from_micros(200),
                hold: Span::from_micros(9),
            },
        }
    }

    #[test]
    fn a_line_has_a_field_for_each_name() {
        let line = csv_line(1, 0, &result());
        assert_eq!(line, "1,0,20,TCP,16600,acked,200,9,664000000,0,1,2,3,4,,204,,77");
        assert_eq!(
            csv_header(),
            "stream,peer,frame,transport,bytes,outcome,delay_us,hold_us,classic_rate_bps,retransmits,captured_us,encode_us,\
             offered_us,first_out_us,last_out_us,finished_us,received_whole_us,spread_us"
        );
        assert_eq!(line.split(',').count(), csv_header().split(',').count());
    }

    #[test]
    fn json_has_the_same_names_and_null_for_unknown() {
        let json: serde_json::Value = serde_json::from_str(&json_line(1, 0, &result())).unwrap();
        for name in csv_header().split(',') {
            assert!(json.get(name).is_some(), "{name}");
        }
        assert_eq!(json.as_object().unwrap().len(), csv_header().split(',').count());
        assert!(json["last_out_us"].is_null());
        assert_eq!(json["transport"], "tcp");
        assert_eq!(json["delay_us"], 200);
    }

    #[test]
    fn the_readme_explains_every_column() {
        let readme = include_str!("../../../../README.md");
        for name in csv_header().split(',') {
            assert!(readme.contains(&format!("`{name}`")), "{name}");
        }
    }
}
