//! Where a frame spends its time between the camera and the screen.

use std::collections::VecDeque;

use super::percentile;
use crate::ground::{ClockOffset, FrameNumber, Span, Time};
use crate::video::{FrameOutcome, FrameResult};

/// Trips that are remembered: ten seconds at 60 frames a second.
const MAX_TRIPS: usize = 600;

/// One frame's trip from the camera to the screen, as far as one computer knows of it. All times are on that computer's
/// clock; those that were taken on another one are as wrong as the clocks' relation may be. What is not known is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FrameTrip {
    /// Which frame.
    pub frame: FrameNumber,
    /// Its bytes, header included.
    pub bytes: u32,
    /// The picture was taken (on the publisher's clock).
    pub captured: Option<Time>,
    /// Its JPEG was made (on the publisher's clock).
    pub encoded: Option<Time>,
    /// It was handed to the link.
    pub offered: Option<Time>,
    /// Its first byte was given to the system.
    pub first_out: Option<Time>,
    /// Its last byte was.
    pub last_out: Option<Time>,
    /// It was whole at the receiving end (on the receiver's clock).
    pub received: Option<Time>,
    /// Its acknowledgement was here.
    pub acked: Option<Time>,
    /// The window had taken the JPEG apart.
    pub decoded: Option<Time>,
    /// The window had drawn it.
    pub drawn: Option<Time>,
    /// How wrong times of another computer may be, in microseconds.
    pub clock_error_us: Option<u64>,
}

/// Medians of the segments of a frame's trip over the frames that are remembered, in microseconds, and how wrong those may be that lie
/// between two computers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TripSummary {
    /// Captured to encoded.
    pub encode_us: Option<u64>,
    /// Encoded to the first byte out.
    pub queue_us: Option<u64>,
    /// First byte out to last byte out.
    pub send_us: Option<u64>,
    /// Last byte out to whole at the other end; on the viewer's computer encoded to whole.
    pub path_us: Option<u64>,
    /// Whole at the other end to the acknowledgement here.
    pub ack_us: Option<u64>,
    /// Whole to decoded.
    pub decode_us: Option<u64>,
    /// Decoded to drawn.
    pub draw_us: Option<u64>,
    /// Captured to drawn: the delay from camera to screen.
    pub screen_us: Option<u64>,
    /// 95th percentile of the same.
    pub screen_p95_us: Option<u64>,
    /// How wrong a time taken on another computer may be.
    pub clock_error_us: Option<u64>,
}

impl FrameTrip {
    /// What the sending end of a link knows. `publisher` and `receiver` are those computers' clocks as they relate to ours.
    pub fn sent(
        result: &FrameResult,
        publisher: Option<ClockOffset>,
        receiver: Option<ClockOffset>,
    ) -> FrameTrip {
        let there = |clock: Option<ClockOffset>, time: Time| clock.and_then(|clock| clock.to_ours(time));
        let errors = publisher.iter().chain(&receiver).map(|clock| clock.error_us);
        FrameTrip {
            frame: result.frame,
            bytes: result.bytes,
            captured: there(publisher, result.captured),
            encoded: there(publisher, result.captured + encode_span(result.encode_us)),
            offered: Some(result.offered),
            first_out: result.first_out,
            last_out: result.last_out,
            received: result.received_whole.and_then(|whole| there(receiver, whole)),
            acked: matches!(result.outcome, FrameOutcome::Acked { .. }).then_some(result.finished),
            clock_error_us: errors.max(),
            ..FrameTrip::default()
        }
    }
}

/// Remembers the trips of the latest frames of a stream as they are shown on this computer.
#[derive(Clone, Debug, Default)]
pub struct ViewMeter {
    trips: VecDeque<FrameTrip>,
}

impl ViewMeter {
    /// A frame of `bytes` bytes was whole here at `received`. `captured` and `encode_us` are what its header says;
    /// `publisher` is the publisher's clock as it relates to ours.
    pub fn handle_received(
        &mut self,
        frame: FrameNumber,
        bytes: u32,
        captured: Time,
        encode_us: u32,
        received: Time,
        publisher: Option<ClockOffset>,
    ) {
        if self.trips.len() >= MAX_TRIPS {
            self.trips.pop_front();
        }
        let there = |time: Time| publisher.and_then(|clock| clock.to_ours(time));
        self.trips.push_back(FrameTrip {
            frame,
            bytes,
            captured: there(captured),
            encoded: there(captured + encode_span(encode_us)),
            received: Some(received),
            clock_error_us: publisher.map(|clock| clock.error_us),
            ..FrameTrip::default()
        });
    }

