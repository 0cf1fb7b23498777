//! One stretch of measuring, and everything that is known of it afterwards.

use netcore::proto::metrics::{
    Bucket, Counters, Distributions, Quantiles, SeriesPoint, TransportSummary, TripSummary,
};
use netcore::proto::video::{FrameOutcome, FrameResult};
use netcore::proto::{Span, Time, Transport};
use netcore::{LinkKey, Room, TcpInfo};
use serde::Serialize;

use crate::row::SummaryRow;
use crate::theory::path_rate;

/// What one transport has shown on one link within one stretch of time. What is not known is `None`.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    /// What distinguishes it from the others of its measurement.
    pub name: String,
    /// The acknowledgement mode in a word or two.
    pub ack_mode: &'static str,
    /// Whether a file was transferred at the same time.
    pub with_file: bool,
    /// When it began, in seconds since the first one did.
    pub began_s: f64,
    /// Its figures in a line.
    pub row: SummaryRow,
    /// First byte out to acknowledgement, the receiver's hold time taken off.
    pub delay_us: Option<Quantiles>,
    /// Interarrival jitter at the receiver.
    pub jitter_us: Option<Quantiles>,
    /// From one whole frame to the next at the receiver.
    pub gap_us: Option<Quantiles>,
    /// Bytes of a frame that arrived.
    pub size_bytes: Option<Quantiles>,
    /// How many frames took how long.
    pub delay_buckets: Vec<Bucket>,
    /// What became of the frames, and what it took.
    #[serde(skip)]
    pub counters: Counters,
    /// Second by second; coarser what is long ago.
    pub series: Vec<SeriesPoint>,
    /// Where the time goes.
    pub segments: Vec<TripSegment>,
    /// What the operating system reports of the link.
    pub system: System,
    /// How the file beside it moved.
    pub file: Option<FileRate>,
    /// The shortest round trip of the control connection meanwhile.
    pub round_trip_us: Option<u64>,
    /// The rate of the path, by the dispersion of the frames' bytes on it.
    pub path_bps: Option<u64>,
    /// What stop-and-wait can reach with these frames on this path, by the shortest round trip of all stretches. A
    /// [`Measurement`](crate::Measurement) fills it in.
    pub stop_and_wait_bps: Option<u64>,
    /// Frame by frame, as far as it was kept.
    #[serde(skip)]
    pub results: Vec<FrameResult>,
    /// When it began, on this computer's clock.
    #[serde(skip)]
    pub began: Time,
}

/// The median time that one segment of a frame's trip takes.
#[derive(Clone, Debug, Serialize)]
pub struct TripSegment {
    /// From where to where.
    pub name: &'static str,
    /// The same in Chinese.
    #[serde(skip)]
    pub(crate) chinese: &'static str,
    /// The median.
    pub median_us: Option<u64>,
    /// How wrong it may be where it lies between two computers' clocks.
    pub error_us: Option<u64>,
}

/// What the operating system reports of the link.
#[derive(Clone, Debug, Default, Serialize)]
#[allow(missing_docs)] // as in `netcore::TcpInfo` and `netcore::Link`
pub struct System {
    pub datagram_bytes: Option<u32>,
    pub receive_buffer_bytes: Option<u32>,
    pub tcp_round_trip_us: Option<u64>,
    pub tcp_least_round_trip_us: Option<u64>,
    pub tcp_window_bytes: Option<u64>,
    pub tcp_retransmitted_bytes: Option<u64>,
    pub tcp_delivery_rate_bps: Option<u64>,
    pub tcp_segment_bytes: Option<u64>,
}

/// How a file moved beside the video.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct FileRate {
    /// Bytes of it that were taken.
    pub bytes: u64,
    /// In this time.
    pub seconds: f64,
}

