//! A frame's trip, as the interface is given it.

use netcore::proto::Time;
use netcore::proto::metrics::FrameTrip;
use serde::Serialize;
use ts_rs::TS;

/// One frame's trip, as far as it is known here. Moments are microseconds after the first one that is known; since a time
/// taken on another computer may be wrong by `clock_error_us`, one may lie before it. What is not known is `null`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TripView {
    /// Which frame.
    pub frame: u32,
    /// Its bytes, header included.
    pub bytes: u32,
    /// When it was whole here, or acknowledged, in milliseconds since 1970.
    pub at_ms: u64,
    /// The picture was taken.
    pub captured_us: Option<i64>,
    /// Its JPEG was made.
    pub encoded_us: Option<i64>,
    /// It was handed to the link.
    pub queued_us: Option<i64>,
    /// Its first byte was given to the system.
    pub first_out_us: Option<i64>,
    /// Its last byte was.
    pub last_out_us: Option<i64>,
    /// It was whole at the receiving end.
    pub received_us: Option<i64>,
    /// Its acknowledgement was here.
    pub acked_us: Option<i64>,
    /// The page had taken the JPEG apart.
    pub decoded_us: Option<i64>,
    /// It was on the window's surface when that was painted.
    pub drawn_us: Option<i64>,
    /// How wrong a moment of another computer's clock may be.
    pub clock_error_us: Option<u64>,
}

impl TripView {
    /// `trip` in the interface's form; `now` and `now_unix_ms` are the same moment.
    pub(crate) fn of(trip: &FrameTrip, now: Time, now_unix_ms: u64) -> TripView {
        let zero = trip.captured.or(trip.offered).or(trip.received).unwrap_or(now);
        let after = |moment: Option<Time>| moment.map(|moment| signed(zero, moment));
        let here = trip.acked.or(trip.received).or(trip.offered).unwrap_or(now);
        TripView {
            frame: trip.frame.0,
            bytes: trip.bytes,
            at_ms: now_unix_ms.saturating_sub(now.since(here).as_micros() / 1_000),
            captured_us: after(trip.captured),
            encoded_us: after(trip.encoded),
            queued_us: after(trip.offered),
            first_out_us: after(trip.first_out),
            last_out_us: after(trip.last_out),
            received_us: after(trip.received),
            acked_us: after(trip.acked),
            decoded_us: after(trip.decoded),
            drawn_us: after(trip.drawn),
            clock_error_us: trip.clock_error_us,
        }
    }
}

/// Microseconds from `from` to `to`, less than zero when `to` lies before it.
fn signed(from: Time, to: Time) -> i64 {
    let whole = |us: u64| i64::try_from(us).unwrap_or(i64::MAX);
    whole(to.since(from).as_micros()) - whole(from.since(to).as_micros())
}

#[cfg(test)]
mod tests {
    use netcore::proto::FrameNumber;

    use super::*;

    #[test]
    fn moments_count_from_the_first_that_is_known_and_may_lie_before_it() {
        let at = |us| Some(Time::from_micros(us));
        let trip = FrameTrip {
            frame: FrameNumber(7),
            bytes: 61_412,
            captured: at(1_000_000),
            encoded: at(1_003_840),
            received: at(999_900),
            drawn: at(1_052_700),
            clock_error_us: Some(200),
            ..FrameTrip::default()
        };
        let view = TripView::of(&trip, Time::from_micros(3_999_900), 1_700_000_003_000);
        assert_eq!((view.captured_us, view.encoded_us), (Some(0), Some(3_840)));
        assert_eq!((view.received_us, view.drawn_us), (Some(-100), Some(52_700)));
        assert_eq!((view.queued_us, view.acked_us), (None, None));
        assert_eq!((view.at_ms, view.clock_error_us), (1_700_000_000_000, Some(200)));
    }
}
