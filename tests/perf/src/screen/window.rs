//! Ours: a room in this process, the built app's real window as its member.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gui_tests::{Display, Driver, Window};
use netcore::proto::Transport;
use netcore::proto::video::{FrameOutcome, StreamDescription};
use netcore::{Publisher, Room};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::broadcast::error::RecvError;

use super::camera::{CODE_ROW_PERCENT, Camera, Shape};
use super::eye::{Eye, Line};
use super::{DISPLAY, Seen, WARMING, measure};
use crate::samples::Samples;
use crate::{Outcome, ours};

/// The app's own size when nobody has changed it, in pixels.
const WINDOW: (u32, u32) = (1280, 800);
/// Where on the display a canvas shows its picture, which keeps its shape and is in the middle: left, top, width, height.
const PLACE: &str = r"
const canvas = document.querySelector(arguments[0]);
if (!canvas || canvas.width < 96) return null;
const box = canvas.getBoundingClientRect();
const scale = Math.min(box.width / canvas.width, box.height / canvas.height);
const [width, height] = [canvas.width * scale, canvas.height * scale];
return [box.left + (box.width - width) / 2, box.top + (box.height - height) / 2, width, height];
";

pub(super) fn ours(transport: Transport, shape: Shape) -> Outcome<Seen> {
    let homes = [tempfile::tempdir()?, tempfile::tempdir()?];
    let mut camera = Camera::new(shape)?;
    let runtime = Runtime::new()?;
    let (room, publisher) = runtime.block_on(async {
        let room = Room::host(ours::host_options(homes[0].path())?).await?;
        let spec = StreamDescription {
            width: shape.width,
            height: shape.height,
            ..ours::spec(transport)
        };
        let publisher = room.publish(spec).await?;
        Ok::<_, Box<dyn std::error::Error>>((room, publisher))
    })?;
    let display = Display::start(DISPLAY.0, DISPLAY.1)?;
    let driver = Driver::start(&display, homes[1].path())?;
    let address = format!("127.0.0.1:{}", room.info().port);
    let window = driver.open(&["--lang", "en", "--join", &address])?;
    // As large as it opens for everybody, in the corner.
    window.resize(WINDOW.0, WINDOW.1)?;
    let seen = watch(&runtime, &room, &publisher, &mut camera, &display, &window);
    if seen.is_err() {
        window.picture("camera to screen");
    }
    drop(window);
    runtime.block_on(async {
        publisher.stop().await;
        room.close().await;
    });
    seen
}

fn watch(
    runtime: &Runtime,
    room: &Room,
    publisher: &Publisher,
    camera: &mut Camera,
    display: &Display,
    window: &Window,
) -> Outcome<Seen> {
    let stream = publisher.stream().ok_or("the stream is over")?;
    let (width, height) = (camera.shape.width, camera.shape.height);
    let mut send = |shot: &super::camera::Shot| {
        publisher.send(&shot.jpeg, width, height, shot.captured, shot.encoded);
        Ok(())
    };
    // The window joins and opens its tile while the camera runs.
    let tile = format!("[data-testid=\"tile-{stream}\"]");
    let mut place = None;
    for _ in 0..10 {
        camera.play(WARMING, &mut send)?;
        place = line_of(&window.run(PLACE, &[json!(tile)])?);
        if place.is_some() {
            break;
        }
    }
    let line = place.ok_or("the window never showed the stream")?;
    let eye = Eye::open(display.name())?;
    camera.play(WARMING, &mut send)?;
    eye.wait(line)?;
    let lost = count_lost(runtime, room);
    let mut seen = measure(camera, eye, line, &mut send)?;
    seen.not_delivered = Some(lost.load(Ordering::Relaxed));
    // The page says with each frame when it drew the one before; one more, and the last ones are reported.
    seen.own = own(window, stream.0)?;
    Ok(seen)
}

/// The middle of the code in the answer of [`PLACE`].
fn line_of(place: &Value) -> Option<Line> {
    let part = |at: usize| place.get(at)?.as_f64();
    let (left, top, width, height) = (part(0)?, part(1)?, part(2)?, part(3)?);
    Some(Line {
        x: left.round() as i16,
        y: (top + height * CODE_ROW_PERCENT as f64 / 100.0).round() as i16,
        width: width.round() as u16,
    })
}

/// Counts frames that do not arrive, from now on.
fn count_lost(runtime: &Runtime, room: &Room) -> Arc<AtomicUsize> {
    let lost = Arc::new(AtomicUsize::new(0));
    let (mut results, counted) = (room.results(), lost.clone());
    runtime.spawn(async move {
        loop {
            match results.recv().await {
                Ok(link) => {
                    let arrived = matches!(
                        link.result.outcome,
                        FrameOutcome::Acked { .. } | FrameOutcome::Delivered
                    );
                    counted.fetch_add(usize::from(!arrived), Ordering::Relaxed);
                }
                // What is not known to have arrived counts as lost.
                Err(RecvError::Lagged(missed)) => {
                    counted.fetch_add(missed as usize, Ordering::Relaxed);
                }
                Err(RecvError::Closed) => return,
            }
        }
    });
    lost
}

/// Captured to drawn, as the app has it of the latest frames.
fn own(window: &Window, stream: u32) -> Outcome<Option<Samples>> {
    let answer = window.invoke("plugin:metrics|trips", &json!({ "stream": stream, "to": null }))?;
    let trips = answer.map_err(|error| format!("the app does not report its frames' trips: {error}"))?;
    let delays = trips.as_array().into_iter().flatten().filter_map(|trip| {
        let us = trip["drawnUs"].as_i64()? - trip["capturedUs"].as_i64()?;
        Some(us.max(0) as u64 * 1_000)
    });
    let mut samples = Samples::default();
    samples.extend(delays.collect());
    Ok((samples.count() > 0).then_some(samples))
}
