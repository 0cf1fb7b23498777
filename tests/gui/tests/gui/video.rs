//! Live pictures: drawn, read back from the canvas's pixels, and switched from TCP to UDP while they run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gui_tests::Window;
use media::jpeg::Encoder;
use media::{Planes, pattern};
use netcore::proto::video::{SourceKind, StreamDescription};
use netcore::proto::{StreamId, Transport};
use netcore::{Publisher, clock};

use crate::rig::{Member, Rig, eventually};

const WIDE: (u32, u32) = (1280, 800);
/// WebDriver's code for the Escape key.
const ESCAPE: &str = "\u{E00C}";

fn spec(transport: Transport) -> StreamDescription {
    StreamDescription {
        source: SourceKind::Pattern,
        title: "Pattern".into(),
        width: 640,
        height: 360,
        rate: 30.0,
        transport,
    }
}

/// Sends the test pattern until it is stopped. Its numbers begin far from the window's own.
fn send_pattern(publisher: Arc<Publisher>, stop: Arc<AtomicBool>) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let mut planes = Planes::new(640, 360);
        let mut encoder = Encoder::new().unwrap();
        for number in 1_000_000_u32.. {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let captured = clock::now();
            pattern::draw(&mut planes, number, captured);
            let jpeg = encoder.planes(&planes, 60).unwrap();
            publisher.send(&jpeg, 640, 360, captured, clock::now());
            std::thread::sleep(Duration::from_millis(33));
        }
    })
}

/// Waits until the canvas shows a later frame than `after`, and returns its number.
fn see_later(window: &Window, canvas: &str, after: u32) -> u32 {
    let later = |window: &Window| window.pattern(canvas).filter(|number| *number > after);
    window
        .wait(&format!("a frame after {after} on {canvas}"), later)
        .unwrap()
}

