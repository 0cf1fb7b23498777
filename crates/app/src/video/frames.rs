//! A frame's path into the window.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;

use media::jpeg::{self, JpegError, JpegInfo};
use netcore::ShownFrame;
use netcore::proto::{FrameNumber, Span, StreamId, Time, Transport};

use super::picture::newest_picture;
use super::view::{DrawnFrame, FrameBytes};
use crate::core::OpenRoom;
use crate::error::IpcError;

/// Length of the header before the JPEG in bytes.
const HEADER_BYTES: usize = 40;
/// How long a request is held when nothing comes.
const HOLD: Duration = Duration::from_secs(1);

/// The newest frame after number `after` (negative: any), as soon as there is one that may be shown.
pub(super) async fn next(open: &OpenRoom, stream: StreamId, after: i64) -> FrameBytes {
    let Some(mut frames) = open.room.frames(stream) else {
        return FrameBytes(Vec::new());
    };
    let mut after = u32::try_from(after).ok().map(FrameNumber);
    let newer = async {
        loop {
            let Some(shown) = frames.newer_than(after).await else {
                return FrameBytes(Vec::new());
            };
            match picture_of(&shown) {
                Ok((jpeg, info)) => return encode(&shown, &jpeg, &info),
                Err(error) => warn_once(stream, &error),
            }
            after = Some(shown.frame.header().frame);
        }
    };
    tokio::time::timeout(HOLD, newer)
        .await
        .unwrap_or_else(|_| FrameBytes(vec![0]))
}

/// Notes when the page drew a frame. `asked` is when the request that says so was here, which is no earlier than when the page
/// made it: the frame is never said to have been drawn sooner than it was.
pub(super) fn note_drawn(open: &OpenRoom, stream: StreamId, drawn: DrawnFrame, asked: Time) {
    let ago = |us: u64| asked - Span::from_micros(us);
    let (decoded, shown) = (ago(drawn.decoded_ago_us), ago(drawn.drawn_ago_us));
    open.room.drawn(stream, FrameNumber(drawn.frame), decoded, shown);
}

/// Writes the newest frame that may be shown into `folder`, under a name of its own.
pub(super) async fn save(open: &OpenRoom, stream: StreamId, folder: &Path) -> Result<PathBuf, IpcError> {
    let picture = newest_picture(&open.room, stream, HOLD).await?;
    let folder = folder.to_owned();
    let to = folder.clone();
    let written = tokio::task::spawn_blocking(move || write_new(&to, &picture.jpeg)).await;
    written
        .map_err(IpcError::internal)?
        .map_err(|error| IpcError::storage(&folder, &error))
}

/// The picture of a frame, when it is one that its header announces.
fn picture_of(shown: &ShownFrame) -> Result<(impl Deref<Target = [u8]> + use<>, JpegInfo), JpegError> {
    let header = shown.frame.header();
    jpeg::received(&shown.frame.jpeg(), (header.width, header.height))
}

