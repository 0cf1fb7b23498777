//! What a face is given of live pictures.

use media::{SourceId, SourceInfo};
use netcore::proto::{self, video::StreamInfo};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::IpcError;

/// What carries frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// A TLS connection of the stream's own.
    Tcp,
    /// Sealed datagrams.
    Udp,
}

/// What kind of thing gives the pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// A camera.
    Camera,
    /// A video file.
    File,
    /// The test pattern.
    Pattern,
    /// A screen or a window.
    Screen,
}

/// A size and a rate that a source offers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct SourceFormat {
    /// In pixels.
    pub width: u16,
    /// In pixels.
    pub height: u16,
    /// Frames per second.
    pub rate: f32,
}

/// What pictures can come from.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub struct SourceView {
    /// "pattern", "camera:/dev/video0", "screen", "screen:2", "screen:Title of a window", "file:7" for a file that was picked
    pub id: String,
    /// What kind of thing it is.
    pub kind: SourceKind,
    /// Its name in words.
    pub name: String,
    /// What it offers; empty when that is not known.
    pub formats: Vec<SourceFormat>,
}

/// What my video is to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PublishOptionsView {
    /// A [`SourceView::id`].
    pub source: String,
    /// In pixels; 0: the source's own.
    pub width: u16,
    /// In pixels; 0: the source's own.
    pub height: u16,
    /// Frames per second at most; 0: the source's own.
    pub rate: f32,
    /// JPEG quality, 1 to 100: the most, unless it is fixed.
    pub quality: u8,
    /// The least JPEG quality when the network does not take more.
    pub least_quality: u8,
    /// The least bitrate that is aimed at whatever the network takes; `null`: as the network has it.
    pub least_kbps: Option<u32>,
    /// The most; `null`: as the network has it.
    pub most_kbps: Option<u32>,
    /// Whether the pictures stay as they are asked for, whatever the network takes.
    pub is_fixed: bool,
    /// What carries the frames.
    pub transport: Transport,
}

/// How pictures are made at present, so that they fit the network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, TS)]
pub struct MadeView {
    /// JPEG quality.
    pub quality: u8,
    /// In pixels.
    pub width: u16,
    /// In pixels.
    pub height: u16,
    /// Frames per second at most.
    pub rate: f32,
}

/// What a recording has become.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RecordedView {
    /// Its files, in order: a new one begins when the pictures change their size. None when not one frame came.
    pub files: Vec<String>,
    /// The list of each frame's exact time, comma-separated; `null` when not one frame came.
    pub times: Option<String>,
    /// Frames in them.
    pub frames: u64,
    /// Frames left out, as when the disk is too slow.
    pub left_out: u64,
    /// Bytes of the files.
    pub bytes: u64,
    /// From the first frame to the last.
    pub length_ms: u64,
}

/// My video, while it is live.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LiveView {
    /// Its number in the room.
    pub stream: u32,
    /// What it is, with the size and rate that the source settled on.
    pub spec: PublishOptionsView,
    /// The source's name in words.
    pub source_name: String,
    /// Whether its frames stay on UDP though nothing answers; otherwise they go over TCP meanwhile.
    pub stays_on_udp: bool,
    /// Since when, in milliseconds since 1970.
    pub since_ms: u64,
    /// How its pictures are made at present.
    pub made: MadeView,
}

/// A live stream.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct StreamView {
    /// Its number in the room.
    pub id: u32,
    /// Who sends it.
    pub owner: u32,
    /// Their name.
    pub owner_name: String,
    /// Whether it is this window's person's.
    pub mine: bool,
    /// What kind of thing gives the pictures.
    pub source: SourceKind,
    /// The source's name in words.
    pub title: String,
    /// In pixels.
    pub width: u16,
    /// In pixels.
    pub height: u16,
    /// Frames per second as intended.
    pub rate: f32,
    /// What carries it from its sender to the host.
    pub transport: Transport,
    /// Whether its frames come to this computer.
    pub watching: bool,
    /// Since when it is being recorded, in milliseconds since 1970; `null`: it is not.
    pub recording_since_ms: Option<u64>,
}

