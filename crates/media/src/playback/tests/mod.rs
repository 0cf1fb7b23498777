//! Files as people have them: whole, cut short, damaged, and not video at all.

use std::fs;
use std::io;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use netcore_proto::Time;

use super::reader::MAX_SIDE;
use super::*;
use crate::jpeg::{Decoder, Encoder, Limits};
use crate::pattern;
use crate::{Capture, CaptureEvent, CaptureOptions};

mod avi;
mod changing;
mod ffmpeg;
mod y4m;

const PATIENCE: Duration = Duration::from_secs(20);

fn picture(number: u32) -> Vec<u8> {
    let mut planes = Planes::new(160, 90);
    pattern::draw(&mut planes, number, Time::ZERO);
    Encoder::new().unwrap().planes(&planes, 50).unwrap().to_vec()
}

fn chunk(id: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut chunk = id.to_vec();
    chunk.extend_from_slice(&(body.len() as u32).to_le_bytes());
    chunk.extend_from_slice(body);
    chunk.resize(chunk.len().next_multiple_of(2), 0);
    chunk
}

fn list(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    chunk(b"LIST", &[&kind[..], body].concat())
}

/// An AVI of sound (stream 0) and video (stream 1) in `codec`, whose pictures are `pictures`.
fn avi(codec: &[u8; 4], pictures: &[Vec<u8>]) -> Vec<u8> {
    let mut sound = [0; 56];
    sound[..4].copy_from_slice(b"auds");
    let mut video = [0; 56];
    video[..4].copy_from_slice(b"vids");
    video[4..8].copy_from_slice(codec);
    video[20..24].copy_from_slice(&1u32.to_le_bytes());
    video[24..28].copy_from_slice(&50u32.to_le_bytes());
    let mut format = [0; 40];
    format[4..8].copy_from_slice(&160u32.to_le_bytes());
    format[8..12].copy_from_slice(&90u32.to_le_bytes());
    format[16..20].copy_from_slice(codec);
    let streams = [
        list(
            b"strl",
            &[chunk(b"strh", &sound), chunk(b"strf", &[0; 17])].concat(),
        ),
        chunk(b"JUNK", &[7; 33]),
        list(
            b"strl",
            &[chunk(b"strh", &video), chunk(b"strf", &format)].concat(),
        ),
    ];
    let mut movie = Vec::new();
    for picture in pictures {
        movie.extend(chunk(b"00wb", &[1; 11]));
        movie.extend(list(b"rec ", &chunk(b"01dc", picture)));
    }
    let header = list(b"hdrl", &[chunk(b"avih", &[0; 56]), streams.concat()].concat());
    let body = [
        &b"AVI "[..],
        &header,
        &list(b"INFO", &[0; 5]),
        &list(b"movi", &movie),
        &chunk(b"idx1", &[0; 16]),
    ];
    chunk(b"RIFF", &body.concat())
}

fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    fs::write(&path, bytes).unwrap();
    (dir, path)
}

/// Plays `path` once at its own size; the numbers in its frames, and how it ended.
fn play(path: &Path, rate: f32) -> (Vec<Option<u32>>, Option<CaptureEvent>) {
    let (tx, rx) = mpsc::channel();
    let spec = CaptureSpec {
        source: SourceId::File(path.to_owned()),
        width: 0,
        height: 0,
        rate,
        quality: 50,
    };
    let options = CaptureOptions {
        looping: false,
        ..CaptureOptions::default()
    };
    let clock = crate::clock::test_clock();
    let _capture = Capture::start_with(spec, options, clock, move |event| drop(tx.send(event)));
    let (mut numbers, mut end) = (Vec::new(), None);
    let mut decoder = Decoder::new(Limits::default()).unwrap();
    while let Ok(event) = rx.recv_timeout(PATIENCE) {
        match event {
            CaptureEvent::Started { .. } => {}
            CaptureEvent::Frame(frame) => {
                let rgb = decoder.rgb(&frame.jpeg).unwrap();
                numbers.push(pattern::read_code(&rgb.pixels, rgb.width, rgb.height));
            }
            other => end = Some(other),
        }
    }
    (numbers, end)
}