impl Measured {
    /// What `summary` says of the link `key` to the peer called `peer_name`. The rest is unknown yet; a caller that knows
    /// more fills in the fields.
    pub fn new(
        name: String,
        key: &LinkKey,
        peer_name: String,
        summary: &TransportSummary,
        distributions: &Distributions,
    ) -> Measured {
        let row = SummaryRow {
            trial: Some(name.clone()),
            ..SummaryRow::new(key, peer_name, summary)
        };
        Measured {
            name,
            ack_mode: match summary.transport {
                Transport::Tcp => "window",
                Transport::Udp => "parity",
            },
            with_file: false,
            began_s: 0.0,
            row,
            delay_us: summary.delay_us,
            jitter_us: summary.jitter_us,
            gap_us: summary.gap_us,
            size_bytes: summary.size_bytes,
            delay_buckets: distributions.delay_us.buckets().collect(),
            counters: summary.counters,
            series: Vec::new(),
            segments: segments(&TripSummary::default()),
            system: System::default(),
            file: None,
            round_trip_us: None,
            path_bps: None,
            stop_and_wait_bps: None,
            results: Vec::new(),
            began: Time::ZERO,
        }
    }

    /// Adds what is known of the link `key` at this moment only: the segments of its latest frames' trips, and what the system
    /// reports.
    #[must_use]
    pub fn with_link(self, room: &Room, key: LinkKey) -> Measured {
        let link = room.links().into_iter().find(|link| link.key == key);
        let tcp = link.and_then(|link| link.tcp).unwrap_or_default();
        Measured {
            segments: segments(&room.link_trips(key).1),
            system: System::new(
                link.and_then(|link| link.datagram_bytes),
                link.and_then(|link| link.receive_buffer),
                &tcp,
            ),
            ..self
        }
    }

    /// Adds each frame, what the frames say of the path, and the shortest round trip seen meanwhile.
    #[must_use]
    pub fn with_frames(self, results: Vec<FrameResult>, round_trip: Option<Span>) -> Measured {
        Measured {
            round_trip_us: round_trip.map(Span::as_micros),
            path_bps: path_rate(&results).map(|rate| rate.0),
            results,
            ..self
        }
    }

    /// A frame's moment in seconds since the first stretch began: when it was offered.
    pub(crate) fn at_s(&self, result: &FrameResult) -> f64 {
        self.seconds_at(result.offered)
    }

    /// The end of a point of the series, in seconds since the first stretch began.
    pub fn point_at_s(&self, point: &SeriesPoint) -> f64 {
        self.seconds_at(point.at)
    }

    fn seconds_at(&self, at: Time) -> f64 {
        let us = at.as_micros() as f64 - self.began.as_micros() as f64;
        self.began_s + us / 1e6
    }

    /// The frames that did not arrive.
    pub(crate) fn is_missing(result: &FrameResult) -> bool {
        matches!(result.outcome, FrameOutcome::Lost(_) | FrameOutcome::Dropped(_))
    }
}

impl System {
    fn new(datagram_bytes: Option<u32>, receive_buffer_bytes: Option<u32>, tcp: &TcpInfo) -> System {
        System {
            datagram_bytes,
            receive_buffer_bytes,
            tcp_round_trip_us: tcp.round_trip_us,
            tcp_least_round_trip_us: tcp.least_round_trip_us,
            tcp_window_bytes: tcp.window_bytes,
            tcp_retransmitted_bytes: tcp.retransmitted_bytes,
            tcp_delivery_rate_bps: tcp.delivery_rate_bps,
            tcp_segment_bytes: tcp.segment_bytes,
        }
    }
}

impl FileRate {
    /// Its rate; `None` when no time has passed.
    pub fn bits_per_s(&self) -> Option<f64> {
        (self.seconds > 0.0).then(|| self.bytes as f64 * 8.0 / self.seconds)
    }
}

/// The segments of a frame's trip that a sender knows of, in their order.
fn segments(trip: &TripSummary) -> Vec<TripSegment> {
    let segment = |name, chinese, median_us, is_between: bool| TripSegment {
        name,
        chinese,
        median_us,
        error_us: trip.clock_error_us.filter(|_| is_between && median_us.is_some()),
    };
    vec![
        segment("captured → encoded", "采集 → 编码完成", trip.encode_us, false),
        segment(
            "encoded → first byte out",
            "编码完成 → 首字节发出",
            trip.queue_us,
            false,
        ),
        segment(
            "first byte out → last byte out",
            "首字节发出 → 末字节发出",
            trip.send_us,
            false,
        ),
        segment(
            "last byte out → whole at the receiver",
            "末字节发出 → 接收方收全",
            trip.path_us,
            true,
        ),
        segment(
            "whole at the receiver → acknowledgement here",
            "接收方收全 → 确认到达此处",
            trip.ack_us,
            true,
        ),
    ]
}