/// What happens to live pictures.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum VideoEvent {
    /// A stream began.
    Started {
        /// Which.
        stream: StreamView,
    },
    /// A stream is different from now on.
    Changed {
        /// As it is now.
        stream: StreamView,
    },
    /// A stream is over.
    Stopped {
        /// Which.
        stream: u32,
        /// Why, when it was not by choice.
        reason: Option<IpcError>,
    },
    /// My video began, changed, or ended.
    Live {
        /// `null`: it ended.
        live: Option<LiveView>,
        /// Why it ended, when it was not by choice.
        error: Option<IpcError>,
    },
    /// A recording ended.
    Recorded {
        /// Of which stream.
        stream: u32,
        /// What it has become.
        recorded: RecordedView,
        /// Why it ended, when it was not by choice.
        error: Option<IpcError>,
    },
}

/// A frame that the page has drawn since it asked last. Both times are lengths on the page's clock, up to the moment it asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DrawnFrame {
    /// Its number.
    pub frame: u32,
    /// How long ago its JPEG was taken apart.
    pub decoded_ago_us: u64,
    /// How long ago it was on the window's surface when that was painted.
    pub drawn_ago_us: u64,
}

/// The answer to `next_frame`: raw bytes.
///
/// ```text
///  0 u32 stream | 4 u32 frame | 8 u16 width | 10 u16 height | 12 u8 transport (0 tcp, 1 udp, 2 local) | 13 u8[3] zero
/// 16 u64 captured, µs on the sender's clock | 24 u64 received, µs on this computer's clock
/// 32 u32 length of the JPEG | 36 u32 frames missed so far | 40 the JPEG
/// ```
/// Numbers are in network byte order. Nothing at all means that the stream is over; one byte, that nothing came for a second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameBytes(pub Vec<u8>);

impl From<proto::Transport> for Transport {
    fn from(transport: proto::Transport) -> Transport {
        match transport {
            proto::Transport::Tcp => Transport::Tcp,
            proto::Transport::Udp => Transport::Udp,
        }
    }
}

impl From<Transport> for proto::Transport {
    fn from(transport: Transport) -> proto::Transport {
        match transport {
            Transport::Tcp => proto::Transport::Tcp,
            Transport::Udp => proto::Transport::Udp,
        }
    }
}

impl From<proto::video::SourceKind> for SourceKind {
    fn from(kind: proto::video::SourceKind) -> SourceKind {
        match kind {
            proto::video::SourceKind::Camera => SourceKind::Camera,
            proto::video::SourceKind::File => SourceKind::File,
            proto::video::SourceKind::Pattern => SourceKind::Pattern,
            proto::video::SourceKind::Screen => SourceKind::Screen,
        }
    }
}

impl From<SourceInfo> for SourceView {
    fn from(source: SourceInfo) -> SourceView {
        let formats = source.formats.iter();
        SourceView {
            id: source.id.to_string(),
            kind: match source.id {
                SourceId::Pattern => SourceKind::Pattern,
                SourceId::Camera(_) => SourceKind::Camera,
                SourceId::Screen(_) => SourceKind::Screen,
                SourceId::File(_) => SourceKind::File,
            },
            name: source.name,
            formats: formats
                .map(|format| SourceFormat {
                    width: format.width,
                    height: format.height,
                    rate: format.rate,
                })
                .collect(),
        }
    }
}

impl StreamView {
    /// `stream` as seen by `me`.
    pub fn of(
        stream: &StreamInfo,
        owner_name: String,
        me: proto::MemberId,
        watching: bool,
        recording_since_ms: Option<u64>,
    ) -> StreamView {
        StreamView {
            id: stream.id.0,
            owner: stream.owner.0,
            owner_name,
            mine: stream.owner == me,
            source: stream.spec.source.into(),
            title: stream.spec.title.clone(),
            width: stream.spec.width,
            height: stream.spec.height,
            rate: stream.spec.rate,
            transport: stream.spec.transport.into(),
            watching,
            recording_since_ms,
        }
    }
}