    /// The window has drawn a frame: taken apart at `decoded`, drawn at `drawn`. A frame that is drawn twice counts once.
    pub fn handle_drawn(&mut self, frame: FrameNumber, decoded: Time, drawn: Time) {
        let trip = self.trips.iter_mut().rev().find(|trip| trip.frame == frame);
        if let Some(trip) = trip.filter(|trip| trip.drawn.is_none()) {
            // A window that lies about it must not make a trip shorter than it can be.
            let decoded = decoded.max(trip.received.unwrap_or(decoded));
            trip.decoded = Some(decoded);
            trip.drawn = Some(drawn.max(decoded));
        }
    }

    /// The frames that are remembered, oldest first.
    pub fn trips(&self) -> impl Iterator<Item = &FrameTrip> {
        self.trips.iter()
    }

    /// Medians over the frames that are remembered.
    pub fn summary(&self) -> TripSummary {
        TripSummary::of(self.trips())
    }
}

impl TripSummary {
    /// Medians over `trips`.
    pub fn of<'a>(trips: impl Iterator<Item = &'a FrameTrip>) -> TripSummary {
        let trips: Vec<&FrameTrip> = trips.collect();
        let sorted = |part: &dyn Fn(&FrameTrip) -> Option<Span>| {
            let mut times: Vec<u64> = trips
                .iter()
                .filter_map(|trip| part(trip))
                .map(Span::as_micros)
                .collect();
            times.sort_unstable();
            times
        };
        let between = |from: fn(&FrameTrip) -> Option<Time>, to: fn(&FrameTrip) -> Option<Time>| {
            sorted(&|trip| Some(to(trip)?.since(from(trip)?)))
        };
        let median = |from, to| percentile(&between(from, to), 50);
        let screen = between(|trip| trip.captured, |trip| trip.drawn);
        TripSummary {
            encode_us: median(|trip| trip.captured, |trip| trip.encoded),
            queue_us: median(|trip| trip.encoded, |trip| trip.first_out),
            send_us: median(|trip| trip.first_out, |trip| trip.last_out),
            path_us: median(|trip| trip.last_out.or(trip.encoded), |trip| trip.received),
            ack_us: median(|trip| trip.received, |trip| trip.acked),
            decode_us: median(|trip| trip.received, |trip| trip.decoded),
            draw_us: median(|trip| trip.decoded, |trip| trip.drawn),
            screen_us: percentile(&screen, 50),
            screen_p95_us: percentile(&screen, 95),
            clock_error_us: trips.iter().filter_map(|trip| trip.clock_error_us).max(),
        }
    }
}

fn encode_span(encode_us: u32) -> Span {
    Span::from_micros(u64::from(encode_us))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Time {
        Time::ZERO + Span::from_millis(ms)
    }

    #[test]
    fn a_viewer_knows_the_delay_from_camera_to_screen() {
        let mut meter = ViewMeter::default();
        // The publisher's clock is ten seconds ahead, give or take 2 ms.
        let publisher = ClockOffset {
            offset_us: 10_000_000,
            error_us: 2_000,
        };
        for n in 0..1_000 {
            let at = 1_000 + u64::from(n) * 33;
            meter.handle_received(
                FrameNumber(n),
                9_000,
                ms(10_000 + at),
                3_000,
                ms(at + 12),
                Some(publisher),
            );
            meter.handle_drawn(FrameNumber(n), ms(at + 20), ms(at + 25));
            meter.handle_drawn(FrameNumber(n), ms(at + 900), ms(at + 990));
        }
        let summary = meter.summary();
        assert_eq!(summary.encode_us, Some(3_000));
        assert_eq!(summary.path_us, Some(9_000));
        assert_eq!((summary.decode_us, summary.draw_us), (Some(8_000), Some(5_000)));
        assert_eq!(
            (summary.screen_us, summary.screen_p95_us),
            (Some(25_000), Some(25_000))
        );
        assert_eq!(summary.clock_error_us, Some(2_000));
        assert_eq!(summary.ack_us, None, "a viewer does not know");
        assert_eq!(meter.trips().count(), MAX_TRIPS);
    }

    #[test]
    fn without_a_relation_of_clocks_nothing_is_claimed_about_the_path() {
        let mut meter = ViewMeter::default();
        meter.handle_received(FrameNumber(1), 9_000, ms(5), 1_000, ms(100), None);
        meter.handle_drawn(FrameNumber(1), ms(50), ms(40));
        meter.handle_drawn(FrameNumber(2), ms(110), ms(120));
        let summary = meter.summary();
        assert_eq!(
            (summary.path_us, summary.screen_us, summary.clock_error_us),
            (None, None, None)
        );
        assert_eq!(
            (summary.decode_us, summary.draw_us),
            (Some(0), Some(0)),
            "not before it came"
        );
    }
}