/// Waits until a frame came to the member by this transport.
async fn arrives_by(member: &Member, stream: StreamId, transport: Transport) {
    let mut frames = member.room.frames(stream).unwrap();
    let mut after = None;
    let found = async {
        loop {
            let shown = frames.newer_than(after).await.expect("the stream goes on");
            if shown.transport == Some(transport) {
                return;
            }
            after = Some(shown.frame.header().frame);
        }
    };
    tokio::time::timeout(gui_tests::PATIENCE, found)
        .await
        .unwrap_or_else(|_| panic!("no frame came over {transport}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn my_video_goes_live_switches_to_udp_and_stops_with_escape() {
    let rig = Rig::open(WIDE, &["--lang", "en"]);
    let port = rig.host("Ada");
    let member = Member::join("Ben", port).await;
    rig.see_people(2);

    rig.window.click("transport-tcp").unwrap();
    rig.window.click("start-video").unwrap();
    rig.window
        .wait("the live mark", |window| window.text("live-mark"))
        .unwrap();
    let stream = snapshot_stream(&member).await;
    let canvas = format!("tile-{stream}");
    let first = see_later(&rig.window, &canvas, 0);
    let second = see_later(&rig.window, &canvas, first);
    see_later(&rig.window, &canvas, second + 10);
    arrives_by(&member, stream, Transport::Tcp).await;

    let points = |window: &Window| {
        window
            .attribute("chart-delay", "data-points")?
            .parse::<usize>()
            .ok()
    };
    let before = rig
        .window
        .wait("points on the chart", |window| {
            points(window).filter(|count| *count > 0)
        })
        .unwrap();
    rig.window
        .wait("more points on the chart", |window| {
            points(window).filter(|count| *count > before + 1)
        })
        .unwrap();
    let rate = |window: &Window| {
        window
            .attribute("chart-rate", "data-lines")?
            .parse::<usize>()
            .ok()
            .filter(|lines| *lines > 0)
    };
    rig.window.wait("a line on the chart of rates", rate).unwrap();

    rig.window.click("transport-udp").unwrap();
    arrives_by(&member, stream, Transport::Udp).await;
    let shown = rig.window.pattern(&canvas).unwrap_or_default();
    see_later(&rig.window, &canvas, shown);
    assert!(
        rig.window.text("live-mark").is_some(),
        "switching ended the video"
    );
    rig.window.picture("live");

    rig.window.press(ESCAPE).unwrap();
    rig.window
        .wait("the button that starts again", |window| {
            window.attribute("start-video", "class")
        })
        .unwrap();
    eventually("the stream's end", || {
        member.room.frames(stream).is_none().then_some(())
    });

    // And once more, in the same room.
    rig.window.click("start-video").unwrap();
    let again = snapshot_stream(&member).await;
    assert_ne!(again, stream);
    see_later(&rig.window, &format!("tile-{again}"), 0);
}

/// The number of the stream that is live, once one is.
async fn snapshot_stream(member: &Member) -> StreamId {
    let found = async {
        loop {
            match member.room.snapshot().await.streams.first() {
                Some(stream) => return stream.id,
                None => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    };
    tokio::time::timeout(gui_tests::PATIENCE, found)
        .await
        .expect("a stream is live")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_members_frames_are_followed_from_its_camera_to_this_windows_screen() {
    let rig = Rig::open(WIDE, &["--lang", "en"]);
    let port = rig.host("Ada");
    let member = Member::join("Ben", port).await;
    rig.see_people(2);
    let publisher = Arc::new(member.room.publish(spec(Transport::Udp)).await.unwrap());
    let stop = Arc::new(AtomicBool::new(false));
    let sending = send_pattern(publisher.clone(), stop.clone());
    let canvas = format!("tile-{}", publisher.stream().unwrap());
    see_later(&rig.window, &canvas, 1_000_000);

    rig.window.click("open-wire").unwrap();
    let known = |part: &'static str| {
        move |window: &Window| {
            window
                .attribute(part, "data-known")
                .filter(|known| known == "true")
        }
    };
    for part in ["trip-captured", "trip-received", "trip-decoded", "trip-drawn"] {
        rig.window.wait(part, known(part)).unwrap();
    }
    let figure = |window: &Window| {
        let words = window.text("trip-whole")?;
        let (median, _) = words.split_once('/')?;
        median.trim().parse::<f64>().ok().zip(Some(words))
    };
    let (median_ms, words) = rig.window.wait("camera to screen", figure).unwrap();
    assert!(
        (0.1..1_000.0).contains(&median_ms) && words.contains("camera to screen") && words.contains('±'),
        "{words}"
    );
    // And among the numbers, which the shell reports each second.
    let shown = |window: &Window| window.text("num.screen-udp")?.trim().parse::<f64>().ok();
    rig.window
        .wait("camera to screen among the numbers", shown)
        .unwrap();
    rig.window.picture("trip");

    stop.store(true, Ordering::Relaxed);
    sending.join().unwrap();
    Arc::into_inner(publisher).unwrap().stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_members_video_is_drawn_over_tcp_and_then_udp() {
    let rig = Rig::open(WIDE, &["--lang", "en"]);
    let port = rig.host("Ada");
    let member = Member::join("Ben", port).await;
    rig.see_people(2);
    let publisher = Arc::new(member.room.publish(spec(Transport::Tcp)).await.unwrap());
    let stop = Arc::new(AtomicBool::new(false));
    let sending = send_pattern(publisher.clone(), stop.clone());

    let stream = publisher.stream().unwrap();
    let canvas = format!("tile-{stream}");
    let over_tcp = see_later(&rig.window, &canvas, 1_000_000);
    publisher.change(spec(Transport::Udp)).await.unwrap();
    let over_udp = see_later(&rig.window, &canvas, over_tcp + 30);
    assert!(over_udp < 1_100_000, "{over_udp} was never sent");
    rig.window.picture("member-live");

    // What is no JPEG is not drawn, and the next good frame is.
    publisher.send(b"this is no picture", 640, 360, clock::now(), clock::now());
    let shown = rig.window.pattern(&canvas).unwrap_or_default();
    see_later(&rig.window, &canvas, shown.max(over_udp));

    stop.store(true, Ordering::Relaxed);
    sending.join().unwrap();
    let publisher = Arc::into_inner(publisher).unwrap();
    publisher.stop().await;
    let gone = |window: &Window| window.attribute(&canvas, "data-drawn").is_none().then_some(());
    rig.window.wait("the stage without the stream", gone).unwrap();
}
