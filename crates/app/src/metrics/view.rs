//! What a face is given of what is measured. A figure that is not known is `null`, never 0.

use netcore::event_log::LogEntry;
use netcore::proto::metrics::TripSummary;
use netcore::{Link, LinkPoint, TcpInfo};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use super::compare::{CompareRow, CompareView};
pub use super::conditions::{ConditionedView, ConditionsView};
pub use super::reasons::{CountView, CountsView};
pub use super::trip::TripView;
use crate::video::view::Transport;

/// In which direction a link's frames go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From here.
    Out,
    /// To here.
    In,
}

/// One stream between this computer and one peer, in one direction. Figures are over the last 10 s, counts since the
/// stream began.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LinkView {
    /// The stream.
    pub stream: u32,
    /// The peer.
    pub peer: u32,
    /// Their name.
    pub peer_name: String,
    /// In which direction.
    pub direction: Direction,
    /// What carries it now.
    pub transport: Transport,
    /// Delay from first byte out to acknowledgement, the receiver's hold time taken off: median.
    pub ack_p50_us: Option<u64>,
    /// 95th percentile of the same.
    pub ack_p95_us: Option<u64>,
    /// 99th percentile of the same.
    pub ack_p99_us: Option<u64>,
    /// Interarrival jitter (RFC 3550).
    pub jitter_us: Option<u64>,
    /// Frames acknowledged or received.
    pub frames_per_s: Option<f64>,
    /// Bits per second of picture bytes in the last second.
    pub goodput_bps: Option<u64>,
    /// Bytes of the frame / delay, as the classic lab computes it, in bits per second; median.
    pub classic_rate_bps: Option<u64>,
    /// Frames lost of those sent, in percent.
    pub loss_pct: Option<f64>,
    /// Frames lost or dropped.
    pub drops: u64,
    /// Fragments sent again.
    pub retransmits: u64,
    /// Frames in all.
    pub frames: u64,
    /// From camera to this window's screen, of a stream that comes in: median.
    pub screen_p50_us: Option<u64>,
    /// 95th percentile of the same.
    pub screen_p95_us: Option<u64>,
    /// How wrong the two may be, since the sender's clock is another one.
    pub clock_error_us: Option<u64>,
    /// The system's own view of the connection; `null` while frames do not go over TCP, and where they come in.
    pub kernel: Option<KernelView>,
    /// Size of a full datagram.
    pub datagram_bytes: Option<u32>,
    /// What the system granted for receiving.
    pub receive_buffer_bytes: Option<u32>,
}

/// A TCP connection as the operating system sees it. What a system does not report is `null`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct KernelView {
    /// Smoothed round trip.
    pub rtt_us: Option<u64>,
    /// How much it varies (RFC 6298).
    pub rtt_variation_us: Option<u64>,
    /// The shortest seen.
    pub least_rtt_us: Option<u64>,
    /// The congestion window.
    pub window_bytes: Option<u64>,
    /// Sent again since the connection began.
    pub retransmitted_bytes: Option<u64>,
    /// Waiting in the socket.
    pub unsent_bytes: Option<u64>,
    /// How fast bytes arrive, by the receiver's acknowledgements.
    pub delivery_rate_bps: Option<u64>,
    /// A full segment.
    pub segment_bytes: Option<u64>,
}

/// One point a second for the charts. Drops and retransmits are counts within that second.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct MetricPoint {
    /// The end of that second, in milliseconds since 1970.
    pub at_ms: u64,
    /// The stream.
    pub stream: u32,
    /// The peer.
    pub peer: u32,
    /// What carried it.
    pub transport: Transport,
    /// Median delay.
    pub ack_p50_us: Option<u64>,
    /// 95th percentile of the delay.
    pub ack_p95_us: Option<u64>,
    /// Bits per second of picture bytes.
    pub goodput_bps: Option<u64>,
    /// Frames acknowledged or received.
    pub frames_per_s: Option<f64>,
    /// Frames lost or dropped.
    pub drops: u32,
    /// Fragments sent again.
    pub retransmits: u32,
}

/// What an entry of the event log is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // each is what it says
pub enum LogEntryIcon {
    Info,
    Session,
    Chat,
    File,
    Video,
    Warn,
    Lock,
}

/// An entry of the event log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LogEntryView {
    /// In milliseconds since 1970.
    pub at_ms: u64,
    /// What it is about.
    pub icon: LogEntryIcon,
    /// In English.
    pub text: String,
    /// A stable word, for a translated sentence.
    pub code: String,
    /// The values for that sentence.
    #[ts(type = "Record<string, string>")]
    pub context: std::collections::BTreeMap<String, String>,
}

/// What is measured, as it comes.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MetricsEvent {
    /// Once a second.
    Points {
        /// That second.
        points: Vec<MetricPoint>,
        /// All links as of now.
        links: Vec<LinkView>,
        /// What became of packets, while the network is made worse on purpose.
        conditioned: Option<ConditionedView>,
    },
    /// A comparison began, went on or ended.
    Compared {
        /// As it is now.
        comparison: CompareView,
    },
    /// An entry of the event log was written.
    Logged {
        /// The entry.
        entry: LogEntryView,
    },
}

