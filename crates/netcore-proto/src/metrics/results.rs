use super::Count;
use crate::ground::{Span, Time};
use crate::video::{FrameOutcome, FrameResult};

/// The first line of a file of results. Times are microseconds on the sending computer's clock, `received_whole_us` on the
/// receiver's; an empty field is unknown.
pub fn csv_header() -> &'static str {
    "stream,peer,frame,transport,bytes,outcome,delay_us,hold_us,classic_rate_bps,retransmits,captured_us,encode_us,\
     offered_us,first_out_us,last_out_us,finished_us,received_whole_us,spread_us"
}

/// One result as a line of comma-separated values, without the line end. `peer` is the peer's number in the room.
pub fn csv_line(stream: u32, peer: u32, result: &FrameResult) -> String {
    let number = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
    format!(
        "{stream},{peer},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}",
        result.frame,
        result.transport,
        result.bytes,
        Count::of(result.outcome).word(),
        number(result.delay().map(Span::as_micros)),
        number(hold_us(result.outcome)),
        number(result.classic_rate().map(|rate| rate.0)),
        result.retransmits,
        result.captured.as_micros(),
        result.encode_us,
        result.offered.as_micros(),
        number(result.first_out.map(Time::as_micros)),
        number(result.last_out.map(Time::as_micros)),
        result.finished.as_micros(),
        number(result.received_whole.map(Time::as_micros)),
        number(result.spread_us.map(u64::from)),
    )
}

/// One result as a JSON object on one line, with the fields of [`csv_header`]; what is unknown is `null`.
pub fn json_line(stream: u32, peer: u32, result: &FrameResult) -> String {
    serde_json::json!({
        "stream": stream,
        "peer": peer,
        "frame": result.frame.0,
        "transport": result.transport,
        "bytes": result.bytes,
        "outcome": Count::of(result.outcome).word(),
        "delay_us": result.delay().map(Span::as_micros),
        "hold_us": hold_us(result.outcome),
        "classic_rate_bps": result.classic_rate().map(|rate| rate.0),
        "retransmits": result.retransmits,
        "captured_us": result.captured.as_micros(),
        "encode_us": result.encode_us,
        "offered_us": result.offered.as_micros(),
        "first_out_us": result.first_out.map(Time::as_micros),
        "last_out_us": result.last_out.map(Time::as_micros),
        "finished_us": result.finished.as_micros(),
        "received_whole_us": result.received_whole.map(Time::as_micros),
        "spread_us": result.spread_us,
    })
    .to_string()
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
    use crate::ground::{FrameNumber, Transport};

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
        assert_eq!(line.split(',').count(), csv_header().split(',').count());
    }

    #[test]
    fn json_has_the_same_names_and_null_for_unknown() {
        let json: serde_json::Value = serde_json::from_str(&json_line(1, 0, &result())).unwrap();
        for name in csv_header().split(',') {
            assert!(json.get(name).is_some(), "{name}");
        }
        assert!(json["last_out_us"].is_null());
        assert_eq!(json["delay_us"], 200);
    }
}
