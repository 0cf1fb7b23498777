//! µStreamer, Debian's `ustreamer`, with as many viewers: MJPEG by HTTP, not encrypted, not acknowledged.
//!
//! It takes pictures from a V4L2 device only. Where there is none, `camera.c`, loaded before the C library, is one for it: it has
//! its JPEGs ready made, so what they cost µStreamer is to copy each once and to send it to everybody.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use super::{Crowd, LASTS, Reading, VIEWERS};
use crate::Outcome;
use crate::audience::{BYTES, Count};
use crate::process::Running;

const PORT: u16 = 47_021;
const REQUEST: &[u8] = b"GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
/// How long a program may take until it listens.
const STARTS_WITHIN: Duration = Duration::from_secs(10);
/// In which everybody has had a picture of the camera's.
const SETTLES: Duration = Duration::from_secs(3);

pub(super) fn crowd() -> Outcome<Crowd> {
    let home = tempfile::tempdir()?;
    let camera = build_camera(home.path())?;
    let picture = home.path().join("picture.jpg");
    std::fs::write(&picture, jpeg())?;
    let mut command = Command::new("ustreamer");
    command
        .args(["--host", "127.0.0.1", "--port", &PORT.to_string()])
        .args([
            "--format",
            "MJPEG",
            "--encoder",
            "HW",
            "--resolution",
            "1280x720",
            "--device",
        ])
        .arg(&picture)
        .env("CAMERA_PICTURE", &picture)
        .env("LD_PRELOAD", camera)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut server = Running::start(&mut command)
        .map_err(|error| format!("{error} (Debian's package ustreamer has it)"))?;
    Runtime::new()?.block_on(async {
        let first = tokio::time::timeout(STARTS_WITHIN, connect(&mut server)).await??;
        let empty = server.memory().unwrap_or(0);
        let mut streams = vec![first];
        while streams.len() < VIEWERS {
            streams.push(TcpStream::connect(("127.0.0.1", PORT)).await?);
        }
        let counts: Vec<Count> = streams
            .into_iter()
            .map(|stream| {
                let count = Count::default();
                tokio::spawn(watch(stream, count.clone()));
                count
            })
            .collect();
        tokio::time::sleep(SETTLES).await;
        let before = Reading::take(&server, &counts);
        let began = tokio::time::Instant::now();
        tokio::time::sleep(LASTS).await;
        let lasted = began.elapsed().as_secs_f64();
        let crowd = Reading::take(&server, &counts).since(&before, lasted, &server, empty, VIEWERS);
        match crowd.slowest > 0.0 {
            true => Ok(crowd),
            false => Err("a viewer had no pictures of it".into()),
        }
    })
}

/// Compiles the camera, with the system's own compiler: it has to fit the system's own C library.
fn build_camera(into: &Path) -> Outcome<PathBuf> {
    let (source, library) = (into.join("camera.c"), into.join("camera.so"));
    std::fs::write(&source, include_str!("camera.c"))?;
    let built = Command::new("cc")
        .args(["-O2", "-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .output()
        .map_err(|error| format!("cc: {error}"))?;
    match built.status.success() {
        true => Ok(library),
        false => Err(String::from_utf8_lossy(&built.stderr).into()),
    }
}

/// As many bytes as everybody else sends. µStreamer looks no further than whether there is a Huffman table, which it would add.
fn jpeg() -> Vec<u8> {
    const START_AND_TABLE: [u8; 4] = [0xff, 0xd8, 0xff, 0xc4];
    let mut jpeg = vec![0xab; BYTES];
    jpeg[..4].copy_from_slice(&START_AND_TABLE);
    jpeg
}

async fn connect(server: &mut Running) -> Outcome<TcpStream> {
    loop {
        if let Ok(stream) = TcpStream::connect(("127.0.0.1", PORT)).await {
            return Ok(stream);
        }
        if server.has_ended() {
            return Err("it ended by itself".into());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Counts the pictures that come, until there are no more.
async fn watch(mut stream: TcpStream, count: Count) -> std::io::Result<()> {
    stream.write_all(REQUEST).await?;
    let mut reader = BufReader::with_capacity(BYTES, stream);
    let mut picture = Vec::new();
    loop {
        let length = next_length(&mut reader).await?;
        picture.resize(length, 0);
        reader.read_exact(&mut picture).await?;
        // Before the camera is ready there is a smaller picture that says so.
        if length >= BYTES {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Reads to the end of the next part's headers. Returns how many bytes follow.
async fn next_length(reader: &mut BufReader<TcpStream>) -> std::io::Result<usize> {
    let mut length = None;
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let is_blank = line.trim().is_empty();
        match (line.strip_prefix("Content-Length:"), length) {
            (Some(digits), _) => length = digits.trim().parse().ok(),
            (None, Some(length)) if is_blank => return Ok(length),
            _ => {}
        }
    }
}