/// What becomes of a file when `ffmpeg` makes it by these arguments.
fn by_ffmpeg(name: &str, arguments: &[&str]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    let made = std::process::Command::new(FFMPEG)
        .args(["-nostdin", "-loglevel", "error", "-y"])
        .args(arguments)
        .arg(format!("file:{}", path.display()))
        .status()
        .expect("this test needs ffmpeg: install it with the system's package manager");
    assert!(made.success());
    (dir, path)
}

const TEST_VIDEO: [&str; 4] = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"];

#[test]
fn what_our_reader_cannot_follow_goes_to_ffmpeg() {
    let arguments = [&TEST_VIDEO[..], &["-frames:v", "5", "-c:v", "mjpeg", "-f", "avi"]].concat();
    let (_dir, path) = by_ffmpeg("clip.avi", &arguments);
    let mut bytes = fs::read(&path).unwrap();
    // A size in the headers and in the picture that there cannot be is damage; the raw video behind it is not.
    let strh = bytes.windows(4).position(|four| four == b"strh").unwrap();
    bytes[strh..strh + 4].copy_from_slice(b"\0\0\0\0");
    fs::write(&path, &bytes).unwrap();
    let own = Avi::open(BufReader::new(File::open(&path).unwrap()));
    assert!(own.is_err(), "our reader follows it");
    let without = open_reader(&path, (0, 0), Some("no-such-ffmpeg")).err();
    assert!(without.is_some(), "it was played by nobody");

    let arguments = [
        &TEST_VIDEO[..],
        &[
            "-frames:v",
            "5",
            "-c:v",
            "ljpeg",
            "-pix_fmt",
            "bgr24",
            "-f",
            "avi",
        ],
    ]
    .concat();
    let (_dir, path) = by_ffmpeg("lossless.avi", &arguments);
    assert_eq!(play(&path, 0.0).0.len(), 5, "JPEGs of another kind");
    let arguments = [
        &TEST_VIDEO[..],
        &["-frames:v", "5", "-pix_fmt", "yuv420p10le", "-strict", "-1"],
    ]
    .concat();
    let (_dir, path) = by_ffmpeg("deep.y4m", &arguments);
    assert_eq!(play(&path, 0.0).0.len(), 5, "samples of 10 bits");
}

#[test]
fn without_ffmpeg_the_error_says_what_to_install() {
    let (_dir, path) = file("clip.mkv", b"\x1a\x45\xdf\xa3 whatever");
    let Err(error) = open_reader(&path, (0, 0), Some("no-such-ffmpeg")) else {
        panic!("it was played")
    };
    let error = error.of(&path);
    assert_eq!(error.code(), "ffmpeg_missing");
    assert!(error.to_string().contains("Install ffmpeg"), "{error}");
    // An AVI with another codec needs it too; a Y4M of ours does not.
    let (_dir, path) = file("clip.avi", &avi(b"H264", &[picture(0)]));
    assert!(matches!(
        open_reader(&path, (0, 0), Some("no-such-ffmpeg")),
        Err(PlaybackError::FfmpegMissing)
    ));
}

#[test]
fn what_is_no_video_has_an_error_that_says_why() {
    let (_dir, path) = file("notes.txt", b"just some words");
    assert_eq!(probe(&path).unwrap_err().code(), "unreadable");
    let (dir, path) = file("empty.avi", b"");
    assert!(probe(&path).unwrap_err().to_string().contains("it is empty"));
    assert!(
        probe(dir.path())
            .unwrap_err()
            .to_string()
            .contains("it is not a file")
    );
    assert_eq!(probe(&dir.path().join("none")).unwrap_err().code(), "absent");
}
