//! The same pictures through other programs on this computer: from one process's hand to another process's output.
//!
//! Each program is given a 720p JPEG thirty times a second, and the time is taken until the last byte of it comes out of the
//! receiving process. Ours is encrypted and acknowledged; the others are not.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use netcore::proto::Transport;
use netcore::{Room, RoomEvent, clock};
use tokio::runtime::Runtime;

use crate::process::{Part, Running};
use crate::report::Report;
use crate::samples::{Samples, milliseconds};
use crate::{Outcome, ours};

const FRAMES: u32 = 150;
const INTERVAL: Duration = Duration::from_nanos(1_000_000_000 / 30);
/// The first seconds, in which windows and buffers settle.
const WARMING: u32 = 45;
/// What comes later than this was not caused by the latest picture.
const GIVEN_UP: Duration = Duration::from_millis(500);

pub(crate) fn section(report: &mut Report) -> Outcome<()> {
    let picture = picture()?;
    println!(
        "A 720p JPEG of {} bytes thirty times a second, from one process's hand to another one's output (ms):\n",
        picture.len()
    );
    println!(
        "{:<58} {:>7} {:>7} {:>7} {:>7}",
        "", "p50", "p95", "p99", "frames"
    );
    for transport in [Transport::Tcp, Transport::Udp] {
        let taken = ours(transport, &picture);
        if taken.is_err() {
            report.miss(format!("Roomwire over {transport} was not measured"));
        }
        line(&format!("Roomwire, {transport}, encrypted, acknowledged"), taken);
    }
    for (name, receiver, sender) in others() {
        line(name, other(&receiver, &sender, &picture));
    }
    Ok(())
}

fn line(name: &str, outcome: Outcome<Samples>) {
    match outcome {
        Ok(samples) => println!(
            "{name:<58} {} {} {} {:>7}",
            milliseconds(samples.percentile(50)),
            milliseconds(samples.percentile(95)),
            milliseconds(samples.percentile(99)),
            samples.count()
        ),
        Err(error) => println!("{name:<58} not measured: {error}"),
    }
}

/// A picture with some detail, so that its JPEG is about as large as a camera's.
fn picture() -> Outcome<Vec<u8>> {
    let (width, height) = (1_280, 720);
    let mut state = 1_u32;
    let mut noise = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 28) as u8
    };
    let pixels: Vec<u8> = (0..width * height)
        .flat_map(|at| {
            let (x, y) = (at % width, at / width);
            [(x / 5) as u8 ^ noise(), (y / 3) as u8, ((x + y) / 8) as u8]
        })
        .collect();
    let image = turbojpeg::Image {
        pixels: &pixels[..],
        width,
        pitch: width * 3,
        height,
        format: turbojpeg::PixelFormat::RGB,
    };
    Ok(turbojpeg::compress(image, 80, turbojpeg::Subsamp::Sub2x2)?.to_vec())
}

/// Feeds the picture at its pace and pairs each arrival with the latest feed before it.
fn measure(mut feed: impl FnMut() -> Outcome<()>, arrivals: &Receiver<Instant>) -> Outcome<Samples> {
    let mut took = Vec::new();
    let mut next = Instant::now();
    for number in 0..WARMING + FRAMES {
        let fed = Instant::now();
        feed()?;
        next += INTERVAL;
        while let Ok(arrived) = arrivals.recv_timeout(next.saturating_duration_since(Instant::now())) {
            if number >= WARMING && arrived.duration_since(fed) < GIVEN_UP {
                took.push(arrived.duration_since(fed).as_nanos() as u64);
            }
        }
    }
    if took.is_empty() {
        return Err("nothing came out".into());
    }
    let mut samples = Samples::default();
    samples.extend(took);
    Ok(samples)
}

fn ours(transport: Transport, picture: &[u8]) -> Outcome<Samples> {
    let homes = [tempfile::tempdir()?, tempfile::tempdir()?];
    let runtime = Runtime::new()?;
    let (room, publisher) = runtime.block_on(async {
        let room = Room::host(ours::host_options(homes[0].path())?).await?;
        let publisher = room.publish(ours::spec(transport)).await?;
        Ok::<_, Box<dyn std::error::Error>>((room, publisher))
    })?;
    let port = room.info().port.to_string();
    let viewer = Part::start(&["viewer", &homes[1].path().to_string_lossy(), &port])?;
    let (arrived, arrivals) = channel();
    let (_child, output) = viewer.into_output();
    std::thread::spawn(move || {
        for _ in output.lines().map_while(Result::ok) {
            if arrived.send(Instant::now()).is_err() {
                return;
            }
        }
    });
    let feed = || {
        let now = clock::now();
        publisher.send(picture, 1280, 720, now, now);
        Ok(())
    };
    let samples = measure(feed, &arrivals);
    runtime.block_on(room.close());
    samples
}