/// What was measured so far, at most 10 minutes of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, TS)]
pub struct MetricsHistory {
    /// Oldest first.
    pub points: Vec<MetricPoint>,
    /// All links as of now.
    pub links: Vec<LinkView>,
    /// The event log, oldest first.
    pub log: Vec<LogEntryView>,
    /// What the network is made like on purpose.
    pub conditions: Option<ConditionsView>,
    /// The last comparison.
    pub comparison: Option<CompareView>,
}

/// What is measured is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// Comma-separated values.
    Csv,
    /// A list of objects.
    Json,
    /// A page with tables and charts, for people.
    Html,
}

impl LinkView {
    /// `link` in the interface's words; `peer_name` is the peer's, `seen` how the stream is seen in this window.
    pub fn of(link: &Link, peer_name: String, seen: &TripSummary) -> LinkView {
        let figures = &link.figures;
        LinkView {
            stream: link.key.stream.0,
            peer: link.key.peer.0,
            peer_name,
            direction: if link.key.outbound {
                Direction::Out
            } else {
                Direction::In
            },
            transport: figures.transport.into(),
            ack_p50_us: figures.ack_p50_us,
            ack_p95_us: figures.ack_p95_us,
            ack_p99_us: figures.ack_p99_us,
            jitter_us: figures.jitter_us,
            frames_per_s: figures.frames_per_s,
            goodput_bps: figures.goodput_bps,
            classic_rate_bps: figures.classic_rate_bps,
            loss_pct: figures.loss_pct,
            drops: figures.drops,
            retransmits: figures.retransmits,
            frames: figures.frames,
            screen_p50_us: seen.screen_us,
            screen_p95_us: seen.screen_p95_us,
            clock_error_us: seen.screen_us.and(seen.clock_error_us),
            kernel: link.tcp.map(KernelView::from),
            datagram_bytes: link.datagram_bytes,
            receive_buffer_bytes: link.receive_buffer,
        }
    }
}

impl From<TcpInfo> for KernelView {
    fn from(info: TcpInfo) -> KernelView {
        KernelView {
            rtt_us: info.round_trip_us,
            rtt_variation_us: info.round_trip_variation_us,
            least_rtt_us: info.least_round_trip_us,
            window_bytes: info.window_bytes,
            retransmitted_bytes: info.retransmitted_bytes,
            unsent_bytes: info.unsent_bytes,
            delivery_rate_bps: info.delivery_rate_bps,
            segment_bytes: info.segment_bytes,
        }
    }
}

impl MetricPoint {
    /// One link's second in the interface's words.
    pub fn of(point: &LinkPoint) -> MetricPoint {
        let LinkPoint {
            key,
            point,
            at_unix_ms,
        } = point;
        MetricPoint {
            at_ms: *at_unix_ms,
            stream: key.stream.0,
            peer: key.peer.0,
            transport: point.transport.into(),
            ack_p50_us: point.ack_p50_us,
            ack_p95_us: point.ack_p95_us,
            goodput_bps: Some(point.goodput_bps),
            frames_per_s: Some(f64::from(point.frames)),
            drops: point.drops,
            retransmits: point.retransmits,
        }
    }
}

impl LogEntryView {
    /// An entry in the interface's form. What it is about is the beginning of its code.
    pub fn of(entry: &LogEntry) -> LogEntryView {
        LogEntryView {
            at_ms: entry.at_unix_ms,
            icon: if entry.is_warning {
                LogEntryIcon::Warn
            } else {
                icon_of(&entry.code)
            },
            text: entry.words.clone(),
            code: entry.code.clone(),
            context: entry.fields.clone(),
        }
    }
}

/// Which icon goes with an entry, by the words its code is made of.
fn icon_of(code: &str) -> LogEntryIcon {
    let has = |words: &[&str]| words.iter().any(|word| code.contains(word));
    match () {
        () if has(&["failed", "lost", "blocked"]) => LogEntryIcon::Warn,
        () if has(&["tls", "datagrams", "udp"]) => LogEntryIcon::Lock,
        () if has(&["stream", "transport", "frame"]) => LogEntryIcon::Video,
        () if has(&["file"]) => LogEntryIcon::File,
        () if has(&["chat", "said"]) => LogEntryIcon::Chat,
        () if has(&["room", "join", "left", "connect", "listening"]) => LogEntryIcon::Session,
        () => LogEntryIcon::Info,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_the_icon_of_what_it_is_about() {
        for (code, icon) in [
            ("listening", LogEntryIcon::Session),
            ("tls", LogEntryIcon::Lock),
            ("stream_started", LogEntryIcon::Video),
            ("file_failed", LogEntryIcon::Warn),
            ("file_done", LogEntryIcon::File),
            ("room_lost", LogEntryIcon::Warn),
            ("else", LogEntryIcon::Info),
        ] {
            assert_eq!(icon_of(code), icon, "{code}");
        }
    }
}