/// See [`FrameBytes`]. The size is what the JPEG itself says, since that is what will be drawn.
pub(super) fn encode(shown: &ShownFrame, jpeg: &[u8], info: &JpegInfo) -> FrameBytes {
    let header = shown.frame.header();
    let transport = match shown.transport {
        Some(Transport::Tcp) => 0,
        Some(Transport::Udp) => 1,
        None => 2,
    };
    let mut bytes = Vec::with_capacity(HEADER_BYTES + jpeg.len());
    bytes.extend(header.stream.0.to_be_bytes());
    bytes.extend(header.frame.0.to_be_bytes());
    bytes.extend(info.width.to_be_bytes());
    bytes.extend(info.height.to_be_bytes());
    bytes.extend([transport, 0, 0, 0]);
    bytes.extend(header.captured.as_micros().to_be_bytes());
    bytes.extend(shown.received.as_micros().to_be_bytes());
    bytes.extend(u32::try_from(jpeg.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(u32::try_from(shown.missed).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(jpeg);
    FrameBytes(bytes)
}

/// A stream of broken pictures fills no log: each stream is warned of once.
fn warn_once(stream: StreamId, error: &JpegError) {
    static WARNED: parking_lot::Mutex<Option<StreamId>> = parking_lot::Mutex::new(None);
    let mut warned = WARNED.lock();
    if *warned != Some(stream) {
        *warned = Some(stream);
        tracing::warn!(target: "roomwire::step", code = "frame_bad", stream = stream.0, reason = %error,
            "stream {stream} sends what is no picture ({error}); it is not shown");
    }
}

fn write_new(folder: &Path, jpeg: &[u8]) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let stamp = crate::local_time::stamp();
    // Two snapshots within a second have two names.
    for attempt in 1_u32.. {
        let tail = if attempt == 1 {
            String::new()
        } else {
            format!(" {attempt}")
        };
        let path = folder.join(format!("Roomwire {stamp}{tail}.jpg"));
        match std::fs::File::create_new(&path) {
            Ok(mut file) => {
                let written = std::io::Write::write_all(&mut file, jpeg);
                // Half a picture is none.
                let written = written.inspect_err(|_| drop(std::fs::remove_file(&path)));
                return written.map(|()| path);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(std::io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use media::Planes;
    use media::jpeg::Encoder;
    use netcore::proto::video::{SourceKind, StreamDescription};

    use super::*;
    use crate::testing::TestApp;

    const SIDE: u16 = 64;
    /// An answer that comes by itself is there at once; a network and a busy machine may take this long.
    const PATIENCE: Duration = Duration::from_secs(20);

    fn jpeg(side: u16) -> Vec<u8> {
        let jpeg = Encoder::new().unwrap().planes(&Planes::new(side, side), 80);
        jpeg.unwrap().to_vec()
    }

    /// What a publisher may send as a frame of [`SIDE`] by [`SIDE`] pixels, and what is wrong with it.
    fn bad_frames() -> Vec<(&'static str, Vec<u8>)> {
        let good = jpeg(SIDE);
        let mut other_kind = good.clone();
        let start_of_frame = good.windows(2).position(|two| two == [0xFF, 0xC0]).unwrap();
        other_kind[start_of_frame + 1] = 0xC9;
        vec![
            ("larger than announced", jpeg(SIDE + 16)),
            ("no JPEG", b"<svg onload=alert(1)>".to_vec()),
            ("half a JPEG", good[..good.len() / 2].to_vec()),
            ("a JPEG of another kind", other_kind),
        ]
    }

    #[tokio::test]
    async fn a_frame_that_is_not_what_it_announces_does_not_reach_the_window() {
        let (host, room) = TestApp::hosting("Ada").await;
        let (member, _) = TestApp::joining("Ben", &room).await;
        let spec = StreamDescription {
            source: SourceKind::Camera,
            title: "Camera".to_owned(),
            width: SIDE,
            height: SIDE,
            rate: 30.0,
            transport: Transport::Tcp,
        };
        let publisher = host.core.room().unwrap().room.publish(spec).await.unwrap();
        let stream = member.event_of_kind("video", "started").await["stream"]["id"].as_u64();
        let stream = StreamId(u32::try_from(stream.unwrap()).unwrap());
        let open = member.core.room().unwrap();
        let mut arrived = open.room.frames(stream).unwrap();
        let send = |bytes: &[u8]| {
            let now = netcore::clock::now();
            publisher.send(bytes, SIDE, SIDE, now, now)
        };
        let mut last = None;
        for (what, bytes) in bad_frames() {
            send(&bytes);
            let bad = tokio::time::timeout(PATIENCE, arrived.newer_than(last)).await;
            let bad = bad.expect("the frame arrives").expect("the stream is live");
            assert_eq!(bad.frame.jpeg(), bytes, "{what}");
            let after = last.map_or(-1, |last: FrameNumber| i64::from(last.0));
            last = Some(bad.frame.header().frame);
            // The frame is there, so that what may be shown would be the answer at once.
            let mut window = pin!(next(&open, stream, after));
            let at_once = tokio::time::timeout(Duration::ZERO, &mut window).await;
            assert!(at_once.is_err(), "{what}: {:?}", at_once.unwrap().0.len());
            assert!(save(&open, stream, member.home.path()).await.is_err(), "{what}");
        }
        send(&jpeg(SIDE));
        let good = async {
            loop {
                let FrameBytes(bytes) = next(&open, stream, -1).await;
                if bytes.len() > 1 {
                    return bytes;
                }
            }
        };
        let good = tokio::time::timeout(PATIENCE, good).await.expect("a good frame");
        assert_eq!(good[HEADER_BYTES..], jpeg(SIDE), "the good one that follows");
    }
}