/// The other process of ours: says a line for each frame.
pub(crate) fn viewer(home: &str, port: &str) -> Outcome<()> {
    Runtime::new()?.block_on(async {
        let room = Room::join(ours::member(home.as_ref(), port.parse()?, true)?).await?;
        let mut events = room.events();
        let known = room.snapshot().await.streams.first().map(|stream| stream.id);
        let stream = match known {
            Some(stream) => stream,
            None => loop {
                if let RoomEvent::Video(netcore::proto::video::Event::Started(info)) = events.recv().await? {
                    break info.id;
                }
            },
        };
        let mut frames = room.frames(stream).ok_or("the stream is over")?;
        let mut after = None;
        while let Some(shown) = frames.newer_than(after).await {
            after = Some(shown.frame.header().frame);
            println!("{}", shown.frame.jpeg().len());
        }
        Ok(())
    })
}

/// Name, receiving and sending command of each other program. The receiving one begins first, but for those that connect.
fn others() -> [(&'static str, Vec<String>, Vec<String>); 3] {
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect();
    [
        (
            "GStreamer rtpjpegpay ! udpsink, not encrypted",
            words(
                "gst-launch-1.0 -q udpsrc port=47001 buffer-size=4000000 \
                 caps=application/x-rtp,media=video,encoding-name=JPEG,payload=26,clock-rate=90000 \
                 ! rtpjpegdepay ! fdsink fd=1 sync=false",
            ),
            words(
                "gst-launch-1.0 -q fdsrc fd=0 blocksize=262144 ! jpegparse ! rtpjpegpay \
                 ! udpsink host=127.0.0.1 port=47001 sync=false",
            ),
        ),
        (
            "GStreamer multipartmux ! tcpserversink, not encrypted",
            words(
                "gst-launch-1.0 -q tcpclientsrc host=127.0.0.1 port=47002 ! multipartdemux single-stream=true \
                 ! fdsink fd=1 sync=false",
            ),
            words(
                "gst-launch-1.0 -q fdsrc fd=0 blocksize=262144 ! jpegparse ! multipartmux boundary=frame \
                 ! tcpserversink host=127.0.0.1 port=47002 sync=false",
            ),
        ),
        (
            "ffmpeg MJPEG over UDP, not encrypted",
            words(
                "ffmpeg -v error -fflags nobuffer -flags low_delay -probesize 32 -analyzeduration 0 -f mjpeg \
                 -i udp://127.0.0.1:47003?fifo_size=65536&overrun_nonfatal=1 -c copy -flush_packets 1 -f mjpeg pipe:1",
            ),
            words(
                "ffmpeg -v error -fflags nobuffer -flags low_delay -probesize 32 -analyzeduration 0 -f mjpeg \
                 -i pipe:0 -c copy -flush_packets 1 -f mjpeg udp://127.0.0.1:47003?pkt_size=1472",
            ),
        ),
    ]
}

/// Starts both ends, the one that listens first, and waits until they are ready. Windows go to `display`.
pub(crate) fn start_pair(
    receiver: &[String],
    sender: &[String],
    display: Option<&str>,
) -> Outcome<(Running, Running)> {
    let start = |words: &[String]| -> Outcome<Running> {
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if let Some(display) = display {
            command.env("DISPLAY", display);
        }
        Running::start(&mut command)
    };
    // A server has to listen before its client comes, and a program takes a while until it listens.
    let settle = || std::thread::sleep(Duration::from_secs(1));
    let is_client = receiver.iter().any(|word| word == "tcpclientsrc");
    let pair = if is_client {
        let sender = start(sender)?;
        settle();
        (start(receiver)?, sender)
    } else {
        let receiver = start(receiver)?;
        settle();
        (receiver, start(sender)?)
    };
    settle();
    Ok(pair)
}

fn other(receiver: &[String], sender: &[String], picture: &[u8]) -> Outcome<Samples> {
    let (mut receiver, mut sender) = start_pair(receiver, sender, None)?;
    let mut input = sender.input()?;
    let output = receiver.output()?;
    let (arrived, arrivals) = channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::with_capacity(1 << 18, output);
        let mut last = 0;
        loop {
            let bytes = match reader.fill_buf() {
                Ok([]) | Err(_) => return,
                Ok(bytes) => bytes,
            };
            let now = Instant::now();
            // The two bytes that end a JPEG stand nowhere inside its data.
            for byte in bytes {
                if last == 0xff && *byte == 0xd9 && arrived.send(now).is_err() {
                    return;
                }
                last = *byte;
            }
            let length = bytes.len();
            reader.consume(length);
        }
    });
    measure(
        || {
            input.write_all(picture)?;
            input.flush()?;
            Ok(())
        },
        &arrivals,
    )
}
