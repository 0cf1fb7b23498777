//! A video file: AVI and Y4M by our own readers, from the first byte to the last picture.

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};

use media::{Backend, Capture, CaptureEvent, CaptureOptions, CaptureSpec, SourceId};
use netcore_proto::Time;

/// A video file with more to it is not looked at to its end.
const MAX_FRAMES: usize = 40;
/// Far more than any rate leaves between two pictures, so that nothing is waited for.
const LEAP_US: u64 = 1_000_000_000_000;

pub(crate) fn run(bytes: &[u8]) {
    let Some((kind, content)) = bytes.split_first() else {
        return;
    };
    let file = match kind % 2 {
        0 => avi(content),
        _ => y4m(content),
    };
    play(&file);
}

/// What begins like an AVI. So that more of them are played, a stream that is MJPEG is put in front when pictures follow.
fn avi(content: &[u8]) -> Vec<u8> {
    let mut file = b"RIFF\0\0\0\0AVI ".to_vec();
    if content.windows(4).any(|four| four == b"movi") {
        let mut stream = [0; 56];
        stream[..8].copy_from_slice(b"vidsMJPG");
        (stream[20], stream[24]) = (1, 25);
        let mut format = [0; 40];
        (format[4], format[8]) = (16, 16);
        format[16..20].copy_from_slice(b"MJPG");
        for (name, body) in [(b"strh", &stream[..]), (b"strf", &format[..])] {
            file.extend_from_slice(name);
            file.extend_from_slice(&(body.len() as u32).to_le_bytes());
            file.extend_from_slice(body);
        }
    }
    file.extend_from_slice(content);
    file
}

/// What begins like a Y4M.
fn y4m(content: &[u8]) -> Vec<u8> {
    [b"YUV4MPEG2 ", content].concat()
}

fn play(bytes: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("room for a small file");
    let moments = AtomicU64::new(0);
    let clock = Arc::new(move || Time::from_micros(moments.fetch_add(LEAP_US, Ordering::Relaxed)));
    let spec = CaptureSpec {
        source: SourceId::File(file.path().to_owned()),
        width: 64,
        height: 64,
        rate: 0.0,
        quality: 50,
    };
    let options = CaptureOptions {
        backend: Backend::Native,
        looping: false,
        // What it plays is not ours to judge.
        ffmpeg: false,
    };
    let (tx, rx) = mpsc::channel();
    let capture = Capture::start_with(spec, options, clock, move |event| drop(tx.send(event)));
    let mut frames = 0;
    let mut is_over = false;
    let mut size = None;
    for event in rx {
        assert!(!is_over, "nothing follows the end");
        match event {
            CaptureEvent::Started {
                width, height, rate, ..
            } => {
                assert!(size.is_none() && width > 0 && height > 0 && rate > 0.0);
                size = Some((width, height));
            }
            CaptureEvent::Frame(frame) => {
                assert!(size.is_some() && frame.width > 0 && frame.height > 0 && !frame.jpeg.is_empty());
                frames += 1;
                if frames >= MAX_FRAMES {
                    return;
                }
            }
            CaptureEvent::Ended | CaptureEvent::Failed(_) => is_over = true,
        }
    }
    drop(capture);
    assert!(is_over, "the capture's thread has panicked");
}
