//! What is said about streams: what they are, who publishes and who watches them.

use serde::{Deserialize, Serialize};

use super::MAX_PICTURE_SIDE;
use crate::ground::{MemberId, Refusal, StreamId, Transport, text};
use crate::wire::{Receive, WireError};

/// What kind of source a stream's pictures come from: one of four words on the wire. Any other is no message, so one who adds
/// one raises the [preface](crate::wire::Preface)'s version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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

/// The longest title of a stream in characters.
const MAX_TITLE_CHARS: usize = 100;

/// What a publisher says of a stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StreamDescription {
    /// Where its pictures come from.
    pub source: SourceKind,
    /// A few words for people, such as the camera's name.
    pub title: String,
    /// Picture width in pixels.
    pub width: u16,
    /// Picture height in pixels.
    pub height: u16,
    /// Frames per second as intended.
    pub rate: f32,
    /// What carries its frames.
    pub transport: Transport,
}

impl StreamDescription {
    /// The description with its words cut to 100 characters, its size to [`MAX_PICTURE_SIDE`], and its rate to what can be: 0 to
    /// 1,000.
    #[must_use]
    pub fn sanitized(&self) -> StreamDescription {
        let StreamDescription {
            source,
            title,
            width,
            height,
            rate,
            transport,
        } = self;
        StreamDescription {
            source: *source,
            title: text::line(title, MAX_TITLE_CHARS),
            width: (*width).clamp(1, MAX_PICTURE_SIDE),
            height: (*height).clamp(1, MAX_PICTURE_SIDE),
            rate: if rate.is_finite() {
                rate.clamp(0.0, 1_000.0)
            } else {
                0.0
            },
            transport: *transport,
        }
    }
}

/// A live stream, as everybody knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StreamInfo {
    /// Its number in this room.
    pub id: StreamId,
    /// Who publishes it.
    pub owner: MemberId,
    /// What it is.
    pub spec: StreamDescription,
}

/// What a member wants of the streams.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Request {
    /// I begin a stream.
    Publish {
        /// The publisher's own number for it.
        local: u64,
        /// What it is.
        spec: StreamDescription,
    },
    /// My stream is different from now on.
    Change {
        /// Which.
        stream: StreamId,
        /// What it is now.
        spec: StreamDescription,
    },
    /// My stream is over.
    Unpublish {
        /// Which.
        stream: StreamId,
    },
    /// I want a stream's frames, or no longer.
    Watch {
        /// Which.
        stream: StreamId,
        /// Begin or cease.
        on: bool,
    },
}

/// What the host notifies members of about streams.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Notice {
    /// To the publisher: your stream has this number.
    Published {
        /// The publisher's own number for it.
        local: u64,
        /// The stream.
        stream: StreamInfo,
    },
    /// To the publisher: your stream is not taken.
    Refused {
        /// The publisher's own number for it.
        local: u64,
        /// Why.
        refusal: Refusal,
    },
    /// A member began a stream.
    Started(StreamInfo),
    /// A stream is different from now on.
    Changed(StreamInfo),
    /// A stream is over.
    Stopped {
        /// Which.
        stream: StreamId,
    },
}

impl StreamInfo {
    fn sanitized(self) -> StreamInfo {
        let StreamInfo { id, owner, spec } = self;
        StreamInfo {
            id,
            owner,
            spec: spec.sanitized(),
        }
    }
}

impl Receive for Request {
    fn sanitized(self) -> Result<Request, WireError> {
        Ok(match self {
            Request::Publish { local, spec } => Request::Publish {
                local,
                spec: spec.sanitized(),
            },
            Request::Change { stream, spec } => Request::Change {
                stream,
                spec: spec.sanitized(),
            },
            Request::Unpublish { stream } => Request::Unpublish { stream },
            Request::Watch { stream, on } => Request::Watch { stream, on },
        })
    }
}

impl Receive for Notice {
    fn sanitized(self) -> Result<Notice, WireError> {
        Ok(match self {
            Notice::Published { local, stream } => Notice::Published {
                local,
                stream: stream.sanitized(),
            },
            Notice::Refused { local, refusal } => Notice::Refused {
                local,
                refusal: refusal.sanitized(),
            },
            Notice::Started(stream) => Notice::Started(stream.sanitized()),
            Notice::Changed(stream) => Notice::Changed(stream.sanitized()),
            Notice::Stopped { stream } => Notice::Stopped { stream },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_a_word_on_the_wire_and_no_other_word_is_one() {
        let wire = |source: &str| {
            format!(
                r#"{{"id":1,"owner":2,"spec":{{"source":"{source}","title":"T","width":640,"height":480,"rate":30.0,"transport":"udp"}}}}"#
            )
        };
        for (word, source) in [
            ("camera", SourceKind::Camera),
            ("file", SourceKind::File),
            ("pattern", SourceKind::Pattern),
            ("screen", SourceKind::Screen),
        ] {
            let stream: StreamInfo = serde_json::from_str(&wire(word)).unwrap();
            assert_eq!(stream.spec.source, source);
            assert_eq!(serde_json::to_string(&stream).unwrap(), wire(word));
        }
        assert!(serde_json::from_str::<StreamInfo>(&wire("hologram")).is_err());
    }
}
