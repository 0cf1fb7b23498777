//! Captures without a camera.

use std::sync::mpsc::{self, Receiver};
use std::time::Instant;

use super::*;
use crate::clock::test_clock;
use crate::jpeg::{Decoder, Limits};
use crate::pattern;
use crate::source::SourceId;

const PATIENCE: Duration = Duration::from_secs(20);

fn start(spec: CaptureSpec) -> (Capture, Receiver<CaptureEvent>) {
    let (tx, rx) = mpsc::channel();
    (
        Capture::start(spec, test_clock(), move |event| drop(tx.send(event))),
        rx,
    )
}

fn next_frame(events: &Receiver<CaptureEvent>) -> CapturedFrame {
    loop {
        match events.recv_timeout(PATIENCE).unwrap() {
            CaptureEvent::Frame(frame) => return frame,
            CaptureEvent::Started { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

fn number_in(jpeg: &[u8]) -> Option<u32> {
    let rgb = Decoder::new(Limits::default()).unwrap().rgb(jpeg).unwrap();
    pattern::read_code(&rgb.pixels, rgb.width, rgb.height)
}

#[test]
fn the_pattern_shows_the_number_of_each_frame_and_its_times_are_in_order() {
    let spec = CaptureSpec {
        width: 320,
        height: 180,
        rate: 100.0,
        ..CaptureSpec::default()
    };
    let (capture, events) = start(spec);
    let started = events.recv_timeout(PATIENCE).unwrap();
    let name = "Test pattern".to_owned();
    assert_eq!(
        started,
        CaptureEvent::Started {
            width: 320,
            height: 180,
            rate: 100.0,
            name
        }
    );
    let mut last = Time::ZERO;
    for number in 0..20 {
        let frame = next_frame(&events);
        assert_eq!((frame.number, frame.width, frame.height), (number, 320, 180));
        assert_eq!(number_in(&frame.jpeg), Some(number));
        assert!(last <= frame.captured && frame.captured <= frame.encoded);
        last = frame.captured;
    }
    capture.stop();
    while events.try_recv().is_ok() {}
    assert_eq!(
        events.try_recv(),
        Err(mpsc::TryRecvError::Disconnected),
        "the thread has ended"
    );
}

#[test]
fn the_pattern_keeps_the_rate() {
    let spec = CaptureSpec {
        width: 320,
        height: 180,
        rate: 20.0,
        ..CaptureSpec::default()
    };
    let (_capture, events) = start(spec);
    let first = next_frame(&events);
    let later: Vec<_> = (1..=20).map(|_| next_frame(&events)).collect();
    let last = &later[19];
    let took = last.captured.since(first.captured).as_secs_f64();
    // Twenty steps of 50 ms; a busy machine may forget some that it was late for, and never makes them shorter.
    assert!((0.9..6.0).contains(&took), "{took} s");
}

#[test]
fn quality_changes_while_it_runs() {
    let (capture, events) = start(CaptureSpec {
        width: 320,
        height: 180,
        rate: 50.0,
        ..CaptureSpec::default()
    });
    let before = next_frame(&events).jpeg.len();
    capture.set_quality(95);
    let heavier = (0..100).any(|_| next_frame(&events).jpeg.len() > before * 3 / 2);
    assert!(
        heavier,
        "100 frames at quality 95 are no heavier than {before} bytes at 50"
    );
}

#[test]
fn a_target_is_followed_from_the_next_frame_on() {
    let (capture, events) = start(CaptureSpec {
        width: 320,
        height: 180,
        rate: 50.0,
        ..CaptureSpec::default()
    });
    next_frame(&events);
    let target = CaptureTarget {
        quality: 30,
        scale: Scale::HALF,
        rate: 100.0,
    };
    let control = capture.control();
    control.set_target(target);
    assert_eq!(control.target(), target);
    let halved = (0..10)
        .map(|_| next_frame(&events))
        .find(|frame| frame.width == 160);
    let halved = halved.expect("one of ten frames follows the target");
    assert_eq!(halved.height, 90);
    control.set_target(CaptureTarget {
        scale: Scale::FULL,
        ..target
    });
    assert!((0..10).any(|_| next_frame(&events).width == 320), "and back");
    assert!(halved.number > 0, "the source was not opened again");
}

#[test]
fn a_faster_target_is_not_waited_for_at_the_slower_rate() {
    let (capture, events) = start(CaptureSpec {
        width: 64,
        height: 64,
        rate: 0.1,
        ..CaptureSpec::default()
    });
    next_frame(&events);
    let began = Instant::now();
    capture.set_rate(100.0);
    next_frame(&events);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[test]
fn a_slow_rate_does_not_delay_stopping() {
    let (capture, events) = start(CaptureSpec {
        width: 320,
        height: 180,
        rate: 0.1,
        ..CaptureSpec::default()
    });
    next_frame(&events);
    let began = Instant::now();
    capture.stop();
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[test]
fn stopping_from_the_sink_does_not_wait_for_itself() {
    let (tx, rx) = mpsc::channel::<Capture>();
    let (stopped_tx, stopped_rx) = mpsc::channel();
    let capture = Capture::start(CaptureSpec::default(), test_clock(), move |event| {
        if matches!(event, CaptureEvent::Frame(_))
            && let Ok(capture) = rx.recv()
        {
            capture.stop();
            stopped_tx.send(()).unwrap();
        }
    });
    tx.send(capture).unwrap();
    stopped_rx.recv_timeout(PATIENCE).unwrap();
    assert!(
        stopped_rx.recv_timeout(PATIENCE).is_err(),
        "no frame follows, and the sink is dropped"
    );
}

#[test]
fn it_starts_and_stops_any_number_of_times() {
    for _ in 0..20 {
        let (capture, events) = start(CaptureSpec {
            width: 64,
            height: 64,
            ..CaptureSpec::default()
        });
        next_frame(&events);
        drop(capture);
    }
}

#[test]
fn a_source_that_is_not_there_fails_in_words() {
    for (source, words) in [
        (SourceId::Camera("/dev/no-such-camera".into()), "There is no"),
        (SourceId::File("/no/such/file.avi".into()), "There is no"),
    ] {
        let (_capture, events) = start(CaptureSpec {
            source,
            ..CaptureSpec::default()
        });
        let CaptureEvent::Failed(error) = events.recv_timeout(PATIENCE).unwrap() else {
            panic!()
        };
        assert_eq!(error.code(), "absent");
        assert!(error.to_string().starts_with(words), "{error}");
        assert!(events.recv_timeout(PATIENCE).is_err(), "nothing follows");
    }
}
